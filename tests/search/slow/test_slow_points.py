"""Slow points: minima of the speed with known places, on smooth networks and on kinks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning
from stillpoint.cells import GRUCell, LeakyCell, LeakyRateCell, LSTMCell, VanillaCell
from stillpoint.dynamics.transforms import Descent
from stillpoint.solvers import LevenbergMarquardt, PiecewiseNewton, Status, solve
from stillpoint.tasks import FlipFlop, load_network
from zoo import fold_of

NOTHING = np.zeros((1, 0))


def scalar(gain, bias, phi="tanh"):
    """Return x' = phi(gain x + bias)."""
    return sp.as_system(VanillaCell(np.array([[gain]]), NOTHING, np.array([bias]), phi=phi))


def relu_network(d=12, seed=2, gain=1.6):
    """Return a random ReLU network with inputs, and starts."""
    rng = np.random.default_rng(seed)
    W = gain * np.linalg.qr(rng.standard_normal((d, d)))[0]
    cell = VanillaCell(W, rng.standard_normal((d, 2)), 0.3 * rng.standard_normal(d), phi="relu")
    return sp.as_system(cell), np.abs(rng.standard_normal((200, d))), rng.standard_normal(2)


def q_of(system, x, u=None):
    u = np.zeros((len(x), system.input_size)) if u is None else np.broadcast_to(u, (len(x), len(u)))
    return 0.5 * np.sum(system.residual(x, u) ** 2, axis=1)


# -- near a fold ----------------------------------------------------------------------------------


@pytest.mark.parametrize("distance", [1e-6, 1e-4, 1e-2, 0.05])
def test_outside_the_fold_there_is_one_ghost_where_the_slope_is_one(distance):
    gain = 2.0
    place, border = fold_of(gain)
    system = scalar(gain, border - np.sign(place) * distance)
    slow = sp.find_slow_points(system, np.linspace(-1, 1, 41)[:, None])
    assert sorted(slow.label) == ["fixed point", "ghost"]
    ghost = slow.ghosts
    # |F(x) - x| has its minimum where F' = 1: gain (1 - y^2) = 1 with y = F(x)
    y = np.sign(place) * np.sqrt(1 - 1 / gain)
    x = (np.arctanh(y) - (border - np.sign(place) * distance)) / gain
    assert ghost.xstar[0, 0] == pytest.approx(x, abs=1e-9)
    assert ghost.speed[0] == pytest.approx(abs(y - x), rel=1e-9)
    assert ghost.eigenvalues[0, 0] == pytest.approx(1, abs=1e-8)
    assert ghost.gradient_norm[0] <= 1e-8 * ghost.speed[0] + 1e-14
    assert slow.hits.sum() == 41


@pytest.mark.parametrize("distance", [1e-6, 1e-4, 1e-2])
def test_inside_the_fold_there_is_no_ghost(distance):
    place, border = fold_of(2.0)
    system = scalar(2.0, border + np.sign(place) * distance)
    slow = sp.find_slow_points(system, np.linspace(-1, 1, 41)[:, None])
    assert slow.label.tolist() == ["fixed point"] * 3


def test_dwell_time_grows_as_the_inverse_square_root_of_the_distance_and_is_the_orbits_own():
    place, border = fold_of(2.0)
    distances, dwell, counted = np.geomspace(1e-8, 1e-4, 5), [], []
    for distance in distances:
        system = scalar(2.0, border - np.sign(place) * distance)
        ghost = sp.find_slow_points(system, np.linspace(-1, 1, 41)[:, None]).ghosts
        dwell.append(ghost.dwell_time[0])
        if distance > 1e-7:
            path = system.simulate(np.array([[np.sign(place)]]), steps=40_000)[0]
            speed = np.linalg.norm(system.residual(path), axis=1)
            counted.append(np.sum((speed < 2 * ghost.speed[0]) & (abs(path[:, 0] - place) < 0.3)))
    exponent = np.polyfit(np.log(distances), np.log(dwell), 1)[0]
    assert exponent == pytest.approx(-0.5, abs=0.01)
    np.testing.assert_allclose(dwell[-len(counted) :], counted, rtol=0.05)


