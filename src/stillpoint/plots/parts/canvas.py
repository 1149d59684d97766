"""Axes that show a projection of the state space, with trials behind everything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from .checks import axes_or_new, check_axes
from .groups import Groups
from .legend import complete
from .trials import draw_trials
from .view import View

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
    view
        From where states are seen, and the trajectories behind everything.
    points, trials
        The groups of points and of trials, or None; a name that both have has one colour.
    """

    ax: Any  # with two axes or three, whose methods differ
    view: View
    points: Any  # groups, or None where nothing has any
    trials: Groups | None

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
        chosen = trajectories, trials_by, max_trajectories
        view = View.of("points", states, *chosen, projection, dimensions)
        check_axes(ax, view.dimensions)
        points = points and points.beside(view.trials)
        ax = axes_or_new(ax, view.dimensions)
        if view.dimensions == 3:
            vars(ax)["computed_zorder"] = False  # points lie on top of lines, also behind them
        return cls(ax, view, points, view.trials and view.trials.beside(points))

    def draw_trajectories(self) -> list[Line2D]:
        """Draw trajectories as thin lines, grey unless they have groups."""
        return draw_trials(self.ax, self.view.trial_places, self.trials, self.view.most)

    def scatter(self, states: Float[np.ndarray, "n d"], **style: Any) -> PathCollection:
        """Draw states as marks."""
        flat = {"depthshade": False} if self.view.dimensions == 3 else {}
        return self.ax.scatter(*self.view.place(states).T, **style, **flat)

    def draw_loop(self, states: Float[np.ndarray, "n d"], **style: Any) -> list[Line2D]:
        """Draw a line through states that ends where it begins."""
        places = self.view.place(np.vstack([states, states[:1]]))
        return list(self.ax.plot(*places.T, **({"lw": 0.9, "zorder": 2} | style)))

    def draw_line(self, states: Float[np.ndarray, "n d"], **style: Any) -> list[Line2D]:
        """Draw a line through states."""
        return list(self.ax.plot(*self.view.place(states).T, **style))

    def complete(self, legend: bool) -> list[Any]:
        """Name the axes as the projection does, and add what is needed to read them."""
        for axis, name in zip("xyz", self.view.axes, strict=False):
            getattr(self.ax, f"set_{axis}label")(name)
        return complete(self.ax, legend, (self.points, "points"), (self.trials, "trials"))
