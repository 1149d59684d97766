"""Equinox: GRU and LSTM cells as canonical ones, other modules by their calls, `cell(input, h)`.

Modules are frozen trees of arrays. The arrays are copied, so that the System stays as it is when
they are donated to a training step, and layers with an inference mode are put into it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import equinox as eqx

from .._core.layout import StateLayout
from ..dynamics import Dynamics
from .base import AdaptedModel, ModelSpec
from .conventions import from_equinox
from .gates import gru, lstm
from .jax.modules import Called, check_canonical, copy_arrays, pair, read_calls
from .signatures import positional_names
from .velocities import check_timed, takes_time

__all__ = ["is_model", "read_model"]


def is_model(model: Any) -> bool:
    """Whether `model` is an Equinox module that may be a cell.

    A function that `filter_jit`, `filter_vmap`, `Partial` and the like have made a module of is
    not: it is a function still, called as step(x, u). A module inside of them is.
    """
    return isinstance(_unwrapped(model), eqx.Module)


def _unwrapped(model: Any) -> Any:
    """Return what a module that only calls something else calls, or the module itself."""
    while isinstance(model, eqx.Module) and _is_wrapper(model):
        model = getattr(model, "__wrapped__", getattr(model, "func", None))
    return model


def _is_wrapper(module: Any) -> bool:
    """Whether a module only calls something else: all of Equinox's own do but its layers."""
    library, _, place = type(module).__module__.partition(".")
    return library == "equinox" and not place.startswith("nn")


def read_model(model: Any, spec: ModelSpec) -> AdaptedModel:
    """Return a module as dynamics: a standard cell as a canonical one, any other by its calls.

    Parameters
    ----------
    model
        `eqx.nn.GRUCell`, `eqx.nn.LSTMCell`, or a module with `h = cell(input, h)`, of one state.
    spec
        For other modules: `state`, an example of one state, or d where the state is one array,
        unless the module has a `hidden_size`; m unless it has an `input_size`.

    Raises
    ------
    ArgumentError
        If the module does not tell its sizes and they are not given.
    UnsupportedModelError
        If it is not one step of a recurrent network, or its weights are too coarse.
    """
    spec.refuse(model, "params")
    is_lstm = isinstance(model, eqx.nn.LSTMCell)
    if is_lstm or isinstance(model, eqx.nn.GRUCell):
        spec.refuse(model, "state")
    name = type(model).__name__
    own: Any = eqx.nn.inference_mode(copy_arrays(name, model))
    layout = _structure(model, spec)
    if type(model) in (eqx.nn.GRUCell, eqx.nn.LSTMCell):
        spec.refuse(model, "facts")
        dynamics = _canonical(own)
        check_canonical(name, dynamics, Called(own, "input first"), layout)
        return AdaptedModel(dynamics, layout)
    call = _unwrapped(model).__call__
    is_timed = takes_time(call)
    if is_timed:
        check_timed(name, spec.kind)
    is_field = is_timed or (spec.kind == "flow" and len(positional_names(call)) == 1)
    told = getattr(model, "input_size", 0 if is_field else None)
    spec = replace(spec, input_size=spec.size("input_size", model, told))
    return read_calls(name, own, call, spec, layout, "input first")


def _structure(model: Any, spec: ModelSpec) -> StateLayout:
    if isinstance(model, eqx.nn.LSTMCell):
        return pair("h", "c", model.hidden_size)
    if spec.state is not None:
        return StateLayout.of(spec.state)
    return StateLayout.flat(spec.size("state_size", model, getattr(model, "hidden_size", None)))


def _canonical(cell: Any) -> Dynamics:
    stored = (cell.weight_ih, cell.weight_hh, cell.bias)
    if isinstance(cell, eqx.nn.LSTMCell):
        return lstm(from_equinox(*stored))
    return gru(from_equinox(*stored, cell.bias_n))
