"""What the finders of other tools have in common: container, settings and search."""

from .container import FixedPointArrays
from .finder import Finder
from .record import as_fixed_points
from .search import search, search_outliers_on, warn_of_lost
from .settings import Hyperparameters, SearchSettings

__all__ = [
    "Finder",
    "FixedPointArrays",
    "Hyperparameters",
    "SearchSettings",
    "as_fixed_points",
    "search",
    "search_outliers_on",
    "warn_of_lost",
]
