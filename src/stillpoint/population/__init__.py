"""Many networks: the same question to all of them, and how alike what comes out is."""

from .sweeps import Sweep, SweepStatus, sweep

__all__ = ["Sweep", "SweepStatus", "sweep"]
