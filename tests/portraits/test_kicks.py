"""The smallest kicks: known ones, brute force in planes, and those of trained networks."""

from __future__ import annotations

import itertools
import os
from functools import cache

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.points import OrbitEnd
from stillpoint.portraits.switching.borders import BasinBorders
from stillpoint.tasks import load_network
from zoo import decision_flow, small_radius_is_not_enough, tanh_fixed_point

M = tanh_fixed_point(2.0)


def kicks_of(system, inputs=None, **options):
    points = sp.find_all_fixed_points(system, inputs)
    attractors = sp.find_attractors(system, np.unique(points.inputs, axis=0), points, n_starts=16)
    graph = sp.connect(system, points, attractors, directions=8)
    return graph, sp.smallest_kicks(system, graph, **options)


def units(gains, coordinates=None):
    """Units x' = tanh(g x), in other coordinates y = A x."""
    gains = np.array(gains, dtype=float)
    A = np.eye(len(gains)) if coordinates is None else coordinates
    inverse = np.linalg.inv(A)
    return sp.as_system(
        lambda y: np.tanh(gains * (y @ inverse.T)) @ A.T,
        state_size=len(gains),
        lefschetz=1,
        jacobian=lambda y, u: (
            A @ ((gains / np.cosh(gains * (y @ inverse.T)) ** 2)[:, :, None] * inverse)
        ),
        recognise=False,
    )


@cache
def trained(name):
    system = load_network(name).system
    return system, *kicks_of(system, np.zeros(system.input_size))


def assert_switch(system, graph, kicks, steps=3000):
    """Follow orbits on both sides of each border, and one on it, by nothing but steps."""
    for row in np.flatnonzero(kicks.found):
        u = np.tile(kicks.inputs[row], (3, 1))
        x = kicks.states[row] + np.array([[0.995], [1.005], [1.0]]) * kicks.kick[row]
        saddle, closest = graph.states[kicks.saddle[row]], np.inf
        for _ in range(steps):
            x = system.step(x, u)
            closest = min(closest, np.linalg.norm(x[2] - saddle))
        for end, node in zip(x, (kicks.source[row], kicks.target[row]), strict=False):
            assert np.linalg.norm(end - graph.states[node]) < 1e-4
        assert closest < 0.05 * kicks.straight[row]


@pytest.mark.parametrize("n", [1, 2, pytest.param(3, marks=pytest.mark.slow)])
def test_units_that_do_not_meet(n):
    """Each memory has n neighbours, and the way to each is m along one axis."""
    system = units([2.0] * n)
    graph, kicks = kicks_of(system)
    assert len(kicks) == n * 2**n
    np.testing.assert_allclose(kicks.size, M, rtol=1e-8)
    assert (np.sort(np.abs(kicks.kick), axis=1)[:, :-1] < 1e-4).all()
    signs = np.sign(graph.states)
    assert ((signs[kicks.source] != signs[kicks.target]).sum(axis=1) == 1).all()
    assert (kicks.switched == 0).all()
    assert "that they are the smallest is estimated" in kicks.verdict


@pytest.mark.parametrize("seed", [0, 1])
def test_other_coordinates(seed):
    """A border x_i = 0 is a plane there too: its distance from A a is m / |A^-T e_i|."""
    rng = np.random.default_rng(seed)
    A = np.eye(2) + rng.uniform(-0.2, 0.2, (2, 2))
    normals = np.linalg.inv(A)  # row i is the normal of x_i = 0
    graph, kicks = kicks_of(units([2.0, 2.0], A))
    assert len(kicks) == 8
    signs = np.sign(np.round(graph.states @ normals.T, 6))
    for row in range(8):
        source, target = signs[kicks.source[row]], signs[kicks.target[row]]
        (axis,) = np.flatnonzero(source != target)
        foot = normals[axis] / np.linalg.norm(normals[axis])
        wanted = M / np.linalg.norm(normals[axis])
        there = kicks.states[row] - source[axis] * wanted * foot
        assert (np.sign(there @ normals.T) == source)[1 - axis]  # the foot is on this border
        np.testing.assert_allclose(kicks.size[row], wanted, rtol=1e-6)
    turn = np.array([[np.cos(0.7), -np.sin(0.7)], [np.sin(0.7), np.cos(0.7)]])
    np.testing.assert_allclose(kicks_of(units([2.0, 2.0], turn))[1].size, M, rtol=1e-8)


def test_a_saddle_that_attracts_slowly():
    """Rounding doubles in each step, and the other unit shrinks to 0.98: no orbit comes there."""
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((2, 2)))[0]
    graph, kicks = kicks_of(units([2.0, -0.98], turn))
    np.testing.assert_allclose(kicks.size, M, rtol=1e-8)
    assert (kicks.agree >= 2).all()
    assert (kicks.distance < 1e-3).all()
    assert len(graph) == 2


