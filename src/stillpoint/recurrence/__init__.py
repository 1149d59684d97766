"""What recurs: cycles and closed curves of maps, limit cycles of flows."""

from ..search import orbits
from .arrival import THERE, arrives, distance_from, near
from .attracting import Recurrent, comes_back, explained, goes_round
from .closed_curves import find_closed_curves
from .cycles import find_cycles

__all__ = [
    "THERE",
    "Recurrent",
    "arrives",
    "comes_back",
    "distance_from",
    "find_closed_curves",
    "find_cycles",
    "goes_round",
    "near",
]

orbits.explain = explained
