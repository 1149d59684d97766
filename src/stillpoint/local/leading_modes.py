"""The record of the leading eigenvalues of Jacobians, where not all were computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import final

import numpy as np
from jaxtyping import Bool, Complex, Float, Int

from .._core.display import Display, plural
from .._core.record import Record, column
from .._core.sentences import SentenceEnum
from .._core.values import Domain

# An eigenvalue whose residual is this small beside it, or beside one, is shown as known.
_SHOWN = 1e-6


class Decision(SentenceEnum):
    """How the number of unstable directions was decided where not all eigenvalues are known."""

    BOUND = 0, "by the leading eigenvalues and a bound on all others"
    ALL = 1, "by all eigenvalues"
    OPEN = 2, "not: neither the leading eigenvalues nor, at this size, all of them say"


@final
@dataclass(frozen=True, eq=False, repr=False)
class LeadingModes(Record):
    """The most unstable eigenvalues of some Jacobians, as far as they were sought.

    Attributes
    ----------
    eigenvalues
        Shape (n, k), the most unstable first, NaN where there are fewer.
    residuals
        ``|A v - lambda v|`` of the unit vectors v: each is an eigenvalue of a matrix as near to A.
    vectors
        v, shape (n, k, d), real or one of a conjugate pair.
    others
        No eigenvalue but the converged ones that are listed has a larger modulus (of 1 + h A for a
        flow); infinite where no bound was found.
    counted
        Eigenvalues beyond the border of stability, -1 where that is open.
    tolerates
        The relative error of A up to which that number stands.
    decision
        How it was decided, one of `Decision`.
    """

    eigenvalues: Complex[np.ndarray, "n k"] = column(
        "point", "leading_mode", long_name="leading eigenvalues of the Jacobian"
    )
    residuals: Float[np.ndarray, "n k"] = column(
        "point",
        "leading_mode",
        long_name="|A v - lambda v| of unit vectors",
        domain=Domain(least=0, missing=True),
    )
    vectors: Complex[np.ndarray, "n k d"] = column(
        "point", "leading_mode", "state", long_name="leading right eigenvectors"
    )
    others: Float[np.ndarray, " n"] = column(
        "point", long_name="bound on the modulus of all others", domain=Domain(least=0)
    )
    counted: Int[np.ndarray, " n"] = column(
        "point", long_name="eigenvalues beyond the border", domain=Domain(least=-1)
    )
    tolerates: Float[np.ndarray, " n"] = column(
        "point", long_name="relative error of A that leaves the count", domain=Domain(least=0)
    )
    decision: Int[np.ndarray, " n"] = column(
        "point", long_name="how the count was decided", domain=Domain(options=Decision)
    )

    def __len__(self) -> int:
        return len(self.others)

    @property
    def converged(self) -> Bool[np.ndarray, "n k"]:
        """Which eigenvalues are known to their last digits."""
        return self.residuals <= _SHOWN * np.fmax(1.0, np.abs(self.eigenvalues))

    @classmethod
    def joined(cls, several: Sequence[LeadingModes]) -> LeadingModes:
        """Return the rows of several in one."""
        most = max(one.eigenvalues.shape[1] for one in several)
        return super().joined([one._widened(most) for one in several])

    def _widened(self, k: int) -> LeadingModes:
        more = k - self.eigenvalues.shape[1]
        return replace(
            self,
            **{
                name: np.pad(
                    getattr(self, name),
                    [(0, 0), (0, more)] + [(0, 0)] * (getattr(self, name).ndim - 2),
                    constant_values=np.nan,
                )
                for name in ("eigenvalues", "residuals", "vectors")
            },
        )

    def in_coordinates(self, scale: Float[np.ndarray, " d"]) -> LeadingModes:
        """Return the same of x = scale z, given those of z; residuals are bounds then."""
        vectors = self.vectors * scale
        length = np.linalg.norm(vectors, axis=2)
        residuals = self.residuals * scale.max(initial=0.0) / length
        return replace(self, vectors=vectors / length[:, :, None], residuals=residuals)

    def _display(self) -> Display:
        n, k = self.eigenvalues.shape
        return Display(f"LeadingModes({plural(k, 'eigenvalue')} of {plural(n, 'Jacobian')})")
