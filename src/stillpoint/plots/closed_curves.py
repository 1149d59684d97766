"""Closed curves among trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.validation import check_flag
from ..points import ClosedCurves
from .parts.canvas import Canvas
from .parts.checks import check_record
from .parts.marks import curves_by_look

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def closed_curves(
    curves: ClosedCurves,
    trajectories: Any = None,
    *,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw closed curves as lines, those that attract thicker than the others.

    Of a curve in several pieces the first is drawn.

    Parameters
    ----------
    curves
        From `find_closed_curves`.
    trajectories, trials_by, projection, dimensions, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "curves" (lines), "colorbars" (of `trials_by`, if any).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to draw; no figure
        is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> W = 1.5 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    >>> system = sp.as_system(sp.cells.VanillaCell(W, np.zeros((2, 0)), np.zeros(2)))
    >>> drawn = sp.plots.closed_curves(sp.find_closed_curves(system, np.eye(2)))
    >>> [line.get_label() for line in drawn["curves"]]
    ['stable, a turn in 6.196 steps']
    """
    check_record("curves", curves, ClosedCurves)
    check_flag("legend", legend)
    seen = (projection, dimensions, ax)
    canvas = Canvas.of(curves.every_state, None, trajectories, trials_by, max_trajectories, seen)
    artists: dict[str, Any] = {"trajectories": canvas.draw_trajectories(), "curves": []}
    for states, words, look in curves_by_look(curves):
        places = canvas.view.place(states)
        artists["curves"] += canvas.ax.plot(*places.T, label=words, zorder=2, **look)
    return artists | {"colorbars": canvas.complete(legend)}
