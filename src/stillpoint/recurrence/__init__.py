"""What recurs: cycles of maps, put together from fixed points of iterates; cycles of flows."""

from .cycles import find_cycles

__all__ = ["find_cycles"]
