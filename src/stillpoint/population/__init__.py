"""Many networks: the same question to all of them, and how alike what comes out is."""

from .likeness import NetworkComparison, NetworkDistances, compare, compare_all
from .sweeps import Sweep, SweepStatus, sweep

__all__ = [
    "NetworkComparison",
    "NetworkDistances",
    "Sweep",
    "SweepStatus",
    "compare",
    "compare_all",
    "sweep",
]
