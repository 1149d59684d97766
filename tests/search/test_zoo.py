"""The search, crossed with every network whose fixed points are known."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest
from scipy.spatial.distance import cdist

import stillpoint as sp
import zoo
from stillpoint import FixedPoints, StillpointWarning
from stillpoint.cells import GRUCell, VanillaCell
from stillpoint.solvers import LevenbergMarquardt

NETWORKS = zoo.isolated()
SMALL = [network for network in NETWORKS if network.n_points < 13 and network.cell.state_size < 7]

# What q means: recomputed from the network's formula, no point moves more than this allows.
LARGEST_Q = 1e-24


def paths(*names: str) -> list:
    """Return the paths as parameters, marked with the framework that they need."""
    marks = {"torch": pytest.mark.torch, "jax": pytest.mark.jax}
    return [pytest.param(name, marks=marks.get(name.split()[0], ())) for name in names]


CELLS = paths("numpy", "torch")
FUNCTIONS = paths("numpy function", "torch function", "jax function")

each_network = pytest.mark.parametrize("network", NETWORKS, ids=repr)
each_cell = pytest.mark.parametrize("path", CELLS)


@cache
def search(network: zoo.Network, path: str, n: int = 10_000, rounds: int = 0) -> FixedPoints:
    """Return the points found from `n` random starts; searches are shared between tests."""
    return sp.find_fixed_points(network.system(path), network.starts(n), rounds=rounds)


def named(name: str) -> zoo.Network:
    """Return the network called `name`."""
    return next(network for network in NETWORKS if network.name == name)


def assert_truth(network: zoo.Network, points: FixedPoints) -> None:
    """Check that `points` are all the network's points, and no others."""
    assert tuple(np.bincount(points.n_unstable)) == network.unstable
    assert_each_found_once(network.points, points.xstar, network.digits)
    assert network.q(points.xstar).max() <= LARGEST_Q
    assert points.index.sum() == 1


def assert_each_found_once(known: np.ndarray, found: np.ndarray, digits: float) -> None:
    """Check that every known position is that of exactly one point found."""
    near = cdist(found, known, "chebyshev") < digits
    np.testing.assert_array_equal(near.sum(axis=0), 1)


# -- every network ------------------------------------------------------------------------------


@each_network
def test_the_lists_are_right(network):
    """Written positions are fixed to their digits, and as many as there can be."""
    residual = network.formula(network.points, np) - network.points
    steepest = 1 + np.abs(network.cell.W).sum(axis=1).max()
    assert np.abs(residual).max() <= steepest * network.digits
    assert len(network.points) <= network.n_points


@each_network
@each_cell
def test_all_and_only_the_known_points_are_found(network, path):
    points = search(network, path)
    assert_truth(network, points)
    assert len(points.starts) == 10_000
    assert points.hits.sum() == (points.starts.point >= 0).sum()


@pytest.mark.parametrize("network", SMALL, ids=repr)
@each_cell
def test_a_few_starts_and_follow_up_rounds_find_as_much(network, path):
    assert_truth(network, search(network, path, n=30, rounds=4))


@pytest.mark.parametrize("network", SMALL, ids=repr)
@pytest.mark.parametrize("path", FUNCTIONS)
def test_a_function_without_derivatives_has_the_same_points(network, path):
    assert_truth(network, search(network, path, n=1000))


@each_network
@each_cell
def test_one_start_finds_a_known_point_or_warns_once(network, path):
    system, known = network.system(path), search(network, path).xstar
    for start in network.starts(4, seed=1):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            points = sp.find_fixed_points(system, start[None, :])
        assert len(points) + len(caught) == 1
        assert all(issubclass(w.category, StillpointWarning) for w in caught)
        if len(points):
            assert cdist(points.xstar, known).min() < 1e-9
            assert network.q(points.xstar).max() <= LARGEST_Q


@pytest.mark.parametrize("network", [n for n in NETWORKS if n.radii], ids=repr)
@each_cell
def test_spectral_radii(network, path):
    points = search(network, path)
    found = np.abs(points.eigenvalues).max(axis=1)[points.nearest(network.points)]
    np.testing.assert_allclose(found, network.radii, rtol=0, atol=network.digits)


@each_network
@each_cell
def test_the_census_finds_nothing_missing(network, path):
    (tally,) = search(network, path).census().tallies
    assert (tally.n_points, tally.index_sum) == (network.n_points, 1)
    assert tally.index_agrees is True
    assert not tally.suggests_missing


