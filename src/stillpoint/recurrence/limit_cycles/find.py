"""The search for limit cycles of flows: from where orbits return, and around points that spiral.

What is known of a start is a ring of states, and about how long the way around is. No theorem says
how many limit cycles a flow has, so nothing is said on whether there are others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ...census import Completeness
from ...errors import warn
from ...points import Cycles
from ...search.find_all import find_all_fixed_points
from ...search.options import provenance
from ...search.orbits import beginnings
from ...search.units import read_units, units_of_motion
from ...system import System
from .limit_cycle import N_STATES, LimitCycle
from .rounds import LimitCycles
from .starts import rings_around, starts_of_returns

# Fixed points are sought from so many starts, at most.
_POINT_STARTS = 512


def find_limit_cycles(
    system: System,
    inputs: Float[np.ndarray, "k m"],
    trajectories: Any,
    max_starts: int,
    seed: int,
    progress: bool | None,
) -> Cycles:
    """Return the limit cycles of a flow under each input; see `find_cycles`."""
    found: list[list[LimitCycle]] = []
    families: list[bool] = []
    try:
        for u in inputs:
            cycles, has_family = _search(system, u, trajectories, max_starts, seed, progress)
            found.append(sorted(cycles, key=lambda c: (c.period, c.n_unstable)))
            families.append(has_family)
    except KeyboardInterrupt:
        if not found:
            raise
        warn(f"the search was interrupted; {len(found)} of {len(inputs)} inputs were searched.")
    if any(families):
        warn(
            f"under {sum(families)} of {len(found)} inputs closed orbits form families, each with "
            f"others beside it; these are not listed. If a sum is conserved, hold it: "
            f"system.conserving(C)."
        )
    record = _record(system, inputs[: len(found)], found, max_starts, seed)
    told = np.where(families, "closed orbits form a family, none of them alone", record.reason)
    return replace(record, reason=told)


def _search(
    system: System,
    u: Float[np.ndarray, " m"],
    trajectories: Any,
    max_starts: int,
    seed: int,
    progress: bool | None,
) -> tuple[list[LimitCycle], bool]:
    """Return the cycles under one input, and whether closed orbits form a family."""
    if trajectories is None:
        units = units_of_motion(system, u, np.random.default_rng(seed))
    else:
        units = read_units(system, None, trajectories, np.tile(u, (len(trajectories), 1)))
    own = units.of(system)
    points = find_all_fixed_points(
        own,
        u,
        trajectories=None if trajectories is None else trajectories / units.scale,
        max_starts=min(max_starts, _POINT_STARTS),
        orbits=False,
        seed=seed,
        progress=progress,
    )
    search = LimitCycles(own.dynamics, u)
    if system.state_size > 1:  # on a line nothing returns
        several = (
            starts_of_returns(search.coarse, beginnings(points, u, seed), u),
            rings_around(search.coarse, points),
        )
        search.solve(np.concatenate(several)[:max_starts], progress)
    return [cycle.in_units(units.scale) for cycle in search.found], search.has_family


def _record(
    system: System,
    inputs: Float[np.ndarray, "k m"],
    found: list[list[LimitCycle]],
    max_starts: int,
    seed: int,
) -> Cycles:
    cycles = [cycle for under in found for cycle in under]
    n, d, m, k = len(cycles), system.state_size, system.input_size, len(inputs)
    known = Completeness.PROVED if d == 1 else Completeness.UNDECIDED
    reason = "on a line nothing returns" if d == 1 else "no theorem says how many there are"
    states = np.array([c.states for c in cycles]).reshape(n, N_STATES, d)

    def each(name: str, kind: Any, *shape: int) -> Any:
        return np.array([getattr(c, name) for c in cycles], dtype=kind).reshape(n, *shape)

    return Cycles(
        period=each("period", float),
        states=states,
        active=np.zeros((n, N_STATES, 0), dtype=bool),
        inputs=each("inputs", float, m),
        multipliers=each("multipliers", complex, d - 1),
        n_unstable=each("n_unstable", np.int64),
        is_stable=each("is_stable", bool),
        q=np.array([(c.gaps**2).sum() / 2 for c in cycles], dtype=float),
        hits=each("hits", np.int64),
        proved=np.zeros(n, dtype=bool),
        period_error=each("period_error", float),
        trivial_multiplier=each("trivial_multiplier", float),
        searched=np.zeros(k, dtype=np.int64),
        searched_inputs=inputs,
        n_points=np.array([len(under) for under in found], dtype=np.int64),
        index_sum=np.zeros(k, dtype=np.int64),
        completeness=np.full(k, known.value),
        reason=np.full(k, reason),
        system=system.info,
        provenance=provenance("find_cycles", system, states, max_starts=max_starts, seed=seed),
    )
