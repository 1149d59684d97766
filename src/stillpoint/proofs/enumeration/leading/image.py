"""What p(z), nearly linear on boxes of z, says of its zeros there."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ....intervals import EPS, Interval, upward

_Vectors = Float[np.ndarray, "n k"]
_Rows = Float[np.ndarray, "n d"]
_Columns = Float[np.ndarray, "n k d"]
_Matrices = Float[np.ndarray, "n k k"]


class Linear(NamedTuple):
    """p is within |Q| blur + loose of value + slope dz on boxes; slope is transposed."""

    value: _Vectors
    slope: _Matrices
    Q: _Columns
    blur: _Rows
    loose: _Vectors


def newton_image(
    p: Linear, C: _Matrices, rho: _Vectors, n_ops: int
) -> tuple[Interval, Bool[np.ndarray, " n"]]:
    """Return where zeros can be, seen from the centres, and where there are none.

    Zeros obey dz = -C value + (I - C slope) dz - C (what is not linear), with any C.
    """
    slope = np.swapaxes(p.slope, 1, 2)
    blurred = upward(products(np.abs(p.Q), p.blur), n_ops)
    size = upward(products(np.abs(slope), rho), n_ops)
    excluded = (np.abs(p.value) > upward(size + blurred + p.loose)).any(axis=1)
    rest = p.loose + n_ops * EPS * (np.abs(p.value) + blurred + size)
    spread = products(np.abs(C @ p.Q), p.blur) + products(np.abs(C), rest)
    spread = spread + products(np.abs(np.eye(rho.shape[1]) - C @ slope), rho)
    radius = upward(spread + n_ops * EPS * rho, n_ops)
    return Interval(-products(C, p.value), radius), excluded


def importance(p: Linear, C: _Matrices, A: _Columns, rho: _Vectors) -> _Vectors:
    """Return how much each side adds to what is not linear, seen relative to the box.

    What is not linear in a unit comes of the sides that move its drive, the columns of A.
    """
    moved = weighted(A, rho)
    blurred = (np.abs(C @ p.Q) / rho[:, :, None]).max(axis=1) * p.blur / moved
    weight = products(np.abs(A), blurred)
    return np.where(np.isfinite(weight).all(axis=1)[:, None], weight, 1.0)


def weighted(columns: _Columns, rho: _Vectors) -> _Rows:
    """Return sums of the sizes of columns times radii."""
    return (rho[:, None, :] @ np.abs(columns))[:, 0]


def products(rows: _Columns, vectors: _Rows) -> _Vectors:
    """Return each matrix times its vector."""
    return (rows @ vectors[:, :, None])[:, :, 0]
