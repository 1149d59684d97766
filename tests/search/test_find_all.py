"""The search for all points: complete sets where they are known, and verdicts that say so."""

from __future__ import annotations

import inspect
import warnings
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist

import stillpoint as sp
import zoo
from stillpoint import ArgumentError, StillpointWarning
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, VanillaCell
from stillpoint.census import Completeness
from stillpoint.points import Source, Starts
from stillpoint.search import find_all_fixed_points
from stillpoint.search.describe import collect
from stillpoint.search.find_all import DEFAULT_MAX_STARTS
from stillpoint.search.rounds import draw, samplers_under
from stillpoint.search.samplers import (
    Box,
    Held,
    MirrorImages,
    Recombined,
    SparseCorners,
    UnstableDirections,
    choose_units,
)
from stillpoint.search.sampling import box_of_points, follow_held, visited_states
from stillpoint.solvers import Newton, Status, solve
from stillpoint.solvers.deflated_newton import Deflated, DeflatedNewton
from stillpoint.tasks import load_network

FLIP_FLOPS = ("tanh", "gru", "lstm", "dale_leaky", "dale_elman")
NONE = np.zeros(0)


def units(d=3, gain=2.0, b=0.0):
    """Return d independent units x' = tanh(gain x + b): 3^d points for gain 2 and small b."""
    return sp.as_system(VanillaCell(gain * np.eye(d), np.zeros((d, 0)), np.full(d, b)))


def ctln(edges):
    """Return the threshold-linear network of a graph, edges[i, j] = 1 for an edge from j to i."""
    W = np.where(np.asarray(edges) > 0, -1 + 0.25, -1 - 0.5)
    np.fill_diagonal(W, 0)
    return sp.as_system(VanillaCell(W, np.zeros((len(W), 0)), np.ones(len(W)), "relu"))


def driven():
    """Return x' = tanh(2 x + u): three points for |u| < .53, one beyond."""
    return sp.as_system(VanillaCell(np.full((1, 1), 2.0), np.eye(1), np.zeros(1)))


def lstm(d=4, seed=0):
    rng = np.random.default_rng(seed)
    return sp.as_system(
        LSTMCell(rng.normal(size=(4 * d, d)), np.zeros((4 * d, 0)), rng.normal(size=4 * d))
    )


# What a search in rounds finds, by itself; `tests/proofs` has the proofs.
search = partial(find_all_fixed_points, exhaustive=False)

THREE_UNITS = search(units())


# -- complete sets ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", FLIP_FLOPS)
def test_all_points_of_a_flip_flop_are_found(name):
    points = search(load_network(name).system, np.zeros(3))
    assert len(points) == 27
    assert points.index.sum() == 1
    assert points.is_stable.sum() == 8
    assert points.census().completeness is Completeness.NO_EVIDENCE
    assert len(points.starts) == DEFAULT_MAX_STARTS


@pytest.mark.parametrize("network", zoo.isolated(), ids=repr)
def test_all_points_of_the_zoo_are_found(network):
    points = search(network.system("numpy"))
    assert tuple(np.bincount(points.n_unstable)) == network.unstable
    near = cdist(points.xstar, network.points, "chebyshev") < network.digits
    np.testing.assert_array_equal(near.sum(axis=0), 1)
    (tally,) = points.census().tallies
    wanders = tally.followed.restless > 0  # of some networks a cycle is all that attracts
    assert wanders <= (not points.is_stable.all())
    wanted = Completeness.UNDECIDED if wanders else Completeness.NO_EVIDENCE
    assert tally.completeness is wanted


def test_two_hundred_and_forty_three_of_five_units():
    points = search(units(5), max_starts=8192)
    assert np.bincount(points.n_unstable).tolist() == [32, 80, 80, 40, 10, 1]
    assert points.census().completeness is Completeness.NO_EVIDENCE


@pytest.mark.slow
def test_ninety_seven_of_eight_planted():
    W, V = zoo.planted_columns(8)
    points = search(
        zoo.vanilla("8 planted", W, zoo.with_mirror_images(*V.T), (97,)).system("numpy")
    )
    assert len(points) >= 97
    assert points.index.sum() == 1


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_threshold_linear_networks_without_edges(n):
    """A point for every set of active nodes; those with one active node are stable."""
    points = search(ctln(np.zeros((n, n))))
    assert len(points) == 2**n - 1
    assert points.is_stable.sum() == n
    active = (points.xstar > 1e-9).sum(axis=1)
    np.testing.assert_array_equal(points.index, (-1) ** (active - 1))


