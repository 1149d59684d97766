"""Is anything missing, and how do we know?

Two independent kinds of evidence. Topology: the indices of all fixed points of a map that keeps a
ball sum to one (Brouwer, Lefschetz), so a sum that differs by k proves that at least |k| points
are missing. Statistics: how often each point was reached says how many were not (Good 1953;
Chao 1984, 1987), as far as starts reach all points with some probability.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float, Int

from ..status import Status
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
    singletons, least_hits
        Points that a single start reached, and the fewest hits of any point.
    coverage
        Good-Turing: the estimated probability that another start reaches a known point.
    chao1, chao1_interval
        Chao's estimate of the number of points that starts of this kind reach, with its 95 %
        interval.
    unpaired
        Points whose mirror image -x is a fixed point too but was not found.
    degenerate
        Points where I - J is singular; with them the index sum means nothing.
    continuum
        Points that belong to a continuum.
    """

    inputs: Float[np.ndarray, " m"]
    n_points: int
    n_starts: int
    counts: Mapping[str, int]
    index_sum: int
    lefschetz: int | None
    singletons: int
    least_hits: int
    coverage: float
    chao1: float
    chao1_interval: tuple[float, float]
    unpaired: int
    degenerate: int
    continuum: int

    @property
    def index_agrees(self) -> bool | None:
        """Whether the index sum is right; None where it cannot be checked."""
        if self.lefschetz is None or self.degenerate:
            return None
        return self.index_sum == self.lefschetz

    @property
    def parity_agrees(self) -> bool | None:
        """Whether the number of points is odd or even as it must be; None where not known.

        Indices are +1 or -1, so the number of points has the parity of their sum.
        """
        if self.lefschetz is None or self.degenerate:
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
        return self.missing_at_least > 0 or self.singletons > 0 or self.n_points == 0

    @property
    def verdict(self) -> str:
        """One sentence on whether a point is missing."""
        if self.n_points == 0:
            return "no fixed points were found"
        if self.continuum:
            return (
                f"a continuum of fixed points (I - J is singular at {self.continuum} of the "
                f"{self.n_points} states found): counting them means nothing"
            )
        clauses = [heading(self.counts, self.n_points), self._on_the_index(), self._on_the_hits()]
        if self.unpaired:
            clauses.append(f"the mirror images of {self.unpaired} points are fixed but not found")
        return f"{'; '.join(clauses)}: {self._conclusion()}"

    def _on_the_index(self) -> str:
        if self.degenerate:
            return f"I - J is singular at {self.degenerate} points, so the index sum is not defined"
        if self.lefschetz is None:
            return f"index sum {self.index_sum}, but what it must be is not known for this map"
        if self.index_agrees:
            return f"index sum {self.index_sum} as it must be"
        return f"index sum {self.index_sum}, not {self.lefschetz} as it must be"

    def _on_the_hits(self) -> str:
        if self.singletons:
            low, high = self.chao1_interval
            return (
                f"{_points_were(self.singletons)} reached only once "
                f"(Chao1 estimates {self.chao1:.0f} points, {low:.0f} to {high:.0f})"
            )
        return f"every point was reached at least {_times(self.least_hits)}"

    def _conclusion(self) -> str:
        if self.missing_at_least:
            plural = "point is" if self.missing_at_least == 1 else "points are"
            return f"at least {self.missing_at_least} {plural} missing"
        if self.suggests_missing:
            return "points may be missing; search from more starts"
        if self.index_agrees is None:
            return "the hits do not suggest that a point is missing"
        return "nothing suggests that a point is missing"


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


def good_turing(hits: Int[np.ndarray, " n"]) -> float:
    """Return the estimated coverage 1 - f1 / N (Good 1953): f1 points hit once, N hits in all.

    Examples
    --------
    >>> good_turing(np.array([5, 4, 1]))
    0.9
    """
    total = int(hits.sum())
    return 1 - float((hits == 1).sum()) / total if total else 0.0


def chao1(hits: Int[np.ndarray, " n"]) -> tuple[float, tuple[float, float]]:
    """Return Chao's bias-corrected estimate of the number of points, with its 95 % interval.

    The estimate is S + (N - 1)/N f1 (f1 - 1) / (2 (f2 + 1)) (Chao 1984); the interval is the
    log-normal one of Chao (1987), and has no width where no point was hit only once.

    Examples
    --------
    >>> chao1(np.array([9, 8, 12]))
    (3.0, (3.0, 3.0))
    """
    found, total = len(hits), int(hits.sum())
    once, twice = int((hits == 1).sum()), int((hits == 2).sum())
    if not total or not once:
        return float(found), (float(found), float(found))
    share = (total - 1) / total
    unseen = share * once * (once - 1) / (2 * (twice + 1))
    variance = (
        share * once * (once - 1) / (2 * (twice + 1))
        + share**2 * once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
        + share**2 * once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
    )
    if twice == 0:  # the form without points hit twice
        variance -= share**2 * once**4 / (4 * (found + unseen))
    if unseen == 0:  # a single singleton: the estimate is what was found
        return float(found), (float(found), float(found) + 1.96 * float(np.sqrt(variance)))
    spread = float(np.exp(1.96 * np.sqrt(np.log1p(variance / unseen**2))))
    return found + unseen, (found + unseen / spread, found + unseen * spread)


def _tally(points: FixedPoints, rows: np.ndarray, inputs: np.ndarray) -> Tally:
    hits = points.hits[rows]
    estimate, interval = chao1(hits)
    x = points.xstar[rows]
    n = len(x)
    tolerance = points.provenance.get("tol_unique", 0.0) or 1e-12
    labels = group_by_condition(np.vstack([x, -x]), np.zeros(2 * n, dtype=np.int64), tolerance)
    has_image = np.isin(labels[n:], labels[:n])
    return Tally(
        inputs=inputs,
        n_points=n,
        n_starts=int(hits.sum()),
        counts=count_unstable(points.n_unstable[rows], points.is_stable[rows]),
        index_sum=int(points.index[rows].sum()),
        lefschetz=points.provenance.get("lefschetz"),
        singletons=int((hits == 1).sum()),
        least_hits=int(hits.min()) if n else 0,
        coverage=good_turing(hits),
        chao1=estimate,
        chao1_interval=interval,
        unpaired=int((points.mirrored[rows] & ~has_image).sum()),
        degenerate=int(points.is_degenerate[rows].sum()),
        continuum=int(points.on_continuum[rows].sum()),
    )


def _points_were(count: int) -> str:
    return "1 point was" if count == 1 else f"{count} points were"


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"
