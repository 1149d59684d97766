"""The search in rounds: starts from many sources, until the evidence agrees."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

from ..census import Tally
from ..points import FixedPoints, Starts
from ..solvers import Status
from ..system import System
from .bounds import box_of_points, visited_states
from .find import collect_what_there_is
from .options import Settings
from .run import run_search
from .samplers import (
    Box,
    Deflation,
    MirrorImages,
    Mixtures,
    Sampler,
    SignedSums,
    SparseCorners,
    Trajectories,
    UnstableDirections,
)

# Starts of the first round; rounds double up to the largest while they bring something new, which
# spares overhead. So many in a row must bring nothing.
_ROUND, _LARGEST_ROUND, _QUIET_ROUNDS = 256, 1024, 2


def search_in_rounds(
    system: System,
    u: Float[np.ndarray, " m"],
    path: Float[np.ndarray, "k d"] | None,
    budget: int,
    settings: Settings,
    points: FixedPoints | None,
) -> tuple[FixedPoints | None, bool]:
    """Return the points that are known and those that rounds of starts lead to.

    With them comes whether Ctrl-C came; there is no record if it did before any start had ended.

    Parameters
    ----------
    system
        Which is searched.
    u
        The input, shape (m,).
    path
        States that the network visits, shape (k, d), or None.
    budget
        The largest number of starts, those of `points` included.
    settings
        Of each search.
    points
        What is known already, or None.
    """
    rng = np.random.default_rng(settings.seed)
    interrupted, quiet, size = False, 0, _ROUND
    try:
        samplers = samplers_under(system, u, path, rng)
        while not interrupted and quiet < _QUIET_ROUNDS:
            used = 0 if points is None else len(points.starts)
            if used >= budget:
                break
            x, source = draw(samplers, points, rng, min(size, budget - used))
            more, interrupted = run_search(system, x, np.tile(u, (len(x), 1)), settings, source)
            before = 0 if points is None else len(points)
            points, interrupted = _with(system, points, more, settings, interrupted)
            (tally,) = points.census().tallies
            if tally.continuum:  # every further start would be one more point of it
                break
            if len(points) == before and _agrees(tally):
                quiet += 1
            else:
                quiet, size = 0, min(2 * size, _LARGEST_ROUND)
    except KeyboardInterrupt:
        interrupted = True
    return points, interrupted


def draw(
    samplers: Sequence[Sampler], known: FixedPoints | None, rng: np.random.Generator, n: int
) -> tuple[Float[np.ndarray, "k d"], Int[np.ndarray, " k"]]:
    """Return up to `n` starts, shared out by the weights of the samplers, and their sources.

    As long as no point is known, samplers that look at the points draw nothing.
    """
    if known is None or not len(known):
        samplers = [sampler for sampler in samplers if sampler.source.is_independent]
    weights = np.array([sampler.weight for sampler in samplers])
    counts = n * weights // weights.sum()
    counts[0] += n - counts.sum()
    drawn = [
        sampler.states(known, rng, int(count))
        for sampler, count in zip(samplers, counts, strict=True)
        if count
    ]
    drawing = [sampler.source for sampler, count in zip(samplers, counts, strict=True) if count]
    return np.concatenate(drawn), np.repeat(drawing, [len(states) for states in drawn])


def samplers_under(
    system: System,
    u: Float[np.ndarray, " m"],
    path: Float[np.ndarray, "k d"] | None,
    rng: np.random.Generator,
) -> list[Sampler]:
    """Return all sources of starts under one input."""
    visited = visited_states(system, u, rng) if path is None else path
    box = Box(system, u, *box_of_points(system, u, visited, rng))
    return [
        Trajectories(visited),
        box,
        SparseCorners(box),
        MirrorImages(),
        Mixtures(),
        SignedSums(),
        UnstableDirections(),
        Deflation(system),
    ]


def _with(
    system: System,
    points: FixedPoints | None,
    more: Starts,
    settings: Settings,
    interrupted: bool,
) -> tuple[FixedPoints, bool]:
    """Return the points with those that further starts led to, and whether Ctrl-C came.

    Where all of them reached known points, there is nothing to polish and to linearise again.
    """
    if points is None:
        return collect_what_there_is(system, more, settings, interrupted)
    reached = more.status == Status.FIXED_POINT
    if len(points):
        tree = cKDTree(np.arcsinh(points.xstar))  # the distance of `group_by_condition`
        apart, nearest = tree.query(np.arcsinh(more.end))
        if (apart[reached] <= settings.tol_unique).all():
            more = replace(more, point=np.where(reached, nearest, -1))
            starts = Starts.concatenate([points.starts, more])
            hits = points.hits + np.bincount(nearest[reached], minlength=len(points))
            return replace(points, starts=starts, hits=hits), interrupted
    starts = Starts.concatenate([points.starts, more])
    return collect_what_there_is(system, starts, settings, interrupted)


def _agrees(tally: Tally) -> bool:
    """Whether neither the index nor the hits speak for more points."""
    return not (tally.missing_at_least or tally.singletons or tally.unseen)