def test_a_double_well():
    def step(x):
        return np.stack([x[:, 0] - x[:, 0] ** 3, -x[:, 1]], axis=1)

    _, kicks = kicks_of(sp.as_system(step, state_size=2, kind="flow", dt=0.1))
    np.testing.assert_allclose(kicks.size, 1.0, rtol=1e-6)


def brute_force(system, home, target, longest, n=180, tried=60, steps=2000):
    """Return the smallest kick to a target, of all directions of a plane."""
    angles = 2 * np.pi * np.arange(n) / n
    ways = np.stack([np.cos(angles), np.sin(angles)], axis=1)

    def after(x):
        return system.step(x) if system.kind == "map" else system.simulate(x, steps=1)[:, 0]

    def leads(length):
        x = home + np.atleast_1d(length)[:, None] * ways
        for _ in range(steps):
            x = after(x)
        return np.linalg.norm(x - target, axis=1) < 1e-3

    grid = np.linspace(0, longest, tried)
    first, low, high = np.full(n, np.inf), np.zeros(n), np.zeros(n)
    for before, length in itertools.pairwise(grid):
        new = leads(np.full(n, length)) & np.isinf(first)
        first[new], low[new], high[new] = length, before, length
    for _ in range(20):
        middle = (low + high) / 2
        there = leads(middle)
        low, high = np.where(there, low, middle), np.where(there, middle, high)
    return float(np.where(np.isinf(first), np.inf, high).min())


def test_no_direction_of_a_plane_gives_a_smaller_kick():
    system = small_radius_is_not_enough().system("numpy")
    graph, kicks = kicks_of(system)
    assert len(kicks) == 4
    assert kicks.found.all()
    assert_switch(system, graph, kicks)
    for row in (0, 1):  # the others are mirror images
        home, target = graph.states[kicks.source[row]], graph.states[kicks.target[row]]
        longest = 1.2 * kicks.size[row]
        smallest = brute_force(system, home, target, longest, tried=24, steps=200)
        assert smallest >= kicks.size[row] * (1 - 1e-6)
        assert smallest <= kicks.size[row] * (1 + 1e-2)


@pytest.mark.slow
def test_no_direction_gives_a_smaller_kick_in_the_model_of_decisions():
    system = sp.as_system(decision_flow, state_size=2, kind="flow", dt=0.02)
    graph, kicks = kicks_of(system)
    assert len(kicks) == 2
    for row in range(2):
        home, target = graph.states[kicks.source[row]], graph.states[kicks.target[row]]
        smallest = brute_force(system, home, target, 1.2 * kicks.size[row], tried=60, steps=400)
        assert smallest >= kicks.size[row] * (1 - 1e-5)
        assert smallest <= kicks.size[row] * (1 + 1e-2)


def test_a_trained_network_switches_by_less_than_the_way_to_the_saddle():
    system, graph, kicks = trained("tanh")
    assert len(kicks) == 24
    assert kicks.found.all()
    assert (kicks.agree == kicks.starts).all()
    share = kicks.size / kicks.straight
    assert 0.6 < share.min() < share.max() < 0.7
    assert (kicks.switched == 0).all()
    assert_switch(system, graph, kicks, steps=400)
    machine = sp.read_automaton(system, sp.find_all_fixed_points(system, np.zeros(3)), np.eye(3))
    assert (machine.ball > 0.3).all()  # of which it is proved that nothing smaller switches
    assert (kicks.size[kicks.easiest] > machine.ball).all()
    assert len(kicks.easiest) == 8
    assert (kicks.source[kicks.easiest] == graph.attractors).all()


def test_a_state_counts_only_if_its_orbit_comes_to_the_saddle():
    """Where the left eigenvector alone sees no difference, orbits may go far from the saddle."""
    system, graph, _ = trained("tanh")
    borders = BasinBorders.of(system, graph, np.zeros(3), 2000, np.random.default_rng(0))
    manifolds = borders.manifolds.take(np.zeros(200, dtype=np.int64))
    aside = np.random.default_rng(1).standard_normal((200, 16))
    aside -= (aside @ manifolds.left[0])[:, None] * manifolds.left[0]
    x = manifolds.saddles + 3 * aside / np.linalg.norm(aside, axis=1)[:, None]
    assert np.abs((x - manifolds.saddles) @ manifolds.left[0]).max() < 1e-12
    passes = manifolds.passes(x)
    assert (passes.distance > 0.1).mean() > 0.5
    x, passes = manifolds.brought(x)
    for state in x[passes.comes][:10]:
        closest = np.inf
        for _ in range(100):
            state = system.step(state[None], np.zeros((1, 3)))[0]
            closest = min(closest, np.linalg.norm(state - manifolds.saddles[0]))
        assert closest < 0.01


