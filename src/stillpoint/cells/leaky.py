"""The leaky cell in current form: x' = (1 - alpha) x + alpha (W phi(x) + B u + b)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import diagonal_matrices, host, identity_like, minus_identity, namespace
from .._core.validation import check_option
from ..dynamics import (
    Batch,
    Inputs,
    Linear,
    Matrices,
    PiecewiseLinear,
    RootProblem,
    StateProblem,
    Weights,
    activation,
    dense,
)
from ..dynamics.activations import ACTIVATIONS, PIECEWISE_LINEAR
from ..dynamics.trapping import has_trapping_region
from .base import RateNetwork, check_axes, check_leak, check_weights


@dataclass(frozen=True, eq=False)
class LeakyCell(RateNetwork):
    """x' = (1 - alpha) x + alpha (W phi(x) + B u + b), with alpha = dt / tau.

    This is the Euler step of tau dx/dt = -x + W phi(x) + B u + b (Hopfield 1984; Sussillo and
    Abbott 2009). The state x is the input current; the rate is phi(x).

    Parameters
    ----------
    W
        Recurrent weights, shape (d, d), rows = to; or `LowRank` factors of them.
    B
        Input weights, shape (d, m).
    b
        Bias, shape (d,).
    alpha
        dt / tau in (0, 1], one number per unit, shape (d,), or one for all.
    phi
        Name of the activation.

    Raises
    ------
    ArgumentError
        If shapes do not fit, a weight is not finite, alpha leaves (0, 1], or `phi` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> cell = LeakyCell(np.eye(1), np.zeros((1, 0)), np.ones(1), alpha=np.array([0.5]))
    >>> cell.step(np.zeros((1, 1)), np.zeros((1, 0)))
    array([[0.5]])
    """

    W: Weights
    B: Float[Any, "d m"]
    b: Float[Any, " d"]
    alpha: Any
    phi: str = "tanh"

    of_currents = True

    def __post_init__(self) -> None:
        check_axes(self, W=2, B=2, b=1)
        check_option("phi", self.phi, ACTIVATIONS)
        d, m = self.state_size, self.input_size
        check_weights(self, W=(d, d), B=(d, m), b=(d,))
        check_leak(self)

    @property
    def maps_ball_into_itself(self) -> bool:
        bounded = activation(self.phi).bounded
        return bounded or has_trapping_region(self.W, self.phi, self.alpha)

    def step(self, x: Batch, u: Inputs) -> Batch:
        return x + self.alpha * self.pull(x, u)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:  # noqa: ARG002
        jacobian = (self.W * self.alpha[:, None]) * self.slope(x)[:, None, :]
        jacobian += (1 - self.alpha) * identity_like(x, x.shape[-1])  # in place: it is ours
        return jacobian

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:  # noqa: ARG002
        ones = namespace(x).ones_like(x)
        return ones[:, :, None] * (self.alpha[:, None] * self.B)

    def differential(self, x: Batch, u: Inputs) -> Linear:  # noqa: ARG002
        slope = self.slope(x)
        return lambda v: (1 - self.alpha) * v + self.alpha * ((slope * v) @ self.W.T)

    def input_differential(self, x: Batch, u: Inputs) -> Linear:  # noqa: ARG002
        return lambda w: self.alpha * (w @ self.B.T)

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:  # noqa: ARG002
        return (1 - self.alpha) * w + self.slope(x) * ((self.alpha * w) @ self.W)

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:  # noqa: ARG002
        phi = activation(self.phi)
        return diagonal_matrices(phi.bend(x, phi.value(x)) * ((self.alpha * w) @ self.W))

    def piecewise_linear(self) -> PiecewiseLinear | None:
        if self.phi not in PIECEWISE_LINEAR:
            return None
        alpha = host(self.alpha)[:, None]
        W, B, b = alpha * host(dense(self.W)), alpha * host(self.B), alpha[:, 0] * host(self.b)
        identity = np.eye(len(b))
        if self.phi == "relu":
            no_drive = (np.zeros_like(B), np.zeros_like(b))
            return PiecewiseLinear(W, identity, *no_drive, -alpha * identity, B, b)
        return PiecewiseLinear.without_kinks(W - alpha * identity, B, b)

    def output_problem(self) -> RootProblem:
        return LeakyEquilibrium(self)

    def pull(self, x: Batch, u: Inputs) -> Batch:
        """Return W phi(x) + B u + b - x, the motion with the leak divided out."""
        return activation(self.phi).value(x) @ self.W.T + u @ self.B.T + self.b - x

    def slope(self, x: Batch) -> Batch:
        """Return phi'(x)."""
        phi = activation(self.phi)
        return phi.slope(x, phi.value(x))


@dataclass(frozen=True)
class LeakyEquilibrium(StateProblem):
    """W phi(x) + B u + b - x = 0: the zeros of the motion, whatever the leak."""

    cell: LeakyCell
    unitwise = True

    def residual(self, y: Batch, u: Inputs) -> Batch:
        return self.cell.pull(y, u)

    def jacobian(self, y: Batch, u: Inputs) -> Matrices:  # noqa: ARG002
        return minus_identity(self.cell.W * self.cell.slope(y)[:, None, :])

    def input_jacobian(self, y: Batch, u: Inputs) -> Float[Any, "n d m"]:  # noqa: ARG002
        return namespace(y).ones_like(y)[:, :, None] * self.cell.B

    def differential(self, y: Batch, u: Inputs) -> Linear:  # noqa: ARG002
        slope = self.cell.slope(y)
        return lambda v: (slope * v) @ self.cell.W.T - v

    def input_differential(self, y: Batch, u: Inputs) -> Linear:  # noqa: ARG002
        return lambda w: w @ self.cell.B.T
