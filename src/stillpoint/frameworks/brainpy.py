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
import numpy as np
from brainpy.math import activations
from brainpy.math.defaults import env
from brainstate.random import RandomState

from ..dynamics import Dynamics
from ..structure import Structure, Variable
from .base import Hints, Reading
from .stateful.gates import Gate, gru, lstm, split, vanilla
from .stateful.hints import choose, count_inputs, read_names
from .stateful.steps import read_steps
from .stateful.variables import Slot, Stateful
from .weights import read_weight

__all__ = ["is_model", "read_model", "stateful", "variables_of"]

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


def read_model(model: brainpy.DynamicalSystem, hints: Hints) -> Reading:
    """Return a dynamical system as dynamics; its states are dictionaries by variable name.

    Parameters
    ----------
    model
        A cell of `brainpy.dyn`, or any system whose call, with one input or none, makes one step.
    hints
        `state` names the variables of the state, in the order of the flat state; it is needed
        where a system has several that are not trainable. `input_size` is needed where `update`
        takes an input and the system has neither `num_in` nor `in_size`.

    Raises
    ------
    UnsupportedModelError
        If the system cannot be traced, draws random numbers, or has half-precision weights.
    ArgumentError
        If the state cannot be told or a name is unknown, if a variable holds a batch, or if the
        number of inputs is missing.
    """
    hints.refuse(model, "params")
    names = read_names(hints.state)
    if names in (None, ("state",)) and (cell := _canonical(model)) is not None:
        places = np.arange(cell.state_size)
        return Reading(cell, Structure({"state": Variable("state", places)}))
    variables = variables_of(model)
    fixed = bm.TrainVar | bm.Parameter | RandomState
    free = [
        name
        for name, variable in variables.items()
        if not isinstance(variable, fixed) and jnp.issubdtype(variable.dtype, jnp.floating)
    ]
    chosen = {name: variables[name] for name in choose(model, names, variables, free)}
    slots = {name: Slot(variable, variable.batch_axis) for name, variable in chosen.items()}
    return read_steps(stateful(model, variables), slots, count_inputs(model, hints.input_size))


def variables_of(model: brainpy.DynamicalSystem) -> dict[str, bm.Variable]:
    """Return all variables by their path below the system."""
    found = model.vars(method="relative", level=-1, include_self=True).unique()
    return {name.lstrip("."): variable for name, variable in found.items()}


def stateful(
    model: brainpy.DynamicalSystem,
    variables: Mapping[str, bm.Variable],
    *,
    call: Callable[..., Any] | None = None,
    t: float = 0.0,
    dt: float | None = None,
) -> Stateful:
    """Return a system and all that a step of it may write to.

    Parameters
    ----------
    model
        The system.
    variables
        All its variables, by name.
    call
        Makes one step; the system itself if left out.
    t, dt
        Time and time step that `brainpy.share` tells during a step; BrainPy's own `dt` if None.
    """
    return Stateful(
        name=type(model).__name__,
        call=call or model,
        variables=variables,
        nodes=list(model.nodes(method="relative").values()),
        environment=lambda dtype: _environment(t, bm.get_dt() if dt is None else dt, dtype),
    )


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
    read = _READERS.get(type(model))
    # What is registered to run before or after an update is part of the step.
    if read is None or model._before_updates or model._after_updates:
        return None
    return read(model, _ACTIVATIONS.get(model.activation))


def _weights(cell: Any, count: int) -> list[Gate]:
    """Return the cell's gates, stacked along columns there, in its own order."""
    W, B = read_weight("Wh", cell.Wh).T, read_weight("Wi", cell.Wi).T
    b = np.zeros(len(W)) if cell.b is None else read_weight("b", cell.b)
    return split(Gate(W, B, b), count)


def _rnn(cell: Any, phi: str | None) -> Dynamics | None:
    return None if phi is None else vanilla(*_weights(cell, 1), phi)


def _gru(cell: Any, phi: str | None) -> Dynamics | None:
    if phi != "tanh":
        return None
    z, r, n = _weights(cell, 3)
    return gru(r, z, n)


def _lstm(cell: Any, phi: str | None) -> Dynamics | None:
    return lstm(*_weights(cell, 4)) if phi == "tanh" else None


_READERS: dict[type, Callable[[Any, str | None], Dynamics | None]] = {
    brainpy.dyn.RNNCell: _rnn,
    brainpy.dyn.GRUCell: _gru,
    brainpy.dyn.LSTMCell: _lstm,
}
