"""Where a panel, its legend and its colour bars lie, decided anew whenever a figure is drawn."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from matplotlib.transforms import Bbox

from .cell import cell, fitted

_GAP = 5.0  # points between labels and legend
_BAR = 7.0  # points: the width of a colour bar


@dataclass(eq=False)
class Panel:
    """An axes locator: the legend hangs below the labels, colour bars stand beside them.

    Layout engines make room for what sticks out of axes. A plain layout does not; there the axes
    are made smaller, so that all of the panel stays in its cell of the grid and touches no
    neighbour.

    Attributes
    ----------
    ax
        The axes.
    inner
        The locator that they had, if any; it then decides where they are.
    legend, bars
        What is put around the labels.
    """

    ax: Any
    inner: Any = None
    legend: Any = None
    bars: list[Any] = field(default_factory=list)

    @classmethod
    def of(cls, ax: Any) -> Panel:
        """Return the panel of some axes, a new one where they have none."""
        panel = ax.get_axes_locator()
        if not isinstance(panel, Panel):
            panel = cls(ax, panel)
            ax.set_axes_locator(panel)
        return panel

    def get_subplotspec(self) -> Any:
        """Return the place in the grid; matplotlib's tight layout asks locators for it."""
        return self.ax.get_subplotspec()

    def __call__(self, ax: Any, renderer: Any) -> Bbox:
        """Return where the axes are, as fractions of the figure; matplotlib asks for it."""
        slot = self.inner(ax, renderer) if self.inner else ax.get_position(original=True)
        is_plain = not self.inner and ax.figure.get_layout_engine() is None
        if ax.name == "3d" and not self.inner:  # engines do not see how wide labels in space are
            is_plain = is_plain or np.allclose(cell(ax).extents, Bbox.unit().extents)
        place = slot
        for _ in range(5):  # labels change as the axes do
            try:
                ax.set_axes_locator(_Fixed(place))
                ax.apply_aspect(place)
                taken = self._arrange(ax, renderer, cell(ax) if is_plain else None)
            finally:
                ax.set_axes_locator(self)
            smaller = fitted(slot, taken, ax) if is_plain else place
            if np.allclose(smaller.extents, place.extents, atol=1e-3):
                break
            place = smaller
        return place

    def _arrange(self, ax: Any, renderer: Any, room: Bbox | None) -> Bbox:
        """Put bars and legend around the labels; return what all of it takes, in pixels."""
        legends = [self.legend] if self.legend and self.legend is ax.get_legend() else []
        for artist in (*self.bars, *legends):
            artist.set_in_layout(False)
        taken = _with_labels(ax, renderer)
        for bar in self.bars:
            taken = _stand_beside(taken, bar, ax, renderer)
        for legend in legends:
            taken = _hang_below(taken, legend, ax, renderer, room)
        for artist in (*self.bars, *legends):
            artist.set_in_layout(True)
        return taken


@dataclass(frozen=True, eq=False)
class _Fixed:
    """An axes locator that always gives the same place."""

    place: Bbox

    def __call__(self, ax: Any, renderer: Any) -> Bbox:  # noqa: ARG002
        return self.place


def around(panel: Panel) -> float:
    """Return what labels, and the gap to the legend, add to a panel's height, in pixels."""
    ax = panel.ax
    if ax.name == "3d":  # labels lie inside
        return 2 * _GAP * ax.figure.dpi / 72
    taken = _with_labels(ax, nowhere(ax))
    return taken.height - ax.bbox.height + 2 * _GAP * ax.figure.dpi / 72


def nowhere(ax: Any) -> Any:
    """Return a renderer of the size of the figure, whose picture nobody sees."""
    from matplotlib.backends.backend_agg import RendererAgg

    whole: Any = ax.figure.canvas.figure
    return RendererAgg(whole.bbox.width, whole.bbox.height, whole.dpi)


def _with_labels(ax: Any, renderer: Any) -> Bbox:
    """Return what axes and their labels take, in pixels."""
    # How long labels are counts in space only, where they may stand beside the axes.
    return ax.get_tightbbox(renderer, for_layout_only=ax.name != "3d")


def _stand_beside(taken: Bbox, bar: Any, ax: Any, renderer: Any) -> Bbox:
    point = ax.figure.dpi / 72
    place = (taken.x1 + 2 * _GAP * point, ax.bbox.y0, _BAR * point, ax.bbox.height)
    to_fractions = ax.figure.transSubfigure.inverted()
    bar.set_axes_locator(_Fixed(Bbox.from_bounds(*place).transformed(to_fractions)))
    return Bbox.union([taken, bar.get_tightbbox(renderer, for_layout_only=True)])


def _hang_below(taken: Bbox, legend: Any, ax: Any, renderer: Any, room: Bbox | None) -> Bbox:
    """Hang a legend below the middle of the axes, or as near to it as its width allows."""
    size, top = legend.get_window_extent(renderer), taken.y0 - _GAP * ax.figure.dpi / 72
    edges = taken if room is None else room.transformed(ax.figure.transSubfigure)
    first, last = sorted((edges.x0 + size.width / 2, edges.x1 - size.width / 2))
    fits = size.width < edges.width
    middle = np.clip((ax.bbox.x0 + ax.bbox.x1) / 2, first, last) if fits else (first + last) / 2
    whole, half = ax.figure.bbox, size.width / 2 + _GAP
    if room is None and size.width + 2 * _GAP < whole.width:
        middle = np.clip(middle, whole.x0 + half, whole.x1 - half)
    legend.set_bbox_to_anchor(tuple(ax.transAxes.inverted().transform((middle, top))), ax.transAxes)
    return Bbox.from_extents(taken.x0, top - size.height, taken.x1, taken.y1)
