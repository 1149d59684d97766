"""Any function x' = step(x, u) as `Dynamics`: what is asked of it, and how it is tried out."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..arrays import ArrayKind
from ..dynamics import Batch, Dynamics, Inputs, Kind, Matrices
from ..status import ArgumentError, UnsupportedModelError

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
            f"step: {_name(function)} does not take two arguments, but input_size={input_size}; "
            f"write it as step(x, u) with x of shape (n, d) and u of shape (n, {input_size})."
        ) from None
    except ValueError:  # a builtin without a signature
        pass
    return function


def try_out(function: Step, size: tuple[int, int], kind: ArrayKind) -> Any:
    """Call `function` once on two states and check that it is batched; return what it gave.

    Raises
    ------
    UnsupportedModelError
        If the call fails, or what it returns is not one new state per state.
    """
    xp, (d, m) = kind.namespace, size
    x = xp.zeros((2, d), dtype=kind.dtype, device=kind.device)
    u = xp.zeros((2, m), dtype=kind.dtype, device=kind.device)
    try:
        with np.errstate(all="ignore"):  # a pole at zero is no fault of the function
            result = function(x, u)
    except Exception as error:
        raise UnsupportedModelError(
            f"step: {_name(function)} failed on states of shape (2, {d}) and inputs of shape "
            f"(2, {m}) ({type(error).__name__}: {error}). A step function must be batched: one "
            f"row per state. Check state_size and input_size, or vectorise the function."
        ) from error
    shape = tuple(getattr(result, "shape", ()))
    if shape != (2, d):
        raise UnsupportedModelError(
            f"step: {_name(function)} returned {type(result).__name__} of shape {shape} for "
            f"states of shape (2, {d}); one new state per row is wanted, shape (2, {d})."
        )
    return result


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
    (d, m), xp = size, kind.namespace
    x = xp.zeros((2, d), dtype=kind.dtype, device=kind.device)
    u = xp.zeros((2, m), dtype=kind.dtype, device=kind.device)
    with np.errstate(all="ignore"):
        shape = tuple(getattr(derivative(x, u), "shape", ()))
    if shape != (2, d, width):
        raise ArgumentError(
            f"{name}: returned shape {shape} for 2 states, but (2, {d}, {width}) is wanted: rows "
            f"are what is written to, columns what is read from."
        )


def _name(function: Any) -> str:
    return getattr(function, "__name__", type(function).__name__)
