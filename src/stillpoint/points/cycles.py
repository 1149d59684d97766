"""The record of the cycles of a map: states that follow each other and come back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, SupportsIndex, final

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Shaped

from .._core.display import Column, Display, plural, position
from .._core.provenance import citation
from .._core.record import Record, column, plain
from .._core.validation import check_whole, read_rows
from .._core.values import Domain
from ..census import Completeness
from ..system_info import SystemInfo

if TYPE_CHECKING:
    import pandas

# Where a multiplier to a power comes this near to 1, the cycle has no index under that iterate.
_BORDER = 1e-9


@final
@dataclass(frozen=True, eq=False, repr=False)
class Cycles(Record):
    """Cycles of a map, one row each, with what is known of each iterate; see `find_cycles`.

    A cycle of period k is k states that map onto each other and are all different; of period 1, a
    fixed point.

    Attributes
    ----------
    period
        How many states the cycle has: its minimal (prime) period.
    states
        Its states in their order, shape (c, longest, d), NaN behind the last.
    inputs
        The constant input, shape (c, m).
    multipliers
        Eigenvalues of the Jacobian of all its steps together, the most unstable first; NaN on a
        kink of ReLU, where each side has its own.
    n_unstable
        How many directions are unstable; -1 where that is not known.
    is_stable
        Whether all modes decay. Not said where errors of eigenvalues leave it open.
    q
        ``1/2 |F^k(x, u) - x|^2`` at its first state.
    hits
        How many starts came to it.
    proved
        Whether it is proved that the cycle exists, and that its period is no shorter.
    searched, searched_inputs
        Which iterates were searched, under which inputs, shapes (s,) and (s, m).
    n_points, index_sum
        Fixed points of that iterate that are known, and the sum of their indices.
    completeness, reason
        What is known of their completeness (a `Completeness`), and why.
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    is_selection
        Whether cycles of the search are missing here because they were not selected.
    """

    rows = "cycle"

    period: Int[np.ndarray, " c"] = column(
        "cycle", long_name="minimal period", units="steps", domain=Domain(least=1)
    )
    states: Float[np.ndarray, "c t d"] = column(
        "cycle", "step", "state", long_name="states in their order", domain=Domain(missing=True)
    )
    inputs: Float[np.ndarray, "c m"] = column(
        "cycle", "input", long_name="input", domain=Domain(finite=True)
    )
    multipliers: Complex[np.ndarray, "c d"] = column(
        "cycle",
        "mode",
        long_name="eigenvalues of the Jacobian over a period",
        domain=Domain(missing=True),
    )
    n_unstable: Int[np.ndarray, " c"] = column(
        "cycle", long_name="unstable directions, -1 if not known", domain=Domain(least=-1)
    )
    is_stable: Bool[np.ndarray, " c"] = column("cycle", long_name="all modes decay")
    q: Float[np.ndarray, " c"] = column(
        "cycle", long_name="1/2 |F^k(x, u) - x|^2", domain=Domain(least=0)
    )
    hits: Int[np.ndarray, " c"] = column(
        "cycle", long_name="starts that came to it", domain=Domain(least=0)
    )
    proved: Bool[np.ndarray, " c"] = column("cycle", long_name="proved, with its period")
    searched: Int[np.ndarray, " s"] = column(
        "search", long_name="iterate that was searched", domain=Domain(least=1)
    )
    searched_inputs: Float[np.ndarray, "s m"] = column(
        "search", "input", long_name="its input", domain=Domain(finite=True)
    )
    n_points: Int[np.ndarray, " s"] = column(
        "search", long_name="fixed points of the iterate", domain=Domain(least=0)
    )
    index_sum: Int[np.ndarray, " s"] = column("search", long_name="sum of their indices")
    completeness: Shaped[np.ndarray, " s"] = column(
        "search",
        long_name="is one missing?",
        domain=Domain(options=tuple(c.value for c in Completeness)),
    )
    reason: Shaped[np.ndarray, " s"] = column("search", long_name="why")
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)
    is_selection: bool = plain(default=False)

    def __len__(self) -> int:
        return len(self.period)

    def take(self, rows: Any) -> Cycles:
        """Return the record of some cycles, of which nothing is said as a set.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        chosen = read_rows("rows", rows, len(self))
        is_whole = np.array_equal(np.sort(chosen), np.arange(len(self)))
        return replace(super().take(chosen), is_selection=self.is_selection or not is_whole)

    def orbit(self, row: SupportsIndex) -> Float[np.ndarray, "k d"]:
        """Return the states of one cycle, shape (period, d).

        Raises
        ------
        ArgumentError
            If there is no such cycle.
        """
        row = check_whole("row", row, least=0, most=len(self) - 1)
        return self.states[row, : self.period[row]]

    @property
    def every_state(self) -> Float[np.ndarray, "n d"]:
        """The states of all cycles, one after the other, shape (n, d)."""
        within = np.arange(self.states.shape[1]) < self.period[:, None]
        return self.states[within]

    def of_period(self, period: SupportsIndex) -> Cycles:
        """Return the cycles of one minimal period."""
        wanted = check_whole("period", period, least=1)
        return self.take(np.flatnonzero(self.period == wanted))

    def index(self, iterate: SupportsIndex | None = None) -> Int[np.ndarray, " c"]:
        """Return sign det(I - M^(k/d)) of each cycle of period d under the iterate F^k.

        By default each under its own period. A cycle of period d is d fixed points of F^k, each of
        this index. 0 where the period does not divide k, or where the
        matrix is singular to rounding. A cycle with a multiplier below -1 has different indices
        under odd and even multiples of its period.

        Raises
        ------
        ArgumentError
            If `iterate` is no positive whole number.
        """
        k = self.period if iterate is None else check_whole("iterate", iterate, least=1)
        power, left = np.divmod(k, self.period)
        factors = 1 - self.multipliers ** np.maximum(power, 1)[:, None]
        sign = np.sign(np.prod(factors / np.maximum(np.abs(factors), 1e-300), axis=1).real)
        regular = (np.abs(factors) > _BORDER).all(axis=1) & (left == 0)
        return np.where(regular, sign, 0).astype(np.int64)

    @property
    def verdict(self) -> str:
        """What recurs, and whether that is all, in a sentence."""
        if self.is_selection:
            return (
                "this is a selection of the cycles that were found, so nothing can be said on "
                "completeness"
            )
        counts = {int(k): int((self.period == k).sum()) for k in np.unique(self.period)}
        longer = {k: n for k, n in counts.items() if k > 1}
        periods = np.unique(self.searched[self.searched > 1])
        told = ", ".join(f"{n} of period {k}" for k, n in longer.items())
        span = _span(periods)
        begin = f"cycles: {told}" if longer else f"no cycle of period {span} is known"
        if not len(periods):
            return f"{plural(counts.get(1, 0), 'fixed point')}; no iterate was searched"
        each = self.completeness[self.searched > 1]
        weakest = Completeness.weakest(Completeness(c) for c in each.tolist())
        if weakest is Completeness.PROVED and not longer:
            return f"no cycle of period {span}: proved"
        where = self.searched[(self.searched > 1) & (self.completeness == weakest.value)]
        under = (
            "" if len(np.unique(where)) == len(periods) else f" under F^{_span(np.unique(where))}"
        )
        return f"{begin}; of periods {span}: {weakest.sentence}{under}"

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per cycle; its first state is in x0, x1, ..."""
        import pandas as pd

        names = ("period", "n_unstable", "is_stable", "q", "hits", "proved")
        columns: dict[str, Any] = {name: getattr(self, name) for name in names}
        columns["largest_multiplier"] = np.abs(self.multipliers).max(axis=1, initial=0.0)
        columns["index"] = self.index()
        columns |= {f"x{i}": self.states[:, 0, i] for i in range(self.states.shape[2])}
        columns |= {f"u{j}": self.inputs[:, j] for j in range(self.inputs.shape[1])}
        return pd.DataFrame(columns)

    def citation(self) -> str:
        """Return what to cite for these cycles."""
        return citation(*self._rests_on())

    def _rests_on(self) -> tuple[str, ...]:
        return ("points", "census", "proofs") if self.proved.any() else ("points", "census")

    def _columns(self) -> list[Column]:
        modes = np.abs(self.multipliers).max(axis=1, initial=0.0)
        return [
            Column("", [str(k) for k in range(len(self))], 5),
            Column("period", [str(k) for k in self.period], 6),
            Column("unstable", [str(k) if k >= 0 else "?" for k in self.n_unstable], 8),
            Column("hits", [str(k) for k in self.hits], 6),
            Column("max|μ|", [f"{size:.4g}" for size in modes], 9),
            Column("index", [f"{k:+}" if k else "?" for k in self.index()], 5),
            Column("proof", ["yes" if p else "no" for p in self.proved], 5),
            Column(" x", [f" {position(x)}" for x in self.states[:, 0]]),
        ]

    def _display(self) -> Display:
        return Display(
            plural(len(self), "cycle") + f" ({int((self.period == 1).sum())} of period 1)",
            self._columns() if len(self) else (),
            [self.verdict, *self._tables()],
            self.provenance,
        )

    def _tables(self) -> list[str]:
        """Return a line for every iterate that was searched."""
        if self.is_selection:
            return []
        rows = zip(self.searched, self.n_points, self.index_sum, self.completeness, strict=True)
        lines = [f"F^{k}: {n} points, index sum {total:+}: {c}" for k, n, total, c in rows]
        return lines[:12]

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[2], self.inputs.shape[1])
        if len(self) and self.period.max() > self.states.shape[1]:
            yield "states: there are fewer steps than the longest period"


def _span(periods: Int[np.ndarray, " k"]) -> str:
    """Return numbers as people say them.

    Examples
    --------
    >>> _span(np.array([2, 3, 4])), _span(np.array([2, 5])), _span(np.array([7]))
    ('2 to 4', '2, 5', '7')
    """
    if len(periods) > 2 and (np.diff(periods) == 1).all():
        return f"{periods[0]} to {periods[-1]}"
    return ", ".join(map(str, periods.tolist()))
