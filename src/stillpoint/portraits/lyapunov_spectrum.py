"""The record of Lyapunov exponents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float

from .._core.display import Column, Display, plural
from .._core.record import Record, column, plain
from .._core.values import Domain
from ..system_info import SystemInfo

_SHOWN = 10  # exponents in a table


@final
@dataclass(frozen=True, eq=False, repr=False)
class LyapunovSpectrum(Record):
    """Lyapunov exponents, the largest first; made by `stillpoint.lyapunov`. They are estimates.

    Attributes
    ----------
    exponents
        Means over orbits and time, shape (k,); per step of a map without dt, else per unit of time.
    errors
        Their standard errors, from the means of parts of the time of each orbit, shape (k,).
    by_orbit
        The exponents along each orbit, shape (o, k); NaN for orbits that diverged.
    steps, transient, interval
        Steps that count, steps before them, and from one QR decomposition to the next.
    interval_error
        The largest difference, relative to 1 or to the exponent's own size in such a stretch,
        between stretches done at this interval and step by step.
    determinant_error
        Of a whole spectrum: by how much the sum of all exponents differs from the mean of
        ``log |det J|`` over these stretches, relative to it; NaN where k < d.
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "exponent"

    exponents: Float[np.ndarray, " k"] = column(
        "exponent", long_name="Lyapunov exponent", domain=Domain(missing=True)
    )
    errors: Float[np.ndarray, " k"] = column(
        "exponent", long_name="standard error", domain=Domain(least=0, missing=True)
    )
    by_orbit: Float[np.ndarray, "o k"] = column(
        "orbit", "exponent", long_name="along each orbit", domain=Domain(missing=True)
    )
    steps: int = plain(domain=Domain(least=1))
    transient: int = plain(domain=Domain(least=0))
    interval: int = plain(domain=Domain(least=1))
    interval_error: float = plain(domain=Domain(least=0, missing=True))
    determinant_error: float = plain(domain=Domain(least=0, missing=True))
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    def __len__(self) -> int:
        return len(self.exponents)

    @property
    def is_whole(self) -> bool:
        """Whether there is an exponent for every state variable."""
        return len(self) == self.system.layout.size

    @property
    def n_positive(self) -> int:
        """Exponents that are above zero by more than two standard errors."""
        return int((self.exponents > 2 * np.nan_to_num(self.errors)).sum())

    @property
    def dimension(self) -> float:
        """The Kaplan-Yorke dimension; NaN where too few exponents are known to tell it."""
        sums = np.cumsum(self.exponents)
        if np.isnan(sums).any():
            return float("nan")
        j = int((sums >= 0).sum())
        if j == len(self):
            return float(j) if self.is_whole else float("nan")
        before = sums[j - 1] if j else 0.0
        return float(j + before / abs(self.exponents[j]))

    @property
    def entropy_bound(self) -> float:
        """The sum of the positive exponents, which bounds the metric entropy (Ruelle 1978)."""
        return float(self.exponents[self.exponents > 0].sum())

    @property
    def time_unit(self) -> str:
        """What exponents are measured per."""
        return "step" if self.system.kind == "map" and self.system.dt is None else "unit of time"

    def _display(self) -> Display:
        shown = min(len(self), _SHOWN)
        columns = [
            Column("", [str(k) for k in range(shown)], 4),
            Column("exponent", [f"{v:+.6f}" for v in self.exponents[:shown]], 12),
            Column("error", [f"{e:.1e}" for e in self.errors[:shown]], 9),
        ]
        more = len(self) - shown
        remarks = [f"  ... and {more} more"] if more else []
        sums = f"sum {self.exponents.sum():+.4f}, " if self.is_whole else ""
        remarks.append(
            f"{self.n_positive} positive, {sums}Kaplan-Yorke dimension {self.dimension:.3f}, "
            f"entropy at most {self.entropy_bound:.4f}"
        )
        orbits = plural(len(self.by_orbit), "orbit")
        return Display(
            f"{plural(len(self), 'Lyapunov exponent')} per {self.time_unit}, from {orbits} of "
            f"{self.steps} steps",
            columns,
            remarks,
            self.provenance,
        )

    def _contradictions(self) -> Iterator[str]:
        if len(self) > self.system.layout.size:
            yield f"exponents: there are {len(self)} of {self.system.layout.size} variables"
