"""Some inputs fixed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.arrays import host, namespace, take
from ..._core.display import plural
from ...intervals import Interval
from ..base import Batch, Dynamics, Inputs, Linear, Matrices, RootProblem
from ..forms import HiddenForm, PiecewiseLinear, RateForm
from .base import Transformed, extended, listed_weights


@dataclass(frozen=True, eq=False)
class Clamped(Transformed):
    """The same dynamics with the inputs at `places` fixed; the others remain, in their order."""

    inner: Dynamics
    places: Int[np.ndarray, " f"]
    fixed: Float[Any, " f"]

    @property
    def words(self) -> str:
        return f"{plural(len(self.places), 'input')} fixed"

    @property
    def lefschetz(self) -> int | None:
        return self.inner.lefschetz  # also one that the caller stated: it held for every input

    @property
    def input_size(self) -> int:
        return self.inner.input_size - len(self.places)

    @property
    def n_nodes(self) -> int:
        return self.inner.n_nodes

    def weights(self) -> Iterable[Any] | None:
        return listed_weights(self.inner, self.places, self.fixed)

    def step(self, x: Batch, u: Inputs) -> Batch:
        return self.inner.step(x, self.inputs(u))

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.inner.jacobian(x, self.inputs(u))

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return take(self.inner.input_jacobian(x, self.inputs(u)), self._free, axis=2)

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        return self.inner.vjp(x, self.inputs(u), w)

    def differential(self, x: Batch, u: Inputs) -> Linear:
        return self.inner.differential(x, self.inputs(u))

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        return self.inner.curvature(x, self.inputs(u), w)

    def interval_extension(self) -> Dynamics | None:
        return extended(self, fixed=Interval(host(self.fixed)))

    def equilibrium_box(self) -> Interval | None:
        return self.inner.equilibrium_box()

    def rate_form(self, u: Interval) -> RateForm | None:
        return self.inner.rate_form(self.inputs(u))

    def hidden_form(self, u: Interval) -> HiddenForm | None:
        return self.inner.hidden_form(self.inputs(u))

    def piecewise_linear(self) -> PiecewiseLinear | None:
        form = self.inner.piecewise_linear()
        return None if form is None else form.clamped(self.places, self.fixed)

    def residual_problem(self) -> RootProblem:
        return ClampedProblem(self, self.inner.residual_problem())

    def equilibrium_problem(self) -> RootProblem:
        return ClampedProblem(self, self.inner.equilibrium_problem())

    def output_problem(self) -> RootProblem:
        return ClampedProblem(self, self.inner.output_problem())

    def inputs(self, u: Inputs) -> Float[Any, "n all"]:
        """Return all inputs, free and fixed, one row per row of `u`."""
        xp = namespace(u)
        fixed = xp.broadcast_to(self.fixed, (u.shape[0], len(self.places)))
        order = np.argsort(np.concatenate([self._free, self.places]))
        return take(xp.concat([u, fixed], axis=1), order, axis=1)

    @property
    def _free(self) -> Int[np.ndarray, " m"]:
        return np.setdiff1d(np.arange(self.inner.input_size), self.places)


@dataclass(frozen=True)
class ClampedProblem(RootProblem):
    """A root problem under the fixed inputs."""

    clamped: Clamped
    problem: RootProblem

    @property
    def unitwise(self) -> bool:  # type: ignore[override]
        return self.problem.unitwise

    @property
    def reach(self) -> float:
        return self.problem.reach

    def coordinates(self, x: Batch, u: Inputs) -> Float[Any, "n k"]:
        return self.problem.coordinates(x, self.clamped.inputs(u))

    def state(self, y: Float[Any, "n k"], u: Inputs) -> Batch:
        return self.problem.state(y, self.clamped.inputs(u))

    def standing(self, x: Batch, u: Inputs) -> Float[Any, "n k"]:
        return self.problem.standing(x, self.clamped.inputs(u))

    def residual(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n r"]:
        return self.problem.residual(y, self.clamped.inputs(u))

    def jacobian(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n r k"]:
        return self.problem.jacobian(y, self.clamped.inputs(u))

    def input_jacobian(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n r m"]:
        whole = self.problem.input_jacobian(y, self.clamped.inputs(u))
        return take(whole, self.clamped._free, axis=2)

    def differential(self, y: Float[Any, "n k"], u: Inputs) -> Linear:
        return self.problem.differential(y, self.clamped.inputs(u))

    def gradient(
        self, y: Float[Any, "n k"], u: Inputs, residual: Float[Any, "n r"]
    ) -> Float[Any, "n k"]:
        return self.problem.gradient(y, self.clamped.inputs(u), residual)

    def curvature(
        self, y: Float[Any, "n k"], u: Inputs, residual: Float[Any, "n r"]
    ) -> Float[Any, "n k k"]:
        return self.problem.curvature(y, self.clamped.inputs(u), residual)
