"""How alike networks are: the same one renamed is recognised, and others are told apart."""

from __future__ import annotations

from collections import namedtuple
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import population_verbs as verbs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stillpoint as sp
from stillpoint.cells import GRUCell, VanillaCell
from stillpoint.population.likeness.alignment import disparity
from stillpoint.population.likeness.graphs import compare_graphs
from stillpoint.population.likeness.outline import Links
from stillpoint.population.likeness.sequences import compare_events
from stillpoint.population.likeness.spectra import spectra_apart
from stillpoint.tasks import FlipFlop, load_network


def signed_permutation(d, rng, signs=True):
    P = np.eye(d)[rng.permutation(d)]
    return P * rng.choice([-1.0, 1.0], size=d)[:, None] if signs else P


def moved(cell, P):
    """Return the vanilla cell of P x."""
    return VanillaCell(P @ cell.W @ P.T, P @ cell.B, P @ cell.b, cell.phi)


def found_permutation(same):
    P = np.zeros((len(same.unit),) * 2)
    P[same.unit, np.arange(len(same.unit))] = same.sign
    return P


def search(cell, **options):
    system = sp.as_system(cell)
    u = np.zeros(system.input_size)
    return sp.find_all_fixed_points(system, u, max_starts=512, **options)


@pytest.fixture(scope="module")
def shipped():
    return {name: search(load_network(name).cell) for name in ("tanh", "gru")}


def test_a_renamed_network_is_the_same_network(shipped):
    cell = load_network("tanh").cell
    P = signed_permutation(16, np.random.default_rng(0))
    other = search(moved(cell, P))
    same = sp.compare(shipped["tanh"], other)
    assert same.same_up_to == "permutation"
    np.testing.assert_array_equal(found_permutation(same), P)
    assert same.distance.max() < 1e-12
    assert same.spectra.max() < 1e-12
    assert same.disparity < 1e-12
    assert len(same) == 27
    assert not len(same.only_first) + len(same.only_second)
    x, y = shipped["tanh"].xstar[same.first], other.xstar[same.second]
    np.testing.assert_allclose(x @ P.T, y, atol=1e-12)
    assert "the same network up to names and signs of units (decided)" in same.sentence
    assert sp.compare(shipped["tanh"], other, up_to="identity").same_up_to is None
    assert sp.compare(other, shipped["tanh"]).same_up_to == "permutation"


def test_a_network_is_itself(shipped):
    for points in shipped.values():
        same = sp.compare(points, points)
        assert same.same_up_to == "identity"
        assert same.first.tolist() == same.second.tolist() == list(range(27))
        assert not same.distance.any()
        assert not len(same.unit)


def test_a_rotated_network_is_the_same_up_to_rotations():
    rng = np.random.default_rng(1)
    W, b = np.diag([2.0, 1.5, 0.5]) + 0.1 * rng.normal(size=(3, 3)), np.array([0.1, 0.05, 0.2])
    Q, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    one = sp.as_system(lambda x: np.tanh(x @ W.T + b), state_size=3)
    other = sp.as_system(lambda y: np.tanh(y @ Q @ W.T + b) @ Q.T, state_size=3)
    starts = rng.normal(size=(200, 3))
    found = [
        sp.find_fixed_points(s, x, rounds=0) for s, x in ((one, starts), (other, starts @ Q.T))
    ]
    same = sp.compare(*found)
    assert len(found[0]) == 9
    assert same.same_up_to == "orthogonal"
    assert same.distance.max() < 1e-7
    assert sp.compare(*found, up_to="permutation").same_up_to is None


def test_a_changed_weight_is_another_network(shipped):
    cell = load_network("tanh").cell
    W = cell.W.copy()
    W[3, 4] += 1e-3
    P = signed_permutation(16, np.random.default_rng(2))
    other = sp.compare(shipped["tanh"], search(moved(VanillaCell(W, cell.B, cell.b), P)))
    assert other.same_up_to is None
    assert other.same_counts
    assert 0 < other.disparity < 1e-4
    assert len(other) == 27


