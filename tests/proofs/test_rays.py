"""Rectified networks of low rank whose hyperplanes meet in one place, or nearly so."""

from __future__ import annotations

import numpy as np
import pytest
from enumeration_cases import (
    NO_INPUT,
    assert_alike,
    assert_at_rest,
    few_patterns,
    leaky,
    rational_points,
    vanilla,
)

import stillpoint as sp
from stillpoint.census import Completeness
from stillpoint.dynamics import RateForm
from stillpoint.intervals import Interval
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.proofs.enumeration.low_rank import Latent, latent_of
from stillpoint.proofs.enumeration.rays import alone_at_zero, at_origin, bounded


def factors(units, rank, seed, gain=3.0):
    """Return U and V of a network W = U V^T that has more than one point for some biases."""
    U, V = np.random.default_rng(seed).standard_normal((2, units, rank))
    return U, gain / units * (0.3 * U + V)


def form(W, b):
    """Return r = max(0, W r + b)."""
    W, b = np.array(W, dtype=np.float64), np.array(b, dtype=np.float64)
    return RateForm(W, Interval(b), "relu", of_currents=False)


def points_by_sectors(U, V, a):
    """Return the rates r = max(0, U (V^T r + a)) of a network of rank 2.

    With y = V^T r + a the signs of U y depend on the direction of y alone, so in each sector
    between two neighbouring lines one linear system is left.
    """
    normal = np.arctan2(-U[:, 0], U[:, 1])
    edges = np.sort(np.concatenate([normal, normal + np.pi]) % (2 * np.pi))
    points = []
    for start, end in zip(edges, np.append(edges[1:], edges[0] + 2 * np.pi), strict=True):
        middle = 0.5 * (start + end)
        on = U @ [np.cos(middle), np.sin(middle)] > 0
        y = np.linalg.solve(np.eye(2) - V[on].T @ U[on], a)
        if abs((np.arctan2(y[1], y[0]) - middle + np.pi) % (2 * np.pi) - np.pi) < (end - start) / 2:
            points.append(np.maximum(U @ y, 0))
    return np.array(points).reshape(-1, len(U))


def test_lines_that_all_meet_in_one_point_leave_the_points_of_their_sectors():
    numbers = set()
    for seed in range(12):
        U, V = factors(60, 2, seed)
        a = np.random.default_rng(seed).standard_normal(2)
        expected = points_by_sectors(U, V, a)
        cell = vanilla(U @ V.T, U @ a, "relu")
        for network in (cell, leaky(cell)):
            proof = enumerate_states(network, NO_INPUT)
            assert (proof.is_proof, proof.method) == (True, "bisection in 2 dimensions")
            assert_alike(np.maximum(proof.states, 0), expected)
        numbers.add(proof.n_points)
    assert len(numbers) > 1


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_without_a_bias_zero_is_the_only_point(rank):
    U, V = factors(40, rank, rank)
    for network in (vanilla(U @ V.T, 0.0, "relu"), leaky(vanilla(U @ V.T, 0.0, "relu"))):
        proof = enumerate_states(network, NO_INPUT)
        assert proof.is_proof
        assert proof.states.tolist() == [[0.0] * 40]
        points = sp.find_all_fixed_points(sp.as_system(network))
        assert points.certificate.all_proved
        assert points.census().completeness is Completeness.PROVED


@pytest.mark.parametrize("rank", [1, pytest.param(2, marks=pytest.mark.slow), 3])
def test_no_proof_about_hyperplanes_that_meet_in_one_place_is_false(rank):
    """In one place exactly, to rounding, or only some of them; parallel, repeated, zero rows."""
    rng, proofs = np.random.default_rng(rank), 0
    for seed in range(8):
        U, V = factors(6, rank, seed, gain=12.0)
        U[3], U[4], U[5] = 0.1 * U[0], U[1], rng.choice([0.0, 1.0]) * U[5]
        a = rng.standard_normal(rank)
        some = np.where(np.arange(6) < 3, U @ a, rng.standard_normal(6))
        for b in (np.zeros(6), U @ a, some, -np.maximum(some, 0), U @ a + 1e-15):
            points, lines = rational_points(U @ V.T, b)
            with few_patterns(0):
                proof = enumerate_states(vanilla(U @ V.T, b, "relu"), NO_INPUT)
            if proof.is_proof:
                assert not lines
                assert_alike(proof.states, np.array(points).reshape(-1, 6), digits=1e-8)
            proofs += proof.is_proof
    assert proofs >= 36


