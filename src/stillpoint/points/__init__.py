"""Where a network stands still: starts, the search, the points found, and what may be missing."""

from .census import Census
from .certify import certify
from .completeness import Completeness
from .find import find_fixed_points
from .find_all import find_all_fixed_points
from .find_slow import find_slow_points, points_slower_than
from .fixed_points import FixedPoints
from .sampling import sample_states
from .slow_points import SlowPoints
from .starts import Source, Starts
from .tally import Tally

__all__ = [
    "Census",
    "Completeness",
    "FixedPoints",
    "SlowPoints",
    "Source",
    "Starts",
    "Tally",
    "certify",
    "find_all_fixed_points",
    "find_fixed_points",
    "find_slow_points",
    "points_slower_than",
    "sample_states",
]
