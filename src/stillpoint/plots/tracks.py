"""Branches of a diagram as tracks through the state space."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._core.validation import check_flag
from ..diagrams import Diagram
from ..errors import ArgumentError
from .parts.canvas import Canvas
from .parts.checks import check_record
from .parts.legend import add_bar

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def tracks(
    diagram: Diagram,
    trajectories: Any = None,
    *,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw the branches of a diagram as tracks through the state space, coloured by the parameter.

    Parameters
    ----------
    diagram
        From `follow_points` or `follow_cycles`.
    trajectories, trials_by, projection, dimensions, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "tracks" (collections: one of places of stable states,
        one of unstable ones), "colorbars" (of the parameter, and of `trials_by` if any).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is no branch; no figure is
        made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> two = np.eye(2)
    >>> system = sp.as_system(sp.cells.VanillaCell(2 * two, two, np.zeros(2)))
    >>> points = sp.find_all_fixed_points(system, [0.0, 0.0])
    >>> found = sp.follow_points(system, points, sp.path([0.0, 0.0], [1.0, 0.5]))
    >>> sorted(sp.plots.tracks(found))
    ['colorbars', 'tracks', 'trajectories']
    """
    check_record("diagram", diagram, Diagram)
    check_flag("legend", legend)
    if not len(diagram):
        raise ArgumentError("diagram: it has no branch: nothing to draw.")
    seen = (projection, dimensions, ax)
    canvas = Canvas.of(diagram.states, None, trajectories, trials_by, max_trajectories, seen)
    artists: dict[str, Any] = {"trajectories": canvas.draw_trajectories(), "tracks": []}
    span = float(diagram.corners[0]), float(diagram.corners[-1])
    for rows, word in ((diagram.is_stable, "stable"), (~diagram.is_stable, "unstable")):
        if rows.any():
            style: Any = {"cmap": "viridis", "vmin": span[0], "vmax": span[1], "zorder": 2}
            style |= {"s": 12 if word == "stable" else 3, "label": word}
            drawn = canvas.scatter(diagram.states[rows], c=diagram.parameter[rows], **style)
            artists["tracks"].append(drawn)
    bar = add_bar(canvas.ax, artists["tracks"][0], "parameter")
    return artists | {"colorbars": [bar, *canvas.complete(legend)]}
