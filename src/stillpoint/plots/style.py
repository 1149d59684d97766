"""Colours, and axes where none are given."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Colour of a point by its number of unstable directions; further ones repeat the last.
COLOURS = ("#1b1b1b", "#d1495b", "#edae49", "#00798c", "#6a4c93", "#8d99ae")
QUIET = "#b8bec7"


def colour(n_unstable: int) -> str:
    """Return the colour of points with this many unstable directions."""
    return COLOURS[min(int(n_unstable), len(COLOURS) - 1)]


def label(n_unstable: int) -> str:
    """Return the legend's words for points with this many unstable directions."""
    if n_unstable == 0:
        return "stable"
    return f"with {n_unstable} unstable direction{'s' if n_unstable > 1 else ''}"


def axes_or_new(ax: Axes | None, dimensions: int = 2) -> Axes:
    """Return `ax`, or the axes of a new figure."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.figure().add_subplot(projection="3d" if dimensions == 3 else None)
