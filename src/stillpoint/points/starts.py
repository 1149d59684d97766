"""What became of every start of a search."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Int

from ..status import Status


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
    """

    states: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    end: Float[np.ndarray, "n d"]
    q: Float[np.ndarray, " n"]
    status: Int[np.ndarray, " n"]
    steps: Int[np.ndarray, " n"]
    point: Int[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.q)

    def __repr__(self) -> str:
        lines = [f"  {count:>7} {status.sentence}" for status, count in self.counts().items()]
        return "\n".join([f"Starts: {len(self)}", *lines])

    def counts(self) -> dict[Status, int]:
        """Return how many starts ended in which way, the most frequent first."""
        return {Status(k): v for k, v in Counter(self.status.tolist()).most_common()}

    @property
    def told(self) -> str:
        """How many starts ended in which way, in words."""
        return ", ".join(f"{count} {status.sentence}" for status, count in self.counts().items())

    def take(self, rows: Int[np.ndarray, " k"]) -> Starts:
        """Return some rows."""
        return Starts(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    @classmethod
    def concatenate(cls, several: list[Starts]) -> Starts:
        """Return all rows of several searches, in order; `point` is left as it is."""
        return cls(
            **{f.name: np.concatenate([getattr(s, f.name) for s in several]) for f in fields(cls)}
        )
