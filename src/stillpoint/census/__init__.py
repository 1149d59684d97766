"""Is a point missing? Counts, estimates, and the verdict that they lead to."""

from .census import Census
from .count import Tally
from .verdict import Completeness

__all__ = ["Census", "Completeness", "Tally"]
