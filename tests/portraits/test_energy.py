"""Energies against integrals and orbits, and what is said to be proved of them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

import stillpoint as sp
from stillpoint.dynamics import activation
from stillpoint.tasks import load_network

NAMES = ("tanh", "sigmoid", "relu", "softplus", "linear")


def network(kind, phi, W, alpha=0.5, c=0.0):
    none, b = np.zeros((len(W), 0)), np.full(len(W), float(c))
    leak = np.full(len(W), float(alpha))
    cell = {
        "vanilla": lambda: sp.cells.VanillaCell(W, none, b, phi),
        "currents": lambda: sp.cells.LeakyCell(W, none, b, leak, phi),
        "rates": lambda: sp.cells.LeakyRateCell(W, none, b, phi, alpha=leak),
    }[kind]()
    return sp.as_system(cell)


def symmetric(rng, d, size):
    W = rng.normal(size=(d, d))
    W = (W + W.T) / 2
    return W * size / np.abs(np.linalg.eigvalsh(W)).max()


@pytest.mark.parametrize("phi", NAMES)
def test_integral_of_inverse(phi):
    at = np.array([-1.2, -0.3, 0.4, 1.7])
    energy = sp.energy(network("currents", phi, np.zeros((1, 1))))
    value, slope = activation(phi).value, activation(phi).slope
    # G(phi(b)) - G(phi(a)) is the integral of x phi'(x) between a and b
    for a, b in itertools.pairwise(at):
        truth = quad(lambda x: x * float(slope(np.array(x), value(np.array(x)))), a, b)[0]
        got = np.diff(energy(np.array([[a], [b]])))[0]
        assert got == pytest.approx(truth, abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from(NAMES),
    st.sampled_from(("vanilla", "currents", "rates")),
)
def test_never_rises_where_that_is_proved(seed, phi, kind):
    rng = np.random.default_rng(seed)
    size = rng.uniform(0.2, 0.99 if phi in ("relu", "softplus", "linear") else 6)
    system = network(kind, phi, symmetric(rng, 4, size), rng.uniform(0.05, 1), rng.normal())
    energy = sp.energy(system)
    x = rng.uniform(0, 0.9, size=(20, 4))
    values = [energy(x)]
    for _ in range(60):
        x = system.step(x)
        values.append(energy(x))
    rises = np.diff(values, axis=0).max() > 1e-9 * np.abs(values).max()
    assert not (rises and energy.always_falls)


@pytest.mark.parametrize("kind", ["vanilla", "currents", "rates"])
@pytest.mark.parametrize(("phi", "steepest"), [("tanh", 1.0), ("relu", 1.0), ("sigmoid", 0.25)])
def test_bound_on_the_step_is_sharp(kind, phi, steepest):
    """One unit that inhibits itself turns from rest to a cycle of two at a known weight."""
    alpha = 1.0 if kind == "vanilla" else 0.4
    bound = (2 - alpha) / (alpha * steepest)
    for factor, falls in ((0.99, True), (1.01, False)):
        energy = sp.energy(network(kind, phi, np.array([[-factor * bound]]), alpha))
        assert energy.always_falls == falls
        longest = 1 if falls else 2 if alpha == 1 else None
        assert energy.longest_period == longest


def test_nothing_is_said_where_one_unit_leaks():
    W = np.diag([-2.0, -20.0])
    cell = sp.cells.LeakyCell(W, np.zeros((2, 0)), np.zeros(2), np.array([1.0, 0.5]))
    assert sp.energy(sp.as_system(cell)).longest_period is None


def test_two_states_take_turns():
    W = np.array([[0.0, 2.0], [2.0, 0.0]])
    system = network("vanilla", "tanh", W)
    cycles = sp.find_cycles(system, periods=range(2, 5))
    assert sp.energy(system).longest_period == 2
    assert set(cycles.period.tolist()) == {1, 2}


def test_energy_falls_along_every_edge_of_a_hopfield_network():
    rng = np.random.default_rng(1)
    patterns = np.sign(rng.normal(size=(3, 24)))
    system = network("currents", "tanh", 4 * (patterns.T @ patterns) / 24, alpha=0.2)
    points = sp.find_all_fixed_points(system)
    energy, graph = sp.energy(system), sp.connect(system, points, directions=16)
    stable = points.xstar[points.is_stable]
    overlaps = np.abs(np.sign(stable) @ patterns.T / 24).max(axis=1)
    assert (overlaps == 1).sum() == 6  # the patterns and their mirror images are memories,
    assert (overlaps < 0.7).sum() == 2  # and a mixture of the three is a spurious one
    assert energy.always_falls
    assert energy.drops(graph).min() > 0.1


def test_targets_that_are_unknown_have_no_drop():
    system = network("vanilla", "tanh", 2 * np.eye(1))
    points = sp.find_all_fixed_points(system)
    graph = sp.connect(system, points)
    graph.target[0] = -1
    drops = sp.energy(system).drops(graph)
    assert np.isnan(drops[0])
    assert drops[1] > 0


def test_others_have_none():
    with pytest.raises(sp.ArgumentError, match="not symmetric"):
        sp.energy(network("vanilla", "tanh", np.array([[0.0, 1.0], [2.0, 0.0]])))
    with pytest.raises(sp.ArgumentError, match="vanilla or leaky"):
        sp.energy(load_network("gru").system)
    one, other = (network("vanilla", "tanh", size * np.eye(1)) for size in (2, 3))
    with pytest.raises(sp.ArgumentError, match="graph: got what was found in another network"):
        sp.energy(one).drops(sp.connect(other, sp.find_all_fixed_points(other)))
    with pytest.raises(sp.ArgumentError, match="graph"):
        sp.energy(network("vanilla", "tanh", np.eye(1))).drops(3)
