"""Portraits of networks that are no flip-flops: what the page "What leads where" says of them."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.points.orbits import OrbitEnd
from stillpoint.tasks import ParametricWorkingMemory, load_network
from stillpoint.tasks.training import train
from zoo import decision_flow

pytestmark = pytest.mark.slow


def threshold_linear(links, n, epsilon=0.25, delta=0.5):
    """Return dx/dt = -x + max(0, W x + 1), W of a graph (Morrison and Curto 2019)."""
    W = np.full((n, n), -1 - delta)
    np.fill_diagonal(W, 0)
    source, target = np.transpose(links)
    W[target, source] = -1 + epsilon

    def velocity(x, u):
        return -x + np.maximum(x @ W.T + 1, 0)

    return sp.as_system(velocity, state_size=n, kind="flow")


def kinds(attractors):
    """Return what each attractor is, as a word."""
    return [OrbitEnd(kind).noun for kind in attractors.kind[attractors.attracts]]


def test_two_rings_of_three_and_an_end_are_two_cycles_and_a_point():
    """Cycles of a ring alone last 11.24385556; neighbours that are silent change nothing."""
    rings = [(0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3)]
    system = threshold_linear([*rings, (2, 3), (5, 6)], 7)
    found = sp.find_attractors(system, points=sp.find_all_fixed_points(system))
    names = kinds(found)
    assert sorted(names) == ["cycle", "cycle", "point"]
    np.testing.assert_allclose(found.states[names.index("point"), 0], np.eye(7)[6], atol=1e-6)
    cycles = [states for name, states in zip(names, found.states, strict=True) if name == "cycle"]
    busiest = {frozenset(np.argsort(-orbit.max(axis=0))[:3].tolist()) for orbit in cycles}
    assert busiest == {frozenset({0, 1, 2}), frozenset({3, 4, 5})}


def test_a_saddle_separates_the_choices_of_wong_and_wang():
    system = sp.as_system(lambda s, u: decision_flow(s), state_size=2, kind="flow")
    portrait = sp.portrait(system)
    assert kinds(portrait.attractors) == ["point", "point"]
    saddle = int(portrait.graph.saddles[0])
    np.testing.assert_allclose(portrait.graph.states[saddle], (0.28276, 0.40635), atol=1e-5)
    assert {row: set(sides) for row, sides in portrait.sides.items()} == {saddle: {0, 1}}


def test_a_trained_oscillator_holds_a_curve_and_a_point_apart():
    network = load_network("sine")
    portrait = sp.portrait(network.system, np.array([0.3]))
    assert sorted(kinds(portrait.attractors)) == ["closed curve", "point"]
    assert (portrait.graph.n_unstable[portrait.graph.saddles] == 1).sum() == 2
    assert all(len(set(sides)) == 2 for sides in portrait.sides.values())
    assert portrait.graph.morse_check().holds


@pytest.mark.parametrize("context", [2, 3])
def test_each_context_has_two_choices_and_a_saddle_between(context):
    network = load_network("context")
    portrait = sp.portrait(network.system, np.eye(4)[context], readout=network.read_out)
    assert kinds(portrait.attractors) == ["point", "point"]
    (sides,) = portrait.sides.values()
    assert np.sign(portrait.outputs[list(sides)]).sum() == 0


def test_a_working_memory_is_explained_in_its_delay():
    """Whatever it was trained into: a line of points, a closed curve on which it turns, or both."""
    task = ParametricWorkingMemory(sigma=0.1)
    trained = train(task, "tanh", 32, max_steps=1500, seed=0, progress=False)
    portrait = sp.portrait(trained.as_network().system, np.array([1.0, 0.0, 0.0]))
    attractors = portrait.attractors
    assert attractors.attracts[attractors.attractor].all()
    assert portrait.graph.morse_check().holds
