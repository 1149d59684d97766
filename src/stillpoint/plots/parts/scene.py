"""A picture of states as plain data: marks, lines and names of axes, for whatever draws them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.display import plural
from ..._core.validation import shape_of
from ...branches.slow_manifold import SlowManifold
from ...errors import ArgumentError
from ...points import ClosedCurves, Cycles, FixedPoints, SlowPoints
from ...portraits import AttractorGraph, Portrait
from .by import groups_of_points
from .checks import check_record
from .groups import Groups
from .marks import (
    SEVERAL,
    counted,
    curves_by_look,
    cycles_by_look,
    draw_points,
    edges_by_look,
    face,
    marked_states,
    nodes_by_look,
    slow_statuses,
    stability,
)
from .style import BLACK, GREY
from .trials import choose
from .view import View

Places = Float[np.ndarray, "k q"]


@dataclass(frozen=True, eq=False)
class Marks:
    """Marks of one look: where, of which rows of which record, and what is told of each.

    Attributes
    ----------
    places
        Shape (k, q).
    label
        For a legend.
    texts
        What is told of each mark.
    rows
        Which row of its record each is, shape (k,).
    edges, faces
        The colours of each, as #rrggbb.
    marker, size
        A marker of matplotlib, and its area.
    """

    places: Places
    label: str
    texts: list[str]
    rows: Int[np.ndarray, " k"]
    edges: list[str]
    faces: list[str]
    marker: str = "o"
    size: float = 26.0


@dataclass(frozen=True, eq=False)
class Line:
    """A line through places, shape (t, q), NaN where it is interrupted."""

    places: Places
    label: str = ""
    colour: str = GREY
    width: float = 0.7


@dataclass(frozen=True, eq=False)
class Scene:
    """Marks and lines among named axes.

    Attributes
    ----------
    axes
        The names of the axes, q of them.
    marks, lines
        What is there, the later on top.
    notes
        What colours mean that run along a scale, and how many trajectories there are.
    """

    axes: tuple[str, ...]
    marks: list[Marks]
    lines: list[Line]
    notes: tuple[str, ...] = ()


#: The records that have a scene.
DRAWN = (FixedPoints, SlowPoints, SlowManifold, Cycles, ClosedCurves, AttractorGraph, Portrait)


def scene_of(
    records: Sequence[Any],
    trajectories: Any = None,
    *,
    by: Any = None,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: Any = 3,
    max_trajectories: Any = 40,
) -> Scene:
    """Return the scene of points, manifolds, cycles, curves and graphs among trajectories.

    Arguments are those of `plots.fixed_points`.

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to show.
    """
    for record in records:
        check_record("records", record, *DRAWN)
    records = [part for record in records for part in _parts(record)]
    states = [_states(record) for record in records]
    sizes = {x.shape[1] for x in states}
    if len(sizes) > 1:
        raise ArgumentError(f"records: their states have different sizes, {sorted(sizes)}.")
    size = next(iter(sizes), next(iter(shape_of(trajectories)[::-1]), 0))
    every = np.vstack([np.zeros((0, size)), *states])
    chosen = trajectories, trials_by, max_trajectories
    view = View.of("records", every, *chosen, projection, dimensions)
    place = view.place
    lines, notes = _trials(view), [*_scale_of(view.trials, "trajectories")]
    if view.trials is not None and len(lines) < len(view.trial_places):
        notes.append(_count_of(view, len(lines)))
    marks: list[Marks] = []
    for record in records:
        if isinstance(record, SlowManifold):
            _add_manifold(record, place, marks, lines)
        elif isinstance(record, Cycles):
            _add_cycles(record, place, marks, lines)
        elif isinstance(record, AttractorGraph):
            _add_graph(record, place, marks, lines)
        elif isinstance(record, ClosedCurves):
            for curve, words, look in curves_by_look(record):
                lines.append(Line(place(curve), words, look["color"], look["lw"]))
        elif len(record):
            own = "n_unstable" if isinstance(record, FixedPoints) else "label"
            groups = groups_of_points(own if by is None else by, record, own=own)
            notes += _scale_of(groups, "points")
            marks += _points(record, groups, place)
    return Scene(view.axes, marks, lines, tuple(notes))


def _parts(record: Any) -> list[Any]:
    """Return what is drawn of a record: of a portrait its graph, and cycles that are no points."""
    if not isinstance(record, Portrait):
        return [record]
    cycles = record.cycles
    longer = [] if cycles is None else [cycles.take(np.flatnonzero(cycles.period != 1))]
    return [record.graph, *(one for one in longer if len(one))]


def _scale_of(groups: Groups | None, noun: str) -> list[str]:
    """Return what colours along a scale mean, where there is one."""
    if groups is None or groups.names is not None:
        return []
    low, high = groups.values.min(), groups.values.max()
    return [f"colour of {noun}: {groups.title or 'value'} from {low:.3g} (dark) to {high:.3g}"]


def _states(record: Any) -> Float[np.ndarray, "n d"]:
    if isinstance(record, SlowManifold):
        return record.states[record.present]
    if isinstance(record, AttractorGraph):
        return record.every_state
    is_orbits = isinstance(record, Cycles | ClosedCurves)
    return record.every_state if is_orbits else record.xstar


def _points(record: Any, groups: Groups, place: Any) -> list[Marks]:
    """Return one set of marks for every group and stability."""
    if isinstance(record, FixedPoints):
        are_counted = groups.names is not None and not groups.is_told
        words = (counted if are_counted else stability)(record.n_unstable, record.is_stable)
    else:
        words = slow_statuses(record)
    told, places = _told(record), place(record.xstar)

    def marked(rows: Int[np.ndarray, " k"], **style: Any) -> Any:
        texts = [told[row] for row in rows]
        edges, faces = (_each(style[name], len(rows)) for name in ("edgecolor", "facecolor"))
        look = edges, faces, style["marker"], style["s"]
        return Marks(places[rows], style["label"], texts, rows, *look)

    several = None if isinstance(record, FixedPoints) else SEVERAL
    drawn: list[Any] = draw_points(marked, groups, words, several=several)
    return drawn


def _each(colour: Any, n: int) -> list[str]:
    """Return one colour for each of n marks."""
    return [_hex(colour)] * n if isinstance(colour, str) else [_hex(one) for one in colour]


def _hex(colour: Any) -> str:
    from matplotlib.colors import to_hex

    return str(to_hex(colour))


def _told(record: Any) -> list[str]:
    """Return what the record's own table says of each row."""
    columns = [c for c in record._columns() if c.heading.strip() not in ("x", "under")]
    return [
        ", ".join(f"{c.heading.strip()} {c.entries[k].strip()}".strip() for c in columns)
        for k in range(len(record))
    ]


