"""Shares of basins that are known, the attractor of single states, and what is not resolved."""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy.stats import binomtest

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.census.estimators import share_intervals
from stillpoint.tasks import load_network
from zoo import decision_flow, independent_units

UNITS = independent_units(2).system("numpy")
FOUR = sp.find_attractors(UNITS, n_starts=32)


def signs_of(basins):
    """Return the signs of the attractor of each state."""
    return np.sign(basins.attractors.states[basins.attractor, 0])


def test_quadrants_are_basins():
    basins = sp.sample_basins(UNITS, FOUR, box=[[-1, -3], [1, 1]], n_states=2000)
    np.testing.assert_array_equal(signs_of(basins), np.sign(basins.states))
    assert basins.n_open == 0
    assert basins.hits.sum() == 2000
    below = FOUR.states[:, 0, 1] < 0
    low, high = basins.share_interval.T
    wanted = np.where(below, 0.375, 0.125)
    assert ((low < wanted) & (wanted < high)).all()
    assert "2000 lead to 4 attractors (decided), none is unresolved; shares are estimated" in (
        basins.verdict
    )


def test_balls_and_states_of_the_caller():
    centre, radius = np.array([0.3, 2.0]), 1.0
    basins = sp.sample_basins(UNITS, FOUR, around=centre, radius=radius, n_states=1000)
    away = np.linalg.norm(basins.states - centre, axis=1)
    assert away.max() <= radius
    assert np.median(away) == pytest.approx(np.sqrt(0.5), abs=0.03)  # half of a disc
    np.testing.assert_array_equal(signs_of(basins), np.sign(basins.states))
    assert (basins.share > 0).sum() == 2
    mine = np.array([[0.1, -0.2], [-0.3, -0.1], [2.0, 0.1]])
    given = sp.sample_basins(UNITS, FOUR, mine)
    np.testing.assert_array_equal(given.states, mine)
    np.testing.assert_array_equal(given.of(UNITS, mine), given.attractor)


def test_what_is_not_resolved_is_counted_and_not_assigned():
    few = sp.sample_basins(UNITS, FOUR, n_states=200, steps=8)
    assert few.n_open > 0
    known = few.attractor >= 0
    np.testing.assert_array_equal(signs_of(few)[known], np.sign(few.states)[known])
    assert few.hits.sum() == known.sum()
    assert few.share.sum() < 1
    assert f"{few.n_open} came to none that is known" in few.verdict
    half = FOUR.take([0, 1])
    lost = sp.sample_basins(UNITS, half, n_states=100, steps=500)
    there = (np.sign(lost.states)[:, None] == np.sign(half.states[:, 0])).all(axis=2)
    np.testing.assert_array_equal(lost.attractor >= 0, there.any(axis=1))
    on_border = sp.sample_basins(UNITS, FOUR, [[0.0, 1.0]], steps=500)
    assert on_border.attractor.tolist() == [-1]


def test_states_that_run_away_lead_nowhere():
    system = sp.as_system(
        lambda x: np.where(np.abs(x) < 1.5, np.tanh(2 * x), 3 * x), state_size=1, recognise=False
    )
    attractors = sp.find_attractors(system, starts=[[-1.0], [1.0], [2.0]])
    basins = sp.sample_basins(system, attractors, [[-1.4], [1.4], [1.6], [-9.0]])
    assert (basins.attractor >= 0).tolist() == [True, True, False, False]


def test_cycles_and_flows_have_basins():
    flips = sp.as_system(lambda x: np.tanh([-2.0, 2.0] * x), state_size=2)
    attractors = sp.find_attractors(flips, n_starts=16)
    basins = sp.sample_basins(flips, attractors, n_states=200)
    assert basins.n_open == 0
    second = np.sign(attractors.states[basins.attractor, 0, 1])
    np.testing.assert_array_equal(second, np.sign(basins.states[:, 1]))
    turns = sp.as_system(
        lambda x: x * (1 - (x**2).sum(axis=1, keepdims=True)) + x[:, ::-1] * [-1.0, 1.0],
        state_size=2,
        kind="flow",
    )
    one = sp.sample_basins(turns, sp.find_attractors(turns, n_starts=4), n_states=20)
    assert one.share.tolist() == [1.0]


def test_the_model_of_decisions():
    system = sp.as_system(decision_flow, state_size=2, kind="flow")
    attractors = sp.find_attractors(system, n_starts=16)
    basins = sp.sample_basins(system, attractors, box=(0, 1), n_states=60)
    x = basins.states
    for _ in range(4000):  # Euler's method, by nothing but the formula
        x = x + 1e-3 * decision_flow(x)
    ends = attractors.states[basins.attractor, 0]
    np.testing.assert_allclose(x, ends, atol=0.05)
    assert basins.n_open == 0


