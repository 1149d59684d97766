"""Is a set of fixed points complete? The verdict, and the rules that lead to it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .count import Tally

#: With independent starts of which more than this share might reach a point that is not known, at
#: 95 % confidence, nothing is said: about 150 hits are wanted. `benchmarks/calibration.py` says how
#: often the verdict is wrong then.
LARGEST_UNSEEN_SHARE = 0.02


class Completeness(Enum):
    """What the evidence says about a set of points, the strongest first.

    Examples
    --------
    >>> Completeness.NO_EVIDENCE.sentence
    'no evidence of missing points'
    """

    #: An exhaustive search proved how many points there are, and those found are proved too.
    PROVED = "proved complete"
    #: Index, hits and certificates agree that none is missing; no proof (see docs/census.md).
    NO_EVIDENCE = "no evidence of missing points"
    #: Too little is known; more starts, `certify`, or `lefschetz=` of `as_system` may help.
    UNDECIDED = "undecided"
    #: Points are missing.
    INCOMPLETE = "incomplete"

    @property
    def sentence(self) -> str:
        """What it says, in words."""
        return self.value

    @classmethod
    def weakest(cls, several: Iterable[Completeness]) -> Completeness:
        """Return what can be said of several sets together: one that is incomplete decides."""
        return max(several, key=list(cls).index)


@dataclass(frozen=True)
class Judgement:
    """A verdict, and the reason in words."""

    completeness: Completeness
    reason: str


def judge(tally: Tally) -> Judgement:
    """Return what a tally says about its points.

    A set is *proved complete* by an exhaustive search alone. It is *incomplete* where a theorem or
    a mirror image says that a point is missing, or where even the lower end of Chao's 95 %
    interval is at least one point more than those found; single points that were reached only
    once are no such evidence, as one more start can be the second. There is *no evidence of
    missing points* where the index sum is known and right, all points are isolated (and proved
    and told apart, where there is a certificate), each was reached at least twice by independent
    starts, and those were many. All else is *undecided*.
    """
    exhausted = _by_exhaustion(tally)
    if exhausted:
        return exhausted
    if tally.continuum:
        return Judgement(Completeness.UNDECIDED, "counting the points of a continuum means nothing")
    if tally.unproved:
        told = f"{tally.unproved} of {tally.n_points} points"
        return Judgement(Completeness.UNDECIDED, f"{told} could not be proved to exist")
    if tally.missing_at_least:
        missing = tally.missing_at_least
        plural = "point is" if missing == 1 else "points are"
        return Judgement(Completeness.INCOMPLETE, f"at least {missing} {plural} missing")
    if tally.chao1_interval[0] >= tally.n_points + 1:
        return Judgement(Completeness.INCOMPLETE, "points are missing, as the hits say")
    doubt = _doubt(tally)
    if doubt:
        return Judgement(Completeness.UNDECIDED, doubt)
    return Judgement(Completeness.NO_EVIDENCE, "nothing suggests that a point is missing")


def _by_exhaustion(tally: Tally) -> Judgement | None:
    """Return the judgement where an exhaustive search proved how many points there are."""
    proved, found = tally.proved_points, tally.n_points
    if proved is None:
        return None
    if found == proved and not (tally.unproved == 0 and tally.all_distinct):
        reason = f"an exhaustive search proves that there are {proved}, but not that they are these"
        return Judgement(Completeness.UNDECIDED, reason)
    if found == proved:
        reason = "an exhaustive search proves that there are no others"
        return Judgement(Completeness.PROVED, reason)
    if found < proved:
        reason = f"an exhaustive search proves that there are {proved}"
        return Judgement(Completeness.INCOMPLETE, reason)
    reason = f"an exhaustive search proves that there are {proved}, so some are copies"
    return Judgement(Completeness.UNDECIDED, reason)


def _doubt(tally: Tally) -> str | None:
    """Return why nothing is said of a set that no evidence calls incomplete, or None."""
    if tally.n_points == 0:
        return "no start reached a fixed point"
    if tally.suggests_missing:
        return "points may be missing; search from more starts"
    if tally.singletons or tally.unseen:
        return "nothing else suggests that a point is missing"
    if tally.index_agrees is None:
        return "the hits do not suggest that a point is missing"
    if tally.all_distinct is False:
        return "nothing suggests that a point is missing, but not all are proved to be distinct"
    if tally.coverage_at_least < 1 - LARGEST_UNSEEN_SHARE:
        hits = tally.n_independent
        return f"nothing suggests that a point is missing, but {hits} starts that converged are few"
    return None
