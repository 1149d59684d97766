"""A torch module as a step of states in their nest, called in one way."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import nn

from ..._core.layout import StateLayout, Variable
from ..results import new_state
from ..signatures import Order
from .draws import MeansOfDraws

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

    @property
    def hides_rows(self) -> bool:
        """Whether states lie along the second axis, beside inputs that lie along the first."""
        variable = self.layout.nest
        return self.time_axis is None and getattr(variable, "batch_axis", 0) > 0

    def arguments(self, state: Any, u: Tensor, steps: int = 1) -> list[Any]:
        """Return what the module is called with; a sequence has the same input at every step."""
        inputs = u
        if self.time_axis is not None:
            inputs = u.unsqueeze(self.time_axis).repeat_interleave(steps, dim=self.time_axis)
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
    """A module of its own as a step of states in their nest.

    Attributes
    ----------
    module
        The module.
    call
        How it is called.
    is_quiet
        Whether random draws are replaced by their means.
    """

    module: nn.Module
    call: Call
    is_quiet: bool = False

    def at(self, t: float) -> ModuleStep:
        """Return the step of a velocity model(t, y) at another time."""
        return replace(self, call=replace(self.call, t=t))

    def __call__(self, state: Any, u: Tensor) -> Any:
        layout = self.call.layout
        before = [leaf.clone() for leaf in layout.leaves(state)]
        with MeansOfDraws() if self.is_quiet else contextlib.nullcontext():
            result = self.module(*self.call.arguments(state, u))
        if self.call.member is not None and isinstance(result, tuple):
            return result[self.call.member]
        if not any(map(layout.fits, result if isinstance(result, tuple) else (result,))):
            result = _of_one_step(result, self.call.time_axis)
        moved = not all(map(torch.equal, before, layout.leaves(state)))
        return new_state(result, layout, None if moved else state, self.call.returned)


def _of_one_step(result: Any, time_axis: int | None) -> Any:
    """Return the results of a sequence of one step without their axis of time."""
    if time_axis is None:
        return result
    if isinstance(result, tuple):
        return tuple(_of_one_step(member, time_axis) for member in result)
    is_sequence = isinstance(result, Tensor) and result.ndim == 3 and result.shape[time_axis] == 1
    return result.select(time_axis, 0) if is_sequence else result
