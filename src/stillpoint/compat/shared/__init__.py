"""What the finders of other tools have in common: container, settings and search."""

from .container import FixedPointArrays
from .errors import OldArgumentError, raises_as_before
from .finder import ArrayFinder, Finder
from .record import as_fixed_points
from .rows import RowArrays
from .search import first_starts
from .settings import Hyperparameters, SearchSettings
from .trials import read_trials

__all__ = [
    "ArrayFinder",
    "Finder",
    "FixedPointArrays",
    "Hyperparameters",
    "OldArgumentError",
    "RowArrays",
    "SearchSettings",
    "as_fixed_points",
    "first_starts",
    "raises_as_before",
    "read_trials",
]
