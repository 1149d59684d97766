"""Proofs that all fixed points are known: against theorems, searches and rational arithmetic."""

from __future__ import annotations

import json
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

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
from stillpoint.dynamics.transforms import Clamped, Restricted
from stillpoint.intervals import Interval
from stillpoint.intervals.linalg import shrinking_vector, solve_enclosed
from stillpoint.proofs.enumeration import Exhaustion, arrangement, exhaust
from stillpoint.proofs.enumeration import low_rank as latents
from stillpoint.proofs.enumeration.arrangement import sign_patterns
from stillpoint.proofs.enumeration.low_rank import latent_of

NO_INPUT = np.zeros(0)


def vanilla(W, b=None, phi="tanh"):
    """Return x' = phi(W x + b)."""
    W = np.array(W, dtype=np.float64)
    b = np.zeros(len(W)) if b is None else np.broadcast_to(b, len(W)).astype(np.float64)
    return VanillaCell(W, np.zeros((len(W), 0)), b, phi)


def leaky(cell):
    """Return the leaky network with the same rates as a vanilla one, and leaks that differ."""
    return LeakyCell(cell.W, cell.B, cell.b, np.linspace(0.1, 0.9, len(cell.b)), cell.phi)


def low_rank(d, rank, seed, phi="tanh", gain=2.0, bias=0.1):
    """Return a network with random weights of low rank that has a few points."""
    rng = np.random.default_rng(seed)
    M = rng.standard_normal((d, rank))
    N = rng.standard_normal((d, rank)) + gain * M
    return vanilla(2 * M @ N.T / d, bias * rng.standard_normal(d), phi)


def index_sum(cell, states):
    """Return the sum of sign det(I - J)."""
    jacobian = cell.jacobian(states, np.zeros((len(states), cell.input_size)))
    return int(np.sign(np.linalg.det(np.eye(cell.state_size) - jacobian)).sum())


def assert_alike(states, expected, digits=1e-9):
    """Check that two lists of points are the same, in any order."""
    assert states.shape == expected.shape
    distance = np.abs(states[:, None] - expected[None]).max(axis=2)
    assert (distance.min(axis=0, initial=np.inf) < digits).all()
    assert (distance.min(axis=1, initial=np.inf) < digits).all()


def assert_at_rest(cell, states):
    u = np.zeros((len(states), cell.input_size))
    np.testing.assert_allclose(cell.step(states, u), states, rtol=1e-11, atol=1e-11)


# -- smooth networks whose truth is known ----------------------------------------------------------


@pytest.mark.parametrize("network", zoo.isolated(), ids=repr)
def test_every_network_of_the_zoo_is_proved(network):
    proof = exhaust(network.cell, NO_INPUT)
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
    proof, of_rates = exhaust(cell, NO_INPUT), exhaust(network.cell, NO_INPUT)
    assert proof.is_proof
    assert proof.method == of_rates.method
    assert_alike(np.tanh(proof.states), of_rates.states)
    assert_at_rest(cell, proof.states)


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_a_hundred_units_of_low_rank_are_proved_and_a_search_finds_the_same(rank):
    cell = low_rank(100, rank, seed=0)
    proof = exhaust(cell, NO_INPUT)
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
    proof = exhaust(cell, NO_INPUT)
    assert proof.is_proof
    assert proof.method == "bisection in 2 dimensions"
    wide = vanilla(cell.W.astype(np.float64), cell.b.astype(np.float64))
    assert_at_rest(wide, proof.states)
    np.testing.assert_allclose(wide.step(proof.states, np.zeros((5, 0))), proof.states, atol=1e-14)


@pytest.mark.parametrize("phi", ["sigmoid", "softplus"])
def test_other_smooth_activations_are_bisected_where_a_box_holds_their_rates(phi):
    W = -3 * np.abs(np.random.default_rng(0).standard_normal((3, 3))) * (1 + np.eye(3))
    cell = vanilla(4 * W if phi == "sigmoid" else W, b=6.0, phi=phi)
    proof = exhaust(cell, NO_INPUT)
    assert proof.is_proof
    assert proof.method == "bisection in 3 dimensions"
    assert index_sum(cell, proof.states) == 1
    starts = np.random.default_rng(1).uniform(0, 6, (300, 3))
    assert_alike(proof.states, sp.find_fixed_points(sp.as_system(cell), starts).xstar)


