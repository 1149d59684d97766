"""Several steps as one: cycles become fixed points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from ..._core.arrays import namespace
from ..base import Batch, Dynamics, Inputs, Matrices
from .base import Transformed, extended, listed_weights


@dataclass(frozen=True, eq=False)
class Iterated(Transformed):
    """F^k: `times` steps under one constant input. Its fixed points are cycles of F."""

    inner: Dynamics
    times: int

    @property
    def has_equilibrium_form(self) -> bool:
        return False

    def weights(self) -> Iterable[Any] | None:
        return listed_weights(self.inner, self.times)

    def interval_extension(self) -> Dynamics | None:
        return extended(self)

    def step(self, x: Batch, u: Inputs) -> Batch:
        for _ in range(self.times):
            x = self.inner.step(x, u)
        return x

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self._chain(x, u)[0]

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self._chain(x, u)[1]

    def _chain(self, x: Batch, u: Inputs) -> tuple[Matrices, Float[Any, "n d m"]]:
        xp = namespace(x)
        in_state = self.inner.jacobian(x, u)
        in_inputs = self.inner.input_jacobian(x, u)
        for _ in range(self.times - 1):
            x = self.inner.step(x, u)
            jacobian = self.inner.jacobian(x, u)
            in_state = xp.matmul(jacobian, in_state)
            in_inputs = xp.matmul(jacobian, in_inputs) + self.inner.input_jacobian(x, u)
        return in_state, in_inputs
