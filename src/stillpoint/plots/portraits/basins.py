"""States, coloured by the attractor to which they lead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.validation import check_flag
from ...errors import ArgumentError
from ...points import OrbitEnd
from ...portraits import Basins
from ..parts.canvas import Canvas
from ..parts.checks import check_record
from ..parts.style import CONDITIONS, GREY, MARKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def basins(
    basins: Basins,
    trajectories: Any = None,
    *,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw states in the colour of the attractor to which they lead, and the attractors.

    Those that came to none are grey crosses. For a plane as a whole, let the states of the record
    be a grid on it (`plane.inverse_transform`), and pass the plane as `projection`.

    Parameters
    ----------
    basins
        From `sample_basins`, under one input: of several, a selection by `basins.take`.
    trajectories, trials_by, projection, dimensions, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "states" (one collection for each attractor that was
        reached, and one for what was not resolved), "attractors" (a collection for each of these),
        "colorbars" (of `trials_by`, if any).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to draw; no figure
        is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=2)
    >>> found = sp.sample_basins(system, sp.find_attractors(system), n_states=200)
    >>> len(sp.plots.basins(found)["attractors"])
    4
    """
    check_record("basins", basins, Basins)
    check_flag("legend", legend)
    if not len(basins):
        raise ArgumentError("basins: there is no state to draw.")
    if len(np.unique(basins.inputs, axis=0)) > 1:
        raise ArgumentError(
            "basins: they are under several inputs, whose basins differ; draw those of one, such "
            "as basins.take(np.flatnonzero((basins.inputs == u).all(axis=1)))."
        )
    seen, known = (projection, dimensions, ax), basins.attractors
    canvas = Canvas.of(basins.states, None, trajectories, trials_by, max_trajectories, seen)
    artists: dict[str, Any] = {"trajectories": canvas.draw_trajectories()}
    artists |= {"states": [], "attractors": []}
    for number, row in enumerate(np.unique(basins.attractor[basins.attractor >= 0])):
        own, kind = basins.states[basins.attractor == row], OrbitEnd(known.kind[row])
        look = {"color": CONDITIONS[number % len(CONDITIONS)], "alpha": 0.35, "lw": 0}
        marker = MARKERS[number % len(MARKERS)]
        artists["states"].append(canvas.scatter(own, marker=marker, s=9, **look, zorder=2))
        marks = canvas.scatter(
            known.along(int(row)),
            label=f"{kind.noun} {row}: {basins.share[row]:.0%}",
            marker=marker,
            s=36,
            facecolor=look["color"],
            edgecolor="black",
            zorder=4,
        )
        artists["attractors"].append(marks)
    if basins.n_open:
        lost, label = basins.states[basins.attractor < 0], f"{basins.n_open} unresolved"
        style = {"marker": "x", "s": 9, "color": GREY, "zorder": 2}
        artists["states"].append(canvas.scatter(lost, label=label, **style))
    return artists | {"colorbars": canvas.complete(legend)}
