"""A flow seen as a map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from ..._core.arrays import identity_like
from ..base import Batch, Dynamics, Inputs, Kind, Linear, Matrices, RootProblem
from .base import Transformed, extended, listed_weights


@dataclass(frozen=True, eq=False)
class EulerMap(Transformed):
    """x' = x + dt f(x, u): a flow seen as a map. The zeros of the motion are those of the flow."""

    inner: Dynamics
    dt: float

    @property
    def words(self) -> str:
        return f"Euler steps of {self.dt:g}"

    @property
    def kind(self) -> Kind:
        return "map"

    @property
    def maps_ball_into_itself(self) -> bool:
        return False  # a long step can leave the ball that the flow keeps

    def weights(self) -> Iterable[Any] | None:
        return listed_weights(self.inner, self.dt)

    def interval_extension(self) -> Dynamics | None:
        return extended(self)

    def step(self, x: Batch, u: Inputs) -> Batch:
        return x + self.dt * self.inner.step(x, u)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return identity_like(x, x.shape[-1]) + self.dt * self.inner.jacobian(x, u)

    def differential(self, x: Batch, u: Inputs) -> Linear:
        inner = self.inner.differential(x, u)
        return lambda v: v + self.dt * inner(v)

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self.dt * self.inner.input_jacobian(x, u)

    def equilibrium_problem(self) -> RootProblem:
        return self.inner.equilibrium_problem()

    def output_problem(self) -> RootProblem:
        return self.inner.output_problem()
