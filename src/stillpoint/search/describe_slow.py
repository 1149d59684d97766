"""From the ends of a descent to the distinct minima of the speed, each with its evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._core.arrays import take_record
from .._core.grouping import conditions, group_by_condition, representatives
from ..dynamics import Dynamics
from ..local import sorted_eig
from ..points import SlowPoints, Starts
from ..solvers import Status, descent, solve
from ..system import System
from .continuum import has_neighbours, stride_at
from .minima import Shape, dwell_times, shape_at
from .options import Settings, provenance
from .polish import flatten, polish
from .run import creeps, reach_of
from .speed import counts_as_zero, half_square

# How often ends that turn out to be saddles of q are left along the way down.
_ESCAPES = 2

# Ghosts along whose softest direction q rises by less than this fraction within a stride are one
# where they lie closer together than this.
_OPEN, _APART = 1e-6, 1e-2

# Curvature of q below minus this, relative to the steepest there, leads down.
_DOWNWARDS = 1e-8


def collect_slow(
    system: System, starts: Starts, settings: Settings, *, thorough: bool = True
) -> SlowPoints:
    """Return the distinct minima that starts ended at, each with what is known about it.

    Without `thorough`, ends are left as the search found them; that is quick enough for a search
    that was interrupted.
    """
    dynamics = system.dynamics
    reached = np.flatnonzero(np.isin(starts.status, [Status.FIXED_POINT, Status.SLOW_POINT]))
    x, u, member = _distinct(dynamics, starts.take(reached), settings, thorough)
    q, shape = half_square(dynamics, x, u), shape_at(dynamics, x, u)
    zero = counts_as_zero(q, x, settings.tol)
    minimum = np.where(
        zero,
        ~creeps(dynamics, x, u, settings.tol, reach_of(starts.states)),
        shape.is_minimum(settings.slope_tol, dynamics.arrays.resolution),
    )
    label = np.where(zero, "fixed point", "ghost").astype("<U11")
    label[_in_region(dynamics, x, u, shape, minimum & ~zero, settings)] = "slow region"
    same = _same_minima(x, u, q, shape, minimum & (label == "ghost"))
    first = representatives(same, q)
    first = first[minimum[first]]
    order = first[np.lexsort([*x[first].T[::-1], q[first], ~zero[first], *u[first].T[::-1]])]
    number = np.full(same.max(initial=-1) + 1, -1)
    number[same[order]] = np.arange(len(order))
    starts = _with_points(starts, reached, number[same[member]], zero[member])
    rows = take_record(shape, order)
    return _with_evidence(system, x[order], u[order], rows, label[order], starts, settings)


def _distinct(
    dynamics: Dynamics, ends: Starts, settings: Settings, thorough: bool
) -> tuple[Float[np.ndarray, "k d"], Float[np.ndarray, "k m"], Int[np.ndarray, " n"]]:
    """Return the distinct states that starts ended at, their inputs, and which one each reached."""
    under = conditions(ends.inputs)
    copies = group_by_condition(ends.end, under, settings.tol_unique)
    first = representatives(copies, ends.q)
    x, u = ends.end[first], ends.inputs[first]
    if thorough:
        x = _settled(dynamics, x, u, settings)
    points = group_by_condition(x, under[first], settings.tol_unique)
    kept = representatives(points, half_square(dynamics, x, u))
    return x[kept], u[kept], points[copies]


def _with_points(
    starts: Starts,
    reached: Int[np.ndarray, " n"],
    point: Int[np.ndarray, " n"],
    zero: Bool[np.ndarray, " n"],
) -> Starts:
    """Return starts with the point that each reached, and with what became of the others."""
    points, status = np.full(len(starts), -1), starts.status.copy()
    points[reached] = point
    status[reached] = np.where(zero, Status.FIXED_POINT, Status.SLOW_POINT)
    status[reached[point < 0]] = Status.STALLED
    return replace(starts, point=points, status=status)


def _in_region(
    dynamics: Dynamics,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    shape: Shape,
    moving: Bool[np.ndarray, " k"],
    settings: Settings,
) -> Int[np.ndarray, " r"]:
    """Return which moving minima have neighbours that are as slow."""
    q = half_square(dynamics, x, u)
    # Where q rises by as much as itself within the stride, neighbours cannot be as slow.
    bend = np.where(np.isfinite(shape.curvature), shape.curvature, 0.0)
    soft = np.flatnonzero(moving & (bend * stride_at(x) ** 2 < q))
    solver = descent(dynamics, settings.slope_tol)
    alike = has_neighbours(
        dynamics, x[soft], u[soft], shape.softest[soft], solver, settings.tol, settings.max_steps
    )
    return soft[alike]


def _same_minima(
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    q: Float[np.ndarray, " k"],
    shape: Shape,
    ghosts: Bool[np.ndarray, " k"],
) -> Int[np.ndarray, " k"]:
    """Return a number for every minimum; ghosts too flat to be told apart share one.

    Where the Hessian vanishes, rounding leaves the place of a minimum open. Such ghosts within a
    stride of each other are one.
    """
    flat = ghosts & (shape.curvature * stride_at(x) ** 2 < _OPEN * q)
    number = np.arange(len(x))
    rows = np.flatnonzero(flat)
    if len(rows):
        groups = group_by_condition(x[rows], conditions(u[rows]), _APART)
        number[rows] = rows[np.unique(groups, return_index=True)[1]][groups]
    return np.unique(number, return_inverse=True)[1].reshape(-1)


def _settled(
    dynamics: Dynamics,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    settings: Settings,
) -> Float[np.ndarray, "k d"]:
    """Return ends of a descent brought down to rounding, and off the saddles of q."""
    x = x.copy()
    solver = descent(dynamics, settings.slope_tol)
    for turn in range(_ESCAPES + 1):
        zero = counts_as_zero(half_square(dynamics, x, u), x, settings.tol)
        x[zero] = polish(dynamics, x[zero], u[zero])
        x[~zero] = flatten(dynamics, x[~zero], u[~zero])
        shape = shape_at(dynamics, x, u)
        steepest = np.linalg.norm(shape.slope, axis=(1, 2)) ** 2
        saddles = np.flatnonzero(~zero & (shape.curvature < -_DOWNWARDS * steepest))
        if turn == _ESCAPES or not len(saddles):
            break
        away = x[saddles] + stride_at(x[saddles])[:, None] * shape.softest[saddles]
        x[saddles] = solve(
            dynamics, away, u[saddles], [solver], tol=settings.tol,
            max_steps=settings.max_steps, progress=False,
        ).x  # fmt: skip
    return x


def _with_evidence(
    system: System,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    shape: Shape,
    label: Shaped[np.ndarray, " k"],
    starts: Starts,
    settings: Settings,
) -> SlowPoints:
    """Return the record of the minima, with all that is known about each."""
    dynamics = system.dynamics
    is_map = system.kind == "map"
    jacobian = shape.slope + np.eye(x.shape[1]) if is_map else shape.slope
    q, zero = half_square(dynamics, x, u), label == "fixed point"
    singular = np.linalg.svd(shape.slope, compute_uv=False)
    moving, dwell = np.flatnonzero(~zero), np.full(len(x), np.inf)
    dwell[moving] = dwell_times(dynamics, x[moving], u[moving], take_record(shape, moving))
    return SlowPoints(
        xstar=x,
        inputs=u,
        label=label,
        q=q,
        speed=shape.speed,
        gradient_norm=np.linalg.norm(shape.gradient, axis=1),
        hits=np.bincount(starts.point[starts.point >= 0], minlength=len(x)),
        smallest_singular_value=singular.min(axis=1, initial=np.inf),
        curvature=shape.curvature,
        dwell_time=dwell * (system.dt or 1.0) if is_map else dwell,
        n_kinks=shape.n_kinks,
        jacobian=jacobian,
        eigenvalues=sorted_eig(jacobian, system.kind)[0],
        starts=starts,
        structure=system.structure,
        provenance=provenance(system, settings),
    )
