"""Limit cycles of flows: multiple shooting with the period unknown, from returns and rings."""

from .find import find_limit_cycles
from .rounds import LimitCycles
from .starts import starts_of_returns

__all__ = ["LimitCycles", "find_limit_cycles", "starts_of_returns"]
