"""Trajectories of maps and flows."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from jaxtyping import Float

from ..errors import ArgumentError
from .base import Batch, Dynamics, Inputs

# One for all states, or one for each.
Duration = float | Float[Any, "n 1"]


def simulate(
    dynamics: Dynamics, x: Batch, u: Float[Any, "n t m"], dt: float | None
) -> Float[Any, "n t d"]:
    """Return the states after every step, on the network's own arrays.

    A map is stepped; a flow is integrated with the classical Runge-Kutta method, one step of
    length `dt` per row of inputs, which are held constant over the step.
    """
    if dynamics.kind == "flow" and dt is None:
        raise ArgumentError(
            "dt: a flow needs a step to be simulated; give one: as_system(..., dt=...)."
        )
    advance = stepper(dynamics, dt or 1.0)
    states = []
    for t in range(u.shape[1]):
        x = advance(x, u[:, t, :])
        states.append(x)
    if not states:
        return x[:, None, :][:, :0, :]
    return dynamics.arrays.namespace.stack(states, axis=1)


def stepper(dynamics: Dynamics, dt: Duration) -> Callable[[Batch, Inputs], Batch]:
    """Return what takes states one step further: of a map, or of length `dt` of a flow."""
    return dynamics.step if dynamics.kind == "map" else partial(_advance, dynamics, dt)


def _advance(flow: Dynamics, dt: Duration, x: Batch, u: Inputs) -> Batch:
    """Return the state one Runge-Kutta step of fourth order later."""
    k1 = flow.step(x, u)
    k2 = flow.step(x + dt / 2 * k1, u)
    k3 = flow.step(x + dt / 2 * k2, u)
    k4 = flow.step(x + dt * k3, u)
    return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
