"""From places at which branches cross to places on the other branches."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from .._core.arrays import finite_or_zero
from ..branches.bordered import Along, Places, correct
from ..branches.path import Pieces

# Other branches are looked for at this distance from the crossing, in sizes of states; where none
# is found, at the next one.
_DISTANCES = (1e-2, 1e-3)

# Directions along which the equations vanish: singular values below this share of the largest.
_SINGULAR = 1e-4

# The corrector moves a guess by this share of the distance, at most.
_REACH = 0.7

# Random directions for each dimension, where more than two branches cross.
_DIRECTIONS_EACH = 4


def beside(along: Along, crossings: Places, tangents: Places, pieces: Pieces) -> Places:
    """Return places on other branches through crossings, by the directions that are left there.

    At a simple crossing the equations vanish along two directions, of which one is the tangent of
    the branch; from a step along the other one Newton's method comes to the other branch.
    """
    found = [crossings[:0]]
    low, high = along.path.low * along.weight, along.path.high * along.weight
    for z, tangent, piece in zip(crossings, tangents, pieces, strict=True):
        ways = _ways(along, z, tangent, int(piece))
        for distance in _DISTANCES:
            step = distance * along.size
            guess = z + step * ways
            here = correct(along, guess, ways, guess, np.full(len(ways), piece))
            inside = (here.z[:, -1] >= low) & (here.z[:, -1] <= high)
            near = np.linalg.norm(here.z - guess, axis=1) < _REACH * step
            if (good := here.reached & near & inside).any():
                found.append(here.z[good])
                break
    return np.concatenate(found)


def _ways(
    along: Along, z: Float[np.ndarray, " z"], tangent: Float[np.ndarray, " z"], piece: int
) -> Places:
    """Return directions orthogonal to the tangent in which the equations vanish, both ways."""
    slopes = finite_or_zero(along.slopes(z[None], np.array([piece])))[0]
    _, sizes, rows = np.linalg.svd(slopes)
    left = len(z) - int((sizes > _SINGULAR * sizes[0]).sum())
    kernel = rows[-max(left, 2) :]
    across = kernel - np.outer(kernel @ tangent, tangent)
    _, sizes, rows = np.linalg.svd(across, full_matrices=False)
    basis = rows[: len(kernel) - 1]
    if len(basis) == 1:
        return np.concatenate([basis, -basis])
    rng = np.random.default_rng(0)
    mixed = rng.standard_normal((_DIRECTIONS_EACH * len(basis), len(basis))) @ basis
    ways = np.concatenate([basis, mixed / np.linalg.norm(mixed, axis=1)[:, None]])
    return np.concatenate([ways, -ways])