def test_a_ghost_in_many_dimensions_is_that_of_its_slow_unit():
    """Independent units: one near a fold, the others with one stable point each."""
    place, border = fold_of(2.0)
    gains = np.array([2.0, 0.5, -0.8])
    bias = np.array([border - np.sign(place) * 1e-4, 0.2, 0.1])
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((3, 3)))[0]
    system = sp.as_system(lambda x: np.tanh((x @ turn) * gains + bias) @ turn.T, state_size=3)
    slow = sp.find_slow_points(system, np.random.default_rng(1).standard_normal((100, 3)))
    alone = sp.find_slow_points(scalar(2.0, bias[0]), np.linspace(-1, 1, 9)[:, None]).ghosts
    ghost = slow.ghosts
    assert len(ghost) == 1
    assert ghost.xstar[0] @ turn[:, 0] == pytest.approx(alone.xstar[0, 0], abs=1e-6)
    assert ghost.speed[0] == pytest.approx(alone.speed[0], rel=1e-4)
    assert ghost.dwell_time[0] == pytest.approx(alone.dwell_time[0], rel=1e-2)


def test_time_is_told_in_units_of_dt():
    system = sp.as_system(VanillaCell(2 * np.eye(1), NOTHING, np.array([0.54])), dt=0.1)
    steps = sp.find_slow_points(scalar(2.0, 0.54), [[-0.7]]).dwell_time[0]
    assert sp.find_slow_points(system, [[-0.7]]).dwell_time[0] == pytest.approx(0.1 * steps)


def test_a_flow_has_ghosts_too():
    """dx/dt = x^2 + e: the time below twice the least speed is (pi / 2) / sqrt(e)."""
    flow = sp.as_system(lambda x: x**2 + 1e-4, state_size=1, kind="flow")
    ghost = sp.find_slow_points(flow, [[0.3], [-0.2]])
    assert ghost.label.tolist() == ["ghost"]
    assert ghost.xstar[0, 0] == pytest.approx(0, abs=1e-7)
    assert ghost.dwell_time[0] == pytest.approx(np.pi / 2 / 1e-2, rel=2e-3)


# -- what counts as a ghost -----------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", "gru", "lstm", "dale_leaky"])
def test_a_flip_flop_network_has_27_fixed_points_and_no_ghost(name):
    network = load_network(name)
    states, _ = network.run(FlipFlop().sample(128, np.random.default_rng(0)).inputs)
    starts = sp.sample_states(states, 1024, noise=0.75 * states.std())
    slow = sp.find_slow_points(network.system, starts, np.zeros(3))
    assert slow.label.tolist() == ["fixed point"] * 27
    assert (slow.curvature > 0).all()
    assert np.isinf(slow.dwell_time).all()


def test_every_ghost_is_a_minimum_on_kinks_and_off():
    rng = np.random.default_rng(3)
    found = 0
    for seed in range(8):
        system, starts, u = relu_network(seed=seed)
        for ghost in sp.find_slow_points(system, starts, u).ghosts:
            around = ghost.xstar + 1e-3 * rng.standard_normal((20, starts.shape[1]))
            assert q_of(system, around, u).min() >= ghost.q[0]
            found += 1
    assert found >= 6


def test_every_row_of_a_relu_network_is_decided_and_the_step_limit_does_not_matter():
    for seed in range(4):
        system, starts, u = relu_network(seed=seed)
        few, many = (sp.find_slow_points(system, starts, u, max_steps=n) for n in (200, 2000))
        assert (few.starts.point >= 0).all()
        np.testing.assert_array_equal(few.xstar, many.xstar)
        np.testing.assert_array_equal(few.hits, many.hits)
        assert (few.starts.q <= q_of(system, starts, u)).all()
        slope = few.gradient_norm / few.speed
        assert slope[few.label == "ghost"].max(initial=0) < 1e-8


def test_levenberg_marquardt_does_not_call_a_kink_a_minimum_that_it_has_not_reached():
    system, starts, u = relu_network()
    assert sp.find_slow_points(system, starts, u).label.tolist() == ["ghost", "ghost"]
    with pytest.warns(StillpointWarning, match="200 came to rest"):
        other = sp.find_slow_points(system, starts, u, solver=LevenbergMarquardt())
    assert len(other) == 0