@pytest.mark.parametrize("n", [2, 4, 6])
def test_a_clique_has_one_point_at_which_all_nodes_are_active(n):
    """Under dx/dt = F(x) - x it is stable: the real parts of the eigenvalues of F are below 1."""
    points = search(ctln(np.ones((n, n))))
    assert len(points) == 1
    assert (points.xstar > 0).all()
    assert (points.eigenvalues.real < 1).all()


@pytest.mark.parametrize("n", [3, 4, 5])
def test_a_cycle_has_one_point_and_it_is_not_stable(n):
    points = search(ctln(np.roll(np.eye(n), 1, axis=0)))
    assert len(points) == 1
    assert (points.eigenvalues.real > 1).any()


def test_without_fixed_points_all_starts_are_used():
    system = sp.as_system(lambda x, u: x + 1 + x**2, state_size=1)
    with pytest.warns(StillpointWarning, match="no start reached a fixed point"):
        points = search(system, max_starts=1024)
    assert len(points.starts) == 1024
    assert points.census().completeness is Completeness.UNDECIDED


def test_on_a_continuum_the_search_ends_after_a_round():
    points = search(zoo.half_line().system("numpy"))
    assert points.on_continuum.any()
    assert len(points.starts) == 256
    assert points.census().completeness is Completeness.UNDECIDED


@pytest.mark.parametrize("dt", [None, 1e-3])
def test_a_flow_is_searched_with_and_without_a_step(dt):
    system = sp.as_system(lambda s: zoo.decision_flow(s), 2, kind="flow", lefschetz=1, dt=dt)
    points = search(system)
    inside = points[(np.abs(points.xstar - 0.5) < 0.5).all(axis=1)]
    assert inside.n_unstable.tolist() == [0, 0, 1]


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("torch", marks=pytest.mark.torch),
        pytest.param("torch function", marks=pytest.mark.torch),
        pytest.param("jax function", marks=pytest.mark.jax),
        "numpy function",
    ],
)
def test_any_framework_finds_all_nine(path):
    points = search(zoo.independent_units(2).system(path))
    assert np.bincount(points.n_unstable).tolist() == [4, 4, 1]


# -- the record ------------------------------------------------------------------------------------


@pytest.mark.parametrize("network", [zoo.independent_units(3), zoo.planted(3)], ids=repr)
def test_the_record_is_that_of_one_search_from_all_starts(network):
    """Rounds that reach known points only are counted, not collected again; it is the same."""
    system = network.system("numpy")
    points = search(system)
    starts = points.starts
    fresh = replace(starts, point=np.full(len(starts), -1))
    again = collect(system, fresh, points.tol, points.tol_unique)
    np.testing.assert_array_equal(again.hits, points.hits)
    np.testing.assert_array_equal(again.starts.point, starts.point)
    np.testing.assert_allclose(again.xstar, points.xstar, rtol=0, atol=1e-12)
    assert points.hits.sum() == (starts.point >= 0).sum()


def test_the_same_seed_gives_the_same_search():
    again, other = search(units()), search(units(), seed=1)
    np.testing.assert_array_equal(again.starts.states, THREE_UNITS.starts.states)
    np.testing.assert_array_equal(again.xstar, THREE_UNITS.xstar)
    assert not np.array_equal(other.starts.states[:256], THREE_UNITS.starts.states[:256])


def test_the_record_is_read_back_with_its_sources(tmp_path):
    read = sp.load(THREE_UNITS.save(tmp_path / "points.nc"))
    np.testing.assert_array_equal(read.starts.source, THREE_UNITS.starts.source)
    assert read.census().tallies[0].n_independent == THREE_UNITS.census().tallies[0].n_independent
    assert read.provenance["max_starts"] == DEFAULT_MAX_STARTS


def test_sources_are_told():
    starts = THREE_UNITS.starts
    harvest = starts.discoveries()
    assert sum(n for n, _ in harvest.values()) == len(starts)
    assert sum(found for _, found in harvest.values()) == 27
    assert set(harvest) >= {Source.TRAJECTORY, Source.BOX, Source.SPARSE, Source.MIXTURE}
    assert Source.GIVEN not in harvest
    assert "a mixture of known points" in repr(starts)


