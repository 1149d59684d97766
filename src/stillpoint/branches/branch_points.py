"""Places where branches cross, sharpened: there the bordered matrix itself is singular.

The unknowns are the place z, a left null vector w of the derivatives A = [G, g_s], and a number m;
the equations g + m w0 = 0, A^T w = 0 and w0 . w = 1 are regular where two branches cross (Moore
1980). Away from such a place m is not zero at the solution.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from .bordered import Along, Place, Places
from .path import Pieces

# Second derivatives are differences over this, in sizes of states.
_SPACING = 1e-5

# Newton steps, and how far a place is moved by them, in sizes of states.
_STEPS, _REACH = 6, 1e-4

# At a crossing the number m is no larger than this, in sizes of states.
_VANISHES = 1e-9

# Larger systems are left as they are: their second derivatives take too long.
_LARGEST = 128


def sharpened(along: Along, z: Places, piece: Pieces) -> tuple[Places, Bool[np.ndarray, " n"]]:
    """Return places near crossings, moved to where branches cross, and whether they do there."""
    rows = [_sharpened(along, row, int(k)) for row, k in zip(z, piece, strict=True)]
    crosses = np.array([row is not None for row in rows], dtype=bool)
    moved = [old if row is None else row for old, row in zip(z, rows, strict=True)]
    return np.array(moved).reshape(z.shape), crosses


def _sharpened(along: Along, start: Place, piece: int) -> Place | None:
    """Return where branches cross near a place, or None where Newton's method finds no such."""
    k = len(start) - 1
    if k > _LARGEST:
        return None
    left, _, _ = np.linalg.svd(_slopes(along, start[None], piece)[0])
    first = left[:, -1]
    unknowns = np.concatenate([start, first, [0.0]])
    for _ in range(_STEPS):
        z, w, m = np.split(unknowns, [k + 1, 2 * k + 1])
        A = _slopes(along, z[None], piece)[0]
        value = along.residual(z[None], np.array([piece]))[0]
        equations = np.concatenate([value + m * first, A.T @ w, [first @ w - 1]])
        matrix = np.zeros((2 * k + 2, 2 * k + 2))
        matrix[:k, : k + 1], matrix[:k, -1] = A, first
        matrix[k : 2 * k + 1, : k + 1] = _bend(along, z, w, piece)
        matrix[k : 2 * k + 1, k + 1 : 2 * k + 1], matrix[-1, k + 1 : 2 * k + 1] = A.T, first
        try:
            unknowns = unknowns - np.linalg.solve(matrix, equations)
        except np.linalg.LinAlgError:
            return None
    end = unknowns[: k + 1]
    near = np.isfinite(unknowns).all() and np.linalg.norm(end - start) < _REACH * along.size
    return end if near and abs(unknowns[-1]) < _VANISHES * along.size else None


def _bend(
    along: Along, z: Float[np.ndarray, " z"], w: Float[np.ndarray, " k"], piece: int
) -> Float[np.ndarray, "z z"]:
    """Return the second derivatives of w . g."""
    h = _SPACING * along.size
    around = np.concatenate([z + h * np.eye(len(z)), z - h * np.eye(len(z))])
    ahead, behind = np.split(np.einsum("nkz,k->nz", _slopes(along, around, piece), w), 2)
    return (ahead - behind) / (2 * h)


def _slopes(along: Along, z: Places, piece: int) -> Float[np.ndarray, "n k z"]:
    return along.slopes(z, np.full(len(z), piece))
