"""What attracts, whatever the search found: orbits followed to where they settle.

Newton's method goes to points, wherever a network goes by itself; where all that attracts are
cycles, or a ring of points whose indices cancel, neither hits nor indices tell. So a batch of
orbits is followed, some from the starts of the search, some from unstable points along their
unstable directions. Points at which they settle join the others; what does not settle is evidence.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import batches, to_numpy
from .._core.grouping import match_states
from ..dynamics.integrate import integrate
from ..dynamics.simulate import stepper
from ..local import Linearization
from ..points import FixedPoints, OrbitEnd, Orbits, Source, Starts
from ..solvers import Status
from ..solvers.loop import DIVERGENCE
from ..system import System
from .options import Options
from .rounds import with_more
from .run import NUMBERS_AT_ONCE, run_search

# Orbits under one input: so many from starts, and from so many unstable points along so many of
# their directions, both ways, at this distance relative to max(1, |x|).
_FROM_STARTS = 24
_FROM_POINTS = 8
_DIRECTIONS = 2
_AWAY = 1e-2

# Off what repels, on which symmetry might hold an orbit, starts are pushed by this, relative to
# max(1, |x|), and directions by this.
_PUSH, _ASIDE = 1e-6, 1e-4

# Inputs under which orbits are followed at a time.
_INPUTS = 16

# Steps of an orbit, at most, and those between two looks at it.
_STEPS = 3072
_LOOK = 256

# A flow takes steps of its own dt, or of this part of its shortest time where it is, and where it
# may be soon, at this distance relative to max(1, |x|).
_PART = 0.5
_ELSEWHERE = 0.3

# The error of a step of a flow, relative to max(1, |x|), or to what rounding leaves; and how many
# times as many steps that adapt are taken, at most.
_ACCURACY, _ROUNDING = 1e-10, 100.0
_LONGER = 4

# Relative to max(1, |x|): the speed of what is at rest; the distance from a point at which an orbit
# is there, and that from a stable point within which an orbit that comes nearer settles on it.
_AT_REST = 1e-10
_NEAR = 1e-6
_BASIN = 0.1

# A cycle is looked for in so many steps, through so many random projections: states one period
# apart are alike, to a part of a step, and those half a period apart are not, as shares of what any
# two differ by.
_WATCHED = 1024
_PROJECTIONS = 6
_ALIKE = 0.02
_UNLIKE = 0.5
_EXACTLY = 1e-12
_STEADY = 0.03


def explain(system: System, orbits: Orbits) -> Orbits:  # noqa: ARG001
    """Return the orbits with what else they go round; `stillpoint.recurrence` hands over how."""
    return orbits


def with_orbits(system: System, points: FixedPoints, options: Options) -> tuple[FixedPoints, bool]:
    """Return the points, those on which orbits settle besides, and the orbits.

    They are followed under inputs where nothing else speaks against the points, or no point is
    known to be stable. With them comes whether Ctrl-C came; then there are none.
    """
    wanted = [tally.inputs for tally in points.census().tallies if tally.awaits_orbits]
    followed: list[Orbits] = []
    try:
        for first in range(0, len(wanted), _INPUTS):
            several = wanted[first : first + _INPUTS]
            begun = [beginnings(points, u, options.seed) for u in several]
            u = np.repeat(np.stack(several), [len(states) for states in begun], axis=0)
            orbits, before = follow(system, np.concatenate(begun), u)
            points, reached, interrupted = _with_ends(system, points, orbits, options)
            followed.append(explain(system, _settled(points, orbits, before, reached)))
            if interrupted:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        return points, True
    return replace(points, orbits=Orbits.joined(followed) if followed else None), False


def _with_ends(
    system: System, points: FixedPoints, orbits: Orbits, options: Options
) -> tuple[FixedPoints, Int[np.ndarray, " o"], bool]:
    """Return the points with those that Newton's method finds from ends of orbits.

    With them come the point found from each end, -1 for none, and whether Ctrl-C came. Only starts
    that led to points which the search had missed join its starts.
    """
    reached, interrupted = np.full(len(orbits), -1), False
    rows = np.flatnonzero(orbits.ending != OrbitEnd.DIVERGED)
    if not len(rows):
        return points, reached, interrupted
    end, inputs, source = orbits.end[rows], orbits.inputs[rows], np.full(len(rows), Source.ORBIT)
    usual = points.starts.states
    ends, interrupted = run_search(system, end, inputs, options, source, usual)
    fixed = np.flatnonzero(ends.status == Status.FIXED_POINT)
    new = fixed[_matched(points, ends.take(fixed)) < 0]
    if len(new):
        points, interrupted = with_more(system, points, ends.take(new), options, interrupted)
    reached[rows[fixed]] = _matched(points, ends.take(fixed))
    if len(new):
        reached[rows[new]] = points.starts.point[-len(new) :]
    return points, reached, interrupted


def _matched(points: FixedPoints, ends: Starts) -> Int[np.ndarray, " k"]:
    return match_states(points.xstar, points.inputs, ends.end, ends.inputs, points.tol_unique)


def beginnings(
    points: FixedPoints, u: Float[np.ndarray, " m"], seed: int
) -> Float[np.ndarray, "o d"]:
    """Return where orbits under one input begin."""
    starts = points.starts.states[(points.starts.inputs == u).all(axis=1)]
    chosen = starts[np.linspace(0, len(starts) - 1, min(len(starts), _FROM_STARTS)).astype(int)]
    size = np.maximum(1.0, np.abs(chosen).max(axis=1, keepdims=True, initial=0.0))
    chosen = chosen + _PUSH * size * np.random.default_rng(seed).standard_normal(chosen.shape)
    unstable = np.flatnonzero((points.inputs == u).all(axis=1) & (points.n_unstable > 0))
    unstable = np.random.default_rng(seed).permutation(unstable)[:_FROM_POINTS]
    return np.concatenate([chosen, beside_unstable(points.linearization.take(unstable))])


def beside_unstable(lin: Linearization) -> Float[np.ndarray, "o d"]:
    """Return states beside unstable points, nearly along some unstable directions, both ways."""
    away, rng = [], np.random.default_rng(0)
    for k in range(len(lin.states)):
        length = _AWAY * max(1.0, float(np.abs(lin.states[k]).max()))
        vectors = lin.leading_vectors(k)[: min(_DIRECTIONS, lin.n_unstable[k])]
        turned = np.where(
            lin.leading_eigenvalues[k, : len(vectors)].imag < 0, 1j, 1.0
        )  # of a pair, both
        aside = _ASIDE * rng.standard_normal(vectors.shape)
        for direction in (vectors * turned[:, None]).real + aside:
            away += [lin.states[k] + sign * length * direction for sign in (1.0, -1.0)]
    return np.array(away).reshape(-1, lin.states.shape[1])


def follow(
    system: System,
    x: Float[np.ndarray, "o d"],
    u: Float[np.ndarray, "o m"],
    steps: int = _STEPS,
) -> tuple[Orbits, Float[np.ndarray, "o d"]]:
    """Return orbits followed until they rest, and where each was a while before its end.

    What has stopped is taken to rest at a point; at which, is for others to say.
    """
    dynamics, n = system.dynamics, len(x)
    asarray, dt = dynamics.arrays.asarray, np.ones(n)
    bound = DIVERGENCE * np.maximum(1.0, np.abs(x).max(axis=1, initial=0.0))
    end, before, going = x.copy(), x.copy(), np.arange(n)
    for _ in range(-(-steps // _LOOK)):
        before[going] = end[going]
        dt[going] = time_steps(system, end[going], u[going])
        end[going], moved = _ahead(system, end[going], u[going], dt[going])
        size = np.abs(end[going]).max(axis=1, initial=0.0)
        rests = moved < _AT_REST * np.maximum(1.0, size)
        going = going[(size < bound[going]) & ~rests]
        if not len(going):
            break
    within = np.abs(end).max(axis=1, initial=0.0) < bound
    ending, period = np.where(within, OrbitEnd.POINT, OrbitEnd.DIVERGED), np.full(n, np.nan)
    if len(going):
        step = stepper(dynamics, asarray(dt[going, None]))
        period[going] = _periods(step, asarray(end[going]), asarray(u[going]))
        ending[going] = np.where(np.isnan(period[going]), OrbitEnd.MOVING, OrbitEnd.CYCLE)
    speed = np.linalg.norm(system.residual(np.where(within[:, None], end, 0.0), u), axis=1)
    speed[~within] = np.nan
    if system.kind == "map":
        return Orbits(x, u, end, speed, period, ending, "steps"), before
    return Orbits(x, u, end, speed, dt * period, ending, "units of time"), before


def _ahead(
    system: System,
    x: Float[np.ndarray, "o d"],
    u: Float[np.ndarray, "o m"],
    dt: Float[np.ndarray, " o"],
) -> tuple[Float[np.ndarray, "o d"], Float[np.ndarray, " o"]]:
    """Return where orbits are at the next look, and how far the last step brought them.

    Steps of one length would damp a flow's slow oscillations, and overshoot behind its ghosts. They
    are taken only where those that adapt are too many, or the orbit runs away.
    """
    end, dynamics, asarray = x.copy(), system.dynamics, system.dynamics.arrays.asarray
    left, scale = np.ones(len(x), dtype=bool), np.maximum(1.0, np.abs(x).max(axis=1, initial=0.0))
    if system.kind == "flow":
        tolerance = max(_ACCURACY, _ROUNDING * dynamics.arrays.resolution)
        told = {"tolerance": tolerance, "scale": scale, "most_steps": _LONGER * _LOOK}
        end = integrate(dynamics, x, u, _LOOK * dt, **told)
        left = np.isnan(end).any(axis=1)
    if left.any():
        state, inputs = asarray(x[left]), asarray(u[left])
        step = stepper(dynamics, asarray(dt[left, None]))
        for _ in range(_LOOK):
            state = step(state, inputs)
        end[left] = to_numpy(state)
    moved = np.abs(system.residual(np.where(np.isfinite(end), end, 0.0), u)).max(
        axis=1, initial=0.0
    )
    return end, dt * moved


def time_steps(
    system: System, x: Float[np.ndarray, "o d"], u: Float[np.ndarray, "o m"]
) -> Float[np.ndarray, " o"]:
    """Return the step in time that each orbit of a flow takes from where it is."""
    if system.kind == "map" or system.dt is not None:
        return np.full(len(x), system.dt or 1.0)
    # Where it is at a turn, or passes a ghost, it will not stay.
    aside = _ELSEWHERE * np.maximum(1.0, np.abs(x).max(axis=1, keepdims=True, initial=0.0))
    elsewhere = x + aside * np.random.default_rng(0).standard_normal(x.shape)
    size, there = (_sizes_of_jacobians(system, at, u) for at in (x, elsewhere))
    for several in (size, there):
        known = several[np.isfinite(several)]
        size = np.fmax(size, np.median(known) if len(known) else 0.0)
    return np.where(size > 0, _PART / size, 1.0)


def _sizes_of_jacobians(
    system: System, x: Float[np.ndarray, "o d"], u: Float[np.ndarray, "o m"]
) -> Float[np.ndarray, " o"]:
    """Return Frobenius norms, of a few Jacobians at a time."""
    sizes = np.empty(len(x))
    for rows in batches(len(x), x.shape[1] ** 2, NUMBERS_AT_ONCE):
        sizes[rows] = np.linalg.norm(system.jacobian(x[rows], u[rows]), axis=(1, 2))
    return sizes


def _periods(step: Any, state: Any, inputs: Any) -> Float[np.ndarray, " o"]:
    """Return after how many steps orbits are back where they were, NaN where they never are."""
    view = np.random.default_rng(0).standard_normal((state.shape[1], _PROJECTIONS))
    seen = []
    for _ in range(_WATCHED):
        state = step(state, inputs)
        seen.append(to_numpy(state).astype(np.float64) @ view)
    path = np.stack(seen, axis=1)
    spread = 2 * path.var(axis=1).sum(axis=1) + np.finfo(np.float64).tiny
    apart = np.stack(
        [
            ((path[:, lag:] - path[:, :-lag]) ** 2).sum(axis=2).mean(axis=1) / spread
            for lag in range(1, _WATCHED // 2)
        ],
        axis=1,
    )
    # The first minimum at which states are alike again, after they have been unlike; or the first
    # at which they are the same, as on cycles whose period was doubled.
    was_unlike = np.maximum.accumulate(apart, axis=1) > _UNLIKE
    ahead, behind = np.roll(apart, -1, axis=1), np.roll(apart, 1, axis=1)
    lowest = (apart <= ahead) & (apart <= behind)
    bend = np.maximum(ahead - 2 * apart + behind, np.finfo(np.float64).tiny)
    between = apart - (ahead - behind) ** 2 / (8 * bend)  # the lowest of a parabola
    back = (between < _ALIKE) & (apart < _UNLIKE) & was_unlike & lowest
    back[:, -1] = False
    same = back & (apart < _EXACTLY)
    back = np.where(same.any(axis=1, keepdims=True), same, back)
    # What spirals in or out is on its way, and on no cycle.
    size = np.linalg.norm(path - path.mean(axis=1, keepdims=True), axis=2)
    early, late = (part.max(axis=1) for part in np.array_split(size, 2, axis=1))
    back &= (np.abs(late - early) < _STEADY * late)[:, None]
    return np.where(back.any(axis=1), 1.0 + back.argmax(axis=1), np.nan)


def _settled(
    points: FixedPoints,
    orbits: Orbits,
    before: Float[np.ndarray, "o d"],
    reached: Int[np.ndarray, " o"],
) -> Orbits:
    """Return the orbits, knowing which of them settled on points.

    Newton's method went from the end of each to a point. The orbit settles there if it rests, or
    if the point is stable, near, and was further away before.
    """
    x = np.vstack([points.xstar, np.full((1, points.xstar.shape[1]), np.nan)])[reached]
    size = np.maximum(1.0, np.abs(x).max(axis=1, initial=0.0))
    now, then = (np.abs(states - x).max(axis=1) / size for states in (orbits.end, before))
    attracts = np.append(points.is_stable | points.on_continuum, False)[reached]
    there = (now < _NEAR) | (attracts & (now < _BASIN) & (now < then))
    ending = np.where(there, OrbitEnd.POINT, orbits.ending)
    ending[~there & (ending == OrbitEnd.POINT)] = OrbitEnd.MOVING  # too slow to see it move
    period = np.where(ending == OrbitEnd.CYCLE, orbits.period, np.nan)
    return replace(orbits, period=period, ending=ending)
