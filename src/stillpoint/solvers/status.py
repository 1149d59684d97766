"""How one row of a search can end."""

from __future__ import annotations

from .._core.sentences import SentenceEnum


class Status(SentenceEnum):
    """How one start of a search ended.

    Examples
    --------
    >>> Status.FIXED_POINT.sentence
    'reached a fixed point'
    """

    RUNNING = 0, "has not ended yet"
    FIXED_POINT = 1, "reached a fixed point"
    #: Given only where the gradient of q was looked at.
    SLOW_POINT = 2, "reached a slow point: the gradient of q vanishes, q does not"
    OBSERVED_ONLY = 3, "the observed coordinates stand still, the state itself moves on"
    MAX_STEPS = 4, "used up its steps (`max_steps`) before it converged"
    STALLED = 5, "came to rest where the residual is not zero and falls no further"
    DIVERGED = 6, "diverged: its norm exceeded the bound"
    NON_FINITE = 7, "met NaN or infinity"
    INTERRUPTED = 8, "was interrupted before it ended"
    # 9 was a status of versions before the first release and stays unused.
    BELOW_SPEED = 10, "became slower than the threshold"
    SATURATED = 11, "came to rest at a saturated state: the gates are closed, but nothing holds it"
    NO_FIXED_POINT = 12, "reached a slow point at which it is proved that there is no fixed point"
