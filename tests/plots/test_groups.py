"""What colours, markers and fills say of points."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.colors import to_hex

import stillpoint as sp
from stillpoint.plots.parts.style import BLACK, CONDITIONS, COUNTS, GREY

OKABE_ITO = {"#000000", "#e69f00", "#56b4e9", "#009e73", "#f0e442", "#0072b2", "#d55e00", "#cc79a7"}


def look(cloud):
    """Return the edge, the fill and the marker of a collection, of one colour each."""
    edges, faces = (
        {to_hex(c) for c in cs} for cs in (cloud.get_edgecolor(), cloud.get_facecolor())
    )
    (edge,), (face,) = edges, faces
    return edge, face, cloud.get_paths()[0].vertices.tobytes()


def test_the_palette_is_okabe_and_itos():
    colours = {to_hex(c) for c in (BLACK, *CONDITIONS, *COUNTS)}
    assert colours == OKABE_ITO
    assert GREY == "#999999"


def test_stable_is_filled_unstable_open_marginal_grey(points, axes):
    marginal = points.xstar[:, 0] > 0.5
    some = replace(points, is_stable=points.is_stable & ~marginal)
    clouds = sp.plots.fixed_points(some, ax=axes())["points"]
    told = [cloud.get_label() for cloud in clouds]
    assert told == ["2 stable", "2 marginal", "4 with 1 unstable mode", "1 with 2 unstable modes"]
    faces = [look(cloud)[1] for cloud in clouds]
    assert faces == ["#000000", GREY, "#ffffff", "#ffffff"]
    assert len({look(cloud)[0] for cloud in clouds}) == len({look(c)[2] for c in clouds}) == 3


def test_slow_points_have_the_same_fills(slow, axes):
    clouds = sp.plots.slow_points(slow, ax=axes())["points"]
    faces = {cloud.get_label().split(maxsplit=1)[1]: look(cloud)[1] for cloud in clouds}
    assert faces == {
        "stable fixed points": "#000000",
        "unstable fixed point": "#ffffff",
        "unstable ghost": "#ffffff",
        "ghosts": GREY,
    }


def test_places_of_rest_are_filled_where_they_attract(line, axes):
    clouds = sp.plots.slow_manifold(line, ax=axes())["rests"]
    assert [look(cloud)[1] for cloud in clouds] == ["#000000", "#ffffff"]
    assert [len(cloud.get_offsets()) for cloud in clouds] == [2, 1]


def test_eigenvalues_are_filled_where_their_point_is_stable(points, axes):
    clouds = sp.plots.spectrum(points, ax=axes())["eigenvalues"]
    assert [len(cloud.get_facecolor()) > 0 for cloud in clouds] == [True, False, False]
    assert [len(cloud.get_offsets()) for cloud in clouds] == [8, 8, 2]
    assert clouds[1].get_label() == "4 with 1 unstable mode"


@pytest.mark.parametrize("figure", ["fixed_points", "spectrum"])
def test_an_array_of_labels_colours_and_marks_the_points(points, axes, figure):
    labels = ["a", "b", "c"] * 3
    artists = getattr(sp.plots, figure)(points, by=labels, ax=axes())
    clouds = artists.get("points", artists.get("eigenvalues"))
    told = [cloud.get_label() for cloud in clouds]
    assert sum(int(text.split(": ")[1].split()[0]) for text in told) == 9
    looks = {}
    for text, cloud in zip(told, clouds, strict=True):
        edge = to_hex(cloud.get_edgecolor()[0])
        looks.setdefault(text[0], set()).add((edge, cloud.get_paths()[0].vertices.tobytes()))
    assert sorted(looks) == ["a", "b", "c"]
    assert all(len(one) == 1 for one in looks.values())
    assert len({edge for ((edge, _),) in looks.values()}) == 3
    assert len({marker for ((_, marker),) in looks.values()}) == 3


def test_inputs_are_told_apart_by_the_coordinate_in_which_they_differ(axes):
    system = sp.as_system(lambda x, u: np.tanh(2 * x + u[:, :1]), state_size=1, input_size=2)
    starts, inputs = np.linspace(-2, 2, 30)[:, None], np.repeat([[0, 5.0], [0.25, 5]], 15, axis=0)
    found = sp.find_fixed_points(system, np.tile(starts, (2, 1)), np.repeat(inputs, 2, axis=0))
    ax = axes()
    sp.plots.fixed_points(found, by="input", ax=ax)
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert any(text.startswith("u0 = 0:") for text in told)
    assert any(text.startswith("u0 = 0.25:") for text in told)
    line = sp.linearize(system, np.zeros((12, 1)), np.arange(12)[:, None] * [1.0, 0.0])
    (bar,) = sp.plots.spectrum(line, by="input", ax=axes())["colorbars"]
    assert (bar.ax.get_ylabel(), bar.vmax) == ("u0", 11)
    many = replace(found.linearization, inputs=np.arange(2.0 * len(found)).reshape(-1, 2))
    clouds = sp.plots.spectrum(many, by="input", ax=axes())["eigenvalues"]
    assert len({to_hex(c) for cloud in clouds for c in cloud.get_edgecolor()}) == len(found)


def test_numbers_have_a_colour_bar_and_keep_their_fill(points, axes):
    numbers = np.linspace(-1, 1, 9)
    drawn = sp.plots.fixed_points(points, by=numbers, ax=axes())
    (bar,) = drawn["colorbars"]
    assert (bar.vmin, bar.vmax) == (-1, 1)
    stable, unstable = drawn["points"]
    expected = mpl.colormaps["viridis"]((numbers + 1) / 2)
    np.testing.assert_allclose(stable.get_facecolor(), expected[points.is_stable])
    np.testing.assert_allclose(unstable.get_edgecolor(), expected[~points.is_stable])
    assert {to_hex(c) for c in unstable.get_facecolor()} == {"#ffffff"}


@pytest.mark.parametrize("by", ["q", "hits", "index", "condition", "is_stable", "on_continuum"])
def test_any_column_can_be_shown(points, axes, by):
    assert sp.plots.fixed_points(points, by=by, ax=axes())["points"]


def test_a_name_has_one_colour_be_it_of_points_or_of_trials(points, paths, axes):
    drawn = sp.plots.fixed_points(
        points, paths[:3], by=["b", "c", "c"] * 3, trials_by=["a", "b", "c"], ax=axes()
    )
    lines = {line.get_label(): to_hex(line.get_color()) for line in drawn["trajectories"]}
    for cloud in drawn["points"]:
        assert to_hex(cloud.get_edgecolor()[0]) == lines[cloud.get_label()[0]]


def test_how_a_search_ended_differs_in_hatch_too(axes):
    system = sp.as_system(lambda x: np.tanh(2 * x + [0.54, 0.0]), state_size=2)
    starts = np.random.default_rng(0).normal(size=(100, 2))
    bars = sp.plots.search_summary(sp.find_fixed_points(system, starts), ax=axes())["bars"]
    assert len(bars) > 1
    assert len({group[0].get_hatch() for group in bars}) == len(bars)
    assert len({group[0].get_facecolor() for group in bars}) == len(bars)
    assert {to_hex(group[0].get_facecolor()) for group in bars} <= OKABE_ITO
