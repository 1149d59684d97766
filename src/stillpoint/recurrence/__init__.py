"""What recurs: cycles of maps, put together from fixed points of iterates, and closed curves."""

from .closed_curves import find_closed_curves
from .cycles import find_cycles

__all__ = ["find_closed_curves", "find_cycles"]
