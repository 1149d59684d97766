"""The search that the finders of other tools have in common, by `find_fixed_points`."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from ...errors import StillpointWarning, warn
from ...points import FixedPoints
from ...search import find_fixed_points
from ...solvers import Status
from ...system import System
from .settings import SearchSettings


def search(
    system: System,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    settings: SearchSettings,
    solver: str,
    methods: Sequence[str],
) -> FixedPoints:
    """Search as the settings of a tool say, and warn of the starts that gave no fixed point.

    `methods`, "joint" or "sequential", are those of the search, and of each that goes on from where
    starts with a large q ended, if the settings want that.
    """
    first, *again = methods
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)  # `_warn_of_lost` says more
        points = find_fixed_points(system, x, u, **settings.search_options(solver, first))
        for method in again if settings.do_rerun_q_outliers else ():
            points = _resumed(system, points, settings, settings.search_options(solver, method))
    _warn_of_lost(points)
    return settings.chosen(points)


def first_starts(points: FixedPoints) -> Int[np.ndarray, " n"]:
    """Return the number of the first start that led to each point."""
    point, first = np.unique(points.starts.point, return_index=True)
    return first[point >= 0]


def _resumed(
    system: System, points: FixedPoints, settings: SearchSettings, options: dict
) -> FixedPoints:
    """Search on from where starts with a large q ended; others stay as they are."""
    starts = points.starts
    large = starts.q > settings.outlier_q_scale * np.median(starts.q)
    again = np.flatnonzero(large & (starts.status != Status.FIXED_POINT))
    if not len(again):
        return points
    before = starts.take(again)
    more = find_fixed_points(system, before.end, before.inputs, **options)
    resumed = replace(more.starts, states=before.states, steps=before.steps + more.starts.steps)
    both = FixedPoints.concatenate([points, replace(more, starts=resumed)])
    both = both.unique(settings.tol_unique)
    rows = np.arange(len(starts))
    rows[again] = len(starts) + np.arange(len(again))
    return replace(both, starts=both.starts.take(rows))


def _warn_of_lost(points: FixedPoints) -> None:
    """Say how many starts gave no fixed point, and why."""
    counts = points.starts.counts()
    lost = {status: n for status, n in counts.items() if status != Status.FIXED_POINT}
    if lost:
        told = "; ".join(f"{count} {status.sentence}" for status, count in lost.items())
        warn(
            f"of {len(points.starts)} starts {sum(lost.values())} gave no fixed point: {told}. "
            f"They are among all ends (returned second) only."
        )
