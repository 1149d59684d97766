"""Axes that show a projection of the state space, with trials behind everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..._core.pca import Projection, as_projection, fit_pca
from ..._core.validation import check_whole
from ...errors import ArgumentError
from .by import groups_of_array
from .checks import axes_or_new, check_axes, check_dimensions, check_projection, read_paths
from .groups import Groups
from .legend import complete
from .trials import draw_trials

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PathCollection
    from matplotlib.lines import Line2D


@dataclass(frozen=True, eq=False)
class Canvas:
    """Axes, the projection that they show, and the trajectories behind everything.

    Attributes
    ----------
    ax
        Axes with two or three dimensions.
    projection
        From states to the coordinates of the picture.
    dimensions
        2 or 3.
    paths
        Trajectories, shape (trials, time, d), or None; NaN where they are masked.
    points, trials
        The groups of points and of trials, or None; a name that both have has one colour.
    most
        How many trajectories are drawn at most.
    """

    ax: Any  # with two axes or three, whose methods differ
    projection: Projection
    dimensions: int
    paths: Float[np.ndarray, "n t d"] | None
    points: Any  # groups, or None where nothing has any
    trials: Groups | None
    most: int

    @classmethod
    def of(
        cls,
        states: Float[np.ndarray, "k d"],
        points: Groups | None,
        trajectories: Any,
        trials_by: Any,
        max_trajectories: Any,
        seen: tuple[Any, Any, Axes | None],
    ) -> Canvas:
        """Return the canvas for some states and trials.

        Parameters
        ----------
        points
            The groups of the states, or None.
        seen
            A projection (by default the principal components), dimensions, and axes.
        """
        projection, dimensions, ax = seen
        dimensions = check_dimensions(dimensions)
        most = check_whole("max_trajectories", max_trajectories, least=0)
        check_axes(ax, dimensions)
        size = states.shape[1]
        paths = read_paths(trajectories, size)
        trials = None
        if trials_by is not None:
            if paths is None:
                raise ArgumentError("trials_by: there are no trials; pass trajectories as well.")
            trials = groups_of_array("trials_by", trials_by, len(paths), "trials", cmap="plasma")
        if paths is None and not len(states):
            raise ArgumentError(
                "points: there are none, and no trajectories either: nothing to draw."
            )
        points = points and points.beside(trials)
        if projection is None:  # few states span fewer axes
            fitted = fit_pca(states if paths is None else _known(paths), dimensions)
        else:
            fitted = check_projection(as_projection(projection), dimensions, size)
        ax = axes_or_new(ax, dimensions)
        if dimensions == 3:
            vars(ax)["computed_zorder"] = False  # points lie on top of lines, also behind them
        trials = trials and trials.beside(points)
        return cls(ax, fitted, dimensions, paths, points, trials, most)

    @property
    def known(self) -> Float[np.ndarray, "k d"]:
        """All states of the trajectories but those that are masked."""
        return np.zeros((0, 0)) if self.paths is None else _known(self.paths)

    def place(self, states: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... q"]:
        """Return where states are in the picture."""
        return self._padded(self.projection.transform(states))

    def direct(self, vectors: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... q"]:
        """Return directions in the picture."""
        return self._padded(self.projection.directions(vectors))

    def draw_trajectories(self) -> list[Line2D]:
        """Draw trajectories as thin lines, grey unless they have groups."""
        if self.paths is None:
            return []
        places = np.full((*self.paths.shape[:-1], self.dimensions), np.nan)
        places[~np.isnan(self.paths).any(axis=-1)] = self.place(self.known)
        return draw_trials(self.ax, places, self.trials, self.most)

    def scatter(self, states: Float[np.ndarray, "n d"], **style: Any) -> PathCollection:
        """Draw states as marks."""
        flat = {"depthshade": False} if self.dimensions == 3 else {}
        return self.ax.scatter(*self.place(states).T, **style, **flat)

    def complete(self, legend: bool) -> list[Any]:
        """Name the axes as the projection does, and add what is needed to read them."""
        names = (*self.projection.names, "–", "–")  # beyond the dimensions of the state
        for axis, name in zip("xyz"[: self.dimensions], names, strict=False):
            getattr(self.ax, f"set_{axis}label")(name)
        return complete(self.ax, legend, (self.points, "points"), (self.trials, "trials"))

    def _padded(self, flat: Float[np.ndarray, "... k"]) -> Float[np.ndarray, "... q"]:
        """Return coordinates with zeros where the state has fewer dimensions than the picture."""
        missing = max(0, self.dimensions - flat.shape[-1])
        padding = [(0, 0)] * (flat.ndim - 1) + [(0, missing)]
        return np.pad(flat[..., : self.dimensions], padding)


def _known(paths: Float[np.ndarray, "n t d"]) -> Float[np.ndarray, "k d"]:
    """Return the states of which nothing is masked."""
    return paths[~np.isnan(paths).any(axis=-1)]
