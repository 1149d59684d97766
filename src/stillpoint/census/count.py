"""What the search under one input says: the numbers, and the sentence that they make."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ..points.table import heading
from .verdict import Completeness, Judgement, judge


@dataclass(frozen=True)
class Tally:
    """The census under one input.

    Attributes
    ----------
    inputs
        The input, shape (m,).
    n_points, n_starts
        Points found, and starts that ended in one.
    counts
        Points by kind: "stable", "marginal", or the number of unstable directions.
    index_sum
        The sum of the indices found.
    lefschetz
        What it must be, or None where that is not known.
    least_hits
        The fewest hits of any point, 0 without points.
    n_independent
        Of those starts, the ones drawn without a look at the points (`Source.is_independent`).
        From their hits alone are the numbers that follow.
    singletons, unseen
        Points that a single one of them reached, and known points that none reached.
    coverage, coverage_at_least
        Good-Turing: the estimated probability that another start reaches a point that such starts
        have reached, and its lower bound at 95 % confidence.
    chao1, chao1_interval
        Chao's estimate of the number of points that starts of this kind reach, with its 95 %
        interval. Points that they did not reach are not in it, even if they are known.
    unpaired
        Points whose mirror image -x is a fixed point too but was not found.
    degenerate, on_kink
        Points where I - J is singular, and points on a kink of ReLU whose index is not known; with
        them the index sum means nothing.
    continuum
        Points that belong to a continuum.
    unproved, all_distinct
        Points that a certificate does not prove, and whether it tells all of them apart; None
        without a certificate.
    proved_points
        How many points there are, where an exhaustive search proves it; else None.
    """

    inputs: Float[np.ndarray, " m"]
    n_points: int
    n_starts: int
    counts: Mapping[str, int]
    index_sum: int
    lefschetz: int | None
    least_hits: int
    n_independent: int
    singletons: int
    unseen: int
    coverage: float
    coverage_at_least: float
    chao1: float
    chao1_interval: tuple[float, float]
    unpaired: int
    degenerate: int
    on_kink: int
    continuum: int
    unproved: int | None = None
    all_distinct: bool | None = None
    proved_points: int | None = None

    @property
    def index_agrees(self) -> bool | None:
        """Whether the index sum is right; None where it cannot be checked."""
        if self.lefschetz is None or self.degenerate or self.on_kink:
            return None
        return self.index_sum == self.lefschetz

    @property
    def parity_agrees(self) -> bool | None:
        """Whether the number of points is odd or even as it must be; None where not known.

        Indices are +1 or -1, so the number of points has the parity of their sum.
        """
        if self.lefschetz is None or self.degenerate or self.on_kink:
            return None
        return (self.n_points - self.lefschetz) % 2 == 0

    @property
    def is_symmetric(self) -> bool:
        """Whether every point found has its mirror image -x among the points found."""
        return self.unpaired == 0

    @property
    def missing_at_least(self) -> int:
        """A lower bound on the number of points that are missing."""
        by_index = 0
        if self.index_agrees is False:
            by_index = abs(self.index_sum - self.lefschetz)  # type: ignore[operator]
        return max(by_index, self.unpaired)

    @property
    def suggests_missing(self) -> bool:
        """Whether any evidence speaks for missing points."""
        if self.proved_points == self.n_points:
            return False
        return self.missing_at_least > 0 or self.least_hits < 2

    @property
    def completeness(self) -> Completeness:
        """What the evidence says about the set as a whole."""
        return self.judgement.completeness

    @property
    def judgement(self) -> Judgement:
        """The completeness, and why."""
        return judge(self)

    @property
    def verdict(self) -> str:
        """One sentence on whether a point is missing."""
        if self.continuum:
            return (
                f"a continuum of fixed points (I - J is singular at {self.continuum} of the "
                f"{self.n_points} states found): counting them means nothing"
            )
        if self.n_points == 0:
            if self.proved_points == 0:
                return "no fixed points: an exhaustive search proves that there are none"
            if self.lefschetz is None and self.proved_points is None:
                return "no fixed points were found"
            return f"no fixed points were found: {self.judgement.reason}"
        clauses = [heading(self.counts, self.n_points), self._on_the_index()]
        if self.completeness is not Completeness.PROVED:
            clauses.append(self._on_the_hits())
        if self.unpaired:
            clauses.append(f"mirror images of {_points(self.unpaired)} are fixed but not found")
        return f"{'; '.join(clauses)}: {self.judgement.reason}"

    def _on_the_index(self) -> str:
        if self.degenerate:
            where = _points(self.degenerate)
            return f"I - J is singular at {where}, so the index sum is not defined"
        if self.on_kink:
            return f"kinks meet {_points(self.on_kink)}, so the index sum is not known"
        if self.lefschetz is None:
            return f"index sum {self.index_sum}, but what it must be is not known for this map"
        if self.index_agrees:
            return f"index sum {self.index_sum} as it must be"
        return f"index sum {self.index_sum}, not {self.lefschetz} as it must be"

    def _on_the_hits(self) -> str:
        theirs = "" if self.n_independent == self.n_starts else " by independent starts"
        told = []
        if self.unseen:
            told.append(f"{_points_were(self.unseen)} never reached{theirs}")
        if self.singletons:
            low, high = self.chao1_interval
            told.append(
                f"{_points_were(self.singletons)} reached only once{theirs} "
                f"(Chao1 estimates {_points(round(self.chao1))}, {low:.0f} to {high:.0f})"
            )
        return "; ".join(told) or f"every point was reached at least {_times(self.least_hits)}"


def _points(count: int) -> str:
    return "1 point" if count == 1 else f"{count} points"


def _points_were(count: int) -> str:
    return f"{_points(count)} {'was' if count == 1 else 'were'}"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
