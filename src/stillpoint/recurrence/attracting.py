"""What an orbit goes round, from one of its states: a cycle or a closed curve that attracts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..points import OrbitEnd, Source
from ..search import certify
from ..search.describe import collect
from ..search.options import read_options
from ..search.run import run_search
from ..system import System
from .cycle_orbits import CycleOrbits, FoundCycle

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
    states
        All of a cycle of a map, or so many of a line that they stand for it.
    is_line
        Whether they are those of a closed line: a limit cycle of a flow, or a closed curve.
    period
        In steps, or units of time of a flow; of a closed curve, that of one turn.
    rate, exponent
        How fast deviations grow that are not along it, and the largest Lyapunov exponent.
    attracts
        Whether it does so, as far as its stability is known.
    """

    kind: OrbitEnd
    evidence: str
    states: Float[np.ndarray, "t d"]
    is_line: bool
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
    if not np.isfinite(period) or system.kind == "flow":
        return None
    return _cycle(system, x, u, int(period))


def goes_round(
    system: System,  # noqa: ARG001
    x: Float[np.ndarray, " d"],  # noqa: ARG001
    u: Float[np.ndarray, " m"],  # noqa: ARG001
    kind: OrbitEnd,  # noqa: ARG001
) -> Recurrent | None:
    """Return what an orbit goes round, if its exponents say that it does."""
    return None


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
        OrbitEnd.CYCLE,
        evidence,
        cycle.states,
        False,
        float(len(cycle.states)),
        rate,
        rate,
        cycle.is_stable,
    )