@pytest.mark.parametrize("network", [n for n in NETWORKS if n.is_odd], ids=repr)
def test_points_of_an_odd_map_come_in_pairs(network):
    points = search(network, "numpy")
    assert points.mirrored.all()
    assert points.census().tallies[0].unpaired == 0
    assert_each_found_once(-points.xstar, points.xstar, 1e-9)


def test_points_of_a_map_that_is_not_odd_need_no_pairs():
    _, b_fold = zoo.fold_of(2.0)
    points = search(zoo.scalar(2.0, 0.5 * b_fold), "numpy")
    assert len(points) == 3
    assert not points.mirrored.any()
    assert points.census().tallies[0].unpaired == 0


def test_half_of_the_pairs_are_reported_as_missing():
    """From starts with x > 0 alone, the mirror images are fixed points that nobody reached."""
    network = zoo.independent_units(1)
    starts = np.linspace(0.5, 1, 20)[:, None]
    points = sp.find_fixed_points(network.system("numpy"), starts, rounds=0)
    (tally,) = points.census().tallies
    assert (len(points), tally.unpaired) == (1, 1)


@pytest.mark.parametrize("d", [2, 3, 4])
@each_cell
def test_rows_of_the_jacobian_are_to_and_columns_from(d, path):
    """J_ij = dF_i / dx_j = (1 - F_i^2) M_ji for x' = tanh(x M)."""
    points = search(named(f"shifted ramps d={d} x M"), path)
    M = np.array([-np.roll(np.linspace(-1, 1, d), -i) for i in range(d)])
    for x, jacobian in zip(points.xstar, points.jacobian, strict=True):
        expected = (1 - np.tanh(x @ M) ** 2)[:, None] * M.T
        np.testing.assert_allclose(jacobian, expected, rtol=0, atol=1e-12)
    if d > 2:
        assert np.abs(points.jacobian - np.swapaxes(points.jacobian, 1, 2)).max() > 0.1


@pytest.mark.parametrize(
    ("n", "gap", "digit"), [(6, 0.39, 1e-2), (8, 0.146, 1e-3), (10, 0.052, 1e-3), (12, 0.018, 1e-3)]
)
def test_larger_rings_are_nearer_to_a_ring_attractor(n, gap, digit):
    """The smallest |1 - lambda| off the origin: how slowly a bump drifts."""
    points = search(named(f"cosine ring of {n}"), "numpy")
    bumps = np.linalg.norm(points.xstar, axis=1) > 0.1
    assert np.abs(1 - points.eigenvalues[bumps]).min() == pytest.approx(gap, abs=digit / 2)
    assert points.index[~bumps].tolist() == [1]


@each_cell
def test_eight_planted_columns_bring_ninety_seven_points(path):
    """All sixteen columns +-V are among them; the indices sum to one; every point has a mirror."""
    W, V = zoo.planted_columns(8)
    network = zoo.vanilla("8 planted", W, zoo.with_mirror_images(*V.T), (97,))
    points = search(network, path, n=3000, rounds=1)
    assert len(points) >= 97
    assert points.index.sum() == 1
    assert_each_found_once(network.points, points.xstar, 1e-9)
    assert network.q(points.xstar).max() <= LARGEST_Q
    assert points.census().tallies[0].unpaired == 0


# -- bifurcations -------------------------------------------------------------------------------


def biased_unit(gain: float) -> sp.System:
    """Return x' = tanh(g x + b) with b as its input."""
    return sp.as_system(VanillaCell(np.array([[gain]]), np.ones((1, 1)), np.zeros(1)))


def test_the_fold_of_gain_two():
    assert zoo.fold_of(2.0)[1] == pytest.approx(-0.532840, abs=5e-7)


@pytest.mark.parametrize("gain", [1.2, 2.0, 5.0])
def test_three_points_inside_the_fold_and_one_outside(gain):
    """Seen as one search under many inputs: the count changes where the formula says."""
    _, b_fold = zoo.fold_of(gain)
    share = np.array([-1.5, -1 - 1e-4, -1 + 1e-4, -0.5, 0, 0.5, 1 - 1e-4, 1 + 1e-4, 1.5])
    inputs = np.repeat(share * b_fold, 200)[:, None]
    states = np.tile(np.linspace(-1.1, 1.1, 200), len(share))[:, None]
    tallies = sp.find_fixed_points(biased_unit(gain), states, inputs).census().tallies
    counts = {float(np.round(t.inputs[0] / b_fold, 9)): t.n_points for t in tallies}
    assert counts == {s: 3 if abs(s) < 1 else 1 for s in share.tolist()}
    assert all(tally.index_sum == 1 for tally in tallies)


