"""Keras 3: recurrent cells and the layers that hold one, on any of its backends.

Weights are copied in float64; the user's objects and Keras' own settings stay as they are.
"""

from __future__ import annotations

from typing import Any

import keras

from ...errors import UnsupportedModelError
from ..base import AdaptedModel, ModelSpec
from .calls import check_canonical, read_calls
from .cells import canonical, structure_of

__all__ = ["is_model", "read_model"]


def is_model(model: Any) -> bool:
    """Whether `model` is a Keras layer, which cells and whole models are too."""
    return isinstance(model, keras.layers.Layer)


def read_model(model: keras.layers.Layer, spec: ModelSpec) -> AdaptedModel:
    """Return a cell as dynamics: a standard one as a canonical cell, any other by its calls.

    Parameters
    ----------
    model
        A cell, that is a layer with `output, new_states = cell(inputs, states)` and a
        `state_size`; or `SimpleRNN`, `GRU`, `LSTM` or `RNN`, whose cell is read.
    spec
        m may be needed for a cell that did not record the shape that it was built with.

    Raises
    ------
    UnsupportedModelError
        If the model is not one step of a recurrent network, has no weights yet, or its weights
        are of low precision.
    ArgumentError
        If m is not known, or a weight is not finite.
    """
    spec.refuse(model, "state", "params")
    cell = _cell_of(model)
    _check_built(cell)
    dynamics = canonical(cell)
    if dynamics is None:
        return read_calls(cell, spec)
    spec.refuse(model, "facts")
    check_canonical(cell, dynamics)
    return AdaptedModel(dynamics, structure_of(cell))


def _cell_of(model: Any) -> Any:
    """Return the cell that a recurrent layer holds, or the cell itself."""
    name = type(model).__name__
    if isinstance(model, keras.layers.Bidirectional):
        raise UnsupportedModelError(
            f"model: {name} reads its inputs from both ends, so its state is not a function of the "
            f"state before, and it has no fixed points; analyse model.forward_layer."
        )
    if isinstance(model, keras.layers.RNN):
        if type(model).call not in _CALLS or "call" in vars(model):
            raise UnsupportedModelError(
                f"model: this {name} has a `call` of its own, which may do more than its cell; "
                f"pass model.cell if the cell alone is one step, or a function of all of it."
            )
        if model.go_backwards:
            raise UnsupportedModelError(
                f"model: this {name} reads its inputs from the last to the first (go_backwards), "
                f"so its steps do not follow time; pass model.cell if one step is what you mean."
            )
        return _cell_of(model.cell)
    if isinstance(model, keras.Model):
        raise UnsupportedModelError(_no_cell(model))
    if not isinstance(model, keras.layers.Layer) or not hasattr(model, "state_size"):
        raise UnsupportedModelError(
            f"model: {name} is no recurrent cell: it is not a Keras layer with a `state_size` and "
            f"`output, new_states = cell(inputs, states)`. Pass the recurrent layer or its cell; "
            f"anything else can be wrapped in a function, as_system(step, state_size=..., "
            f"input_size=..., framework={keras.backend.backend()!r})."
        )
    return model


_LAYERS = (keras.layers.RNN, keras.layers.SimpleRNN, keras.layers.GRU, keras.layers.LSTM)
_CALLS = {layer.call for layer in _LAYERS}


def _no_cell(model: keras.Model) -> str:
    found = [layer.name for layer in model.layers if isinstance(layer, keras.layers.RNN)]
    first = found[0] if found else "..."
    return (
        f"model: {type(model).__name__} is a whole model, not one step of a recurrent network; its "
        f"recurrent layers are: {', '.join(found) or 'none that it lists'}. Pass one of them, for "
        f"example model.get_layer({first!r})."
    )


def _check_built(cell: Any) -> None:
    parts = cell.cells if isinstance(cell, keras.layers.StackedRNNCells) else [cell]
    if not all(part.built for part in parts):
        raise UnsupportedModelError(
            f"model: {type(cell).__name__} is not built, so it has no weights; load a trained "
            f"model, or build it with cell.build((None, input_size)), a layer with "
            f"layer.build((None, None, input_size))."
        )