def test_a_drift_of_constant_speed_is_a_slow_region():
    """One unit drifts at .01 per step wherever it is, the other decays."""
    system = sp.as_system(lambda x: x * [1.0, 0.5] + [0.01, 0.0], state_size=2)
    slow = sp.find_slow_points(system, [[0.3, 1.0], [-0.4, 2.0]])
    assert slow.label.tolist() == ["slow region"] * 2
    np.testing.assert_allclose(slow.speed, 0.01)
    assert np.isinf(slow.dwell_time).all()
    assert "2 samples of a slow region" in repr(slow)


def test_a_saddle_of_the_speed_is_left():
    """q = 1/2 (x^2 - 1)^2 + 1/8 y^2 has one between its two roots, on the axis x = 0."""
    system = sp.as_system(lambda x: x * [1.0, 0.5] + (x**2 - 1) * [1.0, 0.0], state_size=2)
    slow = sp.find_slow_points(system, [[0.0, 1.0]])
    assert slow.label.tolist() == ["fixed point"]
    assert abs(slow.xstar[0, 0]) == pytest.approx(1)


# -- kinks ----------------------------------------------------------------------------------------


def test_a_kink_that_holds_a_minimum():
    """x' = max(0, 2 x + .5): the motion is x + .5 right of -.25 and -x left of it."""
    step = VanillaCell(np.array([[2.0]]), NOTHING, np.array([0.5]), phi="relu")
    slow = sp.find_slow_points(sp.as_system(step), [[3.0], [0.1], [-2.0]])
    assert slow.label.tolist() == ["ghost"]
    assert slow.xstar[0, 0] == pytest.approx(-0.25, abs=1e-15)
    assert (slow.speed[0], slow.n_kinks[0]) == (pytest.approx(0.25), 1)
    assert slow.eigenvalues[0, 0] == pytest.approx(1)  # of the mixture of 0 and 2
    assert np.isinf(slow.curvature[0])
    # the speed doubles at .25 to the right (slope 1) and at -.5 (slope -1): ln 2 each
    assert slow.dwell_time[0] == pytest.approx(2 * np.log(2), rel=1e-2)


def test_a_fixed_point_on_a_kink_says_that_its_stability_is_not_known():
    system = scalar(1.5, 0.0, "relu")  # unstable to the right of 0, stable to the left
    points = sp.find_fixed_points(system, [[-0.5], [0.0]])
    assert points.on_kink.tolist() == [True]
    assert (points.is_stable[0], points.index[0]) == (False, 0)
    assert "on a kink" in repr(points)
    tame = sp.find_fixed_points(scalar(0.5, 0.0, "relu"), [[-0.5], [0.0]])  # stable on both sides
    assert (tame.on_kink.tolist(), tame.is_stable.tolist(), tame.index[0]) == ([True], [True], 1)
    beside = sp.find_fixed_points(scalar(0.5, 1.0, "relu"), [[3.0]])
    assert (beside.on_kink.tolist(), beside.is_stable.tolist()) == ([False], [True])


def test_units_off_a_loop_do_not_hide_that_a_point_on_kinks_attracts():
    """Two silent units in a chain of weight 5: no loop, so both sides decay; with one, not."""
    chain = np.array([[0.0, 0.0], [5.0, 0.0]])
    loop = chain + np.array([[0.0, 0.5], [0.0, 0.0]])
    for W, stable in ((chain, True), (loop, False)):
        cell = VanillaCell(W, np.zeros((2, 0)), np.zeros(2), phi="relu")
        points = sp.find_fixed_points(sp.as_system(cell), [[0.0, 0.0]])
        assert (points.on_kink.tolist(), points.is_stable.tolist()) == ([True], [stable])


