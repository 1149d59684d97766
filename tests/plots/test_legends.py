"""A figure says what its marks mean, without covering any."""

from __future__ import annotations

import matplotlib.pyplot as plt
import pytest
from readable import assert_readable, box_of

import stillpoint as sp


def test_a_figure_of_its_own_is_readable(draw):
    draw()
    assert plt.gca().get_legend() is not None
    assert plt.gcf().get_layout_engine() is not None
    assert_readable(plt.gcf())


@pytest.mark.parametrize("name", ["points", "conditions", "bars", "slow", "line"])
@pytest.mark.parametrize("layout", [None, "constrained"])
def test_so_is_one_in_space(figures, name, layout):
    figure = plt.figure(layout=layout)
    figures[name](figure.add_subplot(projection="3d"), dimensions=3)
    figure.canvas.draw()
    ax = plt.gca()
    box = box_of(ax.get_legend())
    assert not box.overlaps(ax.bbox)
    assert not [b for b in map(box_of, (ax.xaxis.label, ax.yaxis.label)) if b.overlaps(box)]
    for bar in ax.child_axes:
        assert not box_of(ax.zaxis.label).overlaps(bar.bbox)
        assert box_of(bar.yaxis.label).x1 <= plt.gcf().bbox.x1


@pytest.mark.parametrize("name", ["points", "conditions"])
@pytest.mark.parametrize("layout", [None, "constrained"])
def test_in_a_small_figure_in_space_nothing_is_cut(figures, name, layout):
    figure = plt.figure(figsize=(4, 4), layout=layout)
    ax = figure.add_subplot(projection="3d")
    figures[name](ax, dimensions=3)
    figure.canvas.draw()
    for part in (ax.get_legend(), ax.xaxis.label, ax.yaxis.label, ax.zaxis.label):
        assert figure.bbox.padded(1).extents[0] <= box_of(part).x0
        assert box_of(part).x1 <= figure.bbox.padded(1).extents[2]
        assert box_of(part).y0 >= -1


def test_there_is_no_legend_where_none_is_wanted(draw):
    draw(legend=False)
    assert plt.gca().get_legend() is None


def test_what_two_calls_draw_into_one_panel_has_one_legend(slow, line, paths, axes):
    ax = axes()
    sp.plots.slow_points(slow, paths, ax=ax)
    sp.plots.slow_manifold(line, ax=ax)
    told = [text.get_text() for text in ax.get_legend().get_texts()]
    assert "2 stable fixed points" in told
    assert "2 stable places of rest" in told
    assert len(told) == len(set(told))
    assert_readable(ax.figure)
