"""Is a degenerate point isolated, or one of a continuum?"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ..dynamics import Dynamics
from ..local import Linearization
from ..solvers import LevenbergMarquardt, solve
from ..status import Status

# How far along the neutral direction a neighbour is sought, relative to the size of the state.
_STRIDE = 1e-2


def on_continuum(
    dynamics: Dynamics, lin: Linearization, degenerate: Bool[np.ndarray, " n"], tol: float
) -> Bool[np.ndarray, " n"]:
    """Return which degenerate points have fixed neighbours along their neutral direction.

    A small step is taken both ways along the direction that I - J maps to zero, and Levenberg-
    Marquardt relaxes the state from there. On a continuum it ends on a fixed point about as far
    away; at an isolated degenerate point it falls back.
    """
    rows = np.flatnonzero(degenerate)
    answer = np.zeros(len(degenerate), dtype=bool)
    if not len(rows):
        return answer
    x, u = lin.states[rows], lin.inputs[rows]
    neutral = np.linalg.svd(lin.motion_jacobian[rows])[2][:, -1, :]
    stride = _STRIDE * np.maximum(1.0, np.abs(x).max(axis=1, keepdims=True))
    for sign in (1.0, -1.0):
        moved = x + sign * stride * neutral
        end = solve(
            dynamics, moved, u, [LevenbergMarquardt()], tol=tol, max_steps=100, progress=False
        )
        distance: Float[np.ndarray, " k"] = np.linalg.norm(end.x - x, axis=1)
        away = distance > 0.5 * stride[:, 0]
        answer[rows] |= (end.status == Status.FIXED_POINT) & away & (distance < 2 * stride[:, 0])
    return answer
