"""Connections between the states of a network: unstable manifolds followed to where they lead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ..._core.validation import check_kind, check_whole, read_seed
from ...errors import ArgumentError
from ...points import Attractors, FixedPoints, OrbitEnd
from ...search.certify import check_points
from ...search.options import provenance
from ...system import System
from ..attractors import find_attractors
from ..leading import Leading, Led, Target
from .borders import Borders
from .morse import signs
from .nodes import nodes_of
from .paths import Passing, passing
from .record import AttractorGraph
from .sides import UnstableSides

# Two directions that lead to different attractors are halved so often; what is between them then
# passes the saddle on their border within this distance, relative to max(1, |x|).
_HALVED, _PASSED = 46, 1e-3


@np.errstate(all="ignore")
def connect(
    system: System,
    points: FixedPoints,
    attractors: Attractors | None = None,
    *,
    directions: int = 128,
    steps: int = 20_000,
    seed: int = 0,
) -> AttractorGraph:
    """Return which states of a network lead to which: its graph of saddles and attractors.

    The unstable manifold of every saddle is followed. One of one dimension is two orbits, one to
    each side; of a larger one a sphere of directions is. Where two directions lead to different
    attractors, the border between them leads to another saddle, which is found by halving.

    Parameters
    ----------
    system
        From `as_system`.
    points
        Its fixed points, from a search.
    attractors
        From `find_attractors`; looked for if left out.
    directions
        How many directions of a saddle with two or more unstable ones are followed.
    steps
        Steps of each orbit, at most.
    seed
        Of random directions and starts.

    Returns
    -------
    AttractorGraph
        Nodes are the points, then attractors that are none; an edge for every connection.

    Raises
    ------
    ArgumentError
        If an argument does not fit, or there are neither points nor starts.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1)
    >>> graph = sp.connect(system, sp.find_all_fixed_points(system))
    >>> graph.pairs
    [(2, 0), (2, 1)]
    """
    check_points(system, check_kind("points", points, FixedPoints, "a record of fixed points"))
    directions = check_whole("directions", directions, least=2)
    steps, seed = check_whole("steps", steps, least=1), read_seed("seed", seed)
    inputs = np.unique((points if len(points) else points.starts).inputs, axis=0)
    if not len(inputs):
        raise ArgumentError("points: there is none, nor a start, so that no input is known.")
    if attractors is None:
        attractors = find_attractors(system, inputs, points, seed=seed)
    else:
        check_kind("attractors", attractors, Attractors, "what find_attractors returns")
        attractors.system.check_same("attractors", system.info)
    nodes = _Nodes.of(points, attractors)
    edges: list[_Edge] = []
    passed: list[Passing] = []
    for u in inputs:
        here = np.flatnonzero((points.inputs == u).all(axis=1))
        found, seen = _under(system, u, points, here, attractors, nodes, (directions, steps, seed))
        edges, passed = edges + found, [*passed, seen]
    told = {"directions": directions, "steps": steps, "seed": seed}
    return _record(system, points, attractors, nodes, edges, Passing.joined(passed), told)


@dataclass(frozen=True, eq=False)
class _Nodes:
    """The points, and behind them the attractors that are none of them."""

    of_attractor: Int[np.ndarray, " a"]
    others: Int[np.ndarray, " o"]
    states: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]

    @classmethod
    def of(cls, points: FixedPoints, attractors: Attractors) -> _Nodes:
        node = nodes_of(attractors, points)
        others = np.flatnonzero(node >= len(points))
        states = np.concatenate([points.xstar, attractors.states[others, 0]])
        return cls(node, others, states, np.concatenate([points.inputs, attractors.inputs[others]]))


@dataclass(frozen=True, eq=False)
class _Edge:
    """An edge, and where the orbit behind it begins; NaN where none was followed."""

    source: int
    target: int
    side: int
    share: float
    steps: int
    evidence: str
    start: Float[np.ndarray, " d"]

    @property
    def order(self) -> tuple[int, int, int]:
        """By source, then by target."""
        return self.source, self.target, -self.side


def _under(
    system: System,
    u: Float[np.ndarray, " m"],
    points: FixedPoints,
    here: Int[np.ndarray, " h"],
    attractors: Attractors,
    nodes: _Nodes,
    options: tuple[int, int, int],
) -> tuple[list[_Edge], Passing]:
    """Return the edges under one input, and where the orbits behind them run."""
    directions, steps, seed = options
    rows = np.flatnonzero((attractors.inputs == u).all(axis=1) & (nodes.of_attractor >= 0))
    saddles = here[points.n_unstable[here] > 0]
    leading = Leading(
        system, u, [Target.of(attractors, int(row)) for row in rows], points.xstar[saddles], steps
    )
    rng, edges = np.random.default_rng(seed), []
    sides = [UnstableSides.of(points, int(row), directions, rng) for row in saddles]
    own = np.repeat(np.arange(len(sides)), [len(side.vectors) for side in sides])
    none = np.zeros((0, points.xstar.shape[1]))
    led = leading.lead(np.concatenate([none, *(side.starts for side in sides)]))
    node = np.append(nodes.of_attractor[rows], -1)
    each = [np.flatnonzero(own == number) for number in range(len(sides))]
    for number, side in enumerate(sides):
        edges += _to_attractors(int(saddles[number]), side, led, each[number], node)
    edges += _to_saddles(leading, saddles, sides, [led.target[mine] for mine in each])
    edges = _with_inclusions(edges, {int(k): int(points.n_unstable[k]) for k in saddles})
    return edges, _passed(leading, edges, nodes)


def _passed(leading: Leading, edges: list[_Edge], nodes: _Nodes) -> Passing:
    """Return where the orbits behind edges run, and which nodes under their input they pass."""
    among = np.flatnonzero((nodes.inputs == leading.u).all(axis=1))
    place = np.full(len(nodes.inputs) + 1, -1)
    place[among] = np.arange(len(among))
    starts = np.array([edge.start for edge in edges]).reshape(-1, nodes.states.shape[1])
    ends = np.array([(edge.source, edge.target) for edge in edges], dtype=np.int64).reshape(-1, 2)
    steps = np.array([edge.steps for edge in edges], dtype=np.int64)
    seen = passing(leading.advance, starts, steps, nodes.states[among], place[ends])
    return seen._replace(nearest=np.append(among, -1)[seen.nearest])


def _to_attractors(
    source: int,
    side: UnstableSides,
    led: Led,
    mine: Int[np.ndarray, " k"],
    node: Int[np.ndarray, " t"],
) -> list[_Edge]:
    """Return the edges to attractors: two of a line, of a sphere one for each attractor."""
    targets, taken, starts = node[led.target[mine]], led.steps[mine], side.starts
    if side.dimension == 1:
        chosen, ways, shares = [0, 1], [1, -1], [0.5, 0.5]
    else:  # of all orbits to a target, the one that took the median time
        reached = [np.flatnonzero(targets == target) for target in np.unique(targets)]
        chosen = [int(k[np.argsort(taken[k], kind="stable")[len(k) // 2]]) for k in reached]
        ways, shares = [0] * len(reached), [len(k) / len(targets) for k in reached]
    return [
        _Edge(
            source=source,
            target=int(targets[k]),
            side=way,
            share=share,
            steps=int(taken[k]),
            evidence="decided" if targets[k] >= 0 else "none",
            start=starts[k],
        )
        for k, way, share in zip(chosen, ways, shares, strict=True)
    ]


def _to_saddles(
    leading: Leading,
    saddles: Int[np.ndarray, " s"],
    sides: list[UnstableSides],
    targets: list[Int[np.ndarray, " k"]],
) -> list[_Edge]:
    """Return the edges to saddles on borders between directions that lead to different targets."""
    if not sides:
        return []
    borders = Borders.of(sides, targets)
    for _ in range(_HALVED if len(borders.own) else 0):
        borders = borders.halved(lambda starts: leading.lead(starts).target)
    starts, edges = borders.starts, []
    led = leading.lead(starts, borders.own)
    near = led.distance < _PASSED
    for p, q in np.unique(np.stack([borders.own, led.passed])[:, near], axis=1).T.tolist():
        rows = np.flatnonzero(near & (borders.own == p) & (led.passed == q))
        first = rows[led.when[rows].argmin()]
        source, target, taken = int(saddles[p]), int(saddles[q]), int(led.when[first])
        edges.append(_Edge(source, target, 0, np.nan, taken, "decided", starts[first]))
    return edges


def _with_inclusions(edges: list[_Edge], orders: dict[int, int]) -> list[_Edge]:
    """Return the edges with those that inclusion suggests: what q leads to, p leads to as well."""
    nowhere = np.full(len(edges[0].start) if edges else 0, np.nan)
    reached = {k: {e.target for e in edges if e.source == k and e.target >= 0} for k in orders}
    for p in sorted(orders, key=lambda k: orders[k]):
        for q in orders:
            if not 1 < orders[q] < orders[p] or q in reached[p] or not reached[q]:
                continue
            if reached[q] <= reached[p]:
                edges.append(_Edge(p, q, 0, np.nan, -1, "estimated", nowhere))
    return edges


def _record(
    system: System,
    points: FixedPoints,
    attractors: Attractors,
    nodes: _Nodes,
    edges: list[_Edge],
    passed: Passing,
    told: dict[str, Any],
) -> AttractorGraph:
    n, others = len(points), nodes.others
    order = sorted(range(len(edges)), key=lambda k: edges[k].order)

    def each(name: str, kind: Any) -> Any:
        return np.array([getattr(edges[k], name) for k in order], dtype=kind)

    stable: Bool[np.ndarray, " n"] = points.is_stable
    rest = attractors.kind[others] == OrbitEnd.POINT
    period = np.where(rest, 1.0, attractors.period[others])
    sign = signs(points.eigenvalues) if system.kind == "map" else np.ones(n, np.int64)
    return AttractorGraph(
        source=each("source", np.int64),
        target=each("target", np.int64),
        side=each("side", np.int64),
        share=each("share", float),
        steps=each("steps", np.int64),
        evidence=each("evidence", np.str_),
        whole_side=np.zeros(len(edges), dtype=bool),
        path=passed.path[order],
        nearest=passed.nearest[order],
        distance=passed.distance[order],
        states=nodes.states,
        inputs=nodes.inputs,
        kind=np.concatenate([np.full(n, OrbitEnd.POINT), attractors.kind[others]]).astype(np.int64),
        n_unstable=np.concatenate([points.n_unstable, np.zeros(len(others), np.int64)]),
        is_attractor=np.concatenate([stable, np.ones(len(others), dtype=bool)]),
        sign=np.concatenate([sign, np.ones(len(others), np.int64)]),
        period=np.concatenate([np.ones(n), period]),
        system=system.info,
        provenance=provenance("connect", system, points.xstar, **told),
    )
