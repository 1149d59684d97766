"""What recurs: cycles of maps, put together from fixed points of iterates."""

from .cycles import find_cycles

__all__ = ["find_cycles"]
