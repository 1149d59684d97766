"""States, inputs and deviations: arrays whose sizes a system gives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from ...errors import ArgumentError
from .arrays import read_floats
from .values import check_whole


def read_states(name: str, states: Any, size: int) -> Float[np.ndarray, "n d"]:
    """Return a caller's states as float64 NumPy, one row each.

    Examples
    --------
    >>> read_states("states", [[1, 2]], size=2)
    array([[1., 2.]])
    """
    axes = [getattr(part, "ndim", 0) for part in states] if isinstance(states, tuple) else []
    is_pair = min(axes, default=0) > 1
    if isinstance(states, Mapping) or is_pair:
        raise ArgumentError(
            f"{name}: got {type(states).__name__}, but flat states of shape (n, {size}) are "
            f"wanted; pass system.pack({name})."
        )
    array = read_floats(name, states)
    if array.ndim == 2 and array.shape[1] == size:
        return array
    hint = ""
    if array.shape == (size,):
        hint = f" For one state pass {name}[None, :]."
    elif array.ndim == 3 and array.shape[2] == size:
        hint = f" For trajectories pass {name}.reshape(-1, {size})."
    raise ArgumentError(
        f"{name}: got shape {array.shape}, but (n, {size}) is wanted: one row for each state of "
        f"this system.{hint}"
    )


def read_inputs(name: str, inputs: Any, n: int, size: int) -> Float[np.ndarray, "n m"]:
    """Return a caller's inputs as float64 NumPy with `n` rows; one input serves all rows."""
    if inputs is None:
        if size:
            raise ArgumentError(
                f"{name}: got None, but the system has {size} inputs; pass an array of shape "
                f"({size},) for all rows or ({n}, {size}), for example np.zeros({size})."
            )
        return np.zeros((n, 0))
    array = read_floats(name, inputs)
    if array.shape in ((size,), (1, size)):
        return np.tile(array.reshape(1, size), (n, 1))
    if array.shape != (n, size) and size == 0:
        raise ArgumentError(
            f"{name}: got shape {array.shape}, but the system has no inputs; leave it out, or make "
            f"the system with input_size=..."
        )
    if array.shape != (n, size):
        raise ArgumentError(
            f"{name}: got shape {array.shape}, but ({n}, {size}) is wanted, one row for each "
            f"state, or ({size},), one input for all of them."
        )
    return array


def read_input_sequences(
    name: str, inputs: Any, n: int, size: int, steps: int | None
) -> Float[np.ndarray, "n t m"]:
    """Return a caller's input sequences as float64 NumPy."""
    if inputs is None and size == 0 and steps is not None:
        return np.zeros((n, check_whole("steps", steps, least=0), 0))
    if inputs is None:
        wanted = f"inputs of shape ({n}, t, {size})" if size else "steps="
        raise ArgumentError(f"{name}: got None, but simulate needs {wanted}.")
    array = read_floats(name, inputs)
    if array.ndim != 3 or array.shape[0] != n or array.shape[2] != size:
        raise ArgumentError(
            f"{name}: got shape {array.shape}, but ({n}, t, {size}) is wanted: trials, time, "
            f"inputs."
        )
    return array


def read_deviation(name: str, values: Any, n: int, width: int) -> Float[np.ndarray, "..."]:
    """Return a caller's deviations as float64 NumPy, broadcast to (..., n, width)."""
    array = read_floats(name, values)
    try:
        shape = np.broadcast_shapes(array.shape, (n, width))
        if array.ndim and array.shape[-1] == width and shape[-2:] == (n, width):
            return np.broadcast_to(array, shape)
    except ValueError:
        pass
    raise ArgumentError(
        f"{name}: got shape {array.shape}, but (..., {n}, {width}) is wanted, or what broadcasts "
        f"to it."
    )
