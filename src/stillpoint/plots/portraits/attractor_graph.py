"""Which states lead to which: in the state space, and as a diagram of levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.validation import check_flag, check_sequence
from ...errors import ArgumentError
from ...portraits import AttractorGraph
from ..parts.canvas import Canvas
from ..parts.checks import axes_or_new, check_axes, check_record
from ..parts.legend import complete
from ..parts.marks import edges_by_look, nodes_by_look

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Sweeps in which nodes of a diagram move above the middle of those they lead to.
_SWEEPS = 8


def attractor_graph(
    graph: AttractorGraph,
    trajectories: Any = None,
    *,
    all_edges: bool = False,
    trials_by: Any = None,
    projection: Any = None,
    dimensions: int = 2,
    max_trajectories: int = 40,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw saddles and attractors, and the orbits that lead from the ones to the others.

    Colours are those of unstable directions; attractors are filled. Orbits of proved edges are
    thicker than those of decided ones. Edges that were not followed have no orbit.

    Parameters
    ----------
    graph
        From `connect`.
    all_edges
        Whether orbits from saddles with several unstable directions are drawn too.
    trajectories, trials_by, projection, dimensions, max_trajectories, legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "trajectories" (lines), "edges" (lines), "nodes" (one collection for every
        kind), "colorbars" (of `trials_by`, if any).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind, size or shape, or there is nothing to draw; no figure
        is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=2, lefschetz=1)
    >>> graph = sp.connect(system, sp.find_all_fixed_points(system))
    >>> drawn = sp.plots.attractor_graph(graph)
    >>> [marks.get_label() for marks in drawn["nodes"]], len(drawn["edges"])
    (['4 attractors', '4 with 1 unstable mode', '1 with 2 unstable modes'], 8)
    """
    check_record("graph", graph, AttractorGraph)
    check_flag("legend", legend)
    check_flag("all_edges", all_edges)
    seen = (projection, dimensions, ax)
    canvas = Canvas.of(graph.every_state, None, trajectories, trials_by, max_trajectories, seen)
    artists = {"trajectories": canvas.draw_trajectories(), **draw_graph(canvas, graph, all_edges)}
    return artists | {"colorbars": canvas.complete(legend)}


def draw_graph(canvas: Canvas, graph: AttractorGraph, all_edges: bool) -> dict[str, list[Any]]:
    """Draw orbits and nodes; return both."""
    edges: list[Any] = []
    for rows, words, look in edges_by_look(graph, all_edges):
        for number, row in enumerate(rows):
            label = words if number == 0 else "_"
            edges += canvas.draw_line(graph.path[row], label=label, **look)
    nodes = [
        canvas.scatter(graph.states[rows], label=words, zorder=3, **look)
        for rows, words, look in nodes_by_look(graph)
    ]
    return {"edges": edges, "nodes": nodes}


def hasse_diagram(
    graph: AttractorGraph,
    *,
    labels: Any = None,
    legend: bool = True,
    ax: Axes | None = None,
) -> dict[str, Any]:
    """Draw which states lead to which in levels, by their unstable directions: attractors below.

    A line leads down from each node to those that it leads to, without those that others lead to
    on the way (`graph.hasse`): thick where that is proved, dashed where it is estimated.

    Parameters
    ----------
    graph
        From `connect`, under one input.
    labels
        One word for each node, or one for each attractor in the order of `graph.attractors`; their
        numbers by default.
    legend, ax
        As for `plots.fixed_points`.

    Returns
    -------
    dict
        The artists: "edges" (lines), "nodes" (one collection for every kind), "labels" (texts).

    Raises
    ------
    ArgumentError
        If an argument is of the wrong kind or size; no figure is made then.

    Examples
    --------
    >>> import matplotlib; matplotlib.use("Agg")
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=2, lefschetz=1)
    >>> graph = sp.connect(system, sp.find_all_fixed_points(system))
    >>> drawn = sp.plots.hasse_diagram(graph, labels=["--", "-+", "+-", "++"])
    >>> len(drawn["edges"]), len(drawn["labels"])
    (12, 4)
    """
    check_record("graph", graph, AttractorGraph)
    check_flag("legend", legend)
    check_axes(ax)
    if not len(graph.states):
        raise ArgumentError("graph: it has no nodes, so there is nothing to draw.")
    named, words = _labels(graph, labels)
    places = _places(graph)
    ax = axes_or_new(ax)
    kept, artists = set(graph.hasse()), dict[str, Any](edges=[])
    for rows, told, look in edges_by_look(graph, all_edges=True, followed=False):
        pairs = sorted({(int(graph.source[k]), int(graph.target[k])) for k in rows} & kept)
        kept -= set(pairs)  # several edges between two nodes are one line, of the best evidence
        for number, pair in enumerate(pairs):
            label = told if number == 0 else "_"
            artists["edges"] += ax.plot(*places[list(pair)].T, label=label, **look)
    artists["nodes"] = [
        ax.scatter(*places[rows].T, label=told, zorder=3, **look)
        for rows, told, look in nodes_by_look(graph)
    ]
    artists["labels"] = [
        ax.annotate(word, places[node], (0, -9), textcoords="offset points", ha="center", va="top")
        for node, word in zip(named, words, strict=True)
    ]
    levels = np.unique(places[:, 1])
    ax.set(xticks=[], yticks=levels, ylabel="unstable directions", ylim=(-0.6, levels[-1] + 0.4))
    ax.spines[["top", "right", "bottom"]].set_visible(False)
    complete(ax, legend)
    return artists


def _labels(graph: AttractorGraph, labels: Any) -> tuple[Int[np.ndarray, " k"], list[str]]:
    """Return which nodes have labels, and which."""
    if labels is None:
        return graph.attractors, [str(node) for node in graph.attractors]
    words = check_sequence("labels", labels, str, "a list of words")
    if len(words) == len(graph.states):
        return np.arange(len(words)), words
    if len(words) == len(graph.attractors):
        return graph.attractors, words
    raise ArgumentError(
        f"labels: got {len(words)}, but one for each of {len(graph.states)} nodes, or of "
        f"{len(graph.attractors)} attractors, is wanted."
    )


def _places(graph: AttractorGraph) -> Float[np.ndarray, "n 2"]:
    """Return where nodes are: the level of each, and in it near the middle of its neighbours."""
    level = np.maximum(graph.n_unstable, 0).astype(float)
    leads = np.zeros((len(level), len(level)))
    for p, q in graph.hasse():
        leads[p, q] = leads[q, p] = 1.0
    across = np.zeros(len(level))
    spread = np.linalg.svd(graph.states - graph.states.mean(axis=0), full_matrices=False)
    first = (spread[0] * spread[1])[:, 0]
    for value in np.unique(level):
        _spread_out(across, np.flatnonzero(level == value), first)
    for _ in range(_SWEEPS):
        for value in np.unique(level):
            rows = np.flatnonzero(level == value)
            near = leads[rows] @ across / np.maximum(leads[rows].sum(axis=1), 1)
            known = np.where(leads[rows].any(axis=1), near, across[rows])
            wanted = across.copy()
            wanted[rows] = known
            _spread_out(across, rows, wanted)
    return np.stack([across, level], axis=1)


def _spread_out(
    across: Float[np.ndarray, " n"], rows: Int[np.ndarray, " k"], wanted: Float[np.ndarray, " n"]
) -> None:
    """Place nodes of a level at equal distances, in the order that is wanted."""
    order = np.argsort(wanted[rows], kind="stable")
    across[rows[order]] = (np.arange(len(rows)) + 0.5) / len(rows)
