"""PyTorch: recurrent modules, cells, and any function on tensors.

Weights are copied in float64; the user's module is only read, its mode, gradients, device and
dtype stay as they are. A module that is not a standard one is deep-copied and put into evaluation
mode, so dropout is off.
"""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Float
from torch import nn

from ..arrays import ArrayKind, namespace
from ..cells import GRUCell, LSTMCell, StackedCell, VanillaCell
from ..dynamics import Dynamics, Kind
from ..status import ArgumentError, StillpointWarning, UnsupportedModelError
from .functions import Derivative, FunctionDynamics, accept_state_alone, try_out

Tensor = torch.Tensor
Weights = Callable[[str], Tensor | None]


def is_model(model: Any) -> bool:
    """Whether `model` is a torch module."""
    return isinstance(model, nn.Module)


def is_array(array: Any) -> bool:
    """Whether `array` is a tensor."""
    return isinstance(array, Tensor)


def read_model(
    model: nn.Module, state_size: int | None = None, input_size: int | None = None
) -> Dynamics:
    """Return a module as dynamics: a standard one as canonical cells, any other by its calls.

    Parameters
    ----------
    model
        `nn.RNN`, `nn.GRU`, `nn.LSTM`, their cells, or a module with
        `output, h_next = model(input, h)`.
    state_size, input_size
        d and m; needed for a module that has no `hidden_size` and `input_size`.

    Raises
    ------
    UnsupportedModelError
        If the module is bidirectional, or is not one step of a recurrent network.
    """
    if any(p.is_meta for p in model.parameters()):
        raise UnsupportedModelError(
            f"model: {type(model).__name__} lies on the meta device and has no weights; load them "
            f"first, for example with model.to_empty(device='cpu') and load_state_dict."
        )
    if type(model) in _READERS:
        return _read_standard(model)
    return _read_by_calls(model, state_size, input_size)


