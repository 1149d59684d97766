"""From the ends of a descent to the distinct minima of the speed, each with its evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Float

from ..arrays import take_record
from ..dynamics import Dynamics
from ..local import sorted_eig
from ..solvers import descent, solve
from ..status import Status
from ..system import System
from .continuum import has_neighbours, stride_at
from .minima import Shape, dwell_times, shape_at
from .polishing import flatten, polish
from .settings import Settings, provenance
from .slow_points import SlowPoints
from .starts import Starts
from .stillness import counts_as_zero, half_square
from .uniqueness import conditions, group_by_condition, representatives

# How often ends that turn out to be saddles of q are left along the way down.
_ESCAPES = 2

# Curvature of q below minus this, relative to the steepest there, leads down.
_DOWNWARDS = 1e-8


def collect_slow(system: System, starts: Starts, settings: Settings) -> SlowPoints:
    """Return the distinct minima that starts ended at, each with what is known about it."""
    dynamics = system.dynamics
    reached = np.flatnonzero(np.isin(starts.status, [Status.FIXED_POINT, Status.SLOW_POINT]))
    end, inputs = starts.end[reached], starts.inputs[reached]
    under = conditions(inputs)
    copies = group_by_condition(end, under, settings.tol_unique)
    first = representatives(copies, starts.q[reached])
    x, u = _settled(dynamics, end[first], inputs[first], settings), inputs[first]
    points = group_by_condition(x, under[first], settings.tol_unique)
    q = half_square(dynamics, x, u)
    kept = representatives(points, q)
    x, u, q = x[kept], u[kept], q[kept]
    shape = shape_at(dynamics, x, u)
    zero = counts_as_zero(q, x, settings.tol)
    minimum = zero | shape.is_minimum(settings.slope_tol, dynamics.arrays.resolution)
    order = np.lexsort([*x.T[::-1], q, ~zero, *u.T[::-1]])
    order = order[minimum[order]]
    number = np.full(len(x), -1)
    number[order] = np.arange(len(order))
    point = np.full(len(starts), -1)
    point[reached] = number[points[copies]]
    status = starts.status.copy()
    status[reached] = np.where(zero[points[copies]], Status.FIXED_POINT, Status.SLOW_POINT)
    status[reached[point[reached] < 0]] = Status.STALLED
    starts = replace(starts, point=point, status=status)
    return _with_evidence(system, x[order], u[order], take_record(shape, order), starts, settings)


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
    starts: Starts,
    settings: Settings,
) -> SlowPoints:
    """Return the record of the minima, with all that is known about each."""
    dynamics = system.dynamics
    is_map = system.kind == "map"
    jacobian = shape.slope + np.eye(x.shape[1]) if is_map else shape.slope
    q = half_square(dynamics, x, u)
    zero = counts_as_zero(q, x, settings.tol)
    label = np.where(zero, "fixed point", "ghost").astype("<U11")
    # Where q would rise by as much as itself within the stride, neighbours cannot be as slow.
    soft = np.flatnonzero(~zero & (shape.curvature * stride_at(x) ** 2 < q))
    alike = has_neighbours(
        dynamics, x[soft], u[soft], shape.softest[soft], descent(dynamics), settings.tol
    )
    label[soft[alike]] = "slow region"
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
