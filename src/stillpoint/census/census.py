"""Is anything missing, and how do we know?

Three kinds of evidence. Topology: the indices of all fixed points of a map that keeps a ball sum
to one (Brouwer, Lefschetz), so a sum that differs by k proves that at least ``|k|`` points are
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
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
from jaxtyping import Float

from .._core.arrays import take_record
from .._core.display import plural, position
from .._core.grouping import equal_inputs
from ..dynamics import Kind
from .count import Beginnings, Counts, Evidence, Followed
from .verdict import LARGEST_UNSEEN_SHARE, Completeness, Judgement, judge, sentence

if TYPE_CHECKING:
    import pandas

# Inputs in doubt that a verdict names.
_NAMED = 3


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

    @property
    def awaits_orbits(self) -> bool:
        """Whether orbits should be followed: nothing else is in doubt, or no point is stable.

        Starts must be many; a search from a few of them is not about all that there is.
        """
        completeness = self.completeness
        if completeness is Completeness.PROVED or self.followed:
            return False
        many = self.n_independent * LARGEST_UNSEEN_SHARE >= 3  # the rule of three
        return many and (completeness is Completeness.NO_EVIDENCE or not self.has_attractor)


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
        clauses = [f"{points} points under {len(self.tallies)} inputs: {told}"]
        missing, open_ = map(self._inputs_of, (Completeness.INCOMPLETE, Completeness.UNDECIDED))
        if len(missing):
            clauses.append(f"points are missing under {_named(missing)}")
        if 0 < len(open_) < len(self.tallies):
            clauses.append(f"in doubt under {_named(open_)}")
        return "; ".join(clauses)

    @property
    def doubtful(self) -> Float[np.ndarray, "j m"]:
        """The inputs under which the set is incomplete, or not decided, one row each."""
        return self._inputs_of(Completeness.INCOMPLETE, Completeness.UNDECIDED)

    def _inputs_of(self, *several: Completeness) -> Float[np.ndarray, "j m"]:
        rows = [tally.inputs for tally in self.tallies if tally.completeness in several]
        width = len(self.tallies[0].inputs) if self.tallies else 0
        return np.array(rows).reshape(len(rows), width)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row for each input: its numbers and its verdict.

        The input is in columns u0, u1, ..., as in `FixedPoints.to_dataframe`.
        """
        import pandas as pd

        rows = []
        for tally in self.tallies:
            numbers = {field.name: getattr(tally, field.name) for field in fields(tally)}
            for name in ("inputs", "counts", "chao1_interval", "followed"):  # no single numbers
                del numbers[name]
            numbers["chao1_low"], numbers["chao1_high"] = tally.chao1_interval
            followed = tally.followed
            numbers["orbits"] = followed.orbits if followed else 0
            numbers["restless"] = followed.restless if followed else 0
            words = {"completeness": tally.completeness.sentence, "verdict": tally.verdict}
            rows.append(numbers | words | {f"u{j}": v for j, v in enumerate(tally.inputs)})
        return pd.DataFrame(rows)

    def __repr__(self) -> str:
        return self.verdict


def _named(inputs: Float[np.ndarray, "j m"]) -> str:
    """Return some of the inputs, and how many others there are."""
    named = ", ".join(f"u = {position(u)}" for u in inputs[:_NAMED])
    left = len(inputs) - _NAMED
    return f"{named} and {plural(left, 'other')}" if left > 0 else named


def take_census(
    points: Evidence,
    starts: Beginnings,
    *,
    kind: Kind,
    lefschetz: int | None,
    tolerance: float,
    resolved: float,
    proved_points: Mapping[tuple[float, ...], int],
    followed: Mapping[tuple[float, ...], Followed],
    is_selection: bool,
) -> Census:
    """Return the census of a search, with a tally for inputs of starts without points too.

    The indices under each input must sum to `lefschetz`, if that is known. States nearer than
    `tolerance` are one point, and nearer than `resolved` they cannot be told apart. By input,
    `proved_points` says how many points an exhaustive search proved, and `followed` what orbits
    came to. Of a selection points are missing because they were not selected.
    """
    own = equal_inputs(starts.inputs)
    met = starts.inputs[np.unique(own, return_index=True)[1]]
    both = np.vstack([met, points.inputs])
    condition = equal_inputs(both)
    of_starts, of_points = condition[: len(met)][own], condition[len(met) :]
    tallies = []
    for k, row in enumerate(np.unique(condition, return_index=True)[1]):
        rows, u = take_record(points, np.flatnonzero(of_points == k)), both[row]
        theirs, key = np.flatnonzero((of_starts == k) & (starts.number > 0)), tuple(u.tolist())
        numbers = lefschetz, tolerance, resolved, proved_points.get(key), followed.get(key)
        tallies.append(Tally.of(rows, kind, u, starts, theirs, *numbers))
    return Census(tuple(tallies), is_selection)
