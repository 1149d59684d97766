"""What regions do: restricted searches, blocks, rates, and networks that obey Dale's law."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure
from scipy.optimize import linear_sum_assignment

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning
from stillpoint.cells import LeakyCell, VanillaCell
from stillpoint.dynamics import Regions
from stillpoint.local import partial_rate_jacobian, rate_jacobian, rates_at_fixed_state
from stillpoint.solvers import Status
from stillpoint.system import System
from stillpoint.tasks import FlipFlop, load_network

# Regions that lie between each other, so that no parent is a range of units.
MEMBERS = {"d1": [0, 1, 2], "ctx_e": [3, 4, 5, 6], "d2": [7, 8], "ctx_i": [9, 10, 11]}
PARENTS = {"str": ["d1", "d2"], "ctx": ["ctx_e", "ctx_i"]}
CORTEX = [3, 4, 5, 6, 9, 10, 11]
D, M = 12, 3


def circuit(form="leaky", phi="tanh", seed=0, gain=1.5, alpha=0.3):
    """Return a random network with regions, parents and two input regions."""
    rng = np.random.default_rng(seed)
    W = gain * rng.normal(size=(D, D)) / np.sqrt(D)
    weights = {"W": W, "B": rng.normal(size=(D, M)), "b": 0.3 * rng.normal(size=D), "phi": phi}
    leak = np.linspace(alpha, 2 * alpha, D)
    cell = LeakyCell(**weights, alpha=leak) if form == "leaky" else VanillaCell(**weights)
    return System.of(
        cell,
        state_regions=Regions(D, MEMBERS, PARENTS),
        input_regions=Regions(M, {"cue": [0, 1], "stop": [2]}),
    )


def contracting(form="leaky", phi="tanh", norm=0.9):
    """Return such a network whose cortex, alone, has weights of a norm below one.

    |phi'| <= 1, so the equilibrium of the cortex is the fixed point of a contraction under every
    context: there is exactly one (Banach). The whole network is strongly coupled.
    """
    cell = circuit(form, phi, gain=4.0).dynamics
    W = cell.W.copy()
    block = W[np.ix_(CORTEX, CORTEX)]
    W[np.ix_(CORTEX, CORTEX)] = norm * block / np.linalg.norm(block, 2)
    changed = type(cell)(**{**vars(cell), "W": W})
    return System.of(changed, state_regions=Regions(D, MEMBERS, PARENTS))


def normal(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def assert_same_set(first, second, tolerance):
    """Assert that two sets of complex numbers are one up to `tolerance`, in whatever order."""
    distances = np.abs(np.asarray(first)[:, None] - np.asarray(second)[None, :])
    pairs = linear_sum_assignment(distances)
    assert distances[pairs].max() < tolerance


def differences(function, x, step=1e-6):
    """Return the Jacobian of a function of a vector by central differences."""
    columns = [(function(x + e) - function(x - e)) / (2 * step) for e in step * np.eye(len(x))]
    return np.stack(columns, axis=1)


# -- trained networks that obey Dale's law ---------------------------------------------------------


@pytest.fixture(scope="module")
def dale():
    """The trained networks with their points, by name."""
    found = {}
    for name in ("dale_leaky", "dale_elman"):
        network = load_network(name)
        trials = FlipFlop().sample(128, np.random.default_rng(0))
        states, outputs = network.run(trials.inputs)
        assert FlipFlop().accuracy(outputs, trials) > 0.999
        starts = sp.sample_states(states, 1024, noise=0.75 * states.std())
        found[name] = network, sp.find_fixed_points(network.system, starts, np.zeros(3), rounds=5)
    return found


@pytest.mark.parametrize("name", ["dale_leaky", "dale_elman"])
def test_the_dale_networks_obey_the_law(dale, name):
    network, _ = dale[name]
    W = network.cell.W
    assert {region: len(units) for region, units in network.regions.items()} == {
        "exc": 21,
        "inh": 9,
    }
    assert list(network.system.state_regions) == ["exc", "inh"]
    assert (W[:, :21] >= 0).all()
    assert (W[:, 21:] <= 0).all()
    np.testing.assert_array_equal((W[:21, :21] == 0).sum(axis=0), 19)  # 90 % of 21, rounded
    assert isinstance(network.cell, LeakyCell if name == "dale_leaky" else VanillaCell)
    if name == "dale_leaky":
        np.testing.assert_array_equal(network.cell.alpha, 0.5)


@pytest.mark.parametrize("name", ["dale_leaky", "dale_elman"])
def test_the_dale_networks_have_all_27_points(dale, name):
    network, points = dale[name]
    tally = points.census().tallies[0]
    assert len(points) == 27
    assert points.index.sum() == tally.index_sum == 1
    assert tally.missing_at_least == 0
    assert tally.coverage > 0.998
    assert 27 <= tally.chao1 < 28
    assert points.q.max() <= 1e-24
    assert points.is_stable.sum() == 8
    corners = np.sign(network.read_out(points.stable.xstar))
    assert {tuple(c) for c in corners} == {tuple(c) for c in FlipFlop().corners()}


def split(beyond):
    return np.bincount(beyond.sum(axis=1)).tolist()


@pytest.mark.parametrize("name", ["dale_leaky", "dale_elman"])
def test_unstable_directions_are_counted_by_modulus(dale, name):
    """By the largest real part both networks read 8/12/6/1; the Elman network has other ones."""
    _, points = dale[name]
    by_modulus, by_real_part = np.abs(points.eigenvalues) > 1, points.eigenvalues.real > 1
    assert split(by_real_part) == [8, 12, 6, 1]
    np.testing.assert_array_equal(points.n_unstable, by_modulus.sum(axis=1))
    np.testing.assert_array_equal(points.is_stable, ~by_modulus.any(axis=1))
    # Every real mode beyond +1 turns the index; pairs, and modes beyond -1, do not.
    np.testing.assert_array_equal(points.index, (-1) ** by_real_part.sum(axis=1))
    if name == "dale_elman":
        assert split(by_modulus) != split(by_real_part)
        assert (points.n_unstable > by_real_part.sum(axis=1)).any()


def test_what_moduli_call_unstable_does_grow(dale):
    """Along products of the Jacobian with itself, as many directions grow as moduli say."""
    _, points = dale["dale_elman"]
    disputed = points.n_unstable != (points.eigenvalues.real > 1).sum(axis=1)
    assert disputed.any()
    for point in points[disputed]:
        basis, growth, steps = np.eye(30), np.zeros(30), 2000
        for _ in range(steps):
            basis, triangle = np.linalg.qr(point.jacobian[0] @ basis)
            growth += np.log(np.abs(np.diag(triangle))) / steps
        assert (growth > 0).sum() == point.n_unstable[0]


@pytest.mark.parametrize("alpha", [0.5, 0.1])
@pytest.mark.parametrize("name", [pytest.param("dale_leaky", marks=pytest.mark.slow), "dale_elman"])
def test_leaky_and_elman_networks_of_the_same_weights_have_the_same_equilibria(dale, name, alpha):
    """x = W phi(x) + b and h = phi(x); lambda_leaky = 1 - a + a lambda_elman."""
    network, known = dale[name]
    cell = network.cell
    weights = {"W": cell.W, "B": cell.B, "b": cell.b, "phi": cell.phi}
    elman = sp.as_system(VanillaCell(**weights))
    leaky = sp.as_system(LeakyCell(**weights, alpha=np.full(30, alpha)))
    rates = known.xstar if isinstance(cell, VanillaCell) else np.tanh(known.xstar)
    noise = 0.1 * normal(6 * len(rates), 30)
    starts = np.tile(rates, (6, 1)) + noise
    of_elman = sp.find_fixed_points(elman, starts, np.zeros(3))
    of_leaky = sp.find_fixed_points(leaky, starts @ cell.W.T + cell.b, np.zeros(3))
    assert len(of_elman) == len(of_leaky) == 27
    partner = of_elman.nearest(np.tanh(of_leaky.xstar))
    assert sorted(partner) == list(range(27))
    h = of_elman.xstar[partner]
    np.testing.assert_allclose(np.tanh(of_leaky.xstar), h, atol=1e-12)
    np.testing.assert_allclose(of_leaky.xstar, h @ cell.W.T + cell.b, atol=1e-11)
    np.testing.assert_array_equal(of_leaky.index, of_elman.index[partner])
    for k, j in enumerate(partner):
        expected = 1 - alpha + alpha * of_elman.eigenvalues[j]
        assert_same_set(of_leaky.eigenvalues[k], expected, 1e-10)


# -- restricted searches ---------------------------------------------------------------------------


@pytest.mark.parametrize("regions", [("ctx_i", "d1"), ("str",), ("d2", "ctx_e", "d1")])
@pytest.mark.parametrize("form", ["leaky", "elman"])
def test_each_start_holds_its_own_values(form, regions):
    system = circuit(form)
    kept = system.state_regions.indices(*regions)
    held = np.setdiff1d(np.arange(D), kept)
    x, u = normal(20, D, seed=1), normal(20, M, seed=2)
    points = sp.find_fixed_points(system.restrict(*regions), x, u)
    np.testing.assert_array_equal(points.starts.states, x[:, kept])
    np.testing.assert_array_equal(points.starts.inputs, np.hstack([u, x[:, held]]))
    assert (points.starts.status == Status.FIXED_POINT).all()

    whole = points.to_full()
    np.testing.assert_array_equal(whole[:, kept], points.xstar)
    np.testing.assert_array_equal(whole[points.starts.point][:, held], x[:, held])
    still = system.residual(whole, points.inputs[:, :M])
    assert np.abs(still[:, kept]).max() < 1e-12
    assert np.abs(still[:, held]).min(axis=1).max() > 1e-6
    again = sp.find_fixed_points(system.restrict(*regions), x[:, kept], np.hstack([u, x[:, held]]))
    np.testing.assert_array_equal(again.xstar, points.xstar)


@pytest.mark.parametrize("phi", ["tanh", "relu", "sigmoid", "softplus"])
@pytest.mark.parametrize("form", ["leaky", "elman"])
def test_one_context_gives_one_point_where_there_is_one(form, phi):
    system = contracting(form, phi)
    x = normal(20, D, seed=1)
    shared = x.copy()
    shared[:, [0, 1, 2, 7, 8]] = x[0, [0, 1, 2, 7, 8]]
    own = sp.find_fixed_points(system.restrict("ctx"), x, np.zeros(M))
    one = sp.find_fixed_points(system.restrict("ctx"), shared, np.zeros(M))
    held = sp.find_fixed_points(system.restrict("ctx", holding=x[0]), x, np.zeros(M))
    assert (len(own), len(one), len(held)) == (20, 1, 1)
    assert one.hits.tolist() == held.hits.tolist() == [20]
    np.testing.assert_allclose(one.xstar, held.xstar, atol=1e-12)
    np.testing.assert_allclose(one.to_full(), held.to_full(), atol=1e-12)
    at_first = own.xstar[own.starts.point[0]]
    np.testing.assert_allclose(one.xstar[0], at_first, atol=1e-12)


def test_the_context_is_given_as_held_values_or_as_a_state_of_the_whole():
    system, state = circuit(), normal(D)
    by_state = system.restrict("ctx_i", "d1", holding=state)
    by_values = system.restrict("ctx_i", "d1", holding=state[[3, 4, 5, 6, 7, 8]])
    assert by_state.input_size == by_values.input_size == M
    assert list(by_state.input_regions) == ["cue", "stop"]
    x, u = normal(5, 6), normal(5, M)
    np.testing.assert_array_equal(by_state.step(x, u), by_values.step(x, u))
    free = system.restrict("ctx_i", "d1")
    context = np.tile(state[[3, 4, 5, 6, 7, 8]], (5, 1))
    np.testing.assert_array_equal(by_state.step(x, u), free.step(x, np.hstack([u, context])))
    with pytest.raises(ArgumentError, match=r"holding: got shape \(5,\).*\(6,\).*\(12,\)"):
        system.restrict("ctx_i", "d1", holding=np.zeros(5))


@pytest.mark.parametrize("holding", [False, True])
@pytest.mark.parametrize("also", [None, "clamp", "observe", "observe and clamp"])
def test_from_full_and_to_full_are_inverse(holding, also):
    system, x, u = circuit(), normal(5, D), normal(5, M, seed=1)
    if holding:
        x[:, :] = np.where(np.isin(np.arange(D), [0, 1, 2, 9, 10, 11]), x, x[0])
    part = system.restrict("ctx_i", "d1", holding=x[0] if holding else None)
    if also and "observe" in also:
        part = part.observe("tanh")
    if also and "clamp" in also:
        held = x[0, 3:9]
        x[:, 3:9] = held
        u = np.tile(u[0], (5, 1))
        part = part.clamp(u[0] if holding else np.hstack([u[0], held]))
        u = None
    states, inputs = part.from_full(x, u)
    assert states.shape == (5, part.state_size)
    assert inputs.shape == (5, part.input_size)
    np.testing.assert_array_equal(states, x[:, [9, 10, 11, 0, 1, 2]])
    np.testing.assert_array_equal(part.to_full(states, inputs), x)
    again = part.from_full(part.to_full(states, inputs), u)
    np.testing.assert_array_equal(again[0], states)
    np.testing.assert_array_equal(again[1], inputs)


def test_a_restriction_is_the_kept_rows_of_the_whole():
    system, x, u = circuit("elman"), normal(4, D), normal(4, M)
    part = system.restrict("d2", "ctx")
    kept = [7, 8, *CORTEX]
    assert part.state_size == 9
    assert {name: list(part.state_regions[name]) for name in part.state_regions} == {
        "ctx_e": [2, 3, 4, 5],
        "d2": [0, 1],
        "ctx_i": [6, 7, 8],
    }
    assert part.state_regions.indices("ctx", "d2").tolist() == [2, 3, 4, 5, 6, 7, 8, 0, 1]
    states, inputs = part.from_full(x, u)
    np.testing.assert_allclose(part.step(states, inputs), system.step(x, u)[:, kept], atol=1e-15)
    whole = system.jacobian(x, u)
    np.testing.assert_allclose(
        part.jacobian(states, inputs), whole[:, kept][:, :, kept], atol=1e-15
    )
    by_units = system.restrict(units=kept)
    np.testing.assert_array_equal(by_units.step(states, inputs), part.step(states, inputs))


def test_a_restriction_can_be_restricted():
    system, x, u = circuit(), normal(4, D), normal(4, M)
    once = system.restrict("ctx", "d1")
    twice = once.restrict("ctx_i")
    states, inputs = twice.from_full(*once.from_full(x, u))
    np.testing.assert_allclose(
        twice.step(states, inputs), system.step(x, u)[:, [9, 10, 11]], atol=1e-15
    )
    whole = once.to_full(twice.to_full(states, inputs), once.from_full(x, u)[1])
    np.testing.assert_array_equal(whole, x)


def test_full_states_survive_saving_and_selecting(tmp_path):
    system, x = circuit(), normal(6, D)
    for holding in (None, x[0]):
        part = system.restrict("ctx_i", "d1", holding=holding)
        points = sp.find_fixed_points(part, x, np.zeros(M))
        again = sp.load(points.save(tmp_path / "points.nc"))
        np.testing.assert_array_equal(again.to_full(), points.to_full())
        np.testing.assert_array_equal(points[::-1].to_full(), points.to_full()[::-1])


def test_whole_systems_have_no_larger_one():
    system = circuit()
    for act in (system.from_full, system.to_full):
        with pytest.raises(ArgumentError, match="not a restriction"):
            act(np.zeros((1, D)), np.zeros(M))
    points = sp.find_fixed_points(contracting(), normal(50, D), np.zeros(M), rounds=2)
    with pytest.raises(ArgumentError, match="`xstar` is the full state"):
        points.to_full()


@pytest.mark.parametrize(
    ("regions", "message"),
    [
        (("ctx", "V1"), r"got 'V1'.*'d1', 'ctx_e', 'd2', 'ctx_i', 'str', 'ctx'"),
        (("ctx", "ctx_e"), "ctx, ctx_e share units"),
        ((), "name regions"),
    ],
)
def test_wrong_regions_are_named(regions, message):
    with pytest.raises(ArgumentError, match=message):
        circuit().restrict(*regions)


def test_starts_of_the_wrong_width_are_refused():
    with pytest.raises(ArgumentError, match=r"states: got shape \(3, 11\).*7"):
        sp.find_fixed_points(circuit().restrict("ctx"), np.zeros((3, D - 1)), np.zeros(M))


# -- blocks ----------------------------------------------------------------------------------------


def test_blocks_are_rows_and_columns_of_the_jacobian_in_the_order_asked_for():
    system, x, u = circuit(), normal(4, D), normal(4, M)
    lin = sp.linearize(system, x, u)
    for to in (["d2"], ["ctx_i", "d1"], ["str"], ["d2", "ctx"]):
        for source in (["ctx"], ["d1", "d2"], ["d2", "d1"]):
            rows, columns = (system.state_regions.indices(*names) for names in (to, source))
            expected = lin.A[:, rows][:, :, columns]
            np.testing.assert_array_equal(lin.block(to=to, source=source), expected)
    np.testing.assert_array_equal(
        lin.block(to="str", source="ctx"), lin.A[:, [0, 1, 2, 7, 8]][:, :, CORTEX]
    )
    np.testing.assert_array_equal(lin.block(to="d2", source="stop"), lin.B[:, 7:9, 2:])
    np.testing.assert_array_equal(
        lin.block(to="ctx", source=["stop", "cue"]), lin.B[:, CORTEX][:, :, [2, 0, 1]]
    )


def test_held_regions_keep_their_names_among_the_inputs():
    system, x, u = circuit("elman"), normal(4, D), normal(4, M)
    whole = sp.linearize(system, x, u)
    part = system.restrict("d2", "ctx_i")
    lin = sp.linearize(part, *part.from_full(x, u))
    held = [0, 1, 2, 3, 4, 5, 6]
    assert list(part.input_regions) == ["cue", "stop", "d1", "ctx_e", "held"]
    close = {"rtol": 0, "atol": 1e-14}
    for name in ("d2", "ctx_i"):
        rows = MEMBERS[name]
        np.testing.assert_allclose(lin.block(name, "held"), whole.A[:, rows][:, :, held], **close)
        for source in ("d1", "ctx_e"):
            expected = whole.block(name, source)
            np.testing.assert_allclose(lin.block(name, source), expected, **close)
        np.testing.assert_allclose(
            lin.block(name, ["ctx_e", "d1"]), whole.block(name, ["ctx_e", "d1"]), **close
        )
        for source in ("cue", "stop"):
            np.testing.assert_array_equal(lin.block(name, source), whole.block(name, source))
    np.testing.assert_allclose(lin.block("d2", "ctx_i"), whole.block("d2", "ctx_i"), **close)
    with pytest.raises(ArgumentError, match="'V1'"):
        lin.block("d2", "V1")


def test_a_held_parent_keeps_its_name_and_a_divided_one_loses_it():
    whole = sp.linearize(circuit(), normal(2, D), normal(2, M))
    part = circuit().restrict("ctx")
    lin = sp.linearize(part, *part.from_full(normal(2, D), normal(2, M)))
    np.testing.assert_allclose(
        lin.block("ctx_e", "str"), whole.block("ctx_e", "str"), rtol=0, atol=1e-14
    )
    divided = circuit().restrict("ctx_e")
    assert "ctx" not in divided.state_regions.names
    assert "ctx" not in divided.input_regions.names
    assert divided.input_regions.names == ["cue", "stop", "d1", "d2", "ctx_i", "held", "str"]


def test_a_parent_takes_part_as_its_regions_together():
    lin = sp.linearize(circuit(), normal(3, D), normal(3, M))
    shares = {name: lin.participation(name) for name in [*MEMBERS, *PARENTS]}
    np.testing.assert_allclose(sum(shares[name] for name in MEMBERS), 1, atol=1e-12)
    for parent, children in PARENTS.items():
        together = sum(shares[child] for child in children)
        np.testing.assert_allclose(shares[parent], together, atol=1e-14)
        assert (shares[parent] > 1e-3).all()


@pytest.mark.parametrize("regions", [("d1",), ("ctx",), ("d2", "ctx_e")])
def test_a_blocks_modes_are_those_of_the_restriction(regions):
    system, x, u = circuit(), normal(4, D), normal(4, M)
    values, vectors = sp.linearize(system, x, u).block_eigen(*regions)
    part = system.restrict(*regions)
    restricted = sp.linearize(part, *part.from_full(x, u))
    block = sp.linearize(system, x, u).block(regions, regions)
    assert (np.diff(np.abs(values), axis=1) < 1e-9).all()
    for k in range(4):
        assert_same_set(values[k], np.linalg.eigvals(block[k]), 1e-12)
        assert_same_set(values[k], restricted.eigenvalues[k], 1e-12)
    np.testing.assert_allclose(block @ vectors, vectors * values[:, None, :], atol=1e-12)


# -- prediction ------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["leaky", "elman"])
def test_predictions_of_a_restriction_err_in_second_order(form):
    """dx, du and dheld, each with a batch of its own, against the network itself."""
    system, x, u = circuit(form), normal(3, D), normal(3, M)
    part = system.restrict("ctx_i", "str")
    kept, held = system.state_regions.indices("ctx_i", "str"), [3, 4, 5, 6]
    lin = sp.linearize(part, *part.from_full(x, u))
    dx, du, dheld = normal(5, 1, 3, 8, seed=1), normal(6, 3, M, seed=2), normal(5, 6, 3, 4, seed=3)

    def error(size):
        moved = np.zeros((5, 6, 3, D)) + x
        moved[..., kept] += size * dx
        moved[..., held] += size * dheld
        driven = np.zeros((5, 6, 3, M)) + u + size * du
        exact = system.step(moved.reshape(-1, D), driven.reshape(-1, M))[:, kept]
        predicted = lin.predict(size * dx, size * du, size * dheld)
        assert predicted.shape == (5, 6, 3, 8)
        return np.abs(predicted - exact.reshape(predicted.shape)).max()

    errors = np.array([error(size) for size in (1e-2, 1e-3, 1e-4)])
    np.testing.assert_allclose(np.log10(errors[:-1] / errors[1:]), 2, atol=0.1)


def test_predictions_take_every_shape_that_broadcasts():
    system, x, u = circuit(), normal(3, D), normal(3, M)
    part = system.restrict("ctx_i", "str")
    lin = sp.linearize(part, *part.from_full(x, u))
    dx, du, dheld = normal(8), normal(M, seed=1), normal(4, seed=2)
    expected = lin.value + lin.A @ dx + lin.B @ np.concatenate([du, dheld])
    for lift in (lambda v: v, lambda v: v[None], lambda v: np.tile(v, (3, 1))):
        np.testing.assert_allclose(
            lin.predict(lift(dx), lift(du), lift(dheld)), expected, atol=1e-14
        )
    many = np.tile(dx, (7, 1, 1))
    assert lin.predict(many, du[None], dheld[None]).shape == (7, 3, 8)


def test_inputs_and_held_units_are_told_apart():
    system, x, u = circuit(), normal(3, D), normal(3, M)
    part = system.restrict("ctx")
    lin = sp.linearize(part, *part.from_full(x, u))
    nothing = np.zeros((3, 7))
    du, dheld = normal(3, M, seed=1), normal(3, 5, seed=2)
    together = lin.predict(nothing, np.hstack([du, dheld]))
    np.testing.assert_allclose(lin.predict(nothing, du, dheld), together, atol=1e-14)
    only = lin.predict(nothing, dheld=dheld)
    expected = lin.value + np.einsum("nij,nj->ni", lin.block("ctx", "held"), dheld)
    np.testing.assert_allclose(only, expected, atol=1e-14)


@pytest.mark.parametrize(
    ("deviations", "named"),
    [
        ({"dx": np.zeros((3, 6))}, r"dx: got shape \(3, 6\).*7"),
        (
            {"dx": np.zeros((3, 7)), "du": np.zeros((3, 5)), "dheld": np.zeros((3, 5))},
            "du: got shape",
        ),
        ({"dx": np.zeros((3, 7)), "dheld": np.zeros((3, 4))}, r"dheld: got shape \(3, 4\).*5"),
    ],
)
def test_deviations_of_the_wrong_width_are_named(deviations, named):
    part = circuit().restrict("ctx")
    lin = sp.linearize(part, *part.from_full(normal(3, D), normal(3, M)))
    with pytest.raises(ArgumentError, match=named):
        lin.predict(**deviations)


def test_nothing_is_held_in_a_whole_system():
    lin = sp.linearize(circuit(), normal(3, D), normal(3, M))
    with pytest.raises(ArgumentError, match="'held'"):
        lin.predict(np.zeros((3, D)), dheld=np.zeros((3, 1)))


# -- along trajectories ----------------------------------------------------------------------------


def test_jacobians_and_spectra_along_trajectories():
    system, u = circuit(), normal(4, 6, M)
    paths = system.simulate(normal(4, D), u)
    lin = sp.linearize(system, paths, u)
    jacobians = lin.unflatten(lin.A)
    spectra = lin.unflatten(lin.block_eigen("ctx")[0])
    assert jacobians.shape == (4, 6, D, D)
    assert spectra.shape == (4, 6, 7)
    assert lin.unflatten(lin.participation("str")).shape == (4, 6, D)
    assert lin.unflatten(lin.is_stable).shape == (4, 6)
    for trial, time in ((0, 0), (2, 5), (3, 1)):
        alone = sp.linearize(system, paths[trial, time][None], u[trial, time])
        np.testing.assert_allclose(jacobians[trial, time], alone.A[0], rtol=0, atol=1e-14)
        block = alone.block("ctx", "ctx")[0]
        assert_same_set(spectra[trial, time], np.linalg.eigvals(block), 1e-12)
    constant = sp.linearize(system, paths, np.zeros(M))
    np.testing.assert_array_equal(constant.inputs, 0)
    assert constant.unflatten(constant.value).shape == (4, 6, D)


# -- Jacobians of rates ----------------------------------------------------------------------------


def test_the_jacobian_of_rates_follows_a_deviation_of_h_through_the_whole_step():
    system, x, u = circuit(), normal(3, D), normal(3, M)
    ours = rate_jacobian(system, x, u)
    for k in range(3):
        after = lambda h: np.tanh(system.step(np.arctanh(h)[None], u[k])[0])  # noqa: B023, E731
        np.testing.assert_allclose(ours[k], differences(after, np.tanh(x[k])), atol=1e-7)


def test_at_a_fixed_point_rates_and_currents_have_the_same_eigenvalues(dale):
    network, points = dale["dale_leaky"]
    of_rates = rate_jacobian(network.system, points.xstar, np.zeros(3))
    assert not np.allclose(of_rates, points.jacobian, atol=1e-3)
    for k in range(len(points)):
        assert_same_set(np.linalg.eigvals(of_rates[k]), points.eigenvalues[k], 1e-8)


def test_silent_units_have_no_column():
    cell = LeakyCell(normal(3, 3), np.zeros((3, 0)), np.zeros(3), np.full(3, 0.5), phi="relu")
    ours = rate_jacobian(sp.as_system(cell), np.array([[1.0, -1.0, 2.0]]))
    assert np.isnan(ours[0, :, 1]).all()
    assert np.isfinite(ours[0][:, [0, 2]]).all()


def test_the_partial_jacobian_holds_x_fixed():
    """h' = phi((1 - a) x + a (W h + B u + b)) in h alone: a diag(phi'(x')) W."""
    system, x, u = circuit(), normal(3, D), normal(3, M)
    cell = system.dynamics
    ours = partial_rate_jacobian(system, x, u)
    after = system.step(x, u)
    expected = (1 - np.tanh(after) ** 2)[:, :, None] * (cell.alpha[:, None] * cell.W)
    np.testing.assert_allclose(ours, expected, atol=1e-14)
    for k in range(3):
        held = rates_at_fixed_state(system, x[k])
        assert held.state_regions == system.state_regions
        h = np.tanh(x[k])[None]
        np.testing.assert_allclose(held.step(h, u[k]), np.tanh(after[k])[None], atol=1e-14)
        np.testing.assert_allclose(held.jacobian(h, u[k])[0], ours[k], atol=1e-14)
        of_h = lambda h: held.step(h[None], u[k])[0]  # noqa: B023, E731
        np.testing.assert_allclose(ours[k], differences(of_h, h[0]), atol=1e-7)


@pytest.mark.parametrize("alpha", [0.1, 0.4])
def test_the_partial_jacobian_calls_unstable_points_stable(alpha):
    """x' = (1 - a) x + 2 a tanh(x): the origin grows by 1 + a; without the leak it reads 2 a."""
    cell = LeakyCell(np.array([[2.0]]), np.zeros((1, 0)), np.zeros(1), np.array([alpha]))
    system = sp.as_system(cell)
    origin = sp.find_fixed_points(system, [[1e-3]])
    np.testing.assert_allclose(origin.xstar, 0, atol=1e-12)
    np.testing.assert_allclose(origin.eigenvalues.real, 1 + alpha)
    np.testing.assert_allclose(rate_jacobian(system, origin.xstar), 1 + alpha)
    np.testing.assert_allclose(partial_rate_jacobian(system, origin.xstar), 2 * alpha)
    assert not origin.is_stable[0]
    assert 2 * alpha < 1


def test_the_partial_jacobian_misjudges_points_of_a_trained_network(dale):
    """At a smaller leak than it was trained with, it calls saddles stable."""
    network, points = dale["dale_leaky"]
    cell = network.cell
    slow = sp.as_system(LeakyCell(**{**vars(cell), "alpha": np.full(30, 0.1)}))
    truth = np.abs(sp.linearize(slow, points.xstar, np.zeros(3)).eigenvalues).max(axis=1)
    partial = partial_rate_jacobian(slow, points.xstar, np.zeros(3))
    radius = np.abs(np.linalg.eigvals(partial)).max(axis=1)
    assert ((truth > 1) & (radius < 1)).any()
    assert not np.allclose(truth, radius, atol=0.1)


@pytest.mark.parametrize("function", [rate_jacobian, partial_rate_jacobian, rates_at_fixed_state])
def test_only_leaky_networks_have_rates_beside_their_state(function):
    state = np.zeros(D) if function is rates_at_fixed_state else np.zeros((1, D))
    arguments = () if function is rates_at_fixed_state else (np.zeros(M),)
    with pytest.raises(ArgumentError, match="only leaky networks"):
        function(circuit("elman"), state, *arguments)


# -- the search in h -------------------------------------------------------------------------------


def silent(inputs=0):
    """Return two ReLU units: the first settles at 2, the second then at -3, where it is silent."""
    W = np.array([[0.5, 0.0], [-1.0, 0.0]])
    cell = LeakyCell(W, np.ones((2, inputs)), np.array([1.0, -1.0]), np.full(2, 0.5), phi="relu")
    return sp.as_system(cell)


STARTS = np.array([[1.0, -8.0], [3.0, -0.5], [2.0, -3.0], [0.5, -4.0]])


def test_states_whose_rates_stand_still_are_no_fixed_points():
    """Where the second unit stays silent, h stands still for every x of it; x only at -3."""
    points = sp.find_fixed_points(silent().observe("relu"), STARTS)
    assert len(points) == 1
    np.testing.assert_allclose(points.xstar, [[2.0, -3.0]], atol=1e-12)
    starts = points.starts
    assert starts.status[2] == Status.FIXED_POINT
    others = [0, 1, 3]
    assert (starts.status[others] == Status.OBSERVED_ONLY).all()
    assert (starts.point[others] == -1).all()
    assert (starts.q[others] > 1e-3).all()
    np.testing.assert_allclose(np.maximum(starts.end[others], 0), [[2.0, 0.0]] * 3, atol=1e-9)
    assert "the observed coordinates stand still" in repr(starts)
    plain = sp.find_fixed_points(silent(), STARTS)
    assert plain.hits.tolist() == [4]
    np.testing.assert_allclose(plain.xstar, points.xstar, atol=1e-12)


@pytest.mark.parametrize("order", ["observe last", "clamp last"])
def test_no_order_of_transforms_makes_them_fixed_points(order):
    system = silent(inputs=1)
    if order == "observe last":
        observed = system.clamp([0.0]).observe("relu")
    else:
        observed = system.observe("relu").clamp([0.0])
    with pytest.warns(StillpointWarning, match="the observed coordinates stand still"):
        points = sp.find_fixed_points(observed, STARTS[:1])
    assert len(points) == 0
    assert points.starts.status.tolist() == [Status.OBSERVED_ONLY]


def test_regions_are_searched_in_h_too():
    system = contracting(phi="relu")
    x = normal(20, D, seed=1)
    part = system.restrict("ctx", holding=x[0]).observe("relu")
    truth = sp.find_fixed_points(system.restrict("ctx", holding=x[0]), x, np.zeros(M))
    assert (truth.xstar < 0).any()
    points = sp.find_fixed_points(part, np.vstack([truth.to_full(), x]), np.zeros(M))
    np.testing.assert_allclose(points.xstar, truth.xstar, atol=1e-9)
    lost = points.starts.status == Status.OBSERVED_ONLY
    assert lost.any()
    before = points.starts.end[lost]
    after = part.step(before, points.starts.inputs[lost])
    np.testing.assert_allclose(np.maximum(after, 0), np.maximum(before, 0), atol=1e-9)
    moving = np.abs(after - before) > 1e-6
    assert moving.any(axis=1).all()
    assert (before[moving] < 1e-9).all()  # silent, or at the edge of it


# -- figures ---------------------------------------------------------------------------------------


def test_the_heat_map_has_the_jacobian_region_by_region():
    lin = sp.linearize(circuit(), normal(3, D), normal(3, M))
    shuffled = Regions(D, {"b": [5, 1, 0], "a": [11, 2], "rest": [3, 4, 6, 7, 8, 9, 10]})
    for regions in (lin.state_regions, shuffled):
        ax = Figure().add_subplot()
        system = System.of(circuit().dynamics, state_regions=regions)
        artists = sp.plots.region_blocks(
            sp.linearize(system, normal(3, D), normal(3, M)), row=1, ax=ax
        )
        order = regions.indices(*regions)
        np.testing.assert_array_equal(artists["image"].get_array(), lin.A[1][np.ix_(order, order)])
        low, high = artists["image"].get_clim()
        assert -low == high == np.abs(lin.A[1]).max()
        assert len(artists["borders"]) == 2 * (len(regions) - 1)
        ends = np.cumsum([len(regions[name]) for name in regions])[:-1] - 0.5
        across = sorted({float(line.get_ydata()[0]) for line in artists["borders"][::2]})
        np.testing.assert_allclose(across, ends)
        assert [t.get_text() for t in ax.get_xticklabels()] == list(regions)
        assert (ax.get_xlabel(), ax.get_ylabel()) == ("from", "to")
        assert all(artist.axes is ax for artist in (artists["image"], *artists["borders"]))


@pytest.mark.parametrize("modes", [4, D, 50])
def test_the_bars_of_a_mode_are_the_shares_of_the_regions(modes):
    lin = sp.linearize(circuit(), normal(3, D), normal(3, M))
    bars = sp.plots.region_modes(lin, row=2, modes=modes, ax=Figure().add_subplot())["bars"]
    assert len(bars) == len(MEMBERS)
    heights = np.array([[bar.get_height() for bar in container] for container in bars])
    shown = min(modes, D)
    assert heights.shape == (4, shown)
    for name, row in zip(MEMBERS, heights, strict=True):
        np.testing.assert_allclose(row, lin.participation(name)[2, :shown])
    tops = [bar.get_y() + bar.get_height() for bar in bars[-1]]
    np.testing.assert_allclose(tops, 1, atol=1e-12)
    assert len({tuple(container[0].get_facecolor()) for container in bars}) == 4


@pytest.mark.parametrize(
    ("kind", "name", "size"), [("map", "|λ|", "1.50"), ("flow", "Re λ", "-1.50")]
)
def test_the_bars_of_a_flow_have_real_parts_below_them(kind, name, size):
    system = sp.as_system(lambda x: -1.5 * x, state_size=1, kind=kind, regions={"all": [0]})
    ax = Figure().add_subplot()
    sp.plots.region_modes(sp.linearize(system, np.zeros((1, 1))), ax=ax)
    assert ax.get_xlabel() == f"{name} of the mode"
    assert [label.get_text() for label in ax.get_xticklabels()] == [size]


@pytest.mark.parametrize("draw", [sp.plots.region_blocks, sp.plots.region_modes])
def test_figures_of_regions_need_regions(draw):
    bare = sp.as_system(circuit().dynamics)
    with pytest.raises(ArgumentError, match="no regions; name some"):
        draw(sp.linearize(bare, np.zeros((1, D)), np.zeros(M)), ax=Figure().add_subplot())
