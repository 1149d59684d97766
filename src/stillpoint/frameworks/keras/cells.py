"""Keras' standard cells as canonical ones, and how Keras lays their states out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from jaxtyping import Float

from ..._core.layout import Structure, Variable
from ...cells import GRUCell, LSTMCell, ResetBeforeGRUCell, StackedCell, VanillaCell
from ...dynamics import Dynamics
from ...errors import UnsupportedModelError
from ..weights import read_weight

Array = Float[np.ndarray, "..."]

_ACTIVATIONS = {
    keras.activations.tanh: "tanh",
    keras.activations.relu: "relu",
    keras.activations.sigmoid: "sigmoid",
    keras.activations.softplus: "softplus",
    keras.activations.linear: "linear",
}


def canonical(cell: Any) -> Dynamics | None:
    """Return a standard cell as a canonical one, or None where there is none with its formulas.

    Subclasses may compute something else, so only the very types are standard ones.

    Raises
    ------
    UnsupportedModelError
        If its weights are complex or of low precision.
    ArgumentError
        If they are not finite.
    """
    if type(cell) is keras.layers.StackedRNNCells:
        layers = [canonical(layer) for layer in cell.cells]
        return None if None in layers else StackedCell(tuple(layers))
    reader = _READERS.get(type(cell))
    return None if reader is None else reader(cell)


def structure_of(cell: Any) -> Structure:
    """Return how Keras keeps the states of a cell: one array, or a list; a stack's in a list.

    Raises
    ------
    UnsupportedModelError
        If `state_size` is neither an integer nor a list or tuple of integers.
    """
    units = itertools.count()

    def place(name: str, size: Any) -> Variable:
        if not isinstance(size, int):
            raise UnsupportedModelError(
                f"model: state_size of {type(cell).__name__} is {cell.state_size!r}; an integer, "
                f"or a list of integers with one for each variable of the state, is wanted."
            )
        return Variable(name, np.array(list(itertools.islice(units, size))))

    def nest(layer: Any, path: str) -> Any:
        if isinstance(layer, keras.layers.StackedRNNCells):
            return [nest(part, f"layer{k}") for k, part in enumerate(layer.cells)]
        sizes = layer.state_size
        if not isinstance(sizes, list | tuple):
            return place(path, sizes)
        names = "hc" if isinstance(layer, keras.layers.LSTMCell) else map(str, range(len(sizes)))
        paths = [f"{path}.{name}" if path else name for name in names]
        return type(sizes)(map(place, paths, sizes))

    return Structure(nest(cell, ""))


def read_variable(cell: Any, name: str, variable: Any) -> Array:
    """Return a weight of a cell as a float64 NumPy array of its own.

    Raises
    ------
    UnsupportedModelError
        If it is complex or of low precision.
    ArgumentError
        If it is not finite.
    """
    return read_weight(type(cell).__name__, name, variable.value)


def _vanilla(cell: keras.layers.SimpleRNNCell) -> VanillaCell | None:
    phi = _ACTIVATIONS.get(cell.activation)
    if phi is None:
        return None
    W, B, b = _weights(cell)
    return VanillaCell(W, B, b, phi)


def _gru(cell: keras.layers.GRUCell) -> GRUCell | ResetBeforeGRUCell | None:
    if not _has_usual_gates(cell):
        return None
    W, B, b = map(_reset_first, _weights(cell))
    if not cell.reset_after:
        return ResetBeforeGRUCell(W, B, b)
    inputs, recurrent = b.T  # the two biases, shape (3 d,) each
    gates = 2 * cell.units  # r and z; n keeps its two biases apart
    outside = np.concatenate([recurrent[:gates], np.zeros(cell.units)])
    return GRUCell(W, B, inputs + outside, recurrent[gates:])


def _lstm(cell: keras.layers.LSTMCell) -> LSTMCell | None:
    return LSTMCell(*_weights(cell)) if _has_usual_gates(cell) else None


_READERS: dict[type, Callable[[Any], Dynamics | None]] = {
    keras.layers.SimpleRNNCell: _vanilla,
    keras.layers.GRUCell: _gru,
    keras.layers.LSTMCell: _lstm,
}


def _has_usual_gates(cell: Any) -> bool:
    names = (_ACTIVATIONS.get(phi) for phi in (cell.recurrent_activation, cell.activation))
    return tuple(names) == ("sigmoid", "tanh")


def _weights(cell: Any) -> tuple[Array, Array, Array]:
    """Return W, B and b with rows = to; a GRU's two biases as columns; zeros for no bias."""
    W, B = (
        read_variable(cell, name, getattr(cell, name)).T for name in ("recurrent_kernel", "kernel")
    )
    if cell.bias is not None:
        return W, B, read_variable(cell, "bias", cell.bias).T
    is_double = getattr(cell, "reset_after", False)
    return W, B, np.zeros((len(W), 2) if is_double else len(W))


def _reset_first(gates: Array) -> Array:
    """Return rows of z, r, n, as Keras stacks them, as rows of r, z, n."""
    z, r, n = np.split(gates, 3)
    return np.concatenate([r, z, n])
