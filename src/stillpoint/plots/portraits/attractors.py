"""What attracts, among trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.display import plural
from ..._core.validation import check_flag
from ...points import Attractors, OrbitEnd
from ..parts.canvas import Canvas
from ..parts.checks import check_record
from ..parts.style import CONDITIONS, GREY, MARKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Attractors that are closed lines, and clouds of states, which have smaller marks.
ROUND, CLOUDS = (OrbitEnd.CYCLE, OrbitEnd.CURVE), (OrbitEnd.TORUS, OrbitEnd.CHAOS)


def attractors(
    attractors: Attractors,
    trajectories: Any = None,
    *,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw what attracts: points, cycles and curves as closed lines, tori and chaos as clouds.

    Ghosts, and what else orbits stayed at that does not attract, are open marks in grey; what
    runs away, or still moves, is not drawn.

    Parameters
    ----------
    attractors
        From `find_attractors`.
    trajectories, trials_by, projection, dimensions, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "lines" (closed ones), "states" (one collection for
        every kind), "colorbars" (of `trials_by`, if any).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to draw; no figure
        is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> W = 2 * np.roll(np.eye(3), 1, axis=0)
    >>> ring = sp.as_system(sp.cells.VanillaCell(W, np.zeros((3, 0)), np.zeros(3)))
    >>> drawn = sp.plots.attractors(sp.find_attractors(ring))
    >>> [marks.get_label() for marks in drawn["states"]]
    ['2 points', '2 cycles']
    """
    check_record("attractors", attractors, Attractors)
    check_flag("legend", legend)
    unplaced = np.isin(attractors.kind, (OrbitEnd.DIVERGED, OrbitEnd.MOVING))
    placed = attractors.take(np.flatnonzero(~unplaced))
    every = [placed.along(row) for row in range(len(placed))]
    states = np.concatenate([np.zeros((0, placed.states.shape[2])), *every])
    seen = (projection, dimensions, ax)
    canvas = Canvas.of(states, None, trajectories, trials_by, max_trajectories, seen)
    artists: dict[str, Any] = {"trajectories": canvas.draw_trajectories(), "lines": []}
    artists["states"] = []
    for kind in map(OrbitEnd, np.unique(placed.kind)):
        rows = np.flatnonzero(placed.kind == kind)
        colour = CONDITIONS[kind % len(CONDITIONS)] if kind.attracts else GREY
        for row in rows if kind in ROUND else ():
            artists["lines"] += canvas.draw_loop(every[row], color=colour)
        marks = canvas.scatter(
            np.concatenate([every[row] for row in rows]),
            label=plural(len(rows), kind.noun),
            marker=MARKERS[kind % len(MARKERS)],
            s=3 if kind in CLOUDS else 22,
            edgecolor=colour,
            facecolor=colour if kind.attracts else "white",
            zorder=3,
        )
        artists["states"].append(marks)
    return artists | {"colorbars": canvas.complete(legend)}
