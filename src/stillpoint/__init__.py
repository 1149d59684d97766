"""Find, count and explain the fixed points of trained recurrent neural networks.

>>> import numpy as np, stillpoint as sp
>>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1, lefschetz=1)
>>> points = sp.find_fixed_points(system, np.linspace(-1, 1, 100)[:, None])
>>> len(points), points.census().suggests_missing
(3, False)
"""

from . import plots
from ._core.netcdf import load
from ._core.pca import fit_pca
from .as_system import as_system
from .branches.slow_manifold import SlowManifold, follow_slow_manifold
from .census import Census, Completeness
from .local import Linearization, linearize
from .points import FixedPoints, SlowPoints
from .proofs import Certificate, Finding
from .search import (
    certify,
    find_all_fixed_points,
    find_fixed_points,
    find_slow_points,
    points_slower_than,
    sample_states,
)
from .solvers import Status
from .system import System

__version__ = "0.1.0.dev0"

__all__ = [
    "Census",
    "Certificate",
    "Completeness",
    "Finding",
    "FixedPoints",
    "Linearization",
    "SlowManifold",
    "SlowPoints",
    "Status",
    "System",
    "as_system",
    "certify",
    "find_all_fixed_points",
    "find_fixed_points",
    "find_slow_points",
    "fit_pca",
    "follow_slow_manifold",
    "linearize",
    "load",
    "plots",
    "points_slower_than",
    "sample_states",
]
