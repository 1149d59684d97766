"""Any function x' = step(x, u) as `Dynamics`: what is asked of it, and how it is tried out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..arrays import ArrayKind, to_numpy
from ..dynamics import Batch, Dynamics, Inputs, Kind, Matrices
from ..status import ArgumentError, UnsupportedModelError
from ..structure import Structure

Step = Callable[[Batch, Inputs], Batch]
Derivative = Callable[[Batch, Inputs], Any]


@dataclass(frozen=True, eq=False)
class FunctionDynamics(Dynamics):
    """A batched function with its derivatives.

    Attributes
    ----------
    function
        Maps states (n, d) and inputs (n, m) to new states (map) or velocities (flow), (n, d).
    size
        (d, m).
    array_kind
        The arrays that the function works on.
    state_derivative, input_derivative
        Return the Jacobians (n, d, d) and (n, d, m).
    pushforward, pullback
        Return J v and w J, or None to multiply with the Jacobian.
    function_kind
        "map" or "flow".
    known_lefschetz
        The index sum, where the caller knows it.
    """

    function: Step
    size: tuple[int, int]
    array_kind: ArrayKind
    state_derivative: Derivative
    input_derivative: Derivative
    pushforward: Callable[[Batch, Inputs, Batch], Batch] | None = None
    pullback: Callable[[Batch, Inputs, Batch], Batch] | None = None
    function_kind: Kind = "map"
    known_lefschetz: int | None = None

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
        return self.function_kind

    @property
    def lefschetz(self) -> int | None:
        return self.known_lefschetz

    def step(self, x: Batch, u: Inputs) -> Batch:
        return self.function(x, u)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self.state_derivative(x, u)

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self.input_derivative(x, u)

    def jvp(self, x: Batch, u: Inputs, v: Batch) -> Batch:
        return self.pushforward(x, u, v) if self.pushforward else super().jvp(x, u, v)

    def vjp(self, x: Batch, u: Inputs, w: Batch) -> Batch:
        return self.pullback(x, u, w) if self.pullback else super().vjp(x, u, w)


def accept_state_alone(function: Callable[..., Any], input_size: int) -> Step:
    """Return `function` as one of (x, u), whether or not it takes inputs.

    A function of the state alone is accepted where `input_size` is 0.
    """
    try:
        inspect.signature(function).bind(None, None)
    except TypeError:
        if input_size == 0:
            return lambda x, _: function(x)
        raise ArgumentError(
            f"step: {name_of(function)} does not take two arguments, but input_size={input_size}; "
            f"write it as step(x, u) with x of shape (n, d) and u of shape (n, {input_size})."
        ) from None
    except ValueError:  # a builtin without a signature
        pass
    return function


def on_flat_states(function: Callable[..., Any], structure: Structure) -> Step:
    """Return a function on states in their own nest as one on flat rows.

    What the function returns is read by name, so the order of its dictionaries does not matter.
    """
    if structure.is_flat:
        return function
    return lambda x, u: structure.pack(function(structure.unpack(x), u))


def try_out(function: Step, size: tuple[int, int], kind: ArrayKind) -> Any:
    """Call `function` on some states, check that it is a batched step; return what it gave.

    Raises
    ------
    UnsupportedModelError
        If the call fails, what it returns is not one new state per state, or a row depends on
        anything but itself.
    """
    name, (d, _) = name_of(function), size
    x, u = trial_rows(size, kind)
    try:
        with np.errstate(all="ignore"):  # a pole is no fault of the function
            result, again, alone = function(x, u), function(x, u), function(x[:1, :], u[:1, :])
    except Exception as error:
        raise UnsupportedModelError(
            f"step: {name} failed on states of shape {tuple(x.shape)} and inputs of shape "
            f"{tuple(u.shape)} ({type(error).__name__}: {error}). A step function must be batched: "
            f"one row per state. Check state_size and input_size, or vectorise the function."
        ) from error
    shape = tuple(getattr(result, "shape", ()))
    if shape != tuple(x.shape):
        raise UnsupportedModelError(
            f"step: {name} returned {type(result).__name__} of shape {shape} for states of shape "
            f"{tuple(x.shape)}; one new state per row is wanted, shape (n, {d})."
        )
    check_rows(name, result, again, alone)
    return result


def trial_rows(size: tuple[int, int], kind: ArrayKind) -> tuple[Any, Any]:
    """Return two states and inputs to try a function on: the same ones every time."""
    rng = np.random.default_rng(0)
    return kind.asarray(rng.random((2, size[0]))), kind.asarray(rng.random((2, size[1])))


def check_rows(name: str, result: Any, again: Any, alone: Any) -> None:
    """Check that a step is a function of its own row: of no random number, of no other row.

    Parameters
    ----------
    name
        The function's name, for the message.
    result, again
        What it returned for the same rows in two calls.
    alone
        What it returned for the first row without the others.

    Raises
    ------
    UnsupportedModelError
        If it is not.
    """
    first, second, single = (
        to_numpy(values).astype(np.float64) for values in (result, again, alone)
    )
    if not np.array_equal(first, second, equal_nan=True):
        raise UnsupportedModelError(
            f"step: {name} returned two different results for the same states, so it is no "
            f"function of state and input; leave out noise and dropout, and anything that it "
            f"changes outside."
        )
    if not np.allclose(first[:1], single, rtol=1e-3, atol=1e-4, equal_nan=True):
        raise UnsupportedModelError(
            f"step: {name} mixes the rows of a batch: the first state's step depends on the other "
            f"states. One row per state is wanted, each stepped by itself."
        )


def check_derivative(
    name: str, derivative: Any, size: tuple[int, int], width: int, kind: ArrayKind
) -> None:
    """Call a derivative that the caller passed once, and check its shape; None is fine.

    Raises
    ------
    ArgumentError
        If it is no function, or returns another shape.
    """
    if derivative is None:
        return
    if not callable(derivative):
        raise ArgumentError(
            f"{name}: got {derivative!r}, but a function of (x, u) is wanted; leave it out to have "
            f"it computed."
        )
    x, u = trial_rows(size, kind)
    with np.errstate(all="ignore"):
        shape = tuple(getattr(derivative(x, u), "shape", ()))
    if shape != (2, size[0], width):
        raise ArgumentError(
            f"{name}: returned shape {shape} for 2 states, but (2, {size[0]}, {width}) is wanted: "
            f"rows are what is written to, columns what is read from."
        )


def name_of(function: Any) -> str:
    """Return what a function is called, for messages."""
    return getattr(function, "__name__", type(function).__name__)
