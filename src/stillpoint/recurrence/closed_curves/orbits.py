"""Orbits followed until they rest, come back, run away, or fill a closed curve."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ..._core.arrays import to_numpy
from ...points import OrbitEnd, Orbits
from ...solvers.loop import DIVERGENCE
from ...system import System
from ..cycle_orbits import images_of
from .known import KnownCurves

# Steps of an orbit that are looked at; times as long an orbit is followed whose end is not told,
# and how often it is looked at.
_WATCHED, _LONGER, _LOOKS = 2048, 4, 3

# Numbers that are watched at a time.
_NUMBERS = 2**24

# What is back where it was, relative to max(1, |x|).
_BACK = 1e-9

# Steps from a start near a curve that repels.
_BEGINNINGS = (256, 64, 24)


def follow(
    known: KnownCurves,
    x: Float[np.ndarray, "o d"],
    u: Float[np.ndarray, "o m"],
    transient: int,
) -> tuple[Orbits, Int[np.ndarray, " o"]]:
    """Return what orbits come to, and which curve, -1 for none."""
    n = len(x)
    end, ending, period = x.copy(), np.full(n, OrbitEnd.MOVING), np.full(n, np.nan)
    reached, going = np.full(n, -1), np.arange(n)
    for _ in range(_LOOKS):
        several = -(-going.size * _WATCHED * x.shape[1] // _NUMBERS)
        for rows in np.array_split(going, max(1, several)):
            paths = _watched(known.system, end[rows], u[rows], transient)
            for row, path in zip(rows, paths, strict=True):
                end[row] = path[-1]
                told = _ending(known, path, u[row], _bound(x[row]))
                ending[row], period[row], reached[row] = told
        going = np.flatnonzero(ending == OrbitEnd.MOVING)
        transient *= _LONGER
    (after,) = images_of(known.system, end, u, 1)
    speed = np.where(ending == OrbitEnd.DIVERGED, np.nan, np.linalg.norm(after - end, axis=1))
    return Orbits(x, u, end, speed, period, ending.astype(np.int64), "steps"), reached


def with_beginnings(
    known: KnownCurves, orbits: Orbits, reached: Int[np.ndarray, " o"]
) -> Int[np.ndarray, " o"]:
    """Return which curves starts led to, with those near which an orbit only began."""
    reached = reached.copy()
    for row in np.flatnonzero(reached < 0):
        start = orbits.take(np.array([row]))
        (path,) = _watched(known.system, start.states, start.inputs, 0, max(_BEGINNINGS))
        for steps in _BEGINNINGS:
            stays = np.abs(path[:steps]).max() < _bound(start.states[0])
            if reached[row] < 0 and stays:
                reached[row] = known.near(path[:steps], start.inputs[0])
    return reached


def _bound(start: Float[np.ndarray, " d"]) -> float:
    """Return how large states are of an orbit that runs away."""
    return DIVERGENCE * max(1.0, float(np.abs(start).max()))


def _watched(
    system: System,
    x: Float[np.ndarray, "o d"],
    u: Float[np.ndarray, "o m"],
    transient: int,
    steps: int = _WATCHED,
) -> Float[np.ndarray, "o t d"]:
    """Return the states of some steps after a transient."""
    asarray = system.dynamics.arrays.asarray
    state, inputs, seen = asarray(x), asarray(u), []
    for step in range(transient + steps):
        state = system.dynamics.step(state, inputs)
        if step >= transient:
            seen.append(to_numpy(state))
    return np.stack(seen, axis=1).astype(np.float64)


def _ending(
    known: KnownCurves, path: Float[np.ndarray, "t d"], u: Float[np.ndarray, " m"], bound: float
) -> tuple[OrbitEnd, float, int]:
    """Return what an orbit came to, the period of a cycle, and the row of a curve."""
    if not np.abs(path[-1]).max() < bound:
        return OrbitEnd.DIVERGED, np.nan, -1
    ago = np.abs(path[-2 : len(path) // 2 : -1] - path[-1]).max(axis=1)
    back = np.flatnonzero(ago < _BACK * max(1.0, np.abs(path[-1]).max()))
    if len(back):
        period = 1 + int(back[0])
        return (OrbitEnd.CYCLE, float(period), -1) if period > 1 else (OrbitEnd.POINT, np.nan, -1)
    row = known.led_to(path, u)
    return (OrbitEnd.CURVE if row >= 0 else OrbitEnd.MOVING), np.nan, row