def test_exact_descent_agrees_with_brute_force_over_all_pieces():
    """Every minimum of two-unit networks, found on a fine grid, is one that the solver finds."""
    for seed in range(8):
        rng = np.random.default_rng(seed)
        cell = VanillaCell(2 * rng.standard_normal((2, 2)), np.zeros((2, 0)),
                           rng.standard_normal(2), phi="relu")  # fmt: skip
        system = sp.as_system(cell)
        axis = np.linspace(-4, 4, 401)
        grid = np.stack(np.meshgrid(axis, axis, indexing="ij"), axis=-1)
        q = q_of(system, grid.reshape(-1, 2)).reshape(401, 401)
        inner = q[1:-1, 1:-1]
        around = [q[1 + i : 400 + i, 1 + j : 400 + j]
                  for i in (-1, 0, 1) for j in (-1, 0, 1) if (i, j) != (0, 0)]  # fmt: skip
        lows = grid[1:-1, 1:-1][np.all([inner < other for other in around], axis=0)]
        slow = sp.find_slow_points(system, rng.uniform(-4, 4, (400, 2)))
        inside = slow.xstar[np.abs(slow.xstar).max(axis=1) < 3.9]
        for state in inside:
            assert np.linalg.norm(lows - state, axis=1).min() < 0.06
        for low in lows:  # a grid may show a narrow valley as several lows, all next to one minimum
            reached = solve(system.dynamics, low[None], np.zeros((1, 0)), [PiecewiseNewton()],
                            tol=1e-24, max_steps=200).x[0]  # fmt: skip
            assert np.linalg.norm(slow.xstar - reached, axis=1).min() < 1e-6


def test_a_line_of_fixed_points_ends_the_exact_descent():
    cell = VanillaCell(np.diag([1.0, 0.8, 0.7]), np.zeros((3, 0)), np.zeros(3), phi="relu")
    starts = np.random.default_rng(0).uniform(0.1, 2, (20, 3))
    slow = sp.find_slow_points(sp.as_system(cell), starts)
    assert set(slow.label) == {"fixed point"}
    np.testing.assert_allclose(slow.xstar[:, 1:], 0, atol=1e-12)


HARD = ("leaky", "whole weights", "whole weights, leaky", "strong inhibition", "scaled units")


def hard_relu_network(kind, seed):
    """Return a ReLU network of a kind on which descents go wrong easily, and starts."""
    rng = np.random.default_rng(seed)
    d = {"leaky": 12, "scaled units": 8, "strong inhibition": 8}.get(kind, 6)
    none, W, b = np.zeros((d, 0)), 1.6 * rng.standard_normal((d, d)) / np.sqrt(d), None
    starts = rng.standard_normal((60, d))
    if kind.startswith("whole"):
        W, b = rng.integers(-2, 3, (d, d)).astype(float), rng.integers(-1, 2, d).astype(float)
        starts = rng.integers(-2, 3, (60, d)).astype(float)  # many of them on kinks
    if kind == "strong inhibition":
        W = -30 * np.abs(rng.standard_normal((d, d)))
    b = 0.5 * rng.standard_normal(d) if b is None else b
    if kind == "scaled units":
        scale = 10.0 ** rng.integers(-3, 4, d)
        W, b, starts = scale[:, None] * W / scale, scale * b, starts * scale
    if kind.endswith("leaky"):
        return sp.as_system(LeakyCell(W, none, b, alpha=np.full(d, 0.4), phi="relu")), starts
    return sp.as_system(VanillaCell(W, none, b, phi="relu")), starts


@pytest.mark.parametrize("kind", HARD)
def test_minima_of_hard_networks_are_minima_and_hardly_a_start_is_lost(kind):
    ghosts, lost = 0, 0
    for seed in range(6):
        system, starts = hard_relu_network(kind, seed)
        slow = sp.find_slow_points(system, starts)
        lost += np.sum(slow.starts.point < 0)
        rng, size = np.random.default_rng(0), np.maximum(1e-3, np.abs(starts).max(axis=0))
        for point in slow:
            around = point.xstar + 1e-7 * size * rng.standard_normal((200, starts.shape[1]))
            assert q_of(system, around).min() >= point.q[0] * (1 - 1e-9) - 1e-22
        ghosts += len(slow.ghosts)
    assert ghosts >= 3
    assert lost == 0


