"""Fixed points among trajectories, in a plane or in space."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ..arrays import read_floats
from ..local import sorted_eig
from ..points import FixedPoints
from ..projection import as_projection, fit_pca
from ..status import ArgumentError
from .style import QUIET, axes_or_new, colour, label


def fixed_points(
    points: FixedPoints,
    trajectories: Any = None,
    *,
    projection: Any = None,
    dimensions: int = 2,
    mode_length: float = 0.06,
    max_trajectories: int = 40,
    ax: Any = None,
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
    if dimensions not in (2, 3):
        raise ArgumentError(f"dimensions: got {dimensions!r}, but 2 or 3 is wanted.")
    ax = axes_or_new(ax, dimensions)
    if (ax.name == "3d") != (dimensions == 3):
        raise ArgumentError(
            f"ax: got {ax.name} axes, but dimensions={dimensions}; make 3-D axes with "
            f"figure.add_subplot(projection='3d')."
        )
    paths = None if trajectories is None else read_floats("trajectories", trajectories)
    if paths is not None and paths.ndim != 3:
        raise ArgumentError(
            f"trajectories: got shape {paths.shape}, but (trials, time, d) is wanted; for one "
            f"trial pass trajectories[None]."
        )
    if paths is None and not len(points):
        raise ArgumentError("points: there are none, and no trajectories either: nothing to draw.")
    if projection is None:
        projection = fit_pca(points.xstar if paths is None else paths, dimensions)
    projection = as_projection(projection)
    drawn = _padded(projection.points(points.xstar), dimensions)
    artists: dict[str, Any] = {"trajectories": [], "points": [], "modes": []}
    for path in [] if paths is None else paths[:max_trajectories]:
        flat = _padded(projection.points(path), dimensions)
        artists["trajectories"] += ax.plot(*flat.T, color=QUIET, lw=0.5, alpha=0.7, zorder=1)
    span = np.ptp(drawn if paths is None else _padded(projection.points(paths), dimensions))
    for centre, step, n_unstable in _modes(points, projection, mode_length * span, dimensions):
        ends = np.stack([centre - step, centre + step])
        artists["modes"] += ax.plot(*ends.T, color=colour(n_unstable), lw=1.2, zorder=2)
    depth = {"depthshade": False} if dimensions == 3 else {}
    for k in sorted({int(k) for k in points.n_unstable}):
        rows = points.n_unstable == k
        size = 36 if k == 0 else 20
        style = {"color": colour(k), "s": size, "label": f"{rows.sum()} {label(k)}", "zorder": 3}
        artists["points"].append(ax.scatter(*drawn[rows].T, **style, **depth))
    for axis, name in zip(("x", "y", "z")[:dimensions], ("PC 1", "PC 2", "PC 3"), strict=False):
        getattr(ax, f"set_{axis}label")(name)
    return artists


def _modes(
    points: FixedPoints, projection: Any, length: float, dimensions: int
) -> list[tuple[np.ndarray, np.ndarray, int]]:
    """Return centre and half segment of every unstable mode, scaled by |lambda|."""
    if not len(points):
        return []
    kind = points.provenance["kind"]
    values, vectors = sorted_eig(points.jacobian, kind)
    segments = []
    for k, count in enumerate(points.n_unstable):
        centre = _padded(projection.points(points.xstar[k]), dimensions)
        for mode in range(int(count)):
            size = abs(values[k, mode]) if kind == "map" else 1.0
            direction = projection.directions(vectors[k, :, mode].real)
            segments.append((centre, size * length * _padded(direction, dimensions), int(count)))
    return segments


def _padded(flat: Float[np.ndarray, "... k"], dimensions: int) -> Float[np.ndarray, "... q"]:
    """Return coordinates with zeros added where the state has fewer dimensions than the picture."""
    missing = max(0, dimensions - flat.shape[-1])
    padding = [(0, 0)] * (flat.ndim - 1) + [(0, missing)]
    return np.pad(flat[..., :dimensions], padding)
