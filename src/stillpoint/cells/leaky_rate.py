"""The leaky cell in rate form: h' = (1 - alpha) h + alpha phi(W h + B u + b)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from jaxtyping import Float

from .._core.arrays import host, minus_identity, namespace
from ..dynamics import (
    Batch,
    Inputs,
    Linear,
    Matrices,
    PiecewiseLinear,
    RootProblem,
    StateProblem,
    activation,
    less_identity,
)
from ..dynamics.trapping import has_trapping_region
from .base import ScaledRows, check_leak
from .vanilla import VanillaCell


@dataclass(frozen=True, eq=False)
class LeakyRateCell(VanillaCell):
    """h' = (1 - alpha) h + alpha phi(W h + B u + b), with alpha = dt / tau.

    This is the Euler step of tau dh/dt = -h + phi(W h + B u + b) (Wilson and Cowan 1972), and the
    leaky integrator of echo state networks (Jaeger et al. 2007). The state h is the rate; it rests
    where that of the vanilla cell with these weights does, whatever the leak. `LeakyCell` is the
    other form, in which the state is the current.

    Parameters
    ----------
    W
        Recurrent weights, shape (d, d), rows = to; or `LowRank` factors of them.
    B
        Input weights, shape (d, m).
    b
        Bias, shape (d,).
    phi
        Name of the activation.
    alpha
        dt / tau in (0, 1], one number per unit, shape (d,), or one for all.

    Raises
    ------
    ArgumentError
        If shapes do not fit, a weight is not finite, alpha leaves (0, 1], or `phi` is unknown.

    Examples
    --------
    >>> import numpy as np
    >>> cell = LeakyRateCell(np.eye(1), np.zeros((1, 0)), np.ones(1), "relu", alpha=np.array([0.5]))
    >>> cell.step(np.ones((1, 1)), np.zeros((1, 0)))
    array([[1.5]])
    """

    alpha: Any = field(kw_only=True)

    def __post_init__(self) -> None:
        super().__post_init__()
        check_leak(self)

    @property
    def maps_ball_into_itself(self) -> bool:
        bounded = activation(self.phi).bounded
        return bounded or has_trapping_region(self.W, self.phi, self.alpha)

    def step(self, x: Batch, u: Inputs) -> Batch:
        return (1 - self.alpha) * x + self.alpha * super().step(x, u)

    def state_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        ones = namespace(x).ones_like(x)
        driven = super().state_rows(x, u).scaled(ones * self.alpha)
        return ScaledRows(driven.terms, ones * (1 - self.alpha))

    def input_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        return super().input_rows(x, u).scaled(namespace(x).ones_like(x) * self.alpha)

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        return super().curvature(x, u, self.alpha * w)

    def piecewise_linear(self) -> PiecewiseLinear | None:
        form = super().piecewise_linear()
        return None if form is None else form.slowed(host(self.alpha))

    def output_problem(self) -> RootProblem:
        return LeakyRateEquilibrium(self)


@dataclass(frozen=True)
class LeakyRateEquilibrium(StateProblem):
    """phi(W h + B u + b) - h = 0: the zeros of the motion, whatever the leak."""

    cell: LeakyRateCell
    unitwise = True

    def residual(self, y: Batch, u: Inputs) -> Batch:
        return VanillaCell.step(self.cell, y, u) - y

    def jacobian(self, y: Batch, u: Inputs) -> Matrices:
        return minus_identity(VanillaCell.state_rows(self.cell, y, u).matrix())

    def input_jacobian(self, y: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return VanillaCell.input_rows(self.cell, y, u).matrix()

    def differential(self, y: Batch, u: Inputs) -> Linear:
        return less_identity(VanillaCell.state_rows(self.cell, y, u).times)

    def input_differential(self, y: Batch, u: Inputs) -> Linear:
        return VanillaCell.input_rows(self.cell, y, u).times

    def gradient(self, y: Batch, u: Inputs, residual: Batch) -> Batch:
        return VanillaCell.state_rows(self.cell, y, u).transposed_times(residual) - residual

    def curvature(self, y: Batch, u: Inputs, residual: Batch) -> Matrices:
        return VanillaCell.curvature(self.cell, y, u, residual)
