"""The smallest pulses: thresholds that are known, and those of trained networks."""

from __future__ import annotations

import os

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.tasks import load_network
from zoo import decision_flow, tanh_fixed_point

M = tanh_fixed_point(2.0)
ONE = sp.as_system(sp.cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1)))
BOTH = sp.find_all_fixed_points(ONE, np.zeros(1))


def threshold(duration):
    """Of x' = tanh(2 x + u), by halving on the formula alone."""
    low, high = 0.0, 10.0
    for _ in range(60):
        u, x = (low + high) / 2, -M
        for _ in range(duration):
            x = np.tanh(2 * x + u)
        low, high = (u, high) if x < 0 else (low, u)
    return high


def test_one_unit_with_two_memories():
    pulses = sp.smallest_pulses(ONE, BOTH, durations=(1, 2, 5, 20))
    assert len(pulses) == 16
    for row in np.flatnonzero(pulses.switches):
        wanted = threshold(int(pulses.duration[row]))
        assert pulses.below[row] <= wanted <= pulses.amplitude[row]
        assert pulses.amplitude[row] - pulses.below[row] < 1e-3 * wanted
    up = BOTH.xstar[pulses.source, 0] * pulses.directions[pulses.direction, 0] < 0
    assert (pulses.switches == up).all()
    assert (pulses.target[up] == 1 - pulses.source[up]).all()
    assert np.isinf(pulses.amplitude[~up]).all()
    assert (pulses.below[~up] == 10).all()
    assert pulses.amplitude[up][0] == pytest.approx(2 * M, rel=1e-3)
    assert "8 of 16 pulses switch up to 10 (decided)" in pulses.verdict


def test_a_larger_pulse_that_comes_back():
    """The push is 4 sin(u): it switches from arcsin(m / 2) to pi minus that."""
    system = sp.as_system(lambda x, u: np.tanh(2 * x + 4 * np.sin(u)), state_size=1, input_size=1)
    attractors = sp.find_attractors(system, np.zeros(1))
    pulses = sp.smallest_pulses(system, attractors, [[1.0]], durations=1, largest=3.1)
    low = int(np.flatnonzero(attractors.states[pulses.source, 0, 0] < 0)[0])
    first = np.arcsin(M / 2)
    assert pulses.amplitude[low] == pytest.approx(first, rel=1e-3)
    larger = pulses.amplitudes[pulses.amplitudes > np.pi - first]
    assert pulses.comes_back[low] == larger[0]
    assert np.isnan(pulses.comes_back[1 - low])
    assert "of 1 a larger amplitude leads back" in pulses.verdict
    assert f"{larger[0]:.3g}" in repr(pulses)


def test_pulses_after_which_nothing_known_is_reached():
    """Beyond 2 the network runs away: such a pulse does not count as a switch."""

    def step(x, u):
        pushed = x + u
        return np.where(np.abs(pushed) < 2, np.tanh(2 * pushed), 3 * pushed)

    system = sp.as_system(step, state_size=1, input_size=1, recognise=False)
    attractors = sp.find_attractors(system, np.zeros(1), starts=[[-1.0], [1.0]])
    pulses = sp.smallest_pulses(system, attractors, durations=1)
    assert (pulses.n_open > 0).all()
    found = pulses.amplitude[pulses.switches]
    np.testing.assert_allclose(found, M, rtol=1e-3)
    assert "no known attractor" in pulses.verdict


def test_a_trained_network_switches_where_its_machine_says():
    system = load_network("tanh").system
    points = sp.find_all_fixed_points(system, np.zeros(3))
    signs = np.concatenate([np.eye(3), -np.eye(3)])
    machine = sp.read_automaton(system, points, signs, prove=False)
    pulses = sp.smallest_pulses(
        system, points, durations=(1, 3), n_amplitudes=24, largest=2.0, steps=2000
    )
    stable = np.flatnonzero(points.is_stable)
    np.testing.assert_array_equal(machine.memories, points.xstar[stable])
    single = pulses.take(np.flatnonzero(pulses.duration == 1))
    leads = stable[machine.table].ravel()
    switched = leads != single.source
    assert ((single.amplitude < 1) == switched).all()
    assert (single.target[switched] == leads[switched]).all()
    longer = pulses.amplitude[pulses.duration == 3]
    assert (longer[switched] < single.amplitude[switched]).all()
    for row in np.flatnonzero(pulses.switches):
        x = np.tile(points.xstar[pulses.source[row]], (2, 1))
        sides = np.array([[pulses.below[row]], [pulses.amplitude[row]]])
        for _ in range(pulses.duration[row]):
            x = system.step(x, sides * signs[pulses.direction[row]])
        for _ in range(400):
            x = system.step(x, np.zeros((2, 3)))
        ends = points.xstar[[pulses.source[row], pulses.target[row]]]
        np.testing.assert_allclose(x, ends, atol=1e-4)
        assert sides[1] - sides[0] < 1e-3 * sides[1]


