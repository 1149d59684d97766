"""The records of states that searches found, one row per state."""

from .attractors import Attractors
from .closed_curves import ClosedCurves
from .comparison import Comparison
from .cycles import Cycles
from .fixed_points import FixedPoints
from .orbits import OrbitEnd, Orbits
from .point_set import PointSet
from .slow_points import SlowPoints
from .starts import Source, Starts

__all__ = [
    "Attractors",
    "ClosedCurves",
    "Comparison",
    "Cycles",
    "FixedPoints",
    "OrbitEnd",
    "Orbits",
    "PointSet",
    "SlowPoints",
    "Source",
    "Starts",
]
