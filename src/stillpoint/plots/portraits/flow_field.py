"""A flow field with its nullclines, and points and trajectories on top."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ..._core.validation import check_flag, check_option, check_real
from ...errors import ArgumentError
from ...points import FixedPoints, SlowPoints
from ...portraits import FlowField
from ..fixed_points import fixed_points_on
from ..parts.by import groups_of_points
from ..parts.canvas import Canvas
from ..parts.checks import check_record
from ..parts.legend import add_bar
from ..parts.style import BLACK, NULLCLINES
from ..slow_points import slow_points_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Arrows along each axis, and the share of the motion from which on they are as dark as they get.
_ARROWS, _FAINTEST = 24, 0.12


def flow_field(
    field: FlowField,
    points: FixedPoints | SlowPoints | None = None,
    trajectories: Any = None,
    *,
    style: str = "arrows",
    nullclines: bool = True,
    by: Any = "n_unstable",
    trials_by: Any = None,
    mode_length: float = 0.06,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw how states of a plane move, with points, unstable modes and trajectories on top.

    Arrows and streamlines show the direction of the motion in the plane and are faint where little
    of the motion lies in it; colour shows the speed in the whole state space. The title says how
    much of the motion the plane shows, and how far from it the points lie.

    Parameters
    ----------
    field
        From `stillpoint.flow_field`.
    points
        Points of a search of the same system, projected onto the plane; of several inputs those
        under the input of the field.
    trajectories
        Shape (trials, time, d), as for `plots.fixed_points`.
    style
        "arrows", "streamlines", or "none".
    nullclines
        Whether to draw where the motion along each of the two axes is zero.
    by, trials_by, mode_length, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "speed" (an image), "flow" (arrows or streamlines), "nullclines" (two contour
        sets), "points", "modes", "trajectories", "colorbars"; and "distances", how far each point
        is from the plane.

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape; no figure is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=2)
    >>> points = sp.find_fixed_points(system, np.random.default_rng(0).normal(size=(200, 2)))
    >>> field = sp.flow_field(system, around=points)
    >>> drawn = sp.plots.flow_field(field, points, style="streamlines")
    >>> drawn["distances"].max().item()
    0.0
    """
    check_record("field", field, FlowField)
    check_option("style", style, ("arrows", "streamlines", "none"))
    check_flag("nullclines", nullclines)
    check_flag("legend", legend)
    length = check_real("mode_length", mode_length, least=0)
    states, groups = field.plane.mean_[None], None
    if points is not None:
        check_record("points", points, FixedPoints, SlowPoints)
        points = under_input_of(field, points)
        states, groups = points.xstar, groups_of_points(by, points, own="n_unstable")
    seen = (field.plane, 2, ax)
    canvas = Canvas.of(states, groups, trajectories, trials_by, max_trajectories, seen)
    artists: dict[str, Any] = {
        "speed": _draw_speed(canvas.ax, field),
        "flow": _draw_flow(canvas.ax, field, style),
        "nullclines": _draw_nullclines(canvas.ax, field) if nullclines else [],
        "trajectories": canvas.draw_trajectories(),
        "points": [],
        "modes": [],
        "distances": np.zeros(0),
    }
    told = field.summary
    if points is not None and len(points):
        if isinstance(points, FixedPoints):
            artists |= fixed_points_on(canvas, points, length)
        else:
            artists["points"] = slow_points_on(canvas, points)
        distances = artists["distances"] = field.plane.distances(points.xstar)
        told += f"\n{distances_told(np.asarray(distances), np.ptp(field.x))}"
    canvas.ax.set_title(told, fontsize="x-small", loc="left", wrap=True)
    canvas.ax.set(xlim=field.x[[0, -1]], ylim=field.y[[0, -1]])
    speed = [add_bar(canvas.ax, artists["speed"], "speed")]
    return artists | {"colorbars": [*speed, *canvas.complete(legend)]}


def under_input_of(field: FlowField, points: Any) -> Any:
    """Return the points under the input of a field.

    Raises
    ------
    ArgumentError
        If there are points, but none under that input, or of a system of another size.
    """
    sizes = len(field.plane.mean_), len(field.inputs)
    theirs = points.xstar.shape[1], points.inputs.shape[1]
    if theirs != sizes:
        raise ArgumentError(
            f"points: their states and inputs have sizes {theirs}, but those of the field {sizes}."
        )
    same = (points.inputs == field.inputs).all(axis=1)
    if len(points) and not same.any():
        raise ArgumentError(
            "points: none is under the input of the field; search under field.inputs, or make the "
            "field under theirs."
        )
    return points[same]


def distances_told(distances: Float[np.ndarray, " n"], width: float) -> str:
    """Return how far points lie from the plane, in words; what is rounding is no distance."""
    if distances.max() < 1e-9 * width:
        return "points lie in it"
    return f"points lie {np.median(distances):.2g} off it (median), {distances.max():.2g} at most"


