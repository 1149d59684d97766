"""What a search under one input counted, and what theorems say of these numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.grouping import group_states
from ..dynamics import Kind
from .estimators import chao1, coverage_bound, good_turing

AnyCounts = TypeVar("AnyCounts", bound="Counts")


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a search knows of its points, one row each: what a census is taken of.

    Each was reached by `hits` starts, `independent_hits` of them drawn without a look at the
    points. The rest is as in `stillpoint.FixedPoints` and, where there is one, in its certificate.
    """

    xstar: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    hits: Int[np.ndarray, " n"]
    independent_hits: Int[np.ndarray, " n"]
    n_unstable: Int[np.ndarray, " n"]
    is_stable: Bool[np.ndarray, " n"]
    index: Int[np.ndarray, " n"]
    mirrored: Bool[np.ndarray, " n"]
    is_degenerate: Bool[np.ndarray, " n"]
    on_kink: Bool[np.ndarray, " n"]
    on_continuum: Bool[np.ndarray, " n"]
    proved: Bool[np.ndarray, " n"] | None = None
    distinct: Bool[np.ndarray, " n"] | None = None


@dataclass(frozen=True)
class Counts:
    """The numbers of a search under one input.

    Attributes
    ----------
    kind
        "map" or "flow".
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
        Points where I - J (of a flow, J) is singular, and points on a kink of ReLU whose index is
        not known; with them the index sum means nothing.
    continuum
        Points that belong to a continuum.
    unproved, all_distinct
        Points that a certificate does not prove, and whether it tells all of them apart; None
        without a certificate.
    proved_points
        How many points there are, where an exhaustive search proves it; else None.
    """

    kind: Kind
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

    @classmethod
    def of(
        cls: type[AnyCounts],
        points: Evidence,
        kind: Kind,
        inputs: Float[np.ndarray, " m"],
        lefschetz: int | None,
        tolerance: float,
        proved_points: int | None,
    ) -> AnyCounts:
        """Return the numbers for the points under one input.

        A point nearer than `tolerance` to the mirror image of another counts as that image.
        """
        own, n = points.independent_hits, len(points.xstar)
        estimate, interval = chao1(own[own > 0])
        both = np.vstack([points.xstar, -points.xstar])
        labels = group_states(both, np.zeros(2 * n, dtype=np.int64), tolerance)
        has_image = np.isin(labels[n:], labels[:n])
        is_open = points.on_kink & (points.index == 0) & ~points.is_degenerate
        return cls(
            kind=kind,
            inputs=inputs,
            n_points=n,
            n_starts=int(points.hits.sum()),
            counts=count_unstable(points.n_unstable, points.is_stable),
            index_sum=int(points.index.sum()),
            lefschetz=lefschetz,
            least_hits=int(points.hits.min()) if n else 0,
            n_independent=int(own.sum()),
            singletons=int((own == 1).sum()),
            unseen=int((own == 0).sum()),
            coverage=good_turing(own),
            coverage_at_least=coverage_bound(own),
            chao1=estimate,
            chao1_interval=interval,
            unpaired=int((points.mirrored & ~has_image).sum()),
            degenerate=int(points.is_degenerate.sum()),
            on_kink=int(is_open.sum()),
            continuum=int(points.on_continuum.sum()),
            unproved=None if points.proved is None else int((~points.proved).sum()),
            all_distinct=None if points.distinct is None else bool(points.distinct.all()),
            proved_points=proved_points,
        )

    @property
    def index_agrees(self) -> bool | None:
        """Whether the index sum is right; None where it cannot be checked."""
        if self.lefschetz is None or self.degenerate or self.on_kink:
            return None
        return self.index_sum == self.lefschetz

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


def count_unstable(
    n_unstable: Int[np.ndarray, " n"], is_stable: Bool[np.ndarray, " n"]
) -> dict[str, int]:
    """Return how many points are stable, marginal, or have k unstable directions.

    Examples
    --------
    >>> count_unstable(np.array([0, 1, 1]), np.array([True, False, False]))
    {'stable': 1, '1': 2}
    """
    counts = {"stable": int(is_stable.sum())}
    counts["marginal"] = int(((n_unstable == 0) & ~is_stable).sum())
    for k in sorted({int(k) for k in n_unstable if k > 0}):
        counts[str(k)] = int((n_unstable == k).sum())
    return {name: count for name, count in counts.items() if count}
