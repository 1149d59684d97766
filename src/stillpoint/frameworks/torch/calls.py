"""Any torch module as one step, by how it is called: the ways are tried, and must not disagree."""

from __future__ import annotations

import copy
import itertools
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from ..._core.layout import StateLayout, Variable
from ..._core.validation import first_line
from ...errors import UnsupportedModelError
from ..base import ModelSpec
from ..functions import StepFunction
from ..signatures import (
    Order,
    check_timed,
    new_state,
    order_by_names,
    positional_names,
    refuse_order,
    returned_names,
    takes_time,
)
from ..weights import check_weight
from .advice import recurrent_parts

Tensor = torch.Tensor


@dataclass(frozen=True, eq=False)
class Call:
    """One way to call a module as a step.

    Attributes
    ----------
    layout
        The state's nest, in the shapes that the module takes.
    order
        Which argument is the state; None where there is no other.
    time_axis
        The axis of time in the input, shape (n, 1, m) or (1, n, m); None for one step, (n, m).
    t
        The time, which comes first; None if the module takes none.
    member
        Which member of the result is the new state; None where its shape tells.
    returned
        What the members of the result are called.
    """

    layout: StateLayout
    order: Order | None
    time_axis: int | None = None
    t: float | None = None
    member: int | None = None
    returned: tuple[str, ...] = ()

    def arguments(self, state: Any, u: Tensor) -> list[Any]:
        """Return what the module is called with."""
        inputs = u if self.time_axis is None else u.unsqueeze(self.time_axis)
        both = [inputs, state] if self.order == "input first" else [state, inputs]
        given = [state] if self.order is None else both
        if self.t is None:
            return given
        return [torch.as_tensor(self.t, dtype=u.dtype, device=u.device), *given]

    def __str__(self) -> str:
        h = "h" if isinstance(self.layout.nest, Variable) else "state"
        named = {"input first": f"input, {h}", "state first": f"{h}, input", None: h}[self.order]
        axes = {None: "", 1: ", batch first", 0: ", time first"}[self.time_axis]
        return f"model({'' if self.t is None else f't = {self.t:g}, '}{named}){axes}"


@dataclass(frozen=True, eq=False)
class ModuleStep:
    """A module of its own as a step of states in their nest."""

    module: nn.Module
    call: Call

    def at(self, t: float) -> ModuleStep:
        """Return the step of a velocity model(t, y) at another time."""
        return replace(self, call=replace(self.call, t=t))

    def __call__(self, state: Any, u: Tensor) -> Any:
        layout = self.call.layout
        before = [leaf.clone() for leaf in layout.leaves(state)]
        result = self.module(*self.call.arguments(state, u))
        if self.call.member is not None and isinstance(result, tuple):
            return result[self.call.member]
        moved = not all(map(torch.equal, before, layout.leaves(state)))
        return new_state(result, layout, None if moved else state, self.call.returned)


def read_calls(model: nn.Module, spec: ModelSpec, known: Call | None = None) -> StepFunction:
    """Return a module as the step that calls a copy of it, in evaluation mode.

    Parameters
    ----------
    model
        A module with `output, h_next = model(input, h)`, arguments and results in either order,
        or a velocity `model(t, y)` or `model(y)`.
    spec
        d and m, unless the module has a `hidden_size` and an `input_size`; an example of one
        state, where it is a nest.
    known
        How it is called, where that is known.

    Raises
    ------
    UnsupportedModelError
        If no way to call it gives one step of a state, or several do and disagree.
    """
    tensors = dict([*model.named_parameters(), *model.named_buffers()])
    if any(map(nn.parameter.is_lazy, tensors.values())):
        raise UnsupportedModelError(
            f"model: {type(model).__name__} has lazy modules without weights; call it once first."
        )
    for name, tensor in tensors.items():
        check_weight(type(model).__name__, name, tensor)
    for part in model.modules():
        if re.match(r"torch\.(ao\.)?nn\..*quantized", type(part).__module__):
            raise UnsupportedModelError(
                f"model: {type(part).__name__} in it is quantised, and its numbers are too coarse "
                f"to tell where the network stands still; pass the network that it was made of."
            )
    if isinstance(model, torch.jit.ScriptModule) and not hasattr(model, "forward"):
        raise UnsupportedModelError(
            "model: torch itself cannot call this scripted module, as a scripted nn.GRU or "
            "nn.LSTM has no forward; pass the module that was scripted."
        )
    advice = recurrent_parts(model)
    m = _input_size(model, spec, advice)
    ways = [known] if known is not None else list(_ways(model, spec, m, advice))
    device = next(model.parameters(), torch.zeros(0)).device
    failures: dict[str, str] = {}
    for dtype in (torch.float64, torch.float32):
        own = own_copy(model, dtype)
        for _, alike in itertools.groupby(ways, key=lambda way: (way.layout, way.time_axis)):
            read = _of_one_shape(own, list(alike), m, dtype, device, failures)
            if read is not None:
                return StepFunction(
                    read, read.call.layout, m, device=device, owner=type(model).__name__,
                    call=str(read.call), **spec.facts,
                )  # fmt: skip
    tried = "; ".join(f"{way}: {reason}" for reason, way in failures.items())
    raise UnsupportedModelError(
        f"model: {type(model).__name__} is not one step of a recurrent network with "
        f"{ways[0].layout.size} states and {m} inputs: `output, h_next = model(input, h)` was "
        f"tried as {tried}. {advice}Wrap it as a function: as_system(step, "
        f"state_size=..., input_size=...) with step(x, u) on tensors of shape (n, d) and (n, m)."
    )


