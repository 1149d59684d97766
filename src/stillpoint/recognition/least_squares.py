"""Least squares of many right sides, each with its own weights (Bjorck 1996, CGLS)."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

_MOST_STEPS = 300
_TOLERANCE = 1e-15

# Equations that are so many times further off than most are left out, as often as there are any,
# until all agree to so many units in the last place; so many for each unknown must be left.
_OUTLIER = 3.0
_TRIMS = 20
_ULPS = 16
_LEFT = 1.2


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


def separate_least_squares(
    known: Float[np.ndarray, "k n p"],
    wanted: Float[np.ndarray, "k n"],
    weights: Float[np.ndarray, "k n"],
) -> Float[np.ndarray, "k p"]:
    """Return w_i for which known[i] w_i is nearest to wanted[i], by its own weights.

    Where equations are fewer than unknowns, or do not determine them, the answer is no number.
    """
    size = np.linalg.norm(known, axis=-1)  # rows of one size are better conditioned
    scale = weights / np.where(size > 0, size, 1.0)
    Q, R = np.linalg.qr(scale[..., None] * known)
    sides = np.einsum("knp,kn->kp", Q, scale * wanted)
    left = np.abs(np.diagonal(R, axis1=-2, axis2=-1))
    sure = (left > np.finfo(np.float64).eps * left.max(axis=-1, keepdims=True)).all(axis=-1)
    answer = np.full(sides.shape, np.nan)
    answer[sure] = np.linalg.solve(R[sure], sides[sure][..., None])[..., 0]
    return answer


def trimmed_least_squares(
    known: Float[np.ndarray, "k n p"],
    wanted: Float[np.ndarray, "k n"],
    weights: Float[np.ndarray, "k n"],
    start: Float[np.ndarray, "k p"],
    near: float,
) -> Float[np.ndarray, "k p"]:
    """Return the w_i that all equations but outliers agree on to rounding, else no number.

    Those that a start fails by more than `near` are left out; then those further off than most.
    """
    weights, answer = weights.copy(), start
    rounding = _ULPS * np.spacing(np.einsum("knp,kp->kn", np.abs(known), np.abs(start)))
    rounding += _ULPS * np.spacing(1 + np.abs(wanted)) / np.where(weights > 0, weights, 1.0)
    allowed = np.full((len(known), 1), near)
    for _ in range(_TRIMS):
        weights[
            ~(np.abs(np.einsum("knp,kp->kn", known, answer) - wanted) <= allowed + rounding)
        ] = 0
        answer = separate_least_squares(known, wanted, weights)
        off = np.where(weights > 0, np.abs(np.einsum("knp,kp->kn", known, answer) - wanted), np.nan)
        if not (off > rounding).any():
            break
        middle = np.count_nonzero(weights, axis=1)[:, None] // 2
        allowed = _OUTLIER * np.take_along_axis(np.sort(off, axis=1), middle, axis=1)  # NaN is last
    agreed = (~(off > rounding)).all(axis=1)
    agreed &= np.count_nonzero(weights, axis=1) > _LEFT * known.shape[-1] + 2
    return np.where(agreed[:, None], answer, np.nan)
