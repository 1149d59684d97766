"""How fast a state moves, and what counts as standing still."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from .._core.arrays import to_numpy
from ..dynamics import Dynamics
from ..solvers import tolerance_at

# Rows whose q is computed at a time, so that the temporaries stay small beside the starts.
_ROWS = 4096


def half_square(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    *,
    equilibrium: bool = False,
) -> Float[np.ndarray, " n"]:
    """Return q = 1/2 |g|^2 at states x, g the motion or the equilibrium form, in float64."""
    problem = dynamics.equilibrium_problem() if equilibrium else dynamics.residual_problem()
    q = np.empty(len(x))
    with np.errstate(all="ignore"):
        for first in range(0, len(x), _ROWS):
            rows = slice(first, first + _ROWS)
            states, inputs = (dynamics.arrays.asarray(part[rows]) for part in (x, u))
            residual = problem.residual(problem.coordinates(states, inputs), inputs)
            q[rows] = 0.5 * np.sum(to_numpy(residual).astype(np.float64) ** 2, axis=1)
    return q


def counts_as_zero(
    q: Float[np.ndarray, " n"], x: Float[np.ndarray, "n d"], tol: float
) -> Bool[np.ndarray, " n"]:
    """Return where q counts as zero for states of the size of x."""
    return q <= tolerance_at(np.abs(x).max(axis=1, initial=0.0), tol)
