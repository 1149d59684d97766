"""Systems made from systems: restricted, iterated, observed, clamped, discretised, simulated."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, Status, StillpointWarning
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, VanillaCell
from stillpoint.dynamics import Regions
from stillpoint.dynamics.transforms import Iterated

D, M = 5, 2


def network(seed: int = 0, gain: float = 1.5) -> sp.System:
    """Return a random vanilla network of five units with two inputs and two regions."""
    rng = np.random.default_rng(seed)
    cell = VanillaCell(
        gain * rng.standard_normal((D, D)) / np.sqrt(D),
        rng.standard_normal((D, M)),
        0.1 * rng.standard_normal(D),
    )
    return sp.as_system(cell, regions={"front": [0, 3], "back": [1, 2, 4]})


def rows(d: int, n: int = 6, seed: int = 1) -> np.ndarray:
    """Return random rows."""
    return np.random.default_rng(seed).standard_normal((n, d))


def differences(function, x: np.ndarray, spacing: float = 1e-5) -> np.ndarray:
    """Return a Jacobian by central differences, right to about 1e-10."""
    moves = spacing * np.eye(x.shape[1])
    columns = [(function(x + move) - function(x - move)) / (2 * spacing) for move in moves]
    return np.stack(columns, axis=2)


# -- restrict -----------------------------------------------------------------------------------


@pytest.mark.parametrize("kept", [[0, 3], [3, 0], [4], [2, 1, 4], [0, 1, 2, 3, 4]])
def test_restricted_units_move_as_in_the_whole_network(kept):
    """Every row has its own held context, behind the inputs."""
    whole, x, u = network(), rows(D), rows(M, seed=2)
    held = [i for i in range(D) if i not in kept]
    part = whole.restrict(units=kept)
    context = np.hstack([u, x[:, held]])
    jacobian, input_jacobian = whole.jacobian(x, u), whole.input_jacobian(x, u)

    assert (part.state_size, part.input_size) == (len(kept), M + len(held))
    np.testing.assert_array_equal(part.step(x[:, kept], context), whole.step(x, u)[:, kept])
    np.testing.assert_array_equal(part.jacobian(x[:, kept], context), jacobian[:, kept][:, :, kept])
    expected = np.concatenate([input_jacobian[:, kept], jacobian[:, kept][:, :, held]], axis=2)
    np.testing.assert_array_equal(part.input_jacobian(x[:, kept], context), expected)


def test_restricted_jacobians_are_derivatives():
    part = network().restrict("front")
    x, u = rows(2), rows(M + 3, seed=2)
    in_state = differences(lambda y: part.step(y, u), x)
    np.testing.assert_allclose(part.jacobian(x, u), in_state, rtol=0, atol=1e-9)
    in_inputs = differences(lambda v: part.step(x, v), u)
    np.testing.assert_allclose(part.input_jacobian(x, u), in_inputs, rtol=0, atol=1e-9)


def test_regions_restrict_in_the_order_named():
    whole, x, u = network(), rows(D), rows(M, seed=2)
    part = whole.restrict("back", "front")
    order = [1, 2, 4, 0, 3]
    np.testing.assert_array_equal(part.step(x[:, order], u), whole.step(x, u)[:, order])
    assert part.state_regions.indices("front").tolist() == [3, 4]


def test_restricted_systems_name_what_is_held():
    part = network().restrict("front")
    assert part.input_regions.indices("held").tolist() == [2, 3, 4]
    assert list(part.state_regions) == ["front"]
    assert part.state_regions.indices("front").tolist() == [0, 1]
    lin = sp.linearize(part, rows(2), rows(M + 3, seed=2))
    assert lin.block("front", "held").shape == (6, 2, 3)


@pytest.mark.parametrize("make", ["vanilla", "leaky", "GRU", "LSTM"])
def test_a_part_of_a_fixed_point_is_fixed_while_the_rest_is_held(make):
    rng = np.random.default_rng(4)
    w = lambda *shape: 2 * rng.standard_normal(shape) / np.sqrt(shape[-1])  # noqa: E731
    cell = {
        "vanilla": lambda: VanillaCell(w(4, 4), np.zeros((4, 0)), w(4)),
        "leaky": lambda: LeakyCell(w(4, 4), np.zeros((4, 0)), w(4), np.full(4, 0.2)),
        "GRU": lambda: GRUCell(w(12, 4), np.zeros((12, 0)), w(12), w(4)),
        "LSTM": lambda: LSTMCell(w(8, 2), np.zeros((8, 0)), w(8)),
    }[make]()
    system = sp.as_system(cell)
    x = sp.find_fixed_points(system, rows(4, n=100)).xstar
    kept, held = [2, 0], [1, 3]
    part = system.restrict(units=kept)
    np.testing.assert_allclose(part.residual(x[:, kept], x[:, held]), 0, atol=1e-12)
    near = x[:, kept] + 1e-3 * rows(2, n=len(x))
    found = sp.find_fixed_points(part, near, x[:, held])
    assert (found.starts.status == Status.FIXED_POINT).all()
    assert np.abs(found.starts.end - x[:, kept]).max() < 0.1
    problem = part.dynamics.equilibrium_problem()
    np.testing.assert_allclose(problem.residual(x[:, kept], x[:, held]), 0, atol=1e-11)


def test_a_context_of_its_own_for_every_start():
    """x0' = tanh(2 x0 + x1) with x1 held: the fold at x1 = -+.5328 divides the contexts."""
    W = np.array([[2.0, 1.0], [0.0, 0.0]])
    part = sp.as_system(VanillaCell(W, np.zeros((2, 0)), np.zeros(2))).restrict(units=[0])
    contexts = np.repeat([-0.6, -0.5, 0.0, 0.5, 0.6], 100)[:, None]
    states = np.tile(np.linspace(-1, 1, 100), 5)[:, None]
    tallies = sp.find_fixed_points(part, states, contexts).census().tallies
    assert [tally.n_points for tally in tallies] == [1, 3, 3, 3, 1]


