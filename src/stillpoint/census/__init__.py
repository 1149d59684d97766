"""Is a point missing? Counts, estimates, and the verdict that they lead to; on arrays."""

from .census import Census, Tally, take_census
from .count import Beginnings, Evidence, Followed, count_kinds, kinds_of
from .verdict import Completeness, heading, motion_jacobian

__all__ = [
    "Beginnings",
    "Census",
    "Completeness",
    "Evidence",
    "Followed",
    "Tally",
    "count_kinds",
    "heading",
    "kinds_of",
    "motion_jacobian",
    "take_census",
]
