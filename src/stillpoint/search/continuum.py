"""Does a state stand alone, or are its neighbours along some direction of its kind too?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ..dynamics import Dynamics
from ..local import Linearization
from ..solvers import LevenbergMarquardt, Solver, solve
from .speed import counts_as_zero, half_square

# How far along a direction a neighbour is sought, relative to the size of the state.
_STRIDE = 1e-2

# A neighbour is of the same kind if its q exceeds that of the state by less than this fraction.
_SAME = 1e-6


def on_continuum(
    dynamics: Dynamics, lin: Linearization, degenerate: Bool[np.ndarray, " n"], tol: float
) -> Bool[np.ndarray, " n"]:
    """Return which degenerate points have fixed neighbours along their neutral direction."""
    rows = np.flatnonzero(degenerate)
    answer = np.zeros(len(degenerate), dtype=bool)
    if len(rows):
        neutral = np.linalg.svd(lin.motion_jacobian[rows])[2][:, -1, :]
        x, u = lin.states[rows], lin.inputs[rows]
        answer[rows] = has_neighbours(dynamics, x, u, neutral, LevenbergMarquardt(), tol)
    return answer


def has_neighbours(
    dynamics: Dynamics,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    direction: Float[np.ndarray, "k d"],
    solver: Solver,
    tol: float,
    max_steps: int = 100,
) -> Bool[np.ndarray, " k"]:
    """Return which states have neighbours along a direction with q as small as their own.

    A small step is taken both ways, and the solver relaxes the state from there. On a continuum
    it ends about as far away; at an isolated state it falls back.
    """
    answer = np.zeros(len(x), dtype=bool)
    stride = stride_at(x)
    own = half_square(dynamics, x, u)
    for sign in (1.0, -1.0):
        moved = x + sign * stride[:, None] * direction
        end = solve(dynamics, moved, u, [solver], tol=tol, max_steps=max_steps, progress=False).x
        distance = np.linalg.norm(end - x, axis=1)
        q = half_square(dynamics, end, u)
        alike = counts_as_zero(q, end, tol) | (q <= (1 + _SAME) * own)
        answer |= alike & (distance > 0.5 * stride) & (distance < 2 * stride)
    return answer


def stride_at(x: Float[np.ndarray, "k d"]) -> Float[np.ndarray, " k"]:
    """Return how far from each state a neighbour is sought."""
    return _STRIDE * np.maximum(1.0, np.abs(x).max(axis=1))
