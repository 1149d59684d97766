"""Whether a figure can be read: nothing lies on a point, on a neighbour, or outside."""

from __future__ import annotations

import numpy as np


def box_of(artist):
    return artist.get_window_extent()


def marks(ax):
    """Return where all points of a panel are drawn, in pixels."""
    clouds = [c for c in ax.collections if len(c.get_offsets())]
    return np.vstack([c.get_offset_transform().transform(c.get_offsets()) for c in clouds])


def texts_of(ax):
    """Return the boxes of all words of a panel, those of its legend and colour bars too."""
    words = [] if ax.get_legend() is None else [*ax.get_legend().get_texts()]
    for part in (ax, *ax.child_axes):
        words.append(part.title)
        for axis in (part.xaxis, part.yaxis):
            low, high = sorted(axis.get_view_interval())
            places = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
            words += [axis.label, *(word for at, word in places if low <= at <= high)]
    return [box_of(word) for word in words if word.get_text()]


def assert_readable(figure):
    """Draw a figure, and look whether anything covers what it should not."""
    figure.draw_without_rendering()
    for ax in figure.axes:
        if (legend := ax.get_legend()) is not None:
            box = box_of(legend)
            assert not ax.collections or not box.count_contains(marks(ax))
            assert not box.overlaps(ax.bbox)
        for other in figure.axes:
            if other is not ax:
                parts = [other.bbox, *texts_of(other)]
                assert not [b for b in texts_of(ax) for part in parts if b.overlaps(part)]
        own = texts_of(ax)
        assert min(box.x0 for box in own) >= -1
        assert max(box.x1 for box in own) <= figure.bbox.x1 + 1
        assert min(box.y0 for box in own) >= -1
        assert max(box.y1 for box in own) <= figure.bbox.y1 + 1
