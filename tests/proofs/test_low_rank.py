"""Weights that are kept as factors: what is proved of them is what is proved of their product."""

from __future__ import annotations

import numpy as np
import pytest
from enumeration_cases import NO_INPUT, assert_alike, rational_points

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.cells import LeakyCell, LeakyRateCell, LowRank, VanillaCell
from stillpoint.dynamics import dense, enclosed
from stillpoint.proofs import prove, prove_empty
from stillpoint.proofs.enumeration import enumerate_states

ONES = np.ones((3, 1))
KINDS = VanillaCell, LeakyCell, LeakyRateCell


def network(kind, W, b, phi):
    leaks = {} if kind is VanillaCell else {"alpha": np.linspace(0.1, 0.9, len(b))}
    return kind(W, np.zeros((len(b), 0)), b, phi=phi, **leaks)


def factors(rng, d, rank):
    """Return factors in eighths, whose product is exact, and a bias."""
    U, V = rng.integers(-12, 13, (2, d, rank)) / 8
    U[0] = V[0] = 1.0  # no column is zero
    return LowRank(U, V), rng.integers(-3, 4, d) / 8


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("phi", ["tanh", "sigmoid", "relu", "linear"])
def test_factors_have_the_points_of_their_product(kind, phi):
    rng, several, proofs = np.random.default_rng(len(phi)), 0, 0
    for _ in range(12):
        d, rank = int(rng.integers(2, 7)), int(rng.integers(1, 3))
        W, b = factors(rng, d, rank)
        cells = [network(kind, weights, b, phi) for weights in (W, dense(W))]
        found = [enumerate_states(cell, NO_INPUT, budget=20_000) for cell in cells]
        if not (found[0].is_proof and found[1].is_proof):
            assert phi == "relu" or rank >= d
            continue
        proofs += 1
        assert_alike(*(one.states for one in found))
        states = found[1].states
        both = [prove(cell, states, np.zeros((len(states), 0))) for cell in cells]
        np.testing.assert_array_equal(both[0].proved, both[1].proved)
        np.testing.assert_array_equal(both[0].index_proved, both[1].index_proved)
        np.testing.assert_array_equal(both[0].n_unstable_proved, both[1].n_unstable_proved)
        several += len(states) > 1
    assert proofs >= 6
    assert several or phi in ("sigmoid", "linear")


@pytest.mark.parametrize("kind", KINDS)
def test_radii_are_those_of_states(kind):
    """No other point is nearer than a radius says, and some are not much further."""
    rng, nearest = np.random.default_rng(2), np.inf
    for scale in (1e-3, 1.0, 1e3):
        W, b = factors(rng, 6, 2)
        cell = network(kind, LowRank(W.U * scale, W.V / scale * 2), b / 8, "tanh")
        points = enumerate_states(cell, NO_INPUT)
        assert points.is_proof
        none = np.zeros((len(points.states), 0))
        alone = prove(cell, points.states, none).radius_unique
        distance = np.abs(points.states[:, None] - points.states).max(axis=2)
        distance[distance < 1e-9] = np.inf
        assert (alone < distance.min(axis=1)).all()
        x = points.states[rng.integers(0, len(none), 60)]
        x = x + 10.0 ** rng.uniform(-6, 0.5, (60, 1)) * rng.uniform(-1, 1, x.shape)
        empty = prove_empty(cell, x, np.zeros((60, 0)))
        away = np.abs(x[:, None] - points.states).max(axis=2).min(axis=1)
        assert (empty <= away).all()
        assert (empty > 0).any()
        nearest = min(nearest, (distance.min(axis=1) / alone).min())
    assert nearest < 100


def test_rectified_factors_against_rational_arithmetic():
    rng, proofs = np.random.default_rng(0), 0
    for _ in range(60):
        W, b = factors(rng, int(rng.integers(2, 6)), 1 + rng.integers(2))
        points, lines = rational_points(dense(W), b)
        proof = enumerate_states(network(VanillaCell, W, b, "relu"), NO_INPUT)
        if proof.is_proof:
            proofs += 1
            assert not lines
            assert_alike(proof.states, np.array(points).reshape(-1, len(b)))
    assert proofs > 20