def test_a_flat_edge_is_part_of_the_region():
    """x' = max(0, x + .1): q = .005 wherever x >= -.1, and more left of it."""
    slow = sp.find_slow_points(scalar(1.0, 0.1, "relu"), [[-0.7], [-0.3], [0.2], [0.9]])
    assert set(slow.label) == {"slow region"}


def test_networks_without_kinks_and_parts_of_networks_are_solved_too():
    linear = sp.as_system(
        VanillaCell(np.diag([0.5, 0.3]), np.zeros((2, 0)), np.ones(2), phi="linear")
    )
    slow = sp.find_slow_points(linear, np.zeros((3, 2)))
    np.testing.assert_allclose(slow.xstar, [[2.0, 1 / 0.7]])
    whole, starts, u = relu_network(seed=1)
    part = whole.restrict(units=[0, 1])
    context = np.hstack([u, np.abs(starts[0, 2:])])
    found = sp.find_slow_points(part, starts[:30, :2], context)
    assert (found.starts.point >= 0).all()
    assert len(found) >= 1


@pytest.mark.parametrize("seed", range(4))
def test_behind_closed_gates_nothing_is_called_fixed_that_is_not(seed):
    rng = np.random.default_rng(seed)
    weights = (2.5 * rng.standard_normal((24, 8)) / np.sqrt(8), np.zeros((24, 0)))
    cell = GRUCell(*weights, 0.5 * rng.standard_normal(24), np.zeros(8))
    system, starts = sp.as_system(cell), rng.uniform(-1, 1, (60, 8))
    slow, points = sp.find_slow_points(system, starts), sp.find_fixed_points(system, starts)
    for state in slow.fixed.xstar:
        assert np.linalg.norm(points.xstar - state, axis=1).min() < 1e-9


def test_a_tail_that_never_ends_is_no_minimum():
    system = sp.as_system(lambda x: x + np.exp(-(x**2)), state_size=1)
    with pytest.warns(StillpointWarning, match="no start reached a minimum"):
        assert len(sp.find_slow_points(system, np.linspace(-0.5, 0.5, 13)[:, None])) == 0


def test_an_interrupted_search_keeps_what_it_found(monkeypatch):
    from stillpoint.search.slow import describe as slow_evidence

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(slow_evidence, "_settled", interrupt)
    with pytest.warns(StillpointWarning, match="interrupted"):
        slow = sp.find_slow_points(scalar(2.0, 0.54), np.linspace(-1, 1, 20)[:, None])
    assert slow.label.tolist() == ["fixed point", "ghost"]


# -- forms and derivatives ------------------------------------------------------------------------


def relu_systems():
    rng = np.random.default_rng(0)
    W, B, b = rng.standard_normal((5, 5)), rng.standard_normal((5, 2)), rng.standard_normal(5)
    vanilla = sp.as_system(VanillaCell(W, B, b, phi="relu"))
    leaky = sp.as_system(LeakyCell(W, B, b, alpha=rng.uniform(0.1, 1, 5), phi="relu"))
    rates = sp.as_system(LeakyRateCell(W, B, b, "relu", alpha=rng.uniform(0.1, 1, 5)))
    linear = sp.as_system(VanillaCell(W, B, b, phi="linear"))
    slow = sp.as_system(LeakyCell(W, B, b, alpha=rng.uniform(0.1, 1, 5), phi="linear"))
    return {
        "vanilla": vanilla,
        "leaky": leaky,
        "leaky rate": rates,
        "linear": linear,
        "leaky linear": slow,
        "clamped": leaky.clamp([0.3, -0.2]),
        "restricted": vanilla.restrict(units=[3, 0]),
        "restricted, held": leaky.restrict(units=[3, 0], holding=np.ones(5)),
    }


@pytest.mark.parametrize("name", relu_systems())
def test_piecewise_forms_are_the_motion(name):
    system = relu_systems()[name]
    form = system.dynamics.piecewise_linear()
    rng = np.random.default_rng(1)
    x, u = rng.standard_normal((9, system.state_size)), rng.standard_normal((9, system.input_size))
    np.testing.assert_allclose(form.residual(x, u), system.residual(x, u), atol=1e-14)
    slope = system.jacobian(x, u) - np.eye(system.state_size)
    np.testing.assert_allclose(form.jacobian(x, u), slope, atol=1e-14)


