"""Networks with a few leading directions: bisection in these, all others enclosed."""

from .equations import Leading
from .estimate import Choice, choose, choose_slices

__all__ = ["Choice", "Leading", "choose", "choose_slices"]
