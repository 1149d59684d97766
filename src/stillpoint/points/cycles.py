"""The record of cycles: states of a map that follow each other and come back, orbits of a flow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, SupportsIndex, final

import numpy as np
from jaxtyping import Bool, Complex, Float, Int, Num, Shaped

from .._core.display import Column, Display, plural, position
from .._core.provenance import citation
from .._core.record import Record, column, plain
from .._core.validation import check_whole, read_rows
from .._core.values import Domain
from ..census import Completeness
from ..errors import ArgumentError, came
from ..system_info import SystemInfo

if TYPE_CHECKING:
    import pandas

# Where a multiplier to a power comes this near to 1, the cycle has no index under that iterate.
_BORDER = 1e-9


@final
@dataclass(frozen=True, eq=False, repr=False)
class Cycles(Record):
    """Cycles of a map or a flow, one row each, with what was searched; see `find_cycles`.

    A cycle of a map, of period k, is k states that map onto each other and are all different; of
    period 1, a fixed point. One of a flow is a closed orbit that has no other beside it, a limit
    cycle.

    Attributes
    ----------
    period
        The minimal (prime) period: how many states a cycle of a map has, or the time around a limit
        cycle.
    states
        Its states in their order, shape (c, longest, d), NaN behind the last; of a flow at equal
        times along the orbit.
    active
        Of a piecewise-linear map: which drives are above zero at each state, shape (c, longest, h),
        False behind the last; they say in which linear region it lies. Else h is 0.
    inputs
        The constant input, shape (c, m).
    multipliers
        Eigenvalues of the Jacobian over a period, the most unstable first; of a flow those across
        the motion, d - 1 of them. NaN on a kink of ReLU, where each side has its own.
    n_unstable
        How many directions are unstable; -1 where that is not known.
    is_stable
        Whether all modes decay. Not said where errors of eigenvalues leave it open.
    q
        ``1/2 |F^k(x, u) - x|^2`` at its first state; of a flow, of the gaps between the pieces
        of the orbit, together.
    hits
        How many starts came to it.
    proved
        Whether it is proved that the cycle exists, and that its period is no shorter. No limit
        cycle is.
    period_error
        How far the period of a limit cycle moved in the last step, on a finer integration: an
        estimate of its error. NaN for maps, whose periods are exact.
    trivial_multiplier
        The multiplier along the motion of a limit cycle, which must be 1, as it was computed: how
        far it is from 1 tells the error of the others. NaN for maps.
    searched, searched_inputs
        Which iterates were searched, under which inputs, shapes (s,) and (s, m); 0 for a flow,
        whose cycles were sought whatever their period.
    n_points, index_sum
        Fixed points of that iterate that are known, and the sum of their indices; of a flow the
        limit cycles, and 0.
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

    period: Num[np.ndarray, " c"] = column(
        "cycle", long_name="minimal period, in steps of a map or time", domain=Domain(above=0)
    )
    states: Float[np.ndarray, "c t d"] = column(
        "cycle", "step", "state", long_name="states in their order", domain=Domain(missing=True)
    )
    active: Bool[np.ndarray, "c t h"] = column(
        "cycle", "step", "drive", long_name="drives above zero, of a piecewise-linear map"
    )
    inputs: Float[np.ndarray, "c m"] = column(
        "cycle", "input", long_name="input", domain=Domain(finite=True)
    )
    multipliers: Complex[np.ndarray, "c e"] = column(
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
        "cycle", long_name="1/2 |gap|^2 after a period", domain=Domain(least=0)
    )
    hits: Int[np.ndarray, " c"] = column(
        "cycle", long_name="starts that came to it", domain=Domain(least=0)
    )
    proved: Bool[np.ndarray, " c"] = column("cycle", long_name="proved, with its period")
    period_error: Float[np.ndarray, " c"] = column(
        "cycle", long_name="estimated error of the period", domain=Domain(least=0, missing=True)
    )
    trivial_multiplier: Float[np.ndarray, " c"] = column(
        "cycle", long_name="multiplier along the motion", domain=Domain(missing=True)
    )
    searched: Int[np.ndarray, " s"] = column(
        "search", long_name="iterate that was searched", domain=Domain(least=0)
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
        """Return the states of one cycle, shape (period, d); of a flow at equal times, (t, d).

        Raises
        ------
        ArgumentError
            If there is no such cycle.
        """
        row = check_whole("row", row, least=0, most=len(self) - 1)
        return self.states[row, : self.n_states[row]]

    def itinerary(self, row: SupportsIndex) -> tuple[str, ...]:
        """Return the linear regions that one cycle goes through: a digit for every drive.

        It is 1 where the drive of a rectified unit is above zero.

        Raises
        ------
        ArgumentError
            If there is no such cycle, or the system is not known to be piecewise linear.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> cell = sp.cells.ShallowCell.plrnn([0.5], [[-2.0]], np.zeros((1, 0)), [1.0])
        >>> cycles = sp.find_cycles(sp.as_system(cell), periods=2)
        >>> cycles.orbit(1).ravel().round(3).tolist(), cycles.itinerary(1)
        ([-0.286, 0.857], ('0', '1'))
        """
        row = check_whole("row", row, least=0, most=len(self) - 1)
        if not self.active.shape[2]:
            raise ArgumentError(
                "row: the system is not known to be piecewise linear, so its cycles have no "
                "itinerary through linear regions."
            )
        digits = self.active[row, : self.n_states[row]].astype(int)
        return tuple("".join(map(str, state)) for state in digits)

    @property
    def every_state(self) -> Float[np.ndarray, "n d"]:
        """The states of all cycles, one after the other, shape (n, d)."""
        return self.states[np.arange(self.states.shape[1]) < self.n_states[:, None]]

    @property
    def n_states(self) -> Int[np.ndarray, " c"]:
        """How many states each cycle has: as many as its period of a map, or samples of a flow."""
        return np.full(len(self), self.states.shape[1]) if self.is_flow else self.period

    @property
    def is_flow(self) -> bool:
        """Whether they are limit cycles of a flow."""
        return self.system.kind == "flow"

    def of_period(self, period: SupportsIndex) -> Cycles:
        """Return the cycles of a map of one minimal period.

        Raises
        ------
        ArgumentError
            If it is no positive whole number, or these are limit cycles of a flow.
        """
        if self.is_flow:
            raise ArgumentError(
                f"period: got {came(period)}, but limit cycles have periods that are no whole "
                f"numbers; choose rows: cycles.take(np.flatnonzero(abs(cycles.period - 3) < 0.1))."
            )
        wanted = check_whole("period", period, least=1)
        return self.take(np.flatnonzero(self.period == wanted))

    def index(self, iterate: SupportsIndex | None = None) -> Int[np.ndarray, " c"]:
        """Return sign det(I - M^(k/d)) of each cycle of period d under the iterate F^k.

        By default each under its own period. A cycle of period d is d fixed points of F^k, each of
        this index. For a limit cycle F is the map from a plane across it to the next return there,
        and d is 1. 0 where the period does not divide k, the matrix is singular to rounding, or it
        is not known how many directions of a limit cycle are unstable. A cycle with a multiplier
        below -1 has different indices under odd and even multiples of its period.

        Raises
        ------
        ArgumentError
            If `iterate` is no positive whole number.
        """
        own = np.ones(len(self), dtype=np.int64) if self.is_flow else self.period
        k = own if iterate is None else check_whole("iterate", iterate, least=1)
        power, left = np.divmod(k, own)
        factors = 1 - self.multipliers ** np.maximum(power, 1)[:, None]
        sign = np.sign(np.prod(factors / np.maximum(np.abs(factors), 1e-300), axis=1).real)
        regular = (np.abs(factors) > _BORDER).all(axis=1) & (left == 0)
        if self.is_flow:
            regular &= self.n_unstable >= 0
        return np.where(regular, sign, 0).astype(np.int64)

    @property
    def verdict(self) -> str:
        """What recurs, and whether that is all, in a sentence."""
        if self.is_selection:
            return (
                "this is a selection of the cycles that were found, so nothing can be said on "
                "completeness"
            )
        if self.is_flow:
            return self._verdict_of_flow()
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
        noun = "period" if len(periods) == 1 else "periods"
        return f"{begin}; of {noun} {span}: {weakest.sentence}{under}"

    def _verdict_of_flow(self) -> str:
        weakest = Completeness.weakest(Completeness(c) for c in self.completeness.tolist())
        if weakest is Completeness.PROVED:
            return "a flow of one variable has no limit cycle, as on a line nothing returns"
        unknown = "nothing is known on others, as no theorem says how many a flow has"
        if not len(self):
            return f"no limit cycle was found; {unknown}"
        told = f"{plural(len(self), 'limit cycle')}, {int(self.is_stable.sum())} of them stable"
        return f"{told}; {unknown}"

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per cycle; its first state is in x0, x1, ..."""
        import pandas as pd

        names = ["period", "n_unstable", "is_stable", "q", "hits", "proved"]
        names += ["period_error", "trivial_multiplier"] if self.is_flow else []
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
            Column("period", [f"{k:.7g}" for k in self.period], 9 if self.is_flow else 6),
            Column("unstable", [str(k) if k >= 0 else "?" for k in self.n_unstable], 8),
            Column("hits", [str(k) for k in self.hits], 6),
            Column("max|μ|", [f"{size:.4g}" for size in modes], 9),
            Column("index", [f"{k:+}" if k else "?" for k in self.index()], 5),
            self._evidence(),
            Column(" x", [f" {position(x)}" for x in self.states[:, 0]]),
        ]

    def _evidence(self) -> Column:
        if self.is_flow:
            return Column("error of period", [f"{e:.0e}" for e in self.period_error], 15)
        return Column("proof", ["yes" if p else "no" for p in self.proved], 5)

    def _display(self) -> Display:
        of_one = f" ({int((self.period == 1).sum())} of period 1)"
        heading = plural(len(self), "limit cycle" if self.is_flow else "cycle")
        return Display(
            f"{heading}, periods in units of time" if self.is_flow else heading + of_one,
            self._columns() if len(self) else (),
            [self.verdict, *self._tables()],
            self.provenance,
        )

    def _tables(self) -> list[str]:
        """Return a line for every iterate that was searched."""
        if self.is_selection or self.is_flow:
            return []
        rows = zip(self.searched, self.n_points, self.index_sum, self.completeness, strict=True)
        lines = [f"F^{k}: {n} points, index sum {total:+}: {c}" for k, n, total, c in rows]
        return lines[:12]

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[2], self.inputs.shape[1])
        if len(self) and self.n_states.max() > self.states.shape[1]:
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