@pytest.mark.parametrize("phi", ["tanh", "sigmoid", "softplus"])
@pytest.mark.parametrize("make", ["vanilla", "leaky", "leaky rate", "restricted", "clamped"])
def test_closed_forms_of_the_curvature_are_derivatives(make, phi):
    rng = np.random.default_rng(2)
    W, B, b = rng.standard_normal((4, 4)), rng.standard_normal((4, 2)), rng.standard_normal(4)
    leaky = sp.as_system(LeakyCell(W, B, b, alpha=rng.uniform(0.1, 1, 4), phi=phi))
    vanilla = sp.as_system(VanillaCell(W, B, b, phi=phi))
    system = {
        "vanilla": vanilla,
        "leaky": leaky,
        "leaky rate": sp.as_system(LeakyRateCell(W, B, b, phi, alpha=rng.uniform(0.1, 1, 4))),
        "restricted": vanilla.restrict(units=[2, 0, 3]),
        "clamped": leaky.clamp([0.1, 0.2]),
    }[make]
    d, m = system.state_size, system.input_size
    x, u, w = rng.standard_normal((3, d)), rng.standard_normal((3, m)), rng.standard_normal((3, d))
    exact = system.dynamics.curvature(x, u, w)
    h = 1e-5
    for j in range(d):
        move = h * np.eye(d)[j]
        difference = (system.vjp(x + move, u, w) - system.vjp(x - move, u, w)) / (2 * h)
        np.testing.assert_allclose(exact[:, :, j], difference, atol=1e-9)


@pytest.mark.parametrize("cell", ["gru", "lstm"])
def test_the_hessian_of_q_is_its_second_derivative(cell):
    rng = np.random.default_rng(0)
    gates = {"gru": 3, "lstm": 4}[cell]
    weights = (rng.standard_normal((gates * 3, 3)), np.zeros((gates * 3, 0)), np.zeros(gates * 3))
    made = GRUCell(*weights, np.zeros(3)) if cell == "gru" else LSTMCell(*weights)
    system = sp.as_system(made)
    x = rng.standard_normal((2, system.state_size))
    hessian = -Descent(system.dynamics).jacobian(x, np.zeros((2, 0)))
    h = 1e-3
    for j, move in enumerate(h * np.eye(system.state_size)):
        # fourth order, from values of q alone
        values = [q_of(system, x + k * move) for k in (-2, -1, 0, 1, 2)]
        second = np.tensordot([-1, 16, -30, 16, -1], values, axes=1) / (12 * h * h)
        np.testing.assert_allclose(hessian[:, j, j], second, rtol=1e-6, atol=1e-7)


@pytest.mark.torch
def test_torch_functions_have_slow_points_too():
    import torch

    system = sp.as_system(lambda x: torch.tanh(2 * x + 0.54), state_size=1, framework="torch")
    slow = sp.find_slow_points(system, np.linspace(-1, 1, 20)[:, None])
    ours = sp.find_slow_points(scalar(2.0, 0.54), np.linspace(-1, 1, 20)[:, None])
    np.testing.assert_allclose(slow.xstar, ours.xstar, atol=1e-8)
    np.testing.assert_allclose(slow.dwell_time, ours.dwell_time, rtol=1e-6)


# -- the record -----------------------------------------------------------------------------------


def test_slow_points_survive_saving(tmp_path):
    system, starts, u = relu_network()
    slow = sp.find_slow_points(system, starts, u)
    again = sp.load(slow.save(tmp_path / "slow.nc"))
    assert isinstance(again, sp.SlowPoints)
    assert repr(again) == repr(slow)
    np.testing.assert_array_equal(again.label, slow.label)
    np.testing.assert_array_equal(again.eigenvalues, slow.eigenvalues)


def test_choosing_keeps_starts_in_step():
    slow = sp.find_slow_points(scalar(2.0, 0.54), np.linspace(-1, 1, 20)[:, None])
    ghost = slow[slow.label == "ghost"]
    assert (ghost.starts.point >= 0).sum() == ghost.hits.sum() == slow.hits[1]
    assert len(slow.fixed) + len(slow.ghosts) + len(slow.region_samples) == len(slow)


