"""Panels keep to their part of a figure, whatever its layout."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from readable import assert_readable, box_of

import stillpoint as sp


@pytest.mark.parametrize("layout", [None, "constrained"])
@pytest.mark.parametrize("size", [(7, 3), (3.5, 2.5)])
@pytest.mark.parametrize(
    "pair", [("points", "spectrum"), ("slow", "spectrum"), ("spectrum", "points")]
)
def test_neighbours_do_not_touch(figures, pair, size, layout):
    figure, axes = plt.subplots(1, 2, figsize=size, layout=layout)
    for name, ax in zip(pair, axes, strict=True):
        figures[name](ax)
    assert_readable(figure)
    assert min(min(ax.bbox.width, ax.bbox.height) for ax in axes) > 0.3 * figure.dpi


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
def test_neither_do_panels_above_each_other(figures, layout):
    figure, axes = plt.subplots(2, 2, figsize=(7, 6), layout=layout)
    for name, ax in zip(("conditions", "bars", "line", "summary"), axes.flat, strict=True):
        figures[name](ax)
    assert_readable(figure)


def test_a_plain_figure_is_readable_at_the_width_of_a_column(draw):
    figure, ax = plt.subplots(figsize=(3.5, 3.5))
    draw(ax)
    assert_readable(figure)


@pytest.mark.parametrize("layout", [None, "constrained", "tight"])
@pytest.mark.parametrize("name", ["crowded", "conditions", "bars", "spectrum", "summary"])
def test_axes_keep_their_share_of_a_column(figures, crowded, name, layout):
    figure, ax = plt.subplots(figsize=(3.3, 2.6), layout=layout)
    (figures | {"crowded": crowded})[name](ax)
    assert_readable(figure)
    assert min(ax.bbox.width, ax.bbox.height) >= 0.9 * figure.dpi


@pytest.mark.parametrize("layout", [None, "constrained", "tight", "called"])
@pytest.mark.parametrize("n", [2, 3])
def test_so_do_panels_side_by_side(crowded, n, layout):
    layout, is_called = (None, True) if layout == "called" else (layout, False)
    figure, axes = plt.subplots(1, n, figsize=(3.4 * n, 3), layout=layout)
    for ax in axes:
        crowded(ax)
    if is_called:
        figure.tight_layout()
    for _ in range(2):  # a layout engine works whenever the figure is drawn
        assert_readable(figure)
    assert min(ax.bbox.height for ax in axes) >= 1.2 * figure.dpi


def test_of_many_names_the_legend_says_how_many_more(points, paths):
    figure, ax = plt.subplots()
    labels = [str(k % 60) for k in range(160)]
    sp.plots.fixed_points(points, paths, trials_by=labels, max_trajectories=60, ax=ax)
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert told[4:-2] == [str(k) for k in range(len(told) - 6)]
    assert told[-2:] == [f"and {60 - (len(told) - 6)} more", "60 of 160 trajectories"]
    assert_readable(figure)
    assert ax.bbox.height > 0.45 * figure.bbox.height


def test_what_is_too_long_for_a_narrow_panel_is_told_in_lines(points):
    figure, axes = plt.subplots(1, 3, figsize=(5, 3))
    labels = ["the first of all the conditions of this experiment"] * 9
    sp.plots.fixed_points(points, by=labels, ax=axes[1])
    figure.draw_without_rendering()
    box, (left, right) = box_of(axes[1].get_legend()), (axes[0].bbox.x1, axes[2].bbox.x0)
    assert left < box.x0
    assert box.x1 < right


def test_a_panel_stays_readable_when_the_figure_changes(draw):
    figure, ax = plt.subplots()
    draw(ax)
    ax.tick_params(axis="x", labelrotation=90)
    ax.set_title("a title")
    figure.set_size_inches(7, 4)
    figure.set_dpi(200)
    assert_readable(figure)
    assert not box_of(ax.xaxis.label).overlaps(box_of(ax.get_legend()))


def test_axes_of_the_callers_own_keep_their_place_where_there_is_room(points, axes):
    figure = plt.figure(figsize=(8, 8))
    ax = figure.add_axes((0.3, 0.4, 0.4, 0.4))
    sp.plots.fixed_points(points, ax=ax)
    figure.canvas.draw()
    np.testing.assert_allclose(ax.get_position().bounds, (0.3, 0.4, 0.4, 0.4))


def test_saving_with_tight_margins_moves_nothing(points, paths, tmp_path, monkeypatch):
    figure, ax = plt.subplots(figsize=(4, 4))
    sp.plots.fixed_points(points, paths, by=np.arange(9.0), ax=ax)
    legend, seen = ax.get_legend(), []

    def draw(renderer):
        box, bar = box_of(legend), ax.child_axes[0].bbox
        seen.append([box.y1 - ax.bbox.y0, box.x0 - ax.bbox.x0, bar.x0 - ax.bbox.x1])

    monkeypatch.setattr(legend, "draw", draw)
    figure.savefig(tmp_path / "figure.png", dpi="figure")
    figure.savefig(tmp_path / "figure.png", dpi="figure", bbox_inches="tight")
    np.testing.assert_allclose(seen[1:], seen[:1] * (len(seen) - 1), atol=0.1)
