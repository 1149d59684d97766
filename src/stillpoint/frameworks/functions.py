"""Any function x' = step(x, u): as its caller hands it over, and as `Dynamics`."""

from __future__ import annotations

import inspect
import pickle
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from jaxtyping import Float

from .._core.arrays import ArrayKind
from .._core.layout import StateLayout
from ..dynamics import Batch, Dynamics, Inputs, Kind, Linear, Matrices
from ..errors import ArgumentError
from .base import adapter
from .pickling import pack_function
from .results import new_state, returned_names
from .signatures import positional_names
from .trials import check_derivative, shape_of_derivative

Step = Callable[[Batch, Inputs], Batch]
Derivative = Callable[[Batch, Inputs], Any]
Pushed = Callable[[Batch, Inputs, Batch], Batch]
Linearised = Callable[[Batch, Inputs], Linear]


class Differences(NamedTuple):
    """Derivatives of a function that are differences, for states of one size.

    Attributes
    ----------
    usual
        The Jacobian.
    quick
        The same with fewer calls, precise enough to solve with.
    sharp, other
        The same with more, and once more.
    curvature
        The second derivatives, weighted by a third argument.
    """

    usual: Derivative
    quick: Derivative
    sharp: Derivative
    other: Derivative
    curvature: Pushed


Numerical = Callable[[Any], Differences]
Noise = Literal["off"]


@dataclass(frozen=True, eq=False)
class StepFunction:
    """A step function as its caller hands it over, for one of the array libraries.

    Attributes
    ----------
    function
        Maps states, in their nest, and inputs to new states or velocities.
    layout
        The nest.
    input_size
        The number of inputs m; a function of the state alone is accepted where it is 0.
    kind
        "map" or "flow".
    jacobian, input_jacobian
        The caller's derivatives on flat batches, None to have them computed.
    lefschetz
        The index sum, where the caller knows it.
    device
        Where it runs, None for the library's default.
    owner
        The module that it calls, for messages; the function's own name if left out.
    call
        How that module is called, such as `model(input, h)`.
    returned
        What the members of a tuple that it returns are called, where that is not read from its
        source.
    noise
        "off" where random draws are replaced by their means.
    """

    function: Callable[..., Any]
    layout: StateLayout
    input_size: int
    kind: Kind = "map"
    jacobian: Derivative | None = None
    input_jacobian: Derivative | None = None
    lefschetz: int | None = None
    device: Any = None
    owner: str | None = None
    call: str = ""
    returned: tuple[str, ...] = ()
    noise: Noise | None = None

    @property
    def is_quiet(self) -> bool:
        """Whether random draws are replaced by their means."""
        return self.noise == "off"

    @property
    def name(self) -> str:
        """What the function is called, for messages."""
        own: str = getattr(self.function, "__name__", type(self.function).__name__)
        return self.owner or own

    @property
    def size(self) -> tuple[int, int]:
        """(d, m)."""
        return self.layout.size, self.input_size

    def of_two(self) -> Callable[[Any, Any], Any]:
        """Return the function as one of (x, u), whether or not it takes inputs."""
        function = self.function
        if self.input_size == 0 and len(positional_names(function, required=True)) == 1:
            return lambda x, u: function(x)  # noqa: ARG005
        try:
            inspect.signature(function).bind(None, None)
        except TypeError:
            if self.input_size == 0:
                return lambda x, u: function(x)  # noqa: ARG005
            raise ArgumentError(
                f"step: {self.name} does not take two arguments, but input_size="
                f"{self.input_size}; write it as step(x, u) with x of shape (n, d) and u of shape "
                f"(n, {self.input_size})."
            ) from None
        except ValueError:  # a builtin without a signature
            pass
        return function

    def on_rows(self, *, carry_first: bool = False) -> Step:
        """Return the function on flat rows.

        What it returns is read by name, so the order of its dictionaries does not matter; what
        it returns beside the state is left out. With `carry_first`, the state is the first of two
        members that could be it.
        """
        function, layout = self.of_two(), self.layout
        state = positional_names(self.function)[:1]
        names = self.returned or returned_names(self.function, *state)

        def on_nests(x: Any, u: Any) -> Any:
            return new_state(function(x, u), layout, x, names, carry_first=carry_first)

        if layout.is_flat:
            return on_nests
        return lambda x, u: layout.pack(on_nests(layout.unpack(x), u))

    def dynamics(
        self,
        library: str,
        arrays: ArrayKind,
        step: Step,
        *,
        of_state: Derivative,
        of_inputs: Derivative,
        linear: Linearised | None = None,
        pullback: Pushed | None = None,
        numerical: Numerical | None = None,
        called: Callable[[Derivative], Derivative] = lambda derivative: derivative,
    ) -> FunctionDynamics:
        """Return the dynamics, with the caller's derivatives where there are any.

        Parameters
        ----------
        library
            The name of the adapter that reads the function.
        arrays
            The arrays that go in and come out.
        step
            The function on flat rows of such arrays.
        of_state, of_inputs, linear, pullback
            The library's derivatives.
        numerical
            Where derivatives are differences: those for states of some size.
        called
            Makes a caller's derivative one on such arrays.
        """

        def own(name: str, width: int) -> Derivative | None:
            """Return a caller's derivative, tried once; None if there is none."""
            derivative = getattr(self, name)
            if derivative is None:
                return None
            shape = shape_of_derivative(name, called(derivative), self.size, arrays)
            wanted = (2, self.size[0], width)
            if shape != wanted:
                raise ArgumentError(
                    f"{name}: returned shape {shape} for 2 states, but {wanted} is wanted: rows "
                    f"are what is written to, columns what is read from."
                )
            return called(derivative)

        made = FunctionDynamics(
            given=self,
            library=library,
            function=step,
            size=self.size,
            array_kind=arrays,
            state_derivative=own("jacobian", self.size[0]) or of_state,
            input_derivative=own("input_jacobian", self.size[1]) or of_inputs,
            linear=None if self.jacobian else linear,
            pullback=None if self.jacobian else pullback,
            numerical=None if self.jacobian else numerical,
        )
        for name in ("jacobian", "input_jacobian"):
            is_own = getattr(self, name) is not None
            if is_own or library != "numpy":  # whose derivatives are differences themselves
                check_derivative(name, self.name, made, is_own=is_own)
        return made


