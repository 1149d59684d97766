"""BrainState: recurrent cells, and any module that keeps its state in `HiddenState`.

ValinaRNNCell, GRUCell, MGUCell and LSTMCell become canonical cells. Any other module is called a
few times, traced by JAX, and put back; weights, settings and states that are not chosen keep the
values that they have when the System is made.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager
from typing import Any

import brainstate
import jax
import jax.numpy as jnp
import numpy as np
from brainstate.nn import GRUCell, Linear, LSTMCell, MGUCell, URLSTMCell, ValinaRNNCell

from ..._core.layout import Structure, Variable
from ...dynamics import Dynamics
from ..base import Hints, Reading
from ..weights import read_weight
from .gates import Gate, gru, lstm, split, vanilla
from .hints import choose, count_inputs, read_names
from .steps import read_steps
from .variables import Slot, Stateful

# Users may pass JAX's own functions too.
_ACTIVATIONS = {
    **dict.fromkeys((brainstate.nn.tanh, jnp.tanh, jax.nn.tanh), "tanh"),
    **dict.fromkeys((brainstate.nn.relu, jax.nn.relu), "relu"),
    **dict.fromkeys((brainstate.nn.sigmoid, jax.nn.sigmoid), "sigmoid"),
    **dict.fromkeys((brainstate.nn.softplus, jax.nn.softplus), "softplus"),
    jax.nn.identity: "linear",
}

# The states of BrainState's own cells, in the order in which they are laid out.
_STATES = {
    ValinaRNNCell: ("h",),
    GRUCell: ("h",),
    MGUCell: ("h",),
    LSTMCell: ("h", "c"),
    URLSTMCell: ("h", "c"),
}


def is_model(model: Any) -> bool:
    """Whether `model` is a module of BrainState."""
    return isinstance(model, brainstate.nn.Module)


def read_model(model: brainstate.nn.Module, hints: Hints) -> Reading:
    """Return a module as dynamics; its states are dictionaries by name.

    Parameters
    ----------
    model
        A cell of `brainstate.nn`, or any module whose call, with one input or none, makes one
        step. Its states must have been made, for example with `brainstate.nn.init_all_states`;
        those of standard cells need not.
    hints
        `state` names the states, in the order of the flat state; it is needed where a module has
        several. `input_size` is needed where `update` takes an input and the module does not
        tell its `in_size`.

    Raises
    ------
    UnsupportedModelError
        If the module cannot be traced, draws random numbers, or has half-precision weights.
    ArgumentError
        If the state cannot be told or a name is unknown, if a state holds a batch, if a weight is
        not finite, or if the number of inputs is missing.
    """
    hints.refuse(model, "params")
    names = read_names(hints.state)
    own = _STATES.get(type(model))
    if names in (None, own) and (cell := _canonical(model)) is not None:
        _refuse_batches(model, own)
        parts = cell.parts or {"h": range(cell.state_size)}
        return Reading(cell, Structure({n: Variable(n, np.array(p)) for n, p in parts.items()}))
    states, nodes = model.states(), model.nodes()
    paths = {".".join(map(str, path)): path for path in states}
    variables = {name: states[path] for name, path in paths.items()}
    hidden = [n for n, state in variables.items() if isinstance(state, brainstate.HiddenState)]
    if names is None and own is not None and hidden:
        names = own
    chosen = choose(model, names, variables, hidden)
    axes = {name: _batch_axis(nodes.get(paths[name][:-1]), variables[name]) for name in chosen}
    slots = {name: Slot(variables[name], axis) for name, axis in axes.items()}
    stateful = Stateful(
        name=type(model).__name__,
        call=model,
        variables=variables,
        nodes=list(nodes.values()),
        environment=_environment,
    )
    return read_steps(stateful, slots, count_inputs(model, hints.input_size))


def _refuse_batches(model: Any, names: Iterable[str]) -> None:
    """Check the states of a standard cell, where they have been made."""
    for name in names:
        state = getattr(model, name, None)
        if state is not None:
            Slot(state, _batch_axis(model, state)).shape(name)


def _batch_axis(owner: Any, state: brainstate.State) -> int | None:
    """Return 0 where a state has one axis more than the output of its module, else None."""
    size = getattr(owner, "out_size", None)
    shape = np.shape(state.value)
    return 0 if size is not None and len(shape) > 1 and shape[1:] == tuple(size) else None


def _environment(dtype: Any) -> AbstractContextManager[Any]:  # noqa: ARG001
    """Tell that time is 0 and that nothing is being fitted; dt is the caller's."""
    dt = brainstate.environ.get("dt", default=0.0)
    return brainstate.environ.context(t=0 * dt, i=0, fit=False)


def _canonical(model: Any) -> Dynamics | None:
    """Return the canonical cell for exactly this type of cell, None if there is none."""
    read = _READERS.get(type(model))
    layers = [value for value in vars(model).values() if isinstance(value, brainstate.nn.Module)]
    if read is None or any(type(layer) is not Linear for layer in layers):
        return None
    return read(model, _ACTIVATIONS.get(model.activation))


def _drive(cell: Any, name: str) -> Gate:
    """Return what the layer of a cell with m inputs makes of [u, h]."""
    owner, layer, m = type(cell).__name__, getattr(cell, name), cell.num_in
    params = layer.weight.value
    weight = read_weight(owner, f"{name}.weight", params["weight"]).T
    if layer.w_mask is not None:
        weight = weight * read_weight(owner, f"{name}.w_mask", layer.w_mask).T
    bias = params.get("bias")
    b = np.zeros(len(weight)) if bias is None else read_weight(owner, f"{name}.bias", bias)
    return Gate(weight[:, m:], weight[:, :m], b)


def _rnn(cell: Any, phi: str | None) -> Dynamics | None:
    return None if phi is None else vanilla(_drive(cell, "W"), phi)


def _gru(cell: Any, phi: str | None) -> Dynamics | None:
    if phi != "tanh":
        return None
    r, z = split(_drive(cell, "Wrz"), 2)
    return gru(r, z, _drive(cell, "Wh"))


def _mgu(cell: Any, phi: str | None) -> Dynamics | None:
    """Return the minimal gated unit: a GRU with one gate for both purposes."""
    if phi != "tanh":
        return None
    f = _drive(cell, "Wf")
    return gru(f, f, _drive(cell, "Wh"))


def _lstm(cell: Any, phi: str | None) -> Dynamics | None:
    return lstm(*split(_drive(cell, "W"), 4)) if phi == "tanh" else None


_READERS: dict[type, Callable[[Any, str | None], Dynamics | None]] = {
    ValinaRNNCell: _rnn,
    GRUCell: _gru,
    MGUCell: _mgu,
    LSTMCell: _lstm,
}