@pytest.mark.parametrize(
    ("regions", "units", "message"),
    [
        ((), None, "name regions, or pass units="),
        (("front",), [0], "one of the two"),
        (("middle",), None, "region: got 'middle'.*'front', 'back'"),
        ((), [5], r"outside 0\.\.4"),
        ((), [-1], r"outside 0\.\.4"),
        ((), [0, 0], "names a unit twice"),
    ],
)
def test_bad_restrictions_are_refused(regions, units, message):
    with pytest.raises(ArgumentError, match=message):
        network().restrict(*regions, units=units)


def test_a_stated_index_sum_does_not_hold_for_a_part():
    """x' = A x has the one point 0, of index det(I - A) = 1; its first unit alone has index -1."""
    A = np.array([[2.0, 1.0], [-3.0, -1.0]])
    whole = sp.as_system(lambda x: x @ A.T, state_size=2, lefschetz=1)
    points = sp.find_fixed_points(whole.restrict(units=[0]), rows(1), [0.0])
    assert points.index.tolist() == [-1]
    assert points.census().tallies[0].missing_at_least == 0


# -- iterate ------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", [1, 2, 5])
def test_iterating_is_stepping_repeatedly(times):
    system, x, u = network(), rows(D), rows(M, seed=2)
    expected = x
    for _ in range(times):
        expected = system.step(expected, u)
    repeated = system.iterate(times)
    np.testing.assert_array_equal(repeated.step(x, u), expected)
    in_state = differences(lambda y: repeated.step(y, u), x)
    np.testing.assert_allclose(repeated.jacobian(x, u), in_state, rtol=0, atol=1e-8)
    in_inputs = differences(lambda v: repeated.step(x, v), u)
    np.testing.assert_allclose(repeated.input_jacobian(x, u), in_inputs, rtol=0, atol=1e-8)


def test_the_jacobian_of_a_cycle_is_the_product_along_it():
    system, x, u = network(), rows(D), rows(M, seed=2)
    y = system.step(x, u)
    expected = system.jacobian(y, u) @ system.jacobian(x, u)
    np.testing.assert_allclose(system.iterate(2).jacobian(x, u), expected, rtol=0, atol=1e-14)


def test_a_repeated_step_lasts_longer():
    cell = VanillaCell(np.eye(1), np.zeros((1, 0)), np.zeros(1))
    assert sp.as_system(cell, dt=0.1).iterate(3).dt == pytest.approx(0.3)
    assert sp.as_system(cell).iterate(3).dt is None


def test_rotation_by_a_third_is_a_cycle_of_three():
    angle = 2 * np.pi / 3
    R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    system = sp.as_system(lambda x: x @ R.T, state_size=2)
    np.testing.assert_allclose(system.iterate(3).residual(rows(2)), 0, atol=1e-14)
    assert np.abs(system.iterate(2).residual(rows(2))).max() > 0.5


def test_a_stated_index_sum_does_not_hold_for_cycles():
    """x' = -2 x: 0 has index +1 under F and -1 under F^2, and it is the only point of both."""
    system = sp.as_system(lambda x: -2 * x, state_size=1, lefschetz=1)
    points = sp.find_fixed_points(system.iterate(2), rows(1))
    assert points.index.tolist() == [-1]
    assert points.census().tallies[0].missing_at_least == 0


@pytest.mark.parametrize("times", [0, -1])
def test_bad_numbers_of_steps_are_refused(times):
    with pytest.raises(ArgumentError, match="times: got"):
        network().iterate(times)


ANGLE = 0.7
ROTATING = VanillaCell(
    1.5 * np.array([[np.cos(ANGLE), -np.sin(ANGLE)], [np.sin(ANGLE), np.cos(ANGLE)]]),
    np.zeros((2, 0)),
    np.zeros(2),
)


