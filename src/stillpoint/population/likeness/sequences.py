"""Whether two diagrams have the same events in the same order, and whether two machines agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from ..._core.display import plural
from ..._core.values import read_fields
from ...portraits import Automaton


@dataclass(frozen=True)
class EventLikeness:
    """How alike the events of two diagrams are, in the order of their parameters.

    Attributes
    ----------
    is_equal
        Whether there are the same kinds in the same order.
    edits
        Events to be added, removed or changed to make one of the other.
    place
        The first event that differs, -1 if none does.
    """

    is_equal: bool
    edits: int
    place: int

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.is_equal:
            return "the same events in the same order"
        return f"events {plural(self.edits, 'edit')} apart, from number {self.place} on"

    def to_plain(self) -> dict[str, Any]:
        """Return the fields in plain types."""
        return asdict(self)

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> EventLikeness:
        """Return what `to_plain` wrote down."""
        return cls(**read_fields(cls, told, "is_equal", "edits", "place"))


def compare_events(one: Sequence[str], other: Sequence[str]) -> EventLikeness:
    """Return how alike two sequences of kinds are (Levenshtein's distance).

    Examples
    --------
    >>> compare_events(["fold", "fold", "flip"], ["fold", "flip"]).sentence
    'events 1 edit apart, from number 1 on'
    """
    place = next((k for k, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), -1)
    if place < 0 and len(one) != len(other):
        place = min(len(one), len(other))
    edits = list(range(len(other) + 1))
    for k, kind in enumerate(one, start=1):
        before, edits = edits, [k]
        for j, theirs in enumerate(other):
            edits.append(min(before[j] + (kind != theirs), before[j + 1] + 1, edits[j] + 1))
    return EventLikeness(place < 0, edits[-1], place)


@dataclass(frozen=True)
class MachineLikeness:
    """Whether two machines of memories and pulses do the same.

    Attributes
    ----------
    is_equal
        Whether no word of pulses tells them apart.
    word
        The shortest one that does, as rows of the first machine's pulses; None if none does.
    evidence
        "proved" or "decided".
    """

    is_equal: bool
    word: tuple[int, ...] | None
    evidence: str

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.is_equal:
            return f"the same machine ({self.evidence})"
        if not self.word:
            return "machines whose memories have other outputs"
        return f"machines that differ after pulses {', '.join(map(str, self.word))}"

    @property
    def distance(self) -> float:
        """0 for equal ones, else 2 to the power of minus the length of the shortest word."""
        return 0.0 if self.word is None else float(2.0 ** -len(self.word))

    def to_plain(self) -> dict[str, Any]:
        """Return the fields in plain types."""
        return asdict(self)

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> MachineLikeness:
        """Return what `to_plain` wrote down."""
        return cls(**read_fields(cls, told, "is_equal", "word", "evidence"))


def compare_machines(one: Automaton, other: Automaton) -> MachineLikeness:
    """Return whether two machines do the same.

    Raises
    ------
    ArgumentError
        If they have other pulses, or another number of outputs.
    """
    found = one.compare(other)
    return MachineLikeness(found.is_equal, found.word, found.evidence)
