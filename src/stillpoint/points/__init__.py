"""The records of states that searches found, one row per state."""

from .fixed_points import FixedPoints
from .orbits import OrbitEnd, Orbits
from .slow_points import SlowPoints
from .starts import Source, Starts

__all__ = ["FixedPoints", "OrbitEnd", "Orbits", "SlowPoints", "Source", "Starts"]
