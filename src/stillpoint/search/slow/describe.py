"""From the ends of a descent to the distinct minima of the speed, each with its evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ..._core.arrays import finite_or_zero, take_record
from ..._core.grouping import equal_inputs, group_states, representatives
from ...dynamics import Dynamics
from ...dynamics.transforms import Descent
from ...local import Jacobians, linearize_rows
from ...points import SlowPoints, Starts
from ...solvers import Status, solve
from ...system import System
from ..describe import FULL_STEPS, POLISH_STEPS, polish
from ..neighbours import has_neighbours, probe_length
from ..options import Options, descent
from ..run import counts_as_zero, half_square, is_saturated, search_radius
from .minima import Shape, dwell_times, shape_at

# How often ends that turn out to be saddles of q are left along the way down.
_ESCAPES = 2

# Ghosts along whose softest direction q rises by less than this fraction within a probe length
# have no definite place,
_FLAT = 1e-6

# and are one where they lie closer together than this.
_APART = 1e-2

# Curvature of q below minus this, relative to the steepest there, leads down.
_DOWNWARDS = 1e-8


def collect_slow(
    system: System, starts: Starts, options: Options, *, thorough: bool = True
) -> SlowPoints:
    """Return the distinct minima that starts ended at, each with what is known about it.

    Without `thorough`, ends are left as the search found them; that is quick enough for a search
    that was interrupted.
    """
    dynamics = system.dynamics
    reached = np.flatnonzero(np.isin(starts.status, [Status.FIXED_POINT, Status.SLOW_POINT]))
    x, u, member = _distinct(dynamics, starts, reached, options, thorough)
    q, shape = half_square(dynamics, x, u), shape_at(dynamics, x, u)
    zero = counts_as_zero(q, x, options.tol)
    minimum = np.where(
        zero,
        ~is_saturated(dynamics, x, u, options.tol, search_radius(starts.states)),
        shape.is_minimum(options.slope_tol, dynamics.arrays.resolution),
    )
    label = np.where(zero, "fixed point", "ghost").astype("<U11")
    label[_in_region(dynamics, x, u, shape, minimum & ~zero, options)] = "slow region"
    same = _same_minima(x, u, q, shape, minimum & (label == "ghost"))
    first = representatives(same, q)
    first = first[minimum[first]]
    order = first[np.lexsort([*x[first].T[::-1], q[first], ~zero[first], *u[first].T[::-1]])]
    number = np.full(same.max(initial=-1) + 1, -1)
    number[same[order]] = np.arange(len(order))
    starts = _with_points(starts, reached, number[same[member]], zero[member])
    rows = take_record(shape, order)
    return _with_evidence(system, x[order], u[order], rows, label[order], starts, options)


def _distinct(
    dynamics: Dynamics,
    starts: Starts,
    reached: Int[np.ndarray, " n"],
    options: Options,
    thorough: bool,
) -> tuple[Float[np.ndarray, "k d"], Float[np.ndarray, "k m"], Int[np.ndarray, " n"]]:
    """Return the distinct states that starts ended at, their inputs, and which one each reached."""
    under = equal_inputs(starts.inputs)
    copies = group_states(starts.end, under, options.tol_unique, reached)
    first = reached[representatives(copies, starts.q[reached])]
    x, u = starts.end[first], starts.inputs[first]
    if thorough:
        x = _settled(dynamics, x, u, options)
    points = group_states(x, under[first], options.tol_unique)
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
    options: Options,
) -> Int[np.ndarray, " r"]:
    """Return which moving minima have neighbours that are as slow."""
    q = half_square(dynamics, x, u)
    # Where q rises by as much as itself within the probe length, neighbours cannot be as slow.
    bend = np.where(np.isfinite(shape.curvature), shape.curvature, 0.0)
    soft = np.flatnonzero(moving & (bend * probe_length(x) ** 2 < q))
    solver = descent(dynamics, options.slope_tol)
    alike = has_neighbours(
        dynamics, x[soft], u[soft], shape.softest[soft], solver, options.tol, options.max_steps
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
    probe length of each other are one.
    """
    flat = ghosts & (shape.curvature * probe_length(x) ** 2 < _FLAT * q)
    number = np.arange(len(x))
    rows = np.flatnonzero(flat)
    if len(rows):
        groups = group_states(x[rows], equal_inputs(u[rows]), _APART)
        number[rows] = rows[np.unique(groups, return_index=True)[1]][groups]
    return np.unique(number, return_inverse=True)[1].reshape(-1)


def _settled(
    dynamics: Dynamics,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    options: Options,
) -> Float[np.ndarray, "k d"]:
    """Return ends of a descent brought down to rounding, and off the saddles of q."""
    x = x.copy()
    solver = descent(dynamics, options.slope_tol)
    for turn in range(_ESCAPES + 1):
        zero = counts_as_zero(half_square(dynamics, x, u), x, options.tol)
        x[zero] = polish(dynamics, x[zero], u[zero])
        x[~zero] = flatten(dynamics, x[~zero], u[~zero])
        shape = shape_at(dynamics, x, u)
        steepest = np.linalg.norm(shape.slope, axis=(1, 2)) ** 2
        saddles = np.flatnonzero(~zero & (shape.curvature < -_DOWNWARDS * steepest))
        if turn == _ESCAPES or not len(saddles):
            break
        away = x[saddles] + probe_length(x[saddles])[:, None] * shape.softest[saddles]
        x[saddles] = solve(
            dynamics, away, u[saddles], [solver], tol=options.tol,
            max_steps=options.max_steps, progress=False,
        ).x  # fmt: skip
    return x


def _with_evidence(
    system: System,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    shape: Shape,
    label: Shaped[np.ndarray, " k"],
    starts: Starts,
    options: Options,
) -> SlowPoints:
    """Return the record of the minima, with all that is known about each."""
    dynamics, is_map = system.dynamics, system.kind == "map"
    jacobian = shape.slope + np.eye(x.shape[1]) if is_map else shape.slope
    q, zero = half_square(dynamics, x, u), label == "fixed point"
    singular = np.linalg.svd(finite_or_zero(shape.slope), compute_uv=False)
    moving, dwell = np.flatnonzero(~zero), np.full(len(x), np.inf)
    dwell[moving] = dwell_times(dynamics, x[moving], u[moving], take_record(shape, moving))
    return SlowPoints(
        linearization=replace(linearize_rows(system, x, u), matrices=Jacobians(jacobian)),
        label=label,
        q=q,
        speed=shape.speed,
        gradient_norm=np.linalg.norm(shape.gradient, axis=1),
        hits=starts._hits(len(x)),
        smallest_singular_value=singular.min(axis=1, initial=np.inf),
        curvature=shape.curvature,
        dwell_time=dwell * (system.dt or 1.0) if is_map else dwell,
        n_kinks=shape.n_kinks,
        starts=starts,
        scale=np.ones(x.shape[1]),
        tol=options.tol,
        tol_unique=options.tol_unique,
    )


def flatten(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, "k d"]:
    """Return slow points brought to where the gradient of q vanishes to rounding.

    Newton on the gradient goes to any stationary state of q; where it would leave the
    neighbourhood, the state stays as it is. On kinks there is nothing left to do.
    """
    if not len(x) or dynamics.piecewise_linear() is not None:
        return x
    gradient = Descent(dynamics)
    end = solve(gradient, x, u, [FULL_STEPS], tol=0.0, max_steps=POLISH_STEPS, progress=False).x
    before, after = (half_square(gradient, states, u) for states in (x, end))
    near = np.linalg.norm(end - x, axis=1) < probe_length(x)
    return np.where(((after < before) & near)[:, None], end, x)