def test_inputs_that_nearly_agree_are_still_two_inputs():
    """On either side of the fold, 1e-6 apart: three points under one, one under the other."""
    _, b_fold = zoo.fold_of(2.0)
    inputs = np.repeat([b_fold + 5e-7, b_fold - 5e-7], 200)[:, None]
    states = np.tile(np.linspace(-1.1, 1.1, 200), 2)[:, None]
    points = sp.find_fixed_points(biased_unit(2.0), states, inputs)
    assert sorted(tally.n_points for tally in points.census().tallies) == [1, 3]
    assert len(points) == 4


@pytest.mark.parametrize("gain", [1.2, 2.0, 5.0])
def test_the_multiplier_is_one_at_the_fold(gain):
    x_fold, b_fold = zoo.fold_of(gain)
    system = biased_unit(gain)
    assert system.residual([[x_fold]], [b_fold])[0, 0] == pytest.approx(0, abs=1e-15)
    assert system.jacobian([[x_fold]], [b_fold])[0, 0, 0] == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("d", [1, 3])
def test_exactly_at_the_fold_the_index_sum_is_not_held_against_the_search(d):
    """Two points, one of them double: I - J is singular there, whatever the other units do."""
    x_fold, b_fold = zoo.fold_of(2.0)
    W, b = np.diag([2.0, 0.5, -0.3][:d]), np.array([b_fold, 0, 0][:d])
    network = zoo.vanilla("fold", W, np.zeros((1, d)), (), b=b)
    points = sp.find_fixed_points(network.system("numpy"), network.starts(500))
    assert len(points) == 2
    at_the_fold = np.abs(points.xstar[:, 0] - x_fold) < 1e-6
    np.testing.assert_array_equal(points.is_degenerate, at_the_fold)
    assert not points.on_continuum.any()
    (tally,) = points.census().tallies
    assert tally.index_agrees is None
    assert tally.missing_at_least == 0


@pytest.mark.parametrize("n", [1, 2, 6])
@each_cell
def test_exactly_at_the_pitchfork_there_is_one_degenerate_point(n, path):
    """One stored pattern with g = 1: along it, F(x) - x = -x^3/3, so 0 is a triple root."""
    network = zoo.hopfield(1.0, n)
    points = sp.find_fixed_points(network.system(path), network.starts(500))
    assert len(points) == 1
    assert np.abs(points.xstar).max() < 1e-6
    assert points.is_degenerate.all()
    assert points.index.tolist() == [0]
    assert not points.on_continuum.any()


@pytest.mark.parametrize("gain", [0.5, 0.95, 1.05, 2.0])
def test_beyond_the_flip_there_is_a_cycle_of_two(gain):
    """x' = tanh(-g x): 0 alone is fixed; F^2 fixes +-a, a = tanh(g a), too once g > 1."""
    network = zoo.vanilla("flip", [[-gain]], np.zeros((1, 1)), (1,))
    once = sp.find_fixed_points(network.system("numpy"), network.starts(200))
    twice = sp.find_fixed_points(network.system("numpy").iterate(2), network.starts(200))
    assert once.xstar[:, 0] == pytest.approx([0], abs=1e-9)
    assert once.eigenvalues[0, 0] == pytest.approx(-gain)
    assert twice.index.sum() == 1
    if gain < 1:
        assert len(twice) == 1
        return
    a = zoo.tanh_fixed_point(gain)
    assert twice.xstar[:, 0] == pytest.approx([-a, a, 0], abs=1e-9)
    assert twice.n_unstable.tolist() == [0, 0, 1]
    multiplier = (gain * (1 - a * a)) ** 2
    assert twice.eigenvalues[:2, 0].real == pytest.approx([multiplier] * 2, abs=1e-9)


# -- a flow -------------------------------------------------------------------------------------


def decision_system(path: str) -> sp.System:
    """Return the decision model as a flow, on the arrays of a library."""
    xp = zoo.namespace(path)
    return sp.as_system(lambda s: zoo.decision_flow(s, xp), 2, kind="flow", lefschetz=1)


DECISIONS = [(0.01395, 0.65739), (0.70045, 0.00486), (0.28276, 0.40635)]


