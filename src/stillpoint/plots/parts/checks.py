"""What comes in is looked at before there is a figure, so that no empty one stays open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from jaxtyping import Float

from ..._core.pca import Projection
from ..._core.validation import check_whole, read_floats, whole_number
from ...errors import ArgumentError, came

if TYPE_CHECKING:
    from matplotlib.axes import Axes

T = TypeVar("T")

_MADE_BY = {
    "FixedPoints": "find_fixed_points(system, states)",
    "SlowPoints": "find_slow_points(system, states)",
    "SlowManifold": "follow_slow_manifold(system, states)",
    "Linearization": "linearize(system, states)",
    "AttractorGraph": "connect(system, points)",
    "Attractors": "find_attractors(system)",
    "Cycles": "find_cycles(system)",
    "LyapunovSpectrum": "lyapunov(system, start)",
    "ClosedCurves": "find_closed_curves(system, starts)",
    "Portrait": "portrait(system)",
    "FlowField": "flow_field(system, plane)",
}


def check_record(name: str, value: Any, *kinds: type[T]) -> T:
    """Return `value` if it is a record of one of some kinds.

    Raises
    ------
    ArgumentError
        If it is anything else; the message says which call makes the first kind.

    Examples
    --------
    >>> check_record("points", "a", int)
    Traceback (most recent call last):
    stillpoint.errors.ArgumentError: points: got 'a', but int is wanted.
    """
    if isinstance(value, kinds):
        return value
    wanted = " or ".join(kind.__name__ for kind in kinds)
    maker = _MADE_BY.get(kinds[0].__name__)
    hint = f", as stillpoint.{maker} returns." if maker else "."
    raise ArgumentError(f"{name}: got {came(value)}, but {wanted} is wanted{hint}")


def check_row(name: str, row: Any, n: int) -> int:
    """Return the number of one of `n` rows; negative ones count from the end.

    Examples
    --------
    >>> check_row("row", -1, 3)
    2
    """
    number = check_whole(name, row, least=-n)
    if number >= n:
        raise ArgumentError(
            f"{name}: got {came(row)}, but there are {n} states; a whole number from {-n} to "
            f"{n - 1} is wanted."
        )
    return number % n


def check_axes(ax: Any, dimensions: int = 2) -> None:
    """Raise an `ArgumentError` unless `ax` is None or axes of so many dimensions."""
    from matplotlib.axes import Axes

    if ax is None:
        return
    if not isinstance(ax, Axes):
        raise ArgumentError(
            f"ax: got {came(ax)}, but one matplotlib Axes is wanted, such as "
            f"plt.figure().add_subplot(), or None for new ones."
        )
    if (ax.name == "3d") != (dimensions == 3):
        advice = "make 3-D axes with figure.add_subplot(projection='3d')"
        if dimensions == 2:
            advice = "make them with figure.add_subplot()"
        raise ArgumentError(
            f"ax: got {ax.name} axes, but the figure has dimensions={dimensions}; {advice}."
        )


def axes_or_new(ax: Axes | None, dimensions: int = 2) -> Axes:
    """Return `ax`, or the axes of a new figure, in which legends and labels find their room."""
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    projection = "3d" if dimensions == 3 else None
    return plt.figure(layout="constrained").add_subplot(projection=projection)


def check_dimensions(dimensions: Any) -> int:
    """Return 2 or 3."""
    if whole_number(dimensions) not in (2, 3):
        raise ArgumentError(f"dimensions: got {came(dimensions)}, but 2 or 3 is wanted.")
    return int(dimensions)


def check_projection(fitted: Projection, dimensions: int, size: int) -> Projection:
    """Return a projection of states of that size onto the axes of a picture."""
    shape, least = np.shape(fitted.components_), min(dimensions, size)
    if len(shape) != 2 or shape[1] != size or np.shape(fitted.mean_) != (size,):
        raise ArgumentError(
            f"projection: got components_ of shape {shape} and mean_ of shape "
            f"{np.shape(fitted.mean_)}, but (k, {size}) and ({size},) are wanted: the states to "
            f"draw have size {size}."
        )
    if shape[0] < least:
        raise ArgumentError(
            f"projection: got {shape[0]} components, but dimensions={dimensions} needs {least}; "
            f"fit one with sp.fit_pca(states, {dimensions})."
        )
    return fitted


def read_paths(trajectories: Any, size: int) -> Float[np.ndarray, "n t d"] | None:
    """Return trajectories of states of that size, or None; masked states are NaN.

    Examples
    --------
    >>> read_paths(np.ma.masked_greater([[[1.0], [2.0]]], 1.5), 1).tolist()
    [[[1.0], [nan]]]
    """
    if trajectories is None:
        return None
    is_masked = isinstance(trajectories, np.ma.MaskedArray)
    given = np.ma.getdata(trajectories) if is_masked else trajectories
    paths = read_floats("trajectories", given, finite=False)
    hidden = np.ma.getmaskarray(trajectories) if is_masked else np.zeros(paths.shape, dtype=bool)
    if paths.ndim != 3 or paths.shape[2] != size or not paths.size:
        raise ArgumentError(
            f"trajectories: got shape {paths.shape}, but (trials, time, {size}) is wanted, not "
            f"empty; for one trial pass trajectories[None]."
        )
    if bad := int((~np.isfinite(paths) & ~hidden).sum()):
        raise ArgumentError(
            f"trajectories: {bad} of {paths.size} values are NaN or infinite; if that is padding, "
            f"mask it: np.ma.masked_invalid(trajectories); else repair the network that made them."
        )
    unknown = np.any(hidden, axis=-1)
    if empty := np.flatnonzero(unknown.all(axis=1)).tolist():
        raise ArgumentError(
            f"trajectories: of trial {empty[0]} everything is masked; leave out trials of which "
            f"nothing is known: {came(empty)}."
        )
    paths[unknown] = np.nan
    return paths
