"""The search for cycles; of maps: fixed points of iterates, put together to orbits.

Points of F^k are sought by multiple shooting (`Cyclic`), in rounds of starts like fixed points. A
start that comes to one state of a cycle has found all of them: images of what is known are added,
and the hits of a cycle count for each of its states, so that the index sum and the statistics of
F^k are those of whole orbits.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, SupportsIndex

import numpy as np
from jaxtyping import Float, Int

from .._core.grouping import match_states
from .._core.validation import check_whole, read_seed
from ..census import Completeness, Tally
from ..census.estimators import chao1, coverage_bound, good_turing
from ..errors import ArgumentError, StillpointWarning, came, warn
from ..points import Cycles, FixedPoints, Source
from ..search.certify import certify
from ..search.find_all import find_all_fixed_points, read_each_input, read_trajectories
from ..search.options import provenance, read_options
from ..search.rounds import with_more
from ..search.run import run_search
from ..solvers import Status
from ..system import System, check_system
from .cycle_orbits import CycleOrbits, FoundCycle, images_of
from .limit_cycles import find_limit_cycles

# How often images of what is new are looked for among the points.
_CLOSED = 4

# Steps that a start takes to an image of what is known.
_STEPS = 50

# Starts for each iterate and input, before index or hits ask for more.
_FIRST = 1024


@np.errstate(all="ignore")
def find_cycles(
    system: System,
    inputs: Any = None,
    *,
    periods: Iterable[SupportsIndex] | SupportsIndex | None = None,
    trajectories: Any = None,
    max_starts: int = 8192,
    seed: int = 0,
    progress: bool | None = None,
) -> Cycles:
    """Find the cycles of a map with given periods and prove them, or limit cycles of a flow.

    Of a map, for each period k the fixed points of F^k are sought as k states that map onto each
    other (multiple shooting; no Jacobian of all steps is multiplied out), from starts of many
    sources, and put together to orbits with their minimal period. What is known of F^k as a whole
    (index sum, hits) is a verdict for each k.

    Of a flow, closed orbits that have no others beside them are sought together with their periods,
    again by multiple shooting, so those that repel are found as well: from where orbits come back
    near where they were, and from rings around fixed points in the planes of modes that turn. They
    are computed to about 1e-12, and not proved; nothing is known on whether there are others.

    Parameters
    ----------
    system
        From `as_system`.
    inputs
        One constant input, shape (m,), or several, shape (k, m); may be left out if m = 0.
    periods
        Which iterates of a map are searched, by default 1 to 8. A cycle whose period divides one of
        them is found with it. None for a flow.
    trajectories
        As for `find_all_fixed_points`.
    max_starts
        Starts for each period and input, at most: 1,024, and twice as many again while an index
        sum or hits say that points of F^k are missing. Of a flow, orbits and rings to start from.
    seed, progress
        As for `find_all_fixed_points`.

    Returns
    -------
    Cycles
        Sorted by input, by period, then by the number of unstable directions. Fixed points are
        cycles of period 1.

    Raises
    ------
    ArgumentError
        If an argument does not fit, or periods are given for a flow.

    Warns
    -----
    StillpointWarning
        If fixed points of an iterate are not listed, or closed orbits of a flow form a family.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> flip = sp.as_system(lambda x, u: np.tanh(-2 * x), state_size=1, lefschetz=1)
    >>> cycles = sp.find_cycles(flip, periods=range(1, 4))
    >>> cycles.period.tolist(), cycles.orbit(1).round(4).ravel().tolist()
    ([1, 2], [-0.9575, 0.9575])

    The van der Pol oscillator has one limit cycle.

    >>> def oscillator(x):
    ...     return np.stack([x[:, 1], (1 - x[:, 0] ** 2) * x[:, 1] - x[:, 0]], axis=1)
    >>> cycles = sp.find_cycles(sp.as_system(oscillator, state_size=2, kind="flow"))
    >>> cycles.period.round(6), cycles.is_stable
    (array([6.663287]), array([ True]))
    """
    is_flow = check_system(system).kind == "flow"
    if is_flow and periods is not None:
        raise ArgumentError(
            f"periods: got {came(periods)}, but the periods of a flow are not known before; leave "
            f"them out, or make it a map by system.euler(dt)."
        )
    wanted = [] if is_flow else _read_periods(range(1, 9) if periods is None else periods)
    max_starts = check_whole("max_starts", max_starts, least=1)
    rows = read_each_input(system, inputs)
    if is_flow:
        path, number = read_trajectories(system, trajectories), read_seed("seed", seed)
        return find_limit_cycles(system, rows, path, max_starts, number, progress)
    found, searches = [], []
    for u in rows:
        known: list[FoundCycle] = []
        searched: dict[int, FixedPoints] = {}
        for k in wanted:
            points, orbits = _searched(system, u, k, trajectories, max_starts, seed, progress)
            searched[k] = points
            _warn_of(points, orbits, k)
            known += [
                FoundCycle.of(system, points, orbits, rows_of)
                for rows_of in orbits.cycles()
                if orbits.minimal[rows_of[0]] == k or _is_new(system, known, orbits, rows_of, u)
            ]
            if Status.INTERRUPTED in points.starts.status:
                break
        for k, points in searched.items():  # what a longer iterate brought is a point of it too
            states = [c.states for c in known if k % len(c.states) == 0]
            points = _with_states(system, k, points, np.concatenate(states)) if states else points
            searches.append((k, u, _tally(points, CycleOrbits.of(system, points, k))))
        found += sorted(known, key=lambda c: (len(c.states), c.n_unstable, *c.states[0]))
    return _record(system, found, searches, max_starts, seed)


def _read_periods(periods: Any) -> list[int]:
    """Return a caller's periods, one or several, each once and in order."""
    try:
        several = [periods] if isinstance(periods, str) else list(periods)
    except TypeError:
        several = [periods]
    if not several:
        raise ArgumentError("periods: got none, but whole numbers are wanted, such as range(1, 9).")
    return sorted({check_whole("periods", k, least=1, most=1000) for k in several})


