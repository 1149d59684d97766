"""plot_fps: fixed points among trajectories, in the space of three principal components."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.pca import fit_pca
from ..._core.validation import check_real
from ...errors import ArgumentError, came
from ..shared import FixedPointArrays, draw, raises_as_before, read_points, read_trials
from ..shared.states import packed

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@raises_as_before
def plot_fps(
    fps: FixedPointArrays,
    state_traj: Any = None,
    plot_batch_idx: Sequence[int] | None = None,
    plot_start_time: int = 0,
    plot_stop_time: int | None = None,
    mode_scale: float = 0.25,
    fig: Figure | None = None,
) -> Figure:
    """Draw fixed points, their unstable modes, and trajectories.

    Parameters
    ----------
    fps
        The points; unstable modes are drawn where their Jacobians are known.
    state_traj
        Shape (trials, time, d), of an LSTM also a pair (h, c); the principal components are those
        of all trajectories, or of the points where there are none.
    plot_batch_idx
        The trials to draw, all by default.
    plot_start_time, plot_stop_time
        The part of each trial to draw.
    mode_scale
        Half length of a segment of an unstable mode with ``|lambda| = 1``, in units of the state.
    fig
        A figure to draw into; a new one by default. It is not shown.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If there is nothing to draw, or shapes do not fit.
    """
    points, state_traj = read_points(fps), packed(state_traj)
    mode_scale = check_real("mode_scale", mode_scale, least=0)
    if fig is not None and not hasattr(fig, "add_subplot"):
        raise ArgumentError(f"fig: got {came(fig)}, but a figure of matplotlib is wanted.")
    d = points.xstar.shape[1]
    paths = None if state_traj is None else read_trials(state_traj, None, 0, None, d)
    dimensions = 3 if d >= 3 else 2
    if paths is None and points.n < min(d, dimensions):
        raise ArgumentError(
            f"state_traj: got None, but {points.n} points span no {dimensions} principal "
            f"components; pass trajectories."
        )
    projection = fit_pca(points.xstar if paths is None else paths, dimensions)
    shown = None
    if paths is not None:
        shown = read_trials(paths, plot_batch_idx, plot_start_time, plot_stop_time, d)
    span = float(np.ptp(projection.transform(points.xstar if shown is None else shown)))
    if fig is None:
        import matplotlib.pyplot as plt

        fig = plt.figure(figsize=(6, 6))
    draw(
        points,
        shown,
        projection=projection,
        dimensions=dimensions,
        mode_length=mode_scale / span if span else 0.0,
        ax=fig.add_subplot(projection="3d" if dimensions == 3 else None),
    )
    return fig
