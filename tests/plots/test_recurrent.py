"""Multipliers, exponents, attractors and graphs: what is drawn is what the records hold."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp


def test_multipliers_of_cycles_with_the_unit_circle(cycles):
    drawn = sp.plots.spectrum(cycles)
    (circle,) = drawn["border"]
    assert np.hypot(*circle.get_data()).round(12).tolist() == [1.0] * 361
    shown = np.concatenate([np.asarray(cloud.get_offsets()) for cloud in drawn["eigenvalues"]])
    wanted = cycles.multipliers.ravel()
    np.testing.assert_allclose(np.sort(shown[:, 0]), np.sort(wanted.real))
    assert drawn["eigenvalues"][0].axes.get_xlabel() == "Re μ"


def test_exponents_with_two_standard_errors(exponents):
    drawn = sp.plots.exponents(exponents)
    line, _, (bars,) = drawn["exponents"]
    np.testing.assert_array_equal(line.get_ydata(), exponents.exponents)
    heights = [path.vertices[1, 1] - path.vertices[0, 1] for path in bars.get_paths()]
    np.testing.assert_allclose(heights, 4 * exponents.errors)


def test_attractors_as_points_lines_and_clouds(attractors):
    drawn = sp.plots.attractors(attractors)
    labels = [marks.get_label() for marks in drawn["states"]]
    assert len(labels) == len({*attractors.kind} - {2, 3})
    assert len(drawn["lines"]) == (attractors.kind == 1).sum() > 0
    for line in drawn["lines"]:
        assert line.get_data()[0][0] == line.get_data()[0][-1]


def test_orbits_of_a_graph_run_from_saddles_to_attractors(graph):
    drawn = sp.plots.attractor_graph(graph)
    assert len(drawn["edges"]) == 8  # of four saddles, each to two sides
    ends = np.array([[line.get_xydata()[k] for k in (0, -1)] for line in drawn["edges"]])
    labels = [marks.get_label() for marks in drawn["nodes"]]
    assert labels == ["4 attractors", "4 with 1 unstable mode", "1 with 2 unstable modes"]
    stable, saddles = (np.asarray(drawn["nodes"][k].get_offsets()) for k in (0, 1))
    for begin, end in ends:
        assert np.abs(saddles - begin).sum(axis=1).min() < 1e-3
        assert np.abs(stable - end).sum(axis=1).min() < 1e-3
    assert len(sp.plots.attractor_graph(graph, all_edges=True)["edges"]) == 16


def test_levels_of_a_diagram_are_unstable_directions(graph):
    drawn = sp.plots.hasse_diagram(graph)
    assert len(drawn["edges"]) == len(graph.hasse()) == 12
    for line in drawn["edges"]:
        assert line.get_ydata()[0] == line.get_ydata()[1] + 1
    assert [text.get_text() for text in drawn["labels"]] == [str(k) for k in graph.attractors]
    for places in (np.asarray(marks.get_offsets()) for marks in drawn["nodes"]):
        assert len({*places[:, 0]}) == len(places)
    with pytest.raises(sp.ArgumentError, match="labels: got 3"):
        sp.plots.hasse_diagram(graph, labels=["a", "b", "c"])


def test_graphs_are_in_reports(graph, tmp_path):
    page = graph.report(tmp_path / "graph.html").read_text()
    assert "4 with 1 unstable mode" in page
    assert "leads to 0, 1" in page
