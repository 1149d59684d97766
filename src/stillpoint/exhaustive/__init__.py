"""All fixed points, with a proof that there are no others, where a network admits one."""

from .exhaustion import Exhaustion
from .prove import BUDGET, exhaust

__all__ = ["BUDGET", "Exhaustion", "exhaust"]
