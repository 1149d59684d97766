"""From starts to records: searching, polishing, describing, certifying."""

from .certify import certify
from .find import find_fixed_points
from .find_all import find_all_fixed_points
from .sampling import sample_states
from .slow import find_slow_points, sample_slow_states

__all__ = [
    "certify",
    "find_all_fixed_points",
    "find_fixed_points",
    "find_slow_points",
    "sample_slow_states",
    "sample_states",
]
