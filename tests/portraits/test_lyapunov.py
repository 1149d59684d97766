"""Lyapunov exponents of systems in which they are known, and what is said where they are lost."""

from __future__ import annotations

import os

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning

RNG = np.random.default_rng(0)


def henon(x):
    return np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], axis=1)


def lorenz(x):
    a, b, c = x.T
    return np.stack([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c], axis=1)


def spin(x, mu=0.1, turn=0.7):
    """A curve |z| = sqrt(mu) that attracts."""
    z = (x[:, 0] + 1j * x[:, 1]) * np.exp(1j * turn)
    z = z * (1 + mu - np.abs(x[:, 0] + 1j * x[:, 1]) ** 2)
    return np.stack([z.real, z.imag], axis=1)


def rotate(x, g=1.5):
    return np.tanh(g * x @ np.array([[np.cos(1), np.sin(1)], [-np.sin(1), np.cos(1)]]))


CHAOTIC = np.random.default_rng(1).standard_normal((100, 100)) * 0.2
NETWORK = sp.as_system(sp.cells.VanillaCell(CHAOTIC, np.zeros((100, 0)), np.zeros(100)))
BEGIN = np.random.default_rng(0).standard_normal(100) * 0.5


def test_the_logistic_map_doubles():
    logistic = sp.as_system(lambda x: 4 * x * (1 - x), state_size=1, recognise=False)
    found = sp.lyapunov(logistic, np.linspace(0.11, 0.93, 50)[:, None], steps=4000)
    assert abs(found.exponents[0] - np.log(2)) < 5 * found.errors[0] < 0.005


def test_a_hyperbolic_map_of_the_torus_is_exact():
    A = np.array([[2.0, 1.0], [1.0, 1.0]])
    cat = sp.as_system(
        lambda x: (x @ A.T) % 1, state_size=2, jacobian=lambda x, u: np.tile(A, (len(x), 1, 1))
    )
    found = sp.lyapunov(cat, RNG.random((4, 2)), steps=300)
    assert found.exponents == pytest.approx([0.962423650119, -0.962423650119], abs=1e-11)
    assert found.dimension == pytest.approx(2)
    assert found.entropy_bound == pytest.approx(0.962423650119)


def test_henon_has_the_exponents_and_the_dimension_that_are_published():
    found = sp.lyapunov(sp.as_system(henon, state_size=2), RNG.uniform(0, 0.1, (20, 2)), steps=8000)
    assert abs(found.exponents[0] - 0.4192) < 0.003
    assert found.exponents.sum() == pytest.approx(np.log(0.3), abs=1e-9)
    assert abs(found.dimension - 1.2583) < 0.003
    assert found.n_positive == 1


def test_a_flow_has_an_exponent_of_zero_and_the_sum_of_its_divergence():
    system = sp.as_system(lorenz, state_size=3, kind="flow", dt=0.01)
    starts = RNG.normal(size=(20, 3)) + np.array([0, 0, 20])
    found = sp.lyapunov(system, starts, steps=4000)
    assert found.exponents.sum() == pytest.approx(-41 / 3, abs=2e-4)
    assert abs(found.exponents[1]) < 5 * found.errors[1] + 0.01
    assert abs(found.exponents[0] - 0.9056) < 5 * found.errors[0]
    assert found.interval > 1
    half = sp.as_system(lorenz, state_size=3, kind="flow", dt=0.005)
    finer = sp.lyapunov(half, starts, steps=8000, transient=1000)
    assert finer.exponents.sum() == pytest.approx(-41 / 3, abs=2e-5)


def test_closed_curves_have_one_exponent_of_zero():
    found = sp.lyapunov(sp.as_system(spin, state_size=2), [0.3, 0.0])
    assert found.exponents == pytest.approx([0, np.log(1 - 2 * 0.1)], abs=1e-3)
    found = sp.lyapunov(sp.as_system(rotate, state_size=2), [0.3, 0.0], steps=20_000)
    assert found.exponents == pytest.approx([0, -0.96195], abs=1e-3)


