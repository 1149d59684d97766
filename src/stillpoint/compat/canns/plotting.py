"""CANNs' figures: fixed points among trajectories, with a PlotConfig."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import plots
from ..._core.files import write_atomically
from ..._core.pca import fit_pca
from ..._core.validation import read_floats
from ..shared import FixedPointArrays, as_fixed_points

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass
class PlotConfig:
    """How a figure looks and where it goes.

    Attributes
    ----------
    title, xlabel, ylabel
        Texts.
    figsize
        Inches.
    grid, show_legend
        Whether to draw them.
    save_path
        Where to save the figure, if anywhere.
    show
        Whether to show it.
    """

    title: str = ""
    xlabel: str = ""
    ylabel: str = ""
    figsize: tuple[float, float] = (10, 6)
    grid: bool = False
    save_path: str | None = None
    show: bool = True
    show_legend: bool = True


def plot_fixed_points_2d(
    fixed_points: FixedPointArrays,
    state_traj: Any,
    config: PlotConfig | None = None,
    plot_batch_idx: Sequence[int] | None = None,
    plot_start_time: int = 0,
) -> Figure:
    """Draw fixed points and trajectories in the plane of two principal components.

    Parameters
    ----------
    fixed_points
        The points, with Jacobians.
    state_traj
        Shape (trials, time, d).
    config
        A `PlotConfig`.
    plot_batch_idx
        The trials to draw, and to fit the components to; the first 30 by default.
    plot_start_time
        The first time to draw.

    Returns
    -------
    matplotlib.figure.Figure

    Raises
    ------
    ArgumentError
        If the points have no Jacobians, or shapes do not fit.
    """
    config = config or PlotConfig("Fixed Points (2D PCA)", "PC 1", "PC 2", (10, 8))
    return _plot(fixed_points, state_traj, config, plot_batch_idx, plot_start_time, 2)


def plot_fixed_points_3d(
    fixed_points: FixedPointArrays,
    state_traj: Any,
    config: PlotConfig | None = None,
    plot_batch_idx: Sequence[int] | None = None,
    plot_start_time: int = 0,
) -> Figure:
    """Draw the same in three principal components; parameters as for `plot_fixed_points_2d`."""
    config = config or PlotConfig("Fixed Points (3D PCA)", "PC 1", "PC 2", (12, 10))
    return _plot(fixed_points, state_traj, config, plot_batch_idx, plot_start_time, 3)


def _plot(
    fps: FixedPointArrays,
    state_traj: Any,
    config: PlotConfig,
    trials: Sequence[int] | None,
    first: int,
    dimensions: int,
) -> Figure:
    import matplotlib.pyplot as plt

    points = as_fixed_points(fps)
    paths = read_floats("state_traj", state_traj)
    paths = (paths[:30] if trials is None else paths[list(trials)])[:, first:]
    drawn = np.vstack([paths.reshape(-1, paths.shape[-1]), points.xstar])
    fig = plt.figure(figsize=config.figsize)
    ax = fig.add_subplot(projection="3d" if dimensions == 3 else None)
    plots.fixed_points(
        points,
        paths,
        projection=fit_pca(drawn, dimensions),
        dimensions=dimensions,
        max_trajectories=len(paths),
        legend=config.show_legend,
        ax=ax,
    )
    ax.set(title=config.title, xlabel=config.xlabel or "PC 1", ylabel=config.ylabel or "PC 2")
    ax.grid(config.grid)
    if config.save_path:
        write_atomically(config.save_path, lambda path: fig.savefig(path, dpi=300))
    if config.show:
        plt.show()
    return fig