def test_sixty_units_in_a_contraction_have_one_point():
    W = np.random.default_rng(0).standard_normal((60, 60)) / np.sqrt(60)
    for phi, gain in (("tanh", 0.45), ("relu", 0.45), ("sigmoid", 1.8), ("softplus", 0.45)):
        cell = vanilla(gain * W, 0.3, phi)
        proof = exhaust(cell, NO_INPUT)
        assert (proof.is_proof, proof.method, proof.n_points) == (True, "contraction", 1)
        assert_at_rest(cell, proof.states)


def test_the_point_of_a_contraction_is_reached_where_newton_runs_in_circles():
    """A rectified network whose point (5, 0, 0, 0, 0) lies in another piece than most states."""
    rows = [[3, 9, 9, 6, 9], [-2, -6, -6, -4, -6], [-5, -11, -6, -7, -10]]
    W = 0.3 * np.array([*rows, [-1, -3, -3, -2, -3], [-4, 0, 15, 1, 3]])
    proof = exhaust(vanilla(W, [0.5, 0.75, 1.0, -0.5, -0.75], "relu"), NO_INPUT)
    assert (proof.is_proof, proof.method) == (True, "contraction")
    assert_alike(proof.states, np.array([[5.0, 0, 0, 0, 0]]))


def test_saturation_makes_a_contraction_of_large_weights():
    W = 3 * np.random.default_rng(0).standard_normal((20, 20)) / np.sqrt(20)
    assert exhaust(vanilla(W, 30.0), NO_INPUT).method == "contraction"
    assert exhaust(vanilla(W, 0.0), NO_INPUT).method == "not available"


@pytest.mark.parametrize(
    "W", [[[1.0]], np.diag([0.5, 1.0]), [[0.0, 2.0], [0.5, 0.0]]], ids=["1", "diagonal", "rank 2"]
)
def test_the_border_of_contractions_is_not_crossed(W):
    """At spectral radius 1 the map does not contract: 0 is degenerate, or a line is fixed."""
    for phi in ("tanh", "relu", "linear"):
        proof = exhaust(vanilla(W, phi=phi), NO_INPUT, budget=2000)
        assert not proof.is_proof
        assert proof.reason


# -- folds and continua: no proof ------------------------------------------------------------------


def test_at_a_fold_nothing_is_claimed():
    x, b = zoo.fold_of(2.0)
    proof = exhaust(vanilla([[2.0]], b), NO_INPUT)
    assert not proof.is_proof
    assert proof.left > 0
    assert proof.n_points == 1
    assert f"one of them at ({x:.4g})" in proof.reason


@pytest.mark.parametrize("turn", [0.0, 0.3])
def test_at_a_fold_in_two_dimensions_nothing_is_claimed(turn):
    _, b = zoo.fold_of(2.0)
    W, bias = np.diag([2.0, 3.0]), np.array([b, turn])
    proof = exhaust(vanilla(W, bias), NO_INPUT, budget=20_000)
    assert not proof.is_proof
    assert proof.left > 0


@given(share=st.floats(-1.2, 1.2))
@settings(max_examples=15)
def test_one_unit_is_counted_rightly_on_both_sides_of_its_folds(share):
    _, b = zoo.fold_of(2.0)
    proof = exhaust(vanilla([[2.0]], share * b), NO_INPUT)
    if proof.is_proof:
        assert proof.n_points == (3 if abs(share) < 1 else 1)
    else:
        assert abs(abs(share) - 1) < 1e-6


def test_a_ring_of_many_units_is_nearly_a_continuum_and_ends_at_its_budget():
    angles = 2 * np.pi * np.arange(40) / 40
    cell = vanilla(4 / 40 * np.cos(angles[:, None] - angles))
    proof = exhaust(cell, NO_INPUT, budget=20_000)
    assert not proof.is_proof
    assert proof.left > 0
    assert "the budget is 20000" in proof.reason