@pytest.mark.parametrize("given", [ROTATING, lambda x: np.tanh(x @ ROTATING.W.T)], ids=type)
@pytest.mark.parametrize("times", [7, 8, 9, 10, 20])
def test_an_unstable_fixed_point_is_found_among_cycles_from_every_start(given, times):
    """Orbits run to a closed curve on which the state turns; no state returns after n steps."""
    system = sp.as_system(given, 2, recognise=False) if callable(given) else sp.as_system(given)
    starts = np.random.default_rng(0).uniform(-1, 1, (200, 2))
    points = sp.find_fixed_points(system.iterate(times), starts, orbits=False)
    np.testing.assert_allclose(points.xstar, [[0, 0]], atol=1e-12)
    assert points.hits.tolist() == [200]
    assert points.n_unstable.tolist() == [2]


def logistic(x):
    return 4 * x * (1 - x)


@pytest.mark.parametrize("period", [5, 7])
def test_all_cycles_of_the_logistic_map(period):
    """F^n(x) = x where x = sin^2(pi k / (2^n - 1)) or sin^2(pi k / (2^n + 1))."""
    n = 2**period
    turns = [np.arange(n // 2) / (n - 1), np.arange(n // 2 + 1) / (n + 1)]
    wanted = np.sin(np.pi * np.concatenate(turns)) ** 2
    wanted = np.unique(wanted.round(12))
    starts = np.linspace(0, 1, 40 * n)[:, None]
    points = sp.find_fixed_points(sp.as_system(logistic, 1).iterate(period), starts)
    np.testing.assert_allclose(np.sort(points.xstar[:, 0]), wanted, atol=1e-11)
    slopes = np.abs(points.eigenvalues[:, 0])
    np.testing.assert_allclose(np.delete(slopes, slopes.argmax()), n, rtol=1e-6)


def test_a_cycle_that_repels_beyond_float64_is_found():
    """The multiplier of a cycle of 60 steps is 2^60: its own rounding hides that it returns."""
    points = sp.find_fixed_points(
        sp.as_system(logistic, 1).iterate(60), [[0.75 + 1e-9], [1e-12]], orbits=False, rounds=0
    )
    np.testing.assert_allclose(np.sort(points.xstar[:, 0]), [0, 0.75], atol=1e-12)


@pytest.mark.parametrize("times", [1, 3, 40])
def test_the_equations_of_a_cycle_are_those_of_its_first_state(times):
    cell = network().dynamics
    iterated = Iterated(cell, times)
    problem, x, u = iterated.equilibrium_problem(), rows(D), rows(M, seed=2)
    y = problem.coordinates(x, u)
    assert y.shape[1] == min(times, 16) * D
    np.testing.assert_array_equal(problem.state(y, u), x)
    residual = problem.residual(y, u)
    np.testing.assert_allclose(residual[:, :D], iterated.step(x, u) - x, atol=1e-14)
    np.testing.assert_allclose(residual[:, D:], 0, atol=1e-14)
    slope = problem.jacobian(y, u)
    np.testing.assert_allclose(slope, differences(lambda z: problem.residual(z, u), y), atol=1e-8)
    motion = iterated.residual_problem().jacobian(x, u)
    np.testing.assert_allclose(np.linalg.det(-slope), np.linalg.det(-motion), rtol=1e-9)
    assert (problem.standing(x, u).reshape(len(x), -1, D) == x[:, None]).all()


@pytest.mark.parametrize("given", ["cell", "function"])
def test_the_answer_to_a_periodic_input(given):
    """x' = .9 x + cos(2 pi t / 8) swings by Re(a e^(i w t)), a = 1 / (e^(i w) - .9)."""
    one = np.ones((1, 1))
    cell = VanillaCell(0.9 * one, one, np.zeros(1), "linear")
    system = sp.as_system(
        cell if given == "cell" else lambda x, u: 0.9 * x + u,
        *(() if given == "cell" else (1, 1)),
        dt=0.5,
    )
    w = 2 * np.pi / 8
    period = system.periodic(np.cos(w * np.arange(8))[:, None])
    points = sp.find_fixed_points(period, [[0.0], [3.0]])
    amplitude = 1 / (np.exp(1j * w) - 0.9)
    assert abs(amplitude) == pytest.approx(1.36435958912, abs=1e-11)
    np.testing.assert_allclose(points.xstar, [[amplitude.real]], atol=1e-12)
    np.testing.assert_allclose(points.eigenvalues, [[0.43046721]], atol=1e-10)
    assert (period.dt, period.input_size, period.iterate(2).dt) == (4.0, 0, 8.0)
    if given == "cell":
        assert sp.certify(period, points).certificate.proved.all()


def test_a_periodic_input_is_given_step_by_step():
    system, x, inputs = network(), rows(D), rows(M, n=5, seed=3)
    wanted = x
    for u in inputs:
        wanted = system.step(wanted, u)
    period = system.periodic(inputs)
    np.testing.assert_array_equal(period.step(x), wanted)
    np.testing.assert_allclose(period.jacobian(x), differences(period.step, x), atol=1e-8)
    assert period.input_jacobian(x).shape == (len(x), D, 0)
    assert system.periodic(inputs).info.weights_sha256 == period.info.weights_sha256
    assert system.periodic(inputs[::-1]).info.weights_sha256 != period.info.weights_sha256


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        (np.zeros(M), r"got shape \(2,\), but \(k, 2\)"),
        (np.zeros((0, M)), "one row for each step"),
        (np.zeros((4, 3)), "one row for each step"),
        (np.full((4, M), np.nan), "inputs"),
    ],
)
def test_bad_periods_are_refused(inputs, words):
    with pytest.raises(ArgumentError, match=words):
        network().periodic(inputs)


