"""What some orbits ended at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...points import OrbitEnd
from ...recurrence import distance_from, near

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