def _draw_speed(ax: Any, field: FlowField) -> Any:
    """Draw the speed, on a logarithmic scale over at most four decades."""
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap, LogNorm

    known = field.speed[field.speed > 0]
    most = float(known.max(initial=0.0)) or 1.0
    least = max(float(known.min(initial=most)), 1e-4 * most)
    norm = LogNorm(min(least, most / 10), most)
    dx, dy = (np.diff(axis[:2]) / 2 for axis in (field.x, field.y))
    return ax.imshow(
        np.clip(field.speed, norm.vmin, None),
        norm=norm,
        cmap=ListedColormap(colormaps["Blues"](np.linspace(0, 0.6, 256))),
        extent=(field.x[0] - dx, field.x[-1] + dx, field.y[0] - dy, field.y[-1] + dy),
        origin="lower",
        aspect="auto",
        interpolation="bilinear",
        zorder=0,
    )


def _draw_flow(ax: Any, field: FlowField, style: str) -> Any:
    """Draw directions, the fainter the less of the motion lies in the plane."""
    shade = np.clip(np.nan_to_num(field.share), _FAINTEST, 1.0)
    if style == "streamlines":
        from matplotlib.colors import ListedColormap, Normalize

        fading = ListedColormap(np.linspace([0, 0, 0, 0], [0, 0, 0, 1], 256))
        return ax.streamplot(
            *(field.x, field.y),
            *np.moveaxis(field.velocity, -1, 0),
            color=shade,
            cmap=fading,
            norm=Normalize(0, 1),
            linewidth=0.7,
            arrowsize=0.7,
            density=1.3,
            zorder=1,
        )
    if style == "none":
        return None
    rows, columns = (_thinned(len(axis)) for axis in (field.y, field.x))
    velocity = field.velocity[rows][:, columns]
    longest = np.linalg.norm(velocity, axis=-1, keepdims=True)
    with np.errstate(all="ignore"):
        directions = np.where(longest > 0, velocity / longest, np.nan)
    return ax.quiver(
        *(field.x[columns], field.y[rows], directions[..., 0], directions[..., 1]),
        alpha=shade[rows][:, columns].ravel(),
        color=BLACK,
        pivot="mid",
        scale=1.4 * _ARROWS,
        width=0.0025,
        zorder=1,
    )


def _thinned(n: int) -> Any:
    """Return the numbers of those grid lines that carry arrows."""
    return np.unique(np.linspace(0, n - 1, min(n, _ARROWS)).round().astype(int))


def _draw_nullclines(ax: Any, field: FlowField) -> list[Any]:
    """Draw where the motion along each axis is zero, with an entry each for the legend."""
    drawn = []
    for axis, (name, look) in enumerate(zip(field.plane.names, NULLCLINES, strict=False)):
        part: Float[np.ndarray, "l k"] = field.velocity[..., axis]
        if np.nanmin(part) < 0 < np.nanmax(part):
            style = {"colors": look["color"], "linestyles": look["ls"], "linewidths": 1.2}
            drawn.append(ax.contour(field.x, field.y, part, levels=[0.0], **style, zorder=1.5))
            ax.plot([], [], **look, lw=1.2, label=f"nullcline of {name}", zorder=1.5)
    return drawn


def arrows_of(field: FlowField) -> Iterator[tuple[float, np.ndarray]]:
    """Yield a darkness, and the arrows that are so dark as one interrupted line, shape (k, 2)."""
    rows, columns = (_thinned(len(axis)) for axis in (field.y, field.x))
    centre = np.stack(np.meshgrid(field.x[columns], field.y[rows]), axis=-1).reshape(-1, 2)
    velocity = field.velocity[rows][:, columns].reshape(-1, 2)
    shade = np.nan_to_num(field.share[rows][:, columns]).ravel()
    spacing = np.array([np.ptp(field.x) / len(columns), np.ptp(field.y) / len(rows)])
    with np.errstate(all="ignore"):
        v = velocity / spacing  # of equal length in the picture
        v = 0.4 * spacing * v / np.linalg.norm(v, axis=1, keepdims=True)
    across = v[:, ::-1] / spacing[::-1] * spacing * [-1, 1]
    tip, gap = centre + v, np.full_like(v, np.nan)
    left, right = (tip - 0.5 * v + side * 0.25 * across for side in (-1, 1))
    parts = np.stack([centre - v, tip, left, tip, right, gap], axis=1)
    for least, most in itertools.pairwise((0.0, 0.25, 0.5, 0.75, 1.01)):
        chosen = (shade >= least) & (shade < most) & np.isfinite(v).all(axis=1)
        if chosen.any():
            yield max(0.12, least + 0.12), parts[chosen].reshape(-1, 2)
