"""Verified linear algebra: what holds of all matrices of an interval, every rounding included.

Most of it is one argument: multiplied by known matrices, such as an approximate inverse, all
matrices of the interval lie so near the identity (or a diagonal of signs) in the row-sum norm that
none between them is singular. Then each is regular, and neither determinants nor eigenvalues have
crossed zero on the way.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float
from scipy.linalg import lu, solve_triangular

from .interval import Interval, upward


def row_sums(matrix: Interval) -> Float[np.ndarray, "... d"]:
    """Return a bound of the sums of absolute values in every row."""
    return upward(matrix.magnitude.sum(axis=-1), matrix.shape[-1] + 8)


def approximate_inverse(matrices: Float[np.ndarray, "n k k"]) -> Float[np.ndarray, "n k k"]:
    """Return the inverses to rounding; NaN where a matrix is singular or not finite."""
    usable = np.isfinite(matrices).all(axis=(1, 2))
    inverse = np.full_like(matrices, np.nan)
    usable[usable] = np.linalg.slogdet(matrices[usable])[0] != 0
    inverse[usable] = np.linalg.inv(matrices[usable])
    return inverse


def enclosed_inverse(matrices: Float[np.ndarray, "n k k"]) -> Interval:
    """Return enclosures of the inverses; infinite where a matrix is not proved regular.

    With R near the inverse of A and G = I - R A, A^-1 - R = (I - G)^-1 G R, whose rows are bounded
    by those of |G| times the largest entries of R's columns, over 1 - |G|_inf.

    Examples
    --------
    >>> enclosed = enclosed_inverse(np.array([[[3.0]], [[0.0]]]))
    >>> bool(abs(enclosed.mid[0, 0, 0] - 1 / 3) <= enclosed.rad[0, 0, 0] < 1e-15)
    True
    >>> enclosed.upper[1, 0]
    array([inf])
    """
    R = np.nan_to_num(approximate_inverse(matrices), posinf=0.0, neginf=0.0)
    sums = row_sums(np.eye(R.shape[1]) - Interval(R) @ matrices)
    shrinks = sums.max(axis=1, initial=0.0)
    regular = shrinks < 1
    room = np.nextafter(1 - np.where(regular, shrinks, 0.0), 0.0)
    largest = np.abs(R).max(axis=1, initial=0.0)
    radius = upward(sums[:, :, None] * largest[:, None, :] / room[:, None, None])
    return Interval(R, np.where(regular[:, None, None], radius, np.inf))


def solve_enclosed(A: Interval, b: Interval) -> tuple[Interval, Bool[np.ndarray, " n"]]:
    """Return enclosures of the solutions of A x = b, and which matrices are proved regular.

    With R near the inverse of A and G = I - R A, every A is regular if |G|_inf < 1; then
    |x - y| <= e + |G| |e|_inf / (1 - |G|_inf) for any y, where e = |R (b - A y)| (Rump 1983).
    A has shape (n, k, k), b (n, k).

    Examples
    --------
    >>> A = Interval(np.array([[[4.0]], [[0.0]]]))
    >>> x, regular = solve_enclosed(A, Interval(np.ones((2, 1))))
    >>> x.mid[0], regular
    (array([0.25]), array([ True, False]))
    """
    inverse = approximate_inverse(A.mid)
    usable = np.isfinite(inverse).all(axis=(1, 2))
    R = Interval(np.where(usable[:, None, None], inverse, 0.0))
    y = R.mid @ b.mid[:, :, None]
    off = Interval((R @ (b[:, :, None] - A @ y)).magnitude[:, :, 0])
    G = np.eye(b.shape[1]) - R @ A
    sums = row_sums(G)
    shrinks = sums.max(axis=1)
    regular = usable & (shrinks < 1)
    rest = Interval(off.mid.max(axis=1)) / (1.0 - Interval(np.where(regular, shrinks, 0.0)))
    radius = upward(off.mid + (rest[:, None] * sums).magnitude)
    return Interval(y[:, :, 0], radius), regular


def exact_rank(rows: Float[np.ndarray, "n d"]) -> int:
    """Return the rank of a small matrix of floating-point numbers, in rational arithmetic.

    Examples
    --------
    >>> exact_rank(np.array([[0.1, 0.7], [0.2, 1.4]]))
    1
    >>> exact_rank(np.array([[0.1, 0.7], [0.3, 2.1]]))  # 3 * 0.1 is not 0.3 in binary
    2
    """
    left = [[Fraction(value) for value in row] for row in rows.tolist()]
    rank = 0
    while left:
        pivot = left.pop()
        column = next((k for k, value in enumerate(pivot) if value), None)
        if column is None:
            continue
        rank += 1
        for row in left:
            factor = row[column] / pivot[column]
            row[:] = [value - factor * other for value, other in zip(row, pivot, strict=True)]
    return rank


def shrinking_vector(A: Float[np.ndarray, "d d"]) -> Float[np.ndarray, " d"] | None:
    """Return w > 0 with A w < w for a non-negative matrix, which proves rho(A) < 1, or None.

    The one that is tried is the sum of A^k over all k, applied to ones: w = 1 + A w.

    Examples
    --------
    >>> shrinking_vector(np.array([[0.0, 4.0], [0.0, 0.5]]))
    array([9., 2.])
    >>> shrinking_vector(np.eye(2)) is None
    True
    """
    ones = np.ones(len(A))
    try:
        w = np.linalg.solve(np.eye(len(A)) - A, ones)
    except np.linalg.LinAlgError:
        return None
    if not (np.isfinite(w).all() and (w > 0).all()):
        return None
    return w if ((w - Interval(A) @ w).lower > 0).all() else None


def norm_bound(A: Interval) -> float:
    """Return a bound of the largest singular value of every matrix of an interval.

    With Q nearly orthogonal, |A|_2^2 <= |Q^T A^T A Q|_2 / (1 - |I - Q^T Q|_2), and row sums
    bound the norms of symmetric matrices. With Q of the singular vectors hardly anything is lost.

    Examples
    --------
    >>> bool(2.0 <= norm_bound(Interval(np.diag([2.0, 1.0]))) < 2.0 + 1e-12)
    True
    """
    if not np.isfinite(A.mid).all():
        return np.inf
    Q = Interval(np.linalg.svd(A.mid)[2].T)
    turned = A @ Q
    loss = row_sums(Interval(np.eye(A.shape[1])) - Q.T @ Q).max(initial=0.0)
    if not loss < 1:
        return np.inf
    largest = row_sums(turned.T @ turned).max(keepdims=True, initial=0.0)
    square = Interval(largest) / (1.0 - Interval(np.array([loss])))
    return float(np.nextafter(np.sqrt(square.upper[0]), np.inf))


def norm_bounds(matrices: Interval) -> Float[np.ndarray, " n"]:
    """Return bounds of the largest singular values of matrices, shape (n, r, k).

    Of the middle and of what there is around it they are added.

    Examples
    --------
    >>> norm_bounds(Interval(np.zeros((2, 0, 0))))
    array([0., 0.])
    """
    if not matrices.mid.size:
        return np.zeros(len(matrices))
    pairs = zip(matrices.mid, matrices.radius, strict=True)
    sums = [norm_bound(Interval(mid)) + norm_bound(Interval(rad)) for mid, rad in pairs]
    return upward(np.array(sums))


def determinant_sign(matrix: Interval) -> int:
    """Return the sign that the determinants of all matrices of an interval share, or 0.

    With P M = L U, inverses X of L and Y of U are triangular, so the signs of their determinants
    can be read off. If |Y X P M - I| < 1 in the row-sum norm, no matrix on the way from I to
    Y X P M is singular, and det(Y X P M) > 0.

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
    parity = np.linalg.det(identity[order])  # of a permutation, and exact
    return int(np.prod(signs) * parity)


def is_positive_definite(matrix: Interval) -> bool:
    """Return whether all symmetric matrices of an interval are proved positive definite.

    Examples
    --------
    >>> is_positive_definite(Interval(np.array([[2.0, 1.0], [1.0, 2.0]])))
    True
    """
    return negative_eigenvalues(matrix) == 0


def negative_eigenvalues(matrix: Interval) -> int | None:
    """Return how many eigenvalues of every symmetric matrix of an interval are negative.

    With M = X diag(w) X^T and Y = diag(|w|^-1/2) X^T, the matrix Y M Y^T has the inertia of M
    (Sylvester); if it lies within 1 of diag(sign w) in the row-sum norm, no eigenvalue has crossed
    zero on the way (Weyl). Where that is not proved, the answer is None.
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
