"""What a search found: where candidates ended, and which of them are left."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree


@dataclass(frozen=True)
class Found:
    """Where every candidate ended, with which loss, whether at a fixed point, and who is left.

    A fixed point within `near` of a slow state is what the state is slow for.
    """

    ends: Float[np.ndarray, "n d"]
    end_losses: Float[np.ndarray, " n"]
    is_exact: Bool[np.ndarray, " n"]
    ids: Int[np.ndarray, " k"]
    near: float = 0.0

    @property
    def states(self) -> Float[np.ndarray, "k d"]:
        """The ends that are left."""
        return self.ends[self.ids]

    @property
    def losses(self) -> Float[np.ndarray, " k"]:
        """Their losses."""
        return self.end_losses[self.ids]

    def below(self, tolerance: float) -> Found:
        """Return what has a loss below `tolerance`."""
        return self._take(self.losses < tolerance)

    def unique(self, tolerance: float) -> Found:
        """Return so many that no two are within `tolerance`, those of least loss first."""
        if not len(self.ids):
            return self
        near = cKDTree(self.states).query_ball_point(self.states, tolerance)
        left = np.ones(len(self.ids), dtype=bool)
        for k in np.argsort(self.losses, kind="stable"):
            if left[k]:
                left[near[k]] = False
                left[k] = True
        return self._take(left)

    def near_others(self, tolerance: float) -> Found:
        """Return what another candidate ended near, whether that one is left or not."""
        if len(self.ends) < 2 or not np.isfinite(tolerance):
            return self
        is_finite = np.isfinite(self.ends).all(axis=1)
        distances = np.full(len(self.ends), np.inf)
        if is_finite.sum() > 1:
            ends = self.ends[is_finite]
            distances[is_finite] = cKDTree(ends).query(ends, k=2)[0][:, 1]
        return self._take(distances[self.ids] < tolerance)

    def _take(self, which: Bool[np.ndarray, " k"] | Int[np.ndarray, " j"]) -> Found:
        return replace(self, ids=self.ids[which])
