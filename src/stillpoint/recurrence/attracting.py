"""What an orbit goes round, from one of its states: a cycle or a closed curve that attracts."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from .._core.arrays import to_numpy
from ..dynamics.simulate import stepper
from ..points import OrbitEnd, Orbits, Source
from ..search import certify
from ..search.describe import collect
from ..search.options import read_options
from ..search.orbits import time_steps
from ..search.run import run_search
from ..system import System
from .arrival import arrives
from .closed_curves import find_closed_curves
from .cycle_orbits import CycleOrbits, FoundCycle
from .limit_cycles import LimitCycles, starts_of_returns

# States along a closed line between which it is as good as straight.
_DRAWN = 4096

# Orbits under one input that are looked at one by one, and steps in which others arrive.
_TRIED, _FOLLOWED = 16, 5000

# Steps in which an orbit that was followed before settles on a closed curve.
_SETTLING = 200

# Returns of an orbit that are tried.
_RETURNS = 4

# Steps of Newton's method from a state of an orbit.
_STEPS = 50


@dataclass(frozen=True, eq=False)
class Recurrent:
    """What recurs, on which an orbit may have come to be.

    Attributes
    ----------
    kind
        `OrbitEnd.CYCLE` or `CURVE`.
    evidence
        "proved" or "decided".
    lines
        Closed lines that the map takes to each other, shape (p, t, d): the curve, or its pieces; of
        a cycle of a map, each of its states.
    period
        In steps, or units of time of a flow; of a closed curve, that of one turn.
    rate, exponent
        How fast deviations grow that are not along it, and the largest Lyapunov exponent.
    attracts
        Whether it does so, as far as its stability is known.
    """

    kind: OrbitEnd
    evidence: str
    lines: Float[np.ndarray, "p t d"]
    period: float
    rate: float
    exponent: float
    attracts: bool


def comes_back(
    system: System, x: Float[np.ndarray, " d"], u: Float[np.ndarray, " m"], period: float
) -> Recurrent | None:
    """Return the cycle near a state of an orbit that seems to come back.

    It does so after `period` steps, or units of time of a flow; NaN where it does not.
    """
    if not np.isfinite(period):
        return None
    return (
        _limit_cycle(system, x, u) if system.kind == "flow" else _cycle(system, x, u, int(period))
    )


def goes_round(
    system: System, x: Float[np.ndarray, " d"], u: Float[np.ndarray, " m"], kind: OrbitEnd
) -> Recurrent | None:
    """Return what an orbit goes round, if its exponents say that it does.

    Curves of networks with kinks are not looked for: one that attracts crosses a kink, and has one
    itself at every image of the crossing, so that no Fourier series of it converges.
    """
    if kind == OrbitEnd.CYCLE:
        return _limit_cycle(system, x, u)
    is_smooth = system.dynamics.piecewise_linear() is None
    return _closed_curve(system, x, u) if kind == OrbitEnd.CURVE and is_smooth else None


def explained(system: System, orbits: Orbits) -> Orbits:
    """Return orbits that settled on no point with what they go round, as far as that is decided.

    What only seemed to be a cycle is still moving.
    """
    seems, period = orbits.ending == OrbitEnd.CYCLE, np.full(len(orbits), np.nan)
    ending = np.where(seems, OrbitEnd.MOVING, orbits.ending)
    for u in np.unique(orbits.inputs, axis=0):
        here, looked_at = (orbits.inputs == u).all(axis=1), np.zeros(len(orbits), dtype=bool)
        line, in_vain = OrbitEnd.CYCLE if system.kind == "flow" else OrbitEnd.CURVE, False
        for _ in range(_TRIED):
            open_ = np.flatnonzero(here & (ending == OrbitEnd.MOVING))
            new = open_[~looked_at[open_]]
            if not len(new):
                break
            row = new[np.argmin(np.isnan(orbits.period[new]))]  # first what seems to come back
            looked_at[row], x = True, orbits.end[row]
            found = comes_back(system, x, u, orbits.period[row])
            if found is None and not in_vain:  # that takes a while where there is none
                found = goes_round(system, x, u, line)
                in_vain = found is None
            if found is not None and found.attracts:
                dt = float(time_steps(system, x[None], u[None])[0])
                rate = found.rate * (1.0 if system.kind == "map" else dt)
                there, _ = arrives(system, orbits.end[open_], u, found.lines, rate, dt, _FOLLOWED)
                ending[open_[there]], period[open_[there]] = found.kind, found.period
    return replace(orbits, period=period, ending=ending)


def _limit_cycle(
    system: System, x: Float[np.ndarray, " d"], u: Float[np.ndarray, " m"]
) -> Recurrent | None:
    search = LimitCycles(system.dynamics, u)
    search.solve(starts_of_returns(search.coarse, x[None], u)[:_RETURNS], progress=False)
    if not search.found:
        return None
    cycle = min(search.found, key=lambda c: not c.is_stable)
    step = stepper(system.dynamics, cycle.period / _DRAWN)
    asarray, state, states = system.dynamics.arrays.asarray, cycle.states[:1], []
    for _ in range(_DRAWN):
        states.append(state)
        state = to_numpy(step(asarray(state), asarray(u[None]))).astype(np.float64)
    largest = np.abs(cycle.multipliers).max(initial=np.finfo(float).tiny)
    return Recurrent(
        kind=OrbitEnd.CYCLE,
        evidence="decided",
        lines=np.stack(states, axis=1),
        period=cycle.period,
        rate=float(np.log(largest)) / cycle.period,
        exponent=0.0,
        attracts=cycle.is_stable,
    )


def _closed_curve(
    system: System, x: Float[np.ndarray, " d"], u: Float[np.ndarray, " m"]
) -> Recurrent | None:
    curves = find_closed_curves(system, x[None], u, transient=_SETTLING, repelling=False)
    if not len(curves):
        return None
    lines = [curves.at(0, np.arange(_DRAWN) / _DRAWN)]
    for _ in range(1, curves.n_components[0]):
        lines.append(system.step(lines[-1], np.tile(u, (_DRAWN, 1))))
    return Recurrent(
        kind=OrbitEnd.CURVE,
        evidence="decided",
        lines=np.stack(lines),
        period=float(curves.period[0]),
        rate=float(curves.normal_exponents[0].max(initial=-np.inf)),
        exponent=0.0,
        attracts=bool(curves.is_stable[0]),
    )


def _cycle(
    system: System, x: Float[np.ndarray, " d"], u: Float[np.ndarray, " m"], period: int
) -> Recurrent | None:
    """Return the cycle of a map that Newton's method finds near a state."""
    power = system if period == 1 else system.iterate(period)
    options, source = read_options(power, max_steps=_STEPS), np.full(1, Source.ORBIT)
    starts, _ = run_search(power, x[None], u[None], options, source)
    points = collect(power, starts, options.tol, options.tol_unique)
    if not len(points):
        return None
    if power.dynamics.interval_extension() is not None:
        points = certify(power, points)
    orbits = CycleOrbits.of(system, points, period)
    if not orbits.is_listed.all():
        return None
    cycle = FoundCycle.of(system, points, orbits, np.zeros(1, dtype=np.int64))
    if len(cycle.states) == 1:
        return None
    largest = max(float(np.abs(cycle.multipliers).max()), np.finfo(float).tiny)
    rate = np.log(largest) / len(cycle.states)
    evidence = "proved" if cycle.proved and cycle.stability_proved else "decided"
    return Recurrent(
        kind=OrbitEnd.CYCLE,
        evidence=evidence,
        lines=cycle.states[:, None],
        period=float(len(cycle.states)),
        rate=rate,
        exponent=rate,
        attracts=cycle.is_stable,
    )
