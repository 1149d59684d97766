"""Searches from many starts: a portion at a time, of which few rows remain where so wanted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int

from .._core.grouping import equal_inputs, group_states
from ..points import FixedPoints, Source, Starts
from ..points.condensing import condensed
from ..points.starts import fingerprints
from ..solvers import MEMORY_BUDGET, Status
from ..system import System
from .options import Options
from .run import left_alone, run_search

# A portion takes this part of the memory budget for its states, ends and inputs.
_PART = 4

#: How starts end that are grouped by where.
REACHED = (Status.FIXED_POINT,)


class Portions:
    """Runs the starts of one search, all at once or, if starts are not kept, in portions.

    Of each portion as many rows remain as stand for its starts. What is remembered of the others is
    one number each, by which starts that are repeated are known.
    """

    def __init__(self, options: Options, reached: tuple[Status, ...] = REACHED) -> None:
        self.keep, self.tol_unique, self.reached = options.keep_starts, options.tol_unique, reached
        self.seen = np.empty(0)

    def run(
        self,
        system: System,
        x: Float[np.ndarray, "n d"],
        u: Float[np.ndarray, "n m"],
        options: Options,
        source: Int[np.ndarray, " n"] | None = None,
        visited: Float[np.ndarray, "k d"] | None = None,
        scale: Float[np.ndarray, " d"] | float = 1.0,
    ) -> tuple[Starts, bool]:
        """Return what became of starts, measured by `scale`, and whether Ctrl-C came meanwhile."""
        if self.keep:
            return run_search(system, x / scale, u.copy(), options, source, visited)
        visited = np.stack([x.max(axis=0), x.min(axis=0)]) / scale if visited is None else visited
        several, interrupted = [], False
        for rows in self.slices(len(x), system):
            some = None if source is None else source[rows]
            begin = x[rows] / scale, u[rows].copy()
            if interrupted:
                starts = left_alone(system, *begin, some)
            else:
                starts, interrupted = run_search(system, *begin, options, some, visited)
            try:
                several.append(self._few(starts))
            except KeyboardInterrupt:
                interrupted = True
                several.append(self._few(starts))
        return self.condensed(Starts.joined(several)), interrupted

    def slices(self, n: int, system: System) -> Iterator[slice]:
        """Yield which of n starts are run at a time."""
        numbers = 2 * system.state_size + system.input_size + 8
        most = n if self.keep else max(1, MEMORY_BUDGET // (8 * _PART * numbers))
        yield from (slice(first, min(first + most, n)) for first in range(0, n, most))

    def few(self, points: FixedPoints) -> FixedPoints:
        """Return the points with fewer rows of starts, if these are not kept."""
        return replace(points, starts=self.condensed(points.starts, points.starts.point))

    def condensed(self, starts: Starts, ends: Int[np.ndarray, " n"] | None = None) -> Starts:
        """Return fewer rows, if starts are not kept; by where they ended unless `ends` says it."""
        if self.keep:
            return starts
        return condensed(starts, self._ends(starts) if ends is None else ends)

    def _few(self, starts: Starts) -> Starts:
        """Return few rows of a portion, those that were there before known, and remember it."""
        numbers = fingerprints(starts.states, starts.inputs)
        again = starts.repeated | np.isin(numbers, self.seen)
        source = np.where(again, Source.REPEATED, starts.source)
        few = self.condensed(replace(starts, source=source))
        self.seen = np.concatenate([self.seen, numbers[~again]])
        return few

    def _ends(self, starts: Starts) -> Int[np.ndarray, " n"]:
        """Return a number for where each start ended, -1 for nowhere that counts."""
        reached = np.flatnonzero(np.isin(starts.status, self.reached))
        under, ends = equal_inputs(starts.inputs), np.full(len(starts), -1)
        ends[reached] = group_states(starts.end, under, self.tol_unique, reached)
        return ends
