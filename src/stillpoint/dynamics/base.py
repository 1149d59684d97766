"""What every analysis rests on: one step of a network, its derivatives, its root problem.

`Dynamics` is the contract that cells, framework adapters and transforms fulfil, on the network's
own arrays and without looking at what the caller passes; `stillpoint.System` is the checked face
that users meet. `RootProblem` says which equations a solver makes zero: the plain residual, or an
equivalent one that is better conditioned (a cell's equilibrium form).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from .._core.arrays import (
    ArrayKind,
    identity_like,
    multiply_rows,
    multiply_rows_transposed,
    namespace,
)
from ..intervals import Interval
from .forms import HiddenForm, PiecewiseLinear, RateForm

Kind = Literal["map", "flow"]
Batch = Float[Any, "n d"]
Inputs = Float[Any, "n m"]

#: A linear map for each row: what it makes of one vector per row.
Linear = Callable[[Batch], Float[Any, "n k"]]
Matrices = Float[Any, "n d d"]


class Dynamics(ABC):
    """One step of a network and its derivatives, batched over rows.

    A map answers `step(x, u) = F(x, u)`, a flow `step(x, u) = f(x, u) = dx/dt`. All arrays are of
    the kind `arrays`; nothing is checked here.
    """

    @property
    @abstractmethod
    def state_size(self) -> int:
        """The number of state variables d."""

    @property
    @abstractmethod
    def input_size(self) -> int:
        """The number of inputs m; 0 for an autonomous system."""

    @property
    @abstractmethod
    def arrays(self) -> ArrayKind:
        """The kind of array that goes in and comes out."""

    @abstractmethod
    def step(self, x: Batch, u: Inputs) -> Batch:
        """Return F(x, u) for a map, f(x, u) for a flow."""

    @abstractmethod
    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        """Return d step_i / dx_j: rows = to, columns = from."""

    def motion_jacobian(self, x: Batch, u: Inputs) -> Matrices:
        """Return the Jacobian of the motion: J - I of a map, J of a flow."""
        jacobian = self.jacobian(x, u)
        if self.kind == "flow":
            return jacobian
        return jacobian - identity_like(jacobian, jacobian.shape[-1])

    @abstractmethod
    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        """Return d step_i / du_j."""

    def jvp(self, x: Batch, u: Inputs, v: Batch) -> Batch:
        """Return the directional derivative J v."""
        return self.differential(x, u)(v)

    def differential(self, x: Batch, u: Inputs) -> Linear:
        """Return J as a function of v; what does not depend on v is computed once.

        Closed forms need no matrix per row, but one product with the weights for all rows.
        """
        return partial(multiply_rows, self.jacobian(x, u))

    @property
    def is_matrix_free(self) -> bool:
        """Whether `differential` gives products without any Jacobian."""
        return False

    def input_differential(self, x: Batch, u: Inputs) -> Linear:
        """Return the Jacobian in the inputs as a function of w, shape (n, m) -> (n, d)."""
        return partial(multiply_rows, self.input_jacobian(x, u))

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        """Return the transposed product w J."""
        return multiply_rows_transposed(self.jacobian(x, u), w)

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        """Return sum_i w_i d^2 step_i / dx_j dx_k: the second derivatives, weighted by w."""
        return slope_of_gradient(self.vjp, x, u, w)

    @property
    def kind(self) -> Kind:
        """Whether `step` is a map or the right-hand side of a flow."""
        return "map"

    @property
    def derivatives(self) -> str:
        """How Jacobians are computed, in words."""
        return "closed form"

    def for_states_of_size(self, size: Float[np.ndarray, " d"]) -> Dynamics:  # noqa: ARG002
        """Return the same dynamics, whose numerical derivatives suit states of such sizes."""
        return self

    def differentiated_quickly(self) -> Dynamics:
        """Return the same dynamics with derivatives that cost less, for solvers."""
        return self

    def differentiated_sharply(self) -> tuple[Dynamics, Dynamics | None]:
        """Return the same dynamics with derivatives that cost more and err less, and once more.

        What the two differ by is the error of the first. There is no second where derivatives are
        exact up to rounding.
        """
        return self, None

    def on_host(self) -> Dynamics:
        """Return the same dynamics on NumPy's arrays, if that makes it faster: cells on a CPU."""
        return self

    @property
    def call(self) -> str:
        """How a model is called for a step, empty where none is."""
        return ""

    @property
    def working_size(self) -> int:
        """The size of the largest square matrix that a derivative builds per row."""
        return self.state_size

    @property
    def n_nodes(self) -> int:
        """How many states are unknowns of `equilibrium_problem`: nodes of multiple shooting."""
        return 1

    @property
    def n_steps(self) -> int:
        """How many steps of a network one step of these dynamics is."""
        return 1

    @property
    def parts(self) -> Mapping[str, range]:
        """Named parts of the state, such as `h` and `c` of an LSTM."""
        return {}

    @property
    def maps_ball_into_itself(self) -> bool:
        """Whether, under every input, the map is known to send some ball or box into itself."""
        return False

    @property
    def lefschetz(self) -> int | None:
        """The index sum over all fixed points if it is known for every input, else None.

        It is 1 for a map that sends a ball into itself (Brouwer, Lefschetz).
        """
        return 1 if self.maps_ball_into_itself else None

    def weights(self) -> Iterable[Any] | None:
        """Return every array that determines the step, or None if they cannot be listed."""
        return None

    @property
    def has_equilibrium_form(self) -> bool:
        """Whether `equilibrium_problem` is known to be free of gates and leaks.

        Where it is not, saturated gates can make the residual vanish far from any fixed point, so
        a search keeps to solvers that do not wander.
        """
        return False

    def residual_problem(self) -> RootProblem:
        """Return the root problem whose residual is the motion itself."""
        return Motion(self)

    def equilibrium_problem(self) -> RootProblem:
        """Return the best conditioned root problem with the same zeros."""
        return self.residual_problem()

    def output_problem(self) -> RootProblem:
        """Return the best conditioned one whose unknowns are what a layer above reads.

        That is the state, or h alone of an LSTM; `equilibrium_problem` may have fewer unknowns.
        """
        return self.equilibrium_problem()

    def interval_extension(self) -> Dynamics | None:
        """Return the same dynamics over intervals, or None where the step is a black box.

        Its weights are exact intervals, so that every rounding of the step's text is enclosed.
        """
        return None

    def rate_form(self, u: Interval) -> RateForm | None:  # noqa: ARG002
        """Return the fixed points under one input, shape (1, m), as r = phi(W r + c), or None.

        Asked of dynamics over intervals (`interval_extension`), so that the form is exact.
        """
        return None

    def hidden_form(self, u: Interval) -> HiddenForm | None:  # noqa: ARG002
        """Return the fixed points under one input as L phi(K x + k) + M x + c = 0, or None.

        Asked of dynamics over intervals, as `rate_form`, where there is none of that.
        """
        return None

    def equilibrium_box(self) -> Interval | None:
        """Return a box that holds the unknowns of all fixed points, shape (k,), or None.

        It is one of the equilibrium form, under every input; asked of dynamics over intervals.
        """
        return None

    def box_of_states(self) -> Interval | None:
        """Return a box that a map enters from wherever it recurs, shape (d,), or None.

        All states of its cycles lie there, under every input; asked of dynamics over intervals.
        """
        return None

    def piecewise_linear(self) -> PiecewiseLinear | None:
        """Return the motion with its kinks, where it is known to be linear between them."""
        return None