def test_a_flow_and_another_rest():
    """Evidence that the model of decisions needs to change its mind, shorter for longer pulses."""
    velocity = lambda s, u: decision_flow(s) + 10 * u  # noqa: E731
    system = sp.as_system(velocity, state_size=2, input_size=2, kind="flow", dt=0.02)
    attractors = sp.find_attractors(system, np.zeros(2), n_starts=8)
    pulses = sp.smallest_pulses(
        system, attractors, [[1.0, 0.0], [0.0, 1.0]], durations=(2, 8), n_amplitudes=12, steps=2000
    )
    first = attractors.states[pulses.source, 0, 0] > 0.5
    helps = pulses.direction == np.where(first, 1, 0)
    assert pulses.switches[helps].all()
    short = helps & (pulses.duration == 2)
    assert (pulses.amplitude[np.flatnonzero(short) + 1] < pulses.amplitude[short]).all()
    shifted = sp.find_all_fixed_points(ONE, np.array([0.2]))
    moved = sp.smallest_pulses(ONE, shifted, durations=1, rest=[0.2])
    found = dict(zip(moved.source[moved.switches], moved.amplitude[moved.switches], strict=True))
    saddle = shifted.xstar[shifted.n_unstable == 1][0, 0]
    for row, amplitude in found.items():  # the state after the pulse lies on the saddle
        x = shifted.xstar[row, 0]
        wanted = abs(np.arctanh(saddle) - 2 * x - 0.2)
        assert amplitude == pytest.approx(wanted, rel=1e-3)
    assert len(found) == 2


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gru", "lstm", "dale_leaky", "dale_elman"])
def test_all_shipped_flip_flops(name):
    system = load_network(name).system
    points = sp.find_all_fixed_points(system, np.zeros(3))
    pulses = sp.smallest_pulses(system, points, largest=2.0)
    assert len(pulses) == 192
    single = pulses.amplitude[pulses.duration == 1]
    assert (single < 1).sum() == 24  # half of the pulses of the task change a bit
    assert pulses.n_open.sum() == 0


def test_pulses_are_kept(tmp_path):
    pulses = sp.smallest_pulses(ONE, BOTH, n_amplitudes=8, durations=1)
    assert repr(sp.load(pulses.save(tmp_path / "pulses.nc"))) == repr(pulses)
    assert len(pulses.to_dataframe()) == 4
    assert pulses.reached.shape == (4, 8)


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_what_does_not_fit_is_refused():
    flow = sp.as_system(lambda x, u: x - x**3 + u, state_size=1, input_size=1, kind="flow")
    none = sp.as_system(lambda x: np.tanh(2 * x), state_size=1)
    for name, call in {
        "system": lambda: sp.smallest_pulses(flow, BOTH),
        "system: it has no inputs": lambda: sp.smallest_pulses(
            none, sp.find_all_fixed_points(none)
        ),
        "attractors: got 3": lambda: sp.smallest_pulses(ONE, 3),
        "attractors: no point": lambda: sp.smallest_pulses(ONE, BOTH, rest=[1.0]),
        "directions": lambda: sp.smallest_pulses(ONE, BOTH, [1.0]),
        "directions: one": lambda: sp.smallest_pulses(ONE, BOTH, [[0.0]]),
        "durations": lambda: sp.smallest_pulses(ONE, BOTH, durations=0),
        "largest": lambda: sp.smallest_pulses(ONE, BOTH, largest=0.0),
        "n_amplitudes": lambda: sp.smallest_pulses(ONE, BOTH, n_amplitudes=1),
        "rest": lambda: sp.smallest_pulses(ONE, BOTH, rest=[1.0, 2.0]),
        "steps": lambda: sp.smallest_pulses(ONE, BOTH, steps=0),
    }.items():
        with pytest.raises(ArgumentError, match=f"^{name}"):
            call()