def _trials(view: View) -> list[Line]:
    """Return the trajectories to draw, in the colours of their groups."""
    places, groups, named, lines = view.trial_places, view.trials, set[str](), []
    chosen = choose(len(places), view.most, groups)
    for k in chosen:
        label = _count_of(view, len(chosen)) if groups is None else groups.told(groups.codes[k])
        colour = GREY if groups is None else _hex(groups.colours[k])
        lines.append(Line(places[k], "" if label in named else label, colour))
        named.add(label)
    return lines


def _count_of(view: View, shown: int) -> str:
    """Return how many trajectories there are, and how many of them are shown."""
    told = plural(len(view.trial_places), "trajectory", "trajectories")
    return told if shown == len(view.trial_places) else f"{shown} of {told}"


def _add_manifold(record: SlowManifold, place: Any, marks: list[Marks], lines: list[Line]) -> None:
    """Add a curve as a line with its places of rest, a sheet as its nodes."""
    if record.dimension > 1:
        nodes = record.states[record.present]
        k, grey = len(nodes), [GREY] * len(nodes)
        marks.append(
            Marks(place(nodes), "slow sheet", [""] * k, np.arange(k), grey, grey, size=8.0)
        )
        return
    closed = record.shape == "ring"
    states = np.vstack([record.states, record.states[:1]]) if closed else record.states
    lines.append(Line(place(states), f"slow {record.shape}", BLACK, 2.0))
    rests = record.rests
    for word, rows in (("stable", rests.attracts), ("unstable", ~rests.attracts)):
        if rows.any():
            told = plural(int(rows.sum()), f"{word} place of rest", f"{word} places of rest")
            chosen = np.flatnonzero(rows)
            look = _each(BLACK, len(chosen)), _each(face(word, BLACK), len(chosen))
            texts = [f"{word} place of rest"] * len(chosen)
            marks.append(Marks(place(rests.states[rows]), told, texts, chosen, *look))


def _add_cycles(cycles: Cycles, place: Any, marks: list[Marks], lines: list[Line]) -> None:
    """Add every cycle as a closed line through its states, in the colour of its kind."""
    told = _told(cycles)
    for rows, words, colour, look in cycles_by_look(cycles):
        orbits = [cycles.orbit(row) for row in rows]
        marked = [marked_states(cycles, row) for row in rows]
        each = np.repeat(rows, [len(states) for states in marked])
        texts, states = [told[row] for row in each], place(np.concatenate(marked))
        edges, faces = (_each(look[name], len(each)) for name in ("edgecolor", "facecolor"))
        marks.append(Marks(states, words, texts, each, edges, faces, look["marker"]))
        closed = [np.vstack([orbit, orbit[:1]]) for orbit in orbits if len(orbit) > 1]
        lines += [Line(place(orbit), "", colour, 1.0) for orbit in closed]


def _add_graph(graph: AttractorGraph, place: Any, marks: list[Marks], lines: list[Line]) -> None:
    """Add nodes, and the orbits from saddles with one unstable direction."""
    for rows, words, look in edges_by_look(graph, all_edges=False):
        for number, row in enumerate(rows):
            label = words if number == 0 else ""
            lines.append(Line(place(graph.path[row]), label, look["color"], look["lw"]))
    for nodes, words, look in nodes_by_look(graph):
        texts = [_told_of_node(graph, node) for node in nodes.tolist()]
        edges, faces = (_each(look[name], len(nodes)) for name in ("edgecolor", "facecolor"))
        style = edges, faces, look["marker"], look["s"]
        marks.append(Marks(place(graph.states[nodes]), words, texts, nodes, *style))


def _told_of_node(graph: AttractorGraph, node: int) -> str:
    leads = ", ".join(map(str, graph.targets(node)))
    return f"node {node}, leads to {leads}" if leads else f"node {node}"
