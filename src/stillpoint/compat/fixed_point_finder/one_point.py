"""plot_fixed_point and plot_123d: one point with its modes, and lines, into axes that exist."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..._core.pca import Projection, as_projection
from ..._core.validation import check_flag, check_real, check_whole, read_floats
from ...errors import ArgumentError, came
from ...plots.parts.checks import check_axes
from ..shared import FixedPointArrays, raises_as_before, read_points


@raises_as_before
def plot_fixed_point(
    ax: Any,
    fp: FixedPointArrays,
    pca: Any,
    scale: float = 1.0,
    max_n_modes: int = 3,
    do_plot_unstable_fps: bool = True,
    do_plot_stable_modes: bool = False,
    stable_color: Any = "k",
    stable_marker: Any = ".",
    unstable_color: Any = "r",
    unstable_marker: Any = None,
    **kwargs: Any,
) -> None:
    """Draw one fixed point and its largest modes.

    Parameters
    ----------
    ax
        Axes of as many dimensions as the projection has, or as the state has without one.
    fp
        A container of one point; modes are drawn where its Jacobian is known.
    pca
        A fitted object with `components_` and `mean_`, or None for states of up to 3 variables.
    scale
        Half length of a mode with ``|lambda| = 1``, in units of the state.
    max_n_modes
        The most modes to draw, the largest ``|lambda|`` first.
    do_plot_unstable_fps, do_plot_stable_modes
        Whether points that are not stable, and modes that decay, are drawn.
    stable_color, stable_marker, unstable_color, unstable_marker, **kwargs
        Of matplotlib's lines.

    Raises
    ------
    ArgumentError
        If there is not one point, or it has more variables than can be drawn.
    """
    from matplotlib.colors import to_rgba
    from matplotlib.markers import MarkerStyle

    point = read_points(fp, "fp")
    if not point.is_single_fixed_point:
        raise ArgumentError(f"fp: got {point.n} points, but a container of one is wanted.")
    half, most = check_real("scale", scale, least=0), check_whole("max_n_modes", max_n_modes, 0)
    check_flag("do_plot_unstable_fps", do_plot_unstable_fps)
    check_flag("do_plot_stable_modes", do_plot_stable_modes)
    for name, style in (("stable_color", stable_color), ("unstable_color", unstable_color)):
        _check_style(name, style, to_rgba, "a colour")
    for name, style in (("stable_marker", stable_marker), ("unstable_marker", unstable_marker)):
        _check_style(name, "" if style is None else style, MarkerStyle, "a marker")
    projection = _projection(pca, point.xstar.shape[1])
    values, vectors = _modes(point)
    is_stable = bool(point.is_stable[0] if point.is_stable is not None else (abs(values) < 1).all())
    if not (is_stable or do_plot_unstable_fps):
        return
    for size, vector in list(zip(abs(values), vectors.T, strict=True))[:most]:
        if size > 1 or do_plot_stable_modes:
            ends = point.xstar + half * size * np.outer([-1, 0, 1], vector.real)
            color = unstable_color if size > 1 else stable_color
            plot_123d(ax, projection.transform(ends), **({"color": color} | kwargs))
    color, marker = (
        (stable_color, stable_marker) if is_stable else (unstable_color, unstable_marker)
    )
    place = projection.transform(point.xstar.astype(np.float64))
    plot_123d(ax, place, **({"color": color, "marker": marker, "markersize": 12} | kwargs))


@raises_as_before
def plot_123d(ax: Any, z: Any, **kwargs: Any) -> None:
    """Draw places of one, two or three coordinates as a line.

    Parameters
    ----------
    ax
        Axes of matplotlib; with three dimensions for three coordinates.
    z
        Shape (n, 1), against their number, (n, 2) or (n, 3).
    **kwargs
        Of matplotlib's lines.

    Raises
    ------
    ArgumentError
        If there are other numbers of coordinates, or the axes do not fit.
    """
    places = read_floats("z", z)
    if places.ndim != 2 or not 1 <= places.shape[1] <= 3:
        raise ArgumentError(f"z: got shape {places.shape}, but (n, 1), (n, 2) or (n, 3) is wanted.")
    if ax is None:
        raise ArgumentError("ax: got None, but axes of matplotlib are wanted.")
    check_axes(ax, 3 if places.shape[1] == 3 else 2)
    ax.plot(*places.T, **kwargs)


def _check_style(name: str, style: Any, read: Callable[[Any], Any], wanted: str) -> None:
    try:
        read(style)
    except Exception:  # matplotlib raises many kinds
        raise ArgumentError(
            f"{name}: got {came(style)}, but {wanted} of matplotlib is wanted."
        ) from None


def _projection(pca: Any, d: int) -> Projection:
    """Return a projection, for small states that of every variable onto itself."""
    if pca is not None and d >= 3:
        return as_projection(pca)
    if d > 3:
        raise ArgumentError(f"pca: got None, but one is wanted to draw states of {d} variables.")
    return Projection.of(np.eye(d), np.zeros(d))


def _modes(point: FixedPointArrays) -> tuple[np.ndarray, np.ndarray]:
    """Return eigenvalues, the largest first, and eigenvectors; none where they are not known."""
    point = point[0]
    if point.J_xstar is not None:
        point.decompose_jacobians()
    if point.eigval_J_xstar is None or point.eigvec_J_xstar is None:
        return np.zeros(0), np.zeros((point.xstar.shape[1], 0))
    return point.eigval_J_xstar[0], point.eigvec_J_xstar[0]