def test_a_flow_and_a_system_without_inputs_have_no_periods():
    with pytest.raises(ArgumentError, match="periodic: a flow"):
        sp.as_system(lambda x, u: u - x, 1, 1, kind="flow").periodic([[1.0]])
    with pytest.raises(ArgumentError, match=r"no inputs; see iterate\(k\)"):
        sp.as_system(ROTATING).periodic(np.zeros((3, 0)))


# -- conserving ---------------------------------------------------------------------------------


def switch(x):
    """A switch between two forms of a molecule, whose sum is conserved."""
    A, B = x.T
    rate = (0.02 + 2 * A**4 / (1 + A**4)) * B - 0.9 * A
    return np.stack([rate, -rate], axis=1)


def test_points_on_the_leaf_of_a_conserved_sum():
    """On A + B = 2 the roots are those of a quintic."""
    system = sp.as_system(switch, 2, kind="flow")
    A = np.random.default_rng(0).uniform(0, 2, (200, 1))
    starts = np.hstack([A, 2 - A])
    quintic = np.polynomial.Polynomial([0.04, -0.92, 0, 0, 4.04, -2.92])
    wanted = np.sort(quintic.roots()[np.abs(quintic.roots().imag) < 1e-9].real)
    leaf = system.conserving([1.0, 1.0])
    points = sp.find_fixed_points(leaf, starts)
    order = np.argsort(points.xstar[:, 0])
    np.testing.assert_allclose(points.xstar[order, 0], wanted, atol=1e-10)
    np.testing.assert_allclose(wanted, [0.0435, 0.7986, 1.2136], atol=5e-5)
    np.testing.assert_allclose(points.to_full().sum(axis=1), 2)
    assert points.is_stable[order].tolist() == [True, False, True]
    assert points.index.sum() == 1
    assert dict(leaf.input_regions.members) == {"conserved": range(1)}
    held = sp.find_fixed_points(system.conserving([[1.0, 1.0]], values=[2.0]), starts)
    np.testing.assert_allclose(np.sort(held.xstar[:, 0]), wanted, atol=1e-10)
    other = sp.find_fixed_points(leaf, [[0.5, 0.5]])
    np.testing.assert_allclose(other.to_full().sum(axis=1), 1)


def on_a_leaf(size=5, sums=2):
    """Return a map that conserves some sums, with these."""
    rng = np.random.default_rng(size)
    C, W = rng.standard_normal((sums, size)), rng.standard_normal((size, size))
    within = np.eye(size) - np.linalg.pinv(C) @ C
    system = sp.as_system(lambda x, u: x + 0.3 * (np.tanh(x @ W.T + u) - x) @ within, size, size)
    return system, C


def test_a_leaf_is_the_whole_system_on_it(tmp_path):
    system, C = on_a_leaf()
    leaf = system.conserving(C)
    full, u = rows(5), rows(5, seed=2)
    x, v = leaf.from_full(full, u)
    np.testing.assert_allclose(leaf.to_full(x, v), full, atol=1e-12)
    np.testing.assert_allclose(leaf.to_full(leaf.step(x, v), v), system.step(full, u), atol=1e-12)
    in_state = differences(lambda y: leaf.step(y, v), x)
    np.testing.assert_allclose(leaf.jacobian(x, v), in_state, atol=1e-8)
    in_inputs = differences(lambda w: leaf.step(x, w), v)
    np.testing.assert_allclose(leaf.input_jacobian(x, v), in_inputs, atol=1e-8)
    w = rows(3, seed=4)
    bend = differences(lambda y: np.einsum("ni,nij->nj", w, leaf.jacobian(y, v)), x)
    np.testing.assert_allclose(leaf.dynamics.curvature(x, v, w), bend, atol=1e-6)
    points = sp.find_fixed_points(leaf, full, u[0])
    reached = points.starts.point >= 0
    assert reached.sum() >= 4
    ends = points.to_full()[points.starts.point[reached]]
    np.testing.assert_allclose(ends @ C.T, full[reached] @ C.T, atol=1e-12)
    across = np.abs(np.linalg.eigvals(system.jacobian(points.to_full(), u[:1])))
    np.testing.assert_allclose(np.sort(across, axis=1)[:, -2:], 1, atol=1e-6)
    points.save(tmp_path / "leaf.nc")
    again = sp.load(tmp_path / "leaf.nc")
    np.testing.assert_array_equal(again.to_full(), points.to_full())


