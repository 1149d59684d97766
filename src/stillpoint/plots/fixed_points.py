"""Fixed points among trajectories, in a plane or in space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..points import FixedPoints
from .canvas import Canvas
from .style import colour, label

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def fixed_points(
    points: FixedPoints,
    trajectories: Any = None,
    *,
    projection: Any = None,
    dimensions: int = 2,
    mode_length: float = 0.06,
    max_trajectories: int = 40,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw fixed points among trajectories, with their unstable modes.

    Parameters
    ----------
    points
        The points, coloured by their number of unstable directions.
    trajectories
        Shape (trials, time, d); drawn in grey behind the points.
    projection
        A fitted object with `components_` and `mean_`; by default the principal components of the
        trajectories, or of the points where there are none.
    dimensions
        2 or 3.
    mode_length
        Half length of a segment of an unstable mode with |lambda| = 1, as a fraction of the
        picture's width; segments are scaled by |lambda|.
    max_trajectories
        How many trials are drawn.
    ax
        Axes to draw into, 3-D ones for `dimensions=3`; new ones by default.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "points" (one collection for every number of
        unstable directions), "modes" (lines).

    Raises
    ------
    ArgumentError
        If `dimensions` is neither 2 nor 3, `ax` has the wrong kind, or there is nothing to draw.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=2)
    >>> points = sp.find_fixed_points(system, np.random.default_rng(0).normal(size=(200, 2)))
    >>> sorted(sp.plots.fixed_points(points))
    ['modes', 'points', 'trajectories']
    """
    canvas = Canvas.of(ax, dimensions, points.xstar, trajectories, projection)
    artists: dict[str, Any] = {"trajectories": canvas.draw_trajectories(max_trajectories)}
    artists |= {"points": [], "modes": []}
    span = np.ptp(canvas.place(points.xstar if canvas.paths is None else canvas.paths))
    for centre, step, n_unstable in _modes(points, canvas, mode_length * span):
        ends = np.stack([centre - step, centre + step])
        artists["modes"] += canvas.ax.plot(*ends.T, color=colour(n_unstable), lw=1.2, zorder=2)
    for k in sorted({int(k) for k in points.n_unstable}):
        rows = points.n_unstable == k
        size = 36 if k == 0 else 20
        told = f"{rows.sum()} {label(k)}"
        drawn = canvas.scatter(points.xstar[rows], color=colour(k), s=size, label=told, zorder=3)
        artists["points"].append(drawn)
    canvas.label_axes()
    return artists


def _modes(
    points: FixedPoints, canvas: Canvas, length: float
) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Return centre and half segment of every unstable mode, scaled by |lambda|."""
    if not len(points):
        return []
    lin, segments = points.linearization, []
    for k, count in enumerate(points.n_unstable):
        centre = canvas.place(points.xstar[k])
        for mode in range(int(count)):
            size = abs(lin.eigenvalues[k, mode]) if lin.kind == "map" else 1.0
            direction = canvas.direct(lin.right[k, :, mode].real)
            segments.append((centre, size * length * direction, int(count)))
    return segments
