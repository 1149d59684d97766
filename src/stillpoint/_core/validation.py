"""What comes in from the caller: of the right type, shape and size, or an error that says so.

Every function takes the argument's name and raises an `ArgumentError` that names it, says what came
and what was wanted, and what to do. Numbers must be finite.
"""

from __future__ import annotations

import difflib
import math
import numbers
import operator
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float

from ..errors import ArgumentError
from .arrays import to_numpy


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


def read_generator(name: str, seed: Any) -> np.random.Generator:
    """Return NumPy's generator for a seed, or the generator that was passed."""
    try:
        return np.random.default_rng(seed)
    except (TypeError, ValueError):
        raise ArgumentError(
            f"{name}: got {seed!r}, but a whole number of at least 0 or a NumPy generator is "
            f"wanted."
        ) from None


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


def read_floats(name: str, values: Any) -> np.ndarray:
    """Return a caller's argument as a float64 NumPy array, or raise an error that names it.

    Examples
    --------
    >>> read_floats("states", [[1, 2]])
    array([[1., 2.]])
    """
    try:
        array = to_numpy(values)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"dtype {array.dtype}")
        array = array.astype(np.float64)
    except (TypeError, ValueError, RuntimeError) as error:
        hint = ""
        if type(values).__name__ == "PackedSequence":
            hint = " Unpack it first with torch.nn.utils.rnn.pad_packed_sequence."
        raise ArgumentError(
            f"{name}: got {type(values).__name__} ({error}), but an array of real numbers is "
            f"wanted.{hint}"
        ) from None
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise ArgumentError(
            f"{name}: {bad} of {array.size} values are NaN or infinite; remove those rows or "
            f"repair the network that produced them."
        )
    return array


def check_option(name: str, value: object, allowed: Iterable[str]) -> str:
    """Return `value` if it is one of `allowed`, or raise an error that lists them.

    Examples
    --------
    >>> check_option("kind", "map", ("map", "flow"))
    'map'
    """
    options = list(allowed)
    if isinstance(value, str) and value in options:
        return value
    listed = ", ".join(repr(option) for option in options)
    near = difflib.get_close_matches(str(value), options, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"{name}: got {value!r}, but the allowed values are {listed}.{hint}")


def check_flag(name: str, value: object) -> bool:
    """Return True or False, or raise an error.

    Examples
    --------
    >>> check_flag("exhaustive", False)
    False
    """
    if not isinstance(value, bool):
        raise ArgumentError(f"{name}: got {value!r}, but True or False is wanted.")
    return value


def check_whole(name: str, value: object, least: int) -> int:
    """Return a whole number of at least `least`, of any integer type, as an int.

    Examples
    --------
    >>> check_whole("n", 3, least=1)
    3
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least:
        raise ArgumentError(
            f"{name}: got {value!r}, but a whole number of at least {least} is wanted."
        )
    return number


def check_real(
    name: str, value: object, *, above: float | None = None, least: float | None = None
) -> float:
    """Return a finite real number, `above` a bound or at `least` it, as a float.

    Examples
    --------
    >>> check_real("dt", 1, above=0)
    1.0
    """
    fits = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if fits and above is not None:
        fits = value > above  # type: ignore[operator]
    if fits and least is not None:
        fits = value >= least  # type: ignore[operator]
    if not fits:
        wanted = "a finite number"
        if above is not None:
            wanted = "a positive finite number" if above == 0 else f"a finite number > {above}"
        if least is not None:
            wanted = f"a finite number >= {least}"
        raise ArgumentError(f"{name}: got {value!r}, but {wanted} is wanted.")
    return float(value)  # type: ignore[arg-type]
