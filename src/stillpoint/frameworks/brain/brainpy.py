"""BrainPy: recurrent cells, and any `DynamicalSystem` with an `update`.

RNNCell, GRUCell and LSTMCell become canonical cells. Any other system is called a few times, traced
by JAX, and put back; weights, settings and variables that are not part of the state keep the
values that they have when the System is made. Time is 0, the time step `brainpy.math.get_dt()`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import brainpy
import brainpy.math as bm
import brainstate
import jax.numpy as jnp
from brainpy.math import activations
from brainpy.math.defaults import env
from brainstate.random import RandomState

from ..._core.layout import StateLayout
from ...dynamics import Dynamics
from ..base import AdaptedModel, ModelSpec
from ..gates import Gate, split
from ..weights import read_weight
from .canonical import canonical
from .spec import choose, count_inputs, read_names
from .steps import check_canonical, read_steps
from .variables import Slot, Stateful

__all__ = ["free_variables", "is_model", "read_model", "read_variables"]

# BrainPy's softplus is missing, as it is linear from 20 on, not softplus.
_ACTIVATIONS = {
    activations.tanh: "tanh",
    activations.relu: "relu",
    activations.sigmoid: "sigmoid",
    activations.identity: "linear",
}


def is_model(model: Any) -> bool:
    """Whether `model` is a dynamical system of BrainPy."""
    return isinstance(model, brainpy.DynamicalSystem)


def read_model(model: brainpy.DynamicalSystem, spec: ModelSpec) -> AdaptedModel:
    """Return a dynamical system as dynamics; its states are dictionaries by variable name.

    Parameters
    ----------
    model
        A cell of `brainpy.dyn`, or any system whose call, with one input or none, makes one step.
    spec
        `state` names the variables of the state, in the order of the flat state; it is needed
        where a system has several that are not trainable. Of an LSTMCell, whose only variable is
        "state", it may name the parts "h" and "c". `input_size` is needed where `update` takes an
        input and the system has neither `num_in` nor `in_size`.

    Raises
    ------
    UnsupportedModelError
        If the system cannot be traced, draws random numbers, or has half-precision weights.
    ArgumentError
        If the state cannot be told or a name is unknown, if a variable holds a batch, if a weight
        is not finite, or if the number of inputs is missing.
    """
    spec.refuse(model, "params")
    names = read_names(spec.state)
    parts = _parts(model, names)
    if names in (None, ("state",), tuple(parts)) and (cell := _canonical(model)) is not None:
        spec.refuse(model, "facts")
        slot = Slot(model.state, model.state.batch_axis)
        slot.shape("state")  # a batch is refused
        check_canonical(_stateful(model, {"state": model.state}), {"state": slot}, cell)
        units = range(cell.state_size)
        ranges = {name: units[part] for name, part in parts.items()} or {"state": units}
        return AdaptedModel(cell, StateLayout.of_parts(cell.state_size, ranges))
    holders: dict[str, Any] = _variables_of(model)
    if parts:
        holders |= dict.fromkeys(parts, getattr(model, "state", None))
    names = choose(model, names, holders, list(free_variables(model)))
    chosen = {name: holders[name] for name in names}
    inputs = count_inputs(model, spec.input_size)
    return read_variables(model, chosen, parts=parts, input_size=inputs, facts=spec.facts)


def free_variables(model: brainpy.DynamicalSystem) -> dict[str, bm.Variable]:
    """Return the variables that may be state, by path: of real numbers, and not trainable."""
    fixed = bm.TrainVar | bm.Parameter | RandomState
    return {
        name: variable
        for name, variable in _variables_of(model).items()
        if not isinstance(variable, fixed) and jnp.issubdtype(variable.dtype, jnp.floating)
    }


def read_variables(
    model: brainpy.DynamicalSystem,
    chosen: Mapping[str, bm.Variable],
    *,
    parts: Mapping[str, slice] | None = None,
    input_size: int = 0,
    call: Callable[..., Any] | None = None,
    t: float = 0.0,
    dt: float | None = None,
    facts: Mapping[str, Any] | None = None,
) -> AdaptedModel:
    """Return a system as dynamics of some of its variables; all others keep their values.

    Parameters
    ----------
    model
        The system.
    chosen
        The variables that make up the state, in its order.
    parts
        Which part of its variable each of some names stands for.
    input_size
        The number of inputs of a step.
    call
        Makes one step; the system itself if left out.
    t, dt
        Time and time step that `brainpy.share` tells during a step; BrainPy's own `dt` if None.
    facts
        What the caller knows of it, see `ModelSpec`.
    """
    slots = {
        name: Slot(variable, variable.batch_axis, (parts or {}).get(name))
        for name, variable in chosen.items()
    }
    whole = _stateful(model, chosen, call=call, t=t, dt=dt)
    return read_steps(whole, slots, input_size, facts or {})


def _stateful(
    model: brainpy.DynamicalSystem,
    chosen: Mapping[str, bm.Variable],
    *,
    call: Callable[..., Any] | None = None,
    t: float = 0.0,
    dt: float | None = None,
) -> Stateful:
    return Stateful(
        name=type(model).__name__,
        call=call or model,
        variables=_variables_of(model) | dict(chosen),
        nodes=list(model.nodes(method="relative").values()),
        environment=lambda dtype: _environment(t, bm.get_dt() if dt is None else dt, dtype),
    )


def _variables_of(model: brainpy.DynamicalSystem) -> dict[str, bm.Variable]:
    """Return all variables by their path below the system."""
    found = model.vars(method="relative", level=-1, include_self=True).unique()
    return {name.lstrip("."): variable for name, variable in found.items()}


@contextmanager
def _environment(t: float, dt: float, dtype: Any) -> Iterator[None]:
    """Tell time, precision and that nothing is being fitted; then restore what was shared."""
    shared = dict(env.settings)
    try:
        with brainstate.environ.context(env=env, t=t, i=0, dt=dt, fit=False, float_=dtype):
            yield
    finally:
        env.settings.clear()
        env.settings.update(shared)


def _canonical(model: Any) -> Dynamics | None:
    """Return the canonical cell for exactly this type of cell, None if there is none."""
    order = _GATES.get(type(model))
    # What is registered to run before or after an update is part of the step.
    if order is None or model._before_updates or model._after_updates:
        return None
    owner = type(model).__name__
    W, B = (read_weight(owner, name, getattr(model, name)).T for name in ("Wh", "Wi"))
    b = None if model.b is None else read_weight(owner, "b", model.b)
    gates = split(Gate.of(W, B, b), len(order))
    return canonical([gates[k] for k in order], _ACTIVATIONS.get(model.activation))


def _parts(model: Any, names: tuple[str, ...] | None) -> dict[str, slice]:
    """Return what an LSTM's only variable is made of, unless it is named as a whole or not at all.

    It must not be written to as a whole and in parts.
    """
    if not isinstance(model, brainpy.dyn.LSTMCell) or names is None or "state" in names:
        return {}
    return {"h": slice(0, model.num_out), "c": slice(model.num_out, None)}


# Where the gates of `canonical` are in the stack of each cell.
_GATES = {
    brainpy.dyn.RNNCell: (0,),
    brainpy.dyn.GRUCell: (1, 0, 2),
    brainpy.dyn.LSTMCell: (0, 1, 2, 3),
}
