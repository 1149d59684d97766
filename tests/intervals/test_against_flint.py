"""Elementary functions and linear systems against python-flint: balls and rational numbers."""

from __future__ import annotations

import numpy as np
import pytest
from flint import arb, ctx, fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from stillpoint.dynamics import activation
from stillpoint.intervals import Interval, increasing
from stillpoint.intervals.functions import ULPS, tanh
from stillpoint.intervals.linalg import solve_enclosed

FUNCTIONS = {
    "tanh": (tanh, lambda a: a.tanh()),
    "exp": (increasing(ULPS, least=0.0)(np.exp), lambda a: a.exp()),
    "log1p": (increasing(ULPS)(np.log1p), lambda a: a.log1p()),
    "sigmoid": (activation("sigmoid").value, lambda a: 1 / (1 + (-a).exp())),
    "softplus": (activation("softplus").value, lambda a: a.exp().log1p()),
}


@pytest.fixture(autouse=True)
def _precisely():
    before, ctx.prec = ctx.prec, 250
    with np.errstate(all="ignore"):
        yield
    ctx.prec = before


@pytest.mark.parametrize("name", FUNCTIONS)
@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_a_function_encloses_the_ball_of_its_values(name, seed):
    """Both ends of the exact image lie in ours, and ours is wider by rounding alone."""
    ours, theirs = FUNCTIONS[name]
    rng = np.random.default_rng(seed)
    size = 10.0 ** rng.uniform(-12, 2.5, 20)
    mid = size if name == "log1p" else size * rng.choice([-1, 1], 20)
    rad = np.minimum(10.0 ** rng.uniform(-18, 1, 20), size / 2) * (rng.random(20) < 0.8)
    answer = ours(Interval(mid, rad))
    for k in range(20):
        first, last = (theirs(arb(mid[k]) + side * arb(rad[k])) for side in (-1, 1))
        low, high = (arb(answer.mid[k]) + side * arb(answer.radius[k]) for side in (-1, 1))
        assert low <= first
        assert last <= high
        rounding = 1e-13 * (1 + abs(mid[k]))  # of the ends of the interval, and of the result
        slack = arb(rounding) * arb(float(answer.magnitude[k])) + arb(1e-300)
        assert high - low < last - first + slack


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_enclosed_solutions_hold_those_of_all_matrices(seed):
    """Members of A x = b solved in rational arithmetic."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 5))
    A = Interval(rng.normal(size=(1, d, d)), 10.0 ** rng.uniform(-18, 0) * rng.random((1, d, d)))
    b = Interval(rng.normal(size=(1, d)), 10.0 ** rng.uniform(-18, -1) * rng.random((1, d)))
    x, regular = solve_enclosed(A, b)
    if not regular[0]:
        return
    for _ in range(3):
        matrix, right = (member(rng, part[0]) for part in (A, b))
        exact = fmpq_mat(matrix).solve(fmpq_mat([[v] for v in right]))
        for k in range(d):
            off = abs(exact[k, 0] - rational(x.mid[0, k]))
            assert off <= rational(x.radius[0, k])


def test_intervals_with_a_singular_matrix_are_not_called_regular():
    for radius in (1.0, 1.5, 3.0):
        A = Interval(np.ones((1, 1, 1)), np.full((1, 1, 1), radius))
        assert solve_enclosed(A, Interval(np.ones((1, 1))))[1].tolist() == [False]


def rational(value):
    return fmpq(*float(value).as_integer_ratio())


def member(rng, interval):
    """Return exact numbers, one of every interval."""
    share = rng.choice([-1, 1, 0], interval.shape)
    exact = [
        rational(m) + int(s) * rational(r)
        for m, s, r in zip(
            interval.mid.ravel(), share.ravel(), interval.radius.ravel(), strict=True
        )
    ]
    return np.array(exact, dtype=object).reshape(interval.shape).tolist()
