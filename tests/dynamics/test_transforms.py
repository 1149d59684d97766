"""Systems made from systems: restricted, iterated, observed, clamped, discretised, simulated."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, Status, StillpointWarning
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, VanillaCell
from stillpoint.dynamics import Regions

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
        return sp.find_fixed_points(system, np.array(states), inputs), len(caught)


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
