"""An object that keeps its state in variables, as a function from state and input to new state.

BrainPy's and BrainState's objects are stepped by calling them, which overwrites their variables.
Such an object is called a few times when a system is made of it, traced once by JAX, and put back
as it was. Afterwards only the trace is used: with the weights, settings and other variables of
that moment, whatever becomes of the object.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import brainstate
import jax
import jax.numpy as jnp
import numpy as np
from brainstate.random import RandomState
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from ..._core.layout import StateLayout
from ...dynamics import Dynamics
from ...errors import StillpointError, UnsupportedModelError, warn
from ..base import AdaptedModel
from ..functions import StepFunction
from ..jax.adapter import read_function
from ..jax.leaks import leak_checked
from ..trials import check_rows, check_same_step
from ..weights import check_weight
from .variables import Slot, Stateful, put

#: A step of one row: state (d,) and input (m,) to the new state (d,).
RowStep = Callable[[Any, Any], Any]


def read_steps(
    stateful: Stateful, slots: Mapping[str, Slot], input_size: int, facts: Mapping[str, Any]
) -> AdaptedModel:
    """Return the object's step as dynamics; its states are dictionaries by variable name.

    Parameters
    ----------
    stateful
        The object. It is left as it was.
    slots
        The variables that make up the state, in the order of the flat state.
    input_size
        The number of inputs m; if 0, the object is called without one.
    facts
        What the caller knows of it, see `ModelSpec`.
    """
    _check_weights(stateful, [slot.variable for slot in slots.values()])
    shapes = {name: slot.shape(name) for name, slot in slots.items()}
    layout = StateLayout.of({name: np.zeros(shape) for name, shape in shapes.items()})
    step = _freeze(stateful, slots, layout, input_size)
    call = "model(input)" if input_size else "model()"
    flat = StateLayout.flat(layout.size)
    given = StepFunction(step, flat, input_size, owner=stateful.name, call=call, **facts)
    return AdaptedModel(read_function(given), layout)


def check_canonical(stateful: Stateful, slots: Mapping[str, Slot], dynamics: Dynamics) -> None:
    """Check that a canonical cell takes the steps that calls of the object take.

    Raises
    ------
    UnsupportedModelError
        If it does not.
    """
    layout = StateLayout.of({name: np.zeros(slot.shape(name)) for name, slot in slots.items()})

    def own(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        with jax.enable_x64(True), stateful.put_back():
            step = _stepper(stateful, slots, layout, np.float64)
            return np.array([step(*map(jnp.asarray, row)) for row in zip(x, u, strict=True)])

    check_same_step(stateful.name, dynamics, own)


def _check_weights(stateful: Stateful, state: Sequence[brainstate.State]) -> None:
    """Check all numbers that a step may use but the state's, which it is told."""
    told = set(map(id, state))
    variables = [
        (name, leaf)
        for name, variable in stateful.variables.items()
        if id(variable) not in told
        for leaf in jax.tree.leaves(variable.value)
    ]
    attributes = [(name, held) for name, held in stateful.contents() if id(held) not in told]
    for name, array in [*variables, *attributes]:
        dtype = getattr(array, "dtype", None)
        if dtype is not None and jnp.issubdtype(dtype, jnp.inexact):  # flags may be small integers
            for leaf in jax.tree.leaves(array):  # without a unit
                check_weight(stateful.name, name, leaf)


def _freeze(
    stateful: Stateful, slots: Mapping[str, Slot], layout: StateLayout, input_size: int
) -> RowStep:
    """Return the step as JAX traced it now, in float64, or in float32 where it admits no other."""
    rng = np.random.default_rng(0)
    x, u = rng.random(layout.size), rng.random(input_size)
    failures = []
    for dtype in (np.float64, np.float32):
        with jax.enable_x64(dtype is np.float64):
            step = _stepper(stateful, slots, layout, dtype)
            at = jnp.asarray(x, dtype), jnp.asarray(u, dtype)
            try:
                with stateful.put_back():
                    result, again = step(*at)[None, :], step(*at)[None, :]
                check_rows(stateful.name, result, again, [result])
                traced = _traced(stateful, step, at)
            except StillpointError:
                raise
            except Exception as error:
                failures.append(f"{type(error).__name__}: {' '.join(str(error).split())[:300]}")
            else:
                if failures:
                    warn(f"{stateful.name}: stepped in float32, as float64 fails: {failures[0]}")
                return traced
    wanted = f"one input of shape ({input_size},)" if input_size else "no input"
    raise UnsupportedModelError(
        f"model: {stateful.name} is not one step of {layout.size} states and {input_size} "
        f"inputs that JAX can trace: {failures[0]}. Its `update` must be written with jax.numpy "
        f"(or the framework's own functions), keep what it computes in its variables alone, and "
        f"take {wanted}."
    )


def _stepper(
    stateful: Stateful, slots: Mapping[str, Slot], layout: StateLayout, dtype: type[np.floating]
) -> RowStep:
    """Return a step that sets every variable, calls the object, and reads the state."""
    kept = {
        name: jax.tree.map(lambda leaf: _in_precision(leaf, dtype), variable.value)
        for name, variable in stateful.variables.items()
        if not isinstance(variable, RandomState)  # so that noise differs from call to call
    }
    batched = any(slot.batch_axis is not None for slot in slots.values())

    def step(x: Any, u: Any) -> Any:
        state = layout.unpack(x)
        # Without a stack of traces, BrainState refuses to keep what JAX traces.
        with brainstate.StateTraceStack(), stateful.environment(dtype):
            for name, value in kept.items():
                # In containers of its own, which the step may write into.
                put(stateful.variables[name], jax.tree.map(lambda leaf: leaf, value))
            for name, slot in slots.items():
                slot.write(state[name])
            stateful.call(*([u[None, :] if batched else u] if u.shape[0] else []))
            return layout.pack({name: slot.read() for name, slot in slots.items()})

    return step


def _traced(stateful: Stateful, step: RowStep, at: tuple[Any, Any]) -> RowStep:
    """Return what JAX traces of a step: of one state, or of a batch; in the precision of `at`."""

    def undone(x: Any, u: Any) -> Any:
        with stateful.put_back():
            return step(x, u)

    trace = leak_checked(lambda: jax.make_jaxpr(undone)(*at))
    # Copies, as arrays of the object may be overwritten later.
    run = jaxpr_as_fun(ClosedJaxpr(trace.jaxpr, [jnp.array(c, copy=True) for c in trace.consts]))
    dtype = at[0].dtype

    def row(x: Any, u: Any) -> Any:
        return run(x.astype(dtype), u.astype(dtype))[0]

    def frozen(x: Any, u: Any) -> Any:
        return row(x, u) if x.ndim == 1 else jax.vmap(row)(x, u)

    frozen.__name__ = stateful.name
    return frozen


def _in_precision(leaf: Any, dtype: type[np.floating]) -> Any:
    if not jnp.issubdtype(jnp.result_type(leaf), jnp.floating):
        return leaf
    return jnp.array(leaf, dtype, copy=True)
