"""Portraits of networks that are known: their parts agree, and sentences say what is there."""

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.tasks import load_network


@pytest.fixture(scope="module")
def memory():
    network = load_network("tanh")
    return sp.portrait(network.system, np.zeros(3), readout=network.read_out)


def test_the_portrait_of_a_flip_flop(memory):
    assert len(memory.points) == 27
    assert memory.points.certificate.proved.all()
    assert len(memory.sides) == 12
    signs = np.sign(memory.outputs)
    for one, other in memory.sides.values():
        assert (signs[one] != signs[other]).sum() == 1
    told = "\n".join(memory.sentences)
    share = memory.basins.share
    assert f"{share.min():.0%} to {share.max():.0%} lead to each (estimated)" in told
    assert "24 of 24 connections proved" in told
    assert "12 saddles with one unstable direction, of which 12 lie between two attractors" in told
    assert "between the two attractors of each 1 output differs in sign" in told
    assert "attractors: 8 points; every orbit ended at one" in told
    assert "no cycle of period 2: proved" in told


def test_it_is_kept_and_reported(memory, tmp_path):
    back = sp.load(memory.save(tmp_path / "portrait.nc"))
    assert back.sentences == memory.sentences
    assert back.sides == memory.sides
    assert repr(back.points) == repr(memory.points)
    assert repr(back.attractors) == repr(memory.attractors)
    assert repr(back.cycles) == repr(memory.cycles)
    assert repr(back.basins) == repr(memory.basins)
    np.testing.assert_array_equal(back.graph.path, memory.graph.path)
    page = memory.report(tmp_path / "portrait.html").read_text()
    assert all(sentence in page for sentence in memory.sentences[1:])
    assert "12 with 1 unstable mode" in page
    assert memory.to_dataframe()["leads_to"].str.len().sum() == len(memory.graph.pairs)


@pytest.mark.parametrize("part", ["points", "attractors", "graph", "cycles"])
def test_a_part_that_was_changed_is_refused(memory, part):
    dataset = memory.to_xarray()
    name = {"points": "q", "attractors": "attractor", "graph": "source", "cycles": "period"}[part]
    broken = dataset.assign({f"{part}_{name}": dataset[f"{part}_{name}"] - 100})
    with pytest.raises(sp.ArgumentError, match=f"{part}_{name}"):
        type(memory).from_xarray(broken)


@pytest.mark.slow
def test_what_oscillates_has_a_portrait():
    turn = 1.5 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    system = sp.as_system(sp.cells.VanillaCell(turn, np.zeros((2, 0)), np.zeros(2)))
    found = sp.portrait(system)
    assert "1 closed curve" in found.sentences[1]
    assert found.graph.pairs == [(0, 1)]
    (line,) = sp.plots.portrait(found)["cycles"]
    radius = np.hypot(*line.get_data())
    assert radius.min() > 0.3


@pytest.mark.slow
def test_limit_cycles_are_in_portraits_of_flows():
    def step(x):
        return x * (1 - (x**2).sum(axis=1, keepdims=True)) + x[:, ::-1] * [-1.0, 1.0]

    flow = sp.as_system(step, state_size=2, kind="flow", lefschetz=1)
    found = sp.portrait(flow)
    assert len(found.cycles) == 1
    assert found.graph.pairs == [(0, 1)]
    assert sp.portrait(flow, max_period=1).cycles is None


def test_a_theorem_is_told():
    W = np.array([[0.0, 2.0], [2.0, 0.0]])
    system = sp.as_system(sp.cells.VanillaCell(W, np.zeros((2, 0)), np.zeros(2)))
    found = sp.portrait(system)
    assert found.longest_period == 2
    assert "the Morse inequalities hold" in found.sentences  # with the cycles that are no nodes
    assert not found.graph.morse_check().holds
    assert "no cycle has a period above 2, proved" in "\n".join(found.sentences)


def test_points_of_other_inputs_are_left_out():
    cell = sp.cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1))
    system = sp.as_system(cell)
    points = sp.find_all_fixed_points(system, [[0.0], [2.0]])
    found = sp.portrait(system, [2.0], points=points)
    assert (found.graph.inputs == 2.0).all()
    assert found.graph.pairs == []
    assert sp.portrait(system, [0.0], points=points).graph.pairs == [(2, 0), (2, 1)]


def test_wrong_arguments(memory):
    system = load_network("tanh").system
    with pytest.raises(sp.ArgumentError, match="inputs"):
        sp.portrait(system, np.zeros((2, 3)))
    with pytest.raises(sp.ArgumentError, match="readout"):
        sp.portrait(system, np.zeros(3), points=memory.points, readout=3)
    with pytest.raises(sp.ArgumentError, match="a portrait is whole"):
        memory.take([0])


def test_orbits_that_run_away_are_drawn_as_far_as_they_are_finite():
    cubic = sp.as_system(lambda x: x**3, state_size=1)
    found = sp.portrait(cubic)
    assert (found.graph.target == -1).sum() == 2
    assert np.isfinite(found.graph.path[found.graph.target == -1]).all()


def test_states_that_come_to_nothing_are_told():
    system = sp.as_system(sp.cells.VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1)))
    resting = sp.portrait(system, trajectories=np.zeros((5, 10, 1)))  # where it repels
    assert "1000 came to none that is known" in resting.sentences[1]
    node = resting.node_of_attractor
    np.testing.assert_allclose(resting.graph.states[node], resting.attractors.states[:, 0])


def test_points_of_another_input_are_refused():
    system = sp.as_system(sp.cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1)))
    with pytest.raises(sp.ArgumentError, match="none of them is under the input"):
        sp.portrait(system, [0.3], points=sp.find_all_fixed_points(system, [0.1]))
