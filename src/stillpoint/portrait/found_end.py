"""What some orbits ended at, and how far states are from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.spatial import cKDTree

from ..points import OrbitEnd

#: An orbit is at a state within this, relative to max(1, |x|).
THERE = 1e-6

# It is on a line within this, which goes straight between its states.
_ON_LINE = 1e-4

# States that records keep of a line, or of what moves elsewhere.
_KEPT = 256


@dataclass(frozen=True, eq=False)
class FoundEnd:
    """What some orbits ended at: see `Attractors`.

    Its states are closed lines, shape (p, t, d): a curve, or its pieces. A point is a line of one
    state, a cycle of a map several of these, and so are single states of what moves elsewhere.
    """

    kind: OrbitEnd
    evidence: str
    lines: Float[np.ndarray, "p t d"]
    period: float = np.nan
    exponent: float = np.nan

    @property
    def states(self) -> Float[np.ndarray, "k d"]:
        """So many of its states as a record keeps: of a cycle of a map, all."""
        p, t, d = self.lines.shape
        if t == 1:
            return self.lines[:, 0] if self.kind == OrbitEnd.CYCLE else self.lines[-_KEPT:, 0]
        return self.lines[:, :: -(-p * t // _KEPT)].reshape(-1, d)

    def is_as(self, other: FoundEnd) -> bool:
        """Whether it is one with another: at the same place, or nothing that has a place."""
        if self.kind != other.kind:
            return False
        nowhere = self.kind in (OrbitEnd.DIVERGED, OrbitEnd.CONTINUUM)
        return nowhere or bool(distance_from(other.lines, self.lines[0, :1])[0] < near(other.lines))


def near(lines: Float[np.ndarray, "p t d"]) -> float:
    """Return the distance from lines, relative to max(1, |x|), at which an orbit is there."""
    return _ON_LINE if lines.shape[1] > 1 else THERE


def distance_from(
    lines: Float[np.ndarray, "p t d"], x: Float[np.ndarray, "k d"]
) -> Float[np.ndarray, " k"]:
    """Return how far x are from the nearest of some closed lines, relative to max(1, |x|).

    A line goes straight from each of its states to the next; with one state it is a point.

    Examples
    --------
    >>> square = np.array([[[1.0, 1.0], [-1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]]])
    >>> distance_from(square, np.array([[1.25, 0.5]]))
    array([0.2])
    """
    size = np.maximum(1.0, np.abs(x).max(axis=1, initial=0.0))
    states, length = lines.reshape(-1, lines.shape[2]), lines.shape[1]
    distance, nearest = cKDTree(states).query(x)
    line, place = np.divmod(nearest, length)
    for neighbour in (place - 1, place + 1):
        begin = states[nearest]
        along = lines[line, neighbour % length] - begin
        squared = np.maximum((along**2).sum(axis=1), np.finfo(float).tiny)
        share = np.clip(((x - begin) * along).sum(axis=1) / squared, 0, 1)
        between = np.linalg.norm(x - begin - share[:, None] * along, axis=1)
        distance = np.minimum(distance, between)
    return distance / size
