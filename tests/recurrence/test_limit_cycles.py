"""Limit cycles of flows whose periods and multipliers are known."""

from __future__ import annotations

import os

import numpy as np
import pytest
from scipy.linalg import expm

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning
from stillpoint.recurrence.limit_cycles.limit_cycle import multipliers
from stillpoint.recurrence.limit_cycles.rounds import LimitCycles
from stillpoint.recurrence.limit_cycles.shooting import Shooting


def flow(f, d=2, **options):
    return sp.as_system(f, state_size=d, kind="flow", **options)


def van_der_pol(mu, unit=1.0):
    def rate(x):
        a, b = x.T / unit
        return unit * np.stack([b, mu * (1 - a**2) * b - a], axis=1)

    return flow(rate)


def rings(mu):
    """r' = mu r + r^3 - r^5, and the angle grows by one."""

    def rate(x):
        r2 = (x**2).sum(axis=1, keepdims=True)
        return (mu + r2 - r2**2) * x + np.stack([-x[:, 1], x[:, 0]], axis=1)

    return flow(rate)


def threshold_linear(n):
    """Units that inhibit each other, each the next in a ring less than the others."""
    W = np.full((n, n), -1.5)
    W[(np.arange(n) + 1) % n, np.arange(n)] = -0.75
    np.fill_diagonal(W, 0.0)

    def slope(x, u):
        return -np.eye(n) + W * (x @ W.T + 1 > 0)[:, :, None]

    return flow(lambda x, u: -x + np.maximum(0, x @ W.T + 1), n, jacobian=slope)


def largest(values):
    """Return the largest value along the trigonometric curve through equally spaced ones."""
    n = len(values)
    modes, waves = np.fft.fft(values) / n, 1j * np.fft.fftfreq(n, 1 / n)
    t = 2 * np.pi * values.argmax() / n
    for _ in range(5):
        slope, bend = ((modes * waves**k * np.exp(waves * t)).sum().real for k in (1, 2))
        t -= slope / bend
    return (modes * np.exp(waves * t)).sum().real


@pytest.fixture(scope="module")
def oscillator():
    return sp.find_cycles(van_der_pol(1.0))


@pytest.fixture(scope="module")
def two_rings():
    return sp.find_cycles(rings(-0.1))


def test_the_van_der_pol_oscillator(oscillator):
    assert len(oscillator) == 1
    np.testing.assert_allclose(oscillator.period, [6.66328685932314], rtol=1e-11)
    np.testing.assert_allclose(oscillator.multipliers, [[8.59695e-4]], rtol=1e-5)
    np.testing.assert_allclose(oscillator.trivial_multiplier, [1.0], atol=1e-8)
    assert largest(oscillator.orbit(0)[:, 0]) == pytest.approx(2.00861986087484, rel=1e-9)
    assert oscillator.is_stable.all()
    assert oscillator.period_error[0] < 1e-10
    assert "1 limit cycle, 1 of them stable; nothing is known on others" in oscillator.verdict


def test_a_cycle_that_attracts_around_one_that_repels(two_rings):
    order = np.argsort(two_rings.n_unstable)
    cycles = two_rings.take(order)
    np.testing.assert_allclose(cycles.period, 2 * np.pi, rtol=1e-10)
    radii = np.linalg.norm(cycles.states, axis=2)
    np.testing.assert_allclose(radii[0], 0.9419651451, rtol=1e-9)
    np.testing.assert_allclose(radii[1], 0.335710687, rtol=1e-8)
    np.testing.assert_allclose(cycles.multipliers.real.ravel(), [1.774458e-4, 2.9952366], rtol=1e-6)
    assert cycles.n_unstable.tolist() == [0, 1]
    assert cycles.is_stable.tolist() == [True, False]
    assert cycles.index().tolist() == [1, -1]


def test_behind_the_fold_there_is_none():
    cycles = sp.find_cycles(rings(-0.3))
    assert len(cycles) == 0
    assert cycles.verdict.startswith("no limit cycle was found; nothing is known")