def test_a_ray_of_points_is_no_proof_and_said():
    """W has the eigenvector of ones with value 1: r (1, ..., 1) stands still for every r >= 0."""
    W = np.full((8, 8), 0.125)
    for b in (0.0, -0.25):  # with it nothing but 0 stands still, but that is not seen far out
        with few_patterns(0):
            proof = enumerate_states(vanilla(np.kron(np.eye(2), W), b, "relu"), NO_INPUT)
        assert not proof.is_proof
        assert "they may lie on a ray" in proof.reason
    system = sp.as_system(vanilla(W, 0.0, "relu"))
    points = sp.find_fixed_points(system, np.zeros((1, 8)))
    assert not sp.certify(system, points).certificate.proved.any()


@pytest.mark.parametrize("distance", [2.0, -2.0, 2.0**7, -(2.0**7), 2.0**9, np.inf])
def test_a_cube_holds_all_points_or_is_not_given(distance):
    """r = max(0, w r + b) with b = 1 or -1 stands at a distance b / (1 - w)."""
    slope = 1 - 1 / distance
    cube = bounded(latent_of(form([[slope]], [np.sign(distance)]), 1), 1000)
    if distance == np.inf:
        assert cube is None
    else:
        assert cube.magnitude[0] >= abs(distance)


def test_where_zero_rates_are_alone():
    """r = max(0, W r) at once, or with silent units around it; not where another ray is at rest."""
    cases = [
        ([[3.0, 0.0], [0.0, -1.0]], [0.0, 0.0], True),
        ([[3.0, 0.0], [1.0, -1.0]], [0.0, -1.0], True),
        ([[2.0, 0.0], [0.0, 2.0]], [-1e-3, -1.0], True),
        ([[1.0, 0.0], [0.0, 2.0]], [0.0, -1.0], False),
        ([[3.0, 0.0], [0.0, 2.0]], [0.0, 1.0], False),
        ([[3.0, 0.0], [0.0, 2.0]], [0.0, 1e-300], False),
    ]
    for W, b, alone in cases:
        assert np.isfinite(alone_at_zero(form(W, b))) == alone
        zeros = at_origin(latent_of(form(W, b), 2), 1000)
        assert zeros.where.mid.tolist() == [[0.0, 0.0]] * alone
    near = alone_at_zero(form([[2.0, 0.0], [0.0, 2.0]], [-1e-3, -1.0]))
    assert 1e-4 < near < 1e-3  # the next point is (1e-3, 0)


def test_units_that_the_remainder_drives_are_not_taken_to_be_silent():
    """Unit 1 has no part in U V^T, but D may drive it by 0.1 r_0, and its offset is -0.01."""
    W, U = np.array([[3.0, 0.0], [0.1, 0.0]]), np.array([[1.0], [0.0]])
    for offset, found in ((-0.01, 0), (-1.0, 1)):
        latent = Latent(form(W, [0.0, offset]), U, 3 * U, np.array([0.0, 0.1]))
        with np.errstate(divide="ignore"):
            assert len(at_origin(latent, 1000)) == found


def test_zero_rates_are_proved_from_states_near_them_and_from_no_others():
    W, b = [[3.0, 0.0], [1.0, -1.0]], [0.0, -1.0]
    for cell in (vanilla(W, b, "relu"), leaky(vanilla(W, b, "relu"))):
        still = np.zeros(2) if cell.step(np.zeros((1, 2)), np.zeros((1, 0)))[0, 1] == 0 else b
        states = still + np.array([[0.0, 0.0], [1e-12, 0.0], [1e-3, 0.0]])
        certificate = sp.proofs.prove(cell, states, np.zeros((3, 0)))
        assert certificate.proved.tolist() == [True, True, False]
        assert certificate.radius_exists[1] >= 1e-12
        alone = alone_at_zero(cell.interval_extension().rate_form(Interval(np.zeros((1, 0)))))
        assert (certificate.radius_unique[:2] > 0.1).all()
        assert (certificate.radius_unique[:2] < alone - np.array([0.0, 1e-12])).all()
        assert not certificate.index_proved.any()


def test_an_input_that_does_not_reach_a_unit_leaves_its_bias_exact():
    U, V = factors(40, 2, 0)
    cell = vanilla(U @ V.T, 0.0, "relu")
    cell = type(cell)(cell.W, np.outer(U[:, 0], [1.0, 0.0]), cell.b, "relu")
    for u in (np.zeros(2), np.array([0.0, 0.7])):
        proof = enumerate_states(cell, u)
        assert (proof.is_proof, proof.n_points) == (True, 1)
    assert_at_rest(
        vanilla(U @ V.T, 0.3 * U[:, 0], "relu"), enumerate_states(cell, np.array([0.3, 0.0])).states
    )
