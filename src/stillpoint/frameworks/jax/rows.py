"""How a JAX function wants to be called: with a batch or with one state, in which precision."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from ...arrays import ArrayKind
from ...status import UnsupportedModelError
from ..functions import StepFunction
from ..trials import check_rows, trial_rows, works_in_double

#: A step of one row: state (d,) and input (m,) to the new state (d,).
RowStep = Callable[[jax.Array, jax.Array], jax.Array]


def as_row(given: StepFunction) -> tuple[RowStep, bool]:
    """Return a function of batches or of single states as a step of one row.

    Returns
    -------
    The step, and whether it works in float64.

    Raises
    ------
    UnsupportedModelError
        If JAX cannot trace it, or it is not one step of a state in either way.
    """
    step = given.on_rows()
    layouts = {
        "a batch of states": (step, lambda x, u: step(x[None, :], u[None, :])[0]),
        "one state": (jax.vmap(step), step),
    }
    reasons = {}
    for double in (True, False):
        for layout, (batched, row) in layouts.items():
            try:
                result = _try_out(given, batched, double)
            except Exception as error:
                reasons.setdefault(layout, f"{type(error).__name__}: {error}".splitlines()[0])
                continue
            return row, works_in_double(result.dtype)
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


def _try_out(given: StepFunction, batched: Callable[..., Any], double: bool) -> np.ndarray:
    """Call a step on two rows, traced afresh every time; return what it gave."""
    kind = ArrayKind.of(np.zeros(0, np.float64 if double else np.float32))
    x, u = trial_rows(given.size, kind)
    with jax.enable_x64(double), jax.checking_leaks():
        # A new function for every call, as JAX remembers what it has traced.
        calls = [jax.jit(lambda x, u: batched(x, u)) for _ in range(3)]
        result, again = calls[0](x, u), calls[1](x, u)
        if getattr(result, "shape", None) != x.shape:
            raise ValueError(f"it returned shape {getattr(result, 'shape', None)}, not {x.shape}")
        check_rows(given.name, result, again, calls[2](x[:1], u[:1]))
        return np.asarray(result)
