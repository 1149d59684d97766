"""Where a network stands still: starts, the search, the points found, and what may be missing."""

from .census import Census, Tally
from .find import find_fixed_points
from .fixed_points import FixedPoints
from .sampling import sample_states
from .starts import Starts

__all__ = ["Census", "FixedPoints", "Starts", "Tally", "find_fixed_points", "sample_states"]
