"""Containers of other tools as pictures, with whatever is known of their points."""

from __future__ import annotations

from typing import Any

import numpy as np

from ... import plots
from ..._core.display import plural
from ..._core.validation import check_kind
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
    if fps.J_xstar is not None:
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
        stable = fps.is_stable.astype(bool)
        kinds = [(stable, "stable", "black"), (~stable, "unstable", "white")]
    return [kind for kind in kinds if kind[0].any()]
