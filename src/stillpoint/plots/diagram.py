"""Bifurcation diagrams: a readout of the state against the parameter."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from .._core.display import plural
from .._core.pca import Projection, fit_pca
from .._core.validation import check_flag, read_floats, whole_number
from ..diagrams import Diagram, EventKind
from ..errors import ArgumentError, came
from .parts.checks import axes_or_new, check_axes, check_projection, check_record
from .parts.legend import complete
from .parts.style import BLACK, COUNTS, LINES, MARKERS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# What belongs to cycles alone can be drawn by name.
_NAMED = ("amplitude", "period")


def diagram(
    diagram: Diagram,
    readout: Any = None,
    *,
    events: bool = True,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw a bifurcation diagram: a readout of the state against the parameter.

    Stable branches are solid and black; unstable ones are broken, in the colour of their number of
    unstable directions. Events have a mark for each kind.

    Parameters
    ----------
    diagram
        From `follow_points` or `follow_cycles`.
    readout
        What is drawn: the number of a unit, weights of shape (d,), the first component of a
        `Projection`, or "amplitude" or "period" of cycles. By default the first principal component
        of all states.
    events
        Whether events are marked.
    legend
        Whether to add a legend.
    ax
        Axes to draw in; new ones if left out.

    Returns
    -------
    dict
        The artists: "branches" (lines) and "events" (one collection for each kind).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind or shape, or there is no branch; no figure is made
        then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> one = np.ones((1, 1))
    >>> system = sp.as_system(sp.cells.VanillaCell(2 * one, one, np.zeros(1)))
    >>> points = sp.find_all_fixed_points(system, [0.0])
    >>> found = sp.follow_points(system, points, sp.path([-1.0], [1.0], values=[-1, 1]))
    >>> drawn = sp.plots.diagram(found, readout=0)
    >>> [line.get_label() for line in drawn["branches"]], len(drawn["events"])
    (['stable', '1 unstable direction', '_'], 1)
    """
    check_record("diagram", diagram, Diagram)
    check_flag("events", events)
    check_flag("legend", legend)
    check_axes(ax)
    if not len(diagram):
        raise ArgumentError("diagram: it has no branch: nothing to draw.")
    values, name = _read_readout(diagram, readout)
    at_events = _at_events(diagram, values)
    ax = axes_or_new(ax)
    lines, seen = [], set()
    for rows, n in _runs(diagram):
        label = "_" if n in seen else "stable" if n == 0 else plural(n, "unstable direction")
        seen.add(n)
        lines += ax.plot(diagram.parameter[rows], values[rows], label=label, **_look(n))
    marks = []
    for kind in np.unique(diagram.events.kind) if events else ():
        rows = np.flatnonzero(diagram.events.kind == kind)
        told = plural(len(rows), EventKind(int(kind)).noun)
        where = diagram.events.parameter[rows], at_events[rows]
        marks.append(ax.scatter(*where, label=told, **_mark(int(kind))))
    ax.set(xlabel="parameter", ylabel=name)
    complete(ax, legend)
    return {"branches": lines, "events": marks}


def _read_readout(diagram: Diagram, readout: Any) -> tuple[Float[np.ndarray, " n"], str]:
    """Return what is drawn at every place, and its name."""
    d = diagram.states.shape[1]
    if readout is None:
        if d == 1:
            return diagram.states[:, 0], "state"
        return _seen(fit_pca(diagram.states, n_components=1), diagram)
    if isinstance(readout, Projection):
        return _seen(check_projection(readout, 1, d), diagram)
    if isinstance(readout, str):
        if readout in _NAMED:
            values: Float[np.ndarray, " n"] = getattr(diagram, readout)
            return values, readout
        raise ArgumentError(
            f"readout: got {came(readout)}, but the number of a unit, {d} weights, "
            f"{' or '.join(map(repr, _NAMED))} is wanted."
        )
    unit = whole_number(readout)
    if unit is not None:
        if not -d <= unit < d:
            raise ArgumentError(f"readout: got unit {unit}, but there are {d}.")
        return diagram.states[:, unit], f"unit {unit % d}"
    weights = read_floats("readout", readout)
    if weights.shape != (d,):
        raise ArgumentError(
            f"readout: got shape {weights.shape}, but the number of a unit or weights of shape "
            f"({d},) are wanted."
        )
    return diagram.states @ weights, "readout"


def _seen(projection: Projection, diagram: Diagram) -> tuple[Float[np.ndarray, " n"], str]:
    return projection.transform(diagram.states)[:, 0], projection.names[0]


def _at_events(diagram: Diagram, values: Float[np.ndarray, " n"]) -> Float[np.ndarray, " e"]:
    """Return what is drawn at events: at the nearest place of their branch."""
    found = np.full(len(diagram.events), np.nan)
    size = np.ptp(diagram.parameter) or 1.0
    for k, event in enumerate(diagram.events):
        rows = np.flatnonzero(diagram.branch == event.branch)
        apart = np.linalg.norm(diagram.states[rows] - event.state, axis=1)
        apart += np.abs(diagram.parameter[rows] - event.parameter) / size
        found[k] = values[rows[apart.argmin()]]
    return found


def _runs(diagram: Diagram) -> Iterator[tuple[Int[np.ndarray, " k"], int]]:
    """Yield places between which a branch has one number of unstable directions, and that."""
    for branch in range(len(diagram)):
        rows = np.flatnonzero(diagram.branch == branch)
        n = diagram.n_unstable[rows]
        starts = [0, *(np.flatnonzero(n[1:-1] != n[:-2]) + 1).tolist(), len(rows) - 1]
        for first, last in pairwise(starts):
            yield rows[first : last + 1], int(n[first])


def _mark(kind: int) -> dict[str, Any]:
    """Return how events of a kind are marked."""
    marker = MARKERS[kind % len(MARKERS)]
    return {"marker": marker, "facecolor": "white", "edgecolor": BLACK, "s": 20, "zorder": 3}


def _look(n: int) -> dict[str, Any]:
    """Return how a branch with so many unstable directions is drawn."""
    return {
        "color": COUNTS[n % len(COUNTS)],
        "ls": LINES[0] if n == 0 else LINES[1 + (n - 1) % (len(LINES) - 1)],
        "lw": 1.6 if n == 0 else 1.0,
    }