def epidemic(x):
    """Susceptible, infected, recovered: their sum stays."""
    s, i, r = x.T
    return np.stack([-2 * s * i + 0.1 * r, 2 * s * i - 0.5 * i, 0.5 * i - 0.1 * r], axis=1)


@pytest.mark.parametrize("scale", [1.0, 2.0, 1e-6])
def test_starts_whose_sums_differ_by_rounding_lie_on_one_leaf(scale):
    system = sp.as_system(epidemic, 3, kind="flow")
    starts = np.random.default_rng(0).dirichlet(np.ones(3), 200)
    points = sp.find_fixed_points(system.conserving(scale * np.ones((1, 3))), starts)
    np.testing.assert_allclose(points.inputs, scale, rtol=1e-12)  # the sum itself
    assert len(np.unique(points.inputs)) == 1
    full = points.to_full()
    endemic = [0.25, 0.125, 0.625]
    np.testing.assert_allclose(full[np.argsort(full[:, 0])], [endemic, [1, 0, 0]], atol=1e-9)
    other = sp.find_fixed_points(system.conserving(np.ones(3)), starts[:50] * [[2.0]])
    np.testing.assert_allclose(other.inputs, 2)


def test_sums_that_stay_in_a_part_of_the_states_only_are_refused():
    def leaking(x):
        rate = x[:, 1] - 2 * x[:, 0]
        return np.stack([rate, -rate + np.minimum(x[:, 0], 0)], axis=1)

    with pytest.raises(ArgumentError, match="row 0 is not conserved"):
        sp.as_system(leaking, 2, kind="flow").conserving([1.0, 1.0])


def test_sums_of_very_different_sizes_are_independent():
    system, C = on_a_leaf()
    leaf = system.conserving(C * [[1e-12], [1e12]])
    assert leaf.state_size == 3
    full, u = rows(5), rows(5, seed=2)
    np.testing.assert_allclose(leaf.to_full(*leaf.from_full(full, u)), full, atol=1e-9)


def test_slow_systems_and_small_sums_are_tried_in_their_own_size():
    slow = sp.as_system(lambda x: 1e-10 * switch(x), 2, kind="flow")
    assert slow.conserving([1.0, 1.0]).state_size == 1
    for C in ([1.0, 2.0], [1e-10, 0.0]):
        with pytest.raises(ArgumentError, match="row 0 is not conserved"):
            slow.conserving(C)
    root = lambda x: np.stack([np.sqrt(x[:, 0] - 0.5), -np.sqrt(x[:, 0] - 0.5)], axis=1)  # noqa: E731
    assert sp.as_system(root, 2, kind="flow").conserving([1.0, 1.0]).state_size == 1


@pytest.mark.parametrize(
    ("C", "words"),
    [
        ([1.0, 0.0], "row 0 is not conserved: at random states the sum changes by"),
        ([[1.0, 1.0], [1.0, -1.0]], "fewer of them than units"),
        ([1.0, 1.0, 1.0], r"got shape \(1, 3\), but \(r, 2\)"),
        ([0.0, 0.0], "a row is zero, or follows from the others"),
        ([np.nan, 1.0], "C"),
        ("sum", "C"),
    ],
)
def test_what_is_not_conserved_is_refused(C, words):
    with pytest.raises(ArgumentError, match=words):
        sp.as_system(switch, 2, kind="flow").conserving(C)


def test_values_of_sums_have_their_number():
    with pytest.raises(ArgumentError, match=r"values: got shape \(2,\), but \(1,\)"):
        sp.as_system(switch, 2, kind="flow").conserving([1.0, 1.0], values=[1.0, 2.0])


def test_a_flow_has_no_steps_to_repeat():
    flow = sp.as_system(lambda x: -x, state_size=1, kind="flow")
    with pytest.raises(ArgumentError, match="make it a map by euler"):
        flow.iterate(2)


# -- observe ------------------------------------------------------------------------------------


def silent_unit() -> sp.System:
    """Return x' = x/2 + (u - 1)/2, driven to -1: its rate relu(x) is silent long before."""
    cell = LeakyCell(np.zeros((1, 1)), np.ones((1, 1)), -np.ones(1), np.array([0.5]), "relu")
    return sp.as_system(cell)


