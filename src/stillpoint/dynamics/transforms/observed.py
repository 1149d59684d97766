"""The residual measured in observed coordinates."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from ..._core.arrays import namespace
from ..base import Batch, Dynamics, Inputs, Matrices, RootProblem, StateProblem
from .base import Transformed


@dataclass(frozen=True)
class Observable:
    """A row-wise function g(x), shape (n, d) -> (n, k), and its Jacobian, (n, k, d)."""

    value: Callable[[Batch], Float[Any, "n k"]]
    jacobian: Callable[[Batch], Float[Any, "n k d"]]


@dataclass(frozen=True, eq=False)
class Observed(Transformed):
    """The same dynamics, sought where g(x) stands still rather than x."""

    inner: Dynamics
    observable: Observable

    def step(self, x: Batch, u: Inputs) -> Batch:
        return self.inner.step(x, u)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.inner.jacobian(x, u)

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self.inner.input_jacobian(x, u)

    @property
    def is_matrix_free(self) -> bool:
        return False

    @property
    def has_equilibrium_form(self) -> bool:
        return False

    def residual_problem(self) -> RootProblem:
        return ObservedMotion(self)


@dataclass(frozen=True)
class ObservedMotion(StateProblem):
    """g(F(x, u)) - g(x), the motion of what is observed; for maps."""

    observed: Observed

    def residual(self, y: Batch, u: Inputs) -> Float[Any, "n k"]:
        g = self.observed.observable
        return g.value(self.observed.inner.step(y, u)) - g.value(y)

    def jacobian(self, y: Batch, u: Inputs) -> Float[Any, "n k d"]:
        g, inner = self.observed.observable, self.observed.inner
        after = namespace(y).matmul(g.jacobian(inner.step(y, u)), inner.jacobian(y, u))
        return after - g.jacobian(y)
