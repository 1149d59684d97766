"""How a JAX function wants to be called: with a batch or with one state, in which precision."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import jax
import numpy as np

from ...arrays import ArrayKind
from ...status import StillpointWarning, UnsupportedModelError
from ...structure import Structure
from ..functions import check_rows, name_of, on_flat_states, trial_rows

#: A step of one row: state (d,) and input (m,) to the new state (d,).
RowStep = Callable[[jax.Array, jax.Array], jax.Array]


def as_row(
    function: Callable[..., Any], structure: Structure, size: tuple[int, int]
) -> tuple[RowStep, bool]:
    """Return a function of batches or of single states as a step of one row.

    Parameters
    ----------
    function
        Of states in their own nest and inputs; of batches, or of one state and one input.
    structure
        The nest.
    size
        (d, m).

    Returns
    -------
    The step, and whether it works in float64.

    Raises
    ------
    UnsupportedModelError
        If JAX cannot trace it, or it is not one step of a state in either way.
    """
    step = on_flat_states(function, structure)
    layouts = {
        "a batch of states": (step, lambda x, u: step(x[None, :], u[None, :])[0]),
        "one state": (jax.vmap(step), step),
    }
    reasons = {}
    for double in (True, False):
        for layout, (batched, row) in layouts.items():
            try:
                result = _try_out(name_of(function), batched, size, double)
            except Exception as error:
                reasons.setdefault(layout, f"{type(error).__name__}: {error}".splitlines()[0])
                continue
            if result.dtype != np.float64:
                _warn_of_single(result.dtype)
            return row, result.dtype == np.float64
    if len(set(reasons.values())) == 1:
        tried = next(iter(reasons.values()))
    else:
        tried = "; ".join(f"called with {layout}, {reason}" for layout, reason in reasons.items())
    raise UnsupportedModelError(
        f"step: {name_of(function)} is not one step of {size[0]} states and {size[1]} inputs that "
        f"JAX can trace: {tried}. Write it with jax.numpy, without side effects and without "
        f"Python branches on values, as step(x, u) -> new x."
    )


def _try_out(
    name: str, batched: Callable[..., Any], size: tuple[int, int], double: bool
) -> np.ndarray:
    """Call a step on a few rows, traced afresh every time; return what it gave."""
    x, u = trial_rows(size, ArrayKind.of(np.zeros(0, np.float64 if double else np.float32)))
    with jax.enable_x64(double), jax.checking_leaks():
        # A new function for every call, as JAX remembers what it has traced.
        calls = [jax.jit(lambda x, u: batched(x, u)) for _ in range(3)]
        result, again = calls[0](x, u), calls[1](x, u)
        if getattr(result, "shape", None) != x.shape:
            raise ValueError(f"it returned shape {getattr(result, 'shape', None)}, not {x.shape}")
        check_rows(name, result, again, calls[2](x[:1], u[:1]))
        return np.asarray(result)


def _warn_of_single(dtype: np.dtype) -> None:
    if dtype != np.float32:
        raise UnsupportedModelError(
            f"step: it returns {dtype}, whose numbers are too coarse to tell where the network "
            f"stands still; compute in float32 or float64."
        )
    warnings.warn(
        "step works in float32 only, so residuals end near 1e-7 and points that lie close "
        "together cannot be told apart; use no float32 casts inside it for exact points.",
        StillpointWarning,
        stacklevel=5,
    )