def _of_one_shape(
    own: nn.Module,
    ways: list[Call],
    m: int,
    dtype: torch.dtype,
    device: torch.device,
    failures: dict[str, str],
) -> ModuleStep | None:
    """Return the step of calls that differ in their order alone, None if none of them works.

    The order that the parameters' names tell is tried first, and accepted if it works; the other
    one only where the shapes differ.
    """
    names = positional_names(_forward(own))[ways[0].t is not None :]
    named = order_by_names(names)
    if named is not None and ways[0].layout.size == m:
        ways = [way for way in ways if way.order == named]
    working: list[tuple[ModuleStep, np.ndarray]] = []
    for way in sorted(ways, key=lambda way: way.order != named):
        try:
            step = ModuleStep(own, _with_member(own, way, m, dtype, device))
            working.append((step, _tried(step, m, dtype, device)))
        except Exception as error:
            if isinstance(error, UnsupportedModelError):  # it ran, and is no step
                raise UnsupportedModelError(
                    f"model: {type(own).__name__}, called as `{way}`: {error}"
                ) from error
            failures.setdefault(first_line(error), f"`{way}`")
        else:
            if named == way.order:
                break
    made = [result for _, result in working]
    if len(made) == 2 and not np.array_equal(made[0], made[1], equal_nan=True):
        refuse_order(type(own).__name__, [str(step.call) for step, _ in working], names)
    return working[0][0] if working else None


def _input_size(model: nn.Module, spec: ModelSpec, advice: str) -> int:
    """Return m; a velocity, or a module of one argument, has no inputs unless they are told."""
    told = getattr(model, "input_size", None)
    forward = _forward(model)
    if takes_time(forward):
        check_timed(f"{type(model).__name__}.forward", spec.kind)
    is_alone = spec.kind == "flow" and (len(positional_names(forward)) == 1 or takes_time(forward))
    return spec.size("input_size", model, 0 if told is None and is_alone else told, advice)


def _forward(model: nn.Module) -> Any:
    return getattr(model, "forward", model)  # a scripted one may have none


def _ways(model: nn.Module, spec: ModelSpec, m: int, advice: str) -> Iterator[Call]:
    """Yield the ways in which a module may be called, one step before sequences."""
    names = positional_names(_forward(model))
    t = None
    if spec.t is not None or takes_time(_forward(model)):
        check_timed(f"{type(model).__name__}.forward", spec.kind)
        t, names = spec.t or 0.0, names[1:]
    orders: list[Order | None] = ["input first", "state first"]
    if not m and (len(names) == 1 or t is not None):
        orders = [None]
    function = _forward(model)
    for layers in (False, True) if t is None and orders[0] else (False,):
        for layout in _layouts(model, spec, advice, layers=layers):
            for time_axis in (1, 0) if layers else (None,):
                for order in orders:
                    state = names[order == "input first" :][:1]
                    told = returned_names(function, *state)
                    yield Call(layout, order, time_axis, t, returned=told)


def _layouts(
    model: nn.Module, spec: ModelSpec, advice: str, *, layers: bool
) -> Iterator[StateLayout]:
    """Yield the nests that a state may have: that of the example, else one array, else (h, c).

    With `layers`, an axis of them stands before that of the batch, as in torch's own modules.
    """
    if spec.state is not None:
        example = StateLayout.of(spec.state)
        yield example if not layers else StateLayout(example.build(_behind_layers))
        return
    d = spec.size("state_size", model, getattr(model, "hidden_size", None), advice)
    yield StateLayout(_variable("", np.arange(d), layers)) if layers else StateLayout.flat(d)
    half = d if spec.state_size is None else d // 2
    if half and (spec.state_size is None or d == 2 * half):
        both = np.arange(2 * half).reshape(2, half)
        has_lstm = any(isinstance(part, nn.LSTM | nn.LSTMCell) for part in model.modules())
        names = "hc" if has_lstm else "01"
        yield StateLayout(tuple(_variable(n, p, layers) for n, p in zip(names, both, strict=True)))


