"""How a diagram reads: its branches in a table, its first events in sentences."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Int

from ..._core.display import Column
from ...branches.ends import End
from .branch import DiagramBranch
from .events import Events

# Events that are told below the table.
_MOST_EVENTS = 12


def table_of(branches: Sequence[DiagramBranch], events: Events) -> list[Column]:
    """Return the columns of the table, one row for each branch."""
    passed = [int(((events.branch == k) | (events.other == k)).sum()) for k in range(len(branches))]
    return [
        Column("", [str(k) for k in range(len(branches))], 5),
        Column("from", [f"{b.parameter.min():.6g}" for b in branches], 11),
        Column("to", [f"{b.parameter.max():.6g}" for b in branches], 11),
        Column("unstable", [_span(b.n_unstable) for b in branches], 8),
        Column("events", [str(n) for n in passed], 6),
        Column(" ends", [f" {_ends(b.ends)}" for b in branches]),
    ]


def first_sentences(events: Events) -> list[str]:
    """Return what the first events are, and how many are left out."""
    told = [event.sentence for event in list(events)[:_MOST_EVENTS]]
    if len(events) > _MOST_EVENTS:
        told.append(f"... and {len(events) - _MOST_EVENTS} more events")
    return told


def _span(numbers: Int[np.ndarray, " n"]) -> str:
    low, high = int(numbers.min()), int(numbers.max())
    return str(low) if low == high else f"{low}-{high}"


def _ends(ends: tuple[End, End]) -> str:
    first, last = ends
    return first.sentence if first is last else f"{first.sentence}; {last.sentence}"
