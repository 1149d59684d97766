"""The legend and the colour bars of a panel."""

from __future__ import annotations

from typing import Any

from .groups import Groups

_LOOK: dict[str, Any] = {
    "loc": "upper center",
    "frameon": False,
    "borderaxespad": 0,
    "borderpad": 0,
    "handletextpad": 0.5,
    "columnspacing": 1.2,
}


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
        panel.legend = _with_columns(ax) or panel.legend
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


def _with_columns(ax: Any) -> Any:
    """Return a legend with as many columns, and letters as large, as the panel is wide."""
    from .cell import cell

    handles, labels = ax.get_legend_handles_labels()
    named = dict(zip(labels, handles, strict=True))  # a name that two calls gave stands there once
    order = sorted(named, key=lambda label: -getattr(named[label], "zorder", 9))  # top first
    wide = cell(ax).transformed(ax.figure.transSubfigure).width
    legend = None  # where nothing has a name
    for size, most in (("small", len(named)), ("x-small", min(1, len(named)))):
        for columns in range(most, 0, -1):
            legend = ax.legend(
                [named[label] for label in order], order, fontsize=size, ncols=columns, **_LOOK
            )
            for line in legend.get_lines():
                line.set_linewidth(max(1.2, line.get_linewidth()))
            if legend.get_window_extent().width <= 0.95 * wide:
                return legend
    return legend
