"""A portrait in one picture: what attracts, what lies between, and what leads where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.validation import check_flag
from ...points import OrbitEnd
from ...portraits import Portrait
from ..parts.canvas import Canvas
from ..parts.checks import check_record
from ..parts.marks import cycles_by_look
from .attractor_graph import draw_graph
from .attractors import CLOUDS, ROUND

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def portrait(
    portrait: Portrait,
    trajectories: Any = None,
    *,
    all_edges: bool = False,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw a portrait: saddles, attractors of every kind, and the orbits between them.

    Parameters
    ----------
    portrait
        From `stillpoint.portrait`.
    all_edges
        As for `plots.attractor_graph`.
    trajectories, trials_by, projection, dimensions, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "cycles" (lines: cycles, and attractors that are closed
        lines), "clouds" (collections), "edges" (lines), "nodes" (collections), "colorbars".

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to draw; no figure
        is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> turn = 1.5 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    >>> cell = sp.cells.VanillaCell(turn, np.zeros((2, 0)), np.zeros(2))
    >>> drawn = sp.plots.portrait(sp.portrait(sp.as_system(cell)))
    >>> len(drawn["cycles"])  # the closed curve that attracts
    1
    """
    check_record("portrait", portrait, Portrait)
    check_flag("legend", legend)
    check_flag("all_edges", all_edges)
    graph, found = portrait.graph, portrait.attractors
    lines = {int(row): found.along(int(row)) for row in np.flatnonzero(np.isin(found.kind, ROUND))}
    clouds = [found.along(int(row)) for row in np.flatnonzero(np.isin(found.kind, CLOUDS))]
    states = np.concatenate([graph.every_state, *lines.values(), *clouds])
    seen = (projection, dimensions, ax)
    canvas = Canvas.of(states, None, trajectories, trials_by, max_trajectories, seen)
    artists: dict[str, Any] = {"trajectories": canvas.draw_trajectories(), "cycles": []}
    for row, states in lines.items():
        label = f"{OrbitEnd(found.kind[row]).noun} that attracts"
        artists["cycles"] += canvas.draw_loop(states, color="black", label=label)
    for cycles in () if portrait.cycles is None else (portrait.cycles,):
        for rows, words, colour, _ in cycles_by_look(cycles):
            orbits = [cycles.orbit(row) for row in rows if not cycles.is_stable[row]]
            for number, orbit in enumerate(orbit for orbit in orbits if len(orbit) > 1):
                label = words if number == 0 else "_"
                artists["cycles"] += canvas.draw_loop(orbit, color=colour, ls=":", label=label)
    artists["clouds"] = [
        canvas.scatter(states, s=3, facecolor="black", label="states on an attractor")
        for states in clouds
    ]
    artists |= draw_graph(canvas, graph, all_edges)
    return artists | {"colorbars": canvas.complete(legend)}
