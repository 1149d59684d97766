"""Flax: recurrent cells and layers of its two libraries, `flax.nnx` and `flax.linen`.

Standard cells become canonical ones; any other is called as `new_carry, y = cell(carry, inputs)`.
A file for each library says how a cell is copied, what its layers are and how it is called; it is
read where the user has imported that library.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from importlib import import_module
from types import ModuleType
from typing import Any

from ..._core.layout import StateLayout
from ...errors import ArgumentError, UnsupportedModelError
from ..base import AdaptedModel, ModelSpec
from ..jax.modules import check_canonical, pair, read_calls
from ..signatures import order_by_names, positional_names
from .cells import FlaxCell, read_standard

__all__ = ["is_model", "read_model"]

_LIBRARIES = {"flax.nnx": "nnx", "flax.linen": "linen"}
_CALL = "new_carry, y = cell(carry, inputs)"


def is_model(model: Any) -> bool:
    """Whether `model` is a module of either library."""
    return _reader_of(model) is not None


def read_model(model: Any, spec: ModelSpec) -> AdaptedModel:
    """Return a cell, or a layer's cell, as dynamics.

    Parameters
    ----------
    model
        A cell or an `RNN` of either library, or any module that is called like a cell.
    spec
        `params` are the variables of a linen module. For cells of one's own: `state`, an example
        of one carry, or d where the carry is one array, unless `initialize_carry` tells; m unless
        it has `in_features`.

    Raises
    ------
    ArgumentError
        If variables are missing, or sizes that the model does not tell.
    UnsupportedModelError
        If the model is bidirectional or reads backwards, is not one step of a recurrent network,
        draws random numbers, or its weights are too coarse.
    """
    reader: Any = _reader_of(model)
    if type(model).__name__ == "Bidirectional":
        raise UnsupportedModelError(
            "model: a Bidirectional layer reads its inputs from both ends, so its state is not a "
            "function of the state before, and it has no fixed points; analyse one of its layers."
        )
    cell: FlaxCell = reader.read_cell(model, spec)
    if cell.name:
        spec.refuse(cell.module, "state")
    name, dynamics = type(cell.module).__name__, read_standard(cell)
    if dynamics is not None:
        spec.refuse(cell.module, "facts")
        is_lstm = "c" in dynamics.parts
        size = dynamics.state_size
        layout = pair("c", "h", size // 2) if is_lstm else StateLayout.flat(size)
        check_canonical(name, dynamics, cell.step, layout)
        return AdaptedModel(dynamics, layout if is_lstm else None)
    method = type(cell.module).__call__
    is_field = spec.kind == "flow" and "t" in positional_names(method)
    told = 0 if is_field and cell.input_size is None else cell.input_size
    input_size = spec.size("input_size", cell.module, told)
    layout = _carry_of(cell, spec, input_size)
    spec = replace(spec, input_size=input_size)
    names = positional_names(cell.module.__call__)
    if cell.follows_convention and order_by_names(names) != "input first":
        return read_calls(name, cell.step, cell.step, spec, layout, "state first")
    return read_calls(name, cell.call, cell.module.__call__, spec, layout, "state first")


def _carry_of(cell: FlaxCell, spec: ModelSpec, input_size: int) -> StateLayout:
    """Return the nest of the carry, from an example that the caller or the cell gives."""
    if spec.state is not None:
        return StateLayout.of(spec.state)
    try:
        layout = StateLayout.of(cell.initial_carry(input_size))
    except Exception as error:  # the cell has no such method, or wants something else
        if spec.state_size is not None:
            return StateLayout.flat(spec.size("state_size", cell.module, None))
        raise ArgumentError(
            f"state_size: got None, and {type(cell.module).__name__} has no `initialize_carry` "
            f"that tells ({type(error).__name__}: {error}). If it is one step of a recurrent "
            f"network, `{_CALL}`, pass as_system(model, state_size=...), or state=, an example of "
            f"one carry."
        ) from error
    return pair("c", "h", layout.size // 2) if cell.is_lstm else layout


def _reader_of(model: Any) -> ModuleType | None:
    for library, reader in _LIBRARIES.items():
        loaded = sys.modules.get(library)
        if loaded is not None and isinstance(model, loaded.Module):
            return import_module(f".{reader}", __package__)
    return None
