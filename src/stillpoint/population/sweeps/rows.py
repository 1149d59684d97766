"""What a sweep knows of one network: how its work ended, and what its record says in numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ..._core.record import Record
from ..._core.sentences import SentenceEnum
from ...points import FixedPoints
from ...portraits import AttractorGraph, Automaton, Portrait


class SweepStatus(SentenceEnum):
    """How the work on one network ended.

    Examples
    --------
    >>> SweepStatus.KEPT.sentence
    'was there already, of the same weights, call and version'
    """

    DONE = 0, "was done"
    KEPT = 1, "was there already, of the same weights, call and version"
    FAILED = 2, "raised an error"
    LOST = 3, "could not be handed over, or did not come back"
    NOT_DONE = 4, "was not done before the interrupt"

    @property
    def word(self) -> str:
        """Its name as tables show it."""
        return self.name.lower().replace("_", " ")

    @property
    def is_there(self) -> bool:
        """Whether there is a record."""
        return self in (SweepStatus.DONE, SweepStatus.KEPT)


@dataclass(frozen=True)
class Row:
    """One network of a sweep.

    Attributes
    ----------
    name
        What it is called.
    status
        How the work on it ended.
    message
        What the error said; empty without one.
    seconds
        How long making the network and the verb took, by the clock; NaN where nothing was done.
    summary
        What the record says in numbers and words (see `summary_of`).
    """

    name: str
    status: SweepStatus
    message: str = ""
    seconds: float = float("nan")
    summary: Mapping[str, Any] = field(default_factory=dict)


def summary_of(record: Record) -> dict[str, Any]:
    """Return what a record says of its network whatever the coordinates, as one row of a table.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1)
    >>> told = summary_of(sp.find_all_fixed_points(system))
    >>> told["points"], told["stable"], told["index_sum"], told["suggests_missing"]
    (3, 2, 1, False)
    """
    if isinstance(record, Portrait):
        edges = summary_of(record.graph)
        return {**summary_of(record.points), **{k: v for k, v in edges.items() if k != "nodes"}}
    if isinstance(record, FixedPoints):
        return _of_points(record)
    if isinstance(record, AttractorGraph):
        proved = int((record.evidence == "proved").sum())
        told = {"nodes": len(record.states), "attractors": len(record.attractors)}
        return {**told, "connections": len(record.pairs), "proved_edges": proved}
    if isinstance(record, Automaton):
        known, proved = (int(x.sum()) for x in (record.table >= 0, record.proved))
        return {"memories": len(record), "transitions": known, "proved_transitions": proved}
    told = {"rows": len(record)} if hasattr(record, "__len__") else {}
    verdict = getattr(record, "verdict", None)
    return {**told, "verdict": verdict} if isinstance(verdict, str) else told


def _of_points(points: FixedPoints) -> dict[str, Any]:
    census = points.census()
    n = sum(tally.n_points for tally in census.tallies)
    once = points if n == len(points) else points.unique()  # records put together have copies
    times = once.linearization.slowest_time_constant[once.is_stable]
    unstable, d = once.n_unstable, once.xstar.shape[1]
    return {
        "points": len(once),
        "stable": int(once.is_stable.sum()),
        "saddles": int(((unstable > 0) & (unstable < d)).sum()),
        "most_unstable": int(unstable.max(initial=0)),
        "index_sum": int(once.index.sum()),
        "slowest": float(times.max()) if len(times) else float("nan"),
        "completeness": census.completeness.name.lower(),
        "suggests_missing": bool(census.suggests_missing),
    }
