"""What is handed over to be followed, brought down to rounding where it is what it should be."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..branches.bordered import Along, Places, at_parameter
from ..errors import ArgumentError

# It is moved by this share of its size, at most.
_MOVED = 1e-2

# What tells a cycle from something simpler is larger than this share.
_SHRUNK = 1e-6


def sharpened(
    along: Along,
    x: Float[np.ndarray, "n v"],
    s: Float[np.ndarray, " n"],
    noun: str,
    at: float | None,
) -> Places:
    """Return the places that belong to points or cycles at parameters.

    Raises
    ------
    ArgumentError
        If one of them is none there.
    """
    z = along.from_states(x, s)
    if not len(z):
        return z
    piece = along.path.piece(s)
    sharp = at_parameter(along, z, s, piece)
    away = ~sharp.reached | (np.linalg.norm(sharp.z - z, axis=1) > _MOVED * along.size)
    phase = along.phases(sharp.z, piece)
    if phase is not None:  # a point, or a cycle of half the period
        away |= np.linalg.norm(phase, axis=1) < _SHRUNK * along.size
    if away.any():
        row = int(np.flatnonzero(away)[0])
        raise ArgumentError(
            f"{noun}: number {row} is none at the parameter {s[row]:g}; pass those that were "
            f"found there" + (", and at=." if at is None else ".")
        )
    return sharp.z
