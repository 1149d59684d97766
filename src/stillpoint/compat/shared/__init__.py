"""What FixedPointFinder and its port in CANNs have in common: the container and the search."""

from .container import FixedPointArrays
from .finder import Finder
from .record import as_fixed_points
from .settings import Hyperparameters

__all__ = ["Finder", "FixedPointArrays", "Hyperparameters", "as_fixed_points"]
