"""Fixed points among trajectories, in a plane or in space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.validation import check_flag, check_real
from ..points import FixedPoints
from .parts.by import groups_of_points
from .parts.canvas import Canvas
from .parts.checks import check_record
from .parts.marks import counted, draw_points, stability

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def fixed_points(
    points: FixedPoints,
    trajectories: Any = None,
    *,
    by: Any = "n_unstable",
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    mode_length: float = 0.06,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw fixed points among trajectories, with their unstable modes.

    Stable points are filled, unstable ones open, marginal ones grey inside.

    Parameters
    ----------
    points
        The points.
    trajectories
        Shape (trials, time, d); drawn as thin lines behind the points. Of trials of unequal
        length, padded to one, mask the padding (`np.ma`): what is masked is not drawn.
    by
        What colour and marker of the points say: "n_unstable", "input", the name of any other
        column of the points (such as "hits" or "q"), or an array of n labels or numbers. More
        than six different numbers have a colour bar.
    trials_by
        What colour and dashes of the trajectories say: an array with a label or a number for each
        trial, such as its condition. Grey by default. Points and trials with the same label have
        the same colour.
    projection
        A fitted object with `components_` and `mean_`; by default the principal components of the
        trajectories, or of the points where there are none.
    dimensions
        2 or 3.
    mode_length
        Half length of a segment of an unstable mode with ``|lambda| = 1``, as a fraction of the
        picture's width; segments are scaled by ``|lambda|``.
    max_trajectories
        How many trials are drawn at most, spread over all of them, or equally over the conditions
        of `trials_by`. The legend says how many there are.
    legend
        Whether to add a legend, below the axes.
    ax
        Axes to draw into, 3-D ones for `dimensions=3`; new ones by default. Where their figure has
        no layout engine, they are made smaller if labels or legend would touch a neighbour.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "points" (one collection for every group and
        stability), "modes" (lines), "colorbars" (of `by` and of `trials_by`, if any).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to draw; no figure
        is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=2)
    >>> points = sp.find_fixed_points(system, np.random.default_rng(0).normal(size=(200, 2)))
    >>> drawn = sp.plots.fixed_points(points)
    >>> [cloud.get_label() for cloud in drawn["points"]]
    ['4 stable', '4 with 1 unstable mode', '1 with 2 unstable modes']
    """
    check_record("points", points, FixedPoints)
    check_flag("legend", legend)
    mode_length = check_real("mode_length", mode_length, least=0)
    groups = groups_of_points(by, points, own="n_unstable")
    seen = (projection, dimensions, ax)
    canvas = Canvas.of(points.xstar, groups, trajectories, trials_by, max_trajectories, seen)
    artists: dict[str, Any] = {"trajectories": canvas.draw_trajectories()}
    artists |= fixed_points_on(canvas, points, mode_length)
    return artists | {"colorbars": canvas.complete(legend)}


def fixed_points_on(canvas: Canvas, points: FixedPoints, mode_length: float) -> dict[str, Any]:
    """Draw the points, in the groups of the canvas, and their unstable modes."""
    groups = canvas.points
    are_counted = groups.names is not None and not groups.is_told
    words = counted if are_counted else stability
    marks = draw_points(
        lambda rows, **style: canvas.scatter(points.xstar[rows], zorder=3, **style),
        groups,
        words(points.n_unstable, points.is_stable),
    )
    return {"points": marks, "modes": _draw_modes(points, canvas, mode_length)}


def _draw_modes(points: FixedPoints, canvas: Canvas, length: float) -> list[Any]:
    """Draw a segment along every unstable mode, scaled by |lambda|, in the colour of its point."""
    if not (points.n_unstable > 0).any():
        return []
    lin, lines, colours = points.linearization, [], canvas.points.colours
    view = canvas.view
    span = np.ptp(view.place(points.xstar if view.paths is None else view.known))
    for k, count in enumerate(points.n_unstable):
        centre = view.place(points.xstar[k])
        for mode in range(int(count)):
            size = abs(lin.leading_eigenvalues[k, mode]) if lin.kind == "map" else 1.0
            half = size * length * span * view.direct(lin.leading_vectors(k)[mode].real)
            ends = np.stack([centre - half, centre + half])
            lines += canvas.ax.plot(*ends.T, color=colours[k], lw=1.2, zorder=2)
    lines[0].set_label("unstable modes")
    return lines
