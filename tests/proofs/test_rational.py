"""Proofs about rectified networks against rational arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from enumeration_cases import (
    NO_INPUT,
    assert_alike,
    check_against_rationals,
    few_patterns,
    low_rank,
    rational_points,
    vanilla,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from stillpoint.intervals import Interval
from stillpoint.intervals.linalg import solve_enclosed
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.proofs.enumeration.arrangement import sign_patterns
from stillpoint.proofs.enumeration.low_rank import latent_of

NOTHING = Interval(np.zeros((1, 0)))
quarters = st.integers(-8, 8).map(lambda k: k / 4)


@given(st.data())
@settings(max_examples=40)
def test_no_proof_about_small_rectified_networks_is_false(data):
    n = data.draw(st.integers(1, 4))
    W = data.draw(st.lists(st.lists(quarters, min_size=n, max_size=n), min_size=n, max_size=n))
    b = data.draw(st.lists(quarters, min_size=n, max_size=n))
    check_against_rationals(W, np.array(b))


@given(st.data())
@settings(max_examples=30)
def test_no_proof_about_lines_of_six_units_is_false(data):
    """Weights of rank 1 or 2 from few numbers: parallel and coinciding lines, many on one point."""
    rank = data.draw(st.integers(1, 2))
    factors = st.lists(st.integers(-2, 2), min_size=6 * rank, max_size=6 * rank)
    M, N = (np.reshape(data.draw(factors), (6, rank)) for _ in range(2))
    b = data.draw(st.lists(quarters, min_size=6, max_size=6))
    with few_patterns(0):
        check_against_rationals((M @ N.T / 4).tolist(), np.array(b))


@pytest.mark.slow
def test_no_proof_about_a_thousand_rectified_networks_is_false():
    rng = np.random.default_rng(0)
    for _ in range(500):
        n, parts = rng.integers(1, 5), rng.choice([1, 2, 4])
        W, b = (rng.integers(-2 * parts, 2 * parts + 1, shape) / parts for shape in ((n, n), n))
        check_against_rationals(W.tolist(), b)
        M, N = rng.integers(-3, 4, (2, 6, rng.integers(1, 3)))
        W = M @ N.T * rng.choice([0.25, 0.3])  # with 0.3 the product is rounded: nearly parallel
        b = rng.choice([rng.integers(-4, 5, 6) / 4, -W @ rng.integers(-3, 4, 6)])
        with few_patterns(0):
            check_against_rationals(W.tolist(), b)


def test_generic_rectified_networks_are_always_proved():
    rng = np.random.default_rng(0)
    for _ in range(20):
        W = rng.integers(-1000, 1000, (4, 4)) / 512
        assert check_against_rationals(W.tolist(), rng.integers(-1000, 1000, 4) / 512)
    with few_patterns(0):
        for _ in range(10):
            M, N = rng.integers(-30, 30, (2, 6, 2)) / 8
            W = M @ N.T / 8
            assert check_against_rationals(W.tolist(), rng.integers(-1000, 1000, 6) / 512)


def test_lines_that_all_meet_in_one_point_bound_regions_that_are_all_listed():
    rng = np.random.default_rng(0)
    proofs = 0
    with few_patterns(0):
        for _ in range(15):
            M, N = rng.integers(-9, 10, (2, 6, 2))
            W = M @ N.T / 16
            proofs += check_against_rationals(W.tolist(), -W @ rng.integers(0, 9, 6))
    assert proofs > 5


def test_lines_that_are_parallel_to_rounding_only_are_not_taken_for_parallel():
    """Row 1 is that of unit 0 times 0.1, and row 2 that of unit 0 times 2, which is exact."""
    W = 3 * low_rank(7, 2, 0, "relu", gain=1.0).W
    with few_patterns(0):
        W[2] = 2 * W[0]
        proof = enumerate_states(vanilla(W, 0.3, "relu"), NO_INPUT)
        assert (proof.is_proof, proof.method) == (True, "linear regions")
        W[1] = 0.1 * W[0]
        latent = latent_of(vanilla(W, 0.3, "relu").interval_extension().rate_form(NOTHING), 2)
        assert "too nearly parallel" in sign_patterns(latent, 10**6)
        proof = enumerate_states(vanilla(W, 0.3, "relu"), NO_INPUT)
        assert (proof.is_proof, proof.method) == (True, "bisection in 2 dimensions")
        assert check_against_rationals(W, np.full(7, 0.3))


KINKS = {
    # r0 = 1 makes that of r1 = max(0, 2 r1) stand at 0 alone, but b brings two points or none.
    "fold on a kink": ([[0.5, 0.0], [1.0, 2.0]], [0.5, -1.0], None),
    "fold at zero rates": ([[2.0]], [0.0], [[0.0]]),
    # r0 = 2 makes the drive of r1 zero, and on either side r1 depends on r0 in the same direction.
    "a kink is touched": ([[0.5, 0.0], [-2.0, -2.0]], [1.0, 4.0], [[2.0, 0.0]]),
    "two kinks are touched": (
        [[0.5, 0.0, 0.0], [-2.0, -0.5, 0.25], [1.0, -0.25, -0.5]],
        [1.0, 4.0, -2.0],
        [[2.0, 0.0, 0.0]],
    ),
}


@pytest.mark.parametrize("case", KINKS)
def test_a_point_on_a_kink_is_counted_once_or_not_at_all(case):
    W, b, expected = KINKS[case]
    proof = enumerate_states(vanilla(W, b, "relu"), NO_INPUT)
    assert proof.is_proof == (expected is not None)
    if expected is None:
        assert proof.left > 0
        assert "on kinks may be degenerate" in proof.reason
    else:
        assert_alike(proof.states, np.array(expected))
        assert len(rational_points(W, b)[0]) == len(expected)


def test_a_singular_matrix_is_not_taken_for_a_regular_one():
    singular = np.arange(4.0, 13.0).reshape(3, 3)
    assert np.linalg.det(singular) != 0  # to rounding
    assert not solve_enclosed(Interval(singular[None]), Interval(np.ones((1, 3))))[1][0]
    for phi in ("linear", "relu"):
        assert not enumerate_states(vanilla(np.eye(3) - singular, 1.0, phi), NO_INPUT).is_proof


def test_points_planted_on_kinks_are_counted_once_or_not_at_all():
    """A unit's drive vanishes at a point to rounding, so that it is a fold, or none, or two."""
    rng, proofs = np.random.default_rng(0), 0
    for _ in range(70):
        W, rates = 1.5 * rng.normal(size=(3, 3)), rng.uniform(0.2, 2.0, 3)
        rates[rng.integers(3)] = 0.0
        b = rates - W @ rates
        b = np.where(rng.random(3) < 0.5, b, b + np.spacing(b) * rng.integers(-2, 3, 3))
        proofs += check_against_rationals(W, b)
    assert proofs > 10
