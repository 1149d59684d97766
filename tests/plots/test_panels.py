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
