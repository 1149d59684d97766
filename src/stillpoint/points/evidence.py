"""From the ends of a search to the distinct points, each with what is known about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from ..arrays import to_numpy
from ..dynamics import Dynamics
from ..local import Linearization, condition, linearize
from ..solvers import LevenbergMarquardt, Newton, solve, tolerance_at
from ..status import Status
from ..system import System
from .continuum import on_continuum
from .fixed_points import DEGENERATE, FixedPoints
from .settings import Settings, provenance
from .starts import Starts
from .uniqueness import conditions, group_by_condition, representatives

# Newton steps that polish each distinct point down to rounding; isolated but degenerate points
# converge linearly and need many.
_POLISH_STEPS = 100

# Full steps only: where one does not even halve q, rounding is reached.
_FULL_STEPS = Newton(decrease=0.25, max_trials=1)

# Rows whose q is computed at a time, so that the temporaries stay small beside the starts.
_ROWS = 4096


def collect(
    system: System, starts: Starts, settings: Settings, *, thorough: bool = True
) -> FixedPoints:
    """Merge copies, polish each distinct point, and linearise there.

    Without `thorough`, points are left as the search found them and not tried for continua; that
    is quick enough for a search that was interrupted.
    """
    reached = np.flatnonzero(starts.status == Status.FIXED_POINT)
    end, inputs = starts.end[reached], starts.inputs[reached]
    under = conditions(inputs)
    copies = group_by_condition(end, under, settings.tol_unique)
    first = representatives(copies, starts.q[reached])
    x, u = end[first], inputs[first]
    if thorough:
        x = _polish(system.dynamics, x, u)
    # Ill-conditioned copies that lay too far apart to be merged come together when polished.
    points = group_by_condition(x, under[first], settings.tol_unique)
    kept = representatives(points, half_square(system.dynamics, x, u, equilibrium=True))
    lin = linearize(system, x[kept], u[kept])
    order = _reading_order(lin, settings.tol_unique)
    point = np.full(len(starts), -1)
    point[reached] = np.argsort(order)[points[copies]]
    starts = replace(starts, point=point)
    return _with_evidence(system, lin, order, starts, settings, thorough)


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


def _with_evidence(
    system: System,
    lin: Linearization,
    order: Int[np.ndarray, " k"],
    starts: Starts,
    settings: Settings,
    thorough: bool,
) -> FixedPoints:
    """Return the record of the points, in `order`, with all that is known about each."""
    x, u = lin.states, lin.inputs
    conditioning = _condition(system.dynamics, x, u)
    degenerate = ~(conditioning < DEGENERATE)
    images = [half_square(system.dynamics, -x, u, equilibrium=form) for form in (True, False)]
    rows = {
        "xstar": x,
        "inputs": u,
        "q": half_square(system.dynamics, x, u),
        "condition": conditioning,
        "jacobian": lin.A,
        "input_jacobian": lin.B,
        "eigenvalues": lin.eigenvalues,
        "n_unstable": lin.n_unstable,
        "is_stable": lin.is_stable,
        "index": np.where(degenerate, 0, lin.index),
        "mirrored": np.all([counts_as_zero(q, x, settings.tol) for q in images], axis=0),
        "on_continuum": on_continuum(system.dynamics, lin, degenerate & thorough, settings.tol),
    }
    return FixedPoints(
        **{name: values[order] for name, values in rows.items()},
        hits=np.bincount(starts.point[starts.point >= 0], minlength=len(x)),
        starts=starts,
        structure=system.structure,
        provenance=provenance(system, settings),
    )


def _condition(
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
    return ~(_condition(dynamics, x, u) < DEGENERATE)


def _polish(
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


def _reading_order(lin: Linearization, tolerance: float) -> Int[np.ndarray, " k"]:
    """Return the order by input, then by unstable directions, then by position."""
    cells = np.round(lin.states / tolerance)
    keys = [*cells.T[::-1], lin.n_unstable, *lin.inputs.T[::-1]]
    return np.lexsort(keys)
