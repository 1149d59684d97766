"""Several steps as one: cycles, and answers to periodic inputs, become fixed points."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from jaxtyping import Float

from ..._core.arrays import host, identity_like, namespace
from ...intervals import Interval
from ..base import Batch, Dynamics, Inputs, Linear, Matrices, RootProblem
from .base import Transformed, extended, listed_weights

# A cycle is sought as so many states and numbers at most: all of its states, or every few steps.
_MOST_NODES = 16
_MOST_UNKNOWNS = 256


@dataclass(frozen=True, eq=False)
class Iterated(Transformed):
    """F^k: `times` steps, under one constant input or under `held` ones, one for each step.

    Its fixed points are cycles of F, or answers to a periodic input. They are sought as cycles; a
    proof is about F^k itself, as what it says of a box around states of a cycle says less of a box
    around the first of them.

    Attributes
    ----------
    inner
        F.
    times
        k.
    held
        The inputs of the steps, shape (k, m); None where the input is one of F^k.
    is_enclosed
        Whether it is the version over intervals, for proofs.
    """

    inner: Dynamics
    times: int
    held: Float[Any, "k m"] | None = None
    is_enclosed: bool = False

    @property
    def words(self) -> str:
        return f"{self.times} steps {'' if self.held is None else 'of periodic input '}as one"

    @property
    def input_size(self) -> int:
        return self.inner.input_size if self.held is None else 0

    @property
    def has_equilibrium_form(self) -> bool:
        return False

    @property
    def working_size(self) -> int:
        return max(self.inner.working_size, self.n_nodes * self.state_size)

    @property
    def n_nodes(self) -> int:
        return min(self.times, _MOST_NODES, max(1, _MOST_UNKNOWNS // self.state_size))

    @property
    def n_steps(self) -> int:
        return self.times * self.inner.n_steps

    @property
    def stops(self) -> list[int]:
        """The steps from 0 to `times` at which a search has a state of its own."""
        return [self.times * k // self.n_nodes for k in range(self.n_nodes + 1)]

    def weights(self) -> Iterable[Any] | None:
        held = () if self.held is None else (self.held,)
        return listed_weights(self.inner, self.times, *held)

    def interval_extension(self) -> Dynamics | None:
        held = None if self.held is None else Interval(host(self.held))
        return extended(self, held=held, is_enclosed=True)

    def equilibrium_box(self) -> Interval | None:
        return self.inner.box_of_states()

    def equilibrium_problem(self) -> RootProblem:
        return self.residual_problem() if self.is_enclosed else Cyclic(self)

    def step(self, x: Batch, u: Inputs) -> Batch:
        return self.steps(x, u, 0, self.times)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.slope(x, u, 0, self.times)

    def differential(self, x: Batch, u: Inputs) -> Linear:
        return self.carried(x, u, 0, self.times)

    def carried(self, x: Batch, u: Inputs, first: int, last: int) -> Linear:
        """Return `slope` as a function of v."""
        steps = []
        for k in range(first, last):
            steps.append(self.inner.differential(x, self._input(k, u)))
            x = self.inner.step(x, self._input(k, u)) if k + 1 < last else x

        def pushed(v: Batch) -> Batch:
            for step in steps:
                v = step(v)
            return v

        return pushed

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        if self.held is not None:
            return namespace(x).zeros_like(x)[:, :, None][:, :, :0]
        xp = namespace(x)
        in_inputs = self.inner.input_jacobian(x, u)
        for _ in range(self.times - 1):
            x = self.inner.step(x, u)
            jacobian = self.inner.jacobian(x, u)
            in_inputs = xp.matmul(jacobian, in_inputs) + self.inner.input_jacobian(x, u)
        return in_inputs

    def steps(self, x: Batch, u: Inputs, first: int, last: int) -> Batch:
        """Return the state at step `last` of that at step `first`."""
        for k in range(first, last):
            x = self.inner.step(x, self._input(k, u))
        return x

    def slope(self, x: Batch, u: Inputs, first: int, last: int) -> Matrices:
        """Return the derivative of the state at step `last` in that at step `first`."""
        jacobian = self.inner.jacobian(x, self._input(first, u))
        for k in range(first + 1, last):
            x = self.inner.step(x, self._input(k - 1, u))
            jacobian = namespace(x).matmul(self.inner.jacobian(x, self._input(k, u)), jacobian)
        return jacobian

    def _input(self, k: int, u: Inputs) -> Inputs:
        if self.held is None:
            return u
        return namespace(u).broadcast_to(self.held[k], (u.shape[0], self.inner.input_size))


@dataclass(frozen=True)
class Cyclic(RootProblem):
    """States that map onto each other in a circle: F^k(x) = x by multiple shooting.

    The unknowns are the states at the `stops` y_0 ... y_(s-1), which follow each other in a row;
    equation j says that y_j comes of y_(j-1), and y_0 of y_(s-1). So no Jacobian of all steps is
    multiplied out, and a cycle that repels strongly is as easy to reach as another (Ascher,
    Mattheij and Russell 1995, chapter 4). As det(-G) = det(1 - dF^k/dx) for the
    Jacobian G, the index is that of F^k.
    """

    iterated: Iterated

    def coordinates(self, x: Batch, u: Inputs) -> Float[Any, "n k"]:
        states = [x]
        for first, last in pairwise(self.iterated.stops[:-1]):
            states.append(self.iterated.steps(states[-1], u, first, last))
        return namespace(x).concat(states, axis=1)

    def standing(self, x: Batch, u: Inputs) -> Float[Any, "n k"]:  # noqa: ARG002
        return namespace(x).concat([x] * self.iterated.n_nodes, axis=1)

    def state(self, y: Float[Any, "n k"], u: Inputs) -> Batch:  # noqa: ARG002
        return y[:, : self.iterated.state_size]

    def residual(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n k"]:
        stops = pairwise(self.iterated.stops)
        ends = [
            self.iterated.steps(x, u, *section)
            for x, section in zip(self._states(y), stops, strict=True)
        ]
        return namespace(y).concat([ends[-1], *ends[:-1]], axis=1) - y

    def jacobian(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n k k"]:
        xp = namespace(y)
        stops = pairwise(self.iterated.stops)
        slopes = [
            self.iterated.slope(x, u, *section)
            for x, section in zip(self._states(y), stops, strict=True)
        ]
        none = xp.zeros_like(slopes[0])
        rows = [
            xp.concat([none] * before + [slope] + [none] * (len(slopes) - before - 1), axis=2)
            for before, slope in enumerate(slopes)
        ]
        slope = xp.concat([rows[-1], *rows[:-1]], axis=1)
        return slope - identity_like(slope, slope.shape[-1])

    def differential(self, y: Float[Any, "n k"], u: Inputs) -> Linear:
        stops = pairwise(self.iterated.stops)
        sections = [
            self.iterated.carried(x, u, *section)
            for x, section in zip(self._states(y), stops, strict=True)
        ]

        def pushed(v: Float[Any, "n k"]) -> Float[Any, "n k"]:
            ends = [carry(own) for carry, own in zip(sections, self._states(v), strict=True)]
            return namespace(v).concat([ends[-1], *ends[:-1]], axis=1) - v

        return pushed

    def _states(self, y: Float[Any, "n k"]) -> list[Batch]:
        d = self.iterated.state_size
        return [y[:, first : first + d] for first in range(0, y.shape[1], d)]
