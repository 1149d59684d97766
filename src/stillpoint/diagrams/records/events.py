"""The events of a diagram: as columns of a record, and one by one as values with a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import SupportsIndex, final

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from ..._core.display import Column, Display, plural, position
from ..._core.record import Record, column
from ..._core.values import Domain
from ...branches.events import EventKind


@dataclass(frozen=True, eq=False)
class Event:
    """One event of a diagram.

    Attributes
    ----------
    kind
        What happens.
    parameter
        Where along the path.
    state, inputs
        The state and its input, shapes (d,) and (m,); of a cycle one of its states.
    branch, other
        Number of the branch, and of one that it crosses there; -1 for none.
    eigenvalue
        The one that crosses the stability border, of a pair that above the real axis.
    n_before, n_after
        Unstable directions on both sides, along the branch.
    coefficient
        Normal-form coefficient, NaN where there is none.
    is_supercritical
        Whether what is born or absorbed attracts along the modes that cross; None where the event
        has no such thing.
    interval
        Parameters between which the event is proved to lie, NaN where it is not.
    """

    kind: EventKind
    parameter: float
    state: Float[np.ndarray, " d"]
    inputs: Float[np.ndarray, " m"]
    branch: int
    other: int
    eigenvalue: complex
    n_before: int
    n_after: int
    coefficient: float
    is_supercritical: bool | None
    interval: tuple[float, float]

    @property
    def is_proved(self) -> bool:
        """Whether it is proved to lie in an interval of the parameter."""
        return bool(np.isfinite(self.interval).all())

    @property
    def angle(self) -> float:
        """By what angle a pair of modes turns in a step, or per unit of time; NaN of others."""
        if self.kind is EventKind.NEIMARK_SACKER:
            return float(np.angle(self.eigenvalue))
        return self.eigenvalue.imag if self.kind is EventKind.HOPF else np.nan

    @property
    def sentence(self) -> str:
        """What happens, in words."""
        begin = f"{self.kind.noun} at {self.parameter:.8g}"
        if self.kind is EventKind.BRANCH_POINT and self.is_supercritical is not None:
            begin = begin.replace("branch point", "pitchfork")
        if self.is_supercritical is not None:
            begin = f"{'super' if self.is_supercritical else 'sub'}critical {begin}"
        angle = f" by {self.angle:.4g} rad" if self.kind is EventKind.NEIMARK_SACKER else ""
        proved = ""
        if self.is_proved:
            low, high = self.interval
            proved = f"; proved between {low!r} and {high!r}"
        change = f"{self.n_before} to {self.n_after} unstable"
        return f"{begin}: {self.kind.sentence}{angle} ({change}){proved}"


@final
@dataclass(frozen=True, eq=False, repr=False)
class Events(Record):
    """The events of a diagram, in the order of the parameter; iterating gives `Event`s.

    Attributes
    ----------
    kind
        What happens (an `EventKind`).
    parameter, state, inputs, branch, other, eigenvalue, n_before, n_after, coefficient
        As of `Event`, one row each.
    cubic
        Whether the coefficient says super- or subcritical.
    low, high
        Parameters between which an event is proved to lie, NaN where it is not.
    """

    rows = "event"

    kind: Int[np.ndarray, " e"] = column(
        "event", long_name="what happens", domain=Domain(options=EventKind)
    )
    parameter: Float[np.ndarray, " e"] = column("event", long_name="where along the path")
    state: Float[np.ndarray, "e d"] = column("event", "state", long_name="its state")
    inputs: Float[np.ndarray, "e m"] = column("event", "input", long_name="its input")
    branch: Int[np.ndarray, " e"] = column(
        "event", long_name="number of the branch", domain=Domain(least=0)
    )
    other: Int[np.ndarray, " e"] = column(
        "event",
        long_name="number of a branch that it crosses, -1 for none",
        domain=Domain(least=-1),
    )
    eigenvalue: Complex[np.ndarray, " e"] = column(
        "event", long_name="eigenvalue that crosses", domain=Domain(missing=True)
    )
    n_before: Int[np.ndarray, " e"] = column(
        "event", long_name="unstable directions before", domain=Domain(least=-1)
    )
    n_after: Int[np.ndarray, " e"] = column(
        "event", long_name="unstable directions behind", domain=Domain(least=-1)
    )
    coefficient: Float[np.ndarray, " e"] = column(
        "event", long_name="normal-form coefficient", domain=Domain(missing=True)
    )
    cubic: Bool[np.ndarray, " e"] = column("event", long_name="it says super- or subcritical")
    low: Float[np.ndarray, " e"] = column(
        "event", long_name="proved to lie above", domain=Domain(missing=True)
    )
    high: Float[np.ndarray, " e"] = column(
        "event", long_name="proved to lie below", domain=Domain(missing=True)
    )

    def __len__(self) -> int:
        return len(self.kind)

    def __getitem__(self, row: SupportsIndex) -> Event:
        k = range(len(self))[row]
        signed = bool(self.cubic[k]) and np.isfinite(self.coefficient[k])
        return Event(
            kind=EventKind(int(self.kind[k])),
            parameter=float(self.parameter[k]),
            state=self.state[k],
            inputs=self.inputs[k],
            branch=int(self.branch[k]),
            other=int(self.other[k]),
            eigenvalue=complex(self.eigenvalue[k]),
            n_before=int(self.n_before[k]),
            n_after=int(self.n_after[k]),
            coefficient=float(self.coefficient[k]),
            is_supercritical=bool(self.coefficient[k] < 0) if signed else None,
            interval=(float(self.low[k]), float(self.high[k])),
        )

    def __iter__(self) -> Iterator[Event]:
        return (self[k] for k in range(len(self)))

    def of_kind(self, *kinds: EventKind) -> Events:
        """Return the events of some kinds."""
        return self.take(np.flatnonzero(np.isin(self.kind, kinds)))

    def _display(self) -> Display:
        columns = [
            Column("", [str(k) for k in range(len(self))], 5),
            Column("parameter", [f"{s:.10g}" for s in self.parameter], 16),
            Column(" what", [f" {event.kind.noun}" for event in self], -18),
            Column("unstable", [f"{e.n_before} to {e.n_after}" for e in self], 8),
            Column("coefficient", [f"{c:.4g}" for c in self.coefficient], 11),
            Column("proved", ["yes" if event.is_proved else "no" for event in self], 6),
            Column(" x", [f" {position(x)}" for x in self.state]),
        ]
        return Display(plural(len(self), "event"), columns if len(self) else ())
