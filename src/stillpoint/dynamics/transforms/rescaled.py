"""The state in other units."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from ..base import Batch, Dynamics, Inputs, Linear, Matrices, RootProblem, StateProblem
from ..forms import PiecewiseLinear
from .base import Transformed, listed_weights


@dataclass(frozen=True, eq=False)
class Rescaled(Transformed):
    """The same dynamics of z = x / scale, each state variable in a unit of its own.

    With powers of two as units nothing is rounded.
    """

    inner: Dynamics
    scale: Float[np.ndarray, " d"]

    @property
    def lefschetz(self) -> int | None:
        return self.inner.lefschetz

    def weights(self) -> Iterable[Any] | None:
        return listed_weights(self.inner, self.scale)

    def for_states_of_size(self, size: Float[np.ndarray, " d"]) -> Dynamics:
        return replace(self, inner=self.inner.for_states_of_size(size * self.scale))

    def step(self, x: Batch, u: Inputs) -> Batch:
        return self.inner.step(x * self.unit, u) / self.unit

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        jacobian = self.inner.jacobian(x * self.unit, u)
        return jacobian * (self.unit[None, :] / self.unit[:, None])

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self.inner.input_jacobian(x * self.unit, u) / self.unit[:, None]

    def differential(self, x: Batch, u: Inputs) -> Linear:
        inner = self.inner.differential(x * self.unit, u)
        return lambda v: inner(v * self.unit) / self.unit

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        return self.inner.vjp(x * self.unit, u, w / self.unit) * self.unit

    def piecewise_linear(self) -> PiecewiseLinear | None:
        form = self.inner.piecewise_linear()
        return None if form is None else form.rescaled(self.scale)

    def equilibrium_problem(self) -> RootProblem:
        whole = self.inner.output_problem()
        return RescaledProblem(whole, self.unit) if whole.unitwise else self.residual_problem()

    @cached_property
    def unit(self) -> Float[Any, " d"]:
        """The units, as an array of the network's own."""
        return self.arrays.asarray(self.scale)


@dataclass(frozen=True)
class RescaledProblem(StateProblem):
    """Equations of the state in other units; each is divided by the unit of its variable."""

    problem: RootProblem
    unit: Float[Any, " d"]
    unitwise = True

    def residual(self, y: Batch, u: Inputs) -> Batch:
        return self.problem.residual(y * self.unit, u) / self.unit

    def jacobian(self, y: Batch, u: Inputs) -> Matrices:
        jacobian = self.problem.jacobian(y * self.unit, u)
        return jacobian * (self.unit[None, :] / self.unit[:, None])

    def differential(self, y: Batch, u: Inputs) -> Linear:
        inner = self.problem.differential(y * self.unit, u)
        return lambda v: inner(v * self.unit) / self.unit
