"""Containers of other tools as pictures, with whatever is known of their points, and trials."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ... import plots
from ..._core.display import plural
from ..._core.validation import check_kind, check_whole, read_floats, read_rows
from ...errors import ArgumentError
from ...plots.parts.canvas import Canvas
from .container import FixedPointArrays
from .record import as_fixed_points


def read_points(fps: Any, name: str = "fps") -> FixedPointArrays:
    """Return a container that has points.

    Raises
    ------
    ArgumentError
        If it is no container, or has none.
    """
    check_kind(name, fps, FixedPointArrays, "a container of fixed points")
    if fps.xstar is None:
        raise ArgumentError(f"{name}: it has no points; fill in xstar, shape (n, d).")
    if not np.isfinite(fps.xstar).all():
        raise ArgumentError(
            f"{name}: rows of xstar hold NaN or infinity; leave them out first, "
            f"fps[np.isfinite(fps.xstar).all(axis=1)]."
        )
    return fps


def draw(
    fps: FixedPointArrays,
    paths: Any,
    *,
    projection: Any,
    dimensions: int,
    ax: Any,
    mode_length: float = 0.06,
    legend: bool = True,
) -> None:
    """Draw points among trajectories, `plots.fixed_points` where their Jacobians are known.

    Otherwise there are no modes, and stable points are told from others where `is_stable` is known.
    """
    most = 0 if paths is None else len(paths)
    if fps.J_xstar is not None and np.isfinite(fps.J_xstar).all():
        plots.fixed_points(
            as_fixed_points(fps),
            paths,
            projection=projection,
            dimensions=dimensions,
            mode_length=mode_length,
            max_trajectories=most,
            legend=legend,
            ax=ax,
        )
        return
    x = fps.xstar.astype(np.float64)
    canvas = Canvas.of(x, None, paths, None, most, (projection, dimensions, ax))
    canvas.draw_trajectories()
    for rows, status, inside in _told_apart(fps):
        marks = {"s": 26, "zorder": 3, "edgecolors": "black", "facecolors": inside}
        canvas.scatter(x[rows], label=plural(int(rows.sum()), status, status), **marks)
    canvas.complete(legend)


def _told_apart(fps: FixedPointArrays) -> list[tuple[np.ndarray, str, str]]:
    """Return rows, what they are, and what fills them, for each kind that there is."""
    if fps.is_stable is None:
        kinds = [(np.ones(fps.n, dtype=bool), "of unknown stability", "grey")]
    else:
        unknown = np.isnan(fps.is_stable.astype(np.float64))
        stable = ~unknown & fps.is_stable.astype(bool)
        kinds = [
            (stable, "stable", "black"),
            (~unknown & ~stable, "unstable", "white"),
            (unknown, "of unknown stability", "grey"),
        ]
    return [kind for kind in kinds if kind[0].any()]


def read_trials(
    state_traj: Any, plot_batch_idx: Any, plot_start_time: Any, plot_stop_time: Any, size: int
) -> Float[np.ndarray, "k t d"]:
    """Return the trials to draw between two times; of these, negative ones begin at zero.

    Raises
    ------
    ArgumentError
        If shapes do not fit, or nothing is left.

    Examples
    --------
    >>> read_trials(np.zeros((4, 9, 2)), [0, 3], 5, None, size=2).shape
    (2, 4, 2)
    """
    paths = read_floats("state_traj", state_traj)
    if paths.ndim != 3 or paths.shape[2] != size:
        raise ArgumentError(
            f"state_traj: got shape {paths.shape}, but (trials, time, {size}) is wanted."
        )
    if plot_batch_idx is not None:
        paths = paths[read_rows("plot_batch_idx", plot_batch_idx, len(paths))]
    first = max(0, check_whole("plot_start_time", plot_start_time, least=-(2**63)))
    last = plot_stop_time
    if last is not None:
        last = check_whole("plot_stop_time", last, least=-(2**63))
    shown = paths[:, first:last]
    if not shown.size:
        raise ArgumentError(
            f"state_traj, plot_start_time, plot_stop_time: nothing of shape {paths.shape} is left "
            f"to draw from time {first} to {'the end' if last is None else last}."
        )
    return shown