def search(system: sp.System, states, inputs=None) -> tuple[sp.FixedPoints, int]:
    """Return the points and the number of warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", StillpointWarning)
        return sp.find_fixed_points(system, np.array(states), inputs, rounds=0), len(caught)


def test_a_silent_unit_that_still_moves_is_no_fixed_point():
    """Below zero the rate stands still while the current drifts to -1."""
    observed = silent_unit().observe("relu")
    states = [[-0.3], [-0.5]]
    np.testing.assert_array_equal(observed.residual(np.array(states), [0.0]), 0)
    points, n_warnings = search(observed, states, [0.0])
    assert (len(points), n_warnings) == (0, 1)
    assert (points.starts.status == Status.OBSERVED_ONLY).all()
    assert (points.starts.q > 0.01).all()
    assert "the state itself moves on" in repr(points)


def test_a_silent_unit_at_rest_is_a_fixed_point():
    points, _ = search(silent_unit().observe("relu"), [[-1.0], [-0.5]], [0.0])
    assert points.xstar.tolist() == [[-1.0]]
    assert points.starts.counts() == {Status.FIXED_POINT: 1, Status.OBSERVED_ONLY: 1}


def test_an_active_unit_is_found_through_its_rate():
    points, _ = search(silent_unit().observe("relu"), [[0.5], [3.0]], [2.0])
    assert points.xstar[:, 0] == pytest.approx([1.0], abs=1e-12)
    assert (points.starts.status == Status.FIXED_POINT).all()


@pytest.mark.parametrize("order", ["observe, clamp", "clamp, observe"])
def test_what_is_observed_stays_observed_under_a_fixed_input(order):
    system = silent_unit()
    if order == "observe, clamp":
        system = system.observe("relu").clamp([0.0])
    else:
        system = system.clamp([0.0]).observe("relu")
    points, _ = search(system, [[-0.3], [-0.5]])
    assert len(points) == 0
    assert (points.starts.status == Status.OBSERVED_ONLY).all()


@pytest.mark.parametrize("make", [lambda s: s.iterate(2), lambda s: s.restrict(units=[0])])
def test_what_is_observed_is_not_silently_forgotten(make):
    """Either the new system is observed too, or it is refused."""
    try:
        made = make(silent_unit().clamp([0.0]).observe("relu"))
    except ArgumentError:
        return
    assert made.observed is not None


def test_the_observed_residual_is_the_motion_of_what_is_observed():
    system, x, u = network(), rows(D), rows(M, seed=2)
    pair = system.observe(lambda x: x[:, :2] ** 2)
    expected = system.step(x, u)[:, :2] ** 2 - x[:, :2] ** 2
    np.testing.assert_allclose(pair.residual(x, u), expected, rtol=0, atol=1e-15)
    problem = pair._observed_dynamics.residual_problem()
    slope = differences(lambda y: problem.residual(y, u), x)
    np.testing.assert_allclose(problem.jacobian(x, u), slope, rtol=0, atol=1e-8)
    np.testing.assert_array_equal(pair.jacobian(x, u), system.jacobian(x, u))
    assert pair.lefschetz == system.lefschetz  # only true fixed points are reported


def test_an_unknown_observable_is_refused():
    with pytest.raises(ArgumentError, match=r"got 'rellu'.*Did you mean 'relu'\?"):
        network().observe("rellu")


def test_a_flow_cannot_be_observed():
    flow = sp.as_system(lambda x: -x, state_size=1, kind="flow")
    with pytest.raises(ArgumentError, match="only maps can be observed"):
        flow.observe("relu")


# -- clamp --------------------------------------------------------------------------------------


def test_a_clamped_system_is_the_system_under_that_input():
    system, x, v = network(), rows(D), rows(D, seed=3)
    u = np.array([0.5, -2.0])
    clamped = system.clamp(u)
    assert clamped.input_size == 0
    for name in ("step", "residual", "jacobian"):
        np.testing.assert_array_equal(getattr(clamped, name)(x), getattr(system, name)(x, u))
    np.testing.assert_array_equal(clamped.jvp(x, None, v), system.jvp(x, u, v))
    np.testing.assert_array_equal(clamped.vjp(x, None, v), system.vjp(x, u, v))
    assert clamped.input_jacobian(x).shape == (len(x), D, 0)
    found = sp.find_fixed_points(clamped, rows(D, n=100))
    expected = sp.find_fixed_points(system, rows(D, n=100), u)
    np.testing.assert_array_equal(found.xstar, expected.xstar)
    assert len(found) > 0


@pytest.mark.parametrize("u", [0.5, [0.5], [[0.5, 1.0]], [1.0, 2.0, 3.0], [np.nan, 0.0]])
def test_bad_fixed_inputs_are_refused(u):
    with pytest.raises(ArgumentError, match=r"^u: "):
        network().clamp(u)


def test_different_fixed_inputs_have_different_fingerprints():
    system = network()
    assert system.clamp([0.0, 0.0]).fingerprint() != system.clamp([0.0, 1.0]).fingerprint()


# -- euler --------------------------------------------------------------------------------------


def damped_pendulum(dt: float | None = None) -> sp.System:
    """Return a driven flow with derivatives known by hand."""
    return sp.as_system(
        lambda x, u: np.stack([x[:, 1], -np.sin(x[:, 0]) - x[:, 1] / 4 + u[:, 0]], axis=1),
        state_size=2,
        input_size=1,
        kind="flow",
        dt=dt,
    )


def test_an_euler_step_moves_along_the_flow():
    flow, x, u = damped_pendulum(), rows(2), rows(1, seed=2)
    steps = flow.euler(0.1)
    assert (steps.kind, steps.dt) == ("map", 0.1)
    np.testing.assert_allclose(steps.step(x, u), x + 0.1 * flow.step(x, u), atol=1e-15)
    np.testing.assert_allclose(steps.residual(x, u), 0.1 * flow.residual(x, u), atol=1e-15)
    zeros, ones = np.zeros(len(x)), np.ones(len(x))
    analytic = np.moveaxis(np.array([[zeros, ones], [-np.cos(x[:, 0]), -ones / 4]]), 2, 0)
    np.testing.assert_allclose(flow.jacobian(x, u), analytic, atol=1e-10)
    np.testing.assert_allclose(steps.jacobian(x, u), np.eye(2) + 0.1 * analytic, atol=1e-10)
    expected = np.tile([[[0.0], [0.1]]], (len(x), 1, 1))
    np.testing.assert_allclose(steps.input_jacobian(x, u), expected, atol=1e-10)


@pytest.mark.parametrize(("dt", "stable"), [(0.1, True), (1.0, False)])
def test_a_long_euler_step_overshoots_a_stable_point(dt, stable):
    """At rest lambda = -1/8 +- i w with w^2 = 1 - 1/64; |1 + dt lambda| < 1 iff dt < 1/4."""
    steps = damped_pendulum().euler(dt)
    points = sp.find_fixed_points(steps, np.array([[0.1, 0.0]]), [0.0])
    assert points.is_stable.tolist() == [stable]
    modulus = abs(1 + dt * (-1 / 8 + 1j * np.sqrt(1 - 1 / 64)))
    np.testing.assert_allclose(np.abs(points.eigenvalues), modulus, atol=1e-9)


@pytest.mark.parametrize("dt", [0.0, -1.0, np.nan])
def test_bad_durations_are_refused(dt):
    with pytest.raises(ArgumentError, match=r"^dt: "):
        damped_pendulum().euler(dt)


def test_a_map_needs_no_euler_step():
    with pytest.raises(ArgumentError, match="a map already"):
        network().euler(0.1)


# -- simulate -----------------------------------------------------------------------------------


def test_simulating_a_map_is_stepping_it():
    system, x, inputs = network(), rows(D), np.random.default_rng(2).standard_normal((6, 9, M))
    trajectory = system.simulate(x, inputs)
    assert trajectory.shape == (6, 9, D)
    for t in range(9):
        x = system.step(x, inputs[:, t])
        np.testing.assert_array_equal(trajectory[:, t], x)


def test_an_autonomous_system_is_told_how_many_steps():
    system = network().clamp([0.0, 0.0])
    assert system.simulate(rows(D), steps=0).shape == (6, 0, D)
    trajectory = system.simulate(rows(D), steps=4)
    np.testing.assert_array_equal(trajectory[:, 3], system.iterate(4).step(rows(D)))


@pytest.mark.parametrize("rate", [-1.0, 0.5])
def test_a_flow_follows_the_exact_exponential(rate):
    """dx/dt = a x + u: each Runge-Kutta step of length h errs by about (a h)^5 / 120."""
    h, steps = 0.1, 20
    flow = sp.as_system(lambda x, u: rate * x + u, 1, 1, kind="flow", dt=h)
    drive = np.array([0.0, 0.7])
    x0 = np.array([[1.0], [-2.0]])
    trajectory = flow.simulate(x0, np.tile(drive[:, None, None], (1, steps, 1)))
    time = h * np.arange(1, steps + 1)
    rest = -drive[:, None] / rate
    exact = rest + (x0 - rest) * np.exp(rate * time)
    assert np.abs(trajectory[:, :, 0] - exact).max() < steps * h**5 / 10
    one_step = 1 + rate * h + (rate * h) ** 2 / 2 + (rate * h) ** 3 / 6 + (rate * h) ** 4 / 24
    assert trajectory[0, 0, 0] == pytest.approx(one_step, abs=1e-15)


def test_runge_kutta_is_of_fourth_order():
    """Half the step, a sixteenth of the error."""

    def error(h: float) -> float:
        flow = sp.as_system(lambda x: -np.sin(x), state_size=1, kind="flow", dt=h)
        end = flow.simulate(np.ones((1, 1)), steps=round(2 / h))[0, -1, 0]
        return abs(end - 2 * np.arctan(np.tan(0.5) * np.exp(-2)))

    assert np.log2(error(0.2) / error(0.1)) == pytest.approx(4, abs=0.3)


def test_a_flow_without_dt_cannot_be_simulated():
    with pytest.raises(ArgumentError, match=r"^dt: a flow needs a step"):
        damped_pendulum().simulate(rows(2), np.zeros((6, 3, 1)))


@pytest.mark.parametrize("shape", [(6, 3), (5, 3, M), (6, 3, M + 1)])
def test_inputs_of_a_simulation_that_do_not_fit_are_refused(shape):
    with pytest.raises(ArgumentError, match=r"inputs: got shape .* \(6, t, 2\) is wanted"):
        network().simulate(rows(D), np.zeros(shape))


def test_a_simulation_needs_inputs_or_steps():
    with pytest.raises(ArgumentError, match="inputs: got None"):
        network().simulate(rows(D), steps=3)
    with pytest.raises(ArgumentError, match="steps="):
        network().clamp([0.0, 0.0]).simulate(rows(D))


@pytest.mark.torch
def test_simulating_gives_back_what_it_was_given():
    """Tensors in, tensors out; NumPy in, NumPy out; the caller's states stay as they were."""
    import torch

    module = torch.nn.RNN(M, D).double()
    system = sp.as_system(module)
    x, inputs = rows(D), np.zeros((6, 3, M))
    before = x.copy()
    from_numpy = system.simulate(x, inputs)
    from_torch = system.simulate(torch.asarray(x), torch.asarray(inputs))
    assert isinstance(from_numpy, np.ndarray)
    assert isinstance(from_torch, torch.Tensor)
    np.testing.assert_array_equal(from_numpy, from_torch.numpy())
    np.testing.assert_array_equal(x, before)


