"""Trajectories of maps and flows, and what becomes of small deviations along them."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from jaxtyping import Float

from ..errors import ArgumentError
from .base import Batch, Dynamics, Inputs

# One for all states, or one for each.
Duration = float | Float[Any, "n 1"]

Vectors = Float[Any, "n d k"]


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


def tangent_stepper(
    dynamics: Dynamics, dt: Duration
) -> Callable[[Batch, Inputs, Vectors], tuple[Batch, Vectors]]:
    """Return what takes states and deviations from them, shape (n, d, k), one step further.

    Deviations are first-order: J V of a map; of a flow the solution of V' = J(x(t)) V, by the same
    Runge-Kutta step as x.
    """
    if dynamics.kind == "map":
        return lambda x, u, V: (dynamics.step(x, u), dynamics.jacobian(x, u) @ V)
    return partial(_advance_tangent, dynamics, dt)


def _advance_tangent(
    flow: Dynamics, dt: Any, x: Batch, u: Inputs, V: Vectors
) -> tuple[Batch, Vectors]:
    h = dt if isinstance(dt, float) else dt[:, :, None]
    k1, K1 = flow.step(x, u), flow.jacobian(x, u) @ V
    x2 = x + dt / 2 * k1
    k2, K2 = flow.step(x2, u), flow.jacobian(x2, u) @ (V + h / 2 * K1)
    x3 = x + dt / 2 * k2
    k3, K3 = flow.step(x3, u), flow.jacobian(x3, u) @ (V + h / 2 * K2)
    x4 = x + dt * k3
    k4, K4 = flow.step(x4, u), flow.jacobian(x4, u) @ (V + h * K3)
    after = x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return after, V + h / 6 * (K1 + 2 * K2 + 2 * K3 + K4)


def adjoint_stepper(dynamics: Dynamics, dt: Duration) -> Callable[[Batch, Inputs, Batch], Batch]:
    """Return what takes covectors w, shape (n, d), one step back: w J, J that of the whole step.

    Of a flow J is that of the Runge-Kutta step that `stepper` takes, so differences of what it
    computes agree with it to rounding.
    """
    return dynamics.vjp if dynamics.kind == "map" else partial(_adjoint, dynamics, dt)


def _adjoint(flow: Dynamics, dt: Duration, x: Batch, u: Inputs, w: Batch) -> Batch:
    x2 = x + dt / 2 * flow.step(x, u)
    x3 = x + dt / 2 * flow.step(x2, u)
    x4 = x + dt * flow.step(x3, u)
    w4 = flow.vjp(x4, u, dt / 6 * w)
    w3 = flow.vjp(x3, u, dt / 3 * w + dt * w4)
    w2 = flow.vjp(x2, u, dt / 3 * w + dt / 2 * w3)
    return w + w2 + w3 + w4 + flow.vjp(x, u, dt / 6 * w + dt / 2 * w2)


def _advance(flow: Dynamics, dt: Duration, x: Batch, u: Inputs) -> Batch:
    """Return the state one Runge-Kutta step of fourth order later."""
    k1 = flow.step(x, u)
    k2 = flow.step(x + dt / 2 * k1, u)
    k3 = flow.step(x + dt / 2 * k2, u)
    k4 = flow.step(x + dt * k3, u)
    return x + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
