"""How a slow manifold ends."""

from __future__ import annotations

from enum import IntEnum


class End(IntEnum):
    """Why a slow manifold was followed no further in one direction.

    Examples
    --------
    >>> End.CLOSED.sentence
    'returned to its start'
    """

    CLOSED = 0
    NOT_SLOW = 1
    ROTATES = 2
    OUT_OF_BOUNDS = 3
    MAX_STEPS = 4
    MAX_LENGTH = 5
    NOT_FOUND = 6
    JOINED = 7

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        return _SENTENCES[self]


_SENTENCES = {
    End.CLOSED: "returned to its start",
    End.NOT_SLOW: "the slow mode is no longer slow beside the others",
    End.ROTATES: "the slow mode became one of a complex pair, which has no direction",
    End.OUT_OF_BOUNDS: "left every reasonable bound",
    End.MAX_STEPS: "used up its steps",
    End.MAX_LENGTH: "reached the length asked for",
    End.JOINED: "ran into a part of itself that was followed before",
    End.NOT_FOUND: "no state was found further on that moves along the manifold alone",
}
