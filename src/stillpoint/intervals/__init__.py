"""Arrays of intervals: computing with all numbers between two bounds, every rounding included.

A network's own text runs on them: `cell.step(Interval(x, r), u)` encloses what the step can be
anywhere in the box, so nothing has to be written twice for a proof.
"""

from .affine import AffineForm
from .functions import increasing
from .interval import EPS, Interval, as_interval, upward

__all__ = ["EPS", "AffineForm", "Interval", "as_interval", "increasing", "upward"]
