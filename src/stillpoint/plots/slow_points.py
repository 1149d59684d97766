"""Slow points among trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..points import SlowPoints
from .canvas import Canvas
from .style import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# How each kind of minimum is drawn.
_STYLES: dict[str, dict[str, Any]] = {
    "fixed point": {"marker": "o", "s": 36, "facecolor": COLOURS[0], "edgecolor": "none"},
    "ghost": {"marker": "D", "s": 26, "facecolor": "none", "edgecolor": COLOURS[1]},
    "slow region": {"marker": ".", "s": 12, "facecolor": COLOURS[2], "edgecolor": "none"},
}


def slow_points(
    points: SlowPoints,
    trajectories: Any = None,
    *,
    colours: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 100,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw the minima of the speed among trajectories, each kind with its own mark.

    Parameters
    ----------
    points
        From `find_slow_points`.
    colours
        One colour for each trial, for example by choice; grey if left out.
    trajectories, projection, dimensions, max_trajectories, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "points" (one collection for every kind).

    Raises
    ------
    ArgumentError
        If `dimensions` is neither 2 nor 3, `ax` has the wrong kind, sizes do not fit, or there is
        nothing to draw.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x + [0.54, 0.0]), state_size=2)
    >>> slow = sp.find_slow_points(system, np.random.default_rng(0).normal(size=(50, 2)))
    >>> len(sp.plots.slow_points(slow)["points"])
    2
    """
    canvas = Canvas.of(ax, dimensions, points.xstar, trajectories, projection)
    artists: dict[str, Any] = {
        "trajectories": canvas.draw_trajectories(max_trajectories, colours),
        "points": [],
    }
    for kind, style in _STYLES.items():
        rows = points.label == kind
        if rows.any():
            noun = "samples of a slow region" if kind == "slow region" else f"{kind}s"
            told = f"{rows.sum()} {noun}" if rows.sum() > 1 else f"1 {kind}"
            drawn = canvas.scatter(points.xstar[rows], label=told, zorder=4, **style)
            artists["points"].append(drawn)
    canvas.label_axes()
    return artists
