"""A curve given by nodes: lengths along it, places on it, and what lies nearest."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ..._core.grouping import nearest_rows


@dataclass(frozen=True, eq=False)
class Polyline:
    """Chords between nodes, one after the other; the last leads back to the first if closed.

    Examples
    --------
    >>> square = Polyline(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]), is_closed=True)
    >>> square.length, [part.tolist() for part in square.project(np.array([[-1.0, 0.5]]))]
    (4.0, [[3.5], [1.0]])
    """

    nodes: Float[np.ndarray, "k d"]
    is_closed: bool = False

    @cached_property
    def arc(self) -> Float[np.ndarray, " k"]:
        """Length from the first node to each."""
        chords = np.linalg.norm(np.diff(self.nodes, axis=0), axis=1)
        return np.concatenate([[0.0], np.cumsum(chords)])

    @property
    def length(self) -> float:
        """The whole length."""
        closing = np.linalg.norm(self.nodes[0] - self.nodes[-1]) if self.is_closed else 0.0
        return float(self.arc[-1] + closing)

    def at(self, arc: Float[np.ndarray, " n"]) -> tuple[np.ndarray, np.ndarray]:
        """Return places, taken round a closed curve into its length, and the states there."""
        arc = arc % self.length if self.is_closed else arc
        places, nodes = self._round()
        return arc, np.stack([np.interp(arc, places, unit) for unit in nodes.T], axis=1)

    def project(
        self, x: Float[np.ndarray, "n d"]
    ) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
        """Return the places on the chords that lie nearest to states, and their distances."""
        distance, nearest = nearest_rows("states", self.nodes, x)
        places, nodes = self._round()
        arc = places[nearest]
        first = np.where(self.is_closed & (nearest == 0), len(nodes) - 1, nearest)
        for start in (first - 1, nearest):
            on = np.flatnonzero((start >= 0) & (start + 1 < len(nodes)))
            a, b = nodes[start[on]], nodes[start[on] + 1]
            along = np.einsum("ni,ni->n", x[on] - a, b - a) / np.einsum("ni,ni->n", b - a, b - a)
            share = np.clip(along, 0, 1)
            apart = np.linalg.norm(x[on] - a - share[:, None] * (b - a), axis=1)
            closer = apart < distance[on]
            chosen = on[closer]
            distance[chosen] = apart[closer]
            lower, upper = places[start[chosen]], places[start[chosen] + 1]
            arc[chosen] = lower + share[closer] * (upper - lower)
        return arc, distance

    def _round(self) -> tuple[np.ndarray, np.ndarray]:
        """Return places and nodes, the first node of a closed curve once more at its end."""
        if not self.is_closed:
            return self.arc, self.nodes
        return np.append(self.arc, self.length), np.vstack([self.nodes, self.nodes[:1]])
