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
from .record import AttractorGraph
from .sides import UnstableSides, nearest_pairs

# Two directions that lead to different attractors are halved so often; what is between them then
# passes the saddle on their border within this distance, relative to max(1, |x|).
_HALVED, _PASSED = 46, 1e-3

# Pairs of directions of one saddle that are halved, at most.
_PAIRS = 64


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
        If an argument does not fit, or there is no point.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1)
    >>> graph = sp.connect(system, sp.find_all_fixed_points(system))
    >>> graph.pairs
    [(2, 0), (2, 1)]
    """
    check_points(system, check_kind("points", points, FixedPoints, "a record of fixed points"))
    if not len(points):
        raise ArgumentError("points: there is none, so nothing can be connected.")
    directions = check_whole("directions", directions, least=2)
    steps, seed = check_whole("steps", steps, least=1), read_seed("seed", seed)
    inputs = np.unique(points.inputs, axis=0)
    if attractors is None:
        attractors = find_attractors(system, inputs, points, seed=seed)
    else:
        check_kind("attractors", attractors, Attractors, "what find_attractors returns")
        attractors.system.check_same("attractors", system.info)
    nodes = _Nodes.of(points, attractors)
    edges = []
    for u in inputs:
        here = np.flatnonzero((points.inputs == u).all(axis=1))
        edges += _under(system, u, points, here, attractors, nodes, (directions, steps, seed))
    told = {"directions": directions, "steps": steps, "seed": seed}
    return _record(system, points, attractors, nodes, edges, told)


@dataclass(frozen=True, eq=False)
class _Nodes:
    """The points, and behind them the attractors that are none of them."""

    of_attractor: Int[np.ndarray, " a"]
    others: Int[np.ndarray, " o"]

    @classmethod
    def of(cls, points: FixedPoints, attractors: Attractors) -> _Nodes:
        node = points._rows_of(attractors)
        others = np.flatnonzero(attractors.attracts & (node < 0))
        node[others] = len(points) + np.arange(len(others))
        return cls(node, others)


@dataclass(frozen=True)
class _Edge:
    source: int
    target: int
    side: int
    share: float
    steps: int
    evidence: str


def _under(
    system: System,
    u: Float[np.ndarray, " m"],
    points: FixedPoints,
    here: Int[np.ndarray, " h"],
    attractors: Attractors,
    nodes: _Nodes,
    options: tuple[int, int, int],
) -> list[_Edge]:
    """Return the edges under one input."""
    directions, steps, seed = options
    rows = np.flatnonzero((attractors.inputs == u).all(axis=1) & (nodes.of_attractor >= 0))
    saddles = here[points.n_unstable[here] > 0]
    leading = Leading(
        system, u, [Target.of(attractors, int(row)) for row in rows], points.xstar[saddles], steps
    )
    rng, edges = np.random.default_rng(seed), []
    sides = [UnstableSides.of(points, int(row), directions, rng) for row in saddles]
    if not sides:
        return []
    own = np.repeat(np.arange(len(sides)), [len(side.vectors) for side in sides])
    led = leading.lead(np.concatenate([side.starts(side.vectors) for side in sides]))
    node = np.append(nodes.of_attractor[rows], -1)
    for number, side in enumerate(sides):
        mine = np.flatnonzero(own == number)
        edges += _to_attractors(int(saddles[number]), side, led, mine, node)
        if side.dimension > 1:
            passed = _borders(leading, side, number, led.target[mine])
            edges += [
                _Edge(int(saddles[number]), int(saddles[other]), 0, np.nan, taken, "decided")
                for other, taken in passed.items()
            ]
    return _with_inclusions(edges, {int(k): int(points.n_unstable[k]) for k in saddles})


def _to_attractors(
    source: int,
    side: UnstableSides,
    led: Led,
    mine: Int[np.ndarray, " k"],
    node: Int[np.ndarray, " t"],
) -> list[_Edge]:
    """Return the edges to attractors: two of a line, of a sphere one for each attractor."""
    targets, taken = node[led.target[mine]], led.steps[mine]
    known = np.where(targets >= 0, "decided", "none").tolist()
    if side.dimension == 1:
        several = zip(targets.tolist(), (1, -1), taken.tolist(), known, strict=True)
        return [_Edge(source, target, way, 0.5, n, told) for target, way, n, told in several]
    edges = []
    for target in np.unique(targets).tolist():
        there = targets == target
        told = "decided" if target >= 0 else "none"
        n = int(np.median(taken[there]))
        edges.append(_Edge(source, target, 0, float(there.mean()), n, told))
    return edges


def _borders(
    leading: Leading, side: UnstableSides, number: int, targets: Int[np.ndarray, " k"]
) -> dict[int, int]:
    """Return the saddles on borders between directions, and the steps to pass them."""
    one, other = nearest_pairs(side.vectors, targets)
    one, other = one[:_PAIRS], other[:_PAIRS]
    if not len(one):
        return {}
    a, b, of_a = side.vectors[one], side.vectors[other], targets[one]
    for _ in range(_HALVED):
        middle = a + b
        middle /= np.linalg.norm(middle, axis=1, keepdims=True)
        same = (leading.lead(side.starts(middle)).target == of_a)[:, None]
        a, b = np.where(same, middle, a), np.where(same, b, middle)
    led = leading.lead(side.starts(a), np.full(len(a), number))
    near = led.distance < _PASSED
    return {int(k): int(led.steps[near & (led.passed == k)].min()) for k in set(led.passed[near])}


def _with_inclusions(edges: list[_Edge], orders: dict[int, int]) -> list[_Edge]:
    """Return the edges with those that inclusion suggests: what q leads to, p leads to as well."""
    reached = {k: {e.target for e in edges if e.source == k and e.target >= 0} for k in orders}
    for p in sorted(orders, key=lambda k: orders[k]):
        for q in orders:
            if not 1 < orders[q] < orders[p] or q in reached[p] or not reached[q]:
                continue
            if reached[q] <= reached[p]:
                edges.append(_Edge(p, q, 0, np.nan, -1, "estimated"))
    return edges


def _record(
    system: System,
    points: FixedPoints,
    attractors: Attractors,
    nodes: _Nodes,
    edges: list[_Edge],
    told: dict[str, Any],
) -> AttractorGraph:
    n, others = len(points), nodes.others
    edges = sorted(edges, key=lambda e: (e.source, e.target, -e.side))

    def each(name: str, kind: Any) -> Any:
        return np.array([getattr(edge, name) for edge in edges], dtype=kind)

    stable: Bool[np.ndarray, " n"] = points.is_stable
    rest = attractors.kind[others] == OrbitEnd.POINT
    period = np.where(rest, 1.0, attractors.period[others])
    return AttractorGraph(
        source=each("source", np.int64),
        target=each("target", np.int64),
        side=each("side", np.int64),
        share=each("share", float),
        steps=each("steps", np.int64),
        evidence=each("evidence", np.str_),
        states=np.concatenate([points.xstar, attractors.states[others, 0]]),
        inputs=np.concatenate([points.inputs, attractors.inputs[others]]),
        kind=np.concatenate([np.full(n, OrbitEnd.POINT), attractors.kind[others]]).astype(np.int64),
        n_unstable=np.concatenate([points.n_unstable, np.zeros(len(others), np.int64)]),
        is_attractor=np.concatenate([stable, np.ones(len(others), dtype=bool)]),
        sign=np.concatenate([_signs(points), np.ones(len(others), np.int64)]),
        period=np.concatenate([np.ones(n), period]),
        system=system.info,
        provenance=provenance("connect", system, points.xstar, **told),
    )


def _signs(points: FixedPoints) -> Int[np.ndarray, " n"]:
    """Return the sign of the determinant on the unstable directions of each point."""
    if points.system.kind == "flow":
        return np.ones(len(points), dtype=np.int64)
    below = (np.abs(points.eigenvalues.imag) == 0) & (points.eigenvalues.real < -1)
    return np.where(below.sum(axis=1) % 2, -1, 1)
