"""Nonlinear least squares of many small problems at once (Marquardt 1963)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int

from ..least_squares import separate_least_squares

Unknowns = Float[np.ndarray, "k p"]
Residuals = Float[np.ndarray, "k n"]
Evaluate = Callable[[Int[np.ndarray, " k"], Unknowns], tuple[Residuals, Float[np.ndarray, "k n p"]]]

_STEPS = 30
_DAMPING = 1e-3
_LESS, _MORE = 0.1, 5.0
_DAMPINGS = 1e-16, 1e10

# A problem is left when its residuals are this small, or fell by less than so much for some steps.
_SOLVED = 1e-14
_FALL = 0.9
_PATIENCE = 6

# Directions that change nothing are damped by this, relative to the one that changes most.
_LEAST = 1e-15


def levenberg_marquardt(
    evaluate: Evaluate, start: Unknowns
) -> tuple[Unknowns, Float[np.ndarray, " k"]]:
    """Return where squares of residuals are least near a start, and the largest residual there.

    `evaluate` returns the residuals of some problems at their unknowns, and minus their
    derivatives. The last step is one by orthogonal matrices, as normal equations lose half the
    digits.

    Examples
    --------
    >>> def evaluate(rows, y):
    ...     return 2 - y**2, 2 * y[..., None]
    >>> y, off = levenberg_marquardt(evaluate, np.array([[1.0], [-3.0]]))
    >>> y.round(6).tolist(), bool((off < 1e-12).all())
    ([[1.414214], [-1.414214]], True)
    """
    found, largest = start.copy(), np.full(len(start), np.inf)
    rows, at = np.arange(len(start)), start.copy()
    off, slopes = evaluate(rows, at)
    square = np.sum(off**2, axis=1)
    damping, waited = np.full(len(start), _DAMPING), np.zeros(len(start), dtype=int)
    diagonal = np.arange(start.shape[1])
    for _ in range(_STEPS):
        normal = slopes.transpose(0, 2, 1) @ slopes
        sizes = normal[:, diagonal, diagonal]
        least = _LEAST * sizes.max(axis=1, keepdims=True) + np.finfo(np.float64).tiny
        normal[:, diagonal, diagonal] += damping[:, None] * sizes + least
        step = np.linalg.solve(normal, np.einsum("knp,kn->kp", slopes, off)[..., None])
        further = at + step[..., 0]
        new, new_slopes = evaluate(rows, further)
        new_square = np.sum(new**2, axis=1)
        waited = np.where(new_square < _FALL * square, 0, waited + 1)
        better = new_square < square
        at[better], off[better], slopes[better] = further[better], new[better], new_slopes[better]
        square[better] = new_square[better]
        damping = np.clip(damping * np.where(better, _LESS, _MORE), *_DAMPINGS)
        found[rows], largest[rows] = at, np.abs(off).max(axis=1)
        going = (largest[rows] > _SOLVED) & (waited < _PATIENCE)
        if not going.any():
            break
        rows, at, off, slopes = rows[going], at[going], off[going], slopes[going]
        square, damping, waited = square[going], damping[going], waited[going]
    off, slopes = evaluate(np.arange(len(found)), found)
    last = separate_least_squares(slopes, off, np.linalg.norm(slopes, axis=-1))
    return found + np.where(np.isfinite(last), last, 0.0), largest
