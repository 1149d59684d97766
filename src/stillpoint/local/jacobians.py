"""Jacobians that a linearisation keeps, where they are not too large to be kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
from jaxtyping import Float

from .._core.display import Display, plural
from .._core.record import Record, column
from .._core.values import Domain


@final
@dataclass(frozen=True, eq=False, repr=False)
class Jacobians(Record):
    """Whole Jacobians in the state, shape (n, d, d), rows = to."""

    jacobian: Float[np.ndarray, "n d d"] = column(
        "point",
        "state",
        "from_state",
        long_name="Jacobian in the state, rows = to",
        domain=Domain(finite=True),
    )

    def _display(self) -> Display:
        n, d = self.jacobian.shape[:2]
        return Display(f"Jacobians({plural(n, 'matrix')} of size {d})")
