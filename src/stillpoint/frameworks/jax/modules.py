"""What Flax and Equinox share: a copy of a module's arrays, and any module as one step by calls."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._core.arrays import ArrayKind
from ..._core.layout import StateLayout, Variable
from ...dynamics import Dynamics
from ...errors import UnsupportedModelError
from ..base import AdaptedModel, ModelSpec
from ..functions import StepFunction
from ..results import returned_names
from ..signatures import Order, order_by_names, positional_names, refuse_order
from ..trials import check_same_step, trial_rows
from ..velocities import AtTime, check_autonomous, check_timed, takes_time
from ..weights import check_weight, read_weight
from .adapter import read_function


def copy_arrays(owner: str, tree: Any) -> Any:
    """Return a tree with arrays of its own, those of real numbers in float64.

    Arrays are copied although JAX's are constant, as training steps may donate them.
    """

    def copied(path: Any, leaf: Any) -> Any:
        name = jax.tree_util.keystr(path, simple=True, separator=".").removesuffix(".value")
        if isinstance(leaf, jax.ShapeDtypeStruct):
            raise UnsupportedModelError(
                f"model: {name} of {owner} has a shape, but no values; initialise the model, or "
                f"load its weights first."
            )
        if not isinstance(leaf, jax.Array | np.ndarray):
            return leaf
        if not jnp.issubdtype(leaf.dtype, jnp.floating):
            check_weight(owner, name, leaf)
            return leaf.copy()
        return jnp.asarray(read_weight(owner, name, leaf))

    with jax.enable_x64(True):
        return jax.tree_util.tree_map_with_path(copied, tree)


@dataclass(frozen=True, eq=False)
class Called:
    """A module as a step of states in their nest: what applies it, and where the state goes."""

    apply: Callable[..., Any]
    order: Order

    def __call__(self, state: Any, u: Any) -> Any:
        return self.apply(u, state) if self.order == "input first" else self.apply(state, u)


def read_calls(
    owner: str,
    apply: Callable[..., Any],
    call: Callable[..., Any],
    spec: ModelSpec,
    layout: StateLayout,
    usual: Order,
) -> AdaptedModel:
    """Return a module as the step that calls it, differentiated by JAX.

    Parameters
    ----------
    owner
        What the module is called, for messages.
    apply
        Calls a copy of it.
    call
        The module's own method, whose parameters' names and source tell what is the state.
    spec
        What the caller says, with the number of inputs.
    layout
        The state's nest.
    usual
        Where the state goes by the library's own convention.

    Raises
    ------
    UnsupportedModelError
        If it is no step, or it is not told which argument or result is the state.
    """
    names, m = positional_names(call), spec.size("input_size", apply, None)
    told = {"owner": owner, **spec.facts}
    if takes_time(call) or spec.t is not None:
        check_timed(owner, spec.kind)
        timed = AtTime.of(apply, spec.t, m, call=call)
        given = StepFunction(timed, layout, m, call=f"model(t = {timed.t:g}, y)", **told)
        dynamics = read_function(given)
        if spec.t is None:
            check_autonomous(dynamics)
        return AdaptedModel(dynamics, layout)
    named = order_by_names(names)
    orders = [named] if named else sorted(_READINGS, key=lambda order: order != usual)
    steps = {order: Called(apply, order) for order in orders}
    if not named and layout.is_flat and layout.size == m and _differ(steps.values(), m):
        refuse_order(owner, [_READINGS[order] for order in orders], names)
    failures: list[UnsupportedModelError] = []
    for order, step in steps.items():
        try:
            state = names[order == "input first" :][:1]
            returned = returned_names(call, *state)
            given = StepFunction(step, layout, m, call=_READINGS[order], returned=returned, **told)
            return AdaptedModel(read_function(given), layout)
        except UnsupportedModelError as error:
            failures.append(error)
    raise UnsupportedModelError(
        f"model: {owner} was called as `{_READINGS[orders[0]]}`. {failures[0]} A network that "
        f"holds the cell beside other layers can pass the cell alone."
    ) from failures[0]


_READINGS: dict[Order, str] = {
    "input first": "model(input, h)",
    "state first": "model(h, input)",
}


def _differ(steps: Iterable[Called], size: int) -> bool:
    """Whether steps that read the arguments differently all work, and not alike."""
    x, u = trial_rows((size, size), ArrayKind.of(np.zeros(0)))
    made = []
    for step in steps:
        try:
            with jax.enable_x64(True):
                made.append(jax.tree.map(np.asarray, step(x[0], u[0])))
        except Exception:  # the step is the user's code, called in a way that may be wrong
            return False
    one, other = (jax.tree.leaves(result) for result in made)
    return len(one) != len(other) or not all(map(np.array_equal, one, other))


def check_canonical(
    owner: str, dynamics: Dynamics, step: Callable[[Any, Any], Any], layout: StateLayout
) -> None:
    """Check that a canonical cell takes the steps that a copy of the module takes.

    Raises
    ------
    UnsupportedModelError
        If it does not.
    """
    rows = StepFunction(step, layout, dynamics.input_size).on_rows()

    def own(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True):
            return np.asarray(jax.vmap(rows)(x, u))

    check_same_step(owner, dynamics, own)


def pair(first: str, second: str, size: int) -> StateLayout:
    """Return an LSTM's pair of `h` and `c`, in either order; the flat state is always [h, c].

    Examples
    --------
    >>> pair("c", "h", 2).unpack(np.array([1.0, 2.0, 3.0, 4.0]))
    (array([3., 4.]), array([1., 2.]))
    """
    places = {"h": np.arange(size), "c": np.arange(size, 2 * size)}
    return StateLayout(tuple(Variable(name, places[name]) for name in (first, second)))
