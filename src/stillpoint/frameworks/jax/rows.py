"""How a JAX function wants to be called: with a batch or with one state, in which precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun

from ..._core.arrays import ArrayKind
from ...errors import UnsupportedModelError
from ..functions import StepFunction
from ..trials import check_rows, trial_rows, works_in_double
from ..weights import check_precision
from .draws import with_means_of_draws
from .leaks import leak_checked

#: A step of one row: state (d,) and input (m,) to the new state (d,).
RowStep = Callable[[jax.Array, jax.Array], jax.Array]


def as_row(given: StepFunction) -> tuple[RowStep, bool]:
    """Return a function of batches or of single states as a step of one row.

    The second value is whether it works in float64.
    """
    step = given.on_rows(carry_first=not given.call)  # of functions, as `lax.scan` has it
    step = with_means_of_draws(step) if given.is_quiet else step
    layouts = {
        "a batch of states": (step, lambda x, u: step(x[None, :], u[None, :])[0]),
        "one state": (jax.vmap(step), step),
    }
    reasons: dict[str, str] = {}
    for double in (True, False):
        for layout, (batched, row) in layouts.items():
            try:
                exact = _try_out(given, batched, double)
            except Exception as error:
                reasons.setdefault(layout, f"{type(error).__name__}: {error}".splitlines()[0])
                continue
            return freeze(row, given.size, exact), exact
    if len(set(reasons.values())) == 1:
        tried = next(iter(reasons.values()))
    else:
        tried = "; ".join(f"called with {layout}, {reason}" for layout, reason in reasons.items())
    d, m = given.size
    raise UnsupportedModelError(
        f"step: {given.name} is not one step of {d} states and {m} inputs that JAX can trace: "
        f"{tried}. Write it with jax.numpy, without side effects and without Python branches on "
        f"values, as step(x, u) -> new x."
    )


def _try_out(given: StepFunction, batched: Callable[..., Any], double: bool) -> bool:
    """Call a step on two rows, traced afresh every time; return whether it works in float64."""
    kind = ArrayKind.of(np.zeros(0, np.float64 if double else np.float32))
    x, u = trial_rows(given.size, kind)

    def called() -> tuple[Any, ...]:
        # A new function for every call, as JAX remembers what it has traced.
        first, second, third = (jax.jit(lambda x, u: batched(x, u)) for _ in range(3))
        result, again = first(x, u), second(x, u)
        if getattr(result, "shape", None) != x.shape:
            raise ValueError(f"it returned shape {getattr(result, 'shape', None)}, not {x.shape}")
        return first, result, again, [third(x[k : k + 1], u[k : k + 1]) for k in range(len(x))]

    with jax.enable_x64(double):
        first, result, again, alone = leak_checked(called)
        check_rows(given.name, result, again, alone)
        return works_in_double(first, given.size, kind, result)


def freeze(row: RowStep, size: tuple[int, int], double: bool) -> RowStep:
    """Return a step as JAX traces it now, with copies of the arrays that it closes over.

    All derivatives are then of the same weights, whatever becomes of those arrays.
    """
    dtype = np.float64 if double else np.float32
    with jax.enable_x64(double):
        trace = jax.make_jaxpr(row)(*(np.zeros(n, dtype) for n in size))
        constants = [_copied(constant) for constant in trace.consts]
    run = jaxpr_as_fun(ClosedJaxpr(trace.jaxpr, constants))
    return lambda x, u: run(x, u)[0]


def _copied(constant: Any) -> Any:
    """Return a copy: NumPy's, which XLA knows as a constant, but for what only JAX can hold."""
    dtype = getattr(constant, "dtype", None)
    if dtype is not None and jnp.issubdtype(dtype, jnp.inexact):
        check_precision("an array that step uses", str(dtype))
        if bool(jnp.isnan(constant).any()):
            raise UnsupportedModelError(
                "step: an array that it uses holds NaN, so the network has no well-defined step; "
                "check how its training ended."
            )
    if dtype is None or jnp.issubdtype(dtype, jax.dtypes.extended):
        return constant
    return np.array(constant)
