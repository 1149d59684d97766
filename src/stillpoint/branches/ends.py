"""How a slow manifold or a branch ends."""

from __future__ import annotations

from .._core.sentences import SentenceEnum


class End(SentenceEnum):
    """Why a slow manifold, or a branch, was followed no further in one direction.

    Examples
    --------
    >>> End.CLOSED.sentence
    'returned to its start'
    """

    CLOSED = 0, "returned to its start"
    NOT_SLOW = 1, "the slow mode is no longer slow beside the others"
    ROTATES = 2, "the slow mode became one of a complex pair, which has no direction"
    OUT_OF_BOUNDS = 3, "diverged: its norm exceeded the bound"
    MAX_STEPS = 4, "used up its steps"
    MAX_LENGTH = 5, "reached the length asked for"
    NOT_FOUND = 6, "no state was found further on that moves along the manifold alone"
    JOINED = 7, "ran into a part of itself that was followed before"
    END_OF_PATH = 8, "reached the end of the path"
    LOST = 9, "no state was found further on"
    SHRANK = 10, "shrank to a cycle of a shorter period, or to a point"
    STOOD_STILL = 11, "went on where the parameter stands still: a continuum, or an endless period"
