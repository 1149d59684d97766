"""Least squares of many right sides, each with its own weights (Bjorck 1996, CGLS)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_MOST_STEPS = 300
_TOLERANCE = 1e-15


def weighted_least_squares(
    known: Float[np.ndarray, "n p"],
    wanted: Float[np.ndarray, "n d"],
    weights: Float[np.ndarray, "n d"],
) -> Float[np.ndarray, "d p"]:
    """Return the rows w_i for which known w_i is nearest to wanted[:, i], by its own weights.

    A row that has fewer equations than unknowns is one of many that are as near.

    Examples
    --------
    >>> known = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    >>> wanted, weights = np.array([[2.0], [3.0], [9.0]]), np.array([[1.0], [0.5], [0.0]])
    >>> weighted_least_squares(known, wanted, weights).round(12)
    array([[2., 3.]])
    """
    size = np.linalg.norm(known, axis=1, keepdims=True)  # rows of one size are better conditioned
    known, left = known / size, weights * (wanted / size)
    answer = np.zeros((known.shape[1], wanted.shape[1]))
    gradient = known.T @ (weights * left)
    direction, slope = gradient, np.sum(gradient**2, axis=0)
    least = _TOLERANCE**2 * slope
    for _ in range(_MOST_STEPS):
        moved = weights * (known @ direction)
        length = slope / np.maximum(np.sum(moved**2, axis=0), np.finfo(np.float64).tiny)
        answer, left = answer + length * direction, left - length * moved
        gradient = known.T @ (weights * left)
        before, slope = slope, np.sum(gradient**2, axis=0)
        if (slope <= least).all():
            break
        direction = gradient + slope / np.maximum(before, np.finfo(np.float64).tiny) * direction
    return answer.T
