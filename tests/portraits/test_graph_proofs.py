"""Edges of graphs are proved where they are so, and say so."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.tasks import load_network


def graph_of(name, directions=2):
    system = load_network(name).system
    points = sp.find_all_fixed_points(system, np.zeros(system.input_size))
    return system, sp.connect(system, points, directions=directions)


@pytest.mark.parametrize(
    "name",
    ["tanh"] + [pytest.param(k, marks=pytest.mark.slow) for k in ("gru", "lstm", "dale_elman")],
)
def test_all_sides_of_trained_networks_are_proved(name):
    system, graph = graph_of(name)
    proved = graph.certify(system)
    sides = graph.side != 0
    assert sides.sum() == 24
    assert (graph.evidence[sides] == "decided").all()
    assert ((proved.evidence == "proved") == sides).all()
    assert (proved.whole_side == sides).all()
    assert (proved.evidence[~sides] == graph.evidence[~sides]).all()
    assert "24 of 24 from saddles with 1 unstable direction proved" in proved.verdict
    assert "24 for the whole side" in repr(proved)
    if name == "tanh":
        wrong = graph.target.copy()
        wrong[sides] = np.roll(graph.target[sides], 2)
        claimed = replace(graph, target=wrong).certify(system, steps=60)
        assert not (claimed.evidence[wrong != graph.target] == "proved").any()


@pytest.mark.slow
def test_a_network_that_settles_slowly_takes_more_pieces():
    system, graph = graph_of("dale_leaky")
    proved = graph.certify(system)
    assert (proved.evidence == "proved").sum() == proved.whole_side.sum() == 24


def test_cycles_are_ends_too():
    W = np.array([[2.0, 0.0], [0.0, -2.0]])
    system = sp.as_system(sp.cells.VanillaCell(W, np.zeros((2, 0)), np.zeros(2)))
    points = sp.find_all_fixed_points(system)
    graph = sp.connect(system, points, sp.find_attractors(system, n_starts=16)).certify(system)
    assert graph.period[graph.target[graph.side != 0]].tolist() == [2] * 4
    assert graph.whole_side.sum() == 4


def test_what_is_proved_is_kept_and_told(tmp_path):
    cell = sp.cells.VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
    system = sp.as_system(cell)
    graph = sp.connect(system, sp.find_all_fixed_points(system))
    assert "proved" not in repr(graph)
    proved = graph.certify(system)
    assert proved.to_dataframe().whole_side.all()
    assert repr(sp.load(proved.save(tmp_path / "graph.nc"))) == repr(proved)
    assert repr(proved.certify(system, steps=1)) == repr(proved)  # nothing is taken back
    assert (graph.evidence == "decided").all()  # nor is the other changed
    broken = replace(proved, evidence=graph.evidence)
    with pytest.raises(ArgumentError, match="whole_side"):
        broken.save(tmp_path / "broken.nc")


def test_what_cannot_be_proved_stays_as_it_is():
    flow = sp.as_system(lambda x: x - x**3, state_size=1, kind="flow", lefschetz=1, recognise=False)
    box = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1, recognise=False)
    for system in (flow, box):
        points = sp.find_fixed_points(system, np.linspace(-2, 2, 30)[:, None])
        graph = sp.connect(system, points)
        assert (graph.side != 0).sum() == 2
        assert repr(graph.certify(system)) == repr(graph)


def test_one_network_under_several_inputs():
    cell = sp.cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1))
    system = sp.as_system(cell)
    points = sp.find_fixed_points(
        system, np.tile(np.linspace(-1, 1, 9), 3)[:, None], np.repeat([0.0, 0.1, 0.2], 9)[:, None]
    )
    proved = sp.connect(system, points).certify(system)
    assert proved.whole_side.sum() == 6
    assert (proved.inputs[proved.source] == proved.inputs[proved.target]).all()


def test_what_does_not_fit_is_refused():
    cells = [sp.cells.VanillaCell(k * np.eye(1), np.zeros((1, 0)), np.zeros(1)) for k in (2, 3)]
    system, other = map(sp.as_system, cells)
    graph = sp.connect(system, sp.find_all_fixed_points(system))
    for name, call in {
        "system": lambda: graph.certify(other),
        "steps": lambda: graph.certify(system, steps=0),
    }.items():
        with pytest.raises(ArgumentError, match=f"^{name}: "):
            call()


def test_whole_sides_of_orbits_that_arrive_at_once():
    cell = sp.cells.VanillaCell(50 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
    system = sp.as_system(cell)
    graph = sp.connect(system, sp.find_all_fixed_points(system)).certify(system)
    assert graph.whole_side.all()
