"""FixedPointFinder's names (Golub and Sussillo 2018): finders for torch and Keras, the container.

Its `.fps` files are read, pickled ones too; what is saved here is a NetCDF file.
"""

from .finders import FixedPointFinderTF, FixedPointFinderTorch
from .fixed_points import FixedPoints
from .plotting import plot_123d, plot_fixed_point, plot_fps

__all__ = [
    "FixedPointFinderTF",
    "FixedPointFinderTorch",
    "FixedPoints",
    "plot_123d",
    "plot_fixed_point",
    "plot_fps",
]
