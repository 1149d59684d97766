"""Some units of a network, the others held, or told by what the network conserves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.arrays import host, namespace, take
from ...intervals import Interval
from ..base import Batch, Dynamics, Inputs, Matrices, RootProblem, StateProblem
from ..forms import HiddenForm, PiecewiseLinear, RateForm
from .base import Transformed, extended, listed_weights


@dataclass(frozen=True, eq=False)
class Restricted(Transformed):
    """Some units of a network; all others are held and count as inputs.

    The input is [u, x_held]: every start can have its own frozen context, and the Jacobian in the
    inputs contains the block from the held to the kept units. Where the network conserves sums C x,
    these are what is held, and tell the other units: x_held = `inverse` C x - `shares` x_kept, with
    the inverse of C_held, and shares = inverse C_kept.
    """

    inner: Dynamics
    kept: Int[np.ndarray, " k"]
    held: Int[np.ndarray, " r"]
    shares: Float[Any, "r k"] | None = None
    inverse: Float[Any, "r r"] | None = None

    @property
    def state_size(self) -> int:
        return len(self.kept)

    @property
    def input_size(self) -> int:
        return self.inner.input_size + len(self.held)

    def interval_extension(self) -> Dynamics | None:
        if self.shares is None:
            return extended(self)
        shares, inverse = Interval(host(self.shares)), Interval(host(self.inverse))
        return extended(self, shares=shares, inverse=inverse)

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
        held = take(rows, self.held, axis=2)
        if self.inverse is not None:
            held = namespace(x).matmul(held, self.inverse)
        return namespace(x).concat([driven, held], axis=2)

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        state, inputs = self.whole(x, u)
        of_units = replace(self, shares=None)
        weights, _ = of_units.whole(w, namespace(u).zeros_like(u))
        return self._folded(self.inner.curvature(state, inputs, weights), axes=(1, 2))

    def equilibrium_box(self) -> Interval | None:
        if self.shares is not None:
            return None
        box = self.inner.equilibrium_box()
        return box[self.kept] if box is not None and self.has_equilibrium_form else None

    def rate_form(self, u: Interval) -> RateForm | None:
        if self.shares is not None:
            return None
        m = self.inner.input_size
        form = self.inner.rate_form(u[:, :m])
        return None if form is None else form.restricted(self.kept, self.held, u[:, m:])

    def hidden_form(self, u: Interval) -> HiddenForm | None:
        if self.shares is not None:
            return None
        m = self.inner.input_size
        form = self.inner.hidden_form(u[:, :m])
        return None if form is None else form.restricted(self.kept, self.held, u[:, m:])

    def piecewise_linear(self) -> PiecewiseLinear | None:
        form = None if self.shares is not None else self.inner.piecewise_linear()
        return None if form is None else form.restricted(self.kept, self.held)

    def weights(self) -> Iterable[Any] | None:
        shares = () if self.shares is None else (self.shares, self.inverse)
        return listed_weights(self.inner, self.kept, *shares)

    @property
    def has_equilibrium_form(self) -> bool:
        return self.inner.has_equilibrium_form and self.inner.equilibrium_problem().unitwise

    def equilibrium_problem(self) -> RootProblem:
        whole = self.inner.equilibrium_problem()
        return RestrictedProblem(self, whole) if whole.unitwise else self.residual_problem()

    def whole(self, x: Batch, u: Inputs) -> tuple[Float[Any, "n all"], Float[Any, "n own"]]:
        """Return the state and the inputs of the whole network."""
        xp, m = namespace(x), self.inner.input_size
        held = u[:, m:]
        if self.shares is not None and self.inverse is not None:
            held = xp.matmul(held, self.inverse.T) - xp.matmul(x, self.shares.T)
        together = xp.concat([x, held], axis=1)
        return take(together, np.argsort(np.concatenate([self.kept, self.held])), axis=1), u[:, :m]

    def block(self, matrices: Float[Any, "n all all"]) -> Float[Any, "n k k"]:
        """Return what matrices of all units say of the kept ones, rows and columns."""
        return self._folded(take(matrices, self.kept, axis=1), axes=(2,))

    def _folded(self, matrices: Any, axes: tuple[int, ...]) -> Any:
        """Return derivatives in the kept units along some axes, where the others follow them."""
        xp = namespace(matrices)
        for axis in axes:
            own, other = (take(matrices, places, axis=axis) for places in (self.kept, self.held))
            matrices = own
            if self.shares is not None and axis == 2:
                matrices = own - xp.matmul(other, self.shares)
            elif self.shares is not None:
                matrices = own - xp.matmul(self.shares.T, other)
        return matrices


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
