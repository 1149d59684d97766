"""Which share of the states leads to which attractor."""

from .record import Basins
from .sample import sample_basins

__all__ = ["Basins", "sample_basins"]