def test_starts_of_the_caller_are_given_and_follow_up_rounds_say_what_they_are():
    points = sp.find_fixed_points(units(1), np.linspace(-1, 1, 40)[:, None], rounds=1)
    sources = points.starts.source
    assert (sources[:40] == Source.GIVEN).all()
    assert len(sources) == 80
    assert {Source.NOISE, Source.BOX, Source.SPARSE, Source.MIXTURE} <= set(sources[40:])
    assert not {Source.GIVEN, Source.TRAJECTORY} & set(sources[40:])
    assert points.starts.take(np.array([40])).source.tolist() == [Source.NOISE]
    assert "found first" not in repr(points.starts.take(np.arange(8)))


def test_every_source_has_a_sentence():
    assert len({source.sentence for source in Source}) == len(Source)
    assert [source.name for source in Source if source.is_independent] == [
        "GIVEN",
        "NOISE",
        "TRAJECTORY",
        "BOX",
        "SPARSE",
        "HELD",
    ]


# -- points that hold themselves up, and that nothing leads to
#
# A switch is on while each of p units lies within `half` of 0.5, which two steep units tell, and
# while it is on those p units go there; else they rest elsewhere. `benchmarks/conjunctions.py` has
# many.


def conjunction(p, half, rest=-0.3, listeners=10):
    rng, n, switch = np.random.default_rng(0), 3 * p + 1, 3 * p
    W, b = np.zeros((n + listeners, n + listeners)), np.zeros(n + listeners)
    for i in range(p):
        on, off = np.arctanh(0.5) - 0.25, np.arctanh(rest) - rest / 2
        W[i, i], W[i, switch], b[i] = 0.5, (on - off) / 2, (on + off) / 2
        for unit, edge, sign in ((p + 2 * i, 0.5 - half, 5), (p + 2 * i + 1, 0.5 + half, -5)):
            W[unit, i], b[unit], W[switch, unit] = 6 / half, -6 / half * edge, sign
    b[switch] = -5 * (2 * p - 1)
    W[n:, n:] = 0.5 * rng.standard_normal((listeners, listeners)) / np.sqrt(max(1, listeners))
    W[n:, :n] = 0.1 * rng.standard_normal((listeners, n))
    state = np.zeros((1, n + listeners))
    state[0, :p], state[0, p:switch:2], state[0, p + 1 : switch : 2], state[0, switch] = (
        0.5,
        1,
        -1,
        1,
    )
    return sp.as_system(VanillaCell(W, np.zeros((len(b), 0)), b)), state


@pytest.mark.parametrize(("p", "half"), [(1, 0.02), (3, 0.02), (4, 0.2), (4, 0.05), (4, 0.02)])
def test_a_point_that_needs_several_units_at_once_is_found(p, half):
    system, state = conjunction(p, half)
    (planted,) = sp.find_fixed_points(system, state).xstar
    points = search(system)
    assert points.is_stable[np.abs(points.xstar - planted).max(axis=1) < 1e-6].tolist() == [True]
    assert points.index.sum() == 1


def test_the_whole_budget_is_used_before_the_verdict():
    sources = search(units(2, gain=0.5), max_starts=2000).starts.source
    assert len(sources) == 2000
    assert not np.isin(sources[:700], [Source.HELD, Source.RECOMBINED]).any()
    assert np.isin(sources[1000:], [Source.HELD, Source.RECOMBINED]).all()


def test_units_that_are_held_bring_the_others_along():
    """All units follow the first: where it is held, those that are free come to tanh(3 y)."""
    W = np.zeros((5, 5))
    W[:, 0] = 3
    system = sp.as_system(VanillaCell(W, np.zeros((5, 0)), np.zeros(5)))
    y = np.random.default_rng(0).uniform(-1, 1, (100, 5))
    held = np.arange(5) < np.arange(100)[:, None] % 5
    x = follow_held(system, y, NONE, held)
    np.testing.assert_array_equal(x[held], y[held])
    free = ~held & held[:, :1]
    np.testing.assert_allclose(x[free], np.tanh(3 * np.broadcast_to(y[:, :1], y.shape))[free])