def test_a_product_that_is_rounded_is_enclosed():
    rng = np.random.default_rng(0)
    W = LowRank(rng.standard_normal((5, 3)), rng.standard_normal((5, 3)))
    box, exact = enclosed(W), (W.U.astype(object) @ W.V.T.astype(object)).astype(float)
    assert (box.radius > 0).all()
    assert box.contains(exact).all()
    assert (box.radius < 1e-13).all()


def test_a_large_network_is_searched_and_enumerated_in_its_latent_states():
    rng, d = np.random.default_rng(0), 300
    m = rng.standard_normal((d, 2))
    cell = network(LeakyCell, LowRank(m, 2 * m / d), 0.01 * rng.standard_normal(d), "tanh")
    system = sp.as_system(cell)
    points = sp.find_all_fixed_points(system)
    assert points.enumerations[0].is_proof
    product = network(LeakyCell, dense(cell.W), cell.b, "tanh")
    assert_alike(points.xstar, enumerate_states(product, NO_INPUT).states)
    part = system.restrict(units=range(0, d, 2))
    states, held = part.from_full(points.xstar[:1])
    found = sp.enumerate_fixed_points(part, held[0])
    assert found.is_proof
    assert np.abs(found.states - states).max(axis=1).min() < 1e-12


def test_columns_that_are_not_needed_cost_no_proof():
    """Zero and repeated columns, and more of them than there are units."""
    rng = np.random.default_rng(3)
    W, b = factors(rng, 12, 1)
    wanted = enumerate_states(network(VanillaCell, W, b, "tanh"), NO_INPUT)
    zero = np.zeros((12, 8))
    for U, V in (
        (np.repeat(W.U, 8, axis=1), np.repeat(W.V, 8, axis=1) / 8),
        (np.hstack([W.U, zero]), np.hstack([W.V, zero])),
        (np.hstack([W.U, zero + 1]), np.hstack([W.V, zero])),
    ):
        found = enumerate_states(network(VanillaCell, LowRank(U, V), b, "tanh"), NO_INPUT)
        assert found.is_proof
        assert_alike(found.states, wanted.states)
    wide, b = factors(rng, 40, 10)
    part = sp.as_system(network(LeakyRateCell, wide, b, "tanh")).restrict(units=[0, 1])
    held = part.from_full(np.zeros((1, 40)))[1][0]
    product = sp.as_system(network(LeakyRateCell, dense(wide), b, "tanh")).restrict(units=[0, 1])
    found = sp.enumerate_fixed_points(part, held)
    assert found.is_proof
    assert_alike(found.states, sp.enumerate_fixed_points(product, held).states)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_factors_of_extreme_sizes_are_balanced_exactly_or_left(dtype):
    limits = np.finfo(dtype)
    for size in (float(limits.tiny), float(limits.tiny) * 2**-10, 1.0, float(limits.max) / 8):
        U = np.array([[1.0, 1e-3], [0.5, 3.0]]) * size
        W = LowRank(U.astype(dtype), np.array([[1.0, 0.1], [0.3, -2.0]], dtype))
        balanced = W.balanced()
        with np.errstate(all="ignore"):
            np.testing.assert_array_equal(balanced.dense, W.dense)
        assert np.isfinite(balanced.U).all()
        assert np.isfinite(balanced.V).all()
    mixed = LowRank(np.array([[1e300], [1e-25]]), np.array([[0.0], [1e7]]))
    np.testing.assert_array_equal(mixed.balanced().dense, mixed.dense)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: LowRank(np.ones((3, 1)), np.ones((3, 2))), r"V of LowRank: got shape \(3, 2\)"),
        (lambda: LowRank(np.ones((3, 0)), np.ones((3, 0))), "at least one column"),
        (lambda: LowRank(np.ones(3), np.ones(3)), "2 axes are wanted"),
        (lambda: LowRank(np.full((2, 1), np.nan), np.ones((2, 1))), "NaN"),
        (lambda: network(VanillaCell, LowRank(ONES, ONES), np.ones(2), "tanh"),
         r"U of VanillaCell: got shape \(3, 1\)"),
        (lambda: sp.cells.GRUCell(LowRank(ONES, ONES), ONES, ONES[0], ONES[0]),
         "W of GRUCell: got LowRank"),
    ],
)  # fmt: skip
def test_bad_factors_are_refused(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()
