"""Torch's own recurrent modules and cells as canonical ones, and how they are called."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import nn

from ..._core.layout import StateLayout, Variable
from ...cells import StackedCell
from ...dynamics import Dynamics
from ...errors import UnsupportedModelError
from ..base import AdaptedModel
from ..gates import Gate, gru, lstm, vanilla
from ..weights import check_weight, refuse_complex
from .module_step import Call

Tensor = torch.Tensor

_STANDARD = {nn.RNN, nn.RNNCell, nn.GRU, nn.GRUCell, nn.LSTM, nn.LSTMCell}


def is_standard(model: nn.Module) -> bool:
    """Whether a canonical cell does what a call of the module does.

    Only of exactly these types, as subclasses may differ, and where nothing intervenes: hooks,
    those of re-parametrisations too, whose weights are computed at every call, and a `forward` of
    the object's own.
    """
    everywhere = nn.modules.module
    hooks = (
        model._forward_hooks,
        model._forward_pre_hooks,
        everywhere._global_forward_hooks,
        everywhere._global_forward_pre_hooks,
    )
    own = vars(model).keys() & {"forward", "__call__", "_call_impl"}
    return type(model) in _STANDARD and not own and not any(hooks)


def known_call(model: Any) -> Call | None:
    """Return how one of torch's own modules is called, or one that inherits its `forward`."""
    kinds: list[Any] = [kind for kind in _STANDARD if isinstance(model, kind)]
    if not kinds or type(model).forward is not kinds[0].forward or "forward" in vars(model):
        return None
    if not isinstance(model, nn.RNNBase):
        return Call(_structure(model), "input first")
    return Call(_structure(model), "input first", int(model.batch_first), member=1)


def refuse_bidirectional(model: nn.Module) -> None:
    """Refuse a module that reads its inputs from both ends."""
    if getattr(model, "bidirectional", False):
        raise UnsupportedModelError(
            f"model: a bidirectional {type(model).__name__} reads its inputs from both ends, so "
            f"its state is not a function of the state before, and it has no fixed points; "
            f"analyse a unidirectional network."
        )


def read_standard(model: Any) -> AdaptedModel:
    """Return a standard module as canonical cells, its weights copied in float64."""
    is_stacked = hasattr(model, "num_layers")
    suffixes = [f"_l{k}" for k in range(model.num_layers)] if is_stacked else [""]
    layers = [_layer(model, suffix) for suffix in suffixes]
    dynamics = layers[0] if len(layers) == 1 else StackedCell(tuple(layers))
    return AdaptedModel(dynamics, _structure(model))


def _structure(model: Any) -> StateLayout:
    """Return torch's own shapes: h or (h, c), of layers stacked in front of the batch axis."""
    has_c = isinstance(model, nn.LSTM | nn.LSTMCell)
    sizes = {"h": getattr(model, "proj_size", 0) or model.hidden_size, "c": model.hidden_size}
    places = np.arange(getattr(model, "num_layers", 1) * (sizes["h"] + has_c * sizes["c"]))
    layers = places.reshape(getattr(model, "num_layers", 1), -1)
    parts = {"h": layers[:, : sizes["h"]], "c": layers[:, sizes["h"] :]} if has_c else {"": layers}
    variables = [
        Variable(name, inside, batch_axis=1)
        if isinstance(model, nn.RNNBase)
        else Variable(name, inside[0])
        for name, inside in parts.items()
    ]
    return StateLayout(variables[0] if len(variables) == 1 else tuple(variables))


def _layer(model: Any, suffix: str) -> Dynamics:
    """Return one layer of a standard module as a canonical cell."""

    def read(name: str) -> Tensor | None:
        value = getattr(model, name + suffix, None)
        if value is None:
            return None
        check_weight(type(model).__name__, name + suffix, value)
        refuse_complex(type(model).__name__, name + suffix, value)
        return value.detach().to(torch.float64, copy=True)

    W: Any = read("weight_hh")
    b, c = read("bias_ih"), read("bias_hh")
    if b is None or c is None:
        b = c = torch.zeros_like(W[:, 0])
    gates = Gate(W, read("weight_ih"), b, c)
    if isinstance(model, nn.RNN | nn.RNNCell):
        return vanilla(gates, model.nonlinearity)
    if isinstance(model, nn.GRU | nn.GRUCell):
        return gru(gates)
    return lstm(gates, P=read("weight_hr"))
