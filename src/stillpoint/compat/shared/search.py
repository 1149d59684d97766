"""The search that the finders of other tools have in common, by `find_fixed_points`."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from ..._core.display import plural
from ..._core.grouping import equal_inputs
from ...errors import StillpointWarning, warn
from ...points import FixedPoints, Source, Starts
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
    starts with a large q ended, if the settings want that. The first `len(x)` starts are those that
    were passed; where evidence says that points are missing, further ones are behind them.
    """
    first, *again = methods
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)  # `_warn_of_lost` says more
        points = find_fixed_points(system, x, u, **settings.search_options(solver, first))
        for method in again if settings.do_rerun_q_outliers else ():
            options = settings.search_options(solver, method) | {"rounds": 0}
            points = _resumed(system, points, len(x), settings, options)
    _warn_of_lost(points.starts.take(np.arange(len(x))))
    if settings.verbose or settings.super_verbose:
        print(_told(points, len(x)))  # noqa: T201
    return points


def first_starts(points: FixedPoints) -> Int[np.ndarray, " n"]:
    """Return the number of the first start that led to each point."""
    point, first = np.unique(points.starts.point, return_index=True)
    return first[point >= 0]


def passed(starts: Starts, rows: Int[np.ndarray, " k"], n: int) -> Int[np.ndarray, " k"]:
    """Return these rows of the `n` starts that were passed; for others, one under their input."""
    number = equal_inputs(starts.inputs)
    first = np.unique(number[:n], return_index=True)[1]
    return np.where(rows < n, rows, first[number[rows]])


def _told(points: FixedPoints, n: int) -> str:
    """Return what a search found, by which starts, and what that says of points that it missed."""
    starts, first = points.starts, first_starts(points)
    counts = Counter(Source(source).sentence for source in starts.source[first])
    found = "; ".join(f"{count} by {source}" for source, count in counts.items())
    more = f" and {len(starts) - n} further ones" if len(starts) > n else ""
    told = f"{plural(len(points), 'unique fixed point')} from {plural(n, 'start')}{more}"
    return f"{told}{f' ({found})' if more and found else ''}: {points.census().verdict}"


def _resumed(
    system: System, points: FixedPoints, n: int, settings: SearchSettings, options: dict
) -> FixedPoints:
    """Search on from where some of the first `n` starts ended with a large q; others stay."""
    starts = points.starts
    large = starts.q > settings.outlier_q_scale * np.median(starts.q[:n])
    again = np.flatnonzero((large & (starts.status != Status.FIXED_POINT))[:n])
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


def _warn_of_lost(starts: Starts) -> None:
    """Say how many starts gave no fixed point, and why."""
    counts = starts.counts()
    lost = {status: n for status, n in counts.items() if status != Status.FIXED_POINT}
    if lost:
        told = "; ".join(f"{count} {status.sentence}" for status, count in lost.items())
        warn(
            f"of {len(starts)} starts {sum(lost.values())} gave no fixed point: {told}. "
            f"They are among all ends (returned second) only."
        )
