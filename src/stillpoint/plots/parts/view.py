"""From where states are seen: a projection onto two axes or three, and the trajectories shown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.pca import Projection, as_projection, fit_pca
from ..._core.validation import check_whole
from ...errors import ArgumentError
from .by import groups_of_array
from .checks import check_dimensions, check_projection, read_paths
from .groups import Groups


@dataclass(frozen=True, eq=False)
class View:
    """What a caller's projection, dimensions and trajectories are, once they are checked.

    Attributes
    ----------
    projection
        From states to the coordinates of the picture.
    dimensions
        2 or 3.
    paths
        Trajectories, shape (trials, time, d), or None; NaN where they are masked.
    trials
        Their groups, or None.
    most
        How many trajectories are shown at most.
    """

    projection: Projection
    dimensions: int
    paths: Float[np.ndarray, "n t d"] | None
    trials: Groups | None
    most: int

    @classmethod
    def of(
        cls,
        argument: str,
        states: Float[np.ndarray, "k d"],
        trajectories: Any,
        trials_by: Any,
        max_trajectories: Any,
        projection: Any,
        dimensions: Any,
    ) -> View:
        """Return the view of some states, an `argument` of the caller's, and of trials.

        By default principal components are fitted to the trials, or to the states without any.

        Raises
        ------
        ArgumentError
            If one does not fit, or there is nothing to show.
        """
        dimensions = check_dimensions(dimensions)
        most = check_whole("max_trajectories", max_trajectories, least=0)
        size = states.shape[1]
        paths, trials = read_paths(trajectories, size), None
        if trials_by is not None:
            if paths is None:
                raise ArgumentError("trials_by: there are no trials; pass trajectories as well.")
            trials = groups_of_array("trials_by", trials_by, len(paths), "trials", cmap="plasma")
        if paths is None and not len(states):
            raise ArgumentError(
                f"{argument}: there are none, and no trajectories either: nothing to draw."
            )
        if projection is None:  # few states span fewer axes
            fitted = fit_pca(states if paths is None else _known(paths), dimensions)
        else:
            fitted = check_projection(as_projection(projection), dimensions, size)
        return cls(fitted, dimensions, paths, trials, most)

    @property
    def axes(self) -> tuple[str, ...]:
        """The names of the axes; a dash beyond the dimensions of the state."""
        return (*self.projection.names, "–", "–")[: self.dimensions]

    @property
    def known(self) -> Float[np.ndarray, "k d"]:
        """All states of the trajectories but those that are masked."""
        return np.zeros((0, 0)) if self.paths is None else _known(self.paths)

    @property
    def trial_places(self) -> Float[np.ndarray, "n t q"]:
        """Where trajectories are in the picture, NaN where they are masked."""
        if self.paths is None:
            return np.zeros((0, 0, self.dimensions))
        places = np.full((*self.paths.shape[:-1], self.dimensions), np.nan)
        places[~np.isnan(self.paths).any(axis=-1)] = self.place(self.known)
        return places

    def place(self, states: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... q"]:
        """Return where states are in the picture."""
        return self._padded(self.projection.transform(states))

    def direct(self, vectors: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... q"]:
        """Return directions in the picture."""
        return self._padded(self.projection.directions(vectors))

    def _padded(self, flat: Float[np.ndarray, "... k"]) -> Float[np.ndarray, "... q"]:
        """Return coordinates with zeros where the state has fewer dimensions than the picture."""
        missing = max(0, self.dimensions - flat.shape[-1])
        padding = [(0, 0)] * (flat.ndim - 1) + [(0, missing)]
        return np.pad(flat[..., : self.dimensions], padding)


def _known(paths: Float[np.ndarray, "n t d"]) -> Float[np.ndarray, "k d"]:
    """Return the states of which nothing is masked."""
    return paths[~np.isnan(paths).any(axis=-1)]