@pytest.mark.parametrize("kind", ["map", "flow without a step", "flow with a step"])
def test_what_is_held_stays_and_the_rest_comes_to_rest(kind):
    """The second unit follows the first, and the first goes to 0 unless it is held."""
    tau = 20.0 if kind != "map" else 1.0
    target = lambda x: np.stack([0 * x[:, 0], x[:, 0]], axis=1)  # noqa: E731
    if kind == "map":
        system = sp.as_system(target, 2)
    else:
        dt = 5.0 if kind == "flow with a step" else None
        system = sp.as_system(lambda x: (target(x) - x) / tau, 2, kind="flow", dt=dt)
    y = np.array([[0.7, -0.7]])
    end = follow_held(system, y, NONE, np.array([[True, False]]))
    wanted = -0.7 if kind == "flow without a step" else 0.7
    np.testing.assert_allclose(end, [[0.7, wanted]], atol=1e-6)


def test_held_units_are_few_or_many():
    """From one of 64 to all: each number about as likely as its double."""
    box = Box(units(64, gain=0.1), NONE, -np.ones(64), np.ones(64))
    x = Held(box).states(None, np.random.default_rng(1), 4000)
    count = (np.abs(x) > 1e-6).sum(axis=1)  # what is not held comes to 0
    octaves = np.histogram(count, [1, 2, 4, 8, 16, 32, 64])[0] / 4000
    assert (octaves > 0.05).all()
    assert octaves.max() < 0.3


def test_recombined_units_have_the_values_of_points_and_visited_states():
    sampler = Recombined(np.full((4, 3), 7.0))
    x = sampler.states(THREE_UNITS, np.random.default_rng(0), 500)
    known = np.append(np.unique(THREE_UNITS.xstar), 7.0)
    assert np.isin(x, known).all()
    assert 0 < (x == 7.0).mean() < 0.5
    assert ((x == 7.0).any(axis=1) & (x != 7.0).any(axis=1)).any()  # in one state both


def test_units_are_chosen_one_by_one_in_random_shares():
    members = np.broadcast_to(np.arange(3.0)[None, :, None], (2000, 3, 40))
    x = choose_units(members, np.random.default_rng(0))
    assert set(x.ravel()) == {0.0, 1.0, 2.0}
    share = (x == 0).mean(axis=1)
    assert share.mean() == pytest.approx(1 / 3, abs=0.02)
    assert share.std() > 0.15  # shares differ from state to state; equal ones would give 0.07


# -- the max_starts and the verdict


@pytest.mark.parametrize("max_starts", [1, 7, 100, 300])
def test_no_more_starts_than_the_budget(max_starts):
    points = search(units(5), max_starts=max_starts)
    assert len(points.starts) <= max_starts
    assert len(points.starts) > 0.9 * max_starts
    assert len(points) < 243
    assert points.census().completeness is not Completeness.NO_EVIDENCE


def test_a_budget_that_is_too_small_is_told():
    census = search(units(5), max_starts=256).census()
    assert census.completeness is Completeness.INCOMPLETE
    assert census.verdict.endswith("missing")


def test_a_few_starts_that_see_everything_decide_nothing():
    """0 is the only point, and 40 hits of it leave room for another of 7 %."""
    census = search(units(2, gain=0.5), max_starts=40).census()
    assert census.completeness is Completeness.UNDECIDED
    assert census.verdict.endswith("starts that converged are few")


# -- inputs ----------------------------------------------------------------------------------------


def test_every_distinct_input_has_a_set_of_its_own():
    several = search(driven(), [[2.0], [0.1], [2.0]])
    assert several.inputs[:, 0].tolist() == [0.1, 0.1, 0.1, 2.0]
    assert several.n_unstable.tolist() == [0, 0, 1, 0]
    census = several.census()
    assert [tally.n_points for tally in census.tallies] == [3, 1]
    assert census.completeness is Completeness.NO_EVIDENCE
    for u in ([0.1], [2.0]):
        alone = search(driven(), u)
        own = several[several.inputs[:, 0] == u[0]]
        np.testing.assert_array_equal(own.xstar, alone.xstar)
        np.testing.assert_array_equal(own.hits, alone.hits)


def test_one_input_may_come_as_a_vector_or_as_a_row():
    vector, row = (search(driven(), u) for u in ([0.1], [[0.1]]))
    np.testing.assert_array_equal(vector.xstar, row.xstar)


def test_a_restricted_system_is_searched_under_what_it_holds():
    whole = sp.as_system(lambda x: np.tanh(2 * x), state_size=3)
    points = search(whole.restrict(units=[0, 1], holding=[0.5]))
    assert np.bincount(points.n_unstable).tolist() == [4, 4, 1]


