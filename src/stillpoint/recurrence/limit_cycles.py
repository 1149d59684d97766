"""The search for limit cycles of flows: from where orbits return, and around points that spiral.

What is known of a start is a state, or a ring of states, and about how long the way around is. The
shooting equations are solved in rounds, first with a coarse integration; a start that lies on a
cycle which is known already has come to it. No theorem says how many limit cycles a flow has, so
nothing is said on whether others exist.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ..dynamics import Dynamics
from ..census import Completeness
from ..errors import warn
from ..points import Cycles
from ..search.find_all import find_all_fixed_points
from ..search.options import provenance
from ..search.orbits import beginnings
from ..search.units import read_units, units_of_motion
from ..solvers import Newton, Status
from ..solvers.loop import solve
from ..system import System
from .limit_cycle import N_STATES, LimitCycle, shortest_turn
from .shooting import Shooting, velocities
from .turning import rings_around, starts_of_returns

# States along a cycle that are unknowns: at most so many, and so many numbers, a divisor of the
# number of states that are kept.
_PIECES = (16, 12, 8, 6, 4, 3)
_MOST_UNKNOWNS = 512

# The errors of integration in a search, and of what is found; a network in float32 has its own.
_COARSE, _FINE = 1e-8, 1e-12
_ROUNDING = 100.0

# The largest gap that counts as none, in units of the error of integration.
_GAP = 100.0

# Newton steps from a start, and for what is polished.
_STEPS, _MORE_STEPS = 30, 12

# Starts that are solved at a time.
_ROUND = 32

# Fixed points are sought from so many starts, at most.
_POINT_STARTS = 512

# Periods up to this multiple of the longest that a start suggests are looked at.
_LONGER = 3.0

# A start lies on a cycle if as many of its states are this near to it, relative to its size, and its
# period this near to a multiple; and an orbit that comes this near to itself has closed.
_LOOKED_AT, _ON_IT, _CLOSED = 6, 0.01, 1e-5

# A cycle that is smaller than this part of its distance from zero has shrunk to a point.
_SMALLEST = 1e-6

# How far a member of a family is moved to see whether it stays there, relative to its size.
_ASIDE = 0.02


@dataclass
class LimitCycles:
    """The search under one input, and what it has found."""

    system: System
    u: Float[np.ndarray, " m"]
    found: list[LimitCycle] = field(default_factory=list)
    has_family: bool = False

    def __post_init__(self) -> None:
        d, resolution = self.system.state_size, self.flow.arrays.resolution
        fitting = [s for s in _PIECES if s * d <= _MOST_UNKNOWNS]
        n_pieces, rounding = (fitting or [_PIECES[-1]])[0], _ROUNDING * resolution
        quick = self.flow.differentiated_quickly()
        self.coarse = Shooting(quick, n_pieces, max(_COARSE, rounding))
        self.fine = Shooting(quick, n_pieces, max(_FINE, rounding))

    @property
    def flow(self) -> Dynamics:
        return self.system.dynamics

    def solve(self, rows: Float[np.ndarray, "n k"], progress: bool | None) -> None:
        """Take starts in rounds, and add what they come to."""
        self.coarse = replace(self.coarse, longest=_LONGER * float(np.exp(rows[:, -1].max())))
        while len(rows) and not self.has_family:
            rows = rows[~self._are_known(rows)]
            now, rows = rows[:_ROUND], rows[_ROUND:]
            ends = self._roots(self.coarse, now, _STEPS, progress)
            ends = ends[~self._are_known(ends)]
            for end in self._roots(self.fine, ends, _MORE_STEPS, progress):
                self._add(end[None])

    def _roots(
        self, shooting: Shooting, rows: Float[np.ndarray, "n k"], steps: int, progress: bool | None
    ) -> Float[np.ndarray, "r k"]:
        """Return the closed orbits that Newton's method comes to."""
        if not len(rows):
            return rows
        most, u = (_GAP * shooting.tolerance) ** 2 / 2, self._inputs(rows)
        outcome = solve(
            shooting, rows, u, [Newton()], tol=most, max_steps=steps, progress=progress
        )
        ends = outcome.x[outcome.status == Status.FIXED_POINT]
        sizes = np.abs(ends[:, :-1]).max(axis=1, initial=0.0)
        return ends[shooting.sizes(ends) > _SMALLEST * np.maximum(sizes, 1.0)]

    def _add(self, y: Float[np.ndarray, "1 k"]) -> None:
        """Add the limit cycle of a closed orbit, unless it is known, or one of a family."""
        u = self._inputs(y)
        turns = shortest_turn(self.fine, y, u, _CLOSED)
        if turns > 1:
            states, period = self.fine.orbits(y)
            once = self.fine.from_states(states[:, 0], period / turns, u)
            y = self._roots(self.fine, once, _MORE_STEPS, False)
            if not len(y):
                return
        states, period = self.fine.orbits(y)
        slowest = self._slowest(states, 1)[:, 0]
        for known in self.found:
            if known.is_orbit(self.flow, slowest, float(period[0])):
                known.hits += 1
                return
        cycle = LimitCycle.of(replace(self.fine, tolerance=self.fine.tolerance / 10), y, u)
        if cycle.may_be_one_of_many and self._has_neighbours(y, cycle):
            self.has_family = True
            self.found = [known for known in self.found if not known.may_be_one_of_many]
            return
        self.found.append(cycle)

    def _has_neighbours(self, y: Float[np.ndarray, "1 k"], cycle: LimitCycle) -> bool:
        """Whether an orbit beside a closed one is closed too, and does not fall back to it."""
        u = self._inputs(y)
        _, values, vectors = np.linalg.svd(self.fine.residual_problem().jacobian(y, u)[0])
        aside = vectors[-1] / np.abs(vectors[-1]).max() * _ASIDE * cycle.size
        beside = self._roots(self.fine, y + np.stack([aside, -aside]), _MORE_STEPS, False)
        if not len(beside):
            return False
        states, _ = self.fine.orbits(beside)
        return not cycle.contains(self.flow, states[:, 0], _ASIDE / 4).any()

    def _are_known(self, rows: Float[np.ndarray, "n k"]) -> Bool[np.ndarray, " n"]:
        """Return which rows lie on a cycle that is known, and count them for it."""
        known = np.zeros(len(rows), dtype=bool)
        if not len(rows):
            return known
        states, period = self.coarse.orbits(rows)
        for cycle in self.found:
            turns = period / cycle.period
            whole = (np.rint(turns) >= 1) & (np.abs(turns - np.rint(turns)) < _ON_IT * turns)
            open_ = np.flatnonzero(whole & ~known)
            if not len(open_):
                continue
            some = self._slowest(states[open_], _LOOKED_AT)
            lie = cycle.contains(self.flow, some.reshape(-1, states.shape[2]), _ON_IT)
            within = lie.reshape(len(open_), -1).all(axis=1)
            known[open_[within]] = True
            cycle.hits += int(within.sum())
        return known

    def _slowest(
        self, states: Float[np.ndarray, "n s d"], most: int
    ) -> Float[np.ndarray, "n w d"]:
        """Return the states of orbits where they move most slowly, which are easy to place."""
        speed = np.linalg.norm(velocities(self.flow, states, self._inputs(states)), axis=2)
        order = np.argsort(speed, axis=1)[:, :most]
        return np.take_along_axis(states, order[:, :, None], axis=1)

    def _inputs(self, rows: Float[np.ndarray, "n k"]) -> Float[np.ndarray, "n m"]:
        return np.tile(self.u, (len(rows), 1))


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
    n_families = 0
    try:
        for u in inputs:
            cycles, has_family = _search(system, u, trajectories, max_starts, seed, progress)
            found.append(sorted(cycles, key=lambda c: (c.period, c.n_unstable)))
            n_families += has_family
    except KeyboardInterrupt:
        if not found:
            raise
        warn(f"the search was interrupted; {len(found)} of {len(inputs)} inputs were searched.")
    if n_families:
        warn(
            f"under {n_families} of {len(found)} inputs closed orbits form families, each with "
            f"others beside it; these are not listed. If a sum is conserved, hold it: "
            f"system.conserving(C)."
        )
    return _record(system, inputs[: len(found)], found, max_starts, seed)


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
    search = LimitCycles(own, u)
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
