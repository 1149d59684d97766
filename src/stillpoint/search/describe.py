"""From the ends of a search to the distinct points, polished, each with what is known about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import host
from .._core.grouping import equal_inputs, group_states, numbered, representatives
from ..dynamics import Dynamics
from ..local import (
    DEGENERATE,
    ILL_CONDITIONED,
    Linearization,
    index,
    less_certain,
    linearize_rows,
    n_unstable,
    resolution_at,
)
from ..points import FixedPoints, Starts
from ..solvers import LevenbergMarquardt, Newton, Solver, Status, solve
from ..system import System
from .neighbours import on_continuum, on_kinks
from .options import Options
from .run import collect_interruptibly, condition_at, counts_as_zero, half_square

# Newton steps that polish each distinct point down to rounding; isolated but degenerate points
# converge linearly and need many.
POLISH_STEPS = 100

#: Full steps only: where one does not even halve q, rounding is reached.
FULL_STEPS = Newton(decrease=0.25, max_trials=1)

# Ends of which I - J is conditioned worse than this may be two points at a fold.
_NEAR_A_FOLD = 1e4

# A polished point lies this near to where it was, relative to max(1, |x|), or is left there.
_NEAR = 1e-3


def collect(
    system: System,
    starts: Starts,
    tol: float,
    tol_unique: float,
    *,
    thorough: bool = True,
) -> FixedPoints:
    """Merge copies, polish each distinct point, and describe it.

    Without `thorough`, points are left as the search found them and not tried for continua; that
    is quick enough for a search that was interrupted.
    """
    reached = np.flatnonzero(starts.status == Status.FIXED_POINT)
    end, inputs = starts.end[reached], starts.inputs[reached]
    under = equal_inputs(inputs)
    copies = group_states(end, under, tol_unique)
    if thorough:
        copies = _by_side(system.dynamics, end, inputs, copies, starts.q[reached])
    first = representatives(copies, starts.q[reached])
    x, u = end[first], inputs[first]
    if thorough:
        x = polish(system.dynamics, x, u)
    # Ill-conditioned copies that lay too far apart to be merged come together when polished.
    points = group_states(x, under[first], tol_unique)
    if len(np.unique(points)) < len(points):
        points = _told_apart(system, x, u, points)
    kept = representatives(points, half_square(system.dynamics, x, u, equilibrium=True))
    lin = linearize_rows(system, x[kept], u[kept])
    order = reading_order(lin, tol_unique)
    point = np.full(len(starts.q), -1)
    point[reached] = np.argsort(order)[points[copies]]
    starts = replace(starts, point=point)
    return describe(system, lin.take(order), starts, tol, tol_unique, thorough=thorough)


def _by_side(
    dynamics: Dynamics,
    end: Float[np.ndarray, "n d"],
    inputs: Float[np.ndarray, "n m"],
    copies: Int[np.ndarray, " n"],
    q: Float[np.ndarray, " n"],
) -> Int[np.ndarray, " n"]:
    """Return groups of ends, those at folds divided by the side of the fold on which they lie.

    Two points nearer to each other than the residual tells ends apart have opposite indices.
    """
    first = representatives(copies, q)
    soft = ~(condition_at(dynamics, end[first], inputs[first]) < _NEAR_A_FOLD)
    rows, side = np.flatnonzero(soft[copies]), np.zeros(len(end), dtype=np.int64)
    if len(rows):
        sharp, _ = dynamics.differentiated_sharply()
        problem, asarray = sharp.equilibrium_problem(), dynamics.arrays.asarray
        native = asarray(inputs[rows])
        slope = problem.jacobian(problem.coordinates(asarray(end[rows]), native), native)
        side[rows] = index(host(slope)) < 0
    return numbered(2 * copies + side)


def _told_apart(
    system: System,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    points: Int[np.ndarray, " k"],
) -> Int[np.ndarray, " k"]:
    """Return groups of polished points, divided where their indices are known and opposite."""
    known = resolution_at(system.dynamics, x, u).kantorovich < DEGENERATE
    own = np.where(known, index(linearize_rows(system, x, u).motion_jacobian), 0)
    both = np.zeros((points.max() + 1, 2), dtype=bool)
    for column, sign in enumerate((1, -1)):
        both[points[own == sign], column] = True
    divided = np.all(both, axis=1)
    return numbered(2 * points + np.where(own < 0, divided[points], 0))


def collect_what_there_is(
    system: System, starts: Starts, options: Options, interrupted: bool
) -> tuple[FixedPoints, bool]:
    """Return the points that starts led to, and whether Ctrl-C came before or meanwhile."""
    return collect_interruptibly(
        lambda thorough: collect(
            system, starts, options.tol, options.tol_unique, thorough=thorough
        ),
        interrupted,
    )


def describe(
    system: System,
    lin: Linearization,
    starts: Starts,
    tol: float,
    tol_unique: float,
    *,
    thorough: bool = True,
) -> FixedPoints:
    """Return the record of distinct points, with all that is known about each."""
    dynamics, x, u = system.dynamics, lin.states, lin.inputs
    resolution = resolution_at(dynamics, x, u)
    images = [half_square(dynamics, -x, u, equilibrium=form) for form in (True, False)]
    on_kink, attracts = np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    if dynamics.piecewise_linear() is not None:
        on_kink, attracts = on_kinks(dynamics, x, u)
    continuum, soft = np.zeros(len(x), dtype=bool), ~(resolution.condition < ILL_CONDITIONED)
    if thorough and soft.any():
        continuum = on_continuum(dynamics, lin, soft, tol)
    degenerate = continuum | ~(resolution.kantorovich < DEGENERATE)
    # On a continuum any position will do; elsewhere that of the point is known up to an error.
    moved = np.where(continuum, 0.0, resolution.jacobian_error)
    lin = less_certain(lin, moved)
    return FixedPoints(
        linearization=lin,
        q=half_square(dynamics, x, u),
        hits=np.bincount(starts.point[starts.point >= 0], minlength=len(x)),
        condition=resolution.condition,
        kantorovich=resolution.kantorovich,
        is_stable=np.where(on_kink, attracts, lin.is_stable & ~degenerate),
        index=np.where(on_kink, attracts, np.where(degenerate, 0, lin.index)),
        mirrored=np.all([counts_as_zero(q, x, tol) for q in images], axis=0),
        on_continuum=continuum,
        on_kink=on_kink,
        starts=starts,
        scale=np.ones(x.shape[1]),
        tol=tol,
        tol_unique=tol_unique,
    )


def reading_order(lin: Linearization, tolerance: float) -> Int[np.ndarray, " k"]:
    """Return the order by input, then by unstable directions, then by position.

    What is counted is eigenvalues as they were computed: to decide on them takes long where many
    are equal.
    """
    cells = np.round(lin.states / tolerance)
    keys = [*cells.T[::-1], n_unstable(lin.eigenvalues, lin.kind), *lin.inputs.T[::-1]]
    return np.lexsort(keys)


def polish(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, "k d"]:
    """Return the points brought down to rounding, where that is possible without leaving them.

    Newton's method does it where the point is isolated; Levenberg-Marquardt where I - J is
    singular and a Newton step is not defined.
    """
    x = _polish(dynamics, x, u, FULL_STEPS)
    singular = np.flatnonzero(~(condition_at(dynamics, x, u) < ILL_CONDITIONED))
    if len(singular):
        gradual = LevenbergMarquardt(slope_tol=0.0)
        x[singular] = _polish(dynamics, x[singular], u[singular], gradual)
    return x


def _polish(
    dynamics: Dynamics,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    solver: Solver,
) -> Float[np.ndarray, "k d"]:
    """Return where a solver brings the points, as they were where it makes them worse or leaves."""
    end = solve(dynamics, x, u, [solver], tol=0.0, max_steps=POLISH_STEPS, progress=False).x
    before, after = (half_square(dynamics, states, u, equilibrium=True) for states in (x, end))
    near = np.linalg.norm(end - x, axis=1) < _NEAR * np.maximum(1.0, np.linalg.norm(x, axis=1))
    return np.where(((after < before) & near)[:, None], end, x)
