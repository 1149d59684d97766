"""From starts to where they end, and what those ends are."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.validation import read_inputs, read_states
from ..dynamics import Dynamics
from ..dynamics.restriction import restriction_of
from ..dynamics.transforms import Restricted
from ..errors import ArgumentError
from ..points import Source, Starts
from ..solvers import Outcome, Status, solve
from ..system import System
from .options import Settings
from .polish import is_degenerate
from .speed import counts_as_zero, half_square

# Where gates cannot be divided out, a state this many times beyond all starts at which I - J is
# singular is taken for a saturated one, which moves too little to see, and not for a fixed point.
_REACH = 2.0


def read_starts(
    system: Any, states: Any, inputs: Any
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n m"]]:
    """Return the starts and inputs of a search as arrays with one row per start.

    Raises
    ------
    ArgumentError
        If they do not fit the system, or there is no start.
    """
    check_system(system)
    if _has_width(states, restriction_of(system.dynamics)):
        states, inputs = system.split(states, inputs)
    x = read_states("states", states, system.state_size)
    if len(x) == 0:
        raise ArgumentError(
            f"states: got 0 starts; pass at least one row of {system.state_size} values, for "
            f"example from sample_states(trajectories, 1024, noise=0.5)."
        )
    u = read_inputs("inputs", inputs, len(x), system.input_size)
    return x, u


def check_system(system: Any) -> None:
    """Raise an `ArgumentError` if a caller passed something else than a System."""
    if not isinstance(system, System):
        raise ArgumentError(
            f"system: got {type(system).__name__}, but a System is wanted; make one with "
            f"stillpoint.as_system(model)."
        )


def _has_width(states: Any, restriction: Restricted | None) -> bool:
    """Whether states are those of the whole system that was restricted."""
    return restriction is not None and np.shape(states)[-1:] == (restriction.inner.state_size,)


def run_search(
    system: System,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    settings: Settings,
    source: Int[np.ndarray, " n"] | None = None,
) -> tuple[Starts, bool]:
    """Solve every start; return what became of them, and whether Ctrl-C came meanwhile.

    Starts were given by the caller unless their `source` says otherwise.
    """
    if source is None:
        source = np.full(len(x), Source.GIVEN)
    outcome = solve(
        system.measured,
        x,
        u,
        settings.solvers,
        tol=settings.tol,
        max_steps=settings.max_steps,
        chunk=settings.chunk,
        progress=settings.progress,
        interruptible=True,
    )
    try:
        return _judge(system, x, u, outcome, settings, source), (
            Status.INTERRUPTED in outcome.status
        )
    except KeyboardInterrupt:
        return _judge(system, x, u, outcome, settings, source), True


def _judge(
    system: System,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    outcome: Outcome,
    settings: Settings,
    source: Int[np.ndarray, " n"],
) -> Starts:
    """Decide, on the motion of x itself, which ends are fixed points."""
    end, status = outcome.x, outcome.status.copy()
    q = half_square(system.dynamics, end, u)
    claimed = status == Status.FIXED_POINT
    moving = claimed & ~counts_as_zero(q, end, settings.tol)
    status[moving] = Status.STALLED if system.observable is None else Status.OBSERVED_ONLY
    still = np.flatnonzero(claimed & ~moving)
    creeping = creeps(system.dynamics, end[still], u[still], settings.tol, reach_of(x))
    status[still[creeping]] = Status.SLOW_POINT
    return Starts(x, u, end, q, status, outcome.steps, np.full(len(x), -1), source)


def reach_of(starts: Float[np.ndarray, "n d"]) -> float:
    """Return how far out a state may be and still be told from a saturated one by its motion."""
    return _REACH * max(1.0, float(np.abs(starts).max()))


def creeps(
    dynamics: Dynamics,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    tol: float,
    reach: float,
) -> Bool[np.ndarray, " k"]:
    """Return which states move too little to see behind a closed gate, though nothing holds them.

    The form without gates tells; where there is none, a state beyond `reach` at which I - J is
    singular is taken for one.
    """
    if dynamics.has_equilibrium_form:
        drawn = half_square(dynamics, x, u, equilibrium=True)
        return ~counts_as_zero(drawn, x, np.sqrt(tol))
    creeping = np.abs(x).max(axis=1, initial=0.0) > reach
    far = np.flatnonzero(creeping)
    creeping[far] = is_degenerate(dynamics, x[far], u[far])
    return creeping
