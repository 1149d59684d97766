"""A slow manifold among trajectories, coloured by its drift."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.display import plural
from .._core.validation import check_flag
from ..branches.slow_manifold import SlowManifold
from .parts.canvas import Canvas
from .parts.checks import check_record
from .parts.legend import add_bar
from .parts.marks import face
from .parts.style import BLACK

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import Collection, PathCollection


def slow_manifold(
    manifold: SlowManifold,
    trajectories: Any = None,
    *,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw a slow manifold, coloured by its drift, through trajectories.

    Parameters
    ----------
    manifold
        A curve is drawn with its places of rest: filled where they attract along it, open where
        they repel. Its colour is the drift, which is positive towards later nodes. Of a sheet the
        nodes are drawn, coloured by the size of the drift.
    trajectories, trials_by, projection, dimensions, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "manifold" (a collection, whose array is the drift),
        "rests" (up to two collections), "colorbars" (of the drift, and of `trials_by` if any).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape; no figure is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: x * np.array([0.999, 0.5]), state_size=2)
    >>> line = sp.follow_slow_manifold(system, np.zeros((1, 2)), max_norm=2.0)
    >>> sorted(sp.plots.slow_manifold(line))
    ['colorbars', 'manifold', 'rests', 'trajectories']
    """
    check_record("manifold", manifold, SlowManifold)
    check_flag("legend", legend)
    there = manifold.states[manifold.present]
    seen = (projection, dimensions, ax)
    canvas = Canvas.of(there, None, trajectories, trials_by, max_trajectories, seen)
    artists: dict[str, Any] = {"trajectories": canvas.draw_trajectories()}
    if manifold.dimension == 1:
        artists["manifold"] = _curve(canvas, manifold)
        artists["rests"] = _rests(canvas, manifold)
    else:
        size = np.linalg.norm(manifold.drift[manifold.present], axis=-1)
        artists["manifold"] = canvas.scatter(there, c=size, cmap="viridis", s=8, zorder=2)
        artists["rests"] = []
    drift = add_bar(canvas.ax, artists["manifold"], "drift")
    return artists | {"colorbars": [drift, *canvas.complete(legend)]}


def _curve(canvas: Canvas, manifold: SlowManifold) -> Collection:
    """Draw one segment between every two nodes, in the colour of their mean drift."""
    states, drift = manifold.states, manifold.drift[:, 0]
    if manifold.shape == "ring":
        states, drift = np.vstack([states, states[:1]]), np.append(drift, drift[0])
    nodes = canvas.view.place(states)
    segments = np.stack([nodes[:-1], nodes[1:]], axis=1)
    largest = max(manifold.max_drift, np.finfo(np.float64).tiny)
    style: Any = {"cmap": "coolwarm", "clim": (-largest, largest), "lw": 2.5, "zorder": 2}
    style["array"] = (drift[:-1] + drift[1:]) / 2
    if nodes.shape[1] == 3:
        from mpl_toolkits.mplot3d.art3d import Line3DCollection

        return canvas.ax.add_collection3d(Line3DCollection(segments, **style))
    from matplotlib.collections import LineCollection

    drawn = canvas.ax.add_collection(LineCollection(list(segments), **style))
    canvas.ax.autoscale_view()
    return drawn


def _rests(canvas: Canvas, manifold: SlowManifold) -> list[PathCollection]:
    rests, drawn = manifold.rests, []
    for word, rows in (("stable", rests.attracts), ("unstable", ~rests.attracts)):
        if rows.any():
            told = plural(int(rows.sum()), f"{word} place of rest", f"{word} places of rest")
            style = {"facecolor": face(word, BLACK), "edgecolor": BLACK, "s": 22, "zorder": 3}
            drawn.append(canvas.scatter(rests.states[rows], label=told, **style))
    return drawn
