"""What the finders of other tools have in common: container, settings and search."""

from .container import FixedPointArrays
from .finder import ArrayFinder, Finder
from .record import as_fixed_points
from .search import first_starts
from .settings import Hyperparameters, SearchSettings
from .trials import read_trials

__all__ = [
    "ArrayFinder",
    "Finder",
    "FixedPointArrays",
    "Hyperparameters",
    "SearchSettings",
    "as_fixed_points",
    "first_starts",
    "read_trials",
]
