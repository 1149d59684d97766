"""CANNs' figures: fixed points among trajectories, with a PlotConfig."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.files import read_path, write_atomically
from ..._core.pca import fit_pca
from ..._core.validation import check_flag, check_kind, check_real, check_sequence
from ...errors import ArgumentError, came
from ..shared import FixedPointArrays, draw, raises_as_before, read_points, read_trials

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@raises_as_before
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
    save_dpi, savefig_kwargs
        Dots per inch, and what else matplotlib's `savefig` is told.
    rasterized
        Whether what is drawn becomes pixels in vector formats; None leaves it to matplotlib.
    time_steps_per_second, fps, repeat, show_progress_bar, color, clabel, kwargs
        Of other figures of CANNs; kept, and without effect here.
    """

    title: str = ""
    xlabel: str = ""
    ylabel: str = ""
    figsize: tuple[float, float] = (10, 6)
    grid: bool = False
    save_path: str | None = None
    show: bool = True
    time_steps_per_second: int | None = None
    fps: int = 30
    repeat: bool = True
    show_progress_bar: bool = True
    show_legend: bool = True
    color: str = "black"
    clabel: str = "Value"
    save_dpi: float = 300
    savefig_kwargs: Mapping[str, Any] = field(default_factory=dict)
    rasterized: bool | None = None
    kwargs: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in ("title", "xlabel", "ylabel"):
            check_kind(name, getattr(self, name), str, "text")
        for name in ("grid", "show", "show_legend"):
            check_flag(name, getattr(self, name))
        for side in check_sequence("figsize", self.figsize, object, "a pair of inches", length=2):
            check_real("figsize", side, above=0, most=1000)
        if self.save_path is not None:
            read_path("save_path", self.save_path)
        check_real("save_dpi", self.save_dpi, above=0, most=10_000)
        check_kind("savefig_kwargs", self.savefig_kwargs, Mapping, "a dictionary")
        if self.rasterized is not None:
            check_flag("rasterized", self.rasterized)

    @classmethod
    def for_static_plot(cls, **settings: Any) -> PlotConfig:
        """Return the settings of a picture that does not move."""
        return cls(**{**settings, "time_steps_per_second": None})

    @classmethod
    def for_animation(cls, time_steps_per_second: int, **settings: Any) -> PlotConfig:
        """Return the settings of an animation; figures of this package do not move."""
        return cls(time_steps_per_second=time_steps_per_second, **settings)

    def to_matplotlib_kwargs(self) -> dict[str, Any]:
        """Return a copy of `kwargs`."""
        return dict(self.kwargs)


@raises_as_before
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
        The points; modes are drawn where their Jacobians are known, and stable points are told
        apart where `is_stable` is.
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
        If there is nothing to draw, or shapes do not fit.
    """
    if config is None:
        config = PlotConfig("Fixed Points (2D PCA)", "PC 1", "PC 2", (10, 8))
    return _plot(fixed_points, state_traj, config, plot_batch_idx, plot_start_time, 2)


@raises_as_before
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


# What is read of settings, which may be CANNs' own.
_READ = ("title", "xlabel", "ylabel", "figsize", "grid", "save_path", "show", "show_legend")


def _plot(
    fps: FixedPointArrays,
    state_traj: Any,
    config: PlotConfig,
    trials: Sequence[int] | None,
    first: int,
    dimensions: int,
) -> Figure:
    import matplotlib.pyplot as plt

    if missing := [name for name in _READ if not hasattr(config, name)]:
        raise ArgumentError(
            f"config: got {came(config)}, which lacks {', '.join(missing)}; a PlotConfig is wanted."
        )
    points = read_points(fps, "fixed_points")
    d = points.xstar.shape[1]
    paths = read_trials(state_traj, trials, first, None, d)
    paths = paths[:30] if trials is None else paths
    drawn = np.vstack([paths.reshape(-1, paths.shape[-1]), points.xstar])
    fig = plt.figure(figsize=config.figsize)
    ax = fig.add_subplot(projection="3d" if dimensions == 3 else None)
    draw(
        points,
        paths,
        projection=fit_pca(drawn, dimensions),
        dimensions=dimensions,
        legend=config.show_legend,
        ax=ax,
    )
    ax.set(title=config.title, xlabel=config.xlabel or "PC 1", ylabel=config.ylabel or "PC 2")
    ax.grid(config.grid)
    if (rasterized := getattr(config, "rasterized", None)) is not None:
        for artist in (*ax.lines, *ax.collections):
            artist.set_rasterized(rasterized)
    if config.save_path:
        told = {"dpi": getattr(config, "save_dpi", 300), **getattr(config, "savefig_kwargs", {})}
        write_atomically(config.save_path, lambda path: fig.savefig(path, **told))
    if config.show:
        plt.show()
    return fig
