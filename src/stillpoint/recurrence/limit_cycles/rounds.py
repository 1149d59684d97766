"""Shooting equations solved in rounds; which closed orbits are new limit cycles.

A round is solved with a coarse integration first. A start that lies on a cycle which is known
already has come to it. Where closed orbits have others beside them, none is a limit cycle.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from jaxtyping import Bool, Float

from ...dynamics import Dynamics
from ...solvers import Newton, Status
from ...solvers.loop import solve
from .limit_cycle import LimitCycle, shortest_turn
from .shooting import Shooting, pieces_for, velocities

# The errors of integration in a search, and of what is found; a network in float32 has its own.
_COARSE, _FINE = 1e-8, 1e-12
_ROUNDING = 100.0

# A piece of an orbit takes hardly more steps in a search; trials of Newton's method in stiff places
# would take thousands.
_MOST_STEPS = 300

# The largest gap that counts as none, in units of the error of integration.
_GAP = 100.0

# Newton steps from a start and for what is polished, and lengths that are tried for each.
_STEPS, _MORE_STEPS, _TRIALS = 30, 12, 8

# Starts of the first round, and of the largest: rounds double.
_FIRST_ROUND, _LARGEST_ROUND = 4, 32

# Periods up to this multiple of the longest that a start suggests are looked at.
_LONGER = 3.0

# A start lies on a cycle if so many of its states are this near to it, relative to its size, and
# its period this near to a multiple; and an orbit that comes this near to itself has closed.
_LOOKED_AT, _ON_IT, _CLOSED = 6, 0.01, 1e-5

# A cycle that is smaller than this part of its distance from zero has shrunk to a point.
_SMALLEST = 1e-6

# How far a member of a family is moved to see whether it stays there, relative to its size.
_ASIDE = 0.02


@dataclass
class LimitCycles:
    """The search under one input, and what it has found."""

    flow: Dynamics
    u: Float[np.ndarray, " m"]
    found: list[LimitCycle] = field(default_factory=list)
    has_family: bool = False

    def __post_init__(self) -> None:
        d, resolution = self.flow.state_size, self.flow.arrays.resolution
        n_pieces, rounding = pieces_for(d), _ROUNDING * resolution
        quick = self.flow.differentiated_quickly()
        coarse = Shooting(quick, n_pieces, max(_COARSE, rounding))
        self.coarse = replace(coarse, most_steps=_MOST_STEPS)
        self.fine = Shooting(quick, n_pieces, max(_FINE, rounding))

    def solve(self, rows: Float[np.ndarray, "n k"], progress: bool | None) -> None:
        """Take starts in rounds, and add what they come to."""
        longest = np.exp(rows[:, -1].max(initial=-np.inf))
        self.coarse, size = replace(self.coarse, longest=_LONGER * longest), _FIRST_ROUND
        while len(rows) and not self.has_family:
            rows = rows[~self._are_known(rows)]
            now, rows = rows[:size], rows[size:]
            size = min(2 * size, _LARGEST_ROUND)
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
            shooting,
            rows,
            u,
            [Newton(max_trials=_TRIALS)],
            tol=most,
            max_steps=steps,
            progress=progress,
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
        vectors = np.linalg.svd(self.fine.residual_problem().jacobian(y, u)[0])[2]
        aside = vectors[-1] / np.abs(vectors[-1]).max() * _ASIDE * cycle.size
        beside = self._roots(self.coarse, y + np.stack([aside, -aside]), _MORE_STEPS, False)
        if not len(beside):
            return False
        states, _ = self.coarse.orbits(beside)
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

    def _slowest(self, states: Float[np.ndarray, "n s d"], most: int) -> Float[np.ndarray, "n w d"]:
        """Return the states of orbits where they move most slowly, which are easy to place."""
        speed = np.linalg.norm(velocities(self.flow, states, self._inputs(states)), axis=2)
        order = np.argsort(speed, axis=1)[:, :most]
        return np.take_along_axis(states, order[:, :, None], axis=1)

    def _inputs(self, rows: Float[np.ndarray, "n ..."]) -> Float[np.ndarray, "n m"]:
        return np.tile(self.u, (len(rows), 1))