@pytest.mark.parametrize("shape", [(4, 5, 3), (20, 3)])
def test_trajectories_are_started_from(shape):
    path = np.random.default_rng(0).normal(5.0, 1e-6, shape)
    points = search(units(), trajectories=path)
    ours = points.starts.states[points.starts.source == Source.TRAJECTORY]
    assert len(ours) > 50
    assert np.abs(ours - 5).max() < 0.1
    assert len(points) == 27


# -- errors at the door ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"system": np.tanh}, "system: got ufunc, but a System is wanted"),
        ({"inputs": None}, r"inputs: got None, but \(1,\), one input"),
        ({"inputs": [1.0, 2.0]}, r"inputs: got shape \(2,\), but"),
        ({"inputs": np.zeros((0, 1))}, r"inputs: got shape \(0, 1\), but"),
        ({"inputs": [[1.0], [np.nan]]}, "inputs: "),
        ({"max_starts": 0}, "max_starts: got 0, but a whole number of at least 1"),
        ({"max_starts": 1.5}, "max_starts: got 1.5"),
        ({"exhaustive": "no"}, "exhaustive: got 'no'"),
        ({"seed": -1}, "seed: got -1"),
        ({"trajectories": np.zeros((3, 2))}, r"trajectories: got shape \(3, 2\), but"),
        ({"trajectories": np.zeros((0, 1))}, r"trajectories: got shape \(0, 1\), but"),
        ({"trajectories": np.zeros(1)}, r"trajectories: got shape \(1,\), but"),
    ],
    ids=str,
)
def test_a_wrong_argument_is_named(arguments, message):
    find = inspect.unwrap(find_all_fixed_points)  # its own checks, not those of the type checker
    with pytest.raises(ArgumentError, match=message):
        find(**{"system": driven(), "inputs": [0.1], **arguments})


# -- Ctrl-C ----------------------------------------------------------------------------------------


class Interrupted:
    """x' = tanh(2 x + u), whose k-th call is stopped by the user."""

    def __init__(self):
        self.calls, self.stop_at = 0, np.inf

    def __call__(self, x, u):
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        return np.tanh(2 * x + u)


def interruptible(stop_at):
    """Return the search under two inputs, and the number of calls it took."""
    step = Interrupted()
    slope = lambda x, u: 2 / np.cosh(2 * x + u)[:, :, None] ** 2  # noqa: E731
    system = sp.as_system(step, state_size=1, input_size=1, jacobian=slope)
    step.calls, step.stop_at = 0, stop_at
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        points = search(system, [[0.1], [2.0]])
    return points, step.calls, [str(warning.message) for warning in caught]


def test_ctrl_c_loses_nothing_at_any_moment():
    """Also while starts are drawn; before the first start there is nothing to return."""
    whole, calls, _ = interruptible(np.inf)
    assert (len(whole), calls > 100) == (4, True)
    before_anything = 0
    for stop_at in range(1, calls, 41):
        try:
            points, _, caught = interruptible(stop_at)
        except KeyboardInterrupt:
            before_anything = stop_at
            continue
        assert [message for message in caught if "the search was interrupted" in message]
        assert len(points.starts) <= len(whole.starts)
    assert before_anything < 200


def test_ctrl_c_under_the_second_input_keeps_the_first():
    _, calls, _ = interruptible(np.inf)
    points, _, _ = interruptible(calls - 5)
    assert (points.inputs[:, 0] == 0.1).sum() == 3
    assert points.census().tallies[0].completeness is not Completeness.INCOMPLETE


# -- where starts come from ------------------------------------------------------------------------

SYSTEMS = {
    "tanh": units(),
    "leaky": sp.as_system(
        LeakyCell(3 * np.eye(3), np.zeros((3, 0)), np.ones(3), alpha=np.full(3, 0.01))
    ),
    "gru": sp.as_system(GRUCell(np.ones((6, 2)), np.zeros((6, 0)), np.zeros(6), np.zeros(2))),
    "lstm": lstm(),
    "relu": ctln(np.zeros((3, 3))),
    "diverging": sp.as_system(lambda x, u: 3 * x + x**3, state_size=2),
    "flow": sp.as_system(lambda s: zoo.decision_flow(s), 2, kind="flow"),
}


