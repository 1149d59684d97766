"""Equinox: GRU and LSTM cells as canonical ones, other modules by `h = cell(input, h)`.

Modules are frozen trees of arrays. The arrays are copied, so that the System stays as it is when
they are donated to a training step, and layers with an inference mode are put into it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import numpy as np

from .._core.layout import Structure
from ..cells import GRUCell, LSTMCell
from ..dynamics import Dynamics
from .base import Hints, Reading
from .jax.modules import copy_arrays, pair, read_calls

__all__ = ["is_model", "read_model"]


def is_model(model: Any) -> bool:
    """Whether `model` is an Equinox module that may be a cell.

    A function that `filter_jit`, `filter_vmap`, `Partial` and the like have made a module of is
    not: it is a function still, called as step(x, u). A module inside of them is.
    """
    while isinstance(model, eqx.Module) and _is_wrapper(model):
        model = getattr(model, "__wrapped__", getattr(model, "func", None))
    return isinstance(model, eqx.Module)


def _is_wrapper(module: Any) -> bool:
    """Whether a module only calls something else: all of Equinox's own do but its layers."""
    library, _, place = type(module).__module__.partition(".")
    return library == "equinox" and not place.startswith("nn")


def read_model(model: Any, hints: Hints) -> Reading:
    """Return a module as dynamics: a standard cell as a canonical one, any other by its calls.

    Parameters
    ----------
    model
        `eqx.nn.GRUCell`, `eqx.nn.LSTMCell`, or a module with `h = cell(input, h)`, of one state.
    hints
        For other modules: `state`, an example of one state, or d where the state is one array,
        unless the module has a `hidden_size`; m unless it has an `input_size`.

    Raises
    ------
    ArgumentError
        If the module does not tell its sizes and they are not given.
    UnsupportedModelError
        If it is not one step of a recurrent network, or its weights are too coarse.
    """
    hints.refuse(model, "params")
    if isinstance(model, eqx.nn.GRUCell | eqx.nn.LSTMCell):
        hints.refuse(model, "state")
    name = type(model).__name__
    own: Any = eqx.nn.inference_mode(copy_arrays(name, model))
    if type(model) in _READERS:
        return Reading(_READERS[type(model)](own), _structure(model, hints))
    return read_calls(
        name,
        "h = cell(input, h)",
        lambda state, u: own(u, state),
        _structure(model, hints),
        hints.size("input_size", model, getattr(model, "input_size", None)),
    )


def _structure(model: Any, hints: Hints) -> Structure:
    if isinstance(model, eqx.nn.LSTMCell):
        return pair("h", "c", model.hidden_size)
    if hints.state is not None:
        return Structure.of(hints.state)
    return Structure.flat(hints.size("state_size", model, getattr(model, "hidden_size", None)))


def _gru(cell: Any) -> GRUCell:
    """Equinox adds its first bias to all gates, its second inside the reset gate."""
    d = cell.hidden_size
    return GRUCell(
        W=np.array(cell.weight_hh),
        B=np.array(cell.weight_ih),
        b=_bias(cell.bias, 3 * d),
        c=_bias(cell.bias_n, d),
    )


def _lstm(cell: Any) -> LSTMCell:
    return LSTMCell(
        W=np.array(cell.weight_hh),
        B=np.array(cell.weight_ih),
        b=_bias(cell.bias, 4 * cell.hidden_size),
    )


def _bias(bias: Any, size: int) -> np.ndarray:
    return np.zeros(size) if bias is None else np.array(bias)


_READERS: dict[type, Callable[[Any], Dynamics]] = {eqx.nn.GRUCell: _gru, eqx.nn.LSTMCell: _lstm}
