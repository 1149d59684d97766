"""The legend and the colour bars of a panel."""

from __future__ import annotations

import textwrap
from typing import Any

from .groups import Groups

_LOOK: dict[str, Any] = {
    "loc": "upper center",
    "frameon": False,
    "borderaxespad": 0,
    "borderpad": 0,
    "handletextpad": 0.4,
    "columnspacing": 0.8,
    "handlelength": 1.5,
    "labelspacing": 0.35,
}
_WIDE = 0.95  # of its panel's cell a legend may take
_PADDED = 0.86  # the same, where a layout engine is at work
_AXES = 0.45  # of the cell's height is for the axes
_COLUMNS = 8  # at most
_LEAST, _MOST = 3, 24  # entries
_LETTERS = 12  # a line of a legend has in any case


def complete(ax: Any, legend: bool, *several: tuple[Groups | None, str]) -> list[Any]:
    """Keep axes in their cell, and add what is needed to read them; return the colour bars.

    Parameters
    ----------
    ax
        Axes in which all is drawn.
    legend
        Whether a legend is wanted. It names all labelled artists, those of earlier calls too.
    several
        Groups, each with a noun. Those along a colour map get a colour bar.
    """
    from .panel import Panel, nowhere

    panel, bars = Panel.of(ax), []
    for groups, noun in several:
        if groups is not None and groups.names is None:
            bars.append(add_bar(ax, groups.mappable, groups.title or noun))
    if legend:
        panel.legend = _below(ax) or panel.legend
    if ax.name == "3d":
        ax.draw(nowhere(ax))  # before that labels have no place in space
    engine = ax.figure.get_layout_engine()
    if panel.bars and engine is not None and (ax.name == "3d" or ax.get_aspect() != "auto"):
        for _ in range(3):  # beside axes of fixed proportions, a pass makes half the room it should
            engine.execute(ax.figure.canvas.figure)
    return bars


def add_bar(ax: Any, mappable: Any, label: str) -> Any:
    """Add a colour bar beside the panel."""
    from .panel import Panel

    axes = ax.inset_axes([1.05, 0, 0.05, 1])
    Panel.of(ax).bars.append(axes)
    return ax.figure.colorbar(mappable, cax=axes, label=label)


def _below(ax: Any) -> Any:
    """Return the legend that leaves the axes most, or None where nothing has a name.

    It has as many columns as the panel is wide, smaller letters where those save height, and
    leaves out what would press the axes flat.
    """
    handles, labels = ax.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))  # a name that two calls gave stands there once
    order = sorted(named, key=lambda label: -getattr(named[label], "zorder", 9))  # top first
    entries = [(named[label], label) for label in order]
    if not entries:
        return None
    wide, tall = _room(ax)
    shown = min(len(entries), _MOST)
    legend, height = _in_columns(ax, _abbreviated(entries, shown), "small", wide)
    if height > tall / 2:
        legend, height = _in_columns(ax, _abbreviated(entries, shown), "x-small", wide)
    while height > tall and shown > _LEAST:
        shown = max(_LEAST, min(shown - 1, int(shown * tall / height)))
        legend, height = _in_columns(ax, _abbreviated(entries, shown), "x-small", wide)
    return legend


def _room(ax: Any) -> tuple[float, float]:
    """Return how wide and how high a legend may be, in pixels, if the axes are to keep a share."""
    from .cell import cell, share
    from .panel import Panel, around

    box = cell(ax).transformed(ax.figure.transSubfigure)
    wide = _WIDE * box.width
    if ax.figure.get_layout_engine() is not None:  # it pads panels, and aligns those of a column
        wide = _PADDED * share(ax) * ax.figure.bbox.width
    return wide, (1 - _AXES) * box.height - around(Panel.of(ax))


def _abbreviated(entries: list[Any], shown: int) -> list[Any]:
    """Return so many entries; where those are not all, one says how many there are besides.

    What says how many trajectories are drawn stays.
    """
    from matplotlib.lines import Line2D

    if shown == len(entries):
        return entries
    last = entries[-1:] if "trajector" in entries[-1][1] else []
    first = entries[: shown - 1 - len(last)]
    more = f"and {len(entries) - len(first) - len(last)} more"
    return [*first, (Line2D([], [], color="none"), more), *last]


def _in_columns(ax: Any, entries: list[Any], size: str, wide: float) -> tuple[Any, float]:
    """Return a legend with as many columns as fit, in lines as long as fit, and its height."""
    handles, labels = zip(*entries, strict=True)
    for columns in range(min(len(labels), _COLUMNS), 0, -1):
        legend, width, height = _added(ax, handles, labels, size, columns)
        if width <= wide:
            return legend, height
    for _ in range(3):  # letters differ in their width
        most = max(len(line) for label in labels for line in label.splitlines())
        letters = max(_LETTERS, int(most * wide / width) - 1)
        labels = tuple(textwrap.fill(label, letters) for label in labels)
        legend, width, height = _added(ax, handles, labels, size, 1)
        if width <= wide:
            break
    return legend, height


def _added(ax: Any, handles: Any, labels: Any, size: str, columns: int) -> tuple[Any, float, float]:
    """Return a legend, its width and its height."""
    legend = ax.legend(handles, labels, fontsize=size, ncols=columns, **_LOOK)
    for line in legend.get_lines():
        line.set_linewidth(max(1.2, line.get_linewidth()))
    box = legend.get_window_extent()
    return legend, box.width, box.height
