"""Figures of Plotly show what those of matplotlib do."""

from __future__ import annotations

import sys

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError

go = pytest.importorskip("plotly.graph_objects")


def traces(figure, mode):
    return [trace for trace in figure.data if getattr(trace, "mode", None) == mode]


@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_point_is_there_once_with_what_is_known_of_it(points, paths, dimensions):
    pca = sp.fit_pca(paths)
    figure = sp.plots.interactive(
        points, trajectories=paths, projection=pca, dimensions=dimensions, max_trajectories=7
    )
    marks = traces(figure, "markers")
    assert [m.name for m in marks] == [
        "4 stable",
        "4 with 1 unstable mode",
        "1 with 2 unstable modes",
    ]
    drawn = np.concatenate([np.stack([m.x, m.y], axis=1) for m in marks])
    np.testing.assert_allclose(drawn, pca.transform(points.xstar))
    told = [text for m in marks for text in m.text]
    assert [f"hits {h}," in text for h, text in zip(points.hits, told, strict=True)] == [True] * 9
    assert {colour for m in marks[1:] for colour in m.marker.color} == {"#ffffff"}
    assert set(marks[0].marker.color) == {"#000000"}
    lines = traces(figure, "lines")
    assert len(lines) == 7
    assert lines[0].name == "7 of 160 trajectories"
    assert ("scene" in figure.to_dict()["layout"]) == (dimensions == 3)


def test_groups_of_points_and_trials_have_names_and_colours(points, paths):
    conditions = np.repeat(["a", "b", "c", "d"], 40)
    figure = sp.plots.interactive(points, trajectories=paths, trials_by=conditions, by="hits")
    lines = traces(figure, "lines")
    assert [line.name for line in lines if line.showlegend] == ["a", "b", "c", "d"]
    assert len({line.line.color for line in lines}) == 4
    drawn = sum(len(m.x) for m in traces(figure, "markers"))
    assert drawn == len(points)


def test_slow_points_and_manifolds_share_a_figure(slow, line):
    figure = sp.plots.interactive(slow, line)
    names = [trace.name for trace in figure.data]
    assert "2 stable fixed points" in names
    assert "slow line" in names
    assert "2 stable places of rest" in names


def test_cycles_are_closed_lines_through_their_states(cycles):
    figure = sp.plots.interactive(cycles)
    names = [trace.name for trace in traces(figure, "markers")]
    assert names == ["1 unstable of period 1", "2 stable of period 2", "2 unstable of period 2"]
    lines = traces(figure, "lines")
    assert len(lines) == 4
    assert all(line.x[0] == line.x[-1] and len(line.x) == 3 for line in lines)


def test_a_flow_field_is_in_its_plane(points, field):
    figure = sp.plots.interactive(field, points)
    heat, first, second = figure.data[:3]
    np.testing.assert_allclose(heat.z, np.log10(field.speed))
    assert [first.name, second.name] == ["nullcline of x0", "nullcline of x1"]
    np.testing.assert_allclose(first.z, field.velocity[..., 0])
    arrows = np.concatenate([np.stack([t.x, t.y], axis=1) for t in traces(figure, "lines")])
    tails, tips = arrows[0::6], arrows[1::6]
    middle, along = (tails + tips) / 2, tips - tails
    motion = np.tanh(2 * middle) - middle
    cosine = (along * motion).sum(axis=1) / np.prod(
        [np.linalg.norm(v, axis=1) for v in (along, motion)], axis=0
    )
    np.testing.assert_allclose(cosine, 1, atol=1e-6)
    assert len(sp.plots.interactive(field).data) < len(figure.data)
    title = figure.layout.title.text
    assert field.summary in title
    assert title.endswith("points lie in it")


def test_without_plotly_the_extra_is_named(points, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    with pytest.raises(sp.MissingExtraError, match=r"stillpoint\[plotly\]"):
        sp.plots.interactive(points)


@pytest.mark.parametrize(
    ("records", "options", "name"),
    [
        ((), {}, "records"),
        ((3,), {}, "records"),
        (("points",), {"dimensions": 4}, "dimensions"),
        (("points",), {"max_trajectories": -1}, "max_trajectories"),
        (("points",), {"trials_by": [1]}, "trials_by"),
        (("points",), {"trajectories": np.zeros((2, 3, 5))}, "trajectories"),
        (("points",), {"projection": "pca"}, "projection"),
        (("points",), {"by": "colour"}, "by"),
        (("points", "field"), {}, "records"),
    ],
)
def test_what_is_wrong_is_named(request, records, options, name):
    given = [request.getfixturevalue(r) if isinstance(r, str) else r for r in records]
    with pytest.raises(ArgumentError, match=rf"^{name}: "):
        sp.plots.interactive(*given, **options)
