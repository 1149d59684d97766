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

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from .._core.grouping import conditions, group_by_condition
from ..points.starts import Source
from ..points.table import count_unstable
from ..solvers import Status
from .count import Tally
from .estimators import chao1, coverage_bound, good_turing
from .verdict import Completeness

if TYPE_CHECKING:
    from ..points import FixedPoints


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
                "completeness; take the census of the whole set (of a search: without near and "
                "max_points)"
            )
        if len(self.tallies) == 1:
            return self.tallies[0].verdict
        points = sum(tally.n_points for tally in self.tallies)
        verdicts = Counter(tally.completeness.sentence for tally in self.tallies)
        told = ", ".join(f"{count} {sentence}" for sentence, count in verdicts.items())
        doubtful = sum(tally.suggests_missing for tally in self.tallies)
        return (
            f"{points} points under {len(self.tallies)} inputs ({told}); under {doubtful} of the "
            f"inputs the evidence speaks for missing points"
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
        all_distinct=None if certificate is None else bool(certificate.distinct[rows].all()),
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
