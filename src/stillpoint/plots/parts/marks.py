"""Points as marks: colour and marker say to which group one belongs, its fill how it attracts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ..._core.display import plural
from ...census import kinds_of
from ...local import n_unstable as count_unstable
from ...points import ClosedCurves, Cycles, SlowPoints
from ...portraits import AttractorGraph
from .groups import Groups
from .style import BLACK, CONDITIONS, COUNTS, GREY, LINES, MARKERS

if TYPE_CHECKING:
    from matplotlib.collections import PathCollection

#: Plurals of what slow points are.
SEVERAL = {
    **{
        f"{word} fixed point": f"{word} fixed points" for word in ("stable", "unstable", "marginal")
    },
    "ghost": "ghosts",
    "unstable ghost": "unstable ghosts",
    "slow region": "samples of a slow region",
    "unstable slow region": "samples of an unstable slow region",
}
_ORDER = ("stable", "marginal", "with", "unstable", "undecided")  # in legends


def stability(
    n_unstable: Int[np.ndarray, " n"], is_stable: Bool[np.ndarray, " n"]
) -> Shaped[np.ndarray, " n"]:
    """Return "stable", "unstable", "marginal" for points on the border, else "undecided".

    Examples
    --------
    >>> stability(np.array([0, 0, 2, -1]), np.array([True, False, False, False])).tolist()
    ['stable', 'marginal', 'unstable', 'undecided']
    """
    kinds = kinds_of(n_unstable, is_stable)
    return np.where(n_unstable > 0, "unstable", kinds)


def counted(
    n_unstable: Int[np.ndarray, " n"], is_stable: Bool[np.ndarray, " n"]
) -> Shaped[np.ndarray, " n"]:
    """Return the same, with the number of unstable modes.

    Examples
    --------
    >>> counted(np.array([0, 2]), np.array([True, False])).tolist()
    ['stable', 'with 2 unstable modes']
    """
    words = [f"with {plural(int(k), 'unstable mode')}" for k in n_unstable]
    return np.where(n_unstable > 0, words, stability(n_unstable, is_stable))


def slow_statuses(points: SlowPoints) -> Shaped[np.ndarray, " n"]:
    """Return what each point is, beginning with its stability where that means something."""
    lin = points.linearization
    border = 1.0 if lin.kind == "map" else 0.0
    softest = np.abs(lin.eigenvalues - border).argmin(axis=1)[:, None]
    others = np.ones(lin.eigenvalues.shape, dtype=bool)
    np.put_along_axis(others, softest, False, axis=1)
    rest = lin.eigenvalues[others].reshape(len(points), -1)
    # On a kink one Jacobian does not show that a point attracts.
    fixed = stability(lin.n_unstable, lin.is_stable & (points.n_kinks == 0))
    passed = np.where(count_unstable(rest, lin.kind) > 0, "unstable ", "")
    words = np.where(points.label == "fixed point", np.char.add(fixed, " "), passed)
    return np.char.add(words, points.label.astype(np.str_))


def face(status: str, colour: Any, inside: str = "white") -> Any:
    """Return what fills a mark: its colour where stable, `inside` where unstable, else grey.

    Examples
    --------
    >>> [face(status, "#0072B2") for status in ("stable", "unstable", "marginal")]
    ['#0072B2', 'white', '#999999']
    """
    if status.startswith("stable"):
        return colour
    return inside if status.startswith(("unstable", "with")) else GREY


def draw_points(
    scatter: Callable[..., PathCollection],
    groups: Groups,
    statuses: Shaped[np.ndarray, " n"],
    *,
    several: Mapping[str, str] | None = None,
    size: float = 26,
    per: int = 1,
    inside: str = "white",
    **style: Any,
) -> list[PathCollection]:
    """Draw one collection for every group and status, labelled for a legend.

    Parameters
    ----------
    scatter
        Draws some of the marks: scatter(rows, **style).
    groups
        Colour and marker of each mark.
    statuses
        What each is, for the legend and for its fill, shape (n,).
    several
        The plural of a status, where it has one.
    size
        Area of a mark, in square points; stable ones are larger, slow regions smaller.
    per
        How many marks belong to one point.
    inside
        What fills open marks: "none" shows those behind them.
    """
    colours, drawn = np.array(groups.colours), []
    for code in np.unique(groups.codes).tolist():
        for status in sorted({*statuses[groups.codes == code].tolist()}, key=_rank):
            rows = np.flatnonzero((groups.codes == code) & (statuses == status))
            number = len(rows) // per
            told = plural(number, status, (several or {}).get(status, status))
            name, shades = groups.told(code), [*colours[rows]]
            drawn.append(
                scatter(
                    rows,
                    label=f"{name}: {told}" if name else told,
                    marker=MARKERS[code % len(MARKERS)],
                    s=size
                    * (1.4 if status.startswith("stable") else 0.4 if "region" in status else 1),
                    facecolor=face(status, shades, inside),
                    edgecolor=shades,
                    **style,
                )
            )
    return drawn


def _rank(status: str) -> tuple[int, str]:
    first = status.split()[0]
    return (_ORDER.index(first) if first in _ORDER else len(_ORDER), status)


def cycles_by_look(cycles: Cycles) -> Iterator[tuple[list[int], str, Any, dict[str, Any]]]:
    """Yield cycles of one period and stability: rows, words, colour of lines, look of marks.

    Limit cycles of a flow are told apart by their stability alone.
    """
    stable = np.where(cycles.is_stable, "stable", "unstable")
    kinds = stable if cycles.is_flow else cycles.period
    for number, kind in enumerate(np.unique(kinds).tolist()):
        colour, marker = CONDITIONS[number % len(CONDITIONS)], MARKERS[number % len(MARKERS)]
        for word in ("stable", "unstable"):
            rows = np.flatnonzero((kinds == kind) & (stable == word)).tolist()
            if rows:
                look = {"marker": marker, "edgecolor": colour, "facecolor": face(word, colour)}
                what = plural(len(rows), f"{word} limit cycle")
                told = f"{plural(len(rows), word, word)} of period {kind}"
                yield rows, what if cycles.is_flow else told, colour, look


def marked_states(cycles: Cycles, row: int) -> Float[np.ndarray, "k d"]:
    """Return the states of a cycle that have marks: those of a map, the first of a flow."""
    return cycles.orbit(row)[: 1 if cycles.is_flow else None]


def curves_by_look(
    curves: ClosedCurves,
) -> Iterator[tuple[Float[np.ndarray, "n d"], str, dict[str, Any]]]:
    """Yield closed curves one by one: states, the first again at the end, words, look of a line."""
    for row, stable in enumerate(curves.is_stable.tolist()):
        word = "stable" if stable else "unstable"
        look = {"color": CONDITIONS[row % len(CONDITIONS)], "ls": LINES[row % len(LINES)]}
        states = curves.orbit(row)
        words = f"{word}, a turn in {curves.period[row]:.4g} steps"
        yield np.vstack([states, states[:1]]), words, look | {"lw": 1.6 if stable else 0.8}


def nodes_by_look(
    graph: AttractorGraph,
) -> Iterator[tuple[Int[np.ndarray, " k"], str, dict[str, Any]]]:
    """Yield nodes of one kind: rows, words, look of marks."""
    attracts = graph.is_attractor
    orders = np.where(attracts, 0, np.where(graph.n_unstable > 0, graph.n_unstable, -1))
    for order in np.unique(orders).tolist():
        rows = np.flatnonzero(orders == order)
        colour = COUNTS[order % len(COUNTS)] if order >= 0 else GREY
        words = f"{len(rows)} with {plural(order, 'unstable mode')}"
        if order <= 0:
            words = plural(len(rows), "attractor") if order == 0 else f"{len(rows)} undecided"
        filled = colour if order == 0 else "white"
        look = {"marker": MARKERS[order % len(MARKERS)], "edgecolor": colour, "facecolor": filled}
        yield rows, words, look | {"s": 36.0 if order == 0 else 26.0}


def edges_by_look(
    graph: AttractorGraph, all_edges: bool, followed: bool = True
) -> Iterator[tuple[list[int], str, dict[str, Any]]]:
    """Yield edges of one evidence, the strongest first: rows, words, look of lines.

    Without `all_edges` those of saddles with one unstable direction; only those that were
    `followed`, whose orbits can be drawn, unless all are wanted.
    """
    there = (graph.target >= 0) & (all_edges | (graph.side != 0))
    if followed:
        there &= np.isfinite(graph.path[:, :1, :1]).all(axis=(1, 2))
    looks = {
        "proved": {"color": BLACK, "ls": "-", "lw": 1.6},
        "decided": {"color": GREY, "ls": "-", "lw": 0.9},
        "estimated": {"color": GREY, "ls": LINES[1], "lw": 0.9},
    }
    for evidence, look in looks.items():
        rows = np.flatnonzero(there & (graph.evidence == evidence)).tolist()
        if rows:
            yield rows, f"{evidence} connection", look | {"zorder": 2}
