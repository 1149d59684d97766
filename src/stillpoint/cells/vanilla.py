"""The vanilla (Elman) cell: h' = phi(W h + B u + b)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import host, namespace
from .._core.validation import check_option
from ..dynamics import (
    Batch,
    Inputs,
    Matrices,
    PiecewiseLinear,
    RootProblem,
    Weights,
    activation,
    dense,
)
from ..dynamics.activations import ACTIVATIONS, PIECEWISE_LINEAR
from ..dynamics.trapping import has_trapping_region, range_of
from ..intervals import Interval
from .base import RateNetwork, RowScaledCell, ScaledRows, check_axes, check_weights


@dataclass(frozen=True, eq=False)
class VanillaCell(RowScaledCell, RateNetwork):
    """h' = phi(W h + B u + b), Elman (1990).

    Parameters
    ----------
    W
        Recurrent weights, shape (d, d), rows = to; or `LowRank` factors of them.
    B
        Input weights, shape (d, m).
    b
        Bias, shape (d,).
    phi
        Name of the activation: tanh, relu, sigmoid, softplus or linear.

    Raises
    ------
    ArgumentError
        If shapes do not fit, a weight is not finite, or `phi` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> cell = VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
    >>> cell.step(np.array([[0.5]]), np.zeros((1, 0))).round(4)
    array([[0.7616]])
    """

    W: Weights
    B: Float[Any, "d m"]
    b: Float[Any, " d"]
    phi: str = "tanh"

    of_currents = False

    def __post_init__(self) -> None:
        check_axes(self, W=2, B=2, b=1)
        check_option("phi", self.phi, ACTIVATIONS)
        d, m = self.state_size, self.input_size
        check_weights(self, W=(d, d), B=(d, m), b=(d,))

    @property
    def maps_ball_into_itself(self) -> bool:
        return activation(self.phi).bounded or has_trapping_region(self.W, self.phi)

    def step(self, x: Batch, u: Inputs) -> Batch:
        return activation(self.phi).value(self._drive(x, u))

    def state_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        return ScaledRows([(self._slope(x, u), self.W)])

    def input_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        return ScaledRows([(self._slope(x, u), self.B)])

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        phi, drive = activation(self.phi), self._drive(x, u)
        bend, W = w * phi.bend(drive, phi.value(drive)), dense(self.W)
        return namespace(x).matmul(W.T, bend[:, :, None] * W)

    def piecewise_linear(self) -> PiecewiseLinear | None:
        if self.phi not in PIECEWISE_LINEAR:
            return None
        W, B, b = host(dense(self.W)), host(self.B), host(self.b)
        identity = np.eye(len(b))
        if self.phi == "relu":
            return PiecewiseLinear(identity, W, B, b, -identity, np.zeros_like(B), np.zeros_like(b))
        return PiecewiseLinear.without_kinks(W - identity, B, b)

    def equilibrium_box(self) -> Interval | None:
        return self.box_of_states()

    def box_of_states(self) -> Interval | None:
        return range_of(self.phi, self.state_size)  # leaks between 0 and 1 draw states into it

    def output_problem(self) -> RootProblem:
        return self.residual_problem()

    def _drive(self, x: Batch, u: Inputs) -> Batch:
        return x @ self.W.T + u @ self.B.T + self.b

    def _slope(self, x: Batch, u: Inputs) -> Batch:
        phi = activation(self.phi)
        drive = self._drive(x, u)
        return phi.slope(drive, phi.value(drive))
