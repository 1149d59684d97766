"""Networks as the finders take them: systems, or functions called as FixedPointFinder calls."""

from __future__ import annotations

from typing import Any

from ...as_system import as_system
from ...dynamics import Dynamics
from ...errors import ArgumentError, came
from ...system import System


def read_directly(model: Any) -> System | None:
    """Return what is a system already, or says itself how to become one; None for anything else."""
    if isinstance(model, System):
        return model
    if isinstance(model, Dynamics) or hasattr(model, "__stillpoint_system__"):
        return as_system(model)
    return None


def next_state(model: Any, inputs: Any, h: Any) -> Any:
    """Return h_next of `output, h_next = model(inputs, h)`."""
    if not callable(model):
        raise ArgumentError(f"model: got {came(model)}, but a network is wanted, which is called.")
    result = model(inputs, h)
    if not isinstance(result, tuple | list) or len(result) != 2:
        raise ArgumentError(
            f"model: it returned {type(result).__name__}, but a pair is wanted, output, h_next = "
            f"model(inputs, h); a function step(x, u) is passed as stillpoint.as_system(step, ...)."
        )
    return result[1]
