"""What leads where: graphs that are known, and those of trained networks."""

from __future__ import annotations

import os
from itertools import product

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.portraits.graph.morse import morse_check
from stillpoint.tasks import load_network


def memories(n: int) -> sp.System:
    return sp.as_system(sp.cells.VanillaCell(2 * np.eye(n), np.zeros((n, 0)), np.zeros(n)))


@pytest.mark.parametrize("n", [1, 2, 3])
def test_units_that_do_not_meet(n):
    """p leads to q if q agrees with p wherever p is not zero."""
    system = memories(n)
    points = sp.find_all_fixed_points(system)
    graph = sp.connect(system, points)
    signs = np.sign(np.round(points.xstar, 3)).astype(int)
    wanted = [
        (p, q)
        for p, q in product(range(3**n), repeat=2)
        if p != q and (signs[q][signs[p] != 0] == signs[p][signs[p] != 0]).all()
    ]
    assert graph.pairs == wanted
    assert len(graph.hasse()) == {1: 2, 2: 12, 3: 54}[n]
    assert graph.morse_check().holds
    assert set(graph.attractors) == set(np.flatnonzero(points.is_stable))


@pytest.mark.parametrize("name", ["tanh", pytest.param("lstm", marks=pytest.mark.slow)])
def test_the_graph_of_a_trained_network_is_that_of_the_cube(name):
    network = load_network(name)
    u = np.zeros(network.system.input_size)
    points = sp.find_all_fixed_points(network.system, u)
    graph = sp.connect(network.system, points, directions=16)
    first = [(p, q) for p, q in graph.pairs if graph.n_unstable[p] == 1]
    assert len(first) == 24
    ends = {p: [q for s, q in first if s == p] for p, _ in first}
    assert len({tuple(sorted(pair)) for pair in ends.values()}) == 12
    for one, other in ends.values():
        bits = [
            points.xstar[k, : network.C.shape[1]] @ network.C.T + network.a for k in (one, other)
        ]
        assert (np.sign(bits[0]) != np.sign(bits[1])).sum() == 1
    assert graph.morse_check().holds
    assert "8 attractors, 12 saddles with 1 unstable direction" in graph.verdict


def test_cycles_and_limit_cycles_are_nodes():
    W = np.array([[2.0, 0.0], [0.0, -2.0]])
    system = sp.as_system(sp.cells.VanillaCell(W, np.zeros((2, 0)), np.zeros(2)))
    points = sp.find_all_fixed_points(system)
    graph = sp.connect(system, points, sp.find_attractors(system, n_starts=16))
    assert len(graph.states) == len(points) + 2  # two cycles of period 2
    assert graph.period[-2:].tolist() == [2, 2]
    below = graph.sign[:3].tolist()
    assert below == [-1, -1, -1]  # the second unit turns over
    assert not graph.morse_check().holds  # the cycle of two between them is not among the nodes

    def step(x):
        return x * (1 - (x**2).sum(axis=1, keepdims=True)) + x[:, ::-1] * [-1.0, 1.0]

    flow = sp.as_system(step, state_size=2, kind="flow", lefschetz=1)
    points = sp.find_all_fixed_points(flow)
    graph = sp.connect(flow, points, sp.find_attractors(flow, n_starts=8))
    assert graph.pairs == [(0, 1)]
    assert graph.morse_check().holds


def test_a_missing_memory_breaks_the_inequalities():
    system = memories(2)
    points = sp.find_all_fixed_points(system)
    assert sp.connect(system, points).morse_check().holds
    lacks = points.take(np.flatnonzero(np.arange(9) != np.flatnonzero(points.n_unstable == 1)[0]))
    graph = sp.connect(system, lacks)
    assert not graph.morse_check().holds
    assert "broken" in graph.verdict


def test_a_memory_that_is_not_among_the_points_is_a_node_of_its_own():
    system = memories(1)
    points = sp.find_all_fixed_points(system)
    (saddle,) = np.flatnonzero(points.n_unstable == 1)
    memory = np.flatnonzero(points.is_stable)[0]  # and not the other
    graph = sp.connect(system, points.take([saddle, memory]))
    assert graph.pairs == [(0, 1), (0, 2)]
    assert graph.is_attractor.tolist() == [False, True, True]
    assert graph.period.tolist() == [1, 1, 1]
    assert graph.morse_check().holds


@pytest.mark.slow
def test_the_inequalities_find_that_a_closed_curve_is_missing():
    """Two saddles turn with a modulus above one: around them lie curves that no search was for."""
    system = load_network("dale_elman").system
    u = np.zeros(system.input_size)
    points = sp.find_all_fixed_points(system, u)
    check = sp.connect(system, points).morse_check()
    assert not check.holds
    lin, found = points.linearization, 0
    for k in np.flatnonzero(points.n_unstable == 4):
        turning = lin.right[k][:, np.argmax(lin.eigenvalues[k, :4].imag)].imag
        away = np.geomspace(0.003, 0.6, 16)[:, None] * turning / np.linalg.norm(turning)
        curves = sp.find_closed_curves(system, points.xstar[k] + away, u)
        found += int((curves.n_unstable == 2).sum())
    assert found == 2


@pytest.mark.parametrize(
    ("items", "holds"),
    [
        ([(0, 1, 1)], True),
        ([(1, 1, 1)], False),
        ([(0, 1, 1)] * 2 + [(1, 1, 1)], True),
        ([(0, 2, 1), (1, 1, -1)], True),
        ([(0, 2, 1), (1, 1, 1)], False),
        ([(1, 1, -1)], False),  # around a point that turns over, something else must be
        ([(0, 1, 1), (1, 2, -1), (1, 1, 1)], False),
        ([(0, 3, 1), (1, 3, 1), (0, 1, 1)], True),
    ],
)
def test_sums_that_can_be(items, holds):
    assert morse_check(items).holds is holds


def test_graphs_are_kept_and_drawn_as_networkx(tmp_path):
    system = memories(2)
    graph = sp.connect(system, sp.find_all_fixed_points(system))
    assert repr(sp.load(graph.save(tmp_path / "graph.nc"))) == repr(graph)
    assert len(graph.to_dataframe()) == len(graph)
    networkx = pytest.importorskip("networkx")
    other = graph.to_networkx()
    assert networkx.is_directed_acyclic_graph(other)
    assert sorted(set(other.edges())) == graph.pairs


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_what_does_not_fit_is_refused():
    system, points = memories(1), sp.find_all_fixed_points(memories(1))
    for name, call in {
        "points": lambda: sp.connect(memories(2), points),
        "directions": lambda: sp.connect(system, points, directions=1),
        "steps": lambda: sp.connect(system, points, steps=0),
        "attractors": lambda: sp.connect(system, points, points),
        "node": lambda: sp.connect(system, points).targets(3),
    }.items():
        with pytest.raises(ArgumentError, match=f"^{name}: "):
            call()
