"""Torch modules as one step: standard ones as canonical cells, others by how they are called."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, SupportsIndex

import numpy as np
import torch
from torch import nn

from ..._core.layout import Structure, Variable
from ...cells import GRUCell, LSTMCell, StackedCell, VanillaCell
from ...dynamics import Dynamics
from ...errors import UnsupportedModelError
from ..base import Hints, Reading
from ..weights import check_weight

Tensor = torch.Tensor
Weights = Callable[[str], Tensor | None]
Step = Callable[[Tensor, Tensor], Tensor]


def is_standard(model: nn.Module) -> bool:
    """Whether a canonical cell exists for exactly this type of module; subclasses may differ."""
    return type(model) in _READERS


def read_standard(model: Any) -> Reading:
    """Return a standard module as canonical cells, its weights copied in float64.

    Raises
    ------
    UnsupportedModelError
        If the module is bidirectional, or its weights are complex or of low precision.
    ArgumentError
        If a weight is not finite.
    """
    if getattr(model, "bidirectional", False):
        raise UnsupportedModelError(
            f"model: a bidirectional {type(model).__name__} reads its inputs from both ends, so "
            f"its state is not a function of the state before, and it has no fixed points; "
            f"analyse a unidirectional network."
        )
    is_stacked = hasattr(model, "num_layers")
    suffixes = [f"_l{k}" for k in range(model.num_layers)] if is_stacked else [""]
    layers = [_READERS[type(model)](model, _weights(model, suffix)) for suffix in suffixes]
    dynamics = layers[0] if len(layers) == 1 else StackedCell(tuple(layers))
    return Reading(dynamics, _structure(layers, is_stacked))


def _structure(layers: list[Dynamics], is_stacked: bool) -> Structure:
    """Return torch's own shapes: h or (h, c), of layers stacked in front of the batch axis."""
    offsets = np.cumsum([0, *(layer.state_size for layer in layers)])
    parts = layers[0].parts or {"": range(layers[0].state_size)}
    variables = []
    for name, inside in parts.items():
        places = np.array([np.arange(inside.start, inside.stop) + k for k in offsets[:-1]])
        variables.append(
            Variable(name, places, batch_axis=1) if is_stacked else Variable(name, places[0])
        )
    return Structure(variables[0] if len(variables) == 1 else tuple(variables))


def _weights(model: nn.Module, suffix: str) -> Weights:
    def read(name: str) -> Tensor | None:
        value = getattr(model, name + suffix, None)
        if value is None:
            return None
        check_weight(type(model).__name__, name + suffix, value)
        return value.detach().to(torch.float64, copy=True)

    return read


def _biases(weights: Weights) -> tuple[Tensor, Tensor]:
    """Return the input and the recurrent bias, zero where the module has none."""
    input_bias, recurrent_bias = weights("bias_ih"), weights("bias_hh")
    if input_bias is None or recurrent_bias is None:
        zeros = torch.zeros_like(weights("weight_hh")[:, 0])
        return zeros, zeros
    return input_bias, recurrent_bias


def _vanilla(model: Any, weights: Weights) -> VanillaCell:
    input_bias, recurrent_bias = _biases(weights)
    return VanillaCell(
        W=weights("weight_hh"),
        B=weights("weight_ih"),
        b=input_bias + recurrent_bias,
        phi=model.nonlinearity,
    )


def _gru(model: Any, weights: Weights) -> GRUCell:  # noqa: ARG001
    input_bias, recurrent_bias = _biases(weights)
    gates = 2 * (recurrent_bias.shape[0] // 3)  # r and z; n keeps its two biases apart
    outside = torch.cat([recurrent_bias[:gates], torch.zeros_like(recurrent_bias[gates:])])
    return GRUCell(
        W=weights("weight_hh"),
        B=weights("weight_ih"),
        b=input_bias + outside,
        c=recurrent_bias[gates:],
    )


def _lstm(model: Any, weights: Weights) -> LSTMCell:  # noqa: ARG001
    input_bias, recurrent_bias = _biases(weights)
    return LSTMCell(
        W=weights("weight_hh"),
        B=weights("weight_ih"),
        b=input_bias + recurrent_bias,
        P=weights("weight_hr"),
    )


_READERS: dict[type, Callable[[Any, Weights], Dynamics]] = {
    nn.RNN: _vanilla,
    nn.RNNCell: _vanilla,
    nn.GRU: _gru,
    nn.GRUCell: _gru,
    nn.LSTM: _lstm,
    nn.LSTMCell: _lstm,
}


def step_by_calls(
    model: nn.Module, state_size: SupportsIndex | None, input_size: SupportsIndex | None
) -> tuple[Step, tuple[int, int], torch.device]:
    """Return a module with `output, h_next = model(input, h)` as a step, its sizes and device.

    The step calls a deep copy in evaluation mode, in float64 where that works.

    Raises
    ------
    ArgumentError
        If the module does not tell its sizes and they are not given.
    UnsupportedModelError
        If no way of calling it gives one new state for every state.
    """
    hints = Hints(state_size, input_size)
    size = (
        hints.size("state_size", model, getattr(model, "hidden_size", None)),
        hints.size("input_size", model, getattr(model, "input_size", None)),
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