class RootProblem(ABC):
    """Equations g(y, u) = 0 whose zeros are the states that stand still."""

    #: Whether y is the state itself and equation i is that of unit i up to a positive factor.
    unitwise: bool = False

    @property
    def reach(self) -> float:
        """How far unknowns move at most, in the largest entry, while a state moves by one; >= 1.

        Asked of problems over intervals.
        """
        return 1.0

    @abstractmethod
    def coordinates(self, x: Batch, u: Inputs) -> Float[Any, "n k"]:
        """Return the unknowns y that belong to a state."""

    @abstractmethod
    def state(self, y: Float[Any, "n k"], u: Inputs) -> Batch:
        """Return the state that belongs to y."""

    def standing(self, x: Batch, u: Inputs) -> Float[Any, "n k"]:
        """Return unknowns of a state as if it stood still; of a cycle, all its states are x."""
        return self.coordinates(x, u)

    @abstractmethod
    def residual(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n r"]:
        """Return g(y, u)."""

    @abstractmethod
    def jacobian(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n r k"]:
        """Return dg_i / dy_j."""

    def input_jacobian(self, y: Float[Any, "n k"], u: Inputs) -> Float[Any, "n r m"]:
        """Return dg_i / du_j; needed of the forms that are stacked."""
        raise NotImplementedError

    def differential(self, y: Float[Any, "n k"], u: Inputs) -> Linear:
        """Return dg/dy as a function of v, shape (n, k) -> (n, r)."""
        return partial(multiply_rows, self.jacobian(y, u))

    def input_differential(self, y: Float[Any, "n k"], u: Inputs) -> Linear:
        """Return dg/du as a function of w, shape (n, m) -> (n, r)."""
        return partial(multiply_rows, self.input_jacobian(y, u))

    def gradient(
        self, y: Float[Any, "n k"], u: Inputs, residual: Float[Any, "n r"]
    ) -> Float[Any, "n k"]:
        """Return the gradient of 1/2 |g|^2, given g."""
        return multiply_rows_transposed(self.jacobian(y, u), residual)

    def curvature(
        self, y: Float[Any, "n k"], u: Inputs, residual: Float[Any, "n r"]
    ) -> Float[Any, "n k k"]:
        """Return sum_i g_i d^2 g_i / dy_j dy_k: what the Hessian of 1/2 |g|^2 has beyond J^T J."""
        return slope_of_gradient(self.gradient, y, u, residual)


class StateProblem(RootProblem):
    """A root problem whose unknowns are the state itself."""

    def coordinates(self, x: Batch, u: Inputs) -> Batch:  # noqa: ARG002
        return x

    def state(self, y: Batch, u: Inputs) -> Batch:  # noqa: ARG002
        return y


@dataclass(frozen=True)
class Motion(StateProblem):
    """The residual of `dynamics` itself: F(x, u) - x for a map, f(x, u) for a flow."""

    dynamics: Dynamics
    unitwise = True

    def residual(self, y: Batch, u: Inputs) -> Batch:
        step = self.dynamics.step(y, u)
        return step - y if self.dynamics.kind == "map" else step

    def jacobian(self, y: Batch, u: Inputs) -> Matrices:
        return self.dynamics.motion_jacobian(y, u)

    def input_jacobian(self, y: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self.dynamics.input_jacobian(y, u)

    def differential(self, y: Batch, u: Inputs) -> Linear:
        step = self.dynamics.differential(y, u)
        return step if self.dynamics.kind == "flow" else less_identity(step)

    def input_differential(self, y: Batch, u: Inputs) -> Linear:
        return self.dynamics.input_differential(y, u)

    def gradient(self, y: Batch, u: Inputs, residual: Batch) -> Batch:
        pulled = self.dynamics.vjp(y, u, residual)
        return pulled - residual if self.dynamics.kind == "map" else pulled

    def curvature(self, y: Batch, u: Inputs, residual: Batch) -> Matrices:
        return self.dynamics.curvature(y, u, residual)


def less_identity(step: Linear) -> Linear:
    """Return v -> J v - v, given J."""
    return lambda v: step(v) - v


def slope_of_gradient(gradient: Callable[..., Batch], x: Batch, *others: Any) -> Matrices:
    """Return the symmetric Jacobian of a gradient in x by central differences, row by row.

    `others` are further arguments of the gradient, which has one row for each of x. The states
    that are compared go to it together, as each call of a framework takes as long as many rows.
    The error is about 1e-10 of the second derivatives in float64.

    Examples
    --------
    >>> import numpy as np
    >>> slope_of_gradient(lambda x: x**2, np.array([[1.0, 2.0]])).round(6)
    array([[[2., 0.],
            [0., 4.]]])
    """
    xp, (n, size) = namespace(x), x.shape
    spacing = ArrayKind.of(x).resolution ** (1 / 3) * (1 + xp.max(xp.abs(x), axis=1))[:, None]
    at_once = max(1, _NUMBERS_AT_ONCE // (max(1, n) * size * size))
    slopes = []
    for first in range(0, size, at_once):
        moved = spacing * identity_like(x, size)[first : first + at_once, None, :]
        around = xp.reshape(xp.stack([x + moved, x - moved]), (-1, size))
        copies = [xp.concat([other] * (2 * moved.shape[0])) for other in others]
        ahead, behind = xp.reshape(gradient(around, *copies), (2, moved.shape[0], n, size))
        slopes.append((ahead - behind) / (2 * spacing))
    halves = xp.permute_dims(xp.concat(slopes), (1, 0, 2)) / 2
    return halves + xp.matrix_transpose(halves)


# The numbers in the Jacobians of the states at which a gradient is asked for at once: 32 MiB.
_NUMBERS_AT_ONCE = 2**22
