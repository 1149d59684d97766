"""Slow points among trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.validation import check_flag
from ..points import SlowPoints
from .parts.by import groups_of_points
from .parts.canvas import Canvas
from .parts.checks import check_record
from .parts.marks import SEVERAL, draw_points, slow_statuses

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def slow_points(
    points: SlowPoints,
    trajectories: Any = None,
    *,
    by: Any = "label",
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 100,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw the minima of the speed among trajectories.

    Stable fixed points are filled, unstable ones open. Ghosts and slow regions, where one mode is
    on the border by nature, are grey inside, and open if others are unstable.

    Parameters
    ----------
    points
        From `find_slow_points`.
    by
        What colour and marker of the points say: "label" (fixed point, ghost, slow region), or
        what `plots.fixed_points` takes.
    trajectories, trials_by, projection, dimensions, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "points" (one collection for every group and
        stability), "colorbars".

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to draw; no figure
        is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x + [0.54, 0.0]), state_size=2)
    >>> slow = sp.find_slow_points(system, np.random.default_rng(0).normal(size=(50, 2)))
    >>> [cloud.get_label() for cloud in sp.plots.slow_points(slow)["points"]]
    ['2 stable fixed points', '1 unstable fixed point', '1 unstable ghost', '2 ghosts']
    """
    check_record("points", points, SlowPoints)
    check_flag("legend", legend)
    groups = groups_of_points(by, points, own="label")
    seen = (projection, dimensions, ax)
    canvas = Canvas.of(points.xstar, groups, trajectories, trials_by, max_trajectories, seen)
    artists = {"points": slow_points_on(canvas, points), "trajectories": canvas.draw_trajectories()}
    return artists | {"colorbars": canvas.complete(legend)}


def slow_points_on(canvas: Canvas, points: SlowPoints) -> list[Any]:
    """Draw the points, in the groups of the canvas."""
    return draw_points(
        lambda rows, **style: canvas.scatter(points.xstar[rows], zorder=4, **style),
        canvas.points,
        slow_statuses(points),
        several=SEVERAL,
    )
