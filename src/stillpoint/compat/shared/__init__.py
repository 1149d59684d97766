"""What the finders of other tools have in common: container, settings and search."""

from .container import FixedPointArrays
from .errors import OldArgumentError, raises_as_before
from .figures import draw, read_points, read_trials
from .finder import ArrayFinder, Finder
from .rows import RowArrays
from .search import first_starts
from .settings import Hyperparameters, SearchSettings

__all__ = [
    "ArrayFinder",
    "Finder",
    "FixedPointArrays",
    "Hyperparameters",
    "OldArgumentError",
    "RowArrays",
    "SearchSettings",
    "draw",
    "first_starts",
    "raises_as_before",
    "read_points",
    "read_trials",
]
