"""What an independent search says of a diagram at some parameters, and the verdict that follows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._core.display import Column, Display, plural
from ..._core.record import Record, column
from ..._core.values import Domain


@final
@dataclass(frozen=True, eq=False, repr=False)
class Checks(Record):
    """Parameters at which a search of its own was set beside the branches of a diagram.

    Attributes
    ----------
    parameter
        Where, shape (c,).
    n_branches
        How many points the branches have there.
    n_searched
        How many points the search found.
    n_missing
        How many of those lie on no branch, although branches through them were followed.
    index_sum
        The sum of the indices of the points on branches.
    proved
        Whether it is proved that there are no other points than those that the search found.
    """

    rows = "check"

    parameter: Float[np.ndarray, " c"] = column("check", long_name="where along the path")
    n_branches: Int[np.ndarray, " c"] = column(
        "check", long_name="points on branches", domain=Domain(least=0)
    )
    n_searched: Int[np.ndarray, " c"] = column(
        "check", long_name="points that a search found", domain=Domain(least=0)
    )
    n_missing: Int[np.ndarray, " c"] = column(
        "check", long_name="of these on no branch", domain=Domain(least=0)
    )
    index_sum: Int[np.ndarray, " c"] = column("check", long_name="sum of indices on branches")
    proved: Bool[np.ndarray, " c"] = column("check", long_name="proved that there are no others")

    @classmethod
    def none(cls) -> Checks:
        """Return no checks at all."""
        none = np.zeros(0, dtype=np.int64)
        return cls(np.zeros(0), none, none, none, none, proved=np.zeros(0, dtype=bool))

    def __len__(self) -> int:
        return len(self.parameter)

    @property
    def agrees(self) -> Bool[np.ndarray, " c"]:
        """Where the search found no point that lies on no branch."""
        return self.n_missing == 0

    def _display(self) -> Display:
        columns = [
            Column("parameter", [f"{s:.6g}" for s in self.parameter], 12),
            Column("on branches", [str(k) for k in self.n_branches], 11),
            Column("searched", [str(k) for k in self.n_searched], 8),
            Column("missing", [str(k) for k in self.n_missing], 7),
            Column("index sum", [f"{k:+}" for k in self.index_sum], 9),
            Column("proved", ["yes" if p else "no" for p in self.proved], 6),
        ]
        return Display(plural(len(self), "check"), columns if len(self) else ())
