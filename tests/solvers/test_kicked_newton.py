"""Kicked Newton steps: more rows arrive in hard networks, each wherever it is solved."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, cells
from stillpoint.search.options import default_solvers
from stillpoint.solvers import KickedNewton, LevenbergMarquardt, Newton, Status, solve


def random_network(d, gain, phi="tanh", seed=0):
    W = gain / np.sqrt(d) * np.random.default_rng(seed).normal(size=(d, d))
    return cells.VanillaCell(W, np.zeros((d, 0)), np.zeros(d), phi)


def ends(network, starts, *solvers):
    inputs = np.zeros((len(starts), 0))
    return solve(network, starts, inputs, solvers, tol=1e-24, max_steps=200, progress=False)


def test_more_starts_arrive_at_fixed_points_that_are_true():
    network = random_network(64, 2.0)
    starts = np.random.default_rng(1).normal(size=(60, 64))
    kicked, newton = ends(network, starts, KickedNewton()), ends(network, starts, Newton())
    arrived = kicked.status == Status.FIXED_POINT
    assert arrived.sum() > 1.5 * (newton.status == Status.FIXED_POINT).sum()
    x = kicked.x[arrived]
    np.testing.assert_allclose(network.step(x, np.zeros((len(x), 0))), x, rtol=0, atol=1e-11)


def test_a_row_ends_where_it_ends_alone():
    """Kicks do not depend on other rows; these arrive before rounding can tell."""
    network = random_network(32, 2.5)
    starts = np.random.default_rng(1).normal(size=(16, 32))
    together = ends(network, starts, KickedNewton())
    unkicked = ends(network, starts, KickedNewton(patience=10**6))
    assert (together.status == Status.FIXED_POINT).all()
    rescued = np.flatnonzero(unkicked.status != Status.FIXED_POINT)
    assert len(rescued) >= 3
    for row in rescued:
        alone = ends(network, starts[row : row + 1], KickedNewton())
        assert alone.steps[0] == together.steps[row]
        np.testing.assert_allclose(alone.x[0], together.x[row], rtol=0, atol=1e-8)


def test_a_state_without_a_newton_step_is_kicked():
    """At the origin of tanh(x) the slope of the motion is zero: no step is defined."""
    network = cells.VanillaCell(np.eye(1), np.zeros((1, 0)), np.array([0.5]))
    (end,) = ends(network, -0.5 * np.ones((1, 1)), KickedNewton(patience=1)).x[0]
    np.testing.assert_allclose(np.tanh(end + 0.5), end, atol=1e-12)


@pytest.mark.parametrize(
    ("network", "kicks"),
    [
        (random_network(128, 1.5), True),
        (random_network(16, 1.5), False),  # few minima of q, which are worth knowing
        (random_network(128, 1.5, "relu"), False),  # states run away
    ],
)
def test_what_a_search_uses_by_default(network, kicks):
    kinds = [type(solver) for solver in default_solvers(network)]
    assert (KickedNewton in kinds) == kicks
    assert kicks == (kinds[-1] is LevenbergMarquardt and len(kinds) == 3)


@pytest.mark.parametrize(
    ("options", "named"),
    [({"longest": 0.0}, "longest"), ({"patience": 0}, "patience"), ({"size": -1.0}, "size"),
     ({"most_steps": 0}, "most_steps")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(options, named):
    with pytest.raises(ArgumentError, match=named):
        KickedNewton(**options)


def test_a_search_in_a_hard_network_reaches_most_of_its_starts():
    system = sp.as_system(random_network(128, 1.5))
    starts = np.random.default_rng(2).normal(size=(24, 128))
    quick = {"rounds": 0, "orbits": False}
    kicked = sp.find_fixed_points(system, starts, **quick).starts
    plain = sp.find_fixed_points(system, starts, solver=Newton(), **quick).starts
    reached = [(found.status == Status.FIXED_POINT).sum() for found in (kicked, plain)]
    assert reached[0] > 1.5 * reached[1]
