"""TensorFlow: any function on tensors, compiled once, differentiated by tapes, NumPy around it.

A function becomes graphs of its own; the caller's variables and settings stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from ..._core.arrays import ArrayKind, to_numpy
from ...errors import UnsupportedModelError
from ..functions import Derivative, FunctionDynamics, StepFunction
from ..trials import in_either_precision, try_out, works_in_double
from .graphs import Compiled, jacobian_of, pull_back, push_forward
from .nests import on_flat_tensors

#: A batched step on tensors: states (n, d) and inputs (n, m) to new states (n, d).
Step = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


def is_array(array: Any) -> bool:
    """Whether `array` is TensorFlow's."""
    return isinstance(array, tf.Tensor | tf.Variable)


def read_function(given: StepFunction) -> FunctionDynamics:
    """Return a TensorFlow function as dynamics on NumPy arrays.

    The function is of batches, the batch axis first, and must be one that `tf.function` can trace
    for any number of rows.

    Raises
    ------
    UnsupportedModelError
        If TensorFlow cannot trace the function, or it is not one step of a state.
    """
    _check_eager()
    step = on_flat_tensors(given.of_two(), given.layout)
    arrays = _working_precision(given, step)
    d, m = given.size
    compiled = partial(Compiled, dtype=arrays.dtype)
    pushed = compiled(push_forward(step), (d, m, d))
    return given.dynamics(
        "tensorflow",
        arrays,
        compiled(step, (d, m)),
        of_state=compiled(jacobian_of(step), (d, m)),
        of_inputs=compiled(jacobian_of(step, in_inputs=True), (d, m)),
        linear=lambda x, u: partial(pushed, x, u),
        pullback=compiled(pull_back(step), (d, m, d)),
        called=_on_host,
    )


def read_observable(
    function: Callable[[Any], Any], size: int
) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return a function g of states (n, d) and its Jacobian, both on NumPy arrays.

    Examples
    --------
    >>> value, jacobian = read_observable(tf.square, 2)
    >>> jacobian(np.ones((1, 2)))[0].tolist()
    [[2.0, 0.0], [0.0, 2.0]]
    """
    g = jacobian_of(lambda x, u: function(x))  # noqa: ARG005
    value = Compiled(function, (size,), np.float64)
    return value, Compiled(lambda x: g(x, None), (size,), np.float64)


def _check_eager() -> None:
    if not tf.executing_eagerly():
        raise UnsupportedModelError(
            "step: TensorFlow runs in the graph mode of version 1 (a Session, a tf.Graph, or "
            "disable_eager_execution), where tensors have no values. Write the step with "
            "TensorFlow 2, its weights restored by tf.train.load_checkpoint; or pass "
            "framework='numpy' and a step that calls session.run on NumPy arrays."
        )


def _working_precision(given: StepFunction, step: Step) -> ArrayKind:
    """Return the arrays that `step` works on: float64, or float32 where it admits no other."""
    double, single = (ArrayKind.of(np.zeros(0, dtype)) for dtype in (np.float64, np.float32))
    result = in_either_precision(lambda kind: _try_out(given, step, kind), double, single)
    once = Compiled(step, given.size, result.dtype)
    return double if works_in_double(once, given.size, double, result) else single


def _try_out(given: StepFunction, step: Step, kind: ArrayKind) -> np.ndarray:
    """Call a step on two rows, traced afresh every time; return what it gave."""

    def fresh(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        # Numbers that NumPy draws, or that Python counts, would be constants of one graph.
        return Compiled(step, given.size, kind.dtype)(x, u)

    try:
        return try_out(given.name, fresh, given.size, kind)
    except UnsupportedModelError as error:
        raise UnsupportedModelError(
            f"{error} TensorFlow traces it with an unknown number of rows, so take that number "
            f"from tf.shape(x)[0], keep values in tensors (no .numpy()), and decorate a step that "
            f"loops or branches over tensors with tf.function."
        ) from error


def _on_host(derivative: Derivative) -> Derivative:
    """Return the caller's derivative as one on NumPy arrays."""

    def called(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        result = derivative(tf.constant(x), tf.constant(u))
        return to_numpy(result).astype(x.dtype)

    return called
