"""One branch of a diagram, and why branches end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._core.display import Display, plural
from ..._core.record import Record, column
from ..._core.sentences import SentenceEnum
from ..._core.values import Domain
from ...branches.ends import End


class Origin(SentenceEnum):
    """How a branch was come by.

    Examples
    --------
    >>> Origin.SWITCHED.sentence
    'switched to where branches cross'
    """

    HANDED_OVER = 0, "through points that were handed over"
    SEARCHED = 1, "found by a search on the way"
    SWITCHED = 2, "switched to where branches cross"
    BORN = 3, "begun where it is born, at a flip or a Hopf point"


@dataclass(frozen=True, eq=False)
class DiagramBranch:
    """One branch of a diagram, as views of its columns.

    Attributes
    ----------
    parameter, states
        Its places in their order, shapes (n,) and (n, d).
    n_unstable, is_stable
        At each of them; at an event just behind it.
    ends
        Why it ends at its first and at its last place.
    origin
        How it was come by.
    """

    parameter: Float[np.ndarray, " n"]
    states: Float[np.ndarray, "n d"]
    n_unstable: Int[np.ndarray, " n"]
    is_stable: Bool[np.ndarray, " n"]
    ends: tuple[End, End]
    origin: Origin


@final
@dataclass(frozen=True, eq=False, repr=False)
class Ends(Record):
    """Why branches end at their first and at their last place, and how they were come by.

    Attributes
    ----------
    first, last
        Why each branch ends at these places (an `End`), shape (b,).
    origin
        How it was come by (an `Origin`), shape (b,).
    """

    rows = "branch"

    first: Int[np.ndarray, " b"] = column(
        "branch", long_name="end at the first place", domain=Domain(options=End)
    )
    last: Int[np.ndarray, " b"] = column(
        "branch", long_name="end at the last place", domain=Domain(options=End)
    )
    origin: Int[np.ndarray, " b"] = column(
        "branch", long_name="how it was come by", domain=Domain(options=Origin)
    )

    def __len__(self) -> int:
        return len(self.first)

    def _display(self) -> Display:
        return Display(plural(len(self), "branch", "branches"))