@pytest.mark.slow
@pytest.mark.parametrize("name", ["gru", "lstm", "dale_leaky", "dale_elman"])
def test_all_shipped_flip_flops_have_kicks_for_all_edges(name):
    system, graph, kicks = trained(name)
    assert len(kicks) == 24
    assert kicks.found.all()
    assert (kicks.size < kicks.straight).all()
    assert kicks.switched.sum() == 0
    assert_switch(system, graph, kicks)


@pytest.mark.slow
def test_a_network_that_also_has_cycles():
    """The saddle turns over with 0.96, and the network has cycles of two besides."""
    A = np.random.default_rng(0).standard_normal((12, 12)) / np.sqrt(12)
    cell = sp.cells.VanillaCell(1.5 * (A + A.T), np.zeros((12, 0)), np.zeros(12))
    system = sp.as_system(cell)
    graph, kicks = kicks_of(system)
    assert len(kicks) == 4
    assert (kicks.agree > 1).all()
    assert kicks.switched.sum() == 0
    np.testing.assert_allclose(np.sort(kicks.size)[::2], np.sort(kicks.size)[1::2], rtol=1e-6)
    assert_switch(system, graph, kicks)


@pytest.mark.slow
@pytest.mark.parametrize("context", [2, 3])
def test_the_two_choices_of_each_context(context):
    system = load_network("context").system
    graph, kicks = kicks_of(system, np.eye(4)[context])
    assert len(kicks) == 2
    assert (kicks.size < 0.8 * kicks.straight).all()
    assert_switch(system, graph, kicks)


def test_every_input_has_kicks_of_its_own():
    cell = sp.cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1))
    graph, kicks = kicks_of(sp.as_system(cell), np.array([[0.0], [0.2]]))
    assert kicks.inputs.ravel().tolist() == [0, 0, 0.2, 0.2]
    apart = np.abs(graph.states[kicks.source] - graph.states[kicks.saddle]).ravel()
    np.testing.assert_allclose(kicks.size, apart, rtol=1e-8)
    assert kicks.size[2] != pytest.approx(kicks.size[3], rel=0.1)


def test_where_nothing_is_between_points():
    _, none = kicks_of(units([0.5, 0.5]))
    assert len(none) == 0
    assert len(none.easiest) == 0
    assert "no kick was found" in repr(none)
    _, cycles = kicks_of(units([-2.0]))
    assert len(cycles) == 0


def test_kicks_are_kept(tmp_path):
    system = units([2.0])
    _, kicks = kicks_of(system)
    assert repr(sp.load(kicks.save(tmp_path / "kicks.nc"))) == repr(kicks)
    frame = kicks.to_dataframe()
    assert frame["size"].tolist() == kicks.size.tolist()
    assert "decided" in repr(kicks)


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_what_does_not_fit_is_refused():
    system = units([2.0])
    graph, _ = kicks_of(system)
    for name, call in {
        "graph": lambda: sp.smallest_kicks(system, sp.find_all_fixed_points(system)),
        "n_starts": lambda: sp.smallest_kicks(system, graph, n_starts=0),
        "n_checks": lambda: sp.smallest_kicks(system, graph, n_checks=-1),
        "steps": lambda: sp.smallest_kicks(system, graph, steps=0),
        "seed": lambda: sp.smallest_kicks(system, graph, seed=-1),
    }.items():
        with pytest.raises(ArgumentError, match=f"^{name}: "):
            call()
    with pytest.raises(ArgumentError, match=r"^graph: .* another network"):
        sp.smallest_kicks(units([2.0, 2.0]), graph)


def test_no_kicks_are_kept(tmp_path):
    cell = sp.cells.VanillaCell(0.5 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
    system = sp.as_system(cell)
    none = sp.smallest_kicks(system, sp.connect(system, sp.find_all_fixed_points(system)))
    assert len(none) == 0
    assert sp.load(none.save(tmp_path / "kicks.nc")).verdict == none.verdict


def test_chaos_beside_memories_hides_no_kick():
    """A slow unit with two memories, and beside it what is chaotic once it is far out."""

    def step(x):
        slow, other = x[:, :1], x[:, 1:]
        far = 4 * (other - 5) * (6 - other) + 5
        return np.concatenate([np.tanh(2 * slow), np.where(other > 4, far, other / 2)], axis=1)

    system = sp.as_system(step, state_size=2, recognise=False)
    points = sp.find_fixed_points(system, np.random.default_rng(0).normal(size=(50, 2)))
    starts = np.array([[0.5, 0.1], [-0.5, 0.1], [0.5, 5.3]])
    graph = sp.connect(system, points, sp.find_attractors(system, points=points, starts=starts))
    assert (graph.kind == OrbitEnd.CHAOS).any()
    kicks = sp.smallest_kicks(system, graph)
    np.testing.assert_allclose(kicks.size[kicks.found], 0.9575040240772688, rtol=1e-6)
    assert kicks.found.sum() == 2
