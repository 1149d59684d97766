"""The search in rounds: starts from many sources until the evidence agrees, then from others."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.grouping import equal_inputs, match_states
from ..census import Tally
from ..points import FixedPoints, Source, Starts
from ..solvers import Status
from ..system import System
from .describe import collect_what_there_is
from .options import Options
from .portions import Portions
from .samplers import (
    Box,
    Deflation,
    Held,
    MirrorImages,
    Mixtures,
    Perturbed,
    Recombined,
    Sampler,
    SignedSums,
    SparseCorners,
    UnstableDirections,
)
from .sampling import box_of_points, visited_states

_LOG = logging.getLogger("stillpoint")


def search_in_rounds(
    system: System,
    inputs: Float[np.ndarray, "k m"],
    visited: Sequence[Float[np.ndarray, "_ d"] | None],
    source: Source,
    points: FixedPoints | None,
    options: Options,
    portions: Portions,
    size: Int[np.ndarray, " k"],
    *,
    asked: Bool[np.ndarray, " k"] | None = None,
    quiet_rounds: int,
    largest: int = 0,
    most_starts: int | None = None,
    most_rounds: int | None = None,
) -> tuple[FixedPoints | None, bool]:
    """Return the points that are known and those that rounds of starts lead to.

    With them comes whether Ctrl-C came; there is no record if it did before any start had ended.
    Under each input rounds go on until some in a row bring no new point while neither index nor
    hits speak for more, or there is a continuum, of which every further start would be one more
    point.

    That some sources bring nothing more says little of points that they never reach. So with
    `most_starts` all of these are used. When rounds are quiet they go to the sources that were kept
    in reserve until then (`Sampler.is_reserve`); if those bring a new point, the others are asked
    again. From half of the starts on the reserve is asked in any case.

    Parameters
    ----------
    system, options
        What is searched, and how; the seed of the options is that of the starts.
    portions
        What runs the starts, and knows those that were.
    inputs
        The distinct inputs in ascending order, shape (k, m).
    visited, source
        States that the network visits under each input, or earlier starts (simulated where None),
        and what starts near them are called.
    points
        What is known already, or None.
    size, largest
        Starts of the first round under each input, shape (k,); rounds double up to the largest as
        long as they bring something new.
    asked
        Under which inputs; under all if left out.
    quiet_rounds, most_rounds
        So many in a row must bring no new point; so many are run at most.
    most_starts
        The number of starts under each input, those of `points` included.
    """
    rng, size = np.random.default_rng(options.seed), size.copy()
    quiet, used, rounds = np.zeros(len(inputs), dtype=np.int64), np.zeros(len(inputs), int), 0
    done, interrupted = np.zeros(len(inputs), dtype=bool) if asked is None else ~asked, False
    if points is not None:
        used = _count(points.starts.inputs, inputs)
    try:
        samplers = {
            k: samplers_under(system, inputs[k], visited[k], rng, source)
            for k in np.flatnonzero(~done).tolist()
        }
        usual = np.concatenate([near.visited for near, *_ in samplers.values()])
        while not interrupted and (most_rounds is None or rounds < most_rounds):
            is_quiet, late, left = quiet >= quiet_rounds, np.zeros(len(inputs), dtype=bool), size
            if most_starts is not None:
                late = is_quiet | (2 * used >= most_starts)
                end = np.where(late, most_starts, (most_starts + 1) // 2)
                left = np.minimum(np.where(late, largest, size), end - used)
            active = np.flatnonzero((left > 0) & ~done).tolist()
            if not active:
                break
            used[active] += left[active]
            several: list[Starts] = []
            for share in _shares(left[active], portions, system):
                drawn = []
                for k, n in zip(active, share.tolist(), strict=True):
                    used_now = [
                        s for s in samplers[k] if (late[k] if s.is_reserve else not is_quiet[k])
                    ]
                    drawn.append(draw(used_now, _under(points, inputs[k]), rng, n))
                x, origin = (np.concatenate(parts) for parts in zip(*drawn, strict=True))
                u = np.repeat(inputs[active], [len(states) for states, _ in drawn], axis=0)
                how = _first_solver(options) if is_quiet[active].all() else options
                if len(x) and not interrupted:
                    starts, interrupted = portions.run(system, x, u, how, origin, usual)
                    several.append(starts)
            if not several:
                continue
            before = np.zeros(len(inputs)) if points is None else _count(points.inputs, inputs)
            more = Starts.joined(several)
            points, interrupted = with_more(system, points, more, options, interrupted)
            points = portions.few(points)
            rounds, tallies = rounds + 1, points.census().tallies
            _LOG.info("round %d: %d starts, points known: %d", rounds, more.total, len(points))
            for k in active:
                if tallies[k].n_points == before[k] and _agrees(tallies[k]):
                    quiet[k] += 1
                else:
                    quiet[k], size[k] = 0, max(size[k], min(2 * size[k], largest))
                ends = most_starts is None and quiet[k] >= quiet_rounds
                done[k] = ends or tallies[k].continuum > 0
    except KeyboardInterrupt:
        interrupted = True
    return points, interrupted


def in_doubt(points: FixedPoints) -> Bool[np.ndarray, " k"]:
    """Return under which inputs, in ascending order, index or hits speak for more points.

    Of a continuum every further start would be one more point.
    """
    tallies = points.census().tallies
    return np.array([not (_agrees(tally) or tally.continuum) for tally in tallies], dtype=bool)


def draw(
    samplers: Sequence[Sampler], known: FixedPoints | None, rng: np.random.Generator, n: int
) -> tuple[Float[np.ndarray, "k d"], Int[np.ndarray, " k"]]:
    """Return `n` starts, shared out by the weights of the samplers, and their sources.

    As long as no point is known, samplers that look at the points draw nothing.
    """
    if known is None or not len(known):
        samplers = [sampler for sampler in samplers if sampler.source.is_independent]
    first, *others = samplers
    weights = np.array([sampler.weight for sampler in samplers])
    counts = n * weights // weights.sum()
    drawn = [
        (sampler.source, sampler.states(known, rng, int(count)))
        for sampler, count in zip(others, counts[1:], strict=True)
        if count
    ]
    left = n - sum(len(states) for _, states in drawn)  # what some had no more of, too
    drawn.insert(0, (first.source, first.states(known, rng, left)))
    source = np.repeat([source for source, _ in drawn], [len(states) for _, states in drawn])
    return np.concatenate([states for _, states in drawn]), source


def samplers_under(
    system: System,
    u: Float[np.ndarray, " m"],
    visited: Float[np.ndarray, "k d"] | None,
    rng: np.random.Generator,
    source: Source,
) -> tuple[Perturbed, *tuple[Sampler, ...]]:
    """Return all sources of starts under one input, that near the visited states first."""
    if visited is None:
        visited = visited_states(system, u, rng)
    box = Box(system, u, *box_of_points(system, u, visited, rng))
    return (
        Perturbed(visited, source),
        box,
        SparseCorners(box),
        MirrorImages(),
        Mixtures(),
        SignedSums(),
        UnstableDirections(),
        Deflation(system),
        Held(box),
        Recombined(visited),
    )


def _first_solver(options: Options) -> Options:
    """Return the options without the solvers that take on what the first does not finish.

    Those take most of the time, and where rounds are quiet hardly a start of theirs is news.
    """
    return replace(options, solvers=options.solvers[:1])


def _under(points: FixedPoints | None, u: Float[np.ndarray, " m"]) -> FixedPoints | None:
    """Return the points under one input."""
    if points is None:
        return None
    same = (points.inputs == u).all(axis=1)
    return points if same.all() else points[same]


def _shares(
    left: Int[np.ndarray, " k"], portions: Portions, system: System
) -> Iterator[Int[np.ndarray, " k"]]:
    """Yield how many starts each input has in each portion."""
    several = len(list(portions.slices(int(left.sum()), system)))
    for k in range(several):
        yield (k + 1) * left // several - k * left // several


def _count(
    rows: Float[np.ndarray, "n m"], inputs: Float[np.ndarray, "k m"]
) -> Int[np.ndarray, " k"]:
    """Return how many rows each of the inputs has, which are in ascending order."""
    both = equal_inputs(np.vstack([inputs, rows]))[len(inputs) :]
    return np.bincount(both, minlength=len(inputs))


def with_more(
    system: System,
    points: FixedPoints | None,
    more: Starts,
    options: Options,
    interrupted: bool,
) -> tuple[FixedPoints, bool]:
    """Return the points with those that further starts led to, and whether Ctrl-C came.

    Where all of them reached known points, there is nothing to polish and to linearise again.
    """
    if points is not None:
        reached = np.flatnonzero(more.status == Status.FIXED_POINT)
        ends = more.take(reached) if len(reached) < len(more) else more
        known = match_states(points.xstar, points.inputs, ends.end, ends.inputs, options.tol_unique)
        point = np.full(len(more), -1)
        point[reached] = known
        more = replace(more, point=point)
        hits = points.hits + more._hits(len(points))
        more = Starts.joined([points.starts, more])
        if (known >= 0).all():
            return replace(points, starts=more, hits=hits), interrupted
    return collect_what_there_is(system, more, options, interrupted, points)


def _agrees(tally: Tally) -> bool:
    """Whether neither the index nor the hits speak for more points."""
    return not (tally.missing_at_least or tally.singletons or tally.unseen)