def test_a_continuum_of_rectified_units_is_not_counted():
    proof = exhaust(zoo.half_line().cell, NO_INPUT)
    assert not proof.is_proof
    assert "a continuum of fixed points may lie there" in proof.reason


def test_linear_networks_have_one_point_or_no_proof():
    proof = exhaust(vanilla([[3.0]], 1.0, "linear"), NO_INPUT)
    assert proof.is_proof
    assert_alike(proof.states, np.array([[-0.5]]))
    assert not exhaust(vanilla([[1.0]], 1.0, "linear"), NO_INPUT).is_proof


# -- networks with gates ---------------------------------------------------------------------------


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
    proof = exhaust(cell, u)
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
    proof = exhaust(GRUCell(W, np.zeros((60, 0)), np.zeros(60), np.ones(20)), NO_INPUT)
    assert proof.is_proof
    assert proof.n_points == 1
    assert not exhaust(
        GRUCell(300 * W, np.zeros((60, 0)), np.zeros(60), np.ones(20)), NO_INPUT
    ).is_proof


# -- rectified networks ----------------------------------------------------------------------------


def ctln(edges):
    """Return x' = max(0, W x + 1) of a graph: -0.75 along an edge j -> i, -1.5 without."""
    edges = np.asarray(edges, dtype=bool)
    W = np.where(edges, -0.75, -1.5) * (1 - np.eye(len(edges)))
    return vanilla(W, 1.0, "relu")


@pytest.mark.parametrize("n", range(1, 8))
def test_without_edges_every_support_is_a_point(n):
    cell = ctln(np.zeros((n, n)))
    proof = exhaust(cell, NO_INPUT)
    assert proof.is_proof
    assert proof.n_points == 2**n - 1
    size = (proof.states > 1e-9).sum(axis=1)
    assert np.bincount(size)[1:].tolist() == [len(list(k)) for k in supports_by_size(n)]
    assert index_sum(cell, proof.states) == 1
    for support, state in zip(proof.states > 1e-9, proof.states, strict=True):
        np.testing.assert_allclose(state[support], 1 / (1 + 1.5 * (support.sum() - 1)))


def supports_by_size(n):
    everything = list(product((0, 1), repeat=n))
    return [[s for s in everything if sum(s) == k] for k in range(1, n + 1)]


def test_a_clique_has_one_point_and_so_has_a_cycle():
    for n in range(3, 7):
        clique = exhaust(ctln(np.ones((n, n))), NO_INPUT)
        assert (clique.is_proof, clique.n_points) == (True, 1)
        assert (clique.states > 0).all()
        ring = ctln(np.roll(np.eye(n), 1, axis=0))
        cycle = exhaust(ring, NO_INPUT)
        assert (cycle.is_proof, cycle.n_points) == (True, 1)
        jacobian = ring.jacobian(cycle.states, np.zeros((1, 0)))[0]
        assert np.abs(np.linalg.eigvals(jacobian)).max() > 1


def test_a_hundred_random_graphs_are_proved_with_index_sum_one():
    rng = np.random.default_rng(0)
    for _ in range(100):
        cell = ctln(rng.random((7, 7)) < 0.5)
        proof = exhaust(cell, NO_INPUT)
        assert proof.is_proof
        assert proof.method == "linear regions"
        assert index_sum(cell, proof.states) == 1
        assert_at_rest(cell, proof.states)


@pytest.mark.parametrize("seed", [1, 2, 8])
def test_128_rectified_units_of_rank_2_have_8257_regions(seed):
    """h lines in general position cut the plane into 1 + h + h (h - 1) / 2 regions."""
    cell = low_rank(128, 2, seed, "relu", gain=1.0, bias=0.3)
    proof = exhaust(cell, NO_INPUT)
    assert proof.is_proof
    assert proof.examined == 8257
    assert_at_rest(cell, proof.states)
    starts = np.random.default_rng(1).uniform(0, 3, (300, 128)) * (np.arange(300)[:, None] / 30)
    found = sp.find_fixed_points(sp.as_system(cell), starts)
    assert_alike(proof.states, found.xstar)