def test_a_linear_system_has_the_logarithms_of_its_eigenvalues():
    A = np.diag([0.9, -0.5, 0.2]) + np.triu(RNG.normal(size=(3, 3)), 1)
    system = sp.as_system(lambda x: x @ A.T, state_size=3)
    found = sp.lyapunov(system, np.ones((2, 3)), steps=1000)
    assert found.exponents == pytest.approx(np.log([0.9, 0.5, 0.2]), abs=1e-9)
    in_time = sp.as_system(lambda x: x @ A.T, state_size=3, dt=0.25)
    assert sp.lyapunov(in_time, np.ones((2, 3))).exponents[0] == pytest.approx(4 * np.log(0.9))


def test_the_sum_is_the_mean_of_the_logarithm_of_the_determinant():
    found = sp.lyapunov(NETWORK, BEGIN, steps=400)
    x, logs = BEGIN[None], []
    for t in range(900):
        if t >= 500:
            logs.append(np.linalg.slogdet(NETWORK.jacobian(x)[0])[1])
        x = NETWORK.step(x)
    assert found.exponents.sum() == pytest.approx(np.mean(logs), rel=1e-9)
    assert found.determinant_error < 1e-9
    assert found.interval_error < 1e-6


@pytest.mark.parametrize("interval", [10, 20, 50])
def test_decompositions_too_far_apart_are_refused(interval):
    with pytest.raises(ArgumentError, match=r"^interval: .* lost in rounding"):
        sp.lyapunov(NETWORK, BEGIN, steps=100, interval=interval)


def test_an_interval_that_is_chosen_changes_nothing():
    chosen = sp.lyapunov(NETWORK, BEGIN, steps=200, transient=100)
    each = sp.lyapunov(NETWORK, BEGIN, steps=200, transient=100, interval=1)
    assert chosen.interval > 1
    assert chosen.exponents == pytest.approx(each.exponents, abs=1e-6)


def test_the_first_exponents_are_those_of_the_whole_spectrum():
    whole = sp.lyapunov(NETWORK, BEGIN, steps=1500)
    first = sp.lyapunov(NETWORK, BEGIN, k=5, steps=1500)
    assert first.interval > whole.interval
    assert first.exponents == pytest.approx(whole.exponents[:5], abs=0.003)
    assert np.isnan(first.dimension)
    assert np.isnan(first.determinant_error)
    assert abs(whole.exponents[0] - 0.1135) < 3 * whole.errors[0]


def test_under_given_inputs_exponents_are_conditional():
    driven = sp.as_system(lambda x, u: 0.9 * x + u, state_size=1, input_size=1)
    u = np.cos(2 * np.pi * np.arange(300) / 8)[None, :, None]
    found = sp.lyapunov(driven, np.zeros((2, 1)), u, transient=100)
    assert found.steps == 200
    assert found.exponents == pytest.approx([np.log(0.9)])
    gain = sp.as_system(lambda x, u: u * x, state_size=1, input_size=1)
    sequence = np.tile([0.5, 0.25], 100)[None, :, None]
    found = sp.lyapunov(gain, np.ones((1, 1)), sequence, transient=20)
    assert found.exponents == pytest.approx([np.log(0.125) / 2])


def test_a_direction_that_is_lost_at_once_is_minus_infinity():
    silent = sp.cells.VanillaCell(
        np.diag([1.2, 1.0]), np.zeros((2, 0)), np.array([0.1, -5]), "relu"
    )
    found = sp.lyapunov(sp.as_system(silent), np.ones(2), steps=30, transient=5)
    assert found.exponents.tolist() == [pytest.approx(np.log(1.2)), -np.inf]
    assert found.dimension == 1


