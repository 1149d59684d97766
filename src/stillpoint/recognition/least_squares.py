"""Least squares of many right sides, each with its own rows (Bjorck 1996, CGLS)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

_MOST_STEPS = 300
_TOLERANCE = 1e-15


def masked_least_squares(
    known: Float[np.ndarray, "n p"],
    wanted: Float[np.ndarray, "n d"],
    told: Bool[np.ndarray, "n d"],
) -> Float[np.ndarray, "d p"] | None:
    """Return the rows w_i for which known w_i is nearest to wanted[:, i], where that is told.

    What is not told is zero in `wanted`. None where some row has fewer equations than unknowns.

    Examples
    --------
    >>> known = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> wanted, told = np.array([[2.0], [3.0], [0.0]]), np.array([[True], [True], [False]])
    >>> masked_least_squares(known, wanted, told).round(12)
    array([[2., 3.]])
    """
    if (told.sum(axis=0) < known.shape[1]).any():
        return None
    size = np.linalg.norm(known, axis=1, keepdims=True)  # rows of one size are better conditioned
    known, left = known / size, wanted / size
    answer = np.zeros((known.shape[1], wanted.shape[1]))
    gradient = known.T @ left
    direction, slope = gradient, np.sum(gradient**2, axis=0)
    least = _TOLERANCE**2 * slope
    for _ in range(_MOST_STEPS):
        moved = told * (known @ direction)
        length = slope / np.maximum(np.sum(moved**2, axis=0), np.finfo(np.float64).tiny)
        answer, left = answer + length * direction, left - length * moved
        gradient = known.T @ left
        before, slope = slope, np.sum(gradient**2, axis=0)
        if (slope <= least).all():
            break
        direction = gradient + slope / np.maximum(before, np.finfo(np.float64).tiny) * direction
    return answer.T
