"""What became of every start of a search, and where it came from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields
from enum import IntEnum

import numpy as np
from jaxtyping import Float, Int

from ..solvers import Status


class Source(IntEnum):
    """Where one start of a search came from.

    Examples
    --------
    >>> Source.BOX.sentence, Source.BOX.is_independent
    ('a random state of a box around the points', True)
    """

    GIVEN = 0
    NOISE = 1
    TRAJECTORY = 2
    BOX = 3
    SPARSE = 4
    MIXTURE = 5
    SIGNED_SUM = 6
    MIRROR_IMAGE = 7
    UNSTABLE = 8
    DEFLATED = 9
    EXHAUSTIVE = 10

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        return _SENTENCES[self]

    @property
    def is_independent(self) -> bool:
        """Whether its starts are drawn without a look at the points that are known.

        Only of such starts do Good-Turing and Chao1 say anything: starts around known points
        reach those again and again, however many others there are.
        """
        return self < Source.MIXTURE


_SENTENCES = {
    Source.GIVEN: "a state that the caller passed",
    Source.NOISE: "an earlier start with noise",
    Source.TRAJECTORY: "a state of a trajectory with noise",
    Source.BOX: "a random state of a box around the points",
    Source.SPARSE: "a corner of that box, some units at zero",
    Source.MIXTURE: "a mixture of known points",
    Source.SIGNED_SUM: "a sum of known points with random signs",
    Source.MIRROR_IMAGE: "the mirror image of a known point",
    Source.UNSTABLE: "a step along an unstable direction of a known point",
    Source.DEFLATED: "an end of a search that known points repel",
    Source.EXHAUSTIVE: "a point that an exhaustive search proved",
}


@dataclass(frozen=True, eq=False, repr=False)
class Starts:
    """One row for every start: where it began, where it ended, and how.

    Attributes
    ----------
    states, inputs
        Where it began, shapes (n, d) and (n, m).
    end
        Where it ended, shape (n, d).
    q
        1/2 |F(x, u) - x|^2 at the end (1/2 |f|^2 for a flow).
    status
        A `Status` for each row.
    steps
        Solver steps taken.
    point
        Index of the fixed point reached, -1 for none.
    source
        A `Source` for each row.
    """

    states: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    end: Float[np.ndarray, "n d"]
    q: Float[np.ndarray, " n"]
    status: Int[np.ndarray, " n"]
    steps: Int[np.ndarray, " n"]
    point: Int[np.ndarray, " n"]
    source: Int[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.q)

    def __repr__(self) -> str:
        lines = [f"  {count:>7} {status.sentence}" for status, count in self.counts().items()]
        several = len(np.unique(self.source)) > 1
        sources = f"\n{self.sources_told}" if several else ""
        return "\n".join([f"Starts: {len(self)}", *lines]) + sources

    def counts(self) -> dict[Status, int]:
        """Return how many starts ended in which way, the most frequent first."""
        return {Status(k): v for k, v in Counter(self.status.tolist()).most_common()}

    @property
    def told(self) -> str:
        """How many starts ended in which way, in words."""
        return ", ".join(f"{count} {status.sentence}" for status, count in self.counts().items())

    def harvest(self) -> dict[Source, tuple[int, int]]:
        """Return, for every source, its starts and the points that it was the first to reach.

        The order of the starts decides who was first, so within a round of a search sources that
        come early are favoured.

        Examples
        --------
        >>> n, none = np.zeros(3), np.zeros((3, 0))
        >>> source = np.array([Source.BOX, Source.BOX, Source.MIXTURE])
        >>> whole = n.astype(int)
        >>> starts = Starts(none, none, none, n, whole, whole, np.array([0, -1, 1]), source)
        >>> {source.name: found for source, found in starts.harvest().items()}
        {'BOX': (2, 1), 'MIXTURE': (1, 1)}
        """
        point, first = np.unique(self.point, return_index=True)
        finders = Counter(self.source[first[point >= 0]].tolist())
        return {
            Source(k): (count, finders[k])
            for k, count in sorted(Counter(self.source.tolist()).items())
        }

    @property
    def sources_told(self) -> str:
        """Which source found what, as a table in words."""
        lines = [f"{'starts':>9} {'found first':>11}  from"]
        for source, (starts, found) in self.harvest().items():
            lines.append(f"{starts:>9} {found:>11}  {source.sentence}")
        return "\n".join(lines)

    def take(self, rows: Int[np.ndarray, " k"]) -> Starts:
        """Return some rows."""
        return Starts(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def concatenate(cls, several: list[Starts]) -> Starts:
        """Return all rows of several searches, in order; `point` is left as it is."""
        return cls(
            **{f.name: np.concatenate([getattr(s, f.name) for s in several]) for f in fields(cls)}
        )