def test_regions_in_three_dimensions_and_those_of_a_leaky_network():
    cell = low_rank(24, 3, 0, "relu", bias=0.3)
    proof, of_currents = exhaust(cell, NO_INPUT), exhaust(leaky(cell), NO_INPUT)
    assert proof.examined == of_currents.examined == 1 + 24 + 276 + 2024
    assert_alike(np.maximum(of_currents.states, 0), proof.states)


def test_the_regions_of_few_lines_are_those_that_random_states_visit():
    cell = low_rank(9, 2, 5, "relu", bias=1.0)
    form = cell.enclosed().rate_form(Interval(np.zeros((1, 0))))
    patterns = sign_patterns(latent_of(form, 2), 10**6)
    assert len(patterns) == 2**9  # so few that all are taken
    latent = latent_of(form, 2)
    z = np.random.default_rng(0).standard_normal((400_000, 2)) * 30
    visited = np.unique(latent.drive(Interval(z)).mid > 0, axis=0)
    with few_patterns(0):
        listed = sign_patterns(latent, 10**6)
    assert len(listed) == 1 + 9 + 36
    both = np.unique(np.concatenate([listed, visited]), axis=0)
    assert len(both) == len(listed)  # none was visited that is not listed
    assert len(visited) > 40


class few_patterns:  # noqa: N801
    """Below so many patterns they are listed without geometry."""

    def __init__(self, most):
        self.most = most

    def __enter__(self):
        self.before, arrangement._FEW = arrangement._FEW, self.most

    def __exit__(self, *_):
        arrangement._FEW = self.before


# -- against rational arithmetic -------------------------------------------------------------------


def rational_points(W, b) -> tuple[set, bool]:
    """Return all fixed points of x' = max(0, W x + b) exactly, and whether some form a line.

    Every support is tried: off it rates are zero and drives are not positive, on it the rates
    solve a linear system. A singular system with solutions that obey the signs is a continuum.
    """
    n, points, lines = len(W), set(), False
    exact_W, exact_b = [[Fraction(w) for w in row] for row in W], [Fraction(v) for v in b]
    for support in product((False, True), repeat=n):
        on = [i for i in range(n) if support[i]]
        rows = [[(i == j) - exact_W[i][j] for j in on] for i in on]
        rates = solve_rationally(rows, [exact_b[i] for i in on])
        if rates == "many":
            lines |= has_solutions(np.array(W), np.array(b), np.array(support))
        elif rates is not None:
            state = [Fraction(0)] * n
            for i, rate in zip(on, rates, strict=True):
                state[i] = rate
            drives = [sum(exact_W[i][j] * state[j] for j in on) + exact_b[i] for i in range(n)]
            if all(state[i] >= 0 if support[i] else drives[i] <= 0 for i in range(n)):
                points.add(tuple(state))
    return points, lines


def has_solutions(W, b, on):
    """Return whether fixed points have these signs, by a linear program."""
    identity = np.eye(len(b))
    equal = np.where(on[:, None], identity - W, identity)
    return linprog(
        np.zeros(len(b)), A_ub=W[~on], b_ub=-b[~on], A_eq=equal, b_eq=np.where(on, b, 0.0)
    ).success


def solve_rationally(rows, right):
    """Return the solution, None if there is none, or "many"."""
    left = [[*row, value] for row, value in zip(rows, right, strict=True)]
    n, done = len(left), []
    for column in range(n):
        pivot = next((row for row in left if row[column]), None)
        if pivot is None:
            continue
        left.remove(pivot)
        pivot = [value / pivot[column] for value in pivot]
        for others in (left, done):
            for k, row in enumerate(others):
                others[k] = [a - row[column] * b for a, b in zip(row, pivot, strict=True)]
        done.append(pivot)
    if any(row[-1] for row in left):
        return None
    if left:
        return "many"
    return [row[-1] for row in sorted(done, key=lambda row: row[:-1], reverse=True)]


