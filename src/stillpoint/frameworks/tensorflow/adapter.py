"""TensorFlow: any function on tensors, compiled once, differentiated by tapes, NumPy around it.

A function becomes graphs of its own; the caller's variables and settings stay as they are.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf
from jaxtyping import Float

from ...arrays import ArrayKind, to_numpy
from ...dynamics import Dynamics, Kind
from ...status import StillpointWarning, UnsupportedModelError
from ...structure import Structure
from ..functions import (
    Derivative,
    FunctionDynamics,
    accept_state_alone,
    check_derivative,
    name_of,
    try_out,
)
from .graphs import Compiled, jacobian_of, pull_back, push_forward
from .nests import on_flat_tensors

#: A batched step on tensors: states (n, d) and inputs (n, m) to new states (n, d).
Step = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def is_array(array: Any) -> bool:
    """Whether `array` is TensorFlow's."""
    return isinstance(array, tf.Tensor | tf.Variable)


def read_function(
    function: Callable[..., Any],
    structure: Structure,
    input_size: int,
    *,
    kind: Kind = "map",
    jacobian: Derivative | None = None,
    input_jacobian: Derivative | None = None,
    lefschetz: int | None = None,
) -> Dynamics:
    """Return a TensorFlow function as dynamics on NumPy arrays.

    Parameters
    ----------
    function
        Of batches (n, d) and (n, m), or of states in their nest with the batch axis first. It
        must be one that `tf.function` can trace for any n.
    structure
        The nest of its states.
    input_size
        The number of inputs m.
    kind, jacobian, input_jacobian, lefschetz
        As in `as_system`; derivatives are of flat batches.

    Raises
    ------
    UnsupportedModelError
        If TensorFlow cannot trace the function, or it is not one step of a state.
    """
    _check_eager()
    step = on_flat_tensors(accept_state_alone(function, input_size), structure)
    size = (structure.size, input_size)
    arrays = _working_precision(step, name_of(function), size)
    derivatives = _on_host(jacobian), _on_host(input_jacobian)
    check_derivative("jacobian", derivatives[0], size, size[0], arrays)
    check_derivative("input_jacobian", derivatives[1], size, size[1], arrays)
    d, m = size
    compiled = partial(Compiled, dtype=arrays.dtype)
    return FunctionDynamics(
        function=compiled(step, (d, m)),
        size=size,
        array_kind=arrays,
        state_derivative=derivatives[0] or compiled(jacobian_of(step), (d, m)),
        input_derivative=derivatives[1] or compiled(jacobian_of(step, in_inputs=True), (d, m)),
        pushforward=compiled(push_forward(step), (d, m, d)),
        pullback=compiled(pull_back(step), (d, m, d)),
        function_kind=kind,
        known_lefschetz=lefschetz,
    )


def differentiate(function: Callable[[Any], Any], x: Float[Any, "n d"]) -> Float[Any, "n k d"]:
    """Return the Jacobian of a row-wise function.

    Examples
    --------
    >>> differentiate(tf.square, tf.ones((1, 2)))[0].numpy().tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    return jacobian_of(lambda y, _: function(y))(tf.convert_to_tensor(x), None)


def _check_eager() -> None:
    if not tf.executing_eagerly():
        raise UnsupportedModelError(
            "step: TensorFlow runs in the graph mode of version 1 (a Session, a tf.Graph, or "
            "disable_eager_execution), where tensors have no values. Write the step with "
            "TensorFlow 2, its weights restored by tf.train.load_checkpoint; or pass "
            "framework='numpy' and a step that calls session.run on NumPy arrays."
        )


def _working_precision(step: Step, name: str, size: tuple[int, int]) -> ArrayKind:
    """Return the arrays that `step` works on: float64, or float32 where it admits no other."""
    double, single = (ArrayKind.of(np.zeros(0, dtype)) for dtype in (np.float64, np.float32))
    try:
        result = _try_out(step, name, size, double)
    except UnsupportedModelError as error:
        try:
            result = _try_out(step, name, size, single)
        except UnsupportedModelError:
            raise error from None
    if result.dtype == np.float64:
        return double
    if result.dtype != np.float32:
        raise UnsupportedModelError(
            f"step: it returns {result.dtype}, whose numbers are too coarse to tell where the "
            f"network stands still; compute in float32 or float64."
        )
    warnings.warn(
        "step works in float32 only, so residuals end near 1e-7 and points that lie close "
        "together cannot be told apart; use float64 constants inside it for exact points.",
        StillpointWarning,
        stacklevel=4,
    )
    return single


def _try_out(step: Step, name: str, size: tuple[int, int], kind: ArrayKind) -> np.ndarray:
    """Call a step on two rows, traced afresh every time; return what it gave."""

    def fresh(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        # Numbers that NumPy draws, or that Python counts, would be constants of one graph.
        return Compiled(step, size, kind.dtype)(x, u)

    fresh.__name__ = name
    try:
        return try_out(fresh, size, kind)
    except UnsupportedModelError as error:
        raise UnsupportedModelError(
            f"{error} TensorFlow traces it with an unknown number of rows, so take that number "
            f"from tf.shape(x)[0], keep values in tensors (no .numpy()), and decorate a step that "
            f"loops or branches over tensors with tf.function."
        ) from error


def _on_host(derivative: Derivative | None) -> Derivative | None:
    """Return the caller's derivative as one on NumPy arrays."""
    if derivative is None:
        return None

    def called(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        result = derivative(tf.constant(x), tf.constant(u))
        return to_numpy(result).astype(x.dtype)

    return called