def test_every_input_has_basins_of_its_own():
    cell = sp.cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1))
    system, inputs = sp.as_system(cell), np.array([[0.0], [0.2], [2.0]])
    attractors = sp.find_attractors(system, inputs)
    basins = sp.sample_basins(system, attractors, box=(-1, 1), n_states=300)
    assert len(basins) == 900
    np.testing.assert_array_equal(attractors.inputs[basins.attractor], basins.inputs)
    for u, several in zip((0.0, 0.2, 2.0), (2, 2, 1), strict=True):
        assert basins.share[attractors.inputs[:, 0] == u].sum() == pytest.approx(1)
        assert (attractors.inputs[:, 0] == u).sum() == several
    points = sp.find_all_fixed_points(system, np.array([0.2]))
    border = points.xstar[points.n_unstable == 1][0, 0]
    sides = basins.of(system, [[border - 1e-3], [border + 1e-3]], [0.2])
    assert (np.diff(attractors.states[sides, 0, 0]) > 0).all()
    one = sp.sample_basins(system, attractors, inputs=[0.2], n_states=10)
    assert (one.inputs == 0.2).all()
    assert len(one.to_dataframe()) == 2
    assert "3 inputs" in basins.verdict


@pytest.mark.slow
def test_networks_that_do_not_remember():
    system = load_network("context").system
    u = np.eye(4)[[2, 3]]
    attractors = sp.find_attractors(system, u, n_starts=64)
    basins = sp.sample_basins(system, attractors, n_states=200)
    assert basins.n_open == 0
    assert (basins.share[attractors.attracts] > 0.1).all()
    W = 1.5 * np.random.default_rng(1).standard_normal((40, 40)) / np.sqrt(40)
    random = sp.as_system(sp.cells.VanillaCell(W, np.zeros((40, 0)), np.zeros(40)))
    attractors = sp.find_attractors(random, n_starts=64)
    basins = sp.sample_basins(random, attractors, n_states=100)
    assert basins.hits.sum() + basins.n_open == 100
    assert basins.n_open < 20


@pytest.mark.parametrize(("hits", "trials"), [(0, 7), (7, 7), (3, 7), (1, 1000), (500, 1000)])
def test_intervals_are_those_of_clopper_and_pearson(hits, trials):
    wanted = binomtest(hits, trials).proportion_ci(0.95, "exact")
    found = share_intervals(np.array([hits]), np.array([trials]))[0]
    np.testing.assert_allclose(found, [wanted.low, wanted.high], atol=1e-12)


def test_intervals_hold_as_often_as_they_say():
    rng, p = np.random.default_rng(0), 0.07
    low, high = share_intervals(rng.binomial(60, p, 4000), np.full(4000, 60)).T
    assert ((low <= p) & (p <= high)).mean() >= 0.95 - 0.01


def test_basins_are_kept(tmp_path):
    basins = sp.sample_basins(UNITS, FOUR, n_states=50)
    again = sp.load(basins.save(tmp_path / "basins.nc"))
    assert repr(again) == repr(basins)
    np.testing.assert_array_equal(again.of(UNITS, basins.states), basins.attractor)
    assert len(basins.take(np.arange(10))) == 10
    assert "basins of 4 attractors" in repr(basins)
    assert basins.to_xarray().sizes["sample"] == 50


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_what_does_not_fit_is_refused():
    one = independent_units(1).system("numpy")
    basins = sp.sample_basins(UNITS, FOUR, n_states=10)
    for name, call in {
        "attractors: got": lambda: sp.sample_basins(UNITS, sp.find_all_fixed_points(UNITS)),
        "attractors: got what": lambda: sp.sample_basins(one, FOUR),
        "states": lambda: sp.sample_basins(UNITS, FOUR, np.zeros((0, 2))),
        "box": lambda: sp.sample_basins(UNITS, FOUR, box=(1, -1)),
        "box: got it beside states": lambda: sp.sample_basins(UNITS, FOUR, [[0, 0]], box=(0, 1)),
        "radius: it goes": lambda: sp.sample_basins(UNITS, FOUR, radius=1.0),
        "radius: got": lambda: sp.sample_basins(UNITS, FOUR, around=[0, 0], radius=-1.0),
        "around": lambda: sp.sample_basins(UNITS, FOUR, around=[0.0], radius=1.0),
        "n_states": lambda: sp.sample_basins(UNITS, FOUR, n_states=0),
        "steps": lambda: basins.of(UNITS, [[0.0, 0.0]], steps=0),
        "system": lambda: basins.of(one, [[0.0]]),
    }.items():
        with pytest.raises(ArgumentError, match=f"^{name}"):
            call()