def _variable(name: str, places: np.ndarray, layers: bool) -> Variable:
    return Variable(name, places[None, :], batch_axis=1) if layers else Variable(name, places)


def _behind_layers(variable: Variable) -> Variable:
    """Return a variable of an example whose first axis counts layers, or that has only units."""
    places = variable.places
    return Variable(variable.name, places[None, :] if places.ndim == 1 else places, batch_axis=1)


# -- the copy, and what it is tried on ------------------------------------------------------------


def own_copy(model: nn.Module, dtype: torch.dtype) -> nn.Module:
    """Return a copy of a module in evaluation mode and in `dtype`, with tensors of its own.

    Raises
    ------
    UnsupportedModelError
        If it cannot be copied.
    """
    # Re-parametrisations keep tensors that were computed, which torch does not copy.
    computed = {
        id(tensor): tensor.detach().clone()
        for part in model.modules()
        for tensor in _tensors_in(vars(part))
        if tensor.grad_fn is not None
    }
    try:
        with torch.inference_mode(False), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the module, about its copy
            own = copy.deepcopy(model, computed).eval().to(dtype)
            own.load_state_dict({name: _cloned(value) for name, value in own.state_dict().items()})
            return own.requires_grad_(False)  # so that steps may work in place
    except Exception as error:
        raise UnsupportedModelError(
            f"model: {type(model).__name__} could not be copied to {dtype} "
            f"({type(error).__name__}: {error}). Quantised, packed and otherwise compiled modules "
            f"hold no weights of full precision: pass the module that they were made of, or a "
            f"function step(x, u)."
        ) from error


def _cloned(value: Any) -> Any:
    return value.clone() if isinstance(value, Tensor) else value


def _tensors_in(held: Any) -> Iterator[Tensor]:
    for value in held.values():
        for item in value if isinstance(value, list | tuple) else [value]:
            if isinstance(item, Tensor):
                yield item


def _tried(
    step: ModuleStep, m: int, dtype: torch.dtype, device: torch.device
) -> Float[np.ndarray, "n d"]:
    """Return what a step makes of a few rows of two scales; raise an error if it is no step."""
    layout = step.call.layout
    generator = torch.Generator().manual_seed(0)
    scale = torch.tensor([[1.0], [1.0], [5.0]], dtype=dtype)
    x, u = (
        (scale * torch.randn((3, size), generator=generator, dtype=dtype)).to(device)
        for size in (layout.size, m)
    )

    def made(rows: slice) -> Tensor:
        new = step(layout.unpack(x[rows].clone()), u[rows].clone())
        if not layout.fits(new):
            raise ValueError(f"h_next is {_told(new)}")
        return layout.pack(new)

    with torch.no_grad():
        together, again, alone = made(slice(None)), made(slice(None)), made(slice(1))
    if not torch.equal(torch.nan_to_num(together), torch.nan_to_num(again)):
        raise UnsupportedModelError(
            "two calls with the same states and inputs gave different results, so it draws noise "
            "in evaluation mode too, or changes something of its own; leave that out."
        )
    if not torch.allclose(together[:1], alone, rtol=1e-3, atol=1e-4, equal_nan=True):
        raise ValueError("the first state's step depends on the other rows of the batch")
    result: np.ndarray = together.detach().cpu().numpy()
    return result


def _with_member(
    own: nn.Module, way: Call, m: int, dtype: torch.dtype, device: torch.device
) -> Call:
    """Return a call of sequences that knows which member of its result is the state.

    In two steps the output has two, the state is one.
    """
    if way.time_axis is None or way.member is not None:
        return way
    x, u = (torch.ones((3, size), dtype=dtype, device=device) for size in (way.layout.size, m))
    inputs = u.unsqueeze(way.time_axis).repeat_interleave(2, dim=way.time_axis)
    state = way.layout.unpack(x)
    try:
        with torch.no_grad():
            result = own(*([inputs, state] if way.order == "input first" else [state, inputs]))
    except Exception:  # it takes single steps alone
        return way
    fitting = [k for k, held in enumerate(result) if way.layout.fits(held) and held is not state]
    is_told = isinstance(result, tuple) and len(fitting) == 1
    return replace(way, member=fitting[0]) if is_told else way


def _told(value: Any) -> str:
    if isinstance(value, Tensor):
        return f"of shape {tuple(value.shape)}"
    inside = [_told(item) for item in value] if isinstance(value, tuple | list) else []
    return f"({', '.join(inside)})" if inside else f"{type(value).__name__}"