# -- regions ------------------------------------------------------------------------------------


def test_regions_come_in_the_order_asked_for():
    regions = Regions(6, {"a": [4, 0], "b": range(1, 3)})
    assert regions.indices("b", "a").tolist() == [1, 2, 4, 0]
    assert regions.others(regions.indices("a")).tolist() == [1, 2, 3, 5]
    assert (list(regions), len(regions), list(regions["a"])) == (["a", "b"], 2, [4, 0])


def test_regions_that_lose_a_unit_are_dropped():
    regions = Regions(6, {"a": [4, 0], "b": [1, 2]})
    restricted = regions.restricted(np.array([4, 2, 0]))
    assert dict(restricted) == {"a": [0, 2]}
    assert restricted.size == 3


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"a": [0, 4]}, r"'a': got .* has indices outside 0\.\.3"),
        ({"a": [-1]}, r"'a': got .* has indices outside 0\.\.3"),
        ({"a": [1, 1]}, "'a': got .* names a unit twice"),
    ],
)
def test_bad_regions_are_refused(members, message):
    with pytest.raises(ArgumentError, match=message):
        Regions(4, members)


def test_regions_that_overlap_cannot_be_joined():
    regions = Regions(4, {"a": [0, 1], "b": [1, 2]})
    with pytest.raises(ArgumentError, match="a, b share units"):
        regions.indices("a", "b")


