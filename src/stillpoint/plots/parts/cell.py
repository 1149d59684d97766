"""The part of a figure that belongs to a panel."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.transforms import Bbox

_MARGIN = 2.5  # points between what a panel draws and the borders of its cell
_LEAST = 0.2  # of the size that the axes were given, this much stays in any case


def cell(ax: Any) -> Bbox:
    """Return the cell of some axes in the grid of their figure: half the way to each neighbour."""
    return _cell(ax.get_subplotspec(), ax.figure)


def _cell(spec: Any, figure: Any) -> Bbox:
    if spec is None:
        return Bbox.unit()
    top = spec.get_topmost_subplotspec()
    outer = Bbox.unit() if top is spec else _cell(top, figure)
    bottoms, tops, lefts, rights = spec.get_gridspec().get_grid_positions(figure)
    across = [outer.x0, *(rights[:-1] + lefts[1:]) / 2, outer.x1]
    down = [outer.y1, *(bottoms[:-1] + tops[1:]) / 2, outer.y0]
    columns, rows = spec.colspan, spec.rowspan
    return Bbox.from_extents(
        across[columns.start], down[rows.stop], across[columns.stop], down[rows.start]
    )


def share(ax: Any) -> float:
    """Return how much of the figure's width a layout engine gives to the panel of some axes."""
    spec, part = ax.get_subplotspec(), 1.0
    if spec is not None:
        for each in {spec, spec.get_topmost_subplotspec()}:
            part *= len(each.colspan) / each.get_gridspec().ncols
    return part


def fitted(slot: Bbox, taken: Bbox, ax: Any) -> Bbox:
    """Return the part of the slot from which nothing sticks out of the cell."""
    room = cell(ax).transformed(ax.figure.transSubfigure).padded(-_MARGIN * ax.figure.dpi / 72)
    out = ax.bbox.extents - taken.extents  # positive at the left and below, negative elsewhere
    low = room.extents + out
    within = Bbox(low.reshape(2, 2)).transformed(ax.figure.transSubfigure.inverted())
    x0, y0 = np.maximum(slot.min, within.extents[:2])
    x1, y1 = np.minimum(slot.max, within.extents[2:])
    # Where that is too little, the labels still keep to the cell, and what lies outside is cut.
    x1 = max(x1, min(slot.x1, x0 + _LEAST * slot.width))
    x0 = min(x0, x1 - _LEAST * slot.width)
    y0 = min(y0, max(slot.y0, y1 - _LEAST * slot.height))
    y1 = max(y1, y0 + _LEAST * slot.height)
    return Bbox.from_extents(x0, y0, x1, y1)
