"""How one row of a search can end."""

from __future__ import annotations

from enum import IntEnum


class Status(IntEnum):
    """How one start of a search ended.

    Examples
    --------
    >>> Status.FIXED_POINT.sentence
    'reached a fixed point'
    """

    RUNNING = 0
    FIXED_POINT = 1
    SLOW_POINT = 2
    OBSERVED_ONLY = 3
    MAX_STEPS = 4
    STALLED = 5
    DIVERGED = 6
    NON_FINITE = 7
    INTERRUPTED = 8
    LEFT_OUT = 9
    BELOW_SPEED = 10

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.RUNNING: "has not ended yet",
    Status.FIXED_POINT: "reached a fixed point",
    Status.SLOW_POINT: "reached a slow point: the gradient of q vanishes, q does not",
    Status.OBSERVED_ONLY: "the observed coordinates stand still, the state itself moves on",
    Status.MAX_STEPS: "used up its steps (`max_steps`) before it converged",
    Status.STALLED: "came to rest where the residual is not zero and falls no further",
    Status.DIVERGED: "left every reasonable bound",
    Status.NON_FINITE: "met a value that is not finite",
    Status.INTERRUPTED: "was interrupted before it ended",
    Status.LEFT_OUT: "reached a fixed point that `near` or `max_points` leaves out",
    Status.BELOW_SPEED: "became slower than the threshold",
}
