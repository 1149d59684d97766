"""What attracts and is no point is seen, and forbids to say that nothing is missing."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import System
from stillpoint.cells import VanillaCell
from stillpoint.census import Completeness
from stillpoint.points import OrbitEnd, Source


def tanh(W: np.ndarray, b: float | np.ndarray = 0.0) -> System:
    return sp.as_system(VanillaCell(W, np.zeros((len(W), 0)), np.zeros(len(W)) + b))


def turning(angle: float, gain: float = 1.3) -> np.ndarray:
    c, s = np.cos(angle), np.sin(angle)
    return gain * np.array([[c, -s], [s, c]])


def starts(d: int, n: int = 300) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, d))


def van_der_pol(s: np.ndarray) -> np.ndarray:
    x, v = s.T
    return np.stack([v, (1 - x**2) * v - x], axis=1)


def test_a_ring_that_newton_passes_by_is_found_from_random_starts():
    """A cosine ring of 200 units: from far, Newton steps all lead to the origin."""
    n = 200
    angle = 2 * np.pi * np.arange(n) / n
    system = tanh(4 / n * np.cos(angle[:, None] - angle))
    alone = sp.find_fixed_points(system, starts(n), orbits=False)
    assert len(alone) == 1
    points = sp.find_fixed_points(system, starts(n))
    assert points.on_continuum.sum() > 20
    np.testing.assert_allclose(
        np.linalg.norm(points.xstar[points.on_continuum], axis=1), 11.814, atol=1e-3
    )
    census = points.census()
    assert census.completeness is Completeness.UNDECIDED
    assert "a continuum of fixed points" in census.verdict
    assert (points.starts.source == Source.ORBIT).sum() == points.on_continuum.sum()


@pytest.mark.parametrize("angle", [0.3, 0.5, 1.0, np.pi / 2])
def test_a_cycle_explains_where_orbits_end_and_its_period_is_told(angle):
    points = sp.find_fixed_points(tanh(turning(angle)), starts(2))
    census, orbits = points.census(), points.orbits
    assert census.completeness is Completeness.NO_EVIDENCE
    returns = angle == np.pi / 2  # after four steps
    assert (orbits.ending == (OrbitEnd.CYCLE if returns else OrbitEnd.CURVE)).all()
    path = tanh(turning(angle)).simulate(orbits.end[:1], steps=2000)[0]
    turns = np.unwrap(np.arctan2(*path.T[::-1]))
    period = 2 * np.pi * (len(path) - 1) / (turns[-1] - turns[0])
    assert orbits.period == pytest.approx(period, rel=1e-3)
    assert "no stable point is known" in census.verdict
    what = "ran into a cycle" if returns else "went round a closed curve"
    assert f"{what} of about {orbits.period[0]:.3g} steps" in census.verdict


def test_chaos_is_not_explained():
    henon = sp.as_system(
        lambda x: np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], 1), state_size=2
    )
    begin = 0.1 * starts(2)
    points = sp.find_fixed_points(henon, begin, rounds=0)
    (tally,) = points.census().tallies
    moving = points.orbits.ending == OrbitEnd.MOVING
    assert moving.any()
    assert tally.followed.restless == (points.orbits.ending != OrbitEnd.POINT).sum()


def test_a_cycle_beside_stable_points_is_seen():
    block = np.block([[turning(0.4), np.zeros((2, 1))], [np.zeros((1, 2)), np.array([[2.0]])]])
    points = sp.find_fixed_points(tanh(block), starts(3, 600))
    assert not points.is_stable.any()
    assert (points.orbits.ending == OrbitEnd.CURVE).all()
    assert "closed curve" in points.census().verdict


def test_a_flow_is_followed_in_steps_of_its_own():
    system = sp.as_system(van_der_pol, state_size=2, kind="flow", lefschetz=1)
    points = sp.find_fixed_points(system, starts(2))
    assert points.orbits.period == pytest.approx(6.66328685932314, rel=1e-9)
    assert "units of time" in points.census().verdict
    assert points.census().completeness is Completeness.NO_EVIDENCE


def test_orbits_that_settle_leave_the_verdict_as_it_is():
    points = sp.find_fixed_points(tanh(2 * np.eye(2), np.array([0.1, 0.0])), starts(2))
    assert (points.orbits.ending == OrbitEnd.POINT).all()
    assert points.census().completeness is Completeness.NO_EVIDENCE
    assert points.starts.source.max() == Source.GIVEN


def test_an_orbit_that_creeps_through_a_ghost_is_told():
    fold = np.sqrt(0.5)  # where tanh(2 x + b) touches x; 1e-7 further there is no point
    b = np.arctanh(fold) - 2 * fold - 1e-7
    points = sp.find_fixed_points(tanh(np.full((1, 1), 2.0), b), starts(1, 600))
    census = points.census()
    assert (len(points), census.completeness) == (1, Completeness.UNDECIDED)
    assert "still moved by up to 9e-08 a step" in census.verdict


@pytest.mark.parametrize("shrinks", [0.9998, pytest.param(1 / 1.0005, marks=pytest.mark.slow)])
def test_a_spiral_into_a_point_is_no_cycle(shrinks):
    W = turning(0.3, shrinks)
    system = sp.as_system(lambda x: x @ W.T, state_size=2, lefschetz=1)
    points = sp.find_fixed_points(system, starts(2))
    assert not (points.orbits.ending == OrbitEnd.CYCLE).any()


def test_a_small_cycle_around_an_unstable_point_is_a_cycle():
    points = sp.find_fixed_points(tanh(turning(0.5, 1.002)), starts(2))
    assert (points.orbits.ending == OrbitEnd.CURVE).all()
    assert np.abs(points.orbits.end).max() < 0.1


def test_a_state_too_slow_to_be_seen_moving_is_no_point():
    fold = np.sqrt(0.5)  # b is 4e-11 beyond: what stands there moves by 2e-11 a step
    b = np.arctanh(fold) - 2 * fold - 4e-11
    begin = np.concatenate([[[fold]], starts(1, 600)])
    points = sp.find_fixed_points(tanh(np.full((1, 1), 2.0), b), begin)
    assert len(points) == 1
    assert points.orbits.ending[0] == OrbitEnd.MOVING
    assert points.census().completeness is Completeness.UNDECIDED


@pytest.mark.parametrize(("r", "period"), [(3.5, 4), (3.55, 8), (3.567, 16)])
def test_periods_that_were_doubled_are_not_halved(r, period):
    system = sp.as_system(lambda x: r * x * (1 - x), state_size=1)
    begin = np.random.default_rng(0).uniform(0.01, 0.99, (400, 1))
    orbits = sp.find_fixed_points(system, begin).orbits
    assert set(orbits.period[orbits.ending == OrbitEnd.CYCLE]) == {period}


def test_orbits_begin_at_starts_and_around_unstable_points():
    begun = sp.find_fixed_points(tanh(turning(0.5)), 1.0 + starts(2)).orbits.states
    near = begun[np.linalg.norm(begun, axis=1) < 0.02]
    assert len(begun) - len(near) == 24
    assert len(near) == 4
    assert np.linalg.matrix_rank(near, tol=1e-4) == 2  # both ways along both directions
    np.testing.assert_allclose(near.sum(axis=0), 0.0, atol=1e-15)


@pytest.mark.slow
def test_orbits_are_followed_without_an_index_where_nothing_is_stable():
    system = sp.as_system(van_der_pol, state_size=2, kind="flow")
    assert (sp.find_fixed_points(system, starts(2)).orbits.ending == OrbitEnd.CYCLE).any()
    halves = sp.as_system(lambda x: x / 2, state_size=2, recognise=False)
    assert sp.find_fixed_points(halves, starts(2)).orbits is None


def test_one_stiff_start_does_not_slow_the_others():
    system = sp.as_system(lambda x: x - x**3, state_size=1, kind="flow", lefschetz=1)
    points = sp.find_fixed_points(system, np.concatenate([starts(1), [[300.0]]]))
    assert (points.orbits.ending == OrbitEnd.POINT).all()
    assert points.census().completeness is Completeness.NO_EVIDENCE


def test_orbits_are_followed_under_every_input():
    cell = VanillaCell(np.full((1, 1), 2.0), np.ones((1, 1)), np.zeros(1))
    u = np.repeat(np.linspace(-0.1, 0.1, 40), 200)[:, None]
    points = sp.find_fixed_points(sp.as_system(cell), starts(1, len(u)), u)
    assert all(tally.followed for tally in points.census().tallies)


def test_a_few_starts_are_not_about_all_that_there_is():
    points = sp.find_fixed_points(tanh(2 * np.eye(2)), np.zeros((1, 2)) + 1e-9)
    assert (len(points), points.orbits) == (1, None)


def test_orbits_are_kept(tmp_path):
    points = sp.find_fixed_points(tanh(turning(0.5)), starts(2))
    loaded = sp.load(points.save(tmp_path / "points.nc"))
    assert loaded.orbits.summary == points.orbits.summary
    both = sp.FixedPoints.concatenate([loaded, points])
    assert len(both.orbits) == 2 * len(points.orbits)
    assert repr(points.orbits) == f"{len(points.orbits)} orbits: {points.orbits.summary}"


def test_orbits_under_several_inputs_are_told_apart():
    cell = VanillaCell(turning(0.5), np.eye(2), np.zeros(2))
    u = np.repeat([[0.0, 0.0], [3.0, 3.0]], 300, axis=0)
    tallies = sp.find_fixed_points(sp.as_system(cell), starts(2, 600), u).census().tallies
    assert [bool(tally.followed.ends) for tally in tallies] == [True, False]
