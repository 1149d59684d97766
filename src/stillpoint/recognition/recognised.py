"""What a black box was recognised as, in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .._core.arrays import host
from .._core.display import plural
from ..cells import (
    GRUCell,
    LeakyCell,
    LeakyRateCell,
    LowRank,
    ResetBeforeGRUCell,
    ShallowCell,
    VanillaCell,
)

Found = VanillaCell | LeakyCell | ShallowCell | GRUCell | ResetBeforeGRUCell


@dataclass(frozen=True)
class Recognised:
    """A canonical cell that takes the steps of a black box, and what it is, in words."""

    cell: Found

    def __str__(self) -> str:
        return f"recognised: {_words(self.cell)}"


def _words(cell: Found) -> str:
    if isinstance(cell, GRUCell):
        return "GRU"
    if isinstance(cell, ResetBeforeGRUCell):
        return "GRU, reset before the product"
    if isinstance(cell, ShallowCell):
        return f"{_name_of_piecewise_linear(cell)}, {cell.phi}"
    rank = f", rank {cell.W.rank}" if isinstance(cell.W, LowRank) else ""
    return f"{_NAMES[type(cell)]}, {cell.phi}{rank}"


_NAMES = {
    VanillaCell: "vanilla network",
    LeakyRateCell: "leaky rate network",
    LeakyCell: "leaky current network",
}


def _name_of_piecewise_linear(cell: ShallowCell) -> str:
    name = "PLRNN" if cell.A.ndim == 1 else "piecewise-linear network"
    h, d = cell.W2.shape
    if h == d and (host(cell.W2) == np.eye(d)).all():  # W phi(x)
        return name
    return f"{name} with {plural(h, 'hidden unit')}"