@dataclass(frozen=True, eq=False)
class WithParams:
    """A function of (x, u, params) as one of (x, u)."""

    function: Callable[..., Any]
    params: Any

    def __call__(self, x: Any, u: Any) -> Any:
        return self.function(x, u, self.params)


@dataclass(frozen=True, eq=False)
class FunctionDynamics(Dynamics):
    """A batched function with its derivatives; without `linear`, J v needs the Jacobian.

    The function is never called with an empty batch, which users' code need not expect.

    Attributes
    ----------
    given
        The function as its caller handed it over.
    library
        The name of the adapter that read it.
    """

    given: StepFunction
    library: str
    function: Step
    size: tuple[int, int]
    array_kind: ArrayKind
    state_derivative: Derivative
    input_derivative: Derivative
    linear: Linearised | None = None
    pullback: Pushed | None = None
    numerical: Numerical | None = None
    unit: Any = 1.0

    @property
    def state_size(self) -> int:
        return self.size[0]

    @property
    def input_size(self) -> int:
        return self.size[1]

    @property
    def arrays(self) -> ArrayKind:
        return self.array_kind

    @property
    def kind(self) -> Kind:
        return self.given.kind

    @property
    def lefschetz(self) -> int | None:
        return self.given.lefschetz

    @property
    def derivatives(self) -> str:
        return "own Jacobian" if self.given.jacobian else _DERIVATIVES[self.library]

    def for_states_of_size(self, size: Float[np.ndarray, " d"]) -> Dynamics:
        if self.numerical is None:
            return self
        return replace(self, state_derivative=self.numerical(size).usual, unit=size)

    def differentiated_quickly(self) -> Dynamics:
        if self.numerical is None:
            return self
        return replace(self, state_derivative=self.numerical(self.unit).quick)

    def differentiated_sharply(self) -> tuple[Dynamics, Dynamics | None]:
        if self.numerical is None:
            return self, None
        made = self.numerical(self.unit)
        sharp, other = (replace(self, state_derivative=one) for one in (made.sharp, made.other))
        return sharp, other

    @property
    def call(self) -> str:
        call = self.given.call
        return f"{call or 'step(x, u)'}, noise off" if self.given.is_quiet else call

    def step(self, x: Batch, u: Inputs) -> Batch:
        return self.function(x, u) if x.shape[0] else x

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.state_derivative(x, u) if x.shape[0] else self._none(self.size[0])

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self.input_derivative(x, u) if x.shape[0] else self._none(self.size[1])

    @property
    def is_matrix_free(self) -> bool:
        return self.linear is not None

    def differential(self, x: Batch, u: Inputs) -> Linear:
        if self.linear is None or not x.shape[0]:
            return super().differential(x, u)
        return self.linear(x, u)

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        return self.pullback(x, u, w) if self.pullback and x.shape[0] else super().vjp(x, u, w)

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        if self.numerical is None:
            return super().curvature(x, u, w)
        return self.numerical(self.unit).curvature(x, u, w)

    def _none(self, width: int) -> Float[Any, "0 d k"]:
        """Return the derivatives of no rows."""
        return self.arrays.asarray(np.zeros((0, self.size[0], width)))

    def __deepcopy__(self, memo: dict[int, Any]) -> FunctionDynamics:
        return self  # nothing in it changes

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the function itself; it is read anew where it is loaded."""
        return _read_anew, (self.library, pack_function(self.given))


_DERIVATIVES = {
    "numpy": "central differences",
    "torch": "torch autograd",
    "jax": "JAX autodiff",
    "tensorflow": "TensorFlow tapes",
}


def _read_anew(library: str, packed: bytes) -> Dynamics:
    dynamics: Dynamics = adapter(library).read_function(pickle.loads(packed))
    return dynamics
