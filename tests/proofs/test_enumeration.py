"""Smooth networks whose points are known: theorems, searches, folds and continua."""

from __future__ import annotations

import numpy as np
import pytest
from enumeration_cases import (
    NO_INPUT,
    assert_alike,
    assert_at_rest,
    index_sum,
    leaky,
    low_rank,
    vanilla,
)
from hypothesis import given, settings
from hypothesis import strategies as st

import stillpoint as sp
import zoo
from stillpoint.cells import (
    GRUCell,
    LeakyCell,
    LSTMCell,
    ResetBeforeGRUCell,
    StackedCell,
    VanillaCell,
)
from stillpoint.intervals import Interval
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.proofs.enumeration import low_rank as latents
from stillpoint.proofs.enumeration.low_rank import latent_of


@pytest.mark.parametrize("network", zoo.isolated(), ids=repr)
def test_every_network_of_the_zoo_is_proved(network):
    proof = enumerate_states(network.cell, NO_INPUT)
    assert proof.is_proof
    assert proof.reason == ""
    assert proof.left == 0
    assert proof.n_points == network.n_points
    distance = np.abs(proof.states[:, None] - network.points[None]).max(axis=2)
    assert (distance.min(axis=0) < network.digits).all()
    assert_at_rest(network.cell, proof.states)


@pytest.mark.parametrize(
    "network",
    [zoo.cosine_ring(7), zoo.hopfield(2.0), zoo.planted(2), zoo.small_norm(), zoo.scalar(2.0, 0.2)],
    ids=repr,
)
def test_a_leaky_network_has_the_currents_of_the_same_rates(network):
    cell = leaky(network.cell)
    proof, of_rates = enumerate_states(cell, NO_INPUT), enumerate_states(network.cell, NO_INPUT)
    assert proof.is_proof
    assert proof.method == of_rates.method
    assert_alike(np.tanh(proof.states), of_rates.states)
    assert_at_rest(cell, proof.states)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_hundred_units_of_low_rank_are_proved_and_a_search_finds_the_same(rank):
    cell = low_rank(100, rank, seed=0)
    proof = enumerate_states(cell, NO_INPUT)
    assert proof.is_proof
    assert proof.method == f"bisection in {rank} dimension{'s' if rank > 1 else ''}"
    assert proof.n_points == 2 * rank + 1
    assert index_sum(cell, proof.states) == 1
    starts = np.random.default_rng(1).uniform(-1, 1, (400, 100))
    assert_alike(proof.states, sp.find_fixed_points(sp.as_system(cell), starts).xstar)


def test_weights_in_float32_are_taken_as_they_are():
    """Their product M N^T is rounded to float32, so the rank is 2 to 1e-7 only."""
    exact = low_rank(100, 2, seed=0)
    cell = VanillaCell(*(v.astype(np.float32) for v in (exact.W, exact.B, exact.b)))
    proof = enumerate_states(cell, NO_INPUT)
    assert proof.is_proof
    assert proof.method == "bisection in 2 dimensions"
    wide = vanilla(cell.W.astype(np.float64), cell.b.astype(np.float64))
    assert_at_rest(wide, proof.states)
    np.testing.assert_allclose(wide.step(proof.states, np.zeros((5, 0))), proof.states, atol=1e-14)


@pytest.mark.parametrize("phi", ["sigmoid", "softplus"])
def test_other_smooth_activations_are_bisected_where_a_box_holds_their_rates(phi):
    W = -3 * np.abs(np.random.default_rng(0).standard_normal((3, 3))) * (1 + np.eye(3))
    cell = vanilla(4 * W if phi == "sigmoid" else W, b=6.0, phi=phi)
    proof = enumerate_states(cell, NO_INPUT)
    assert proof.is_proof
    assert proof.method == "bisection in 3 dimensions"
    assert index_sum(cell, proof.states) == 1
    starts = np.random.default_rng(1).uniform(0, 6, (300, 3))
    assert_alike(proof.states, sp.find_fixed_points(sp.as_system(cell), starts).xstar)


def test_sixty_units_in_a_contraction_have_one_point():
    W = np.random.default_rng(0).standard_normal((60, 60)) / np.sqrt(60)
    for phi, gain in (("tanh", 0.45), ("relu", 0.45), ("sigmoid", 1.8), ("softplus", 0.45)):
        cell = vanilla(gain * W, 0.3, phi)
        proof = enumerate_states(cell, NO_INPUT)
        assert (proof.is_proof, proof.method, proof.n_points) == (True, "contraction", 1)
        assert_at_rest(cell, proof.states)


