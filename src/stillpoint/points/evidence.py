"""From the ends of a search to the distinct points, each with what is known about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from ..arrays import to_numpy
from ..local import linearize
from ..solvers import Newton, solve
from ..status import Status
from ..system import System
from .continuum import on_continuum
from .fixed_points import DEGENERATE, FixedPoints
from .settings import Settings, provenance
from .starts import Starts
from .uniqueness import group, representatives

# Newton steps that polish each distinct point down to rounding; isolated but degenerate points
# converge linearly and need many.
_POLISH_STEPS = 100


def collect(system: System, starts: Starts, settings: Settings) -> FixedPoints:
    """Merge copies, polish each distinct point, and linearise there."""
    reached = np.flatnonzero(starts.status == Status.FIXED_POINT)
    end, inputs = starts.end[reached], starts.inputs[reached]
    tolerance = settings.tol_unique * max(1.0, float(np.abs(end).max(initial=0.0)))
    copies = group(np.hstack([end, inputs]), tolerance)
    first = representatives(copies, starts.q[reached])
    x, u = _polish(system, end[first], inputs[first]), inputs[first]
    # Ill-conditioned copies that lay too far apart to be merged come together when polished.
    points = group(np.hstack([x, u]), tolerance)
    kept = representatives(points, half_square_speed(system, x, u))
    order = _reading_order(system, x[kept], u[kept], tolerance)
    point = np.full(len(starts), -1)
    point[reached] = np.argsort(order)[points[copies]]
    return _with_evidence(
        system, x[kept][order], u[kept][order], replace(starts, point=point), settings, tolerance
    )


def _with_evidence(
    system: System,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    starts: Starts,
    settings: Settings,
    tolerance: float,
) -> FixedPoints:
    """Return the record of the points `x`, with all that is known about each."""
    lin = linearize(system, x, u)
    condition = lin.condition
    degenerate = ~(condition < DEGENERATE)
    q_mirrored = half_square_speed(system, -x, u)
    return FixedPoints(
        xstar=x,
        inputs=u,
        q=half_square_speed(system, x, u),
        hits=np.bincount(starts.point[starts.point >= 0], minlength=len(x)),
        condition=condition,
        jacobian=lin.A,
        input_jacobian=lin.B,
        eigenvalues=lin.eigenvalues,
        n_unstable=lin.n_unstable,
        is_stable=lin.is_stable,
        index=np.where(degenerate, 0, lin.index),
        mirrored=counts_as_zero(q_mirrored, x, settings.tol),
        on_continuum=on_continuum(system.motion, lin, degenerate, settings.tol),
        starts=starts,
        provenance=provenance(system, settings, tolerance),
    )


def _polish(
    system: System, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, "k d"]:
    """Return the points after Newton steps down to rounding, where those make q smaller."""
    polished = solve(
        system.motion, x, u, [Newton()], tol=0.0, max_steps=_POLISH_STEPS, progress=False
    ).x
    better = half_square_speed(system, polished, u) < half_square_speed(system, x, u)
    near = np.linalg.norm(polished - x, axis=1) < 1e-3 * np.maximum(1, np.linalg.norm(x, axis=1))
    return np.where((better & near)[:, None], polished, x)


def half_square_speed(
    system: System, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, " n"]:
    """Return 1/2 |motion|^2 of the state itself, also for an observed system."""
    asarray = system.motion.arrays.asarray
    with np.errstate(all="ignore"):
        motion = system.motion.residual_problem().residual(asarray(x), asarray(u))
    motion = to_numpy(motion).astype(np.float64)
    return 0.5 * np.sum(motion**2, axis=1)


def counts_as_zero(
    q: Float[np.ndarray, " n"], x: Float[np.ndarray, "n d"], tol: float
) -> Bool[np.ndarray, " n"]:
    """Return where q counts as zero for states of the size of x."""
    return q <= tol * np.maximum(1.0, np.abs(x).max(axis=1, initial=0.0)) ** 2


def _reading_order(
    system: System, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"], tolerance: float
) -> Int[np.ndarray, " k"]:
    """Return the order by input, then by unstable directions, then by position."""
    unstable = linearize(system, x, u).n_unstable
    cells = np.round(x / tolerance)
    keys = [*cells.T[::-1], unstable, *u.T[::-1]]
    return np.lexsort(keys)