def _doubling(most: int) -> Iterator[int]:
    """Yield numbers of starts, each twice the last, up to the most."""
    n = min(_FIRST, most)
    while n < most:
        yield n
        n *= 2
    yield most


def _warn_of(points: FixedPoints, orbits: CycleOrbits, k: int) -> None:
    """Say which fixed points of F^k are not listed, and why."""
    if samples := int(points.on_continuum.sum()):
        warn(f"F^{k} has a continuum of fixed points; {samples} samples of it are not listed.")
    if lost := int((~orbits.is_listed & ~points.on_continuum).sum()):
        warn(
            f"{lost} of {len(points)} fixed points of F^{k} are not listed: rounding grows so much "
            f"along {k} steps that they cannot be followed back to where they began."
        )


def _searched(
    system: System,
    u: Float[np.ndarray, " m"],
    k: int,
    trajectories: Any,
    max_starts: int,
    seed: int,
    progress: bool | None,
) -> tuple[FixedPoints, CycleOrbits]:
    """Return the fixed points of F^k, closed under F as far as Newton's method finds the images."""
    for starts in _doubling(max_starts):
        with warnings.catch_warnings():  # that an iterate has no fixed point is no surprise
            warnings.filterwarnings("ignore", "no start reached", StillpointWarning)
            points = find_all_fixed_points(
                _power(system, k),
                u,
                trajectories=trajectories,
                max_starts=starts,
                orbits=False,
                seed=seed,
                progress=progress,
            )
        for _ in range(_CLOSED if k > 1 and len(points) else 0):
            images = np.concatenate(list(images_of(system, points.xstar, points.inputs, k))[:-1])
            before, points = len(points), _with_states(system, k, points, images)
            if len(points) == before:
                break
        orbits = CycleOrbits.of(system, points, k)
        asks = _tally(points, orbits, asks=True)
        if asks.completeness is not Completeness.INCOMPLETE:
            break
    return points, orbits


def _power(system: System, k: int) -> System:
    """Return F^k; F itself keeps its equilibrium form."""
    return system if k == 1 else system.iterate(k)


def _with_states(
    system: System, k: int, points: FixedPoints, states: Float[np.ndarray, "n d"]
) -> FixedPoints:
    """Return the points with those that states lead to which are none of them.

    Points of a search in units of its own stay as they are.
    """
    states = states[np.isfinite(states).all(axis=1)]
    u = np.tile(points.starts.inputs[:1], (len(states), 1))
    new = match_states(points.xstar, points.inputs, states, u, points.tol_unique) < 0
    if not new.any() or not (points.scale == 1.0).all():
        return points
    power, source = _power(system, k), np.full(int(new.sum()), Source.KNOWN)
    options = read_options(power, tol=points.tol, max_steps=_STEPS)
    starts, interrupted = run_search(power, states[new], u[new], options, source)
    more, _ = with_more(power, points, starts, options, interrupted)
    if more.certificate is None and power.dynamics.interval_extension() is not None:
        more = certify(power, more)
    return replace(more, enumerations=points.enumerations)


