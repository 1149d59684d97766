"""Where orbits end: known attractors by name, with evidence, and shares."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import binom

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.points import OrbitEnd


def vanilla(W: np.ndarray, b: np.ndarray | None = None) -> sp.System:
    n = len(W)
    return sp.as_system(sp.cells.VanillaCell(W, np.zeros((n, 0)), np.zeros(n) if b is None else b))


def black_box(step, size: int, **options) -> sp.System:
    return sp.as_system(step, state_size=size, recognise=False, **options)


def kinds(attractors: sp.Attractors) -> list[OrbitEnd]:
    return [OrbitEnd(kind) for kind in attractors.kind]


@pytest.mark.parametrize(
    ("n", "points", "cycles"),
    [(2, 2, {2: 1}), (3, 2, {3: 2}), pytest.param(4, 2, {2: 1, 4: 3}, marks=pytest.mark.slow)],
)
def test_a_ring_of_memories(n, points, cycles):
    ring = vanilla(np.roll(2 * np.eye(n), 1, axis=0))
    found = sp.find_attractors(ring)
    assert kinds(found).count(OrbitEnd.POINT) == points
    period = found.period[found.kind == OrbitEnd.CYCLE]
    assert {int(k): int((period == k).sum()) for k in np.unique(period)} == cycles
    assert set(found.evidence) == {"proved"}
    slope = np.log(2 * (1 - 0.9575040240772688**2))
    np.testing.assert_allclose(found.exponent, slope, rtol=1e-9)


def test_memories_of_a_trained_network():
    system = sp.tasks.load_network("tanh").system
    points = sp.find_all_fixed_points(system, np.zeros(system.input_size))
    found = sp.find_attractors(system, np.zeros(system.input_size), points)
    assert len(found) == 8
    assert set(found.evidence) == {"proved"}
    assert set(found.point) == set(np.flatnonzero(points.is_stable))
    np.testing.assert_allclose(found.states[:, 0], points.xstar[found.point], atol=1e-9)
    assert not found.counts.all()  # orbits beside the saddles do not count
    assert found.hits.sum() == 256 == found.counts.sum()


def test_shares_with_exact_intervals():
    found = sp.find_attractors(vanilla(2 * np.eye(1)), n_starts=400)
    assert len(found) == 2
    for share, (low, high), hits in zip(found.share, found.share_interval, found.hits, strict=True):
        assert low < share < high
        assert binom.sf(hits - 1, 400, low) == pytest.approx(0.025)
        assert binom.cdf(hits, 400, high) == pytest.approx(0.025)


def test_chaos_and_what_runs_away():
    henon = black_box(lambda x: np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], 1), 2)
    starts = np.array([[0.1, 0.1], [0.0, 0.2], [-0.1, 0.1], [5.0, 5.0]])
    found = sp.find_attractors(henon, starts=starts)
    assert kinds(found) == [OrbitEnd.CHAOS, OrbitEnd.DIVERGED]
    assert found.evidence[0] == "estimated"
    assert found.exponent[0] == pytest.approx(0.42, abs=0.03)
    assert found.attractor.tolist() == [0, 0, 0, 1]


@pytest.mark.slow
def test_a_two_dimensional_torus():
    def step(x):
        a, b = x[:, :2], x[:, 2:]
        return np.concatenate([np.tanh(1.5 * a @ turn(1.0)), np.tanh(1.4 * b @ turn(0.6))], axis=1)

    starts = np.random.default_rng(0).standard_normal((2, 4))
    found = sp.find_attractors(black_box(step, 4), starts=starts)
    assert kinds(found) == [OrbitEnd.TORUS]
    assert found.evidence[0] == "estimated"


def turn(angle: float) -> np.ndarray:
    return np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])


@pytest.mark.parametrize(
    ("gap", "kind"),
    [(1e-6, OrbitEnd.POINT), (1e-9, OrbitEnd.GHOST), (1e-12, OrbitEnd.MOVING)],
)
def test_a_slow_passage_is_no_attractor(gap, kind):
    # Beyond its fold the lower memory is gone; what is left of it holds orbits up.
    x = -np.sqrt(0.5)
    b = np.arctanh(x) - 2 * x + gap
    system = vanilla(np.array([[2.0]]), np.array([b]))
    found = sp.find_attractors(system, starts=np.full((8, 1), -1.0))
    assert kinds(found) == [kind]
    assert found.attracts.any() == (found.states[0, 0, 0] > 0)


def test_a_line_of_points_is_a_continuum():
    found = sp.find_attractors(vanilla_line(), starts=np.random.default_rng(0).normal(size=(20, 2)))
    assert kinds(found) == [OrbitEnd.CONTINUUM]


def vanilla_line() -> sp.System:
    W = np.diag([1.0, 0.5])
    return sp.as_system(sp.cells.VanillaCell(W, np.zeros((2, 0)), np.zeros(2), phi="linear"))


def test_symmetry_holds_no_orbit_at_a_saddle():
    found = sp.find_attractors(vanilla(2 * np.eye(3)), starts=np.zeros((16, 3)))
    assert set(kinds(found)) == {OrbitEnd.POINT}
    assert (np.abs(found.states[:, 0]) > 0.9).all()


def test_a_degenerate_point_is_not_said_to_attract():
    cubic = black_box(lambda x: x - x**3, 1)
    found = sp.find_attractors(cubic, starts=np.array([[0.3], [-0.2], [0.0]]))
    assert not found.attracts.any()


def test_flows_settle_on_points():
    pair = black_box(lambda x: x - x**3, 1, kind="flow")
    found = sp.find_attractors(pair, starts=np.linspace(-1.5, 1.5, 8)[:, None])
    assert kinds(found) == [OrbitEnd.POINT] * 2
    np.testing.assert_allclose(found.exponent, -2.0, rtol=1e-6)
    assert found.share.tolist() == [0.5, 0.5]


def test_small_units_have_their_own_scale():
    small = black_box(lambda x: 1e-6 * np.tanh(2e6 * x), 1)
    found = sp.find_attractors(small, starts=1e-6 * np.linspace(-1, 1, 10)[:, None])
    np.testing.assert_allclose(
        np.sort(found.states[:, 0, 0]), [-0.957504e-6, 0.957504e-6], rtol=1e-5
    )


def test_several_inputs_and_files(tmp_path):
    cell = sp.cells.VanillaCell(np.array([[2.0]]), np.ones((1, 1)), np.zeros(1))
    found = sp.find_attractors(sp.as_system(cell), np.array([[0.0], [2.0]]), n_starts=32)
    assert found.inputs[:, 0].tolist() == [0.0, 0.0, 2.0]
    assert found.share[2] == 1.0
    read = sp.load(found.save(tmp_path / "found.nc"))
    assert repr(read) == repr(found)
    assert read.to_dataframe().equals(found.to_dataframe())
    assert "point" in repr(found)
    assert len(found.take([0]).attractor) == found.hits[0]


def test_what_attracts_explains_orbits_that_come_to_no_point():
    W = 2 * np.roll(np.eye(3), 1, axis=0)
    W[0, 2] = -2
    system = vanilla(W)
    points = sp.find_all_fixed_points(system, exhaustive=False, orbits=False)
    assert points.orbits is None
    census = points.census(sp.find_attractors(system))
    assert census.completeness is sp.Completeness.NO_EVIDENCE
    assert "2 cycles" in census.verdict


def test_an_attracting_point_that_is_not_known_speaks_against_the_points():
    system = black_box(lambda x: np.tanh(2 * x + 0.1), 1)
    points = sp.find_fixed_points(system, np.linspace(0.9, 1, 200)[:, None], rounds=0)
    assert len(points) == 1
    tally = points.census(sp.find_attractors(system)).tallies[0]
    assert tally.followed.restless > 0
    assert tally.completeness is sp.Completeness.UNDECIDED


def test_wrong_arguments():
    system, other = vanilla(2 * np.eye(1)), vanilla(3 * np.eye(1))
    for match, call in {
        "starts": lambda: sp.find_attractors(system, starts=np.zeros((0, 1))),
        "n_starts": lambda: sp.find_attractors(system, n_starts=0),
        "steps": lambda: sp.find_attractors(system, steps=0),
        "points": lambda: sp.find_attractors(system, points=sp.find_all_fixed_points(other)),
        "attractors": lambda: sp.find_all_fixed_points(other).census(sp.find_attractors(system)),
    }.items():
        with pytest.raises(ArgumentError, match=f"^{match}: "):
            call()


@pytest.mark.parametrize("gain", [1.2, 1.5])
def test_a_closed_curve_with_its_period(gain):
    found = sp.find_attractors(vanilla(gain * turn(1.0).T), n_starts=32)
    assert kinds(found) == [OrbitEnd.CURVE]
    assert found.evidence[0] == "decided"
    assert found.exponent[0] == 0.0
    assert found.hits[0] == 32
    if gain == 1.5:
        assert found.period[0] == pytest.approx(1 / 0.161397800798167, rel=1e-10)


def test_a_network_that_generates_waves():
    network = sp.tasks.load_network("sine")
    task = sp.tasks.SineWave(n_frequencies=6, lowest=0.1, highest=0.5)
    found = sp.find_attractors(network.system, task.constant_input(3), n_starts=16)
    assert kinds(found) == [OrbitEnd.CURVE]
    assert found.period[0] == pytest.approx(2 * np.pi / task.frequencies[3], rel=0.01)


def test_limit_cycles_of_flows():
    def van_der_pol(x):
        return np.stack([x[:, 1], (1 - x[:, 0] ** 2) * x[:, 1] - x[:, 0]], axis=1)

    found = sp.find_attractors(black_box(van_der_pol, 2, kind="flow"), n_starts=8)
    assert kinds(found) == [OrbitEnd.CYCLE]
    assert found.evidence[0] == "decided"
    assert found.period[0] == pytest.approx(6.66328685932314, rel=1e-9)
    assert np.abs(found.along(0)[:, 0]).max() == pytest.approx(2.0086, abs=1e-3)


def test_a_cycle_and_a_point_of_one_flow():
    def step(x):
        square = (x**2).sum(axis=1, keepdims=True)
        return x * (-0.1 + square - square**2) + x[:, ::-1] * [-1.0, 1.0]

    starts = np.array([[0.3, 0.0], [0.0, 0.33], [0.34, 0.0], [1.5, 0.0]])  # 0.3357 repels
    found = sp.find_attractors(black_box(step, 2, kind="flow"), starts=starts)
    assert [found.kind[row] for row in found.attractor] == [0, 0, 1, 1]
    assert found.period[found.attractor[2]] == pytest.approx(2 * np.pi, rel=1e-9)


@pytest.mark.parametrize("seed", range(3))
def test_symmetric_weights_have_periods_one_and_two_only(seed):
    """A theorem on x' = tanh(W x + b) with symmetric W (Marcus and Westervelt 1989)."""
    rng = np.random.default_rng(seed)
    W = rng.standard_normal((20, 20)) / 2
    found = sp.find_attractors(vanilla(W + W.T, rng.standard_normal(20) / 2), n_starts=48)
    assert found.attracts.all()
    assert set(found.kind) <= {OrbitEnd.POINT, OrbitEnd.CYCLE}
    assert set(found.period[found.kind == OrbitEnd.CYCLE]) <= {2.0}
