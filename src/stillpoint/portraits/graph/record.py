"""The record of which states of a network lead to which."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, SupportsIndex, final

import numpy as np
from jaxtyping import Bool, Float, Int, Shaped

from ..._core.display import Column, Display, plural
from ..._core.record import Record, column, plain
from ..._core.validation import check_kind, check_whole, read_inputs
from ..._core.values import Domain
from ...errors import MissingExtraError
from ...points import Cycles, OrbitEnd
from ...points.attractors import EVIDENCE
from ...system import System, check_system
from ...system_info import SystemInfo
from .certify import prove_edges
from .morse import MorseCheck, items_of, morse_check, signs

if TYPE_CHECKING:
    import pandas

# Steps for which sets are followed, at most.
_STEPS = 2000


@final
@dataclass(frozen=True, eq=False, repr=False)
class AttractorGraph(Record):
    """Saddles, attractors, and the connections between them; made by `connect`.

    Nodes are the points that were handed over, in their order, and behind them the attractors that
    are no points. An edge says that orbits on the unstable manifold of its source come to its
    target.

    Attributes
    ----------
    source, target
        Nodes that each edge leaves and reaches, shape (e,); -1 where orbits came to nothing known.
    side
        1 or -1, the side of a saddle with one unstable direction; 0 elsewhere. On side 1 the first
        of the largest entries of that direction grows.
    share
        The share of the directions that were followed which lead there; NaN for edges to saddles.
    steps
        Steps (of a flow, of its step in time) until an orbit was there; -1 where none was followed.
    evidence
        "proved" where `certify` proves that an orbit leads from the source, on that side, to the
        target; "decided" where an orbit was followed to the target, or along the border of two
        basins past the saddle; "estimated" where only inclusion suggests the edge: everything that
        one saddle leads to, the other leads to as well. "none" where the target is not known.
    whole_side
        Where that is proved of every orbit that comes from the source on that side.
    path
        Where the orbit behind it runs, to be drawn: places at equal distances, shape (e, t, d); NaN
        where none was followed.
    nearest, distance
        The node besides its ends that this orbit comes nearest to, -1 for none, and how near.
    states, inputs
        A state of each node and its input, shapes (n, d) and (n, m).
    kind
        What each node is (an `OrbitEnd`): "point" for saddles too.
    n_unstable
        Unstable directions of each node, 0 for attractors, -1 where not known.
    is_attractor
        Which nodes attract.
    sign
        Of the determinant of the Jacobian on the unstable directions: -1 where a map turns them
        over.
    period
        1 for points; of a cycle, or of one turn of a closed curve; NaN for what has none.
    system
        Which system it is of.
    provenance
        Call, options, versions, time and hashes, for people to read.
    """

    rows = "edge"

    source: Int[np.ndarray, " e"] = column(
        "edge", long_name="node it leaves", domain=Domain(least=0, below="node")
    )
    target: Int[np.ndarray, " e"] = column(
        "edge", long_name="node it reaches, -1 for none", domain=Domain(least=-1, below="node")
    )
    side: Int[np.ndarray, " e"] = column(
        "edge", long_name="side of a saddle", domain=Domain(least=-1, most=1)
    )
    share: Float[np.ndarray, " e"] = column(
        "edge", long_name="share of directions", domain=Domain(least=0, most=1, missing=True)
    )
    steps: Int[np.ndarray, " e"] = column(
        "edge", long_name="steps until there", domain=Domain(least=-1)
    )
    evidence: Shaped[np.ndarray, " e"] = column(
        "edge", long_name="how it is known", domain=Domain(options=EVIDENCE)
    )
    whole_side: Bool[np.ndarray, " e"] = column(
        "edge", long_name="proved of every orbit on that side"
    )
    path: Float[np.ndarray, "e t d"] = column(
        "edge", "place", "state", long_name="where the orbit runs", domain=Domain(missing=True)
    )
    nearest: Int[np.ndarray, " e"] = column(
        "edge", long_name="node that it passes, -1 for none", domain=Domain(least=-1, below="node")
    )
    distance: Float[np.ndarray, " e"] = column(
        "edge", long_name="how near it passes", domain=Domain(least=0, missing=True)
    )
    states: Float[np.ndarray, "n d"] = column(
        "node", "state", long_name="a state of it", domain=Domain(finite=True)
    )
    inputs: Float[np.ndarray, "n m"] = column(
        "node", "input", long_name="its input", domain=Domain(finite=True)
    )
    kind: Int[np.ndarray, " n"] = column(
        "node", long_name="what it is (OrbitEnd)", domain=Domain(options=OrbitEnd)
    )
    n_unstable: Int[np.ndarray, " n"] = column(
        "node", long_name="unstable directions, -1 if not known", domain=Domain(least=-1)
    )
    is_attractor: Bool[np.ndarray, " n"] = column("node", long_name="whether it attracts")
    sign: Int[np.ndarray, " n"] = column(
        "node", long_name="sign on the unstable directions", domain=Domain(options=(-1, 1))
    )
    period: Float[np.ndarray, " n"] = column(
        "node", long_name="period", domain=Domain(above=0, missing=True)
    )
    system: SystemInfo = plain(SystemInfo)
    provenance: Mapping[str, Any] = plain(default_factory=dict)

    def __len__(self) -> int:
        return len(self.source)

    @property
    def every_state(self) -> Float[np.ndarray, "k d"]:
        """The states of all nodes, and the places of all orbits behind edges."""
        places = self.path.reshape(-1, self.states.shape[1])
        return np.concatenate([self.states, places[np.isfinite(places).all(axis=1)]])

    @property
    def attractors(self) -> Int[np.ndarray, " a"]:
        """The nodes that attract."""
        return np.flatnonzero(self.is_attractor)

    @property
    def saddles(self) -> Int[np.ndarray, " s"]:
        """The nodes that orbits leave."""
        return np.flatnonzero(self.n_unstable > 0)

    @property
    def pairs(self) -> list[tuple[int, int]]:
        """Which node leads to which, each pair once, without edges that lead to nothing known."""
        both = zip(self.source.tolist(), self.target.tolist(), strict=True)
        return sorted({(p, q) for p, q in both if q >= 0})

    def targets(self, node: SupportsIndex) -> Int[np.ndarray, " k"]:
        """Return the nodes that one node leads to.

        Raises
        ------
        ArgumentError
            If there is no such node.
        """
        node = check_whole("node", node, least=0, most=len(self.states) - 1)
        return np.unique(self.target[(self.source == node) & (self.target >= 0)])

    def certify(self, system: System, *, steps: SupportsIndex = _STEPS) -> AttractorGraph:
        """Return the same graph with the evidence "proved" for the edges that are.

        It is proved in interval arithmetic, every rounding included, that the source is a fixed
        point with exactly one unstable direction, that the target is a point or cycle that
        attracts, and that an orbit through all times comes from the source on that side and settles
        on the target; of a `whole_side`, that all orbits do that come from there. Edges of saddles
        with more unstable directions, of flows, and of networks that are not canonical cells or
        made of such, stay as they are. docs/what_leads_where.md states the theorems.

        Parameters
        ----------
        system
            The system that the graph is of.
        steps
            For so many steps at most sets of states are followed.

        Returns
        -------
        AttractorGraph
            With the same nodes and edges.

        Raises
        ------
        ArgumentError
            If the graph is of another network, or `steps` is no number of steps.

        Examples
        --------
        >>> import numpy as np, stillpoint as sp
        >>> cell = sp.cells.VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
        >>> system = sp.as_system(cell)
        >>> graph = sp.connect(system, sp.find_all_fixed_points(system)).certify(system)
        >>> graph.evidence.tolist()
        ['proved', 'proved']
        >>> graph.whole_side.all()
        np.True_
        """
        steps = check_whole("steps", steps, least=1)
        self.system.check_same("system", check_system(system).info)
        rows = np.flatnonzero(self._is_provable)
        ends = self.source[rows], self.target[rows], self.side[rows]
        evidence, whole_side = self.evidence.copy(), self.whole_side.copy()
        proved, whole = prove_edges(system, self.states, self.inputs, self.period, ends, steps)
        evidence[rows[proved]], whole_side[rows[whole]] = "proved", True
        return replace(self, evidence=evidence, whole_side=whole_side)

    @property
    def _is_provable(self) -> Bool[np.ndarray, " e"]:
        """Which edges lead from a saddle with one unstable direction to a point or cycle."""
        settles = np.isin(self.kind, (OrbitEnd.POINT, OrbitEnd.CYCLE)) & self.is_attractor
        one = (self.side != 0) & (self.n_unstable[self.source] == 1)
        return one & (self.target >= 0) & np.append(settles, False)[self.target]

    def hasse(self) -> list[tuple[int, int]]:
        """Return the pairs that are not made of others: p to q, without any r between them."""
        pairs = set(self.pairs)
        through = {(p, q) for p, r in pairs for s, q in pairs if r == s}
        return sorted(pairs - through)

    def morse_check(self, inputs: Any = None, cycles: Cycles | None = None) -> MorseCheck | None:
        """Return whether points and cycles can be all there are (see `MorseCheck`).

        None where that cannot be said: the network is not known to send a ball into itself, there
        are chaotic attractors or tori, or the stability of a node is not known. Under the first
        input, unless `inputs` says under which.

        Parameters
        ----------
        inputs
            One input, shape (m,).
        cycles
            From `find_cycles`: those that do not attract count beside the nodes.

        Raises
        ------
        ArgumentError
            If `inputs` is not one input, or `cycles` are none.
        """
        rows = np.arange(len(self.states))
        if self.inputs.shape[1] and len(rows):
            m = self.inputs.shape[1]
            wanted = self.inputs[:1] if inputs is None else read_inputs("inputs", inputs, 1, m)
            rows = np.flatnonzero((self.inputs == wanted).all(axis=1))
        kinds = self.kind[rows]
        known = np.isin(kinds, (OrbitEnd.POINT, OrbitEnd.CYCLE, OrbitEnd.CURVE)).all()
        is_clear = (self.n_unstable[rows] > 0) | self.is_attractor[rows]
        if self.system.lefschetz != 1 or not known or not is_clear.all():
            return None
        nodes = kinds, self.n_unstable[rows], self.sign[rows], self.period[rows]
        is_flow = self.system.kind == "flow"
        items = items_of(*nodes, is_flow=is_flow)
        if cycles is not None:
            check_kind("cycles", cycles, Cycles, "what find_cycles returns")
            here = cycles.inputs[:, None] == self.inputs[rows[:1]]
            beside = here.all(axis=2).any(axis=1) & (cycles.n_unstable != 0) & (cycles.period != 1)
            more = cycles.take(np.flatnonzero(beside))
            if (more.n_unstable < 0).any():
                return None
            kind = np.full(len(more), OrbitEnd.CYCLE)
            others = kind, more.n_unstable, signs(more.multipliers), more.period.astype(float)
            items += items_of(*others, is_flow=is_flow)
        return morse_check(items)

    @property
    def verdict(self) -> str:
        """What the graph looks like, in a sentence."""
        orders = Counter(self.n_unstable[self.saddles].tolist())
        told = [
            f"{plural(count, 'saddle')} with {plural(order, 'unstable direction')}"
            for order, count in sorted(orders.items())
        ]
        words = [plural(len(self.attractors), "attractor"), *told]
        words.append(plural(len(self.pairs), "connection"))
        if proved := int((self.evidence == "proved").sum()):
            of, wholly = int((self.side != 0).sum()), int(self.whole_side.sum())
            words[-1] += f" ({proved} of {of} from saddles with 1 unstable direction proved"
            words[-1] += f", {wholly} for the whole side)"
        if lost := len(set(self.source[self.target < 0].tolist())):
            words.append(f"orbits of {plural(lost, 'saddle')} come to nothing that is known")
        check = self.morse_check()
        return ", ".join(words) + ("" if check is None else f"; {check.sentence}")

    def to_dataframe(self) -> pandas.DataFrame:
        """Return a `pandas.DataFrame`, one row per edge."""
        import pandas as pd

        ends = ("source", "target", "side", "share", "steps", "nearest", "distance")
        names = (*ends, "evidence", "whole_side")
        return pd.DataFrame({name: getattr(self, name) for name in names})

    def to_networkx(self) -> Any:
        """Return a `networkx.MultiDiGraph`, nodes and edges with what is known of them.

        Raises
        ------
        MissingExtraError
            If networkx is not installed.
        """
        try:
            import networkx as nx  # type: ignore[import-untyped,unused-ignore]
        except ImportError:
            raise MissingExtraError(
                "to_networkx: networkx is not installed; pip install networkx."
            ) from None
        graph = nx.MultiDiGraph()
        for node in range(len(self.states)):
            graph.add_node(
                node,
                kind=OrbitEnd(self.kind[node]).noun,
                n_unstable=int(self.n_unstable[node]),
                is_attractor=bool(self.is_attractor[node]),
            )
        for row in np.flatnonzero(self.target >= 0):
            graph.add_edge(
                int(self.source[row]),
                int(self.target[row]),
                side=int(self.side[row]),
                share=float(self.share[row]),
                steps=int(self.steps[row]),
                evidence=str(self.evidence[row]),
                whole_side=bool(self.whole_side[row]),
            )
        return graph

    def _display(self) -> Display:
        columns = [
            Column("from", [str(k) for k in self.source], 5),
            Column("unstable", [str(self.n_unstable[k]) for k in self.source], 8),
            Column("side", [{1: "+", -1: "-"}.get(int(s), "") for s in self.side], 4),
            Column("to", [str(k) if k >= 0 else "?" for k in self.target], 5),
            Column("share", ["" if np.isnan(s) else f"{s:.2f}" for s in self.share], 6),
            Column("steps", [str(n) if n >= 0 else "" for n in self.steps], 6),
            Column("passes", [str(k) if k >= 0 else "" for k in self.nearest], 6),
            Column("at", ["" if np.isnan(d) else f"{d:.2g}" for d in self.distance], 7),
            Column("evidence", list(self.evidence), 9),
        ]
        title = f"graph of {plural(len(self.states), 'node')} and {plural(len(self), 'edge')}"
        return Display(title, columns if len(self) else (), [self.verdict], self.provenance)

    def _rests_on(self) -> tuple[str, ...]:
        return ("points", "proofs") if (self.evidence == "proved").any() else ("points",)

    def _contradictions(self) -> Iterator[str]:
        yield from self.system.contradictions(self.states.shape[1], self.inputs.shape[1])
        if (self.whole_side & (self.evidence != "proved")).any():
            yield "whole_side: holds true of an edge that is not proved"
