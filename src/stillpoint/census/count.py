"""What a search under one input counted, and what theorems say of these numbers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._core.arrays import BLOCK, batches
from .._core.grouping import group_states
from ..dynamics import Kind
from .estimators import chao1, coverage_bound, good_turing

# Ends of one point may lie so many times the resolvable distance from it before they are taken for
# those of several: chains of hops and ill-conditioned points reach further than one hop.
_BLURRED = 10.0

AnyCounts = TypeVar("AnyCounts", bound="Counts")


@dataclass(frozen=True, eq=False)
class Evidence:
    """What a search knows of its points, one row each: what a census is taken of.

    Each was reached by `hits` starts, `independent_hits` of them drawn without a look at the
    points; the furthest of their ends lies `reach` from it. The rest is as in
    `stillpoint.FixedPoints` and in its certificate.
    """

    xstar: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    hits: Int[np.ndarray, " n"]
    independent_hits: Int[np.ndarray, " n"]
    reach: Float[np.ndarray, " n"]
    n_unstable: Int[np.ndarray, " n"]
    is_stable: Bool[np.ndarray, " n"]
    index: Int[np.ndarray, " n"]
    mirrored: Bool[np.ndarray, " n"]
    is_degenerate: Bool[np.ndarray, " n"]
    on_kink: Bool[np.ndarray, " n"]
    on_continuum: Bool[np.ndarray, " n"]
    asked: Bool[np.ndarray, " n"]
    proved: Bool[np.ndarray, " n"]
    distinct: Bool[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Beginnings:
    """Where starts began, one row each: what a census knows of them.

    A row counts for so many independent starts as `number` says, 0 if it was drawn with a look at
    the points. States are measured by `scale`.
    """

    states: Float[np.ndarray, "s d"]
    inputs: Float[np.ndarray, "s m"]
    number: Int[np.ndarray, " s"]
    scale: Float[np.ndarray, " d"]


@dataclass(frozen=True)
class Followed:
    """How many orbits were followed under one input, and how many came to nothing that is known.

    `summary` says what these did, `ends` what the others came to that is no point.
    """

    orbits: int
    restless: int
    summary: str
    ends: str = ""


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
        Points by kind: "stable", "marginal", the number of unstable directions, "degenerate", or
        "undecided" where errors leave the number open.
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
    blurred
        Points that are perhaps several: ends were counted as theirs from further away than ends of
        one point lie.
    spread
        How wide the independent starts lie, converged or not, relative to the points (`spread_of`).
    unproved, all_distinct
        Points that a certificate does not prove, and whether it tells all of them apart; None
        where no proof was asked for.
    proved_points
        How many points there are, where an exhaustive search proves it; else None.
    followed
        What orbits came to; None where none was followed.
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
    blurred: int
    spread: float
    unproved: int | None = None
    all_distinct: bool | None = None
    proved_points: int | None = None
    followed: Followed | None = None

    @classmethod
    def of(
        cls: type[AnyCounts],
        points: Evidence,
        kind: Kind,
        inputs: Float[np.ndarray, " m"],
        starts: Beginnings,
        rows: Int[np.ndarray, " k"],
        lefschetz: int | None,
        tolerance: float,
        resolved: float,
        proved_points: int | None,
        followed: Followed | None = None,
    ) -> AnyCounts:
        """Return the numbers for the points under one input, and the rows of its own starts.

        A point nearer than `tolerance` to the mirror image of another counts as that image. Ends
        nearer than `resolved` cannot be told apart.
        """
        own, n = points.independent_hits, len(points.xstar)
        estimate, interval = chao1(own[own > 0])
        is_asked = not n or bool(points.asked.any())
        both = np.vstack([points.xstar, -points.xstar])
        labels = group_states(both, np.zeros(2 * n, dtype=np.int64), tolerance)
        has_image = np.isin(labels[n:], labels[:n])
        is_open = points.on_kink & (points.index == 0) & ~points.is_degenerate
        return cls(
            kind=kind,
            inputs=inputs,
            n_points=n,
            n_starts=int(points.hits.sum()),
            counts=count_kinds(kinds_of(points.n_unstable, points.is_stable, points.is_degenerate)),
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
            unpaired=int((points.mirrored & ~has_image & ~points.is_degenerate).sum()),
            degenerate=int(points.is_degenerate.sum()),
            on_kink=int(is_open.sum()),
            continuum=int(points.on_continuum.sum()),
            blurred=int((points.reach > _BLURRED * resolved).sum()),
            spread=spread_of(starts.states, points.xstar, rows, starts.number, starts.scale),
            unproved=int((~points.proved).sum()) if is_asked else None,
            all_distinct=bool(points.distinct.all()) if is_asked else None,
            proved_points=proved_points,
            followed=followed,
        )

    @property
    def has_attractor(self) -> bool:
        """Whether a point is known that is stable, or one of a continuum."""
        return "stable" in self.counts or self.continuum > 0

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


@np.errstate(all="ignore")
def spread_of(
    starts: Float[np.ndarray, "s d"],
    points: Float[np.ndarray, "n d"],
    rows: Int[np.ndarray, " k"] | None = None,
    number: Int[np.ndarray, " s"] | None = None,
    scale: Float[np.ndarray, " d"] | float = 1.0,
) -> float:
    """Return how wide starts lie around their mean, relative to the points around theirs.

    One point alone is measured from 0. Widths are root mean squares, so units of any size do.

    Parameters
    ----------
    starts, points
        Their states; those of starts are measured by `scale`.
    rows, number
        Which starts count, and for how many each does; by default all, for one.

    Examples
    --------
    >>> starts = np.array([[-0.5], [0.5]])
    >>> spread_of(starts, np.array([[-2.0], [2.0]])), spread_of(starts, np.array([[4.0]]))
    (0.25, 0.125)
    """
    rows = np.arange(len(starts)) if rows is None else rows
    if not len(rows) or not len(points):
        return 0.0
    number = np.ones(len(starts), dtype=np.int64) if number is None else number
    blocks = [rows[some] for some in batches(len(rows), starts.shape[1], BLOCK)]

    def mean(centre: Float[np.ndarray, " d"] | float, power: int) -> Float[np.ndarray, " d"]:
        moments = [
            (number[some, None] * (starts[some] / scale - centre) ** power).sum(axis=0)
            for some in blocks
        ]
        return np.sum(moments, axis=0) / number[rows].sum()

    middle = points.mean(axis=0) if len(points) > 1 else 0.0
    size = float(np.sqrt(((points - middle) ** 2).sum(axis=1).mean()))
    width = float(np.sqrt(mean(mean(0.0, 1), 2).sum()))
    return width / size if size else np.inf if width else 0.0


def kinds_of(
    n_unstable: Int[np.ndarray, " n"],
    is_stable: Bool[np.ndarray, " n"],
    is_degenerate: Bool[np.ndarray, " n"] | None = None,
) -> Shaped[np.ndarray, " n"]:
    """Return "stable", "marginal", "degenerate", "undecided" or the number of unstable directions.

    Examples
    --------
    >>> kinds_of(np.array([0, 2, -1]), np.array([True, False, False])).tolist()
    ['stable', '2', 'undecided']
    """
    unknown = np.where(False if is_degenerate is None else is_degenerate, "degenerate", "undecided")
    numbers = np.where(n_unstable < 0, unknown, n_unstable.astype(str))
    return np.where(is_stable, "stable", np.where(n_unstable == 0, "marginal", numbers))


def count_kinds(kinds: Shaped[np.ndarray, " n"]) -> dict[str, int]:
    """Return how many points are of each of the `kinds_of` points.

    Examples
    --------
    >>> count_kinds(np.array(["1", "stable", "1"]))
    {'stable': 1, '1': 2}
    """
    counts = Counter(kinds.tolist())
    orders = sorted((name for name in counts if name.isdigit()), key=int)
    names = ["stable", "marginal", *orders, "degenerate", "undecided"]
    return {name: counts[name] for name in names if name in counts}