def test_kinks_of_rectifiers_are_no_hindrance():
    cycles = sp.find_cycles(threshold_linear(3), max_starts=32)
    assert len(cycles) == 1
    np.testing.assert_allclose(cycles.period, [11.24385556], rtol=1e-9)
    assert abs(cycles.multipliers[0, 0]) == pytest.approx(1.6908e-3, rel=1e-4)
    assert abs(cycles.multipliers[0, 1]) < 1e-9


def test_a_rate_network_of_fifty_units_agrees_with_its_exponents():
    rng, n = np.random.default_rng(3), 50
    plane = np.linalg.qr(rng.standard_normal((n, 2)))[0]
    W = plane @ np.array([[1.6, -1.2], [1.2, 1.6]]) @ plane.T
    W += 0.3 * rng.standard_normal((n, n)) / np.sqrt(n)

    def slope(x, u):
        return -np.eye(n) + W * (1 - np.tanh(x) ** 2)[:, None, :]

    network = flow(lambda x, u: -x + np.tanh(x) @ W.T, n, jacobian=slope, dt=0.05)
    cycles = sp.find_cycles(network, max_starts=32)
    assert len(cycles) == 1
    assert cycles.is_stable.all()
    spectrum = sp.lyapunov(network, cycles.states[0, 0], k=2, steps=4000, transient=200)
    rate = np.log(np.abs(cycles.multipliers[0, 0])) / cycles.period[0]
    assert abs(spectrum.exponents[0]) < 5e-3
    assert spectrum.exponents[1] == pytest.approx(rate, abs=2e-2)


def test_closed_orbits_that_form_a_family_are_told_and_not_listed():
    with pytest.warns(StillpointWarning, match="closed orbits form families"):
        cycles = sp.find_cycles(flow(lambda x: np.stack([x[:, 1], -x[:, 0]], 1)), max_starts=32)
    assert len(cycles) == 0
    assert cycles.reason.tolist() == ["closed orbits form a family, none of them alone"]


def test_what_settles_or_rests_has_no_cycle():
    damped = flow(lambda x: np.stack([x[:, 1], -x[:, 0] - 0.2 * x[:, 1]], 1))
    assert len(sp.find_cycles(damped)) == 0
    downhill = flow(lambda x: x - x**3)
    assert len(sp.find_cycles(downhill)) == 0


def test_on_a_line_nothing_returns():
    cycles = sp.find_cycles(flow(lambda x: x - x**3, 1))
    assert (
        cycles.verdict == "a flow of one variable has no limit cycle, as on a line nothing returns"
    )
    assert cycles.completeness.tolist() == ["proved complete"]


def test_units_do_not_matter():
    path = 1e-4 * np.random.default_rng(0).standard_normal((20, 2))
    cycles = sp.find_cycles(van_der_pol(1.0, unit=1e-4), trajectories=path)
    np.testing.assert_allclose(cycles.period, [6.66328685932314], rtol=1e-10)
    assert np.abs(cycles.states).max() == pytest.approx(2.67e-4, rel=1e-2)


def test_inputs_are_searched_one_by_one():
    def rate(x, u):
        r2 = (x**2).sum(axis=1, keepdims=True)
        return (u - r2) * x + np.stack([-x[:, 1], x[:, 0]], axis=1)

    cycles = sp.find_cycles(flow(rate, input_size=1), [[-1.0], [0.25], [1.0]], max_starts=12)
    assert cycles.inputs.ravel().tolist() == [0.25, 1.0]
    assert cycles.searched_inputs.ravel().tolist() == [-1.0, 0.25, 1.0]
    assert cycles.n_points.tolist() == [0, 1, 1]
    np.testing.assert_allclose(np.linalg.norm(cycles.states[:, 0], axis=1), [0.5, 1.0], rtol=1e-9)
    np.testing.assert_allclose(cycles.multipliers[1].real, np.exp(-4 * np.pi), rtol=1e-5)


def test_several_turns_and_other_phases_are_the_same_cycle():
    search = LimitCycles(van_der_pol(1.0).dynamics, np.zeros(0))
    x, periods = np.array([[2.0, 0.0], [-2.0, 0.0], [2.0, 0.0]]), 6.6633 * np.array([3, 2, 1])
    search.solve(search.coarse.from_states(x, periods, np.zeros((3, 0))), False)
    (cycle,) = search.found
    assert cycle.period == pytest.approx(6.66328685932314, rel=1e-11)
    assert cycle.hits == 3