def all_samplers(system, rng):
    return samplers_under(system, NONE, None, rng, Source.TRAJECTORY)


@pytest.mark.parametrize("name", SYSTEMS)
@settings(max_examples=3)
@given(seed=st.integers(0, 2**16), n=st.integers(1, 70))
def test_every_source_draws_finite_states(name, seed, n):
    system, rng = SYSTEMS[name], np.random.default_rng(seed)
    known = sp.find_fixed_points(system, np.zeros((1, system.state_size)) + 1e-3)
    for sampler in all_samplers(system, rng):
        states = sampler.states(known, rng, n)
        if not isinstance(sampler, MirrorImages | UnstableDirections | Box | SparseCorners | Held):
            assert len(states) == n
        assert states.shape == (len(states), system.state_size)
        assert len(states) <= n
        assert np.isfinite(states).all()


@pytest.mark.parametrize("n", [1, 2, 9, 100, 256])
def test_a_round_has_as_many_starts_as_asked_for(n):
    rng = np.random.default_rng(n)
    samplers = all_samplers(units(), rng)
    x, source = draw(samplers, None, rng, n)
    assert len(x) == len(source) == n
    assert all(Source(k).is_independent for k in source)
    x, source = draw(samplers, THREE_UNITS, rng, n)
    assert len(x) == len(source) == n  # though no mirror image is missing
    assert (source < Source.MIXTURE).sum() >= n // 2


@pytest.mark.parametrize(
    ("name", "low", "high"), [("tanh", -1, 1), ("leaky", -2, 4), ("gru", -1, 1), ("lstm", -1, 1)]
)
def test_the_box_is_the_one_that_is_proved(name, low, high):
    """Of the leaky unit it lies in the range of 3 tanh(x) + 1; of an LSTM it is that of h alone."""
    system, rng = SYSTEMS[name], np.random.default_rng(0)
    lower, upper = box_of_points(system, NONE, visited_states(system, NONE, rng), rng)
    points = find_all_fixed_points(system)
    k = len(lower)
    assert k == (4 if name == "lstm" else system.state_size)
    assert ((low - 1e-12 <= lower) & (upper <= high + 1e-12)).all()
    assert ((lower - 1e-12 <= points.xstar[:, :k]) & (points.xstar[:, :k] <= upper + 1e-12)).all()


def test_without_a_proof_the_box_is_what_units_are_drawn_to():
    system, rng = (
        sp.as_system(lambda x: 3 * np.tanh(x) + 1, 2, recognise=False),
        np.random.default_rng(0),
    )
    lower, upper = box_of_points(system, NONE, visited_states(system, NONE, rng), rng)
    np.testing.assert_allclose([lower, upper], [[-2, -2], [4, 4]], atol=1e-3)


def test_an_lstm_whose_gates_stay_open_is_not_started_from_astronomical_memories():
    """With weights this large, resting memories reach 1e45, where rounding hides everything."""
    rng = np.random.default_rng(0)
    w = lambda *shape: 4 * rng.standard_normal(shape)  # noqa: E731
    system = sp.as_system(LSTMCell(w(12, 2), w(12, 1), w(12), w(2, 3)))
    starts = rng.uniform(-1, 1, (150, 5))
    points = sp.find_fixed_points(system, starts, [0.3], rounds=2)
    drawn = points.starts.states[np.isin(points.starts.source, [Source.BOX, Source.SPARSE])]
    assert np.abs(drawn).max() < 1e5
    assert len(points) == 3
    assert points.q.max() < 1e-20


def test_the_memory_of_an_lstm_starts_where_it_rests():
    system, rng = SYSTEMS["lstm"], np.random.default_rng(0)
    box = all_samplers(system, rng)[1]
    x = box.states(None, rng, 50)
    memory = system.step(x)[:, 4:]
    np.testing.assert_allclose(memory, x[:, 4:], rtol=0, atol=1e-9)


def test_without_a_bounded_image_the_box_is_one_around_trajectories():
    system, rng = sp.as_system(lambda x: 2 * x - 1, state_size=3), np.random.default_rng(0)
    low, high = box_of_points(system, NONE, np.array([[0.0, 0, 0], [1.0, 2, 3]]), rng)
    centre, radius = (low + high) / 2, (high - low) / 2
    np.testing.assert_allclose(centre, [0.5, 1, 1.5])
    np.testing.assert_allclose(radius, 1.5 * 0.99 * np.array([0.5, 1, 1.5]), rtol=1e-9)


