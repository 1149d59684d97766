"""What recurs: cycles and closed curves of maps, limit cycles of flows."""

from .attracting import Recurrent, comes_back, goes_round
from .closed_curves import find_closed_curves
from .cycles import find_cycles

__all__ = ["Recurrent", "comes_back", "find_closed_curves", "find_cycles", "goes_round"]
