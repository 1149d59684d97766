"""From the ends of a search to the distinct points, each with what is known about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Int

from .._core.grouping import conditions, group_by_condition, representatives
from ..local import DEGENERATE, Linearization, linearize
from ..points import FixedPoints, Starts
from ..solvers import Status
from ..system import System
from .continuum import on_continuum
from .kinks import on_kinks
from .options import Settings, provenance
from .polish import condition_at, polish
from .speed import counts_as_zero, half_square


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
        x = polish(system.dynamics, x, u)
    # Ill-conditioned copies that lay too far apart to be merged come together when polished.
    points = group_by_condition(x, under[first], settings.tol_unique)
    kept = representatives(points, half_square(system.dynamics, x, u, equilibrium=True))
    lin = linearize(system, x[kept], u[kept])
    order = _reading_order(lin, settings.tol_unique)
    point = np.full(len(starts), -1)
    point[reached] = np.argsort(order)[points[copies]]
    starts = replace(starts, point=point)
    return _with_evidence(system, lin, order, starts, settings, thorough)


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
    conditioning = condition_at(system.dynamics, x, u)
    degenerate = ~(conditioning < DEGENERATE)
    images = [half_square(system.dynamics, -x, u, equilibrium=form) for form in (True, False)]
    on_kink, attracts = on_kinks(system.dynamics, x, u)
    rows = {
        "xstar": x,
        "inputs": u,
        "q": half_square(system.dynamics, x, u),
        "condition": conditioning,
        "jacobian": lin.A,
        "input_jacobian": lin.B,
        "eigenvalues": lin.eigenvalues,
        "n_unstable": lin.n_unstable,
        "is_stable": np.where(on_kink, attracts, lin.is_stable),
        "index": np.where(degenerate, 0, np.where(on_kink, attracts, lin.index)),
        "mirrored": np.all([counts_as_zero(q, x, settings.tol) for q in images], axis=0),
        "on_continuum": on_continuum(system.dynamics, lin, degenerate & thorough, settings.tol),
        "on_kink": on_kink,
    }
    return FixedPoints(
        **{name: values[order] for name, values in rows.items()},
        hits=np.bincount(starts.point[starts.point >= 0], minlength=len(x)),
        starts=starts,
        structure=system.structure,
        provenance=provenance(system, settings),
    )


def _reading_order(lin: Linearization, tolerance: float) -> Int[np.ndarray, " k"]:
    """Return the order by input, then by unstable directions, then by position."""
    cells = np.round(lin.states / tolerance)
    keys = [*cells.T[::-1], lin.n_unstable, *lin.inputs.T[::-1]]
    return np.lexsort(keys)
