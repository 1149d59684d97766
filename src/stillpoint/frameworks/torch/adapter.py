"""PyTorch: recurrent modules, cells, and any function on tensors.

Weights are copied in float64; the user's module is only read, its mode, gradients, device and
dtype stay as they are. What is called is a copy in evaluation mode, so dropout is off.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from typing import Any, cast

import torch
from torch import nn

from ..._core.arrays import ArrayKind, namespace
from ..._core.validation import first_line
from ...errors import ArgumentError, UnsupportedModelError, came
from ..base import AdaptedModel, ModelSpec
from ..functions import FunctionDynamics, StepFunction
from ..trials import check_same_step, in_either_precision, try_out, works_in_double
from ..velocities import check_autonomous
from .advice import single_modules
from .autograd import differentiate, linearise, pull_back
from .calls import read_calls
from .copies import own_copy
from .draws import MeansOfDraws
from .module_step import Call, ModuleStep
from .modules import is_standard, known_call, read_standard, refuse_bidirectional

Tensor = torch.Tensor
Step = Callable[[Tensor, Tensor], Tensor]


def is_model(model: Any) -> bool:
    """Whether `model` is a torch module."""
    return isinstance(model, nn.Module)


def is_array(array: Any) -> bool:
    """Whether `array` is a tensor."""
    return isinstance(array, Tensor)


@torch.random.fork_rng(devices=[])
def read_model(model: nn.Module, spec: ModelSpec) -> AdaptedModel:
    """Return a module as dynamics: a standard one as canonical cells, any other by its calls.

    Parameters
    ----------
    model
        `nn.RNN`, `nn.GRU`, `nn.LSTM`, their cells, a module with
        `output, h_next = model(input, h)`, or a velocity `model(t, y)`.
    spec
        d and m are needed for a module that has no `hidden_size` and `input_size`.

    Raises
    ------
    UnsupportedModelError
        If the module is bidirectional, or is not one step of a recurrent network.
    """
    spec.refuse(model, "params")
    if any(p.is_meta for p in model.parameters()):
        raise UnsupportedModelError(
            f"model: {type(model).__name__} lies on the meta device and has no weights; load them "
            f"first, for example with model.to_empty(device='cpu') and load_state_dict."
        )
    refuse_bidirectional(model)
    known = known_call(model)
    if not is_standard(model):
        given = read_calls(model, spec, known)
        dynamics = read_function(given)
        if cast("ModuleStep", given.function).call.t is not None and spec.t is None:
            check_autonomous(dynamics)
        return AdaptedModel(dynamics, given.layout)
    spec.refuse(model, "state", "facts")
    adapted = read_standard(model)
    own = ModuleStep(own_copy(model, torch.float64), cast("Call", known))
    by_call = StepFunction(own, own.call.layout, adapted.dynamics.input_size).on_rows()
    check_same_step(type(model).__name__, adapted.dynamics, _without_graph(by_call))
    return adapted


@torch.random.fork_rng(devices=[])
def read_function(given: StepFunction) -> FunctionDynamics:
    """Return a function on tensors as dynamics; torch differentiates what brings no Jacobian.

    The function runs in float64, or with a warning in float32 where it only works so.

    Raises
    ------
    UnsupportedModelError
        If the function is not batched or fails.
    """
    on_rows = given.on_rows()

    def step(x: Tensor, u: Tensor) -> Tensor:
        with MeansOfDraws() if given.is_quiet else contextlib.nullcontext():
            return on_rows(x.clone(), u.clone())

    arrays = _working_precision(given, step)
    return given.dynamics(
        "torch",
        arrays,
        _without_graph(step),
        of_state=lambda x, u: differentiate(lambda y: step(y, u), x),
        of_inputs=lambda x, u: differentiate(lambda v: step(x, v), u),
        linear=lambda x, u: linearise(lambda y: step(y, u), x),
        pullback=lambda x, u, w: pull_back(lambda y: step(y, u), x, w),
    )


def read_observable(
    function: Callable[[Any], Any],
    size: int,  # noqa: ARG001
) -> tuple[Callable[[Any], Any], Callable[[Any], Any]]:
    """Return a function g of states (n, d) and its Jacobian, both on tensors."""
    return function, lambda x: differentiate(function, x)


def _device(device: Any) -> torch.device:
    """Return a caller's device; the CPU for None."""
    try:
        if device is None or isinstance(device, str | torch.device):
            return torch.zeros(0, device="cpu" if device is None else device).device
        told = ""
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        told = f" ({first_line(error)})"
    raise ArgumentError(
        f"device: got {came(device)}, but a device that torch has here is wanted, such as 'cpu' or "
        f"'cuda'{told}."
    )


def _without_graph(step: Step) -> Step:
    def detached(x: Tensor, u: Tensor) -> Tensor:
        with torch.no_grad():
            return step(x, u).detach().clone()

    return detached


def _working_precision(given: StepFunction, step: Step) -> ArrayKind:
    """Return the arrays that `step` works on: float64, or float32 where it admits no other."""
    xp, device = namespace(torch.zeros(0)), _device(given.device)
    double, single = (ArrayKind(xp, dtype, device) for dtype in (torch.float64, torch.float32))

    def attempt(kind: ArrayKind) -> Tensor:
        result = try_out(given.name, step, given.size, kind)
        if not isinstance(result, Tensor):
            raise UnsupportedModelError(
                f"step: returned {type(result).__name__} for tensors; a torch function must return "
                f"a tensor."
            )
        return result

    with torch.no_grad():
        result = in_either_precision(attempt, double, single)
        exact = works_in_double(step, given.size, double, result, single_modules(given.function))
        if not exact and result.dtype == torch.float64:  # it may take nothing but float64
            try:
                attempt(single)
            except UnsupportedModelError:
                return double
    return double if exact else single
