"""What a comparison needs of one network, whichever records of it there are."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Complex, Float, Int

from ..._core.files import read_path
from ..._core.netcdf import load
from ...errors import ArgumentError, came
from ...points import FixedPoints, OrbitEnd
from ...portraits import AttractorGraph, Automaton, Portrait


@dataclass(frozen=True, eq=False)
class Places:
    """Where points lie, how many directions leave them, and the dynamics around each.

    Attributes
    ----------
    states, inputs
        Shapes (n, d) and (n, m).
    n_unstable
        Unstable directions, -1 where not known, shape (n,).
    eigenvalues
        The leading ones, NaN where not known, shape (n, k); k = 0 where none are.
    jacobian, input_jacobian
        Shapes (n, d, d) and (n, d, m), None where they are not kept.
    tolerance
        Below which two positions are one.
    weights
        A hash of the weights, or None.
    """

    states: Float[np.ndarray, "n d"]
    inputs: Float[np.ndarray, "n m"]
    n_unstable: Int[np.ndarray, " n"]
    eigenvalues: Complex[np.ndarray, "n k"]
    jacobian: Float[np.ndarray, "n d d"] | None
    input_jacobian: Float[np.ndarray, "n d m"] | None
    tolerance: float
    weights: str | None

    def __len__(self) -> int:
        return len(self.states)


@dataclass(frozen=True, eq=False)
class Links:
    """A graph as plain data: what each node is, and which leads to which.

    Edges are those of saddles with one unstable direction, both sides of which were followed. Of
    saddles with more, directions were sampled, and which edges came out is partly chance.
    """

    labels: tuple[str, ...]
    pairs: tuple[tuple[int, int], ...]


@dataclass(frozen=True, eq=False)
class Outline:
    """What is known of one network; None for what there is no record of.

    Attributes
    ----------
    places
        Its points; nodes of the graph, and those come first in it, if both are of one portrait.
    links
        What leads where.
    machine
        Its machine of memories and pulses.
    events
        Kind and parameter of each event of its diagram, by the parameter.
    """

    places: Places | None = None
    links: Links | None = None
    machine: Automaton | None = None
    events: tuple[tuple[str, float], ...] | None = None


# Where a graph alone says where its nodes are, they were told apart by no better tolerance.
_OF_GRAPHS = 1e-6


def outline_of(name: str, records: Any, *, lean: bool = False) -> Outline:
    """Return what a comparison needs of a record of one network, or of several, or of their files.

    Parameters
    ----------
    name
        Of the argument, for messages.
    records
        A record, a path of one, or a list of them.
    lean
        Whether Jacobians, which take most of the memory, are left out.

    Raises
    ------
    ArgumentError
        If there is none that can be compared, or two of a kind.
    """
    parts: dict[str, Any] = {}
    nodes = None
    for record in records if isinstance(records, list | tuple) else [records]:
        if isinstance(record, str | os.PathLike):
            record = load(read_path(name, record))
        if isinstance(record, AttractorGraph):
            nodes = _of_nodes(record)  # of which points, if there are some, say more
        for kind, part in _parts_of(name, record, lean):
            if kind in parts:
                raise ArgumentError(
                    f"{name}: got two records that say something of {kind}; pass one of each kind "
                    f"for a network."
                )
            parts[kind] = part
    if nodes is not None:
        parts.setdefault("places", nodes)
    if not parts:
        raise ArgumentError(f"{name}: got no record; pass at least one.")
    return Outline(**parts)


def _parts_of(name: str, record: Any, lean: bool) -> Iterable[tuple[str, Any]]:
    if isinstance(record, Portrait):
        return [("places", _of_points(record.points, lean)), ("links", _links(record.graph))]
    if isinstance(record, FixedPoints):
        return [("places", _of_points(record.unique(), lean))]
    if isinstance(record, AttractorGraph):
        return [("links", _links(record))]
    if isinstance(record, Automaton):
        return [("machine", record)]
    if hasattr(record, "events"):
        events = ((str(getattr(e.kind, "name", e.kind)), float(e.parameter)) for e in record.events)
        return [("events", tuple(sorted(events, key=lambda event: event[1])))]
    raise ArgumentError(
        f"{name}: got {came(record)}, but fixed points, a portrait, a graph, an automaton, a "
        f"diagram, or a list of such records of one network, is wanted."
    )


def _of_points(points: FixedPoints, lean: bool) -> Places:
    lin = points.linearization
    return Places(
        states=points.xstar,
        inputs=points.inputs,
        n_unstable=points.n_unstable,
        eigenvalues=np.asarray(lin.leading_eigenvalues, dtype=np.complex128),
        jacobian=None if lean or lin.matrices is None else lin.jacobian,
        input_jacobian=None if lean else lin.input_jacobian,
        tolerance=points.tol_unique,
        weights=points.system.weights_sha256,
    )


def _of_nodes(graph: AttractorGraph) -> Places:
    return Places(
        states=graph.states,
        inputs=graph.inputs,
        n_unstable=graph.n_unstable,
        eigenvalues=np.zeros((len(graph.states), 0), dtype=np.complex128),
        jacobian=None,
        input_jacobian=None,
        tolerance=_OF_GRAPHS,
        weights=graph.system.weights_sha256,
    )


def _links(graph: AttractorGraph) -> Links:
    nodes = zip(graph.kind.tolist(), graph.n_unstable.tolist(), strict=True)
    rows = np.flatnonzero((graph.side != 0) & (graph.target >= 0))
    pairs = sorted(set(zip(graph.source[rows].tolist(), graph.target[rows].tolist(), strict=True)))
    return Links(tuple(f"{OrbitEnd(kind).noun} {u}" for kind, u in nodes), tuple(pairs))
