"""Keras' standard cells as canonical ones, and how Keras lays their states out."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from jaxtyping import Float

from ..._core.layout import StateLayout, Variable
from ...cells import GRUCell, LSTMCell, ResetBeforeGRUCell, StackedCell, VanillaCell
from ...dynamics import Dynamics
from ...errors import UnsupportedModelError
from ..conventions import from_keras
from ..gates import Gate, gru, lstm, reset_before_gru, vanilla
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
    """
    if type(cell) is keras.layers.StackedRNNCells:
        layers = [canonical(layer) for layer in cell.cells]
        known = [layer for layer in layers if layer is not None]
        return StackedCell(tuple(known)) if len(known) == len(layers) else None
    reader = _READERS.get(type(cell))
    return None if reader is None else reader(cell)


def structure_of(cell: Any) -> StateLayout:
    """Return how Keras keeps the states of a cell: one array, or a list; a stack's in a list."""
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

    return StateLayout(nest(cell, ""))


def read_variable(cell: Any, name: str, variable: Any) -> Array:
    """Return a weight of a cell, checked, as a float64 NumPy array of its own."""
    return read_weight(type(cell).__name__, name, variable.value)


def _vanilla(cell: keras.layers.SimpleRNNCell) -> VanillaCell | None:
    phi = _ACTIVATIONS.get(cell.activation)
    return None if phi is None else vanilla(_weights(cell), phi)


def _gru(cell: keras.layers.GRUCell) -> GRUCell | ResetBeforeGRUCell | None:
    if not _has_usual_gates(cell):
        return None
    return (gru if cell.reset_after else reset_before_gru)(_weights(cell))


def _lstm(cell: keras.layers.LSTMCell) -> LSTMCell | None:
    return lstm(_weights(cell)) if _has_usual_gates(cell) else None


_READERS: dict[type, Callable[[Any], Dynamics | None]] = {
    keras.layers.SimpleRNNCell: _vanilla,
    keras.layers.GRUCell: _gru,
    keras.layers.LSTMCell: _lstm,
}


def _has_usual_gates(cell: Any) -> bool:
    names = (_ACTIVATIONS.get(phi) for phi in (cell.recurrent_activation, cell.activation))
    return tuple(names) == ("sigmoid", "tanh")


def _weights(cell: Any) -> Gate:
    stored = {name: getattr(cell, name) for name in ("kernel", "recurrent_kernel", "bias")}
    return from_keras(
        **{
            name: read_variable(cell, name, held)
            for name, held in stored.items()
            if held is not None
        }
    )
