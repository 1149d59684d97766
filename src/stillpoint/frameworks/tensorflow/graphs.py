"""Functions of rows as TensorFlow graphs, each traced once for any number of rows."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

Tensor: TypeAlias = tf.Tensor
Step = Callable[[Tensor, Any], Tensor]

_PYTHON = {"PyFunc", "PyFuncStateless", "EagerPyFunc"}
_ZERO = tf.UnconnectedGradients.ZERO


@dataclass(frozen=True, eq=False)
class Compiled:
    """A function of batches, traced once with an unknown number of rows; NumPy in, NumPy out.

    It is traced when it is made, so that all functions of a system see the same constants. Every
    argument has its own number of columns, one of `widths`.
    """

    function: Callable[..., Any]
    widths: tuple[int, ...]
    dtype: Any

    def __post_init__(self) -> None:
        _ = self._traced

    @functools.cached_property
    def _traced(self) -> Callable[..., Any]:
        signature = [tf.TensorSpec((None, width), self.dtype) for width in self.widths]
        # Without autograph, which would rewrite stillpoint's own functions too and needs sources.
        graph = tf.function(self.function, input_signature=signature, autograph=False)
        traced = graph.get_concrete_function()
        _check_differentiable(traced.graph.as_graph_def())
        return traced

    def __call__(self, *arguments: np.ndarray) -> np.ndarray:
        n = len(arguments[0])
        if not n:  # batch_jacobian divides by the number of rows
            arguments = tuple(np.zeros((1, width), self.dtype) for width in self.widths)
        result = self._traced(*map(tf.constant, arguments))
        if not isinstance(result, tf.Tensor):
            raise TypeError(f"it returns {type(result).__name__}, not a tensor")
        return result.numpy() if n else result.numpy()[:0]


def _check_differentiable(graph: Any) -> None:
    """Raise an error if a graph leaves TensorFlow, whose tapes would take that for a constant."""
    inner = [node for function in graph.library.function for node in function.node_def]
    if any(node.op in _PYTHON for node in [*graph.node, *inner]):
        raise TypeError(
            "it calls Python through tf.py_function or tf.numpy_function, which TensorFlow cannot "
            "differentiate; use its own operations, or NumPy alone with framework='numpy'"
        )


def jacobian_of(step: Step, *, in_inputs: bool = False) -> Step:
    """Return the derivative (n, k, d) of a row-wise step in its states, or in its inputs."""

    def jacobian(x: Tensor, u: Any) -> Tensor:
        variable = u if in_inputs else x
        with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
            tape.watch(variable)
            y = step(x, u)
        return tape.batch_jacobian(y, variable, unconnected_gradients=_ZERO)

    return jacobian


def push_forward(step: Step) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return (x, u, v) -> J v of a row-wise step."""

    def pushed(x: Tensor, u: Tensor, v: Tensor) -> Tensor:
        with tf.autodiff.ForwardAccumulator(x, v) as accumulator:
            y = step(x, u)
        return accumulator.jvp(y, unconnected_gradients=_ZERO)

    return pushed


def pull_back(step: Step) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Return (x, u, w) -> w J of a row-wise step."""

    def pulled(x: Tensor, u: Tensor, w: Tensor) -> Tensor:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(x)
            y = step(x, u)
        return tape.gradient(y, x, output_gradients=w, unconnected_gradients=_ZERO)

    return pulled
