"""All fixed points, with a proof that there are no others, where a network admits one."""

from .enumerate import BUDGET, exhaust
from .record import Exhaustion

__all__ = ["BUDGET", "Exhaustion", "exhaust"]