def check_against_rationals(W, b):
    """Compare a proof with the truth; return whether there was a proof."""
    points, lines = rational_points(W, b)
    for cell in (vanilla(W, b, "relu"), leaky(vanilla(W, b, "relu"))):
        proof = exhaust(cell, NO_INPUT)
        if not proof.is_proof:
            continue
        assert not lines
        rates = proof.states if isinstance(cell, VanillaCell) else np.maximum(proof.states, 0)
        expected = np.array([[float(value) for value in point] for point in points])
        assert_alike(rates, expected.reshape(-1, len(b)))
    return proof.is_proof


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
        proof = exhaust(vanilla(W, 0.3, "relu"), NO_INPUT)
        assert (proof.is_proof, proof.method) == (True, "linear regions")
        W[1] = 0.1 * W[0]
        proof = exhaust(vanilla(W, 0.3, "relu"), NO_INPUT)
    assert not proof.is_proof
    assert "too nearly parallel" in proof.reason


KINKS = {
    # r = max(0, 2 r) stands at 0 alone, but a smaller b brings two points, a larger none.
    "fold on a kink": ([[2.0]], [0.0], None),
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
    proof = exhaust(vanilla(W, b, "relu"), NO_INPUT)
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
        assert not exhaust(vanilla(np.eye(3) - singular, 1.0, phi), NO_INPUT).is_proof


# -- the latent equations --------------------------------------------------------------------------


@pytest.mark.parametrize("phi", ["tanh", "sigmoid", "softplus", "relu"])
def test_latent_equations_enclose_what_they_are_even_with_a_large_remainder(phi, monkeypatch):
    """R(z) from many iterations, and its secants, against the bounds; |D|_inf is about 0.3."""
    monkeypatch.setattr(latents, "_REMAINDER", 0.5)
    rng = np.random.default_rng(0)
    base = low_rank(12, 2, 0, bias=0.5)
    cell = vanilla(base.W + 0.03 * rng.standard_normal((12, 12)), base.b, phi)
    latent = latent_of(cell.enclosed().rate_form(Interval(np.zeros((1, 0)))), 2)
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


# -- what it takes ---------------------------------------------------------------------------------


def test_inputs_that_are_clamped_and_units_that_are_held_count():
    rng = np.random.default_rng(3)
    W, B, b = (rng.standard_normal(shape) for shape in ((3, 3), (3, 2), 3))
    for phi, make in product(("tanh", "relu"), (VanillaCell, LeakyCell)):
        leak = (np.full(3, 0.5),) if make is LeakyCell else ()
        cell = make(2 * W, B, b, *leak, phi)
        u = np.array([0.4, -0.7])
        clamped = Clamped(cell, np.array([1]), u[1:])
        assert_alike(exhaust(clamped, u[:1]).states, exhaust(cell, u).states)
        some = Restricted(cell, np.array([0, 2]), np.array([1]))
        held = np.array([0.35])
        proof = exhaust(some, np.concatenate([u, held]))
        assert proof.is_proof
        x, inputs = proof.states, np.tile(np.concatenate([u, held]), (proof.n_points, 1))
        np.testing.assert_allclose(some.step(x, inputs), x, atol=1e-12)


@pytest.mark.torch
def test_a_torch_network_is_proved_as_its_numpy_twin():
    network = zoo.planted(3)
    system = network.system("torch")
    proof = exhaust(system.dynamics, NO_INPUT)
    assert (proof.is_proof, proof.n_points) == (True, 15)


def test_what_is_not_available_says_so_at_once():
    black_box = sp.as_system(lambda x: np.tanh(2 * x), state_size=1).dynamics
    proof = exhaust(black_box, NO_INPUT)
    assert (proof.is_proof, proof.method, proof.examined) == (False, "not available", 0)
    assert "black box" in repr(proof)
    W = np.random.default_rng(0).standard_normal((64, 64)) / 4
    for cell in (vanilla(W), vanilla(W, phi="relu"), vanilla(W, 0.1, "softplus")):
        assert exhaust(cell, NO_INPUT).method == "not available"
    iterated = sp.as_system(zoo.planted(2).cell).iterate(2).dynamics
    assert exhaust(iterated, NO_INPUT).method == "not available"


@pytest.mark.parametrize(
    "cell", [zoo.planted(2).cell, zoo.half_line().cell, vanilla(np.ones((64, 64)), phi="softplus")]
)
def test_a_record_survives_json(cell):
    proof = exhaust(cell, NO_INPUT)
    again = Exhaustion.from_plain(json.loads(json.dumps(proof.to_plain())))
    assert repr(again) == repr(proof)
    np.testing.assert_array_equal(again.states, proof.states)
    assert again.states.shape == proof.states.shape
    assert (again.examined, again.left, again.reason) == (proof.examined, proof.left, proof.reason)


# -- trapping regions ------------------------------------------------------------------------------


@pytest.mark.parametrize("phi", ["relu", "softplus", "linear"])
@pytest.mark.parametrize("make", [lambda c: c, leaky], ids=["vanilla", "leaky"])
def test_the_index_sum_is_known_where_a_trapping_region_is_proved(make, phi):
    assert make(vanilla(0.4 * np.eye(3), phi=phi)).lefschetz == 1
    assert make(vanilla(1.1 * np.eye(3), phi=phi)).lefschetz is None
    inhibited = make(vanilla([[0.5, -9.0], [0.0, 0.9]], phi=phi))
    assert inhibited.lefschetz == 1  # rho(|W|) = 0.9
    rival = make(vanilla([[0.0, -9.0], [-9.0, 0.0]], phi=phi))
    assert rival.lefschetz == (None if phi == "linear" else 1)  # W^+ = 0


def test_a_small_norm_traps_where_the_positive_part_does_not():
    rng = np.random.default_rng(0)
    W = rng.standard_normal((30, 30))
    W *= 0.99 / np.linalg.norm(W, 2)
    assert vanilla(W, phi="relu").keeps_ball
    cell = vanilla(W, phi="relu")
    same = LeakyCell(cell.W, cell.B, cell.b, np.full(30, 0.3), "relu")
    assert same.keeps_ball
    assert not leaky(cell).keeps_ball  # leaks that differ


def test_a_radius_that_differs_from_one_by_rounding_traps_nothing():
    assert shrinking_vector(np.array([[1 - 2.0**-40]])) is not None
    assert shrinking_vector(np.array([[1 - 2.0**-53]])) is None


def test_states_stay_in_the_box_of_a_trapping_region():
    rng = np.random.default_rng(0)
    for _ in range(8):
        cell = ctln(rng.random((6, 6)) < 0.5)
        box = cell.enclosed().rate_form(Interval(np.zeros((1, 0)))).bounds
        x = rng.uniform(0, 1, (200, 6)) * box.upper
        for _ in range(50):
            x = cell.step(x, np.zeros((200, 0)))
        assert (x <= box.upper).all()
        assert (exhaust(cell, NO_INPUT).states <= box.upper).all()


@pytest.mark.parametrize("seed", range(60))
def test_the_states_of_a_proof_stand_still_however_steep_the_network(seed):
    """Steep networks are proved in wide boxes; the points in them are located all the same."""
    rng = np.random.default_rng(seed)
    d, gain = int(rng.integers(1, 3)), 10 ** rng.uniform(0, 2)
    W, b = gain * rng.standard_normal((d, d)), 0.3 * gain * rng.standard_normal(d)
    cell = VanillaCell(W, np.zeros((d, 0)), b)
    if seed % 2:
        cell = LeakyCell(W, np.zeros((d, 0)), b, np.ones(d))
    proof = exhaust(cell, NO_INPUT)
    moved = cell.step(proof.states, np.zeros((proof.n_points, 0))) - proof.states
    assert np.abs(moved).max(initial=0.0) < 1e-9 * gain
