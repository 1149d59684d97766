"""Dynamics made from dynamics: the only way in which special cases enter.

Regions with the rest held, cycles, observed coordinates, fixed inputs and Euler steps are not
options of the analyses; each is a new system that the analyses see like any other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .arrays import ArrayKind, identity_like, namespace, take, to_numpy
from .dynamics import Batch, Dynamics, Inputs, Kind, Matrices, RootProblem, StateProblem


class Transformed(Dynamics):
    """Dynamics that stand on others; what a transform does not change, it passes on."""

    #: The dynamics that are transformed.
    inner: Dynamics

    @property
    def state_size(self) -> int:
        return self.inner.state_size

    @property
    def input_size(self) -> int:
        return self.inner.input_size

    @property
    def arrays(self) -> ArrayKind:
        return self.inner.arrays

    @property
    def kind(self) -> Kind:
        return self.inner.kind

    @property
    def keeps_ball(self) -> bool:
        return self.inner.keeps_ball

    @property
    def has_equilibrium_form(self) -> bool:
        return self.inner.has_equilibrium_form

    def weights(self) -> Iterable[Any] | None:
        return self.inner.weights()


@dataclass(frozen=True, eq=False)
class Restricted(Transformed):
    """Some units of a network; the others are held and count as inputs.

    The input is [u, x_held]: every start can have its own frozen context, and the Jacobian in the
    inputs contains the block from the held to the kept units.

    Attributes
    ----------
    inner
        The whole network.
    kept, held
        Indices of the units that move and of those that are held; together all units.
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

    def step(self, x: Batch, u: Inputs) -> Batch:
        return take(self.inner.step(*self.whole(x, u)), self.kept, axis=1)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.block(self.inner.jacobian(*self.whole(x, u)))

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n k m"]:
        state, inputs = self.whole(x, u)
        rows = take(self.inner.jacobian(state, inputs), self.kept, axis=1)
        driven = take(self.inner.input_jacobian(state, inputs), self.kept, axis=1)
        return namespace(x).concat([driven, take(rows, self.held, axis=2)], axis=2)

    def weights(self) -> Iterable[Any] | None:
        return _listed(self.inner, self.kept)

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


@dataclass(frozen=True, eq=False)
class Iterated(Transformed):
    """F^k: `times` steps under one constant input. Its fixed points are cycles of F."""

    inner: Dynamics
    times: int

    @property
    def has_equilibrium_form(self) -> bool:
        return False

    def weights(self) -> Iterable[Any] | None:
        return _listed(self.inner, self.times)

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


@dataclass(frozen=True, eq=False)
class Clamped(Transformed):
    """The same dynamics with some inputs fixed; the others remain inputs, in their order.

    Attributes
    ----------
    inner
        The dynamics with all inputs.
    places
        Which inputs are fixed.
    fixed
        Their values.
    """

    inner: Dynamics
    places: Int[np.ndarray, " f"]
    fixed: Float[Any, " f"]

    @property
    def lefschetz(self) -> int | None:
        return self.inner.lefschetz  # also one that the caller stated: it held for every input

    @property
    def input_size(self) -> int:
        return self.inner.input_size - len(self.places)

    def weights(self) -> Iterable[Any] | None:
        return _listed(self.inner, self.places, self.fixed)

    def step(self, x: Batch, u: Inputs) -> Batch:
        return self.inner.step(x, self.inputs(u))

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.inner.jacobian(x, self.inputs(u))

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return take(self.inner.input_jacobian(x, self.inputs(u)), self._free, axis=2)

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        return self.inner.vjp(x, self.inputs(u), w)

    def jvp(self, x: Batch, u: Inputs, v: Batch) -> Batch:
        return self.inner.jvp(x, self.inputs(u), v)

    def residual_problem(self) -> RootProblem:
        return ClampedProblem(self, self.inner.residual_problem())

    def equilibrium_problem(self) -> RootProblem:
        return ClampedProblem(self, self.inner.equilibrium_problem())

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

    def coordinates(self, x: Batch, u: Inputs) -> Float[Any, "n k"]:
        return self.problem.coordinates(x, self.clamped.inputs(u))

    def state(self, y: Float[Any, "n k"], u: Inputs) -> Batch:
        return self.problem.state(y, self.clamped.inputs(u))

    def residual(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n r"]:
        return self.problem.residual(y, self.clamped.inputs(u))

    def jacobian(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n r k"]:
        return self.problem.jacobian(y, self.clamped.inputs(u))

    def gradient(
        self, y: Float[Any, "n k"], u: Inputs, residual: Float[Any, "n r"]
    ) -> Float[Any, "n k"]:
        return self.problem.gradient(y, self.clamped.inputs(u), residual)


@dataclass(frozen=True, eq=False)
class EulerMap(Transformed):
    """x' = x + dt f(x, u): a flow seen as a map. The zeros of the motion are those of the flow."""

    inner: Dynamics
    dt: float

    @property
    def kind(self) -> Kind:
        return "map"

    @property
    def keeps_ball(self) -> bool:
        return False  # a long step can leave the ball that the flow keeps

    def weights(self) -> Iterable[Any] | None:
        return _listed(self.inner, self.dt)

    def step(self, x: Batch, u: Inputs) -> Batch:
        return x + self.dt * self.inner.step(x, u)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return identity_like(x, x.shape[-1]) + self.dt * self.inner.jacobian(x, u)

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self.dt * self.inner.input_jacobian(x, u)

    def equilibrium_problem(self) -> RootProblem:
        return self.inner.equilibrium_problem()


def _listed(inner: Dynamics, *settings: Any) -> Iterable[Any] | None:
    """Return the weights of `inner` and what else determines the step."""
    weights = inner.weights()
    return None if weights is None else [*weights, *map(to_numpy, settings)]
