"""Cycles among trajectories."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.validation import check_flag
from ..points import Cycles
from .parts.canvas import Canvas
from .parts.checks import check_record
from .parts.marks import cycles_by_look, marked_states

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def cycles(
    cycles: Cycles,
    trajectories: Any = None,
    *,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw cycles as closed lines through their states, in the colour of their period.

    States of stable cycles are filled, those of unstable ones open. Fixed points have no line.
    Limit cycles of a flow have the colour of their stability, and one mark each.

    Parameters
    ----------
    cycles
        From `find_cycles`.
    trajectories, trials_by, projection, dimensions, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "cycles" (lines), "states" (one collection for every
        period and stability), "colorbars" (of `trials_by`, if any).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to draw; no figure
        is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> flip = sp.as_system(lambda x, u: np.tanh(-2 * x), state_size=2, lefschetz=1)
    >>> drawn = sp.plots.cycles(sp.find_cycles(flip, periods=(1, 2)))
    >>> [marks.get_label() for marks in drawn["states"]]
    ['1 unstable of period 1', '2 stable of period 2', '2 unstable of period 2']
    """
    check_record("cycles", cycles, Cycles)
    check_flag("legend", legend)
    seen = (projection, dimensions, ax)
    canvas = Canvas.of(cycles.every_state, None, trajectories, trials_by, max_trajectories, seen)
    artists: dict[str, Any] = {"trajectories": canvas.draw_trajectories(), "cycles": []}
    artists["states"] = []
    for rows, words, colour, look in cycles_by_look(cycles):
        orbits = [cycles.orbit(row) for row in rows]
        for orbit in orbits:
            if len(orbit) > 1:
                artists["cycles"] += canvas.draw_loop(orbit, color=colour)
        states = np.concatenate([marked_states(cycles, row) for row in rows])
        artists["states"].append(canvas.scatter(states, label=words, s=22, zorder=3, **look))
    return artists | {"colorbars": canvas.complete(legend)}