def read_function(
    function: Callable[..., Any],
    size: tuple[int, int],
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
    given = accept_state_alone(function, size[1])

    def step(x: Tensor, u: Tensor) -> Tensor:
        return given(x.clone(), u.clone())

    arrays = _working_precision(step, size, torch.device(device))
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


def differentiate(
    function: Callable[[Any], Any], x: Float[Tensor, "n d"]
) -> Float[Tensor, "n k d"]:
    """Return the Jacobian of a row-wise function, from batched vector-Jacobian products.

    A function that cannot be batched so is differentiated one output at a time.
    """
    with _differentiable():
        x = x.clone().requires_grad_(True)
        y = function(x)
        n, k = y.shape
        if not y.requires_grad:
            return x.new_zeros((n, k, x.shape[1]))
        basis = torch.eye(k, dtype=y.dtype, device=y.device)[:, None, :].expand(k, n, k)
        options = {"retain_graph": True, "allow_unused": True, "materialize_grads": True}
        try:
            (rows,) = torch.autograd.grad(y, x, basis, is_grads_batched=True, **options)
        except RuntimeError:  # an operation without a batching rule
            rows = torch.stack([torch.autograd.grad(y, x, row, **options)[0] for row in basis])
        return rows.transpose(0, 1).detach().contiguous()


def pull_back(
    function: Callable[[Any], Any], x: Float[Tensor, "n d"], w: Float[Tensor, "n k"]
) -> Float[Tensor, "n d"]:
    """Return w J of a row-wise function."""
    with _differentiable():
        x = x.clone().requires_grad_(True)
        y = function(x)
        if not y.requires_grad:
            return torch.zeros_like(x)
        (pulled,) = torch.autograd.grad(y, x, w, allow_unused=True, materialize_grads=True)
        return pulled.detach()


def push_forward(
    function: Callable[[Any], Any], x: Float[Tensor, "n d"], v: Float[Tensor, "n d"]
) -> Float[Tensor, "n k"]:
    """Return J v of a row-wise function, as the derivative of w J in w."""
    with _differentiable():
        x = x.clone().requires_grad_(True)
        y = function(x)
        if not y.requires_grad:
            return torch.zeros_like(y)
        w = torch.zeros_like(y, requires_grad=True)
        options = {"allow_unused": True, "materialize_grads": True}
        (pulled,) = torch.autograd.grad(y, x, w, create_graph=True, **options)
        (pushed,) = torch.autograd.grad(pulled, w, v, **options)
        return pushed.detach()


class _differentiable:  # noqa: N801
    """Differentiation switched on, whatever the caller's mode, and cuDNN off.

    cuDNN's recurrent kernels have neither a batched nor a second derivative.
    """

    def __enter__(self) -> None:
        self._contexts = (
            torch.inference_mode(False),
            torch.enable_grad(),
            torch.backends.cudnn.flags(enabled=False),
        )
        for context in self._contexts:
            context.__enter__()

    def __exit__(self, *exception: object) -> None:
        for context in reversed(self._contexts):
            context.__exit__(*exception)


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


def _read_standard(model: Any) -> Dynamics:
    """Return a standard module as canonical cells, its weights copied in float64."""
    if getattr(model, "bidirectional", False):
        raise UnsupportedModelError(
            f"model: a bidirectional {type(model).__name__} reads its inputs from both ends, so "
            f"its state is not a function of the state before, and it has no fixed points; "
            f"analyse a unidirectional network."
        )
    suffixes = [f"_l{k}" for k in range(model.num_layers)] if hasattr(model, "num_layers") else [""]
    layers = [_READERS[type(model)](model, _weights(model, suffix)) for suffix in suffixes]
    return layers[0] if len(layers) == 1 else StackedCell(tuple(layers))


def _weights(model: nn.Module, suffix: str) -> Weights:
    def read(name: str) -> Tensor | None:
        value = getattr(model, name + suffix, None)
        if value is None:
            return None
        if value.is_complex():
            raise UnsupportedModelError(
                f"model: {name}{suffix} is complex; real weights are wanted."
            )
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


def _read_by_calls(model: nn.Module, state_size: int | None, input_size: int | None) -> Dynamics:
    """Return a module with `output, h_next = model(input, h)` as dynamics."""
    size = (
        _size("state_size", state_size, model, "hidden_size"),
        _size("input_size", input_size, model, "input_size"),
    )
    parameter = next(model.parameters(), torch.zeros(0))
    failures: list[str] = []
    for dtype in (torch.float64, torch.float32):
        own = copy.deepcopy(model).eval().to(dtype)
        for layout, call in _LAYOUTS.items():
            step = _stepper(own, call)
            failure = _why_not(step, size, dtype, parameter.device)
            if failure is None:
                return read_function(step, size, device=parameter.device)
            failures.append(f"{layout}: {failure}")
    tried = "; ".join(dict.fromkeys(failures[: len(_LAYOUTS)]))
    raise UnsupportedModelError(
        f"model: {type(model).__name__} is not one step of a recurrent network with "
        f"{size[0]} states and {size[1]} inputs: `output, h_next = model(input, h)` was tried as "
        f"{tried}. Wrap it as a function: as_system(step, state_size=..., input_size=...) with "
        f"step(x, u) on tensors of shape (n, d) and (n, m)."
    )


def _size(name: str, given: int | None, model: nn.Module, attribute: str) -> int:
    size = getattr(model, attribute, None) if given is None else given
    if not isinstance(size, int):
        raise ArgumentError(
            f"{name}: got {given}, and {type(model).__name__} has no integer `{attribute}`; "
            f"pass as_system(model, {name}=...)."
        )
    return size


# How FixedPointFinder's contract is laid out in practice: the arguments of one call.
_LAYOUTS: dict[str, Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]] = {
    "batch first, input (n, 1, m) and h (1, n, d)": lambda x, u: (u[:, None, :], x[None, :, :]),
    "time first, input (1, n, m) and h (1, n, d)": lambda x, u: (u[None, :, :], x[None, :, :]),
    "one step, input (n, m) and h (n, d)": lambda x, u: (u, x),
}


def _stepper(
    model: nn.Module, arguments: Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
) -> Callable[[Tensor, Tensor], Tensor]:
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
    step: Callable[[Tensor, Tensor], Tensor],
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