def test_trajectories_that_diverge_are_cut_off():
    visited = visited_states(SYSTEMS["diverging"], NONE, np.random.default_rng(0))
    assert np.isfinite(visited).all()
    assert np.abs(visited).max() < 1e3


def test_mirror_images_are_those_that_are_missing():
    right = THREE_UNITS[THREE_UNITS.xstar[:, 0] > 0.5]
    rng = np.random.default_rng(0)
    images = MirrorImages().states(right, rng, 100)
    assert len(images) == 9
    assert cdist(images, THREE_UNITS.xstar).min(axis=1).max() < 1e-9
    assert (images[:, 0] < -0.5).all()
    assert len(MirrorImages().states(THREE_UNITS, rng, 100)) == 0
    assert len(MirrorImages().states(search(units(b=0.1)), rng, 100)) == 0


def test_unstable_directions_leave_saddles_along_eigenvectors_both_ways():
    """At (a, 0, a) the second unit is the unstable one."""
    a = zoo.tanh_fixed_point(2.0)
    saddle = THREE_UNITS[int(THREE_UNITS.nearest([[a, 0.0, a]])[0])]
    rng = np.random.default_rng(0)
    steps = UnstableDirections().states(saddle, rng, 200) - saddle.xstar
    assert np.abs(steps[:, [0, 2]]).max() < 1e-9
    assert steps[:, 1].min() < -1
    assert steps[:, 1].max() > 1
    assert np.abs(steps[:, 1]).min() > 0.01
    assert len(UnstableDirections().states(THREE_UNITS.stable, rng, 5)) == 0


# -- deflation -------------------------------------------------------------------------------------


def test_a_deflated_step_is_the_newton_step_times_a_scalar():
    """By Sherman and Morrison: s / (1 - grad log m . s)."""
    system, rng = lstm(), np.random.default_rng(1)
    problem = system.dynamics.equilibrium_problem()
    y, u, known = rng.normal(size=(6, 4)), np.zeros((6, 0)), rng.normal(size=(3, 4))
    deflated = Deflated(problem, known)
    step, plain = (
        np.linalg.solve(p.jacobian(y, u), -p.residual(y, u)[:, :, None])[:, :, 0]
        for p in (deflated, problem)
    )
    apart = y[:, None] - known
    square = (apart**2).sum(axis=2)
    slope = (-2 / (square * (1 + square)))[:, :, None] * apart
    scalar = 1 / (1 - (slope.sum(axis=1) * plain).sum(axis=1))
    np.testing.assert_allclose(step, scalar[:, None] * plain, rtol=1e-9, atol=1e-12)


def test_the_slope_of_a_deflated_residual_is_its_derivative():
    system, rng = units(), np.random.default_rng(0)
    deflated = Deflated(system.dynamics.equilibrium_problem(), rng.normal(size=(4, 3)), power=3.0)
    y, u, step = rng.normal(size=(5, 3)), np.zeros((5, 0)), 1e-6
    columns = [
        (deflated.residual(y + step * e, u) - deflated.residual(y - step * e, u)) / (2 * step)
        for e in np.eye(3)
    ]
    np.testing.assert_allclose(deflated.jacobian(y, u), np.stack(columns, axis=2), rtol=1e-6)


