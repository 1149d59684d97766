"""Axes that show a projection of the state space."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from .._core.pca import Projection, as_projection, fit_pca
from .._core.validation import check_whole, read_floats
from ..errors import ArgumentError
from .style import QUIET, axes_or_new

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
        Trajectories, shape (trials, time, d), or None.
    """

    ax: Any  # with two axes or three, whose methods differ
    projection: Projection
    dimensions: int
    paths: Float[np.ndarray, "n t d"] | None

    @classmethod
    def of(
        cls,
        ax: Axes | None,
        dimensions: Any,
        states: Float[np.ndarray, "k d"],
        trajectories: Any,
        projection: Any,
    ) -> Canvas:
        """Return the canvas for some states, with principal components where none are given."""
        if dimensions not in (2, 3):
            raise ArgumentError(f"dimensions: got {dimensions!r}, but 2 or 3 is wanted.")
        ax = axes_or_new(ax, dimensions)
        if (ax.name == "3d") != (dimensions == 3):
            raise ArgumentError(
                f"ax: got {ax.name} axes, but dimensions={dimensions}; make 3-D axes with "
                f"figure.add_subplot(projection='3d')."
            )
        size = states.shape[1]
        paths = _read_paths(trajectories, size)
        if paths is None and not len(states):
            raise ArgumentError(
                "points: there are none, and no trajectories either: nothing to draw."
            )
        if projection is None:
            projection = fit_pca(states if paths is None else paths, dimensions)
        fitted = as_projection(projection)
        if fitted.components_.shape[1] != size:
            raise ArgumentError(
                f"projection: it is of states of size {fitted.components_.shape[1]}, but those to "
                f"draw have size {size}."
            )
        return cls(ax, fitted, dimensions, paths)

    def place(self, states: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... q"]:
        """Return where states are in the picture."""
        return self._padded(self.projection.transform(states))

    def direct(self, vectors: Float[np.ndarray, "... d"]) -> Float[np.ndarray, "... q"]:
        """Return directions in the picture."""
        return self._padded(self.projection.directions(vectors))

    def draw_trajectories(self, most: Any, colours: Any = None) -> list[Line2D]:
        """Draw at most so many trajectories as thin lines, grey unless each has a colour."""
        most = check_whole("max_trajectories", most, least=0)
        paths = self.paths[:most] if self.paths is not None else np.zeros((0, 1, 1))
        if colours is None:
            colours = [QUIET] * len(paths)
        elif isinstance(colours, str) or len(colours) < len(paths):
            raise ArgumentError(
                f"colours: got {colours!r}, but one for each of the {len(paths)} trials is wanted."
            )
        lines: list[Line2D] = []
        for path, shade in zip(paths, colours, strict=False):
            lines += self.ax.plot(*self.place(path).T, color=shade, lw=0.5, alpha=0.7, zorder=1)
        return lines

    def scatter(self, states: Float[np.ndarray, "n d"], **style: Any) -> PathCollection:
        """Draw states as marks."""
        flat = {"depthshade": False} if self.dimensions == 3 else {}
        return self.ax.scatter(*self.place(states).T, **style, **flat)

    def label_axes(self) -> None:
        """Name the axes as principal components."""
        for number, axis in enumerate("xyz"[: self.dimensions], start=1):
            getattr(self.ax, f"set_{axis}label")(f"PC {number}")

    def _padded(self, flat: Float[np.ndarray, "... k"]) -> Float[np.ndarray, "... q"]:
        """Return coordinates with zeros where the state has fewer dimensions than the picture."""
        missing = max(0, self.dimensions - flat.shape[-1])
        padding = [(0, 0)] * (flat.ndim - 1) + [(0, missing)]
        return np.pad(flat[..., : self.dimensions], padding)


def _read_paths(trajectories: Any, size: int) -> Float[np.ndarray, "n t d"] | None:
    if trajectories is None:
        return None
    paths = read_floats("trajectories", trajectories)
    if paths.ndim != 3 or paths.shape[2] != size:
        raise ArgumentError(
            f"trajectories: got shape {paths.shape}, but (trials, time, {size}) is wanted; for "
            f"one trial pass trajectories[None]."
        )
    return paths