def _is_new(
    system: System,
    known: list[FoundCycle],
    orbits: CycleOrbits,
    rows: Int[np.ndarray, " p"],
    u: Float[np.ndarray, " m"],
) -> bool:
    """Whether an orbit of a shorter period is one that no iterate before has brought.

    A state behind saturated gates stands still for many steps without being a fixed point, which
    the equilibrium form tells.
    """
    period, x = int(orbits.minimal[rows[0]]), orbits.images[-1, rows[0]]
    if period == 1:
        ends, _ = run_search(system, x[None], u[None], read_options(system, max_steps=_STEPS))
        if ends.status[0] != Status.FIXED_POINT:
            return False
    return not any(
        len(c.states) == period
        and bool((np.abs(np.arcsinh(c.states) - np.arcsinh(x)).max(axis=1) < c.tolerance).any())
        for c in known
    )


def _tally(points: FixedPoints, orbits: CycleOrbits, *, asks: bool = False) -> Tally:
    """Return the census of F^k, for whose statistics an orbit is one thing that starts catch.

    How often hits of orbits raise a false alarm was never measured. So they ask for more starts,
    but do not say that points are missing.
    """
    evidence = points._evidence()
    if not len(points):
        return points._census_of(evidence).tallies[0]
    hits, own = (
        np.bincount(orbits.labels, weights=h).astype(np.int64)
        for h in (evidence.hits, evidence.independent_hits)
    )
    shared = replace(evidence, hits=hits[orbits.labels], independent_hits=own[orbits.labels])
    (tally,) = points._census_of(shared).tallies
    caught, size = own[np.unique(orbits.labels)], len(points) / len(np.unique(orbits.labels))
    estimate, (low, high) = chao1(caught[caught > 0])
    return replace(
        tally,
        n_independent=int(own.sum()),
        singletons=int((caught == 1).sum()),
        unseen=int((caught == 0).sum()),
        coverage=good_turing(caught),
        coverage_at_least=coverage_bound(caught),
        chao1=size * estimate,
        chao1_interval=(size * low if asks else min(size * low, len(points)), size * high),
    )


def _record(
    system: System, found: list[FoundCycle], searches: list[Any], max_starts: int, seed: int
) -> Cycles:
    d, m = system.state_size, system.input_size
    longest = max((len(c.states) for c in found), default=1)
    form = system.dynamics.piecewise_linear()
    states = np.full((len(found), longest, d), np.nan)
    active = np.zeros((len(found), longest, 0 if form is None else len(form.k)), dtype=bool)
    for row, cycle in enumerate(found):
        states[row, : len(cycle.states)] = cycle.states
        if form is not None:
            active[row, : len(cycle.states)] = form.drive(cycle.states, cycle.inputs[None]) > 0
    tallies = [tally for *_, tally in searches]

    def each(name: str, kind: Any, *shape: int) -> Any:
        return np.array([getattr(c, name) for c in found], dtype=kind).reshape(len(found), *shape)

    return Cycles(
        period=np.array([len(c.states) for c in found], dtype=np.int64),
        states=states,
        active=active,
        inputs=each("inputs", float, m),
        multipliers=each("multipliers", complex, d),
        n_unstable=each("n_unstable", np.int64),
        is_stable=each("is_stable", bool),
        q=each("q", float),
        hits=each("hits", np.int64),
        proved=each("proved", bool),
        period_error=np.full(len(found), np.nan),
        trivial_multiplier=np.full(len(found), np.nan),
        searched=np.array([k for k, *_ in searches], dtype=np.int64),
        searched_inputs=np.array([u for _, u, _ in searches]).reshape(len(searches), m),
        n_points=np.array([t.n_points for t in tallies], dtype=np.int64),
        index_sum=np.array([t.index_sum for t in tallies], dtype=np.int64),
        completeness=np.array([t.completeness.value for t in tallies], dtype=np.str_),
        reason=np.array([t.judgement.reason for t in tallies], dtype=np.str_),
        system=system.info,
        provenance=provenance("find_cycles", system, states, max_starts=max_starts, seed=seed),
    )
