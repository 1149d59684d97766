"""Where the drift along a curve vanishes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float

from .polyline import Polyline


@dataclass(frozen=True, eq=False)
class Rests:
    """Zeros of the drift along a curve: fixed points, by linear interpolation.

    Attributes
    ----------
    arc
        Their places along the curve, shape (n,), in units of the state.
    states
        Shape (n, d).
    attracts
        Whether the drift points towards them from both sides.
    """

    arc: Float[np.ndarray, " n"]
    states: Float[np.ndarray, "n d"]
    attracts: Bool[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.arc)


def zeros_of_drift(line: Polyline, drift: Float[np.ndarray, " k"], rounding: float) -> Rests:
    """Return where the drift at the nodes of a curve changes sign; none where it is all rounding.

    Examples
    --------
    >>> line = Polyline(np.array([[0.0], [1.0], [2.0]]))
    >>> found = zeros_of_drift(line, np.array([0.3, -0.1, -0.2]), rounding=1e-15)
    >>> found.arc, found.attracts
    (array([0.75]), array([ True]))
    """
    moving = np.flatnonzero(np.abs(drift) > rounding)
    before, after = moving[:-1], moving[1:]
    if line.is_closed and len(moving):
        before, after = moving, np.roll(moving, -1)
    crossing = drift[before] * drift[after] < 0
    before, after = before[crossing], after[crossing]
    share = drift[before] / (drift[before] - drift[after])
    ahead = np.where(after > before, line.arc[after], line.arc[after] + line.length)
    arc = line.arc[before] + share * (ahead - line.arc[before])
    return Rests(*line.at(arc), attracts=drift[before] > 0)