def test_multipliers_of_both_ends_of_the_scale():
    """Of a linear flow along a circle, which grows by e^30 one way and shrinks by e^-30 another."""
    pieces = np.stack([expm(np.array([[30.0, 1.0], [0.0, -30.0]]) / 16)] * 16)
    slopes = np.zeros((2, 16, 3, 3))
    slopes[:, :, 0, 0], slopes[0, :, 1:, 1:] = 1.0, pieces
    slopes[1, :, 1:, 1:] = np.diag([0.5, 1.0])  # another orbit beside it
    trivial, others = multipliers(np.tile([1.0, 0.0, 0.0], (2, 16, 1)), slopes)
    np.testing.assert_allclose(trivial, 1.0)
    np.testing.assert_allclose(others[0].real, np.exp([30.0, -30.0]), rtol=1e-10)
    np.testing.assert_allclose(others[1].real, [1.0, 0.5**16], rtol=1e-10)


def test_the_equations_of_shooting_have_the_derivatives_that_they_say():
    shooting, none = Shooting(van_der_pol(1.0).dynamics, 4, 1e-12), np.zeros((1, 0))
    y = shooting.from_states(np.array([[2.0, 0.1]]), np.array([6.3]), none)
    problem, h = shooting.residual_problem(), 1e-6
    told = problem.jacobian(y, none)[0]
    for column, e in enumerate(np.eye(y.shape[1])):
        seen = (problem.residual(y + h * e, none) - problem.residual(y - h * e, none))[0] / (2 * h)
        np.testing.assert_allclose(told[:-1, column], seen[:-1], atol=1e-8)


def test_limit_cycles_survive_their_file(two_rings, tmp_path):
    again = sp.load(two_rings.save(tmp_path / "cycles.nc"))
    assert repr(again) == repr(two_rings)
    assert again.period.dtype == np.float64
    assert np.array_equal(again.states, two_rings.states)
    assert again.to_dataframe()["period_error"].tolist() == two_rings.period_error.tolist()


def test_what_a_limit_cycle_shows_and_refuses(two_rings):
    assert repr(two_rings).startswith("2 limit cycles, periods in units of time")
    assert two_rings.orbit(0).shape == (96, 2)
    assert two_rings.every_state.shape == (192, 2)
    assert two_rings.take([0]).is_selection
    with pytest.raises(ArgumentError, match=r"^period: got 2, but limit cycles"):
        two_rings.of_period(2)


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_periods_of_a_flow_cannot_be_asked_for():
    with pytest.raises(ArgumentError, match=r"^periods: got 3, but the periods of a flow"):
        sp.find_cycles(van_der_pol(1.0), periods=3)


def test_cycles_are_drawn_as_closed_lines(two_rings, tmp_path):
    figure = sp.plots.interactive(two_rings)
    closed = [trace for trace in figure.data if trace.mode == "lines"]
    assert [len(trace.x) for trace in closed] == [97, 97]
    page = two_rings.report(tmp_path / "cycles.html").read_text(encoding="utf-8")
    assert "1 stable limit cycle" in page
    assert "1 unstable limit cycle" in page


@pytest.mark.slow
def test_a_relaxation_oscillation():
    cycles = sp.find_cycles(van_der_pol(10.0))
    np.testing.assert_allclose(cycles.period, [19.07836957], rtol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("n", [4, 5])
def test_longer_rings_of_threshold_linear_units(n):
    cycles = sp.find_cycles(threshold_linear(n))
    assert len(cycles) == 1
    assert cycles.is_stable.all()


@pytest.mark.slow
def test_cycles_of_the_lorenz_attractor_repel():
    def rate(x):
        a, b, c = x.T
        return np.stack([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c], axis=1)

    cycles = sp.find_cycles(flow(rate, 3))
    assert cycles.period[0] == pytest.approx(1.558652, abs=1e-6)
    assert (cycles.n_unstable == 1).all()
    assert len(cycles) > 5