@pytest.mark.parametrize("path", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def test_known_points_repel(path):
    """Whatever nine points Newton finds from here, deflated Newton never ends in one of them."""
    system = zoo.independent_units(2).system(path)
    known = search(system)
    hidden, others = known.xstar[4], np.delete(known.xstar, 4, axis=0)
    x = np.random.default_rng(0).uniform(-1.2, 1.2, (200, 2))
    u = np.zeros((200, 0))
    solver = DeflatedNewton(others, np.zeros((8, 0)))
    outcome = solve(system.dynamics, x, u, [solver], tol=1e-24, max_steps=100)
    ends = outcome.x[outcome.status == Status.FIXED_POINT]
    plain = solve(system.dynamics, x, u, [Newton()], tol=1e-24, max_steps=100).x
    assert np.abs(ends - hidden).max() < 1e-9
    assert len(ends) > 2 * (np.abs(plain - hidden).max(axis=1) < 1e-9).sum()


def test_the_harvest_of_an_empty_search():
    starts = THREE_UNITS.starts.take(np.arange(0))
    assert starts.discoveries() == {}
    assert isinstance(starts, Starts)


# -- with proofs -----------------------------------------------------------------------------------


@pytest.mark.parametrize("network", zoo.isolated(), ids=str)
def test_every_network_of_the_zoo_is_proved_complete(network):
    points = find_all_fixed_points(network.system("numpy"))
    assert len(points) == network.n_points
    assert points.certificate.all_proved
    assert points.certificate.all_distinct
    assert points.census().completeness is Completeness.PROVED
    assert points.census().verdict.endswith("proves that there are no others")
    assert (points.starts.source == Source.EXHAUSTIVE).all()


def test_every_input_has_a_proof_of_its_own_and_files_keep_it(tmp_path):
    W, B = 2 * np.eye(2), np.eye(2)
    system = sp.as_system(VanillaCell(W, B, np.zeros(2)))
    points = find_all_fixed_points(system, np.array([[0.0, 0.0], [1.0, 0.0]]))
    assert [proof.n_points for proof in points.enumerations] == [9, 3]
    again = sp.load(points.save(tmp_path / "points.nc"))
    for record in (points, again):
        census = record.census()
        assert census.completeness is Completeness.PROVED
        assert [tally.proved_points for tally in census.tallies] == [9, 3]
    assert again[:3].census().completeness is Completeness.UNDECIDED


def test_a_proof_counts_only_for_points_that_are_proved_to_be_those():
    points = find_all_fixed_points(units())
    certificate = points.certificate
    none = np.zeros(len(points), dtype=bool)
    for doubtful in ({"proved": none}, {"box": certificate.box + 9.0}):  # boxes that meet
        other = replace(points, certificate=replace(certificate, **doubtful))
        assert other.census().completeness is Completeness.UNDECIDED
    (proof,) = points.enumerations
    more = replace(proof, states=np.vstack([proof.states, proof.states[:1]]))
    assert replace(points, enumerations=(more,)).census().completeness is Completeness.INCOMPLETE


def test_threshold_linear_graphs_are_proved_complete_and_the_half_line_is_not():
    for seed in range(10):
        edges = np.random.default_rng(seed).random((7, 7)) < 0.4
        points = find_all_fixed_points(ctln(edges))
        assert points.census().completeness is Completeness.PROVED
        assert points.index.sum() == 1
    points = find_all_fixed_points(zoo.half_line().system("numpy"))
    assert points.census().completeness is Completeness.UNDECIDED
    assert "continuum" in points.enumerations[0].reason


@pytest.mark.parametrize("beyond", [1e-13, 1e-12, 1e-11, 1e-10])
def test_a_ghost_just_beyond_a_fold_is_not_returned(beyond):
    """Its q is below the tolerance of a search, and yet no fixed point is there."""
    _, b = zoo.fold_of(2.0)
    points = find_all_fixed_points(units(1, b=b * (1 + beyond)))
    assert len(points) == 1
    assert points.certificate.all_proved
    assert points.census().completeness in (Completeness.PROVED, Completeness.NO_EVIDENCE)
    assert (points.starts.status[points.starts.point < 0] == Status.NO_FIXED_POINT).all()


def test_what_cannot_be_proved_under_one_input_says_nothing_of_another():
    system = sp.as_system(VanillaCell(np.eye(1), np.eye(1), np.zeros(1)))  # a pitchfork at u = 0
    both = find_all_fixed_points(system, np.array([[0.0], [0.5]])).census()
    assert [t.completeness for t in both.tallies] == [Completeness.UNDECIDED, Completeness.PROVED]
    assert "1 undecided, 1 proved complete; in doubt under u = " in both.verdict


def test_that_there_is_no_point_can_be_proved():
    points = find_all_fixed_points(
        sp.as_system(VanillaCell(np.full((1, 1), 2.0), np.zeros((1, 0)), np.ones(1), "relu"))
    )
    assert len(points) == 0
    assert points.census().completeness is Completeness.PROVED
    assert points.census().verdict.endswith("proves that there are none")


def test_a_black_box_has_neither_proof_nor_certificate():
    points = find_all_fixed_points(zoo.independent_units(2).system("numpy function"))
    assert len(points) == 9
    assert points.certificate is None
    assert not points.enumerations[0].is_proof
    assert points.census().completeness is Completeness.NO_EVIDENCE
