"""Any torch module as one step, by how it is called: the ways are tried, and must not disagree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import nn

from ..._core.arrays import host
from ..._core.layout import StateLayout, Variable
from ..._core.validation import first_line
from ...errors import UnsupportedModelError
from ..base import ModelSpec
from ..functions import StepFunction
from ..results import returned_names
from ..signatures import Order, order_by_names, positional_names, refuse_order
from ..trials import refuse_noise, rows_are_separate
from ..velocities import check_timed, takes_time
from .advice import recurrent_parts
from .copies import own_copy, refuse_unreadable
from .module_step import Call, ModuleStep

Tensor = torch.Tensor

_MIXED = "the first state's step depends on the other rows of the batch"


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
    refuse_unreadable(model)
    advice = recurrent_parts(model)
    timed = spec.t is not None or takes_time(_forward(model))
    if timed:
        check_timed(f"{type(model).__name__}.forward", spec.kind)
    names = positional_names(_forward(model))[timed:]
    told = getattr(model, "input_size", None)
    if told is None and spec.kind == "flow" and len(names) == 1:  # it has no inputs to tell of
        told = 0
    m = spec.size("input_size", model, told, advice)
    t = (spec.t or 0.0) if timed else None
    ways = [known] if known is not None else list(_ways(model, spec, names, m, t, advice))
    device = next(model.parameters(), torch.zeros(0)).device
    failures: dict[str, str] = {}
    for dtype in (torch.float64, torch.float32):
        own = own_copy(model, dtype)
        for _, alike in itertools.groupby(ways, key=lambda way: (way.layout, way.time_axis)):
            several = list(alike)
            if several[0].hides_rows and _MIXED in failures:
                continue
            read = _of_one_shape(own, several, m, dtype, device, failures, spec.is_quiet)
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
    is_quiet: bool,
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
            step = ModuleStep(own, _with_member(own, way, m, dtype, device), is_quiet)
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


def _forward(model: nn.Module) -> Any:
    return getattr(model, "forward", model)  # a scripted one may have none


def _ways(
    model: nn.Module, spec: ModelSpec, names: list[str], m: int, t: float | None, advice: str
) -> Iterator[Call]:
    """Yield the ways in which a module may be called, the usual ones first.

    These are one step of a state (n, d), then sequences as torch's own modules have them, then
    other shapes of states beside sequences and steps.
    """
    orders: list[Order | None] = ["input first", "state first"]
    if not m and (len(names) == 1 or t is not None):
        orders = [None]
    one_step: list[tuple[bool, int | None]] = [(False, None)]
    others = [(True, 1), (True, 0), (False, 1), (False, 0), (True, None)]
    for layers, time_axis in one_step + (others if t is None and orders[0] else []):
        for layout in _layouts(model, spec, advice, layers=layers):
            for order in orders:
                state = names[order == "input first" :][:1]
                told = returned_names(_forward(model), *state)
                yield Call(layout, order, time_axis, t, returned=told)


def _layouts(
    model: nn.Module, spec: ModelSpec, advice: str, *, layers: bool
) -> Iterator[StateLayout]:
    """Yield the nests that a state may have: that of the example, else one array, else (h, c).

    Modules with complex weights may have a complex state.

    With `layers`, an axis of them stands before that of the batch, as in torch's own modules.
    """
    if spec.state is not None:
        example = StateLayout.of(spec.state)
        yield example if not layers else StateLayout(example.build(_behind_layers))
        return
    d = spec.size("state_size", model, getattr(model, "hidden_size", None), advice)
    yield StateLayout(_variable("", np.arange(d), layers)) if layers else StateLayout.flat(d)
    if spec.state_size is None and not layers and any(p.is_complex() for p in model.parameters()):
        yield StateLayout(Variable("", np.arange(2 * d).reshape(d, 2), is_complex=True))
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
    refuse_noise(type(step.module).__name__, host(together), host(again))
    if not rows_are_separate(host(together[:1]), [host(alone)]):
        raise ValueError(_MIXED)
    return host(together)


def _with_member(
    own: nn.Module, way: Call, m: int, dtype: torch.dtype, device: torch.device
) -> Call:
    """Return a call of sequences that knows which member of its result is the state.

    In two steps the output has two, the state is one.
    """
    if way.time_axis is None or way.member is not None:
        return way
    x, u = (torch.ones((3, size), dtype=dtype, device=device) for size in (way.layout.size, m))
    state = way.layout.unpack(x)
    try:
        with torch.no_grad():
            result = own(*way.arguments(state, u, steps=2))
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
