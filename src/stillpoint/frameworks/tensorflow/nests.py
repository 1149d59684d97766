"""States in their own nest as flat rows of tensors, which lack the methods of other arrays."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
import tensorflow as tf

from ..._core.layout import StateLayout, Variable
from ...errors import ArgumentError

Tensor: TypeAlias = tf.Tensor


def on_flat_tensors(
    function: Callable[..., Any], layout: StateLayout
) -> Callable[[Tensor, Tensor], Any]:
    """Return a function on states in their own nest as one on flat rows.

    What the function returns is read by name, so the order of its dictionaries does not matter.
    """
    if layout.is_flat:
        return function
    return lambda x, u: _pack(layout, function(_unpack(layout, x), u))


def _unpack(layout: StateLayout, rows: Tensor) -> Any:
    return layout.build(lambda variable: _read(variable, rows))


def _read(variable: Variable, rows: Tensor) -> Tensor:
    values = tf.gather(rows, variable.places, axis=1)
    return tf.complex(values[..., 0], values[..., 1]) if variable.is_complex else values


def _pack(layout: StateLayout, state: Any) -> Tensor:
    variables = layout.variables
    leaves = zip(variables, layout.leaves(state), strict=True)
    rows = tf.concat([_flatten(variable, leaf) for variable, leaf in leaves], axis=1)
    order = np.argsort(np.concatenate([variable.places.ravel() for variable in variables]))
    return rows if np.array_equal(order, np.arange(len(order))) else tf.gather(rows, order, axis=1)


def _flatten(variable: Variable, leaf: Any) -> Tensor:
    values, own = tf.convert_to_tensor(leaf), variable.shape
    if not values.shape[1:].is_compatible_with(own) or values.shape.rank != len(own) + 1:
        raise ArgumentError(
            f"{variable.name or 'state'}: got shape {values.shape}, but {(None, *own)} is wanted."
        )
    if variable.is_complex:
        values = tf.stack([tf.math.real(values), tf.math.imag(values)], axis=-1)
    return tf.reshape(values, (-1, variable.places.size))
