"""Is anything missing, and how do we know?

Three kinds of evidence. Topology: the indices of all fixed points of a map that keeps a ball sum
to one (Brouwer, Lefschetz), so a sum that differs by k proves that at least |k| points are
missing. Statistics: how often each point was reached says how many were not (Good 1953; Chao 1984,
1987), as far as starts reach all points with some probability. And proofs: an exhaustive search may
show that there are no others, a certificate that those found exist and differ.

Statistics need starts that are drawn independently of the points. Starts around known points
(mixtures, mirror images, searches that known points repel) reach some of them again and again,
however many others there are. So hits by such starts do not count, and a point that they alone
reached is one that independent starts missed: evidence that those do not see everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from ..status import Status
from .completeness import Completeness, Judgement, judge
from .richness import chao1, coverage_bound, good_turing
from .starts import Source
from .table import count_unstable, heading
from .uniqueness import conditions, group_by_condition

if TYPE_CHECKING:
    from .fixed_points import FixedPoints


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
            if self.lefschetz is None and self.proved_points is None:
                return "no fixed points were found"
            return f"no fixed points were found: {self.judgement.reason}"
        clauses = [heading(self.counts, self.n_points), self._on_the_index()]
        if self.completeness is not Completeness.PROVED:
            clauses.append(self._on_the_hits())
        if self.unpaired:
            clauses.append(f"the mirror images of {self.unpaired} points are fixed but not found")
        return f"{'; '.join(clauses)}: {self.judgement.reason}"

    def _on_the_index(self) -> str:
        if self.degenerate:
            return f"I - J is singular at {self.degenerate} points, so the index sum is not defined"
        if self.on_kink:
            return f"{self.on_kink} points lie on kinks, so the index sum is not known"
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
                f"(Chao1 estimates {self.chao1:.0f} points, {low:.0f} to {high:.0f})"
            )
        return "; ".join(told) or f"every point was reached at least {_times(self.least_hits)}"


@dataclass(frozen=True, repr=False)
class Census:
    """What a search says about its own completeness, input by input.

    Attributes
    ----------
    tallies
        One for every distinct input, in ascending order of inputs.
    left_out
        Starts whose point `near` or `max_points` left out.
    is_selection
        Whether it was taken of a selection of the points.
    """

    tallies: tuple[Tally, ...]
    left_out: int
    is_selection: bool

    @property
    def is_partial(self) -> bool:
        """Whether points were left out on purpose, so that nothing can be said on the others."""
        return self.is_selection or self.left_out > 0

    @property
    def suggests_missing(self) -> bool:
        """Whether any evidence speaks for missing points, under any input."""
        return self.is_partial or any(tally.suggests_missing for tally in self.tallies)

    @property
    def completeness(self) -> Completeness:
        """What the evidence says about the weakest of the sets; of a selection, nothing."""
        if self.is_partial or not self.tallies:
            return Completeness.UNDECIDED
        return Completeness.weakest(tally.completeness for tally in self.tallies)

    @property
    def verdict(self) -> str:
        """One sentence on whether a point is missing."""
        if self.is_partial:
            return (
                "this is a selection of the points that were found, so nothing can be said on "
                "completeness; take the census of the whole set, without near and max_points"
            )
        if len(self.tallies) == 1:
            return self.tallies[0].verdict
        points = sum(tally.n_points for tally in self.tallies)
        doubtful = sum(tally.suggests_missing for tally in self.tallies)
        return (
            f"{points} points under {len(self.tallies)} inputs; under {doubtful} of the inputs "
            f"the evidence speaks for missing points"
        )

    def __repr__(self) -> str:
        return self.verdict


def take_census(points: FixedPoints) -> Census:
    """Return the census of a search."""
    starts = points.starts
    both = np.vstack([starts.inputs, points.inputs])
    condition = conditions(both)
    of_points = condition[len(starts) :]
    first = np.unique(condition, return_index=True)[1]
    tallies = [_tally(points, of_points == k, both[row]) for k, row in enumerate(first)]
    return Census(
        tallies=tuple(tallies),
        left_out=int((starts.status == Status.LEFT_OUT).sum()),
        is_selection=points.is_selection,
    )


def _tally(points: FixedPoints, rows: np.ndarray, inputs: np.ndarray) -> Tally:
    own = _independent_hits(points)[rows]
    estimate, interval = chao1(own[own > 0])
    x, index = points.xstar[rows], points.index[rows]
    n = len(x)
    tolerance = points.provenance.get("tol_unique", 0.0) or 1e-12
    labels = group_by_condition(np.vstack([x, -x]), np.zeros(2 * n, dtype=np.int64), tolerance)
    has_image = np.isin(labels[n:], labels[:n])
    certificate = points.certificate
    return Tally(
        inputs=inputs,
        n_points=n,
        n_starts=int(points.hits[rows].sum()),
        counts=count_unstable(points.n_unstable[rows], points.is_stable[rows]),
        index_sum=int(index.sum()),
        lefschetz=points.provenance.get("lefschetz"),
        least_hits=int(points.hits[rows].min()) if n else 0,
        n_independent=int(own.sum()),
        singletons=int((own == 1).sum()),
        unseen=int((own == 0).sum()),
        coverage=good_turing(own),
        coverage_at_least=coverage_bound(own),
        chao1=estimate,
        chao1_interval=interval,
        unpaired=int((points.mirrored[rows] & ~has_image).sum()),
        degenerate=int(points.is_degenerate[rows].sum()),
        on_kink=int((points.on_kink[rows] & (index == 0) & ~points.is_degenerate[rows]).sum()),
        continuum=int(points.on_continuum[rows].sum()),
        unproved=None if certificate is None else int((~certificate.proved[rows]).sum()),
        all_distinct=None if certificate is None else certificate.all_distinct,
        proved_points=_proved_points(points.exhaustion, inputs),
    )


def _independent_hits(points: FixedPoints) -> Int[np.ndarray, " n"]:
    """Return how many starts reached each point that were drawn without a look at the points."""
    starts = points.starts
    looked = np.isin(starts.source, [source for source in Source if not source.is_independent])
    theirs = starts.point[looked & (starts.point >= 0)]
    return np.maximum(points.hits - np.bincount(theirs, minlength=len(points)), 0)


def _proved_points(exhaustion: Sequence[Any], inputs: Float[np.ndarray, " m"]) -> int | None:
    """Return how many points an exhaustive search proves to exist under an input, or None."""
    for search in exhaustion:
        if search.is_proof and np.array_equal(search.inputs, inputs):
            return int(search.n_points)
    return None


def _points_were(count: int) -> str:
    return "1 point was" if count == 1 else f"{count} points were"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
