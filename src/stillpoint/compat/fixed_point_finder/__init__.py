"""FixedPointFinder's names (Golub and Sussillo 2018): finders for torch and Keras, the container.

Its `.fps` files are read, pickled ones too; what is saved here is a NetCDF file.
"""

from .finders import FixedPointFinderTF, FixedPointFinderTorch
from .fixed_points import FixedPoints
from .one_point import plot_123d, plot_fixed_point
from .plotting import plot_fps

__all__ = [
    "FixedPointFinderTF",
    "FixedPointFinderTorch",
    "FixedPoints",
    "plot_123d",
    "plot_fixed_point",
    "plot_fps",
]
