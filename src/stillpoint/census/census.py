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
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from .._core.arrays import take_record
from .._core.grouping import equal_inputs
from ..dynamics import Kind
from .count import Counts, Evidence
from .verdict import Completeness, Judgement, judge, sentence


@dataclass(frozen=True)
class Tally(Counts):
    """The census under one input: the numbers, and the verdict that they lead to."""

    @property
    def judgement(self) -> Judgement:
        """The completeness, and why."""
        return judge(self)

    @property
    def completeness(self) -> Completeness:
        """What the evidence says about the set as a whole."""
        return self.judgement.completeness

    @property
    def verdict(self) -> str:
        """One sentence on whether a point is missing."""
        return sentence(self, self.judgement)


@dataclass(frozen=True, repr=False)
class Census:
    """What a search says about its own completeness, input by input.

    Attributes
    ----------
    tallies
        One for every distinct input, in ascending order of inputs.
    is_selection
        Whether it was taken of a selection of the points, so that nothing can be said on others.
    """

    tallies: tuple[Tally, ...]
    is_selection: bool

    @property
    def suggests_missing(self) -> bool:
        """Whether any evidence speaks for missing points, under any input."""
        return self.is_selection or any(tally.suggests_missing for tally in self.tallies)

    @property
    def completeness(self) -> Completeness:
        """What the evidence says about the weakest of the sets; of a selection, nothing."""
        if self.is_selection or not self.tallies:
            return Completeness.UNDECIDED
        return Completeness.weakest(tally.completeness for tally in self.tallies)

    @property
    def verdict(self) -> str:
        """One sentence on whether a point is missing."""
        if self.is_selection:
            return (
                "this is a selection of the points that were found, so nothing can be said on "
                "completeness; take the census of the whole set"
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


def take_census(
    points: Evidence,
    start_inputs: Float[np.ndarray, "s m"],
    *,
    kind: Kind,
    lefschetz: int | None,
    tolerance: float,
    proved_points: Mapping[tuple[float, ...], int],
    is_selection: bool,
) -> Census:
    """Return the census of a search, with a tally for inputs of starts without points too.

    The indices under each input must sum to `lefschetz`, if that is known. States nearer than
    `tolerance` are one point. `proved_points` says by input how many points an exhaustive search
    proved; of a selection points are missing because they were not selected.
    """
    both = np.vstack([start_inputs, points.inputs])
    condition = equal_inputs(both)
    of_points = condition[len(start_inputs) :]
    tallies = []
    for k, row in enumerate(np.unique(condition, return_index=True)[1]):
        rows, u = take_record(points, np.flatnonzero(of_points == k)), both[row]
        proved = proved_points.get(tuple(u.tolist()))
        tallies.append(Tally.of(rows, kind, u, lefschetz, tolerance, proved))
    return Census(tuple(tallies), is_selection)
