"""Proved signs of matrices: determinants, inertia, definiteness, for all matrices of an interval.

Each is reduced to one question: does a matrix, multiplied by a known one, lie so near a matrix of
signs that nothing can cross zero between them?
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.linalg import lu, solve_triangular

from ..intervals import Interval, upward


def determinant_sign(matrix: Interval) -> int:
    """Return the sign that the determinants of all matrices of an interval share, or 0.

    With P M = L U, inverses X of L and Y of U are triangular, so the signs of their determinants
    can be read off. If |Y X P M - I| < 1 in the row-sum norm, no matrix on the way from I to
    Y X P M is singular, and det(Y X P M) > 0.

    Parameters
    ----------
    matrix
        Shape (d, d).

    Examples
    --------
    >>> determinant_sign(Interval(np.diag([1.0, -2.0])))
    -1
    >>> determinant_sign(Interval(np.diag([1.0, 0.0])))
    0
    """
    size = matrix.shape[0]
    if not np.isfinite(matrix.mid).all():
        return 0
    order, lower, upper = lu(matrix.mid, p_indices=True)
    if not (np.isfinite(upper).all() and np.diag(upper).all()):
        return 0
    identity = np.eye(size)
    inverse_lower = np.tril(solve_triangular(lower, identity, lower=True))
    inverse_upper = np.triu(solve_triangular(upper, identity))
    # `order` sorts the rows of L U into those of M, so M[order^-1] is P M.
    permuted = matrix[np.argsort(order)]
    product = Interval(inverse_upper) @ (Interval(inverse_lower) @ permuted)
    if not row_sums(identity - product).max() < 1:
        return 0
    signs = np.sign(np.diag(inverse_upper)) * np.sign(np.diag(inverse_lower))
    return int(np.prod(signs)) * _parity(order)


def is_positive_definite(matrix: Interval) -> bool:
    """Return whether all symmetric matrices of an interval are proved positive definite.

    Examples
    --------
    >>> is_positive_definite(Interval(np.array([[2.0, 1.0], [1.0, 2.0]])))
    True
    """
    negative = negative_eigenvalues(matrix)
    return negative == 0


def negative_eigenvalues(matrix: Interval) -> int | None:
    """Return how many eigenvalues of every symmetric matrix of an interval are negative.

    With M = X diag(w) X^T and Y = diag(|w|^-1/2) X^T, the matrix Y M Y^T has the inertia of M
    (Sylvester); if it lies within 1 of diag(sign w) in the row-sum norm, no eigenvalue has crossed
    zero on the way (Weyl).

    Returns
    -------
    int or None
        None where it is not proved that none is zero.
    """
    if not np.isfinite(matrix.mid).all():
        return None
    values, vectors = np.linalg.eigh(0.5 * matrix.mid + 0.5 * matrix.mid.T)
    if not values.all():
        return None
    scaled = vectors.T / np.sqrt(np.abs(values))[:, None]
    signs = np.diag(np.sign(values))
    product = Interval(scaled) @ (matrix @ Interval(scaled.T))
    if not row_sums(product - signs).max() < 1:
        return None
    return int((values < 0).sum())


def row_sums(matrix: Interval) -> Float[np.ndarray, "... d"]:
    """Return a bound of the sums of absolute values in every row."""
    return upward(matrix.magnitude.sum(axis=-1), matrix.shape[-1] + 8)


def _parity(order: np.ndarray) -> int:
    """Return the sign of a permutation."""
    sign, left = 1, set(range(len(order)))
    while left:
        start = here = left.pop()
        while (here := int(order[here])) != start:
            left.discard(here)
            sign = -sign
    return sign