@pytest.mark.parametrize("n", [300, 10_000])
@pytest.mark.parametrize("path", FUNCTIONS)
def test_the_decision_model_has_two_decisions_and_a_saddle(path, n):
    states = np.random.default_rng(0).uniform(0, 1, (n, 2))
    points = sp.find_fixed_points(decision_system(path), states)
    np.testing.assert_allclose(points.xstar, DECISIONS, rtol=0, atol=6e-6)
    assert points.n_unstable.tolist() == [0, 0, 1]
    assert points.is_stable.tolist() == [True, True, False]
    assert (points.eigenvalues[:, 0].real > 0).tolist() == [False, False, True]
    assert points.index.tolist() == [1, 1, -1]
    assert (0.5 * np.sum(zoo.decision_flow(points.xstar) ** 2, axis=1)).max() <= LARGEST_Q
    assert not points.census().suggests_missing


@pytest.mark.parametrize("path", FUNCTIONS)
def test_euler_steps_of_the_decision_model_rest_at_the_same_points(path):
    dt = 1e-3
    states = np.random.default_rng(0).uniform(0, 1, (60, 2))
    flow = sp.find_fixed_points(decision_system(path), states)
    steps = sp.find_fixed_points(decision_system(path).euler(dt), states)
    np.testing.assert_allclose(steps.xstar, flow.xstar, rtol=0, atol=1e-9)
    assert steps.n_unstable.tolist() == [0, 0, 1]
    assert (np.abs(steps.eigenvalues) > 1).sum(axis=1).tolist() == [0, 0, 1]
    np.testing.assert_allclose(steps.eigenvalues, 1 + dt * flow.eigenvalues, atol=1e-9)


# -- a continuum --------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 500, 10_000])
@each_cell
def test_a_line_of_fixed_points_is_called_a_continuum(n, path):
    network = zoo.half_line()
    points = sp.find_fixed_points(network.system(path), network.starts(n))
    off_the_origin = np.abs(points.xstar).max(axis=1) > 1e-6
    assert off_the_origin.any()
    np.testing.assert_array_equal(points.on_continuum, off_the_origin)
    assert points.is_degenerate[off_the_origin].all()
    assert (points.xstar[:, 0] >= 0).all()
    assert np.abs(points.xstar[:, 1:]).max() < 1e-11
    assert "continuum" in repr(points)
    assert "continuum" in repr(points.census())
    assert points.census().tallies[0].index_agrees is None


@pytest.mark.parametrize("n", [1, 500, 10_000])
@each_cell
def test_samples_of_a_continuum_are_fixed_points(n, path):
    network = zoo.half_line()
    points = sp.find_fixed_points(network.system(path), network.starts(n))
    assert network.q(points.xstar).max() <= LARGEST_Q


# -- gates and scales ---------------------------------------------------------------------------


def random_gru(seed: int, gain: float = 3.0, d: int = 5) -> GRUCell:
    """Return a GRU with strong weights, whose update gates saturate away from the cube."""
    rng = np.random.default_rng(seed)
    weights = lambda *shape: gain * rng.standard_normal(shape) / np.sqrt(d)  # noqa: E731
    return GRUCell(weights(3 * d, d), np.zeros((3 * d, 0)), weights(3 * d), weights(d))


@pytest.mark.parametrize("solver", [None, LevenbergMarquardt()], ids=["default", "motion alone"])
@pytest.mark.parametrize("seed", range(4))
def test_a_saturated_gate_makes_no_fixed_point(seed, solver):
    """h = n(h) is a tanh, so every fixed point of a GRU lies in the cube.

    Outside, an update gate that rounds to 1 makes h' - h = (1 - z)(n - h) as small as one likes.
    """
    cell = random_gru(seed)
    states = np.random.default_rng(0).uniform(-1.5, 1.5, (200, cell.state_size))
    points = sp.find_fixed_points(sp.as_system(cell), states, solver=solver)
    assert len(points) > 0
    assert np.abs(points.xstar).max() <= 1
    assert not points.on_continuum.any()


@pytest.mark.parametrize("scale", [1.0, 1e3, 1e6])
def test_one_large_unit_does_not_merge_the_points_of_the_others(scale):
    """tanh(2 x) has three points, whatever the resting value of a unit beside it."""

    def step(x: np.ndarray) -> np.ndarray:
        return np.stack([np.tanh(2 * x[:, 0]), (x[:, 1] + scale) / 2], axis=1)

    states = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    points = sp.find_fixed_points(sp.as_system(step, 2, lefschetz=1), states)
    m = zoo.tanh_fixed_point(2.0)
    expected = [[-m, scale], [m, scale], [0, scale]]
    np.testing.assert_allclose(points.xstar, expected, rtol=1e-9, atol=1e-9)
