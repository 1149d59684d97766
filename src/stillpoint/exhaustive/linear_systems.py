"""Linear systems solved with proof, for all matrices and right-hand sides of intervals."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float

from ..intervals import Interval, upward
from ..local.definite import row_sums
from ..local.krawczyk import approximate_inverse


def solve_enclosed(A: Interval, b: Interval) -> tuple[Interval, Bool[np.ndarray, " n"]]:
    """Return enclosures of the solutions of A x = b, and which matrices are proved regular.

    With R near the inverse of A and G = I - R A, every A is regular if |G|_inf < 1; then
    |x - y| <= e + |G| |e|_inf / (1 - |G|_inf) for any y, where e = |R (b - A y)| (Rump 1983).

    Parameters
    ----------
    A
        Shape (n, k, k).
    b
        Shape (n, k).

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