def test_the_point_of_a_contraction_is_reached_where_newton_runs_in_circles():
    """A rectified network whose point (5, 0, 0, 0, 0) lies in another piece than most states."""
    rows = [[3, 9, 9, 6, 9], [-2, -6, -6, -4, -6], [-5, -11, -6, -7, -10]]
    W = 0.3 * np.array([*rows, [-1, -3, -3, -2, -3], [-4, 0, 15, 1, 3]])
    proof = enumerate_states(vanilla(W, [0.5, 0.75, 1.0, -0.5, -0.75], "relu"), NO_INPUT)
    assert (proof.is_proof, proof.method) == (True, "contraction")
    assert_alike(proof.states, np.array([[5.0, 0, 0, 0, 0]]))


def test_saturation_makes_a_contraction_of_large_weights():
    W = 3 * np.random.default_rng(0).standard_normal((20, 20)) / np.sqrt(20)
    assert enumerate_states(vanilla(W, 30.0), NO_INPUT).method == "contraction"
    assert enumerate_states(vanilla(W, 0.0), NO_INPUT).method == "not available"


@pytest.mark.parametrize(
    "W", [[[1.0]], np.diag([0.5, 1.0]), [[0.0, 2.0], [0.5, 0.0]]], ids=["1", "diagonal", "rank 2"]
)
def test_the_border_of_contractions_is_not_crossed(W):
    """At spectral radius 1 the map does not contract: 0 is degenerate, or a line is fixed."""
    for phi in ("tanh", "relu", "linear"):
        proof = enumerate_states(vanilla(W, phi=phi), NO_INPUT, budget=2000)
        assert not proof.is_proof
        assert proof.reason


def test_at_a_fold_nothing_is_claimed():
    x, b = zoo.fold_of(2.0)
    proof = enumerate_states(vanilla([[2.0]], b), NO_INPUT)
    assert not proof.is_proof
    assert proof.left > 0
    assert proof.n_points == 1
    assert f"one of them at ({x:.4g})" in proof.reason


@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_at_a_fold_in_two_dimensions_nothing_is_claimed(turn):
    _, b = zoo.fold_of(2.0)
    W, bias = np.diag([2.0, 3.0]), np.array([b, turn])
    proof = enumerate_states(vanilla(W, bias), NO_INPUT, budget=20_000)
    assert not proof.is_proof
    assert proof.left > 0


@given(share=st.floats(-1.2, 1.2))
@settings(max_examples=15)
def test_one_unit_is_counted_rightly_on_both_sides_of_its_folds(share):
    _, b = zoo.fold_of(2.0)
    proof = enumerate_states(vanilla([[2.0]], share * b), NO_INPUT)
    if proof.is_proof:
        assert proof.n_points == (3 if abs(share) < 1 else 1)
    else:
        assert abs(abs(share) - 1) < 1e-6


def test_a_ring_of_many_units_is_nearly_a_continuum_and_ends_at_its_budget():
    angles = 2 * np.pi * np.arange(40) / 40
    cell = vanilla(4 / 40 * np.cos(angles[:, None] - angles))
    proof = enumerate_states(cell, NO_INPUT, budget=20_000)
    assert not proof.is_proof
    assert proof.left > 0
    assert "the budget is 20000" in proof.reason


def test_linear_networks_have_one_point_or_no_proof():
    proof = enumerate_states(vanilla([[3.0]], 1.0, "linear"), NO_INPUT)
    assert proof.is_proof
    assert_alike(proof.states, np.array([[-0.5]]))
    assert not enumerate_states(vanilla([[1.0]], 1.0, "linear"), NO_INPUT).is_proof


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize(
    "kind",
    ["GRU", "GRU, reset before", "LSTM of 1", "LSTM of 2", "LSTM, projected", "GRU on tanh"],
)
def test_small_gated_networks_are_proved_and_a_search_finds_the_same(kind, seed):
    rng = np.random.default_rng(seed)
    w = lambda *shape: 4 * rng.standard_normal(shape)  # noqa: E731
    cell = {
        "GRU": lambda: GRUCell(w(6, 2), w(6, 1), w(6), w(2)),
        "GRU, reset before": lambda: ResetBeforeGRUCell(w(6, 2), w(6, 1), w(6)),
        "LSTM of 1": lambda: LSTMCell(w(4, 1), w(4, 1), w(4)),
        "LSTM of 2": lambda: LSTMCell(w(8, 2), w(8, 1), w(8)),
        "LSTM, projected": lambda: LSTMCell(w(12, 2), w(12, 1), w(12), w(2, 3)),
        "GRU on tanh": lambda: StackedCell(
            [VanillaCell(w(1, 1), w(1, 1), w(1)), GRUCell(w(6, 2), w(6, 1), w(6), w(2))]
        ),
    }[kind]()
    u = np.array([0.3])
    proof = enumerate_states(cell, u)
    assert proof.is_proof
    starts = rng.uniform(-1, 1, (150, cell.state_size))
    found = sp.find_fixed_points(sp.as_system(cell), starts, u, rounds=2)
    assert_alike(proof.states, found.xstar, digits=1e-7)
    assert index_sum_under(cell, proof.states, u) == 1


