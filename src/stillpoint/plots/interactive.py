"""Figures to turn, zoom and ask, for notebooks: Plotly."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..errors import ArgumentError, MissingExtraError
from ..points import FixedPoints, SlowPoints
from ..portraits import FlowField
from .parts.scene import Line, Marks, Scene, scene_of
from .parts.style import NULLCLINES
from .portraits.flow_field import arrows_of, distances_told, under_input_of

# Markers of matplotlib by Plotly's names; those in space are fewer.
_FLAT = {
    "o": "circle",
    "D": "diamond",
    "s": "square",
    "^": "triangle-up",
    "v": "triangle-down",
    "P": "cross",
    "X": "x",
    "<": "triangle-left",
    "p": "pentagon",
    "h": "hexagon",
    ">": "triangle-right",
}
_SOLID = {"o": "circle", "D": "diamond", "s": "square", "P": "cross", "X": "x"}


def interactive(
    *records: Any,
    trajectories: Any = None,
    by: Any = None,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 3,
    max_trajectories: int = 40,
) -> Any:
    """Return a Plotly figure of records, to turn, zoom, and ask what is under the mouse.

    Parameters
    ----------
    *records
        `FixedPoints`, `SlowPoints` and `SlowManifold`s of one system; a `FlowField` in front makes
        the figure two-dimensional, in its plane.
    trajectories, by, trials_by, projection, dimensions, max_trajectories
        As for `plots.fixed_points`. By default fixed points are told apart by their number of
        unstable modes, slow points by their label.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to show.
    MissingExtraError
        If Plotly is not installed; `pip install "stillpoint[plotly]"` does it.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=2)
    >>> points = sp.find_fixed_points(system, np.random.default_rng(0).normal(size=(200, 2)))
    >>> [trace.name for trace in sp.plots.interactive(points).data]
    ['4 stable', '4 with 1 unstable mode', '1 with 2 unstable modes']
    """
    if not records:
        raise ArgumentError("records: there are none; points of a search are wanted, for example.")
    field = records[0] if isinstance(records[0], FlowField) else None
    others = list(records if field is None else records[1:])
    if field is not None:
        projection, dimensions = field.plane, 2
        others = [
            under_input_of(field, r) if isinstance(r, FixedPoints | SlowPoints) else r
            for r in others
        ]
    scene = Scene(() if field is None else field.plane.names, [], [])
    if others or trajectories is not None or field is None:
        scene = scene_of(
            others,
            trajectories,
            by=by,
            trials_by=trials_by,
            projection=projection,
            dimensions=dimensions,
            max_trajectories=max_trajectories,
        )
    figure = _plotly().Figure()
    if field is not None:
        _add_field(figure, field)
    for line in scene.lines:
        figure.add_trace(_line(line))
    for marks in scene.marks:
        figure.add_trace(_marks(marks))
    named: dict[str, Any] = {
        f"{axis}axis": {"title": name} for axis, name in zip("xyz", scene.axes, strict=False)
    }
    if len(scene.axes) == 3:
        named = {"scene": named}
    legend = {"itemsizing": "constant", "orientation": "h", "y": -0.15}
    figure.update_layout(template="simple_white", legend=legend, **named)
    if scene.notes:
        figure.update_layout(legend_title_text="; ".join(scene.notes))
    if field is not None:
        states = [r.xstar for r in others if isinstance(r, FixedPoints | SlowPoints) and len(r)]
        told = field.summary
        if states:
            distances = np.asarray(field.plane.distances(np.concatenate(states)))
            told += f"; {distances_told(distances, np.ptp(field.x))}"
        figure.update_layout(title={"text": told, "font": {"size": 12}})
    return figure


def _plotly() -> Any:
    try:
        import plotly.graph_objects
    except ModuleNotFoundError:
        raise MissingExtraError(
            "plots.interactive: Plotly is not installed; install it with: "
            "pip install 'stillpoint[plotly]'"
        ) from None
    return plotly.graph_objects


def _trace(places: np.ndarray, **options: Any) -> Any:
    """Return a trace through places, in a plane or in space."""
    kind = "Scatter3d" if places.shape[1] == 3 else "Scatter"
    return getattr(_plotly(), kind)(dict(zip("xyz", places.T, strict=False)), **options)


def _line(line: Line) -> Any:
    return _trace(
        line.places,
        mode="lines",
        line={"color": line.colour, "width": 1.5 * line.width},
        opacity=0.5 if line.width < 1 else 1.0,
        name=line.label,
        showlegend=bool(line.label),
        hoverinfo="skip",
    )


def _marks(marks: Marks) -> Any:
    in_space = marks.places.shape[1] == 3
    symbol = (_SOLID if in_space else _FLAT).get(marks.marker, "circle")
    return _trace(
        marks.places,
        mode="markers",
        marker={
            "symbol": symbol,
            "size": (1.0 if in_space else 1.5) * float(np.sqrt(marks.size)),
            "color": marks.faces,
            "line": {"color": marks.edges, "width": 1.5},
        },
        name=marks.label,
        text=marks.texts,
        hoverinfo="text",
    )


def _add_field(figure: Any, field: FlowField) -> None:
    """Add speed, nullclines, and arrows as faint as the motion that lies in the plane is small."""
    go = _plotly()
    with np.errstate(all="ignore"):
        speed = np.log10(field.speed)
    bar = {"title": "log10 speed"}
    figure.add_trace(
        go.Heatmap(
            x=field.x,
            y=field.y,
            z=speed,
            colorscale=["#f7fbff", "#6baed6"],
            colorbar=bar,
            hoverinfo="skip",
        )
    )
    for axis, (name, look) in enumerate(zip(field.plane.names, NULLCLINES, strict=True)):
        dash = "solid" if look["ls"] == "-" else "dash"
        line = {"color": look["color"], "dash": dash, "width": 2}
        figure.add_trace(
            go.Contour(
                x=field.x,
                y=field.y,
                z=field.velocity[..., axis],
                contours={"start": 0, "end": 0, "size": 1, "coloring": "none"},
                line=line,
                showscale=False,
                showlegend=True,
                name=f"nullcline of {name}",
                hoverinfo="skip",
            )
        )
    for darkness, places in arrows_of(field):
        shade = {"color": f"rgba(0, 0, 0, {darkness:.2f})", "width": 1}
        figure.add_trace(
            _trace(places, mode="lines", line=shade, showlegend=False, hoverinfo="skip")
        )
