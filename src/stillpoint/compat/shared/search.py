"""The search that the finders of other tools have in common, by `find_fixed_points`."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ...errors import StillpointWarning, warn
from ...points import FixedPoints
from ...search import find_fixed_points
from ...solvers import Status
from ...system import System
from .settings import SearchSettings

_KEPT = (Status.FIXED_POINT, Status.LEFT_OUT)


def search(
    system: System,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    settings: SearchSettings,
    solver: str,
    method: str = "joint",
) -> FixedPoints:
    """Search once, with the options that have the meaning of a tool's settings."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)  # `warn_of_lost` says more
        return find_fixed_points(system, x, u, **settings.search_options(solver, method))


def search_outliers_on(
    system: System,
    points: FixedPoints,
    settings: SearchSettings,
    solver: str,
    method: str = "joint",
) -> FixedPoints:
    """Search on from where starts with a large q ended; others stay as they are."""
    starts = points.starts
    large = starts.q > settings.outlier_q_scale * np.median(starts.q)
    again = np.flatnonzero(large & ~np.isin(starts.status, _KEPT))
    if not len(again):
        return points
    more = search(system, starts.end[again], starts.inputs[again], settings, solver, method)
    before = starts.take(again)
    resumed = replace(more.starts, states=before.states, steps=before.steps + more.starts.steps)
    both = FixedPoints.concatenate([points, replace(more, starts=resumed)])
    both = both.unique(settings.tol_unique)
    rows: Any = np.arange(len(starts))
    rows[again] = len(starts) + np.arange(len(again))
    return replace(both, starts=both.starts.take(rows))


def warn_of_lost(points: FixedPoints) -> None:
    """Say how many starts gave no fixed point, and why."""
    counts = points.starts.counts()
    lost = {status: n for status, n in counts.items() if status not in _KEPT}
    if lost:
        told = "; ".join(f"{count} {status.sentence}" for status, count in lost.items())
        warn(
            f"of {len(points.starts)} starts {sum(lost.values())} gave no fixed point: {told}. "
            f"They are among all ends (returned second) only."
        )
