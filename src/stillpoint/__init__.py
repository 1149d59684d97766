"""Find, count and explain the fixed points of trained recurrent neural networks.

>>> import numpy as np, stillpoint as sp
>>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1, lefschetz=1)
>>> points = sp.find_fixed_points(system, np.linspace(-1, 1, 100)[:, None])
>>> len(points), points.census().suggests_missing
(3, False)
"""

from . import plots
from .as_system import as_system
from .io import load
from .local import Certificate, Finding, Linearization, linearize
from .points import (
    Census,
    Completeness,
    FixedPoints,
    SlowPoints,
    certify,
    find_all_fixed_points,
    find_fixed_points,
    find_slow_points,
    points_slower_than,
    sample_states,
)
from .portrait import SlowManifold, follow_slow_manifold
from .projection import fit_pca
from .status import Status
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
