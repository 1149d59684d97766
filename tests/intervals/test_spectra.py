"""What is proved of all matrices of an interval: spectra, determinants, inertias."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

import reference
from stillpoint.intervals import Interval
from stillpoint.intervals.linalg import determinant_sign, is_positive_definite, negative_eigenvalues
from stillpoint.intervals.spectrum import UNDECIDED, count_unstable

SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture(autouse=True)
def _precisely():
    with mp.workdps(60):
        yield


def with_eigenvalues(rng, d, kind):
    """A matrix with eigenvalues near the border: alone, in pairs, clustered, in Jordan blocks."""
    off = 10.0 ** rng.uniform(-12, -0.5) * rng.choice([-1, 1])
    blocks, size = [], 0
    while size < d:
        gap = off if rng.random() < 0.6 else rng.normal()
        style = rng.integers(0, 4)
        radius, angle = 1 + gap, rng.uniform(0, np.pi)
        if style == 0 or d - size == 1:
            sign = rng.choice([-1, 1]) if kind == "map" else 1
            blocks.append(np.array([[sign * radius if kind == "map" else gap]]))
        elif style == 1:
            a, b = (radius * np.cos(angle), radius * np.sin(angle)) if kind == "map" else (gap, 1)
            blocks.append(np.array([[a, b], [-b, a]]))
        else:
            n = int(rng.integers(2, d - size + 1))
            first = radius if kind == "map" else gap
            coupling = 1.0 if style == 2 else 10.0 ** rng.uniform(-9, 0)
            blocks.append(first * np.eye(n) + coupling * np.eye(n, k=1))
        size += len(blocks[-1])
    D = np.zeros((d, d))
    start = 0
    for block in blocks:
        D[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    D += np.triu(rng.normal(size=(d, d)), 1) * rng.choice([0, 0, 1, 30])  # non-normal
    S = np.linalg.qr(rng.normal(size=(d, d)))[0]
    if rng.random() < 0.5:
        S = S @ np.diag(10.0 ** rng.uniform(-2, 2, d))
    return S @ D @ np.linalg.inv(S)


def interval_around(rng, A):
    style = rng.integers(0, 3)
    if style == 0:
        return Interval(A)
    share = 10.0 ** rng.uniform(-17, -1)
    return Interval(A, share * (np.abs(A) if style == 1 else rng.random(A.shape)))


def members(rng, interval, n=3):
    """Return exact matrices of an interval."""
    for _ in range(n):
        share = rng.choice([-1.0, 1.0, 0.0], interval.mid.shape)
        A = mp.matrix(interval.mid.tolist())
        for i, j in np.ndindex(share.shape):
            A[i, j] += mp.mpf(share[i, j]) * mp.mpf(float(interval.radius[i, j]))
        yield A


@pytest.mark.parametrize("kind", ["map", "flow"])
@given(seed=SEEDS, d=st.integers(1, 8))
@settings(max_examples=110)
def test_a_proved_count_of_eigenvalues_is_that_of_all_matrices(kind, seed, d):
    rng = np.random.default_rng(seed)
    matrix = interval_around(rng, with_eigenvalues(rng, d, kind))
    count = count_unstable(matrix[None], kind)[0]
    if count == UNDECIDED:
        return
    for A in members(rng, matrix, 1 + (d < 5)):
        assert reference.count_unstable(A, kind, digits=40) in (count, None)


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_most_counts_are_decided_and_defective_ones_too(kind):
    rng, decided = np.random.default_rng(0), []
    for _ in range(60):
        d = int(rng.integers(1, 9))
        A = with_eigenvalues(rng, d, kind)
        values = np.linalg.eigvals(A)
        growth = np.abs(values) - 1 if kind == "map" else values.real
        if np.abs(growth).min() > 1e-3:
            decided.append(count_unstable(Interval(A[None]), kind)[0] != UNDECIDED)
    assert np.mean(decided) > 0.6
    jordan = 0.5 * np.eye(4) + np.eye(4, k=1)
    apart = np.kron(np.eye(2), jordan) + np.diag([0.0] * 4 + [1.0] * 4)
    turned = apart if kind == "map" else apart - np.eye(8)
    assert count_unstable(Interval(turned[None]), kind).tolist() == [4]


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_eigenvalues_on_the_border_are_never_counted(kind):
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])  # not quite on the circle, but within rounding
    shift = 0.0 if kind == "map" else 1.0
    cases = [np.eye(1), -np.eye(1), np.eye(3), np.diag([1.0, 0.2]), np.ones((2, 2)) / 2, turn]
    if kind == "flow":
        spin = np.array([[0.0, 3.0], [-3.0, 0.0]])
        cases = [np.zeros((1, 1)), np.eye(3) - shift * np.eye(3), np.eye(2, k=1), spin]
    for A in cases:
        assert count_unstable(Interval(A[None]), kind).tolist() == [UNDECIDED]
    # an interval that reaches across the border, and entries that are not finite
    for A in (
        Interval(np.array([[0.9 - shift]]), np.array([[0.11]])),
        Interval(np.array([[np.nan]])),
        Interval(np.array([[np.inf]])),
        Interval(np.array([[0.5]]), np.array([[np.nan]])),
        Interval(np.array([[0.5]]), np.array([[np.inf]])),
    ):
        with np.errstate(all="ignore"):
            assert count_unstable(A[None], kind).tolist() == [UNDECIDED]


def rational_determinant(rows):
    """Return the determinant of a matrix of fractions, by elimination."""
    rows, sign = [list(row) for row in rows], Fraction(1)
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k] != 0), None)
        if pivot is None:
            return Fraction(0)
        if pivot != k:
            rows[k], rows[pivot], sign = rows[pivot], rows[k], -sign
        for i in range(k + 1, len(rows)):
            share = rows[i][k] / rows[k][k]
            rows[i] = [a - share * b for a, b in zip(rows[i], rows[k], strict=True)]
        sign *= rows[k][k]
    return sign


def rational_members(rng, interval, symmetric, n=4):
    for _ in range(n):
        share = rng.choice([-1, 1, 0], interval.mid.shape)
        if symmetric:
            share = np.triu(share) + np.triu(share, 1).T
        yield [
            [Fraction(m) + int(s) * Fraction(r) for m, r, s in zip(*row, strict=True)]
            for row in zip(
                interval.mid.tolist(), interval.radius.tolist(), share.tolist(), strict=True
            )
        ]


@given(seed=SEEDS, d=st.integers(1, 6))
@settings(max_examples=250)
def test_a_proved_sign_of_a_determinant_is_that_of_all_matrices(seed, d):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(d, d)) if rng.random() < 0.6 else rng.integers(-3, 4, (d, d)) * 1.0
    if rng.random() < 0.4 and d > 1:  # nearly singular
        A[-1] = A[:-1].sum(axis=0) + 10.0 ** rng.uniform(-17, -1) * rng.normal(size=d)
    matrix = interval_around(rng, A * 10.0 ** rng.integers(-3, 3, (d, 1)))
    sign = determinant_sign(matrix)
    for rows in rational_members(rng, matrix, symmetric=False):
        exact = rational_determinant(rows)
        assert sign == 0 or sign * exact > 0
    if matrix.rad is None and abs(np.linalg.det(A)) > 1e-6:
        assert sign != 0


@given(seed=SEEDS, d=st.integers(1, 6))
@settings(max_examples=250)
def test_a_proved_inertia_is_that_of_all_symmetric_matrices(seed, d):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.normal(size=(d, d)))[0]
    values = rng.normal(size=d) * 10.0 ** rng.integers(-12, 2, d)
    A = Q @ np.diag(values) @ Q.T
    if rng.random() < 0.3:
        A = rng.integers(-2, 3, (d, d)) * 1.0
    A = 0.5 * (A + A.T)
    rad = np.zeros((d, d))
    if rng.random() < 0.6:
        rad = 10.0 ** rng.uniform(-16, -1) * rng.random((d, d))
        rad = np.maximum(rad, rad.T)
    matrix = Interval(A, rad)
    count = negative_eigenvalues(matrix)
    assert is_positive_definite(matrix) == (count == 0)
    if count is None:
        return
    for rows in rational_members(rng, matrix, symmetric=True, n=3):
        # Sylvester and Jacobi: sign changes of the leading minors, where none vanishes
        minors = [1] + [
            rational_determinant([row[:k] for row in rows[:k]]) for k in range(1, d + 1)
        ]
        assert minors[-1] != 0
        if all(minors):
            assert sum(a * b < 0 for a, b in pairwise(minors)) == count
        else:
            assert minors[-1] * (-1) ** count > 0
