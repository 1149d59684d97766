"""A slow manifold among trajectories, coloured by its drift."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..arrays import read_floats
from ..portrait import SlowManifold
from ..projection import as_projection, fit_pca
from ..status import ArgumentError, check_whole
from .style import QUIET, axes_or_new, colour


def slow_manifold(
    manifold: SlowManifold,
    trajectories: Any = None,
    *,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 40,
    ax: Any = None,
) -> dict[str, Any]:
    """Draw a slow manifold, coloured by its drift, through trajectories.

    Parameters
    ----------
    manifold
        A curve is drawn with its places of rest: filled where they attract along it, open where
        they repel. Its colour is the drift, which is positive towards later nodes. Of a sheet the
        nodes are drawn, coloured by the size of the drift.
    trajectories
        Shape (trials, time, d); drawn in grey behind the manifold.
    projection
        A fitted object with `components_` and `mean_`; by default the principal components of the
        trajectories, or of the manifold where there are none.
    dimensions
        2 or 3.
    max_trajectories
        How many trials are drawn.
    ax
        Axes to draw into, 3-D ones for `dimensions=3`; new ones by default.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "manifold" (a collection, whose array is the drift),
        "rests" (up to two collections).

    Raises
    ------
    ArgumentError
        If `dimensions` is neither 2 nor 3, `ax` has the wrong kind, or sizes do not fit.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: x * np.array([0.999, 0.5]), state_size=2)
    >>> line = sp.follow_slow_manifold(system, np.zeros((1, 2)), bound=2.0)
    >>> sorted(sp.plots.slow_manifold(line))
    ['manifold', 'rests', 'trajectories']
    """
    if dimensions not in (2, 3):
        raise ArgumentError(f"dimensions: got {dimensions!r}, but 2 or 3 is wanted.")
    most = check_whole("max_trajectories", max_trajectories, least=0)
    paths = _read_trajectories(trajectories, manifold.states.shape[-1])
    ax = axes_or_new(ax, dimensions)
    if (ax.name == "3d") != (dimensions == 3):
        raise ArgumentError(
            f"ax: got {ax.name} axes, but dimensions={dimensions}; make 3-D axes with "
            f"figure.add_subplot(projection='3d')."
        )
    if projection is None:
        through = manifold.states[manifold.present] if paths is None else paths
        projection = fit_pca(through, dimensions)
    fitted = as_projection(projection)
    if fitted.components_.shape[1] != manifold.states.shape[-1]:
        raise ArgumentError(
            f"projection: it is of states of size {fitted.components_.shape[1]}, but the manifold "
            f"has size {manifold.states.shape[-1]}."
        )

    def place(states: np.ndarray) -> np.ndarray:
        flat = fitted.points(states)[..., :dimensions]
        missing = dimensions - flat.shape[-1]
        return np.pad(flat, [(0, 0)] * (flat.ndim - 1) + [(0, missing)])

    artists: dict[str, Any] = {"trajectories": [], "manifold": None, "rests": []}
    for path in [] if paths is None else paths[:most]:
        line = place(path)
        artists["trajectories"] += ax.plot(*line.T, color=QUIET, lw=0.5, alpha=0.7, zorder=1)
    if manifold.dimension == 1:
        artists["manifold"] = _curve(ax, manifold, place)
        artists["rests"] = _rests(ax, manifold, place)
    else:
        size = np.linalg.norm(manifold.drift[manifold.present], axis=-1)
        nodes = place(manifold.states[manifold.present])
        artists["manifold"] = ax.scatter(*nodes.T, c=size, cmap="viridis", s=8, zorder=2)
    for axis, name in zip(("x", "y", "z")[:dimensions], ("PC 1", "PC 2", "PC 3"), strict=False):
        getattr(ax, f"set_{axis}label")(name)
    return artists


def _curve(ax: Any, manifold: SlowManifold, place: Any) -> Any:
    """Draw one segment between every two nodes, in the colour of their mean drift."""
    states, drift = manifold.states, manifold.drift[:, 0]
    if manifold.shape == "ring":
        states, drift = np.vstack([states, states[:1]]), np.append(drift, drift[0])
    nodes = place(states)
    segments = np.stack([nodes[:-1], nodes[1:]], axis=1)
    largest = max(manifold.max_drift, np.finfo(np.float64).tiny)
    style = {"cmap": "coolwarm", "clim": (-largest, largest), "lw": 2.5, "zorder": 2}
    colours = (drift[:-1] + drift[1:]) / 2
    if nodes.shape[1] == 3:
        from mpl_toolkits.mplot3d.art3d import Line3DCollection

        return ax.add_collection3d(Line3DCollection(segments, array=colours, **style))
    from matplotlib.collections import LineCollection

    drawn = ax.add_collection(LineCollection(segments, array=colours, **style))
    ax.autoscale_view()
    return drawn


def _rests(ax: Any, manifold: SlowManifold, place: Any) -> list[Any]:
    rests, drawn = manifold.rests, []
    for attracts in (True, False):
        rows = rests.attracts == attracts
        if rows.any():
            face = colour(0) if attracts else "white"
            style = {"facecolor": face, "edgecolor": colour(0), "s": 22, "zorder": 3}
            drawn.append(ax.scatter(*place(rests.states[rows]).T, **style))
    return drawn


def _read_trajectories(trajectories: Any, size: int) -> Any:
    if trajectories is None:
        return None
    paths = read_floats("trajectories", trajectories)
    if paths.ndim != 3 or paths.shape[2] != size:
        raise ArgumentError(
            f"trajectories: got shape {paths.shape}, but (trials, time, {size}) is wanted; for "
            f"one trial pass trajectories[None]."
        )
    return paths
