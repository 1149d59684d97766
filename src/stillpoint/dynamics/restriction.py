"""What belongs to a restriction: its regions, and states of the whole system taken apart."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import to_numpy
from .._core.validation import read_floats, read_inputs, read_states
from ..errors import ArgumentError
from .base import Dynamics
from .regions import Regions
from .transforms import Clamped, Restricted, Transformed


def restriction_of(dynamics: Dynamics) -> Restricted | None:
    """Return the restriction that some dynamics come from, if any."""
    while isinstance(dynamics, Transformed) and not isinstance(dynamics, Restricted):
        dynamics = dynamics.inner
    return dynamics if isinstance(dynamics, Restricted) else None


def held_values(dynamics: Dynamics) -> Float[np.ndarray, " r"] | None:
    """Return the values of the held units where they are fixed, None where they are inputs."""
    while isinstance(dynamics, Transformed):
        if isinstance(dynamics, Clamped) and isinstance(dynamics.inner, Restricted):
            first = dynamics.inner.inner.input_size
            return to_numpy(dynamics.fixed)[dynamics.places >= first]
        dynamics = dynamics.inner
    return None


def input_regions_of(states: Regions, inputs: Regions, held: Int[np.ndarray, " r"]) -> Regions:
    """Return the inputs' names when `held` units follow them: held regions keep their names."""
    m = inputs.size
    context = states.restricted(held)
    behind = {name: [m + i for i in places] for name, places in context.members.items()}
    members = {**inputs.members, **behind, "held": range(m, m + len(held))}
    return Regions(m + len(held), members, {**inputs.parents, **context.parents})


def read_context(holding: Any, restricted: Restricted) -> Float[np.ndarray, " r"]:
    """Return the values of the held units from those, or from a state of the whole system.

    Raises
    ------
    ArgumentError
        If it is neither.
    """
    values = read_floats("holding", holding)
    whole = restricted.inner.state_size
    if values.shape == (whole,):
        values = values[restricted.held]
    if values.shape != (len(restricted.held),):
        raise ArgumentError(
            f"holding: got shape {values.shape}, but ({len(restricted.held)},) is wanted, one "
            f"value for each held unit, or ({whole},), a state of the whole system."
        )
    return values


def split_states(
    dynamics: Dynamics, states: Any, inputs: Any
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n m"]]:
    """Return states of the kept units, and inputs with the held units behind them.

    Parameters
    ----------
    dynamics
        A restriction, or what was made of one.
    states
        States of the whole system, shape (n, D).
    inputs
        Inputs of the whole system that are not fixed.

    Raises
    ------
    ArgumentError
        If `dynamics` is no restriction, or a shape does not fit.
    """
    part = restriction_of(dynamics)
    if part is None:
        raise ArgumentError("split: this system is not a restriction of a larger one.")
    x = read_states("states", states, part.inner.state_size)
    held = x[:, part.held] if held_values(dynamics) is None else x[:, :0]
    u = read_inputs("inputs", inputs, len(x), dynamics.input_size - held.shape[1])
    return x[:, part.kept], np.hstack([u, held])


def join_states(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, "n D"]:
    """Return states of the whole system from those of the kept units and the inputs.

    Raises
    ------
    ArgumentError
        If `dynamics` is no restriction.
    """
    part, fixed = restriction_of(dynamics), held_values(dynamics)
    if part is None:
        raise ArgumentError("join: this system is not a restriction of a larger one.")
    return whole_states(x, u, part.kept, part.held, fixed)


def whole_states(
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    kept: Any,
    held: Any,
    holding: Any,
) -> Float[np.ndarray, "n D"]:
    """Return whole states: `kept` units from x, `held` from `holding` or else the last of u."""
    whole = np.empty((len(x), len(kept) + len(held)))
    whole[:, kept] = x
    whole[:, held] = u[:, u.shape[1] - len(held) :] if holding is None else holding
    return whole
