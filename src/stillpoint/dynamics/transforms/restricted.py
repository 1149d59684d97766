"""Some units of a network, the others held."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.arrays import namespace, take
from ...intervals import Interval
from ..base import Batch, Dynamics, Inputs, Matrices, RootProblem, StateProblem
from ..forms import PiecewiseLinear, RateForm
from .base import Transformed, extended, listed_weights


@dataclass(frozen=True, eq=False)
class Restricted(Transformed):
    """Some units of a network; all others are held and count as inputs.

    The input is [u, x_held]: every start can have its own frozen context, and the Jacobian in the
    inputs contains the block from the held to the kept units.
    """

    inner: Dynamics
    kept: Int[np.ndarray, " k"]
    held: Int[np.ndarray, " r"]

    @property
    def state_size(self) -> int:
        return len(self.kept)

    @property
    def input_size(self) -> int:
        return self.inner.input_size + len(self.held)

    def interval_extension(self) -> Dynamics | None:
        return extended(self)

    def for_states_of_size(self, size: Float[np.ndarray, " k"]) -> Dynamics:
        whole = np.ones(self.inner.state_size)
        whole[self.kept] = size
        return replace(self, inner=self.inner.for_states_of_size(whole))

    def step(self, x: Batch, u: Inputs) -> Batch:
        return take(self.inner.step(*self.whole(x, u)), self.kept, axis=1)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.block(self.inner.jacobian(*self.whole(x, u)))

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n k m"]:
        state, inputs = self.whole(x, u)
        rows = take(self.inner.jacobian(state, inputs), self.kept, axis=1)
        driven = take(self.inner.input_jacobian(state, inputs), self.kept, axis=1)
        return namespace(x).concat([driven, take(rows, self.held, axis=2)], axis=2)

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        state, inputs = self.whole(x, u)
        weights, _ = self.whole(w, namespace(u).zeros_like(u))
        return self.block(self.inner.curvature(state, inputs, weights))

    def equilibrium_box(self) -> Interval | None:
        box = self.inner.equilibrium_box()
        return box[self.kept] if box is not None and self.has_equilibrium_form else None

    def rate_form(self, u: Interval) -> RateForm | None:
        m = self.inner.input_size
        form = self.inner.rate_form(u[:, :m])
        return None if form is None else form.restricted(self.kept, self.held, u[:, m:])

    def piecewise_linear(self) -> PiecewiseLinear | None:
        form = self.inner.piecewise_linear()
        return None if form is None else form.restricted(self.kept, self.held)

    def weights(self) -> Iterable[Any] | None:
        return listed_weights(self.inner, self.kept)

    @property
    def has_equilibrium_form(self) -> bool:
        return self.inner.has_equilibrium_form and self.inner.equilibrium_problem().unitwise

    def equilibrium_problem(self) -> RootProblem:
        whole = self.inner.equilibrium_problem()
        return RestrictedProblem(self, whole) if whole.unitwise else self.residual_problem()

    def whole(self, x: Batch, u: Inputs) -> tuple[Float[Any, "n all"], Float[Any, "n own"]]:
        """Return the state and the inputs of the whole network."""
        m = self.inner.input_size
        together = namespace(x).concat([x, u[:, m:]], axis=1)
        return take(together, np.argsort(np.concatenate([self.kept, self.held])), axis=1), u[:, :m]

    def block(self, matrices: Float[Any, "n all all"]) -> Float[Any, "n k k"]:
        """Return the rows and columns of the kept units."""
        return take(take(matrices, self.kept, axis=1), self.kept, axis=2)


@dataclass(frozen=True)
class RestrictedProblem(StateProblem):
    """The equations of the kept units from the whole network's equilibrium form."""

    restricted: Restricted
    problem: RootProblem
    unitwise = True

    def residual(self, y: Batch, u: Inputs) -> Batch:
        whole = self.problem.residual(*self.restricted.whole(y, u))
        return take(whole, self.restricted.kept, axis=1)

    def jacobian(self, y: Batch, u: Inputs) -> Matrices:
        return self.restricted.block(self.problem.jacobian(*self.restricted.whole(y, u)))
