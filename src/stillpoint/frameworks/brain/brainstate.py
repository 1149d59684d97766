"""BrainState: recurrent cells, and any module that keeps its state in `HiddenState`.

ValinaRNNCell, GRUCell, MGUCell and LSTMCell become canonical cells. Any other module is called a
few times, traced by JAX, and put back; weights, settings and states that are not chosen keep the
values that they have when the System is made.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractContextManager
from typing import Any

import brainstate
import jax
import jax.numpy as jnp
import numpy as np
from brainstate.nn import GRUCell, Linear, LSTMCell, MGUCell, URLSTMCell, ValinaRNNCell

from ..._core.layout import StateLayout
from ...dynamics import Dynamics
from ..base import AdaptedModel, ModelSpec
from ..gates import Gate, split
from ..weights import read_weight
from .canonical import canonical
from .spec import choose, count_inputs, read_names
from .steps import check_canonical, read_steps
from .variables import Slot, Stateful

# Users may pass JAX's own functions too.
_ACTIVATIONS: dict[Any, str] = {
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


def read_model(model: brainstate.nn.Module, spec: ModelSpec) -> AdaptedModel:
    """Return a module as dynamics; its states are dictionaries by name.

    Parameters
    ----------
    model
        A cell of `brainstate.nn`, or any module whose call, with one input or none, makes one
        step. Its states must have been made, for example with `brainstate.nn.init_all_states`;
        those of standard cells need not.
    spec
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
    spec.refuse(model, "params")
    names = read_names(spec.state)
    own = _STATES.get(type(model), ())
    if names in (None, own) and (cell := _canonical(model)) is not None:
        spec.refuse(model, "facts")
        slots = _slots_of(model, own)
        if len(slots) == len(own):  # they have been made, so the cell can be called
            check_canonical(_stateful(model), slots, cell)
        d = cell.state_size
        return AdaptedModel(cell, StateLayout.of_parts(d, cell.parts or {"h": range(d)}))
    states: Any = model.states()
    nodes: Any = model.nodes()
    paths = {".".join(map(str, path)): path for path in states}
    variables = {name: states[path] for name, path in paths.items()}
    hidden = [n for n, state in variables.items() if isinstance(state, brainstate.HiddenState)]
    if names is None and own and hidden:
        names = own
    chosen = choose(model, names, variables, hidden)
    axes = {name: _batch_axis(nodes.get(paths[name][:-1]), variables[name]) for name in chosen}
    slots = {name: Slot(variables[name], axis) for name, axis in axes.items()}
    return read_steps(_stateful(model), slots, count_inputs(model, spec.input_size), spec.facts)


def _stateful(model: brainstate.nn.Module) -> Stateful:
    states: Any = model.states()
    nodes: Any = model.nodes()
    return Stateful(
        name=type(model).__name__,
        call=model,
        variables={".".join(map(str, path)): state for path, state in states.items()},
        nodes=list(nodes.values()),
        environment=_environment,
    )


def _slots_of(model: Any, names: Iterable[str]) -> dict[str, Slot]:
    """Return the states of a standard cell that have been made; a batch is refused."""
    made = {name: getattr(model, name, None) for name in names}
    slots = {
        name: Slot(state, _batch_axis(model, state))
        for name, state in made.items()
        if state is not None
    }
    for name, slot in slots.items():
        slot.shape(name)
    return slots


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
    layers = [value for value in vars(model).values() if isinstance(value, brainstate.nn.Module)]
    if type(model) not in _GATES or any(type(layer) is not Linear for layer in layers):
        return None
    drives = [split(_drive(model, name), count) for name, count in _GATES[type(model)]]
    return canonical([gate for part in drives for gate in part], _ACTIVATIONS.get(model.activation))


def _drive(cell: Any, name: str) -> Gate:
    """Return what the layer of a cell with m inputs makes of [u, h]."""
    owner, layer, m = type(cell).__name__, getattr(cell, name), cell.num_in
    params = layer.weight.value
    weight = read_weight(owner, f"{name}.weight", params["weight"]).T
    if layer.w_mask is not None:
        weight = weight * read_weight(owner, f"{name}.w_mask", layer.w_mask).T
    bias = params.get("bias")
    b = None if bias is None else read_weight(owner, f"{name}.bias", bias)
    return Gate.of(weight[:, m:], weight[:, :m], b)


# The layers that hold the gates of `canonical`, and how many each. A minimal gated unit is a GRU
# with one gate for both purposes.
_GATES = {
    ValinaRNNCell: (("W", 1),),
    GRUCell: (("Wrz", 2), ("Wh", 1)),
    MGUCell: (("Wf", 1), ("Wf", 1), ("Wh", 1)),
    LSTMCell: (("W", 4),),
}
