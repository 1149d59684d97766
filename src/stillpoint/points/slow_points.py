"""The record of the states where a network is slowest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

import numpy as np
from jaxtyping import Complex, Float, Int, Shaped

from .._core import netcdf as io
from .._core.layout import Structure
from ..proofs import Certificate
from .point_set import PointSet
from .starts import Starts
from .table import slow_table


@final
@dataclass(frozen=True, eq=False, repr=False)
class SlowPoints(PointSet):
    """Local minima of q = 1/2 |F(x, u) - x|^2, one per row; NumPy arrays throughout.

    At a minimum with q > 0 the gradient J^T (F - x) vanishes and F - x does not, so I - J is
    singular: the network passes slowly where, under other parameters, it would stand still
    (Sussillo and Barak 2013). On a kink of ReLU, J is the mixture of the Jacobians on its sides
    for which that holds (Clarke's generalised Jacobian).

    Indexing and iterating are as for `FixedPoints`.

    Attributes
    ----------
    xstar, inputs
        The states and the inputs they belong to, shapes (n, d) and (n, m).
    label
        "fixed point" where q is zero to rounding, "ghost" where a minimum with q > 0 stands
        alone, "slow region" where its neighbours along some direction are such minima too.
    q
        1/2 |F(x, u) - x|^2 (1/2 |f|^2 for a flow).
    speed
        |F(x, u) - x| per step, or |f| per unit time.
    gradient_norm
        |J^T (F - x)|: what is left of the slope of q; on kinks that of its smallest subgradient.
    hits
        How many starts ended here.
    smallest_singular_value
        Of I - J (of J for a flow).
    curvature
        The smallest eigenvalue of the Hessian of q; on kinks, of its restriction to them, and
        infinity where these leave no direction.
    dwell_time
        Steps, or units of dt, that an orbit passing along the softest direction spends where its
        speed is below twice the minimum; infinite at fixed points, and where the speed does not
        double.
    n_kinks
        How many kinks of ReLU meet here.
    jacobian, eigenvalues
        Of the step, shapes (n, d, d) and (n, d).
    starts, structure, provenance, is_selection, certificate
        As in `FixedPoints`.
    """

    xstar: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    label: Shaped[np.ndarray, " n"]
    q: Float[np.ndarray, " n"]
    speed: Float[np.ndarray, " n"]
    gradient_norm: Float[np.ndarray, " n"]
    hits: Int[np.ndarray, " n"]
    smallest_singular_value: Float[np.ndarray, " n"]
    curvature: Float[np.ndarray, " n"]
    dwell_time: Float[np.ndarray, " n"]
    n_kinks: Int[np.ndarray, " n"]
    jacobian: Float[np.ndarray, "n d d"]
    eigenvalues: Complex[np.ndarray, "n d"]
    starts: Starts
    structure: Structure
    provenance: Mapping[str, Any] = field(default_factory=dict)
    is_selection: bool = False
    certificate: Certificate | None = None

    def __repr__(self) -> str:
        return slow_table(self)

    @property
    def fixed(self) -> SlowPoints:
        """The minima with q = 0: the exact fixed points."""
        return self[self.label == "fixed point"]

    @property
    def ghosts(self) -> SlowPoints:
        """The isolated minima with q > 0."""
        return self[self.label == "ghost"]

    @property
    def regions(self) -> SlowPoints:
        """The samples of regions along which q stays at its minimum."""
        return self[self.label == "slow region"]


io.reader("SlowPoints")(SlowPoints.from_xarray)
