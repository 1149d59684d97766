"""The record of the smallest input pulses that switch attractors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._core.display import Column, Display, plural
from ..._core.record import Record, column, plain
from ..._core.values import Domain
from ...system_info import SystemInfo

if TYPE_CHECKING:
    import pandas


@final
@dataclass(frozen=True, eq=False, repr=False)
class Pulses(Record):
    """The smallest input pulses that lead from one attractor to another; by `smallest_pulses`.

    One row for every point that attracts, direction of the input, and duration. What both sides of
    a threshold lead to is decided: orbits were followed. That there is no smaller threshold is
    estimated: one between two amplitudes that were tried and led to the same is not seen.

    Attributes
    ----------
    source
        The row of the attractor that is pulsed.
    direction
        The row of `directions`.
    duration
        For how many steps a pulse is held.
    amplitude
        The smallest factor of the direction that changes the attractor; infinite where none does,
        up to the largest that was tried.
    below
        The largest amplitude beneath it after which the network came back; the threshold lies
        between. Where none changes it, the largest that was tried.
    target
        The row of the attractor to which `amplitude` leads; -1 where none does.
    reached
        The row that each of the amplitudes leads to, -1 for none that is known, shape (k, g).
    amplitudes
        Those that were tried first, shape (g,).
    directions
        What is added to the input, shape (c, m).
    rest
        The input before and after the pulse, shape (m,).
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "pulse"

    source: Int[np.ndarray, " k"] = column(
        "pulse", long_name="attractor that is pulsed", domain=Domain(least=0)
    )
    direction: Int[np.ndarray, " k"] = column(
        "pulse", long_name="direction of the input", domain=Domain(least=0, below="direction_row")
    )
    duration: Int[np.ndarray, " k"] = column(
        "pulse", long_name="how long it is held", units="steps", domain=Domain(least=1)
    )
    amplitude: Float[np.ndarray, " k"] = column(
        "pulse", long_name="smallest that switches", domain=Domain(above=0)
    )
    below: Float[np.ndarray, " k"] = column(
        "pulse", long_name="largest beneath it that does not", domain=Domain(least=0, finite=True)
    )
    target: Int[np.ndarray, " k"] = column(
        "pulse", long_name="attractor to which it leads, -1 for none", domain=Domain(least=-1)
    )
    reached: Int[np.ndarray, "k g"] = column(
        "pulse",
        "amplitude_row",
        long_name="attractor to which each amplitude leads, -1 for none",
        domain=Domain(least=-1),
    )
    amplitudes: Float[np.ndarray, " g"] = column(
        "amplitude_row", long_name="amplitude that was tried", domain=Domain(above=0, finite=True)
    )
    directions: Float[np.ndarray, "c m"] = column(
        "direction_row", "input", long_name="added to the input", domain=Domain(finite=True)
    )
    rest: Float[np.ndarray, " m"] = column(
        "input", long_name="input at rest", domain=Domain(finite=True)
    )
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def switches(self) -> Bool[np.ndarray, " k"]:
        """Which pulses change the attractor at some amplitude that was tried."""
        return np.isfinite(self.amplitude)

    @property
    def comes_back(self) -> Float[np.ndarray, " k"]:
        """The smallest larger amplitude after which the network is back where it was; NaN for none.

        Of the amplitudes that were tried first. Where there is one, larger pulses do not do more.
        """
        larger = self.amplitudes > self.amplitude[:, None]
        back = larger & (self.reached == self.source[:, None])
        return np.where(back, self.amplitudes, np.inf).min(axis=1, initial=np.inf) + np.where(
            back.any(axis=1), 0.0, np.nan
        )

    @property
    def n_open(self) -> Int[np.ndarray, " k"]:
        """After how many of the amplitudes no attractor that is known was reached."""
        return (self.reached < 0).sum(axis=1)

    @property
    def verdict(self) -> str:
        """What was found and how it is known, in a sentence."""
        found, most = self.amplitude[self.switches], float(self.amplitudes.max(initial=0.0))
        told = [f"{len(found)} of {plural(len(self), 'pulse')} switch up to {most:g} (decided)"]
        if len(found):
            told[0] += f", from amplitudes of {found.min():.3g} to {found.max():.3g} on"
        if back := int((~np.isnan(self.comes_back)).sum()):
            told.append(f"of {back} a larger amplitude leads back")
        if lost := int(self.n_open.sum()):
            told.append(f"after {lost} of {self.reached.size} no known attractor was reached")
        told.append("that none is smaller is estimated, from the amplitudes that were tried")
        return "; ".join(told)

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per attractor, direction and duration."""
        import pandas as pd

        names = ("source", "direction", "duration", "amplitude", "below", "target")
        columns: dict[str, Any] = {name: getattr(self, name) for name in names}
        columns |= {"comes_back": self.comes_back, "n_open": self.n_open}
        pushes = self.directions[self.direction]
        columns |= {f"u{j}": pushes[:, j] for j in range(pushes.shape[1])}
        return pd.DataFrame(columns)

    def _rests_on(self) -> tuple[str, ...]:
        return ("points",)

    def _display(self) -> Display:
        back = ["" if np.isnan(b) else f"{b:.3g}" for b in self.comes_back]
        columns = [
            Column("from", [str(k) for k in self.source], 5),
            Column("input", [_told(self.directions[k]) for k in self.direction], 8),
            Column("steps", [str(k) for k in self.duration], 5),
            Column("amplitude", [f"{a:.4g}" for a in self.amplitude], 10),
            Column("to", [str(k) if k >= 0 else "-" for k in self.target], 4),
            Column("back at", back, 8),
            Column("open", [str(n) if n else "" for n in self.n_open], 5),
        ]
        title = f"smallest of {plural(len(self), 'pulse')} that switch"
        return Display(title, columns if len(self) else (), [self.verdict], self.provenance)

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.system.state_size, self.directions.shape[1])
        if (self.switches != (self.target >= 0)).any():
            yield "target: it is not known where a pulse switches, or the reverse"
        if (self.below >= self.amplitude).any():
            yield "below: it is not beneath the amplitude"


def _told(direction: Float[np.ndarray, " m"]) -> str:
    """Return a direction in few signs.

    Examples
    --------
    >>> _told(np.array([0.0, -1.0])), _told(np.array([0.5, 1.0]))
    ('-u1', '0.5,1')
    """
    (own,) = np.nonzero(direction)
    if len(own) == 1 and abs(direction[own[0]]) == 1:
        return f"{'+' if direction[own[0]] > 0 else '-'}u{own[0]}"
    return ",".join(f"{value:.2g}" for value in direction)
