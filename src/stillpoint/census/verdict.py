"""Is a set of fixed points complete? The verdict, and the rules that lead to it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from .._core.display import plural
from ..dynamics import Kind
from .count import Counts

#: With independent starts of which more than this share might reach a point that is not known, at
#: 95 % confidence, nothing is said: about 150 hits are wanted. `benchmarks/calibration.py` says how
#: often the verdict is wrong then.
LARGEST_UNSEEN_SHARE = 0.02


#: Of starts that lie closer together than this share of what the points do, nothing is concluded.
NARROW = 0.1


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


def judge(counts: Counts) -> Judgement:
    """Return what the counts under one input say about their points.

    A set is *proved complete* by an exhaustive search alone. It is *incomplete* where a theorem or
    a mirror image says that a point is missing, or where even the lower end of Chao's 95 %
    interval is at least one point more than those found; single points that were reached only
    once are no such evidence, as one more start can be the second. There is *no evidence of
    missing points* where the index sum is known and right, all points are isolated (and proved
    and told apart, where there is a certificate), each was reached at least twice by independent
    starts, those were many and not all in one place, and orbits that were followed settled on these
    points. All else is *undecided*.
    """
    exhausted = _by_exhaustion(counts)
    if exhausted:
        return exhausted
    if counts.continuum:
        return Judgement(Completeness.UNDECIDED, "counting the points of a continuum means nothing")
    if counts.unproved:
        told = f"{counts.unproved} of {counts.n_points} points"
        return Judgement(Completeness.UNDECIDED, f"{told} could not be proved to exist")
    if counts.missing_at_least:
        missing = counts.missing_at_least
        noun = "point is" if missing == 1 else "points are"
        return Judgement(Completeness.INCOMPLETE, f"at least {missing} {noun} missing")
    if counts.chao1_interval[0] >= counts.n_points + 1:
        return Judgement(Completeness.INCOMPLETE, "points are missing, as the hits say")
    doubt = _doubt(counts)
    if doubt:
        return Judgement(Completeness.UNDECIDED, doubt)
    if counts.followed and counts.followed.restless:
        return Judgement(Completeness.UNDECIDED, "orbits end at what is not among these points")
    share = 100 * (1 - counts.coverage_at_least)
    told = f"of starts like these at most {share:.2g} % would reach a point that is not known"
    return Judgement(Completeness.NO_EVIDENCE, told)


def _by_exhaustion(counts: Counts) -> Judgement | None:
    """Return the judgement where an exhaustive search proved how many points there are."""
    proved, found = counts.proved_points, counts.n_points
    if proved is None:
        return None
    told = "an exhaustive search proves that there are"
    if found < proved:
        return Judgement(Completeness.INCOMPLETE, f"{told} {proved}")
    if found > proved:
        return Judgement(Completeness.UNDECIDED, f"{told} {proved}, so some are copies")
    if counts.unproved == 0 and counts.all_distinct:
        return Judgement(Completeness.PROVED, f"{told} no others")
    return Judgement(Completeness.UNDECIDED, f"{told} {proved}, but not that they are these")


def _doubt(counts: Counts) -> str | None:
    """Return why nothing is said of a set that no evidence calls incomplete, or None."""
    if counts.n_points == 0:
        return "no start reached a fixed point"
    if counts.suggests_missing:
        return "points may be missing; search from more starts"
    if counts.singletons or counts.unseen:
        return "nothing else suggests that a point is missing"
    if counts.index_agrees is None:
        return "the hits do not suggest that a point is missing"
    if counts.all_distinct is False:
        return "nothing suggests that a point is missing, but not all are proved to be distinct"
    if counts.blurred:
        points = plural(counts.blurred, "point")
        return f"ends that lie apart were counted as one at {points}; tol_unique is large for that"
    if counts.spread < NARROW:
        return "the starts lie close together and say nothing of what is elsewhere"
    if counts.coverage_at_least < 1 - LARGEST_UNSEEN_SHARE:
        hits = counts.n_independent
        return f"nothing suggests that a point is missing, but {hits} starts that converged are few"
    return None


def sentence(counts: Counts, judgement: Judgement) -> str:
    """Return one sentence on whether a point is missing, and why."""
    if counts.continuum:
        where = f"{counts.continuum} of the {counts.n_points} states found"
        return (
            f"a continuum of fixed points ({motion_jacobian(counts.kind)} is singular at {where}): "
            f"counting them means nothing"
        )
    if counts.n_points == 0:
        if counts.proved_points == 0:
            return "no fixed points: an exhaustive search proves that there are none"
        if counts.lefschetz is None and counts.proved_points is None:
            return "no fixed points were found"
        return f"no fixed points were found: {judgement.reason}"
    clauses = [heading(counts.counts, counts.n_points), _on_the_index(counts)]
    if judgement.completeness is not Completeness.PROVED:
        clauses.append(_on_the_hits(counts))
    if not counts.has_attractor:
        clauses.append("no stable point is known")
    if counts.followed and counts.followed.ends:
        clauses.append(f"of {counts.followed.orbits} orbits {counts.followed.ends}")
    if counts.followed and counts.followed.restless:
        restless, orbits = counts.followed.restless, counts.followed.orbits
        clauses.append(f"{restless} of {orbits} orbits did not settle ({counts.followed.summary})")
    if counts.unpaired:
        images = plural(counts.unpaired, "point")
        clauses.append(f"mirror images of {images} are fixed but not found")
    return f"{'; '.join(clauses)}: {judgement.reason}"


def heading(counts: Mapping[str, int], n: int) -> str:
    """Return how many points there are of which kind.

    Examples
    --------
    >>> heading({"stable": 2, "1": 1}, 3)
    '3 fixed points: 2 stable, 1 with 1 unstable direction'
    """
    parts = [f"{count} {name}" for name, count in counts.items() if not name.isdigit()]
    orders = [name for name in counts if name.isdigit()]
    if orders:
        amounts = " + ".join(str(counts[order]) for order in orders)
        noun = "direction" if orders == ["1"] else "directions"
        place = len({"stable", "marginal"} & counts.keys())
        parts.insert(place, f"{amounts} with {', '.join(orders)} unstable {noun}")
    return f"{plural(n, 'fixed point')}: {', '.join(parts)}"


def motion_jacobian(kind: Kind) -> str:
    """Return the matrix that is singular where fixed points meet, in symbols.

    Examples
    --------
    >>> motion_jacobian("map"), motion_jacobian("flow")
    ('I - J', 'J')
    """
    return "I - J" if kind == "map" else "J"


def _on_the_index(counts: Counts) -> str:
    if counts.degenerate:
        verb = "is" if counts.degenerate == 1 else "are"
        where = plural(counts.degenerate, "point")
        return f"{where} {verb} degenerate, so the index sum is not defined"
    if counts.on_kink:
        return f"kinks meet {plural(counts.on_kink, 'point')}, so the index sum is not known"
    if counts.lefschetz is None:
        told = f"what it must be is not known for this {counts.kind}"
        return f"index sum {counts.index_sum}, but {told}"
    if counts.index_agrees:
        return f"index sum {counts.index_sum} as it must be"
    return f"index sum {counts.index_sum}, not {counts.lefschetz} as it must be"


def _on_the_hits(counts: Counts) -> str:
    theirs = "" if counts.n_independent == counts.n_starts else " by independent starts"
    told = []
    if counts.unseen:
        told.append(f"{_points_were(counts.unseen)} never reached{theirs}")
    if counts.singletons:
        low, high = counts.chao1_interval
        told.append(
            f"{_points_were(counts.singletons)} reached only once{theirs} "
            f"(Chao1 estimates {plural(round(counts.chao1), 'point')}, {low:.0f} to {high:.0f})"
        )
    times = "once" if counts.least_hits == 1 else f"{counts.least_hits} times"
    return "; ".join(told) or f"every point was reached at least {times}"


def _points_were(count: int) -> str:
    return f"{plural(count, 'point')} {'was' if count == 1 else 'were'}"