def test_inputs_are_told_apart():
    system = sp.as_system(lambda x, u: np.tanh(2 * x + u), state_size=1, input_size=1)
    starts = np.repeat(np.linspace(-1, 1, 20), 2)[:, None]
    slow = sp.find_slow_points(system, starts, np.tile([[0.54], [0.2]], (20, 1)))
    inside, outside = (slow[slow.inputs[:, 0] == u] for u in (0.2, 0.54))
    assert inside.label.tolist() == ["fixed point"] * 3
    assert outside.label.tolist() == ["fixed point", "ghost"]


# -- the classic picture --------------------------------------------------------------------------


def test_states_below_a_speed_are_a_sample_of_a_region():
    system, starts, u = relu_network()
    slow = sp.find_slow_points(system, starts, u)
    least = slow.speed[slow.speed > 1e-10].min()
    sample = sp.sample_slow_states(system, starts, u, speed=1.05 * least)
    assert len(sample)
    assert (
        np.linalg.norm(system.residual(sample.end, sample.inputs), axis=1) <= 1.05 * least
    ).all()
    assert set(sample.status) == {Status.BELOW_SPEED}
    assert len(sp.sample_slow_states(system, starts, u, speed=0.5 * least)) == 0


# -- the door -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tol": 0.0}, "tol: got 0"),
        ({"slope_tol": 0.0}, "slope_tol: got 0"),
        ({"slope_tol": -1.0}, "slope_tol"),
        ({"tol_unique": 0}, "tol_unique"),
        ({"max_steps": 0}, "max_steps"),
        ({"states": np.zeros((0, 1))}, "states: got 0 starts"),
        ({"states": np.zeros((3, 2))}, "states"),
        ({"solver": []}, "solver"),
    ],
)
def test_wrong_arguments_are_named(options, message):
    arguments = {"system": scalar(2.0, 0.54), "states": np.zeros((3, 1))} | options
    with pytest.raises(ArgumentError, match=message):
        sp.find_slow_points(arguments.pop("system"), arguments.pop("states"), **arguments)


def test_speed_must_be_positive():
    with pytest.raises(ArgumentError, match="speed: got 0"):
        sp.sample_slow_states(scalar(2.0, 0.5), [[0.1]], speed=0)


def test_the_exact_solver_is_refused_where_the_motion_bends():
    with pytest.raises(ArgumentError, match="LevenbergMarquardt"):
        sp.find_slow_points(scalar(2.0, 0.5), [[0.1]], solver=PiecewiseNewton())


def test_observed_systems_have_no_slow_points_of_their_own():
    with pytest.raises(ArgumentError, match="observed"):
        sp.find_slow_points(scalar(2.0, 0.5).observe("tanh"), [[0.1]])


def test_a_search_that_ends_nowhere_says_so():
    system = scalar(2.0, 0.54)
    with pytest.warns(StillpointWarning, match="used up its steps"):
        slow = sp.find_slow_points(system, [[0.9]], max_steps=1)
    assert len(slow) == 0
    assert "no minimum" in repr(slow)
    assert slow.starts.status.tolist() == [Status.MAX_STEPS]


def test_nothing_that_the_caller_owns_is_changed():
    system, starts, u = relu_network()
    before = starts.copy()
    sp.find_slow_points(system, starts, u)
    np.testing.assert_array_equal(starts, before)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), d=st.integers(1, 6), gain=st.floats(0.2, 3))
def test_descents_end_at_minima_or_say_that_they_do_not(seed, d, gain):
    rng = np.random.default_rng(seed)
    phi = ("relu", "tanh")[seed % 2]
    W = gain * rng.standard_normal((d, d))
    system = sp.as_system(VanillaCell(W, np.zeros((d, 0)), rng.standard_normal(d), phi=phi))
    slow = sp.find_slow_points(system, rng.standard_normal((10, d)))
    for point in slow:
        around = point.xstar + 1e-5 * rng.standard_normal((20, d))
        assert q_of(system, around).min() >= point.q[0] * (1 - 1e-12) - 1e-24
