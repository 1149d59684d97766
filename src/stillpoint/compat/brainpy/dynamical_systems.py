"""BrainPy's dynamical systems, with the variables and inputs that its finder names."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

import brainpy
import brainpy.math as bm
import jax.numpy as jnp

from ...errors import ArgumentError
from ...frameworks.brain.brainpy import free_variables, read_variables
from ...system import System

_OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "=": lambda _, value: value,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}


def read_dynamical_system(
    model: brainpy.DynamicalSystem,
    *,
    args: tuple,
    inputs: Any,
    t: float | None,
    dt: float | None,
    target_vars: Mapping[str, bm.Variable] | None,
    excluded_vars: Any,
) -> System:
    """Return a dynamical system as a System; it is left as it was. See `SlowPointFinder`."""
    targets = targets_of(model, target_vars, excluded_vars)
    put_in = _inputs(model, inputs)

    def call() -> None:
        brainpy.clear_input(model)
        put_in()
        model(*args)

    adapted = read_variables(model, targets, call=call, t=t or 0.0, dt=dt)
    return System.of(adapted.dynamics, layout=adapted.layout)


def targets_of(
    model: brainpy.DynamicalSystem,
    target_vars: Mapping[str, bm.Variable] | None,
    excluded_vars: Any,
) -> dict[str, bm.Variable]:
    """Return the variables that make up the state, in their order."""
    excluded_vars = excluded_vars or ()
    excluded = list(excluded_vars.values() if isinstance(excluded_vars, Mapping) else excluded_vars)
    for name, given in {"target_vars": target_vars or {}, "excluded_vars": excluded}.items():
        members = given.values() if isinstance(given, Mapping) else given
        if not all(isinstance(variable, bm.Variable) for variable in members):
            raise ArgumentError(f"{name}: got {given!r}, but variables of BrainPy are wanted.")
    if target_vars and excluded:
        raise ArgumentError("target_vars, excluded_vars: one of them is enough; leave one out.")
    if target_vars:
        return dict(target_vars)
    left_out = {id(variable) for variable in excluded}
    found = {
        name: variable
        for name, variable in free_variables(model).items()
        if id(variable) not in left_out
    }
    if not found:
        raise ArgumentError("excluded_vars: no variable is left that could be the state.")
    return found


def _inputs(model: brainpy.DynamicalSystem, inputs: Any) -> Callable[[], None]:
    """Return a function that gives the system its input."""
    if inputs is None:
        return lambda: None
    if callable(inputs):
        return inputs
    formatted = brainpy.runners.check_and_format_inputs(host=model, inputs=inputs)
    if any(formatted["array"].values()) or any(formatted["iterated"].values()):
        raise ArgumentError(
            "inputs: got some of type 'iter', but a fixed point needs input that stays; pass "
            "values of type 'fix' or functions of type 'func'."
        )

    def put_in() -> None:
        for kind in ("fixed", "functional"):
            for symbol, several in formatted[kind].items():
                for variable, value in several:
                    given = value() if kind == "functional" else value
                    result = _OPERATIONS[symbol](variable.value, bm.as_jax(given))
                    result = jnp.asarray(result, variable.dtype)  # a number is for all of them
                    variable.value = jnp.broadcast_to(result, variable.shape)

    return put_in
