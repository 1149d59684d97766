"""The record of what attracts: where orbits end, and how many of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, SupportsIndex, final

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from .._core.display import Column, Display, plural, position
from .._core.grouping import equal_inputs
from .._core.record import Record, column, plain
from .._core.validation import check_whole, read_rows
from .._core.values import Domain
from ..census import Followed
from ..census.estimators import share_intervals
from ..system_info import SystemInfo
from .orbits import OrbitEnd

if TYPE_CHECKING:
    import pandas

#: How a label is known, the firmest first.
EVIDENCE = ("proved", "decided", "estimated", "none")


@final
@dataclass(frozen=True, eq=False, repr=False)
class Attractors(Record):
    """Where orbits of a network end, one row each; made by `find_attractors`.

    Orbits that end at nothing that attracts have rows too, and say so: they ran away, still moved,
    passed a ghost, or stayed at a point or cycle that is not known to attract.

    Attributes
    ----------
    kind
        What it is: an `OrbitEnd`.
    evidence
        "proved" where interval arithmetic proves that it exists and attracts, "decided" where it
        was computed to rounding, is stable, and orbits were followed until they were there,
        "estimated" where statistics of orbits say what it is, "none" where nothing is said.
    inputs
        The constant input, shape (a, m).
    states
        States on it, shape (a, t, d), NaN behind the last: a point, all states of a cycle, or some
        of an orbit.
    period
        In `time_unit`: of a cycle; of a closed curve the time of one turn; NaN elsewhere.
    exponent
        The largest Lyapunov exponent, per `time_unit`; NaN where it is not known.
    point
        Which row of the points that were handed over it is; -1 where none is.
    attractor
        The row that each orbit ended at, shape (o,).
    begin, begin_inputs
        Where orbits began, shapes (o, d) and (o, m).
    counts
        Which orbits count for shares: those that began at random states, or at a caller's.
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "attractor"

    kind: Int[np.ndarray, " a"] = column(
        "attractor", long_name="what it is (OrbitEnd)", domain=Domain(options=OrbitEnd)
    )
    evidence: Shaped[np.ndarray, " a"] = column(
        "attractor", long_name="how that is known", domain=Domain(options=EVIDENCE)
    )
    inputs: Float[np.ndarray, "a m"] = column(
        "attractor", "input", long_name="input", domain=Domain(finite=True)
    )
    states: Float[np.ndarray, "a t d"] = column(
        "attractor", "step", "state", long_name="states on it", domain=Domain(missing=True)
    )
    period: Float[np.ndarray, " a"] = column(
        "attractor", long_name="period", domain=Domain(above=0, missing=True)
    )
    exponent: Float[np.ndarray, " a"] = column(
        "attractor", long_name="largest Lyapunov exponent", domain=Domain(missing=True)
    )
    point: Int[np.ndarray, " a"] = column(
        "attractor", long_name="row of the points, -1 for none", domain=Domain(least=-1)
    )
    attractor: Int[np.ndarray, " o"] = column(
        "orbit", long_name="where it ended", domain=Domain(least=0)
    )
    begin: Float[np.ndarray, "o d"] = column(
        "orbit", "state", long_name="where an orbit began", domain=Domain(finite=True)
    )
    begin_inputs: Float[np.ndarray, "o m"] = column(
        "orbit", "input", long_name="its input", domain=Domain(finite=True)
    )
    counts: Bool[np.ndarray, " o"] = column("orbit", long_name="counts for shares")
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)
    is_selection: bool = plain(default=False)

    def __len__(self) -> int:
        return len(self.kind)

    def take(self, rows: Any) -> Attractors:
        """Return the record of some rows, and of the orbits that ended there.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        chosen = read_rows("rows", rows, len(self))
        place = np.full(len(self), -1)
        place[chosen] = np.arange(len(chosen))
        own = place[self.attractor] >= 0
        return replace(
            super().take(chosen),
            attractor=place[self.attractor[own]],
            begin=self.begin[own],
            begin_inputs=self.begin_inputs[own],
            counts=self.counts[own],
            is_selection=self.is_selection or not own.all(),
        )

    @property
    def time_unit(self) -> str:
        """What periods and exponents are measured in."""
        return "steps" if self.system.kind == "map" else "units of time"

    @property
    def attracts(self) -> Bool[np.ndarray, " a"]:
        """Which rows are attractors."""
        return np.array([OrbitEnd(kind).attracts for kind in self.kind], dtype=bool)

    @property
    def hits(self) -> Int[np.ndarray, " a"]:
        """How many of the orbits that count ended there."""
        return np.bincount(self.attractor[self.counts], minlength=len(self))

    @property
    def share(self) -> Float[np.ndarray, " a"]:
        """The share of the orbits under its input that ended there."""
        return self.hits / np.maximum(self._trials, 1)

    @property
    def share_interval(self) -> Float[np.ndarray, "a 2"]:
        """The exact 95 % interval of that share (Clopper and Pearson 1934), shape (a, 2).

        It is about states drawn as these starts were.
        """
        return share_intervals(self.hits, self._trials)

    @property
    def _trials(self) -> Int[np.ndarray, " a"]:
        """How many orbits count under the input of each row."""
        under = equal_inputs(np.vstack([self.inputs, self.begin_inputs]))
        own, theirs = np.split(under, [len(self)])
        return np.bincount(theirs[self.counts], minlength=under.max(initial=0) + 1)[own]

    def along(self, row: SupportsIndex) -> Float[np.ndarray, "t d"]:
        """Return the states on one attractor, shape (t, d).

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        states = self.states[check_whole("row", row, least=0, most=len(self) - 1)]
        return states[~np.isnan(states).all(axis=1)] if states.size else states

    def _by_input(self, points: Int[np.ndarray, " a"]) -> dict[tuple[float, ...], Followed]:
        """Return what a census counts, given which of its points each row is, -1 for none."""
        is_point = self.kind == OrbitEnd.POINT
        explained = np.where(is_point, points >= 0, self.is_named)
        counted = {}
        for u in np.unique(self.inputs, axis=0):
            here = (self.inputs == u).all(axis=1)
            own, left = self._where(here), self._where(here & ~explained)
            elsewhere = self._where(here & explained & ~is_point)
            told = f"{len(elsewhere.attractor)} ended at {elsewhere.nouns}"
            ends = told if len(elsewhere) else ""
            n, open_ = len(own.attractor), len(left.attractor)
            counted[tuple(u.tolist())] = Followed(n, open_, left.summary, ends)
        return counted

    def _where(self, rows: Bool[np.ndarray, " a"]) -> Attractors:
        return self.take(np.flatnonzero(rows))

    @property
    def is_named(self) -> Bool[np.ndarray, " a"]:
        """Which rows are attractors that are proved or decided."""
        return self.attracts & np.isin(self.evidence, EVIDENCE[:2])

    @property
    def summary(self) -> str:
        """What orbits came to, in words."""
        counted = Counter(self.kind[self.attractor].tolist()).most_common()
        return ", ".join(f"{count} {OrbitEnd(kind).sentence}" for kind, count in counted)

    @property
    def verdict(self) -> str:
        """What attracts, in a sentence."""
        nouns = self._where(self.attracts).nouns
        found = f"attractors: {nouns}" if nouns else "no attractor is known"
        if self.attracts[self.attractor].all():
            return f"{found}; every orbit ended at one"
        rest = self._where(~self.attracts).summary
        return f"{found}; of {plural(len(self.attractor), 'orbit')} {rest}"

    @property
    def nouns(self) -> str:
        """How many rows there are of which kind."""
        counted = Counter(OrbitEnd(kind).noun for kind in self.kind)
        return ", ".join(plural(count, noun) for noun, count in counted.items())

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per attractor; its first state is in x0, x1, ..."""
        import pandas as pd

        columns: dict[str, Any] = {"kind": [OrbitEnd(kind).noun for kind in self.kind]}
        columns |= {name: getattr(self, name) for name in ("evidence", "period", "exponent")}
        columns |= {"hits": self.hits, "share": self.share}
        low, high = self.share_interval.T
        columns |= {"share_low": low, "share_high": high, "point": self.point}
        columns |= {f"x{i}": self.states[:, 0, i] for i in range(self.states.shape[2])}
        columns |= {f"u{j}": self.inputs[:, j] for j in range(self.inputs.shape[1])}
        return pd.DataFrame(columns)

    def _rests_on(self) -> tuple[str, ...]:
        return ("points", "proofs") if (self.evidence == "proved").any() else ("points",)

    def _display(self) -> Display:
        low, high = self.share_interval.T
        shares = zip(self.share, low, high, strict=True)
        columns = [
            Column("", [str(k) for k in range(len(self))], 5),
            Column("what", [f" {OrbitEnd(kind).noun}" for kind in self.kind], 20),
            Column("evidence", list(self.evidence), 10),
            Column("period", ["" if np.isnan(p) else f"{p:.6g}" for p in self.period], 9),
            Column("exponent", ["" if np.isnan(e) else f"{e:+.4f}" for e in self.exponent], 10),
            Column("share", [f"{s:.3f} ({a:.3f} to {b:.3f})" for s, a, b in shares], 25),
            Column(" x", [f" {position(x)}" for x in self.states[:, 0]]),
        ]
        orbits = plural(int(self.counts.sum()), "orbit")
        title = f"where {orbits} ended"
        return Display(title, columns if len(self) else (), [self.verdict], self.provenance)

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[2], self.inputs.shape[1])
        if len(self.attractor) and self.attractor.max() >= len(self):
            yield "attractor: an orbit ended at a row that there is not"
