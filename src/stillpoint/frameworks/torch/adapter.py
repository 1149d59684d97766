"""PyTorch: recurrent modules, cells, and any function on tensors.

Weights are copied in float64; the user's module is only read, its mode, gradients, device and
dtype stay as they are. A module that is not a standard one is deep-copied and put into evaluation
mode, so dropout is off.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn

from ...arrays import ArrayKind, namespace
from ...dynamics import Dynamics, Kind
from ...status import StillpointWarning, UnsupportedModelError
from ...structure import Structure
from ..base import Hints, Reading
from ..functions import (
    Derivative,
    FunctionDynamics,
    accept_state_alone,
    check_derivative,
    on_flat_states,
    try_out,
)
from .autograd import differentiate, pull_back, push_forward
from .modules import is_standard, read_standard, step_by_calls

__all__ = ["differentiate", "is_array", "is_model", "read_function", "read_model"]

Tensor = torch.Tensor


def is_model(model: Any) -> bool:
    """Whether `model` is a torch module."""
    return isinstance(model, nn.Module)


def is_array(array: Any) -> bool:
    """Whether `array` is a tensor."""
    return isinstance(array, Tensor)


def read_model(model: nn.Module, hints: Hints) -> Reading:
    """Return a module as dynamics: a standard one as canonical cells, any other by its calls.

    Parameters
    ----------
    model
        `nn.RNN`, `nn.GRU`, `nn.LSTM`, their cells, or a module with
        `output, h_next = model(input, h)`.
    hints
        d and m are needed for a module that has no `hidden_size` and `input_size`.

    Raises
    ------
    UnsupportedModelError
        If the module is bidirectional, or is not one step of a recurrent network.
    """
    hints.refuse(model, "state", "params")
    if any(p.is_meta for p in model.parameters()):
        raise UnsupportedModelError(
            f"model: {type(model).__name__} lies on the meta device and has no weights; load them "
            f"first, for example with model.to_empty(device='cpu') and load_state_dict."
        )
    if is_standard(model):
        return read_standard(model)
    step, (d, m), device = step_by_calls(model, hints.state_size, hints.input_size)
    structure = Structure.flat(d)
    return Reading(read_function(step, structure, m, device=device), structure)


def read_function(
    function: Callable[..., Any],
    structure: Structure,
    input_size: int,
    *,
    kind: Kind = "map",
    jacobian: Derivative | None = None,
    input_jacobian: Derivative | None = None,
    lefschetz: int | None = None,
    device: Any = "cpu",
) -> Dynamics:
    """Return a function on tensors as dynamics; torch differentiates what brings no Jacobian.

    The function runs in float64, or with a warning in float32 where it only works so.

    Raises
    ------
    UnsupportedModelError
        If the function is not batched or fails.
    """
    given = on_flat_states(accept_state_alone(function, input_size), structure)
    size = (structure.size, input_size)

    @functools.wraps(function, updated=())
    def step(x: Tensor, u: Tensor) -> Tensor:
        return given(x.clone(), u.clone())

    arrays = _working_precision(step, size, torch.device(device))
    check_derivative("jacobian", jacobian, size, size[0], arrays)
    check_derivative("input_jacobian", input_jacobian, size, size[1], arrays)
    return FunctionDynamics(
        function=_without_graph(step),
        size=size,
        array_kind=arrays,
        state_derivative=jacobian or (lambda x, u: differentiate(lambda y: step(y, u), x)),
        input_derivative=input_jacobian or (lambda x, u: differentiate(lambda v: step(x, v), u)),
        pushforward=lambda x, u, v: push_forward(lambda y: step(y, u), x, v),
        pullback=lambda x, u, w: pull_back(lambda y: step(y, u), x, w),
        function_kind=kind,
        known_lefschetz=lefschetz,
    )


def _without_graph(step: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    def detached(x: Tensor, u: Tensor) -> Tensor:
        with torch.no_grad():
            return step(x, u).detach()

    return detached


def _working_precision(
    step: Callable[[Tensor, Tensor], Tensor], size: tuple[int, int], device: torch.device
) -> ArrayKind:
    """Return the arrays that `step` works on: float64, or float32 where it admits no other."""
    xp = namespace(torch.zeros(0))
    double = ArrayKind(xp, torch.float64, device)
    single = ArrayKind(xp, torch.float32, device)
    with torch.no_grad():
        try:
            result = try_out(step, size, double)
        except UnsupportedModelError as error:
            try:
                try_out(step, size, single)
            except UnsupportedModelError:
                raise error from None
        else:
            if not isinstance(result, Tensor):
                raise UnsupportedModelError(
                    f"step: returned {type(result).__name__} for tensors; a torch function must "
                    f"return a tensor."
                )
            if result.dtype == torch.float64:
                return double
    warnings.warn(
        "step works in float32 only, so residuals end near 1e-7 and points that lie close "
        "together cannot be told apart; use float64 constants inside it for exact points.",
        StillpointWarning,
        stacklevel=4,
    )
    return single