def test_other_inputs_alone_are_another_network():
    """At rest under no input the two are alike; what inputs do tells them apart."""
    rng = np.random.default_rng(3)
    cell = VanillaCell(2 * np.eye(4) + 0.1 * rng.normal(size=(4, 4)), np.eye(4)[:, :2], np.zeros(4))
    swapped = VanillaCell(cell.W, cell.B[:, ::-1].copy(), cell.b)
    one, other = search(cell), search(swapped)
    assert np.abs(one.xstar - other.xstar).max() < 1e-9
    assert sp.compare(one, other).same_up_to is None


def test_other_places_alone_are_another_network():
    A = np.array([[0.5, 0.1], [0.0, 0.2]])
    found = [
        sp.find_fixed_points(
            sp.as_system(lambda x, b=b: x @ A.T + b, state_size=2, recognise=False),
            np.zeros((1, 2)),
            rounds=0,
        )
        for b in (np.ones(2), 2 * np.ones(2))
    ]
    np.testing.assert_allclose(found[0].jacobian, found[1].jacobian, atol=1e-8)
    assert sp.compare(found[0], found[0]).same_up_to == "identity"
    assert sp.compare(*found).same_up_to is None


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_small_networks_are_recognised_whatever_the_permutation(seed, odd):
    """Networks without biases have mirror images of all points, which could be mixed up."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 6))
    W = 1.5 * np.eye(d) + rng.normal(size=(d, d)) / np.sqrt(d)
    cell = VanillaCell(W, rng.normal(size=(d, 2)), (not odd) * 0.1 * rng.normal(size=d))
    P = signed_permutation(d, rng)
    system, other = sp.as_system(cell), sp.as_system(moved(cell, P))
    starts = rng.normal(size=(100, d))
    one = sp.find_fixed_points(system, starts, np.zeros(2), rounds=0, orbits=False)
    two = sp.find_fixed_points(other, starts @ P.T, np.zeros(2), rounds=0, orbits=False)
    if len(one) != len(two) or not len(one) or one.is_degenerate.any():
        return
    same = sp.compare(one, two)
    narrow = np.abs(one.xstar - two.xstar[: len(one)]).max() < 1e-9 and (np.eye(d) == P).all()
    assert same.same_up_to in (("identity",) if narrow else ("permutation", "identity"))
    if same.same_up_to == "permutation":
        Q = found_permutation(same)
        np.testing.assert_allclose(Q @ cell.W @ Q.T, moved(cell, P).W, atol=1e-12)
        np.testing.assert_allclose(Q @ cell.B, moved(cell, P).B, atol=1e-12)


def test_units_that_are_alike_may_be_renamed_in_many_ways():
    same = sp.compare(*[search(verbs.cell(2.0, size=3))] * 2)
    assert same.same_up_to == "identity"
    one = search(VanillaCell(np.diag([2.0, 2.0, 1.5]), np.zeros((3, 0)), np.zeros(3)))
    other = search(VanillaCell(np.diag([1.5, 2.0, 2.0]), np.zeros((3, 0)), np.zeros(3)))
    same = sp.compare(one, other)
    assert same.same_up_to == "permutation"
    assert same.unit[2] == 0


def test_networks_of_other_sizes_and_kinds(shipped):
    small = search(verbs.cell(2.0, size=3))
    apart = sp.compare(small, shipped["tanh"])
    assert apart.same_counts
    assert apart.polynomials == ("8 + 12t + 6t^2 + t^3",) * 2
    assert len(apart) == 27
    assert 0 < apart.disparity < 0.3
    assert apart.same_up_to is None
    with pytest.raises(sp.ArgumentError, match="up_to: got 'permutation', but the networks have"):
        sp.compare(small, shipped["tanh"], up_to="permutation")
    fewer = sp.compare(small, search(verbs.cell(2.0, size=2)))
    assert (len(fewer), len(fewer.only_first), len(fewer.only_second)) == (9, 18, 0)
    assert "8 + 12t + 6t^2 + t^3 against 4 + 4t + t^2" in fewer.sentence
    assert (
        small.n_unstable[fewer.first] == search(verbs.cell(2.0, size=2)).n_unstable[fewer.second]
    ).all()


def test_points_under_many_inputs_are_paired_under_the_same():
    cell = VanillaCell(2 * np.eye(2), np.eye(2), np.zeros(2))
    u = np.array([[0.0, 0.0], [0.5, 0.0]])
    P = np.array([[0.0, 1.0], [1.0, 0.0]])
    swapped = VanillaCell(cell.W, P @ cell.B, cell.b)
    one, other = (
        sp.find_all_fixed_points(sp.as_system(c), u, max_starts=256) for c in (cell, swapped)
    )
    same = sp.compare(one, other)
    assert same.same_up_to == "permutation"
    np.testing.assert_array_equal(one.inputs[same.first], other.inputs[same.second])
    assert found_permutation(same).tolist() == P.tolist()


def test_what_is_not_known_is_not_claimed():
    """One point at zero says nothing of signs; no record of nothing is the same as another."""
    nothing = search(verbs.cell(2.0))[:0]
    apart = sp.compare(nothing, nothing)
    assert apart.same_up_to is None
    assert apart.disparity is None
    assert "both 0" in apart.sentence or apart.sentence == ""
    one = search(verbs.cell(0.5))
    assert sp.compare(one, one).same_up_to == "identity"


# -- graphs, machines, diagrams --------------------------------------------------------------------


@pytest.fixture(scope="module")
def portraits():
    systems = {
        "three": verbs.cell(2.0, size=3),
        "other three": verbs.cell(1.6, size=3),
        "two": verbs.cell(2.0, size=2),
    }
    return sp.sweep(systems, "portrait", prove=False, max_period=1)


def test_graphs_are_compared_up_to_isomorphism(portraits):
    pytest.importorskip("networkx")
    same = sp.compare(portraits["three"], portraits["other three"])
    assert same.graph.is_isomorphic
    assert "the same graph" in same.sentence
    other = sp.compare(portraits["three"], portraits["two"])
    assert not other.graph.is_isomorphic
    assert not other.graph.is_least  # too many nodes to look for the shortest way
    assert 18 + 24 - 8 <= other.graph.edits <= 18 + 24 + 8
    alone = sp.compare(portraits["three"].graph, portraits["other three"].graph)
    assert alone.graph.is_isomorphic
    assert len(alone) == 27
    assert np.isnan(alone.spectra).all()


def test_edits_of_small_graphs_are_the_least():
    pytest.importorskip("networkx")
    fork = Links(("point 1", "point 0", "point 0"), ((0, 1), (0, 2)))
    turned = Links(("point 0", "point 1", "point 0"), ((1, 0), (1, 2)))
    assert compare_graphs(fork, turned, {}).is_isomorphic
    line = Links(("point 1", "point 0", "point 0"), ((0, 1), (1, 2)))
    told = compare_graphs(fork, line, {})
    assert (told.is_isomorphic, told.edits, told.is_least) == (False, 2, True)
    relabelled = Links(("point 2", "point 0", "point 0"), ((0, 1), (0, 2)))
    assert compare_graphs(fork, relabelled, {}).edits == 1
    assert compare_graphs(fork, relabelled, {0: 0, 1: 1, 2: 2}, search=False).edits == 1
    assert compare_graphs(fork, line, {0: 0}, search=False).edits >= 2


def test_machines_are_equal_or_differ_after_a_word():
    machine = FlipFlop(bits=2).automaton()
    assert sp.compare(machine, machine).machine.sentence == "the same machine (proved)"
    table = machine.table.copy()
    table[table[0, 0], 1] = 0
    changed = type(machine)._asked(table, machine.pulses, machine.outputs)
    told = sp.compare(machine, changed)
    assert told.machine.word == machine.compare(changed).word
    assert "differ after pulses" in told.sentence
    assert 0 < told.machine.distance < 1


def test_diagrams_are_compared_by_the_order_of_events():
    Event = namedtuple("Event", "kind parameter")
    one = SimpleNamespace(events=[Event("flip", 0.5), Event("fold", 0.1), Event("fold", 0.2)])
    other = SimpleNamespace(events=[Event("fold", 10.0), Event("flip", 20.0)])
    told = sp.compare(one, other)
    assert (told.events.is_equal, told.events.edits, told.events.place) == (False, 1, 1)
    assert sp.compare(one, one).events.is_equal
    assert compare_events([], []).is_equal
    assert compare_events("kitten", "sitting").edits == 3


def test_several_records_of_one_network(portraits):
    machine = FlipFlop(bits=2).automaton()
    told = sp.compare([portraits["two"], machine], [portraits["three"], machine])
    assert told.machine.is_equal
    assert len(told) == 9
    apart = [portraits["two"].points, portraits["two"].graph]
    whole = sp.compare(apart, portraits["three"])
    assert repr(whole) == repr(sp.compare(portraits["two"], portraits["three"]))
    with pytest.raises(
        sp.ArgumentError, match="first: got two records that say something of places"
    ):
        sp.compare([portraits["two"], portraits["two"].points], machine)
    with pytest.raises(sp.ArgumentError, match="second: it has no record of a kind"):
        sp.compare(portraits["two"], machine)


def test_comparisons_are_kept(portraits, tmp_path, shipped):
    for told in (
        sp.compare(portraits["two"], portraits["three"]),
        sp.compare(shipped["tanh"], search(moved(load_network("tanh").cell, -np.eye(16)))),
        sp.compare(*[FlipFlop(bits=1).automaton()] * 2),
    ):
        back = sp.load(told.save(tmp_path / "told.nc"))
        assert repr(back) == repr(told)
        assert back.graph == told.graph
        assert back.machine == told.machine
        np.testing.assert_array_equal(back.unit, told.unit)
        assert len(told.to_dataframe()) == len(told)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3, 3), "first: got 3"),
        (([], []), "first: got no record"),
        (("none.nc", "none.nc"), None),
    ],
)
def test_wrong_arguments_of_a_comparison(arguments, words):
    with pytest.raises(sp.ArgumentError if words else FileNotFoundError, match=words):
        sp.compare(*arguments)
    points = search(verbs.cell(2.0))
    with pytest.raises(sp.ArgumentError, match="up_to: got 'rotation'"):
        sp.compare(points, points, up_to="rotation")


# -- numbers that are known ------------------------------------------------------------------------


def test_spectra_are_paired_at_least_cost():
    one, other = np.array([[1 + 1j, 1 - 1j, 0.5]]), np.array([[0.5, 1 - 1j, 1 + 1.3j]])
    np.testing.assert_allclose(spectra_apart(one, other), [0.3 / np.sqrt(3)])
    assert np.isnan(spectra_apart(one * np.nan, other)).all()
    assert spectra_apart(one[:, :2], other[:, ::-1]).round(6).tolist() == [
        round(0.3 / np.sqrt(2), 6)
    ]


def test_disparity_is_that_of_scipy():
    from scipy.spatial import procrustes

    rng = np.random.default_rng(0)
    for _ in range(5):
        one, other = rng.normal(size=(7, 3)), rng.normal(size=(7, 3))
        assert disparity(one, other) == pytest.approx(procrustes(one, other)[2], abs=1e-12)
        wide = np.hstack([other, np.zeros((7, 2))])
        assert disparity(one, wide) == pytest.approx(procrustes(one, other)[2], abs=1e-12)
    assert np.isnan(disparity(one[:1], other[:1]))


# -- all of them -----------------------------------------------------------------------------------


def test_classes_of_equal_topology(portraits, tmp_path):
    pytest.importorskip("networkx")
    told = sp.compare_all(portraits)
    assert told.classes == [["three", "other three"], ["two"]]
    assert told.verdict == (
        "3 networks, 2 topologies by points by unstable directions and graphs, of 2, 1 networks"
    )
    assert told.aspect.tolist() == ["counts", "spectra", "shape", "graph"]
    for aspect in told.aspect.tolist():
        matrix = told.matrix(aspect)
        np.testing.assert_array_equal(matrix, matrix.T)
        assert not matrix.diagonal().any()
    assert told.matrix("graph")[0, 1] == 0 < told.matrix("graph")[0, 2]
    assert told.matrix("counts")[0].tolist() == [0, 0, 18]
    back = sp.load(told.save(tmp_path / "all.nc"))
    assert repr(back) == repr(told)
    np.testing.assert_array_equal(back.distance, told.distance)
    assert len(told.to_dataframe()) == 3
    assert told.take([0, 2]).matrix("counts").tolist() == [[0, 18], [18, 0]]


def test_one_edge_less_is_another_class(portraits):
    pytest.importorskip("networkx")
    whole = portraits["three"]
    graph = whole.graph.take(np.delete(np.arange(len(whole.graph)), np.argmax(whole.graph.side)))
    sampled = whole.graph.take(np.flatnonzero(whole.graph.side))  # higher saddles do not count
    told = sp.compare_all(
        {
            "whole": whole,
            "again": replace(whole, graph=sampled),
            "less": replace(whole, graph=graph),
        }
    )
    assert told.classes == [["whole", "again"], ["less"]]
    assert told.matrix("graph").tolist() == [[0, 0, 1], [0, 0, 1], [1, 1, 0]]


def test_scaling_gives_back_distances():
    told = sp.compare_all(
        {"a": search(verbs.cell(2.0)), "b": search(verbs.cell(3.0)), "c": search(verbs.cell(1.2))}
    )
    places = np.random.default_rng(0).normal(size=(3, 2))
    matrix = np.linalg.norm(places[:, None] - places, axis=2)
    told = replace(told, aspect=np.array(["shape"]), distance=matrix[None])
    found, share = told.embed("shape")
    np.testing.assert_allclose(np.linalg.norm(found[:, None] - found, axis=2), matrix, atol=1e-12)
    assert share.sum() == pytest.approx(1)
    lacking = replace(told, distance=np.where(np.eye(3), 0, np.nan)[None])
    with pytest.raises(
        sp.ArgumentError, match="aspect: the distances in 'shape' are not all known"
    ):
        lacking.embed("shape")


def test_files_are_read_one_at_a_time(tmp_path):
    found = sp.sweep(verbs.systems(1.5, 2.0, 3.0), "find_all_fixed_points", folder=tmp_path)
    told = sp.compare_all(found)
    assert told.classes == [["gain 1.5", "gain 2.0", "gain 3.0"]]
    paths = {path.stem: path for path in sorted(tmp_path.glob("*.nc"))}
    np.testing.assert_array_equal(sp.compare_all(paths).distance, told.distance)
    assert len(sp.compare_all({})) == 0
    with pytest.raises(sp.ArgumentError, match="results: got"):
        sp.compare_all([1, 2])
    one, other = FlipFlop(bits=1).automaton(), FlipFlop(bits=2).automaton()
    with pytest.raises(sp.ArgumentError, match="results: 'one' and 'other'"):
        sp.compare_all({"one": one, "other": other})


def test_gru_and_tanh_are_of_one_topology(shipped):
    told = sp.compare_all({**shipped, "gru again": shipped["gru"]})
    assert len(told.classes) == 1
    assert told.matrix("spectra")[1, 2] == 0
    assert isinstance(load_network("gru").cell, GRUCell)