def test_an_lstm_names_its_parts():
    system = sp.as_system(LSTMCell(np.zeros((8, 2)), np.zeros((8, 0)), np.zeros(8)))
    assert {name: list(units) for name, units in system.state_regions.items()} == {
        "h": [0, 1],
        "c": [2, 3],
    }
    assert system.restrict("c").input_regions.indices("held").tolist() == [0, 1]


def test_what_was_made_of_a_system_is_told():
    system = sp.as_system(VanillaCell(np.eye(3) / 2, np.ones((3, 2)), np.zeros(3)))
    assert "3 states, no inputs, 4 steps of periodic input as one;" in repr(
        system.periodic(np.ones((4, 2)))
    )
    assert "2 inputs fixed, 3 steps as one;" in repr(system.clamp([1.0, 0.0]).iterate(3))
    assert "1 unit held;" in repr(system.restrict(units=[0, 2]))
    flow = sp.as_system(lambda x: -x, state_size=1, kind="flow")
    assert "Euler steps of 0.1;" in repr(flow.euler(0.1))
    turned = sp.as_system(lambda x: x[:, ::-1].copy(), state_size=2, recognise=False)
    assert "1 state, 1 input, 1 sum conserved;" in repr(turned.conserving([[1.0, 1.0]]))


def test_starts_of_kept_units_alone_are_refused_with_what_is_missing():
    system = sp.as_system(VanillaCell(np.eye(3) / 2, np.zeros((3, 0)), np.zeros(3)))
    part = system.restrict(units=[0, 2])
    with pytest.raises(sp.ArgumentError, match=r"kept units alone; pass those of all 3 units"):
        sp.find_fixed_points(part, np.zeros((4, 2)))
    assert len(sp.find_fixed_points(part, np.zeros((4, 3)))) == 1
