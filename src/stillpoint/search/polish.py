"""The ends of a search brought down to rounding."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from .._core.arrays import to_numpy
from ..dynamics import Dynamics
from ..dynamics.transforms import Descent
from ..local import DEGENERATE, condition
from ..solvers import LevenbergMarquardt, Newton, solve
from .continuum import stride_at
from .speed import half_square

# Newton steps that polish each distinct point down to rounding; isolated but degenerate points
# converge linearly and need many.
_POLISH_STEPS = 100

# Full steps only: where one does not even halve q, rounding is reached.
_FULL_STEPS = Newton(decrease=0.25, max_trials=1)


def condition_at(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, " k"]:
    """Return the condition number of the equilibrium form's Jacobian at states x."""
    problem = dynamics.equilibrium_problem()
    states, inputs = dynamics.arrays.asarray(x), dynamics.arrays.asarray(u)
    jacobian = to_numpy(problem.jacobian(problem.coordinates(states, inputs), inputs))
    return condition(jacobian, scale=1.0)


def is_degenerate(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Bool[np.ndarray, " k"]:
    """Return where the equations are singular to working precision."""
    return ~(condition_at(dynamics, x, u) < DEGENERATE)


def polish(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, "k d"]:
    """Return the points brought down to rounding, where that is possible without leaving them.

    Newton's method does it where the point is isolated; Levenberg-Marquardt where I - J is
    singular and a Newton step is not defined.
    """
    for solver in (_FULL_STEPS, LevenbergMarquardt(slope_tol=0.0)):
        rows = np.flatnonzero(isinstance(solver, Newton) | is_degenerate(dynamics, x, u))
        if not len(rows):
            continue
        start, inputs = x[rows], u[rows]
        end = solve(
            dynamics, start, inputs, [solver], tol=0.0, max_steps=_POLISH_STEPS, progress=False
        ).x
        before, after = (half_square(dynamics, s, inputs, equilibrium=True) for s in (start, end))
        moved = np.linalg.norm(end - start, axis=1)
        near = moved < 1e-3 * np.maximum(1.0, np.linalg.norm(start, axis=1))
        x = x.copy()
        x[rows] = np.where(((after < before) & near)[:, None], end, start)
    return x


def flatten(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, "k d"]:
    """Return slow points brought to where the gradient of q vanishes to rounding.

    Newton on the gradient goes to any stationary state of q; where it would leave the
    neighbourhood, the state stays as it is. On kinks there is nothing left to do.
    """
    if not len(x) or dynamics.piecewise_linear() is not None:
        return x
    slope_of_q = Descent(dynamics)
    end = solve(slope_of_q, x, u, [_FULL_STEPS], tol=0.0, max_steps=_POLISH_STEPS, progress=False).x
    before, after = (half_square(slope_of_q, states, u) for states in (x, end))
    near = np.linalg.norm(end - x, axis=1) < stride_at(x)
    return np.where(((after < before) & near)[:, None], end, x)
