"""All fixed points, with a proof that there are no others, where a network admits one."""

from .enumerate import enumerate_fixed_points, enumerate_states
from .record import Enumeration

__all__ = ["Enumeration", "enumerate_fixed_points", "enumerate_states"]
