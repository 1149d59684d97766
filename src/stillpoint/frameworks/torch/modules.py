"""Torch modules as one step: standard ones as canonical cells, others by how they are called."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import nn

from ..._core.layout import StateLayout, Variable
from ...cells import StackedCell
from ...dynamics import Dynamics
from ...errors import UnsupportedModelError
from ..base import AdaptedModel, ModelSpec
from ..gates import Gate, gru, lstm, vanilla
from ..weights import check_weight

Tensor = torch.Tensor
Step = Callable[[Tensor, Tensor], Tensor]

_STANDARD = {nn.RNN, nn.RNNCell, nn.GRU, nn.GRUCell, nn.LSTM, nn.LSTMCell}


def is_standard(model: nn.Module) -> bool:
    """Whether a canonical cell exists for exactly this type of module; subclasses may differ."""
    return type(model) in _STANDARD


def read_standard(model: Any) -> AdaptedModel:
    """Return a standard module as canonical cells, its weights copied in float64."""
    if getattr(model, "bidirectional", False):
        raise UnsupportedModelError(
            f"model: a bidirectional {type(model).__name__} reads its inputs from both ends, so "
            f"its state is not a function of the state before, and it has no fixed points; "
            f"analyse a unidirectional network."
        )
    is_stacked = hasattr(model, "num_layers")
    suffixes = [f"_l{k}" for k in range(model.num_layers)] if is_stacked else [""]
    layers = [_layer(model, suffix) for suffix in suffixes]
    dynamics = layers[0] if len(layers) == 1 else StackedCell(tuple(layers))
    return AdaptedModel(dynamics, _structure(layers, is_stacked))


def _structure(layers: list[Dynamics], is_stacked: bool) -> StateLayout:
    """Return torch's own shapes: h or (h, c), of layers stacked in front of the batch axis."""
    offsets = np.cumsum([0, *(layer.state_size for layer in layers)])
    parts = layers[0].parts or {"": range(layers[0].state_size)}
    variables = []
    for name, inside in parts.items():
        places = np.array([np.arange(inside.start, inside.stop) + k for k in offsets[:-1]])
        variables.append(
            Variable(name, places, batch_axis=1) if is_stacked else Variable(name, places[0])
        )
    return StateLayout(variables[0] if len(variables) == 1 else tuple(variables))


def _layer(model: Any, suffix: str) -> Dynamics:
    """Return one layer of a standard module as a canonical cell."""

    def read(name: str) -> Tensor | None:
        value = getattr(model, name + suffix, None)
        if value is None:
            return None
        check_weight(type(model).__name__, name + suffix, value)
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


def step_by_calls(model: nn.Module, spec: ModelSpec) -> tuple[Step, tuple[int, int], torch.device]:
    """Return a module with `output, h_next = model(input, h)` as a step, its sizes and device.

    The step calls a deep copy in evaluation mode, in float64 where that works.
    """
    size = (
        spec.size("state_size", model, getattr(model, "hidden_size", None)),
        spec.size("input_size", model, getattr(model, "input_size", None)),
    )
    tensors = dict([*model.named_parameters(), *model.named_buffers()])
    for name, tensor in tensors.items():
        check_weight(type(model).__name__, name, tensor)
    parameter = next(model.parameters(), torch.zeros(0))
    failures: list[str] = []
    for dtype in (torch.float64, torch.float32):
        with torch.inference_mode(False):
            own = copy.deepcopy(model).eval().to(dtype)
            own.load_state_dict({name: t.clone() for name, t in own.state_dict().items()})
        for layout, call in _LAYOUTS.items():
            step = _stepper(own, call)
            failure = _why_not(step, size, dtype, parameter.device)
            if failure is None:
                return step, size, parameter.device
            failures.append(f"{layout}: {failure}")
    tried = "; ".join(dict.fromkeys(failures[: len(_LAYOUTS)]))
    raise UnsupportedModelError(
        f"model: {type(model).__name__} is not one step of a recurrent network with "
        f"{size[0]} states and {size[1]} inputs: `output, h_next = model(input, h)` was tried as "
        f"{tried}. Wrap it as a function: as_system(step, state_size=..., input_size=...) with "
        f"step(x, u) on tensors of shape (n, d) and (n, m)."
    )


# How FixedPointFinder's contract is laid out in practice: the arguments of one call.
_LAYOUTS: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "batch first, input (n, 1, m) and h (1, n, d)": lambda x, u: (u[:, None, :], x[None, :, :]),
    "time first, input (1, n, m) and h (1, n, d)": lambda x, u: (u[None, :, :], x[None, :, :]),
    "one step, input (n, m) and h (n, d)": lambda x, u: (u, x),
}


def _stepper(
    model: nn.Module, arguments: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
) -> Step:
    def step(x: Tensor, u: Tensor) -> Tensor:
        inputs, state = arguments(x, u)
        result = model(inputs, state)
        new_state = result[1] if isinstance(result, tuple) else result
        if not isinstance(new_state, Tensor):
            raise TypeError(f"h_next is {type(new_state).__name__}, not a tensor")
        if new_state.shape != state.shape:
            raise ValueError(f"h_next has shape {tuple(new_state.shape)}")
        return new_state.reshape(x.shape)

    return step


def _why_not(
    step: Step,
    size: tuple[int, int],
    dtype: torch.dtype,
    device: torch.device,
) -> str | None:
    """Return why `step` is not a batched step, or None if it is: rows must not mix."""
    generator = torch.Generator().manual_seed(0)
    x = torch.rand((3, size[0]), generator=generator, dtype=dtype).to(device)
    u = torch.rand((3, size[1]), generator=generator, dtype=dtype).to(device)
    try:
        with torch.no_grad():
            together, alone = step(x, u), step(x[:1], u[:1])
    except Exception as error:
        return f"{type(error).__name__}: {error}".splitlines()[0]
    if not torch.allclose(together[:1], alone, rtol=1e-3, atol=1e-4):
        return "the first state's step depends on the other rows of the batch"
    return None
