"""The record of a portrait: what attracts, what lies between, and how that is known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn, final

import numpy as np
from jaxtyping import Float, Int

from .._core.display import Display, plural
from .._core.record import Record, column, part, plain
from .._core.values import Domain
from ..errors import ArgumentError
from ..points import Attractors, Cycles, FixedPoints
from ..system_info import SystemInfo
from .basins import Basins
from .graph import AttractorGraph
from .graph.nodes import nodes_of

if TYPE_CHECKING:
    import pandas

# Dimensions that parts have in common.
_SHARED = ("state", "input")


@final
@dataclass(frozen=True, eq=False, repr=False)
class Portrait(Record):
    """How a network's states are organised under one input; made by `stillpoint.portrait`.

    Attributes
    ----------
    points
        The fixed points, with certificates where they can be proved.
    attractors
        Where orbits end.
    graph
        What leads where; its nodes are the points, then attractors that are none.
    cycles
        The cycles that were searched for, None where they were not.
    basins
        Which share of the states leads to which attractor; None where none is known.
    outputs
        What is read out at each node, shape (n, k); k = 0 where no readout is known.
    longest_period
        The longest period that a cycle can have by the theorem on symmetric weights, or None.
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "graph_node"

    points: FixedPoints = part(FixedPoints, "points_", shares=_SHARED)
    attractors: Attractors = part(Attractors, "attractors_", shares=_SHARED)
    graph: AttractorGraph = part(AttractorGraph, "graph_", shares=_SHARED)
    cycles: Cycles | None = part(Cycles, "cycles_", shares=_SHARED)
    basins: Basins | None = part(Basins, "basins_", shares=_SHARED)
    outputs: Float[np.ndarray, "n k"] = column(
        "graph_node", "output", long_name="what is read out", domain=Domain(missing=True)
    )
    longest_period: int | None = plain()
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    def __len__(self) -> int:
        return len(self.outputs)

    def take(self, rows: Any) -> NoReturn:  # noqa: ARG002
        """Refuse: a portrait is whole; its parts can be taken from.

        Raises
        ------
        ArgumentError
            Always.
        """
        raise ArgumentError(
            "rows: a portrait is whole; take rows of its parts, such as portrait.points.take(rows)."
        )

    @property
    def node_of_attractor(self) -> Int[np.ndarray, " a"]:
        """The node of the graph that each row of `attractors` is, -1 for what does not attract."""
        return np.where(self.attractors.attracts, nodes_of(self.attractors, self.points), -1)

    @property
    def sides(self) -> dict[int, tuple[int, int]]:
        """What lies on the sides of each saddle with one unstable direction, side -1 first."""
        graph, beside = self.graph, dict[int, tuple[int, int]]()
        for saddle in np.unique(graph.source[graph.side != 0]).tolist():
            own = graph.source == saddle
            one, other = (int(graph.target[own & (graph.side == side)][0]) for side in (-1, 1))
            beside[saddle] = one, other
        return beside

    @property
    def sentences(self) -> list[str]:
        """What the portrait says, in sentences."""
        told = [self.points.census().verdict, self._of_attractors, *self._of_saddles]
        if self.cycles is not None:
            told.append(self.cycles.verdict)
        if self.longest_period is not None:
            told.append(
                f"weights are symmetric: no cycle has a period above {self.longest_period}, proved"
            )
        if (check := self.graph.morse_check(cycles=self.cycles)) is not None:
            told.append(check.sentence)
        return told

    @property
    def _of_attractors(self) -> str:
        if self.basins is None:
            return self.attractors.verdict
        basins, share = self.basins, self.basins.share[self.attractors.attracts]
        low, high = (f"{value:.0%}" for value in (share.min(), share.max()))
        each = low if low == high else f"{low} to {high}"
        told = f"of {plural(len(basins), 'state')} {basins.drawn} {each} lead to each (estimated)"
        lost = f", {basins.n_open} came to none that is known" if basins.n_open else ""
        return f"{self.attractors.verdict}; {told}{lost}"

    @property
    def _of_saddles(self) -> Iterator[str]:
        """Yield what saddles with one unstable direction decide, and how that is known."""
        beside, graph = self.sides, self.graph
        if not beside:
            return
        edges = graph.side != 0
        known = {word: int((graph.evidence[edges] == word).sum()) for word in ("proved", "decided")}
        word = "proved" if known["proved"] else "decided"
        apart = sum(one != other and min(one, other) >= 0 for one, other in beside.values())
        lie = "lies" if len(beside) == 1 else "lie"
        yield (
            f"{plural(len(beside), 'saddle')} with one unstable direction, of which {apart} {lie} "
            f"between two attractors; {known[word]} of {int(edges.sum())} connections {word}"
        )
        signs = np.sign(self.outputs)
        flips = {
            int((signs[one] != signs[other]).sum())
            for one, other in beside.values()
            if one != other and min(one, other) >= 0
        }
        if self.outputs.shape[1] and flips:
            least, most = min(flips), max(flips)
            outputs = plural(most, "output") if least == most else f"{least} to {most} outputs"
            yield f"between the two attractors of each {outputs} differ{'s' * (most == 1)} in sign"

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row for each node, with what it leads to."""
        import pandas as pd

        from ..points import OrbitEnd

        graph, share = self.graph, np.full(len(self), np.nan)
        attracts = self.node_of_attractor >= 0
        if self.basins is not None:
            share[self.node_of_attractor[attracts]] = self.basins.share[attracts]
        columns: dict[str, Any] = {
            "kind": [OrbitEnd(kind).noun for kind in graph.kind],
            "n_unstable": graph.n_unstable,
            "is_attractor": graph.is_attractor,
            "share": share,
            "leads_to": [graph.targets(node).tolist() for node in range(len(self))],
        }
        columns |= {f"y{j}": self.outputs[:, j] for j in range(self.outputs.shape[1])}
        return pd.DataFrame(columns)

    def _rests_on(self) -> tuple[str, ...]:
        parts = (self.points, self.attractors, self.graph, self.cycles, self.basins)
        names = [name for one in parts if one is not None for name in one._rests_on()]
        return tuple(dict.fromkeys(names))

    def _display(self) -> Display:
        title = f"portrait of {self.system.description}"
        return Display(title, (), self.sentences, self.provenance)

    def _contradictions(self) -> Iterator[str]:
        if len(self.outputs) != len(self.graph.states):
            yield "outputs: there is not one for each node of the graph"
