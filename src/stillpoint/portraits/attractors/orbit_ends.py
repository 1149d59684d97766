"""What the orbits under one input end at: points, what recurs, or what only statistics tell.

An orbit is said to be somewhere when it was followed until it was there: from how fast a state
attracts follows how many steps that takes.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from ..._core.grouping import group
from ...points import FixedPoints, OrbitEnd, Source
from ...recurrence import THERE, Recurrent, arrives, comes_back, distance_from, goes_round, near
from ...search import certify, find_slow_points
from ...search.describe import collect
from ...search.options import read_options
from ...search.orbits import follow, time_steps
from ...search.run import run_search
from ...system import System
from .found_end import FoundEnd
from .wandering import Wandering

# An orbit may be passing a ghost at this distance, relative to max(1, |x|).
_BESIDE = 0.1

# Motion per step, relative to max(1, |x|), of what may be about to rest, and of what is held up.
_SLOW = 1e-2
_HELD_UP = 1e-4

# Orbits under one input that are looked at one by one, as no other has brought what they end at.
_TRIED = 24

# Steps of Newton's method from an end.
_SOLVER_STEPS = 100

# Orbits are pushed by so much, relative to max(1, |x|).
_PUSH = 1e-6

# Steps after which most orbits show what they do.
_SHORT = 3072


class OrbitEnds:
    """Orbits under one input, and what each of them ended at.

    Attributes
    ----------
    found
        What was found so far.
    owner
        Which of these each orbit ended at, -1 where that is open, shape (o,).
    """

    def __init__(
        self,
        system: System,
        u: Float[np.ndarray, " m"],
        begin: Float[np.ndarray, "o d"],
        steps: int,
        seed: int,
    ) -> None:
        self.system, self.u, self.steps = system, u, steps
        self.options = read_options(system, max_steps=_SOLVER_STEPS, seed=seed)
        self.end, self.dt = begin.copy(), 1.0
        self.speed, self.period = np.zeros(len(begin)), np.full(len(begin), np.nan)
        self.owner, self.found = np.full(len(begin), -1), list[FoundEnd]()
        self.looked_at = np.zeros(len(begin), dtype=bool)
        self.held = list[tuple[FoundEnd, Int[np.ndarray, " k"]]]()  # at what may repel
        self.rng = np.random.default_rng(seed)
        done = 0
        while done < steps and len(self.open_):
            longer = min(_SHORT, steps) if not done else steps - done  # which few need
            self._follow(self.open_, longer)
            done += longer
            self._points()
            self._what_recurs(is_last=done == steps)
        for found, rows in self.held:
            self._claim(found, np.intersect1d(rows, self.open_))
        self._ghosts()
        left = self.open_
        self._claim(FoundEnd(OrbitEnd.MOVING, "none", self.end[left][:, None]), left)

    def _follow(self, rows: Int[np.ndarray, " k"], steps: int) -> None:
        """Go on along orbits, and see which run away.

        They are pushed a little, off what repels, on which symmetry would hold them.
        """
        size = np.maximum(1.0, np.abs(self.end[rows]).max(axis=1, keepdims=True, initial=0.0))
        begin = self.end[rows] + _PUSH * size * self.rng.standard_normal(self.end[rows].shape)
        orbits, _ = follow(self.system, begin, self._inputs(len(rows)), steps)
        lost = rows[orbits.ending == OrbitEnd.DIVERGED]
        self.end[rows] = np.where(np.isfinite(orbits.end), orbits.end, 0.0)
        self.speed[rows], self.period[rows] = orbits.speed, orbits.period
        self.looked_at[:], self.held = False, []
        self._claim(FoundEnd(OrbitEnd.DIVERGED, "estimated", self.end[lost][:, None]), lost)
        going = self.open_
        if self.system.kind == "flow" and len(going):
            dt = time_steps(self.system, self.end[going], self._inputs(len(going)))
            self.dt = float(dt.min())
            self.system = replace(self.system, dt=self.dt)

    @property
    def open_(self) -> Int[np.ndarray, " k"]:
        """The orbits whose end is open."""
        return np.flatnonzero(self.owner < 0)

    def _inputs(self, n: int) -> Float[np.ndarray, "n m"]:
        return np.tile(self.u, (n, 1))

    def _claim(self, found: FoundEnd, rows: Int[np.ndarray, " k"]) -> None:
        """Note that these orbits ended at this, which others may have come to before."""
        if not len(rows):
            return
        same = [k for k, other in enumerate(self.found) if found.is_as(other)]
        if not same:
            self.found.append(found)
        self.owner[rows] = same[0] if same else len(self.found) - 1

    def _slower(self, motion: float) -> Int[np.ndarray, " k"]:
        """Return the open orbits that move less in a step, relative to their size."""
        size = np.maximum(1.0, np.abs(self.end).max(axis=1, initial=0.0))
        return self.open_[(self.speed * self.dt < motion * size)[self.open_]]

    # -- points ------------------------------------------------------------------------------------

    def _points(self) -> None:
        """Find the points that orbits rest at, or are about to."""
        rows, on_continua = self._slower(_SLOW), [np.zeros(0, dtype=np.int64)]
        if not len(rows):
            return
        alike = group(self.end[rows], THERE)
        points = self._points_from(self.end[rows][np.unique(alike, return_index=True)[1]])
        reached = points.starts.point[alike]
        for k in range(len(points)):
            own, x = rows[reached == k], points.xstar[k][None, None]
            rate = self._rate(points.eigenvalues[k])
            there = distance_from(x, self.end[own]) < THERE
            if points.on_continuum[k]:
                on_continua.append(own[there])
                continue
            if not points.is_stable[k]:
                found = FoundEnd(OrbitEnd.OPEN, "none", x, exponent=rate / self.dt)
                self.held.append((found, own[there]))
                continue
            proofs = points.certificate
            proved = proofs is not None and proofs.proved[k] and not proofs.n_unstable_proved[k]
            evidence = "proved" if proved else "decided"
            found = FoundEnd(OrbitEnd.POINT, evidence, x, exponent=rate / self.dt)
            self._claim(found, own[self._arrives(own, x, rate)])
        own = np.concatenate(on_continua)
        self._claim(FoundEnd(OrbitEnd.CONTINUUM, "decided", self.end[own][:, None]), own)

    def _points_from(self, states: Float[np.ndarray, "k d"]) -> FixedPoints:
        source = np.full(len(states), Source.ORBIT)
        starts, _ = run_search(self.system, states, self._inputs(len(states)), self.options, source)
        points = collect(self.system, starts, self.options.tol, self.options.tol_unique)
        exact = self.system.dynamics.interval_extension() is not None
        return certify(self.system, points) if exact and len(points) else points

    def _rate(self, eigenvalues: Complex[np.ndarray, " d"]) -> float:
        """Return the logarithm by which deviations grow in a step, at most."""
        if self.system.kind == "flow":
            return float(eigenvalues.real.max()) * self.dt
        return float(np.log(np.maximum(np.abs(eigenvalues).max(), np.finfo(float).tiny)))

    # -- what recurs, and what does not ------------------------------------------------------------

    def _what_recurs(self, is_last: bool) -> None:
        """Find what orbits that move go round, or move on.

        A torus, or a curve that is only estimated, may be a cycle that attracts slowly; that is
        said at the end.
        """
        for _ in range(_TRIED):
            rows = np.setdiff1d(self.open_, self._slower(_HELD_UP))
            new = rows[~self.looked_at[rows]]
            if not len(new):
                return
            row = new[np.isnan(self.period[new]).argmin()]  # first what comes back
            self.looked_at[row] = True
            x, seen = self.end[row], None
            recurrent = comes_back(self.system, x, self.u, self.period[row])
            if recurrent is None:
                seen = Wandering.of(self.system, x, self.u)
                recurrent = goes_round(self.system, x, self.u, seen.kind)
            if recurrent is not None:
                self._claim_recurrent(recurrent, rows)
            elif seen is not None:
                seen = seen.at_length() if is_last else seen
                alike = rows[seen.moves_alike(self.end[rows])]
                self.looked_at[alike] = True
                if seen.kind == OrbitEnd.CHAOS or (is_last and seen.kind != OrbitEnd.MOVING):
                    states, exponent = seen.states[:, None], seen.exponents[0]
                    found = FoundEnd(seen.kind, "estimated", states, exponent=exponent)
                    self._claim(found, np.union1d(alike, row))

    def _claim_recurrent(self, recurrent: Recurrent, rows: Int[np.ndarray, " k"]) -> None:
        lines, kind = recurrent.lines, recurrent.kind
        if recurrent.attracts:
            exponent = recurrent.exponent
            found = FoundEnd(kind, recurrent.evidence, lines, recurrent.period, exponent)
            self._claim(found, rows[self._arrives(rows, lines, recurrent.rate * self.dt)])
        else:
            there = distance_from(lines, self.end[rows]) < near(lines)
            exponent = max(recurrent.rate, 0.0)
            found = FoundEnd(OrbitEnd.OPEN, "none", lines, recurrent.period, exponent)
            self.held.append((found, rows[there]))

    def _ghosts(self) -> None:
        """Find the ghosts that orbits are passing."""
        rows = self._slower(_HELD_UP)
        if not len(rows):
            return
        slow = find_slow_points(self.system, self.end[rows], self._inputs(len(rows)))
        ended = slow.starts.point
        for k in np.flatnonzero(slow.label == "ghost"):
            own = rows[ended == k]
            close = distance_from(slow.xstar[k][None, None], self.end[own]) < _BESIDE
            self._claim(FoundEnd(OrbitEnd.GHOST, "decided", slow.xstar[k][None, None]), own[close])

    # -- coming to states --------------------------------------------------------------------------

    def _arrives(
        self, rows: Int[np.ndarray, " k"], lines: Float[np.ndarray, "p t d"], rate: float
    ) -> Bool[np.ndarray, " k"]:
        """Follow orbits as long as it takes to come to lines that attract; return which do."""
        there, self.end[rows] = arrives(
            self.system, self.end[rows], self.u, lines, rate, self.dt, self.steps
        )
        return there