def index_sum_under(cell, states, u):
    jacobian = cell.jacobian(states, np.tile(u, (len(states), 1)))
    return int(np.sign(np.linalg.det(np.eye(cell.state_size) - jacobian)).sum())


def test_a_gated_network_that_contracts_is_proved_whatever_its_size():
    rng = np.random.default_rng(0)
    W = 0.01 * rng.standard_normal((60, 20))
    proof = enumerate_states(GRUCell(W, np.zeros((60, 0)), np.zeros(60), np.ones(20)), NO_INPUT)
    assert proof.is_proof
    assert proof.n_points == 1
    assert not enumerate_states(
        GRUCell(300 * W, np.zeros((60, 0)), np.zeros(60), np.ones(20)), NO_INPUT
    ).is_proof


@pytest.mark.parametrize("phi", ["tanh", "sigmoid", "softplus", "relu"])
def test_latent_equations_enclose_what_they_are_even_with_a_large_remainder(phi, monkeypatch):
    """R(z) from many iterations, and its secants, against the bounds; |D|_inf is about 0.3."""
    monkeypatch.setattr(latents, "_REMAINDER", 0.5)
    rng = np.random.default_rng(0)
    base = low_rank(12, 2, 0, bias=0.5)
    cell = vanilla(base.W + 0.03 * rng.standard_normal((12, 12)), base.b, phi)
    latent = latent_of(cell.interval_extension().rate_form(Interval(np.zeros((1, 0)))), 2)
    assert 0.1 < latent.remainder.max() < 0.5
    z, radius = rng.standard_normal((50, 2)), 0.1 * rng.random((50, 2))
    boxes = Interval(z, radius)
    ends = [z + radius * rng.uniform(-1, 1, z.shape) for _ in range(2)]
    rates = [solved(latent, at) for at in ends]
    for at, r in zip(ends, rates, strict=True):
        assert latent.drive(boxes).contains(drive_of(latent, at, r)).all()
        assert latent.residual(boxes).contains(r @ latent.V - at).all()
    change = (rates[0] - rates[1]) @ latent.V - (ends[0] - ends[1])
    bound = (latent.jacobian(boxes) @ (ends[0] - ends[1])[:, :, None])[:, :, 0]
    assert bound.contains(change).all()


def solved(latent, z):
    """Return R(z) by iterating its equation."""
    rates = np.zeros((len(z), len(latent.U)))
    for _ in range(200):
        rates = latent.form.activation.value(drive_of(latent, z, rates))
    return rates


def drive_of(latent, z, rates):
    """Return U z + c + D r."""
    D = latent.form.W - latent.U @ latent.V.T
    return z @ latent.U.T + latent.form.c.mid + rates @ D.T


@pytest.mark.parametrize("seed", range(60))
def test_the_states_of_a_proof_stand_still_however_steep_the_network(seed):
    """Steep networks are proved in wide boxes; the points in them are located all the same."""
    rng = np.random.default_rng(seed)
    d, gain = int(rng.integers(1, 3)), 10 ** rng.uniform(0, 2)
    W, b = gain * rng.standard_normal((d, d)), 0.3 * gain * rng.standard_normal(d)
    cell = VanillaCell(W, np.zeros((d, 0)), b)
    if seed % 2:
        cell = LeakyCell(W, np.zeros((d, 0)), b, np.ones(d))
    proof = enumerate_states(cell, NO_INPUT)
    moved = cell.step(proof.states, np.zeros((proof.n_points, 0))) - proof.states
    assert np.abs(moved).max(initial=0.0) < 1e-9 * gain
