"""The record of how alike two networks are, in what does not depend on coordinates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Float, Int

from ..._core.display import Column, Display, plural
from ..._core.record import Record, column, plain
from ..._core.values import Domain
from .graphs import GraphLikeness
from .sequences import EventLikeness, MachineLikeness

if TYPE_CHECKING:
    import pandas

#: Maps of the states up to which two networks can be one, the narrowest first.
MAPS = ("identity", "permutation", "orthogonal")

#: How these read.
WORDS = {
    "identity": "in the same coordinates",
    "permutation": "up to names and signs of units",
    "orthogonal": "up to an orthogonal map of the states",
}


@final
@dataclass(frozen=True, eq=False, repr=False)
class NetworkComparison(Record):
    """How alike two networks are; made by `stillpoint.compare`.

    Attributes
    ----------
    first, second
        The numbers of a point in the two records, one pair for each that was paired.
    distance
        Between the two after the best map of `up_to`, in units of the states.
    spectra
        Between their spectra, in the plane of eigenvalues; NaN where not known.
    only_first, only_second
        The numbers of points that were not paired, as the other network has fewer of their kind.
    unstable, counts
        Numbers of unstable directions, -1 for not known, shape (k,), and how many points of each
        network have them, shape (k, 2).
    up_to
        The maps that were allowed.
    same_up_to
        The narrowest of them under which all points and their Jacobians are the same, within
        `tolerance` (decided); None if there is none.
    tolerance
        Relative distance below which positions are one.
    unit, sign
        Of a network that is the other's up to names and signs of units: the second's unit that each
        of the first's is, and 1 or -1; empty elsewhere.
    disparity
        Procrustes' disparity of the paired points, 0 for one shape, up to 1; None for fewer than
        two pairs.
    graph, machine, events
        What leads where; machines of memories and pulses; diagrams. None where a record is lacking.
    """

    rows = "pair"

    first: Int[np.ndarray, " p"] = column("pair", long_name="number in the first record")
    second: Int[np.ndarray, " p"] = column("pair", long_name="number in the second record")
    distance: Float[np.ndarray, " p"] = column(
        "pair", long_name="distance after the best map", domain=Domain(least=0, missing=True)
    )
    spectra: Float[np.ndarray, " p"] = column(
        "pair", long_name="distance of the spectra", domain=Domain(least=0, missing=True)
    )
    only_first: Int[np.ndarray, " a"] = column("lone_first", long_name="only in the first record")
    only_second: Int[np.ndarray, " b"] = column(
        "lone_second", long_name="only in the second record"
    )
    unstable: Int[np.ndarray, " k"] = column("order", long_name="unstable directions")
    counts: Int[np.ndarray, "k two"] = column(
        "order", "which", long_name="points of each network", domain=Domain(least=0)
    )
    unit: Int[np.ndarray, " d"] = column("unit", long_name="unit of the second network")
    sign: Int[np.ndarray, " d"] = column(
        "unit", long_name="its sign", domain=Domain(options=(-1, 1))
    )
    up_to: str = plain(domain=Domain(options=MAPS))
    same_up_to: str | None = plain()
    tolerance: float = plain(domain=Domain(above=0))
    disparity: float | None = plain()
    graph: GraphLikeness | None = plain(GraphLikeness)
    machine: MachineLikeness | None = plain(MachineLikeness)
    events: EventLikeness | None = plain(EventLikeness)

    def __len__(self) -> int:
        return len(self.first)

    @property
    def has_points(self) -> bool:
        """Whether points were compared."""
        return bool(len(self.unstable))

    @property
    def same_counts(self) -> bool:
        """Whether both have as many points with each number of unstable directions."""
        return bool((self.counts[:, 0] == self.counts[:, 1]).all())

    @property
    def polynomials(self) -> tuple[str, str]:
        """The index polynomial of each: 8 + 12t for 8 points without, 12 with 1 unstable direction.

        At t = -1 it is the index sum, where no unstable direction of a map turns over.
        """
        first, second = (polynomial(self.unstable, self.counts[:, k]) for k in (0, 1))
        return first, second

    @property
    def sentence(self) -> str:
        """What was found, in a sentence."""
        told = []
        if self.same_up_to is not None:
            told.append(f"the same network {WORDS[self.same_up_to]} (decided)")
        elif self.has_points:
            mine, theirs = self.polynomials
            counts = f"both {mine}" if self.same_counts else f"{mine} against {theirs}"
            told.append(f"points by unstable directions: {counts}")
        if len(self):
            told.append(f"{plural(len(self), 'point')} paired")
            if np.isfinite(self.spectra).any():
                told.append(f"spectra {float(np.nanmean(self.spectra)):.2g} apart")
        if self.disparity is not None:
            told.append(f"disparity of their shape {self.disparity:.2g}")
        parts = (self.graph, self.machine, self.events)
        return "; ".join([*told, *(part.sentence for part in parts if part is not None)])

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row for each pair of points."""
        import pandas as pd

        return pd.DataFrame(
            {name: getattr(self, name) for name in ("first", "second", "distance", "spectra")}
        )

    def _display(self) -> Display:
        rows = [(_order(u), *map(str, pair)) for u, pair in
                zip(self.unstable.tolist(), self.counts.tolist(), strict=True)]  # fmt: skip
        columns = [
            Column("unstable directions", [row[0] for row in rows], 19),
            Column("first", [row[1] for row in rows], 6),
            Column("second", [row[2] for row in rows], 7),
        ]
        return Display(self.sentence, columns if rows else ())

    def _contradictions(self) -> Iterator[str]:
        if self.counts.shape[1] != 2:
            yield "counts: there is not one column for each of two networks"
        if self.same_up_to not in (None, *MAPS):
            yield f"same_up_to: there is no {self.same_up_to!r}"
        if len(self.unit) and not np.array_equal(np.sort(self.unit), np.arange(len(self.unit))):
            yield "unit: it is no permutation"


def polynomial(unstable: Int[np.ndarray, " k"], counts: Int[np.ndarray, " k"]) -> str:
    """Return counts by unstable directions as a polynomial.

    Examples
    --------
    >>> polynomial(np.array([-1, 0, 1, 3]), np.array([2, 8, 12, 1]))
    '8 + 12t + t^3 (and 2 not known)'
    """
    terms = []
    for order, count in zip(unstable.tolist(), counts.tolist(), strict=True):
        if order >= 0 and count:
            power = {0: "", 1: "t"}.get(order, f"t^{order}")
            terms.append(power if count == 1 and power else f"{count}{power}")
    unknown = int(counts[unstable < 0].sum())
    return (" + ".join(terms) or "0") + (f" (and {unknown} not known)" if unknown else "")


def _order(unstable: Any) -> str:
    return "not known" if unstable < 0 else str(unstable)
