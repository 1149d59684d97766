"""Borders between basins under one input, searched for what is nearest to the attractors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Bool, Float, Int

from ...local import linearize
from ...points import OrbitEnd
from ...system import System
from ..graph import AttractorGraph
from ..leading import Leading, Target
from .nearest import nearest
from .stable_manifold import StableManifolds

# A kick leads to its target if this much of it stays and this much leads there.
_STAYS, _LEAVES = 0.995, 1.005

# Random kicks have this share of its size; half of them point as it does, and up to so far aside.
# Where some of them lead to the target, the search goes on from these, so many times.
_SMALLER, _ASIDE, _AGAIN = 0.98, 1.5, 3

# Random starts are this far from the saddle, as shares of the straight way.
_SPREAD = (0.1, 1.0)

# Searches agree if their kicks differ by less; what is halved is a border to this share.
_AGREE, _HALVED = 1e-3, 40


@dataclass(eq=False)
class Candidates:
    """What searches ended at: which pair and saddle, the kick, how close its orbit comes."""

    pair: Int[np.ndarray, " c"]
    saddle: Int[np.ndarray, " c"]
    kick: Float[np.ndarray, "c d"]
    distance: Float[np.ndarray, " c"]
    switches: Bool[np.ndarray, " c"]

    def joined(self, other: Candidates) -> Candidates:
        """Return both."""
        names = ("pair", "saddle", "kick", "distance", "switches")
        both = (np.concatenate([getattr(self, name), getattr(other, name)]) for name in names)
        return Candidates(*both)

    @property
    def size(self) -> Float[np.ndarray, " c"]:
        """The length of each; infinite where it does not switch."""
        return np.where(self.switches, np.linalg.norm(self.kick, axis=1), np.inf)


@dataclass(eq=False)
class BasinBorders:
    """The borders between neighbours under one input.

    Attributes
    ----------
    pairs
        Source and target of each.
    border, saddle
        Which pairs, and across which saddles: one pair may have several.
    """

    graph: AttractorGraph
    leading: Leading
    manifolds: StableManifolds
    nodes: Int[np.ndarray, " t"]
    pairs: Int[np.ndarray, "p 2"]
    border: Int[np.ndarray, " b"]
    saddle: Int[np.ndarray, " b"]
    rng: np.random.Generator
    best: Candidates = field(init=False)
    counts: Int[np.ndarray, "p 5"] = field(init=False)

    @classmethod
    def of(
        cls,
        system: System,
        graph: AttractorGraph,
        u: Float[np.ndarray, " m"],
        steps: int,
        rng: np.random.Generator,
    ) -> BasinBorders:
        here = (graph.inputs == u).all(axis=1)
        nodes = np.flatnonzero(here & graph.is_attractor & (graph.kind == OrbitEnd.POINT))
        is_flow = system.kind == "flow"
        targets = [Target.of_states(OrbitEnd.POINT, graph.states[k, None], is_flow) for k in nodes]
        leading = Leading(system, u, targets, graph.states[:0], steps)
        ways = _ways(graph, here)
        pairs, border = np.unique(ways[:, 1:], axis=0, return_inverse=True)
        saddle = ways[:, 0]
        lin = linearize(system, graph.states[saddle], u)
        left, right = _unit(lin.left[:, :, 0].real), lin.right[:, :, 0].real
        right = right / (left * right).sum(axis=1, keepdims=True)
        home, middle = graph.states[ways[:, 1]], graph.states[saddle]
        manifolds = StableManifolds(
            system, u, home, middle, left, right, graph.states[nodes], steps
        )
        return cls(graph, leading, manifolds, nodes, pairs, border.ravel(), saddle, rng)

    def searched(self, n_starts: int, n_checks: int) -> BasinBorders:
        """Search, check, and search again from what the checks bring."""
        rows = np.repeat(np.arange(len(self.border)), n_starts)
        every = self._descended(rows, self._starts(rows, n_starts))
        self.counts = np.zeros((len(self.pairs), 5), dtype=np.int64)
        for left in reversed(range(_AGAIN + 1)):
            self._choose(every)
            smaller = self._checked(n_checks)
            if not smaller or not left:
                break
            pair, kick = (np.concatenate(parts) for parts in zip(*smaller, strict=True))
            unknown = np.full(len(pair), -1), kick, np.full(len(pair), np.nan)
            several = [np.flatnonzero(self.border == p) for p in pair]
            kick = np.repeat(kick, [len(borders) for borders in several], axis=0)
            found = np.concatenate(several)
            descended = self._descended(found, self.manifolds.home[found] + kick)
            every = every.joined(self._candidates(pair, *unknown)).joined(descended)
        return self

    @property
    def straight(self) -> Float[np.ndarray, " p"]:
        """How far the source of each pair is from the nearest saddle between the two."""
        nearest = np.full(len(self.pairs), np.inf)
        np.minimum.at(nearest, self.border, self.manifolds.straight)
        return nearest

    def _starts(self, rows: Int[np.ndarray, " s"], n_starts: int) -> Float[np.ndarray, "s d"]:
        """Return the saddles, and states beside them."""
        x = self.graph.states[self.saddle[rows]]
        aside = _unit(self.rng.standard_normal(x.shape))
        aside *= (self.manifolds.straight[rows] * self.rng.uniform(*_SPREAD, len(x)))[:, None]
        aside[::n_starts] = 0.0
        return x + aside

    def _descended(self, rows: Int[np.ndarray, " s"], x: Float[np.ndarray, "s d"]) -> Candidates:
        """Search from states, each on the border of a row."""
        x, distance = nearest(self.manifolds.take(rows), x)
        kick = np.where(np.isfinite(distance)[:, None], x - self.manifolds.home[rows], np.nan)
        return self._candidates(self.border[rows], self.saddle[rows], kick, distance)

    def _candidates(
        self,
        pair: Int[np.ndarray, " c"],
        saddle: Int[np.ndarray, " c"],
        kick: Float[np.ndarray, "c d"],
        distance: Float[np.ndarray, " c"],
    ) -> Candidates:
        """Return kicks with whether they switch: orbits on both sides of the border say so."""
        source, target = self.pairs[pair].T
        switches, there = ~np.isnan(kick).any(axis=1), self.graph.states[source]
        for share, wanted in ((_STAYS, source), (_LEAVES, target)):
            left = np.flatnonzero(switches)
            switches[left] = self._ends(there[left] + share * kick[left]) == wanted[left]
        return Candidates(pair, saddle, kick, distance, switches)

    def _ends(self, x: Float[np.ndarray, "s d"]) -> Int[np.ndarray, " s"]:
        """Return the node that each orbit comes to, -1 for none."""
        return np.append(self.nodes, -1)[self.leading.lead(x).target]

    def _choose(self, every: Candidates) -> None:
        """Keep the smallest kick of each pair, and count which searches agree with it."""
        size = every.size
        order = np.lexsort([size, every.pair])
        first = order[np.searchsorted(every.pair[order], np.arange(len(self.pairs)))]
        names = ("pair", "saddle", "kick", "distance", "switches")
        self.best = Candidates(*(getattr(every, name)[first] for name in names))
        near = size <= self.best.size[every.pair] * (1 + _AGREE)
        agree = near & np.isfinite(size)
        for place, counted in enumerate((np.ones(len(size)), agree)):
            self.counts[:, place] = np.bincount(every.pair, counted, len(self.pairs))

    def _checked(self, n_checks: int) -> list[tuple[np.ndarray, np.ndarray]]:
        """Try random kicks that are a little smaller; return those that lead to the target."""
        smaller = []
        for p in np.flatnonzero(self.best.switches) if n_checks else ():
            source, target = self.pairs[p]
            home = self.graph.states[source]
            kick = self._smaller(self.best.kick[p], n_checks)
            ends = self._ends(home + kick)
            self.counts[p, 2:] = n_checks, (ends == source).sum(), (ends == target).sum()
            if (ends == target).any():
                kick = self._halved(home, kick[ends == target], target)
                smaller.append((np.full(len(kick), p), kick))
        return smaller

    def _smaller(self, kick: Float[np.ndarray, " d"], n: int) -> Float[np.ndarray, "n d"]:
        """Return random kicks that are a little smaller, half of them in any direction."""
        several = _unit(self.rng.standard_normal((n, len(kick))))
        aside = self.rng.uniform(0, _ASIDE, (n // 2, 1))
        several[: n // 2] = _unit(_unit(kick[None]) + aside * several[: n // 2])
        return _SMALLER * float(np.linalg.norm(kick)) * several

    def _halved(
        self, home: Float[np.ndarray, " d"], kick: Float[np.ndarray, "j d"], target: int
    ) -> Float[np.ndarray, "j d"]:
        """Return kicks shortened to the border of the target."""
        low, high = np.zeros(len(kick)), np.ones(len(kick))
        for _ in range(_HALVED):
            middle = (low + high) / 2
            there = self._ends(home + middle[:, None] * kick) == target
            low, high = np.where(there, low, middle), np.where(there, middle, high)
        return high[:, None] * kick


def _unit(x: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    return x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), np.finfo(float).tiny)


def _ways(graph: AttractorGraph, here: Bool[np.ndarray, " n"]) -> Int[np.ndarray, "b 3"]:
    """Return saddle, source and target wherever both sides of a saddle lead to different points."""
    attracts = graph.is_attractor & (graph.kind == OrbitEnd.POINT)
    ways = []
    for saddle in np.flatnonzero(here & (graph.n_unstable == 1) & (graph.kind == OrbitEnd.POINT)):
        sides = graph.target[(graph.source == saddle) & (graph.side != 0)]
        if len(sides) == 2 and (sides >= 0).all() and attracts[sides].all() and np.ptp(sides):
            one, other = sides.tolist()
            ways += [(saddle, one, other), (saddle, other, one)]
    return np.array(ways, dtype=np.int64).reshape(-1, 3)
