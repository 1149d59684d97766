"""Inverses are enclosed: those of rational matrices, computed without rounding."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from stillpoint.intervals.linalg import enclosed_inverse


def exact_inverse(matrix):
    """Return the inverse in rational arithmetic, by Gauss and Jordan."""
    n = len(matrix)
    rows = [
        [Fraction(value) for value in row] + [Fraction(int(i == j)) for j in range(n)]
        for i, row in enumerate(matrix.tolist())
    ]
    for k in range(n):
        pivot = max(range(k, n), key=lambda i: abs(rows[i][k]))
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for i in set(range(n)) - {k}:
            rows[i] = [a - rows[i][k] * b for a, b in zip(rows[i], rows[k], strict=True)]
    return [row[n:] for row in rows]


@pytest.mark.parametrize("n", [1, 2, 4])
def test_the_exact_inverse_lies_inside(n):
    rng = np.random.default_rng(n)
    matrices = rng.standard_normal((40, n, n)) * 10.0 ** rng.integers(-3, 3, (40, 1, n))
    found = enclosed_inverse(matrices)
    lost = 0
    for k, matrix in enumerate(matrices):
        for i, row in enumerate(exact_inverse(matrix)):
            for j, value in enumerate(row):
                mid, rad = (Fraction(float(part[k, i, j])) for part in (found.mid, found.rad))
                assert abs(value - mid) <= rad
                lost += value != mid
    assert lost  # they are not computed exactly
    assert (found.rad <= 1e-6 * np.abs(found.mid).max(axis=(1, 2), keepdims=True)).all()


def test_what_is_singular_to_rounding_has_no_inverse():
    singular = np.arange(4.0, 13.0).reshape(1, 3, 3)
    hilbert = 1 / (np.arange(14) + np.arange(14)[:, None] + 1.0)[None]
    for matrices in (singular, hilbert, np.full((1, 2, 2), np.nan)):
        with np.errstate(all="ignore"):
            assert np.isinf(enclosed_inverse(matrices).rad).all()