def test_pulses_of_input_that_squash_all_directions_are_not_missed():
    rng = np.random.default_rng(1)
    for _ in range(5):
        W = np.linalg.qr(rng.normal(size=(4, 4)))[0] * 0.98
        system = sp.as_system(sp.cells.VanillaCell(W, rng.normal(size=(4, 1)), np.zeros(4)))
        u = np.zeros((1, 1500, 1))
        for t in rng.integers(520, 1480, size=5):
            u[0, t : t + 12] = 8.0
        chosen, each = (
            sp.lyapunov(system, np.zeros(4), u, **how).exponents for how in ({}, {"interval": 1})
        )
        assert chosen == pytest.approx(each, abs=1e-6)


@pytest.mark.parametrize("factor", [1e-7, 1e7])
@pytest.mark.parametrize("k", [1, 2])
def test_what_shrinks_or_grows_alike_stays_in_the_range_of_numbers(factor, k):
    system = sp.as_system(lambda x: factor * x, state_size=2)
    found = sp.lyapunov(system, np.zeros(2), k=k, steps=100)
    assert found.exponents == pytest.approx([np.log(factor)] * k)


def test_orbits_on_different_attractors_are_told():
    wells = sp.as_system(
        lambda x: np.where(x > 0, 1 + 0.1 * (x - 1), -1 + 0.5 * (x + 1)),
        state_size=1,
        recognise=False,
    )
    with pytest.warns(StillpointWarning, match="different attractors"):
        found = sp.lyapunov(wells, [[0.7], [-0.7]], steps=40, transient=0)
    np.testing.assert_allclose(np.sort(found.by_orbit[:, 0]), np.log([0.1, 0.5]), rtol=1e-6)


def test_orbits_that_diverge_do_not_count():
    system = sp.as_system(lambda x: x**3, state_size=1, recognise=False)
    with pytest.warns(StillpointWarning, match="1 of 2 orbits diverge"):
        found = sp.lyapunov(system, [[0.5], [2.0]], steps=20, transient=0)
    assert np.isnan(found.by_orbit[1]).all()
    with pytest.raises(ArgumentError, match="all orbits diverge"):
        sp.lyapunov(system, [[2.0]], steps=20, transient=0)


def test_a_spectrum_survives_its_file(tmp_path):
    found = sp.lyapunov(sp.as_system(henon, state_size=2), np.zeros(2), steps=100)
    again = sp.load(found.save(tmp_path / "spectrum.nc"))
    assert repr(again) == repr(found)
    assert again.by_orbit.tolist() == found.by_orbit.tolist()


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_what_does_not_fit_is_refused():
    flow = sp.as_system(lorenz, state_size=3, kind="flow")
    two = sp.as_system(lambda x, u: x / 2 + u, state_size=2, input_size=2)
    for call, name in [
        (lambda: sp.lyapunov(flow, np.ones(3)), "dt"),
        (lambda: sp.lyapunov(two, np.ones(3), np.zeros(2)), "start"),
        (lambda: sp.lyapunov(two, np.ones((0, 2)), np.zeros(2)), "start"),
        (lambda: sp.lyapunov(two, np.ones(2)), "inputs"),
        (lambda: sp.lyapunov(two, np.ones(2), np.zeros(3)), "inputs"),
        (lambda: sp.lyapunov(two, np.ones(2), np.zeros((2, 600, 2))), "inputs"),
        (lambda: sp.lyapunov(two, np.ones(2), np.zeros((1, 500, 2))), "inputs"),
        (lambda: sp.lyapunov(two, np.ones(2), np.zeros(2), k=3), "k"),
        (lambda: sp.lyapunov(two, np.ones(2), np.zeros(2), steps=0), "steps"),
        (lambda: sp.lyapunov(two, np.ones(2), np.zeros(2), transient=-1), "transient"),
        (lambda: sp.lyapunov(two, np.ones(2), np.zeros(2), interval=0), "interval"),
        (lambda: sp.lyapunov(two, np.ones(2), np.zeros(2), seed="a"), "seed"),
    ]:
        with pytest.raises(ArgumentError, match=name):
            call()
