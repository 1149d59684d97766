"""What became of every start of a search, and where it came from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import BLOCK, batches
from .._core.display import Display
from .._core.record import Record, column
from .._core.sentences import SentenceEnum
from .._core.values import Domain
from ..solvers import Status


class Source(SentenceEnum):
    """Where one start of a search came from.

    Examples
    --------
    >>> Source.BOX.sentence, Source.BOX.is_independent
    ('a random state of a box around the points', True)
    """

    GIVEN = 0, "a state that the caller passed"
    NOISE = 1, "an earlier start with noise"
    TRAJECTORY = 2, "a state of a trajectory with noise"
    BOX = 3, "a random state of a box around the points"
    SPARSE = 4, "a corner of that box, some units at zero"
    MIXTURE = 5, "a mixture of known points"
    SIGNED_SUM = 6, "a sum of known points with random signs"
    MIRROR_IMAGE = 7, "the mirror image of a known point"
    UNSTABLE = 8, "a step along an unstable direction of a known point"
    DEFLATED = 9, "an end of a search that known points repel"
    EXHAUSTIVE = 10, "a point that an exhaustive search proved"
    HELD = 11, "where the network comes to while some of its units are held"
    RECOMBINED = 12, "units at their values in different points and states"
    ORBIT = 13, "the end of an orbit"
    KNOWN = 14, "a point of an earlier search"
    REPEATED = 15, "the same as an earlier start"

    @property
    def is_independent(self) -> bool:
        """Whether its starts are drawn without a look at the points that are known.

        Only of such starts do Good-Turing and Chao1 say anything: starts around known points
        reach those again and again, however many others there are.
        """
        return self < Source.MIXTURE or self is Source.HELD


@final
@dataclass(frozen=True, eq=False, repr=False)
class Starts(Record):
    """One row for every start: where it began, where it ended, and how.

    Of searches with ``keep_starts=False`` some rows stand for others that ended alike.

    Attributes
    ----------
    states, inputs
        Where it began, shapes (n, d) and (n, m).
    end
        Where it ended, shape (n, d).
    q
        ``1/2 |F(x, u) - x|^2`` at the end (``1/2 |f|^2`` for a flow).
    status
        A `Status` for each row.
    steps
        Solver steps taken.
    point
        Index of the fixed point reached, -1 for none.
    source
        A `Source` for each row.
    stands_for
        How many starts each row stands for; None where it is one.
    """

    rows = "start"

    states: Float[np.ndarray, "n d"] = column("start", "state", long_name="where a start began")
    inputs: Float[np.ndarray, "n m"] = column(
        "start", "input", long_name="its input", domain=Domain(finite=True)
    )
    end: Float[np.ndarray, "n d"] = column("start", "state", long_name="where it ended")
    q: Float[np.ndarray, " n"] = column(
        "start", long_name="1/2 |F(x, u) - x|^2 at the end", domain=Domain(least=0, missing=True)
    )
    status: Int[np.ndarray, " n"] = column(
        "start", long_name="how it ended (Status)", domain=Domain(options=Status)
    )
    steps: Int[np.ndarray, " n"] = column(
        "start", long_name="solver steps", units="step", domain=Domain(least=0)
    )
    point: Int[np.ndarray, " n"] = column(
        "start", long_name="point reached, -1 for none", domain=Domain(least=-1, below="point")
    )
    source: Int[np.ndarray, " n"] = column(
        "start", long_name="where it came from (Source)", domain=Domain(options=Source)
    )
    stands_for: Int[np.ndarray, " n"] | None = column(
        "start", long_name="starts that the row stands for", domain=Domain(least=1), default=None
    )

    def __len__(self) -> int:
        return len(self.q)

    @classmethod
    def joined(cls, several: Sequence[Starts]) -> Starts:
        """Return the rows of several records in one."""
        if any(starts.stands_for is not None for starts in several):
            several = [replace(starts, stands_for=starts.multiplicity) for starts in several]
        return super().joined(several)

    @property
    def multiplicity(self) -> Int[np.ndarray, " n"]:
        """How many starts each row stands for."""
        return np.ones(len(self), dtype=np.int64) if self.stands_for is None else self.stands_for

    @property
    def total(self) -> int:
        """How many starts there were."""
        return len(self) if self.stands_for is None else int(self.stands_for.sum())

    def _hits(
        self, n: int, rows: Bool[np.ndarray, " n"] | Int[np.ndarray, " k"] | None = None
    ) -> Int[np.ndarray, " p"]:
        """Return how many starts, of some rows if these are given, reached each of `n` points."""
        some = slice(None) if rows is None else rows
        point, number = self.point[some], self.multiplicity[some]
        reached = point >= 0
        return np.bincount(point[reached], weights=number[reached], minlength=n).astype(np.int64)

    @property
    def repeated(self) -> Bool[np.ndarray, " n"]:
        """Whether each start, with its input, is that of an earlier row: no new evidence."""
        answer = np.ones(len(self), dtype=bool)
        answer[np.unique(fingerprints(self.states, self.inputs), return_index=True)[1]] = False
        return answer | (self.source == Source.REPEATED)

    def _display(self) -> Display:
        lines = [f"  {count:>7} {status.sentence}" for status, count in self.counts().items()]
        several = len(np.unique(self.source)) > 1
        kept = "" if self.stands_for is None else f", for which {len(self)} of them stand"
        return Display(
            f"Starts: {self.total}{kept}",
            remarks=[*lines, *(self.discoveries_told.split("\n") if several else [])],
        )

    def counts(self) -> dict[Status, int]:
        """Return how many starts ended in which way, the most frequent first."""
        return {Status(k): v for k, v in self._counted(self.status).most_common()}

    def _counted(self, labels: Int[np.ndarray, " n"]) -> Counter[int]:
        """Return how many starts have each label."""
        if self.stands_for is None:
            return Counter(labels.tolist())
        counter: Counter[int] = Counter()
        for label, number in zip(labels.tolist(), self.stands_for.tolist(), strict=True):
            counter[label] += number
        return counter

    @property
    def summary(self) -> str:
        """How many starts ended in which way, in words."""
        return ", ".join(f"{count} {status.sentence}" for status, count in self.counts().items())

    def discoveries(self) -> dict[Source, tuple[int, int]]:
        """Return, for every source, its starts and the points that it was the first to reach.

        The order of the starts decides who was first, so within a round of a search sources that
        come early are favoured.

        Examples
        --------
        >>> n, none = np.zeros(3), np.zeros((3, 0))
        >>> source = np.array([Source.BOX, Source.BOX, Source.MIXTURE])
        >>> whole = n.astype(int)
        >>> starts = Starts(none, none, none, n, whole, whole, np.array([0, -1, 1]), source)
        >>> {source.name: found for source, found in starts.discoveries().items()}
        {'BOX': (2, 1), 'MIXTURE': (1, 1)}
        """
        point, first = np.unique(self.point, return_index=True)
        finders = Counter(self.source[first[point >= 0]].tolist())
        return {
            Source(k): (count, finders[k])
            for k, count in sorted(self._counted(self.source).items())
        }

    @property
    def discoveries_told(self) -> str:
        """Which source found what, as a table in words."""
        lines = [f"{'starts':>9} {'found first':>11}  from"]
        for source, (starts, found) in self.discoveries().items():
            lines.append(f"{starts:>9} {found:>11}  {source.sentence}")
        return "\n".join(lines)


@np.errstate(invalid="ignore")  # infinite inputs are refused elsewhere
def fingerprints(
    states: Float[np.ndarray, "n d"], inputs: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, " n"]:
    """Return a number for each start and its input: equal for equal rows, hardly ever for others.

    Examples
    --------
    >>> a, b, c = fingerprints(np.array([[1.0], [2.0], [1.0]]), np.zeros((3, 0)))
    >>> bool(a == c), bool(a == b)
    (True, False)
    """
    width = states.shape[1] + inputs.shape[1]
    weights, numbers = np.random.default_rng(0).standard_normal(width), np.empty(len(states))
    for rows in batches(len(states), width, BLOCK):
        both = np.hstack([states[rows], inputs[rows]])
        numbers[rows] = (both * weights).sum(axis=1)
    return numbers
