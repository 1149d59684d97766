"""Still pictures as SVG: what a report shows without scripts, and what prints."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
from jaxtyping import Complex, Float

from ..dynamics import Kind
from ..plots.parts.scene import Marks, Scene
from ..plots.parts.style import BLACK, GREY
from ..plots.portraits.flow_field import arrows_of
from ..portraits import FlowField

_WIDTH, _HEIGHT, _MARGIN = 640.0, 460.0, 44.0
_SAMPLE = '<svg class="sample" viewBox="0 0 16 16" aria-hidden="true">{}</svg>'


class _Frame:
    """From coordinates to pixels, over the range of some places."""

    def __init__(self, places: Float[np.ndarray, "n 2"], equal: bool = False) -> None:
        known = places[~np.isnan(places).any(axis=1)]
        low, high = known.min(axis=0), known.max(axis=0)
        room = np.array([_WIDTH, _HEIGHT]) - 2 * _MARGIN
        width = np.where(high > low, high - low, 1.0)
        scale = room / width
        if equal:
            scale[:] = scale.min()
        self.middle, self.scale = (low + high) / 2, scale * [1, -1]
        self.low, self.high = low, high

    def __call__(self, places: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "n 2"]:
        return (places - self.middle) * self.scale + [_WIDTH / 2, _HEIGHT / 2]

    def labels(self, x: str, y: str) -> str:
        """Return the names of the axes, with their ranges."""
        (x0, y0), (x1, y1) = self.low, self.high
        across, up = f"{x} ({x0:.3g} to {x1:.3g})", f"{y} ({y0:.3g} to {y1:.3g})"
        middle = _HEIGHT / 2
        return (
            f'<text x="{_WIDTH / 2:g}" y="{_HEIGHT - 12:g}" text-anchor="middle">{escape(across)}'
            f'</text><text x="16" y="{middle:g}" text-anchor="middle" '
            f'transform="rotate(-90 16 {middle:g})">{escape(up)}</text>'
        )


def portrait(scene: Scene) -> str:
    """Return the first two axes of a scene."""
    places = [line.places for line in scene.lines] + [marks.places for marks in scene.marks]
    frame = _Frame(np.vstack(places)[:, :2])
    drawn = [
        f'<path d="{_path(frame(line.places[:, :2]))}" fill="none" stroke="{line.colour}" '
        f'stroke-width="{line.width:g}" opacity="{0.5 if line.width < 1 else 1}"/>'
        for line in scene.lines
    ]
    for marks in scene.marks:
        for k, (x, y) in enumerate(frame(marks.places[:, :2])):
            drawn.append(_mark(marks, k, x, y))
    return _picture("".join(drawn) + frame.labels(*scene.axes[:2]), "The portrait, from one side")


def spectrum(values: Complex[np.ndarray, "n k"], kind: Kind) -> str:
    """Return eigenvalues in the complex plane with the border of stability; one class a row."""
    flat = np.stack([values.real.ravel(), values.imag.ravel()], axis=1)
    shown = np.vstack([flat, [[-1, -1], [1, 1]] if kind == "map" else [[0, -1e-3], [0, 1e-3]]])
    frame = _Frame(shown, equal=kind == "map")
    (cx, cy), radius = frame(np.zeros((1, 2)))[0], abs(frame.scale[0])
    border = f'<circle cx="{cx:.1f}" cy="{cy:.1f}" r="{radius:.1f}" fill="none" stroke="{GREY}"/>'
    if kind == "flow":
        border = f'<path d="M{cx:.1f} 0V{_HEIGHT:g}" stroke="{GREY}"/>'
    each = values.shape[1]
    dots = "".join(
        f'<circle class="eigenvalue" data-row="{k // each}" cx="{x:.1f}" cy="{y:.1f}" r="3" '
        f'fill="none" stroke="{BLACK}"/>'
        for k, (x, y) in enumerate(frame(flat))
    )
    return _picture(border + dots + frame.labels("Re λ", "Im λ"), "Eigenvalues")


def curve(x: Float[np.ndarray, " k"], y: Float[np.ndarray, " k"], across: str, up: str) -> str:
    """Return a curve, and the line where it would be zero."""
    places = np.stack([x, y], axis=1)
    frame = _Frame(np.vstack([places, [[x[0], 0.0]]]))
    zero = frame(np.array([[x[0], 0.0], [x[-1], 0.0]]))
    return _picture(
        f'<path d="{_path(zero)}" stroke="{GREY}"/>'
        f'<path d="{_path(frame(places))}" fill="none" stroke="{BLACK}"/>'
        + frame.labels(across, up),
        f"{up} {across}",
    )


def flow_field(field: FlowField) -> str:
    """Return the arrows of a flow field."""
    corners = np.array([[field.x[0], field.y[0]], [field.x[-1], field.y[-1]]])
    frame = _Frame(corners)
    drawn = "".join(
        f'<path d="{_path(frame(places))}" fill="none" stroke="{BLACK}" opacity="{darkness:.2f}"/>'
        for darkness, places in arrows_of(field)
    )
    return _picture(drawn + frame.labels(*field.plane.names), "Flow field")


def sample(marks: Marks) -> str:
    """Return a mark by itself, for a legend."""
    return (
        f'<svg class="sample" viewBox="0 0 16 16" aria-hidden="true">{_mark(marks, 0, 8, 8)}</svg>'
    )


def stroke(colour: str) -> str:
    """Return a line by itself, for a legend."""
    return _SAMPLE.format(f'<path d="M0 8H16" stroke="{colour}" stroke-width="2"/>')


def _picture(drawn: str, title: str) -> str:
    return (
        f'<svg viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" aria-label="{escape(title)}">'
        f"{drawn}</svg>"
    )


def _path(places: Float[np.ndarray, "n 2"]) -> str:
    """Return a line through places, interrupted where they are not known."""
    words, pen = [], "M"
    for x, y in places:
        if np.isnan(x) or np.isnan(y):
            pen = "M"
        else:
            words.append(f"{pen}{x:.1f} {y:.1f}")
            pen = "L"
    return "".join(words)


# Corners of markers in a circle of radius one: turned polygons; what has no corners is a circle.
_CORNERS = {"D": (4, 0.0), "s": (4, 45.0), "^": (3, -90.0), "v": (3, 90.0), "<": (3, 180.0)} | {
    ">": (3, 0.0),
    "p": (5, -90.0),
    "h": (6, -90.0),
}


def _mark(marks: Marks, k: int, x: float, y: float) -> Any:
    radius = 0.5 * float(np.sqrt(marks.size)) + 1
    look = f'fill="{marks.faces[k]}" stroke="{marks.edges[k]}" stroke-width="1.5"'
    row = f'class="mark" data-row="{marks.rows[k]}"'
    told = f"<title>{escape(marks.texts[k])}</title>"
    if marks.marker not in _CORNERS:
        return f'<circle {row} cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" {look}>{told}</circle>'
    corners, turn = _CORNERS[marks.marker]
    angles = np.deg2rad(turn + 360 / corners * np.arange(corners))
    path = _path(np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1))
    return f'<path {row} d="{path}Z" {look}>{told}</path>'
