"""All fixed points of a network that is linear between kinks, region by region.

Where the signs of all drives are given, the fixed points solve one linear system. If its matrix is
regular, its only solution either contradicts the signs, and the region holds none; or it is a
fixed point; or it lies too near a kink to tell, and then a box around it is proved to hold exactly
one fixed point, whichever of the regions that meet there it belongs to (or nothing is claimed).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from ...intervals import Interval
from ...intervals.functions import concat
from ...intervals.linalg import solve_enclosed
from ..krawczyk import Krawczyk
from .pieces import PiecewiseEquations
from .zeros import Zeros

# The regions that are treated at once have matrices with this many numbers together.
_CHUNK = 2**20

# Solutions are looked for in boxes so many times as wide as what is known of them.
_INFLATIONS = (4.0, 2.0**7, 2.0**12)

# No box is narrower than this, relative to the size of the unknowns.
_LEAST = 2.0**-48


@dataclass(frozen=True, eq=False)
class Survey:
    """The latent states of the fixed points that are proved, and how many regions are open.

    The systems of the `singular` ones are not proved regular; the `unclear` ones have solutions
    near kinks at which nothing could be proved.
    """

    zeros: Zeros
    singular: int
    unclear: int


def survey(equations: PiecewiseEquations, patterns: Bool[np.ndarray, "n h"]) -> Survey:
    """Return the fixed points in all regions with the given signs of the drives."""
    resting, driven = equations.rests_at_zero, equations.constants.mid != 0
    at_origin = Zeros.at(np.zeros((int(resting), equations.size)))
    near, singular = [Zeros.none(equations.size).where], 0
    step = max(1, _CHUNK // (len(equations.weights) + equations.size**2))
    for start in range(0, len(patterns), step):
        chunk = patterns[start : start + step]
        matrices, offsets = systems(equations, chunk)
        z, regular = solve_enclosed(matrices, offsets)
        singular += undecided(equations, matrices[~regular], offsets[~regular])
        drive = equations.drive(z[regular])
        against = np.where(chunk[regular], drive.upper < 0, drive.lower > 0)
        # With no offset where units are active, A z = 0 has no other solution than the origin.
        known = resting & ~chunk[regular][:, driven].any(axis=1)
        near.append(z[regular][~against.any(axis=1) & ~known])
    zeros, unclear = prove(equations, concat(near), at_origin)
    return Survey(zeros, singular, unclear)


def systems(
    equations: PiecewiseEquations, patterns: Bool[np.ndarray, "n h"]
) -> tuple[Interval, Interval]:
    """Return A, shape (n, q, q), and b, (n, q): A z = b holds of fixed points with the pattern."""
    slopes = Interval(patterns.astype(np.float64))
    return -equations.slopes_of(slopes), equations.offsets_of(slopes)


def undecided(equations: PiecewiseEquations, A: Interval, b: Interval) -> int:
    """Return how many systems may have a solution where fixed points can be.

    If y^T A hardly differs from zero and y^T b does, no z of moderate size solves A z = b.
    """
    if equations.region is None or not len(A):
        return len(A)
    null = Interval(np.linalg.svd(A.mid)[0][:, None, :, -1])
    excess = (null @ A) @ equations.region[:, None] - null @ b[:, :, None]
    return int((~excess.excludes_zero[:, 0, 0]).sum())


def prove(equations: PiecewiseEquations, candidates: Interval, zeros: Zeros) -> tuple[Zeros, int]:
    """Add the zeros near enclosures of candidates, and count those for which nothing was proved."""
    size = 1 + np.abs(candidates.mid).max(axis=1, keepdims=True, initial=0.0)
    for inflation in _INFLATIONS:
        if not len(candidates):
            break
        radius = inflation * (candidates.radius + _LEAST * size)
        tried = Krawczyk.on(equations, Interval(candidates.mid, radius))
        proved = tried.holds_one
        zeros = zeros.joined(Zeros.located(equations, tried.boxes[proved], tried.images[proved]))
        candidates, size = candidates[~proved], size[~proved]
    return zeros, int((~zeros.covers(candidates)).sum())
