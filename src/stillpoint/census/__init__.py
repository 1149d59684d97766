"""Is a point missing? Counts, estimates, and the verdict that they lead to; on arrays."""

from .census import Census, Tally, take_census
from .count import Evidence, count_unstable
from .verdict import Completeness, heading, motion_jacobian

__all__ = [
    "Census",
    "Completeness",
    "Evidence",
    "Tally",
    "count_unstable",
    "heading",
    "motion_jacobian",
    "take_census",
]
