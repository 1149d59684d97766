"""Whether two graphs of attractors are one graph, and how many edits lie between them.

The isomorphism is networkx's; it keeps what each node is: its kind and how many directions leave
it.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any

from ..._core.values import read_fields
from .outline import Links

# Up to so many nodes the least number of edits is sought, for so many seconds.
_FEW_NODES = 9
_SECONDS = 2.0

# Rounds in which nodes are told apart by their neighbours: what is left then hardly ever goes.
_ROUNDS = 8


@dataclass(frozen=True)
class GraphLikeness:
    """How alike two graphs are.

    Attributes
    ----------
    is_isomorphic
        Whether they are one graph, up to the numbers of nodes.
    edits
        Nodes and edges to be added, removed or changed to make one of the other; if not
        `is_least`, there may be a shorter way than this one, along the points that were paired.
    is_least
        Whether no shorter way exists.
    """

    is_isomorphic: bool
    edits: int
    is_least: bool

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.is_isomorphic:
            return "the same graph"
        return f"graphs {'' if self.is_least else 'at most '}{self.edits} edits apart"

    def to_plain(self) -> dict[str, Any]:
        """Return the fields in plain types."""
        return asdict(self)

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> GraphLikeness:
        """Return what `to_plain` wrote down."""
        return cls(**read_fields(cls, told, "is_isomorphic", "edits", "is_least"))


def has_networkx() -> bool:
    """Whether graphs can be compared here."""
    return importlib.util.find_spec("networkx") is not None


def compare_graphs(
    one: Links, other: Links, pairs: Mapping[int, int], *, search: bool = True
) -> GraphLikeness:
    """Return how alike two graphs are.

    Parameters
    ----------
    one, other
        The graphs.
    pairs
        Nodes that may be taken for each other, from the first to the second.
    search
        Whether the shortest way of edits is sought where there are few nodes.

    Examples
    --------
    >>> memory = Links(("point 0", "point 1", "point 0"), ((1, 0), (1, 2)))
    >>> compare_graphs(memory, Links(("point 0",), ()), {0: 0}).edits  # 2 nodes and 2 edges
    4
    """
    import networkx as nx

    if are_one_graph(one, other):
        return GraphLikeness(True, 0, True)
    mine, theirs = graph_of(one), graph_of(other)
    edits = _along(one, other, pairs)
    if not search or max(len(mine), len(theirs)) > _FEW_NODES:
        return GraphLikeness(False, edits, False)
    began = time.monotonic()
    least = nx.graph_edit_distance(
        mine, theirs, node_match=_are_alike, upper_bound=edits, timeout=_SECONDS
    )
    is_least = time.monotonic() - began < _SECONDS
    return GraphLikeness(False, edits if least is None else int(min(least, edits)), is_least)


def graph_of(links: Links) -> Any:
    """Return a `networkx.DiGraph` whose nodes have a `label`."""
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from((k, {"label": label}) for k, label in enumerate(links.labels))
    graph.add_edges_from(links.pairs)
    return graph


def are_one_graph(one: Links, other: Links) -> bool:
    """Whether two graphs are isomorphic; what tells most apart is asked first."""
    import networkx as nx

    if signature(one) != signature(other):
        return False
    return bool(nx.is_isomorphic(graph_of(one), graph_of(other), node_match=_are_alike))


def signature(links: Links) -> str:
    """Return a hash that isomorphic graphs have in common, and few others.

    Nodes are told apart by their labels, then by the labels of those that they lead to and that
    lead to them, and so on (Weisfeiler and Leman 1968).

    Examples
    --------
    >>> fork = Links(("a", "b", "b"), ((0, 1), (0, 2)))
    >>> signature(fork) == signature(Links(("b", "a", "b"), ((1, 0), (1, 2))))
    True
    >>> signature(fork) == signature(Links(("a", "b", "b"), ((0, 1), (1, 2))))
    False
    """
    labels = list(links.labels)
    for _ in range(min(len(labels), _ROUNDS)):
        out: list[list[str]] = [[] for _ in labels]
        into: list[list[str]] = [[] for _ in labels]
        for p, q in links.pairs:
            out[p].append(labels[q])
            into[q].append(labels[p])
        told = zip(labels, map(sorted, out), map(sorted, into), strict=True)
        labels = [sha256(repr(node).encode()).hexdigest() for node in told]
    return sha256(repr(sorted(labels)).encode()).hexdigest()


def _are_alike(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    return bool(one["label"] == other["label"])


def _along(one: Links, other: Links, pairs: Mapping[int, int]) -> int:
    """Return how many edits make one of the other when paired nodes are taken for each other."""
    unpaired = len(one.labels) + len(other.labels) - 2 * len(pairs)
    changed = sum(one.labels[k] != other.labels[end] for k, end in pairs.items())
    moved = {(pairs.get(p, -1 - p), pairs.get(q, -1 - q)) for p, q in one.pairs}
    return unpaired + changed + len(moved ^ set(other.pairs))
