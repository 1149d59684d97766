"""What recurs: cycles of maps, put together from fixed points of iterates."""

from .attracting import Recurrent, comes_back, goes_round
from .cycles import find_cycles

__all__ = ["Recurrent", "comes_back", "find_cycles", "goes_round"]
