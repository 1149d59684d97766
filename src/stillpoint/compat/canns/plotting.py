"""CANNs' figures: fixed points among trajectories, with a PlotConfig."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import plots
from ..._core.files import read_path, write_atomically
from ..._core.pca import fit_pca
from ..._core.validation import check_flag, check_kind, check_real, check_sequence
from ...errors import ArgumentError, came
from ..shared import FixedPointArrays, as_fixed_points, read_trials

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

    def __post_init__(self) -> None:
        for name in ("title", "xlabel", "ylabel"):
            check_kind(name, getattr(self, name), str, "text")
        for name in ("grid", "show", "show_legend"):
            check_flag(name, getattr(self, name))
        for side in check_sequence("figsize", self.figsize, object, "a pair of inches", length=2):
            check_real("figsize", side, above=0, most=1000)
        if self.save_path is not None:
            read_path("save_path", self.save_path)


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
    if config is None:
        config = PlotConfig("Fixed Points (2D PCA)", "PC 1", "PC 2", (10, 8))
    return _plot(fixed_points, state_traj, config, plot_batch_idx, plot_start_time, 2)


def plot_fixed_points_3d(
    fixed_points: FixedPointArrays,
    state_traj: Any,
    config: PlotConfig | None = None,
    plot_batch_idx: Sequence[int] | None = None,
    plot_start_time: int = 0,
) -> Figure:
    """Draw the same in three principal components; parameters as for `plot_fixed_points_2d`."""
    if config is None:
        config = PlotConfig("Fixed Points (3D PCA)", "PC 1", "PC 2", (12, 10))
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

    if missing := [field.name for field in fields(PlotConfig) if not hasattr(config, field.name)]:
        raise ArgumentError(
            f"config: got {came(config)}, which lacks {', '.join(missing)}; a PlotConfig is wanted."
        )
    points = as_fixed_points(fps, "fixed_points")
    d = points.xstar.shape[1]
    paths = read_trials(state_traj, trials, first, None, d)
    paths = paths[:30] if trials is None else paths
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
