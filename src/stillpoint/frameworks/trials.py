"""Trial calls: whether a function is one step of a state, and in which precision it works."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..arrays import ArrayKind, to_numpy
from ..status import UnsupportedModelError, warn


def try_out(
    name: str, step: Callable[[Any, Any], Any], size: tuple[int, int], kind: ArrayKind
) -> Any:
    """Call a step on some states, check that it is a batched one; return what it gave.

    Raises
    ------
    UnsupportedModelError
        If the call fails, what it returns is not one new state per state, or a row depends on
        anything but itself.
    """
    x, u = trial_rows(size, kind)
    try:
        with np.errstate(all="ignore"):  # a pole is no fault of the step
            result, again, alone = step(x, u), step(x, u), step(x[:1, :], u[:1, :])
    except Exception as error:
        raise UnsupportedModelError(
            f"step: {name} failed on states of shape {tuple(x.shape)} and inputs of shape "
            f"{tuple(u.shape)} ({type(error).__name__}: {error}). A step function must be batched: "
            f"one row per state. Check state_size and input_size, or vectorise the function."
        ) from error
    shape = tuple(getattr(result, "shape", ()))
    if shape != tuple(x.shape):
        raise UnsupportedModelError(
            f"step: {name} returned {type(result).__name__} of shape {shape} for states of shape "
            f"{tuple(x.shape)}; one new state per row is wanted, shape (n, {size[0]})."
        )
    check_rows(name, result, again, alone)
    return result


def trial_rows(size: tuple[int, int], kind: ArrayKind) -> tuple[Any, Any]:
    """Return two states and inputs to try a function on: the same ones every time."""
    rng = np.random.default_rng(0)
    return kind.asarray(rng.random((2, size[0]))), kind.asarray(rng.random((2, size[1])))


def check_rows(name: str, result: Any, again: Any, alone: Any) -> None:
    """Check that a step is a function of its own row: of no random number, of no other row.

    Parameters
    ----------
    name
        The function's name, for the message.
    result, again
        What it returned for the same rows in two calls.
    alone
        What it returned for the first row without the others.

    Raises
    ------
    UnsupportedModelError
        If it is not.
    """
    first, second, single = (
        to_numpy(values).astype(np.float64) for values in (result, again, alone)
    )
    if not np.array_equal(first, second, equal_nan=True):
        raise UnsupportedModelError(
            f"step: {name} returned two different results for the same states, so it is no "
            f"function of state and input; leave out noise and dropout, and anything that it "
            f"changes outside."
        )
    if not np.allclose(first[:1], single, rtol=1e-3, atol=1e-4, equal_nan=True):
        raise UnsupportedModelError(
            f"step: {name} mixes the rows of a batch: the first state's step depends on the other "
            f"states. One row per state is wanted, each stepped by itself."
        )


def shape_of_derivative(
    derivative: Callable[[Any, Any], Any], size: tuple[int, int], kind: ArrayKind
) -> tuple[int, ...]:
    """Return the shape of what a derivative gives for two states."""
    with np.errstate(all="ignore"):
        return tuple(getattr(derivative(*trial_rows(size, kind)), "shape", ()))


def works_in_double(dtype: Any) -> bool:
    """Return whether a step that was given float64 returned it; warn if it returned float32.

    Raises
    ------
    UnsupportedModelError
        If what it returned is coarser than float32.
    """
    name = str(dtype).removeprefix("torch.")
    if name not in ("float64", "float32"):
        raise UnsupportedModelError(
            f"step: it returns {name}, whose numbers are too coarse to tell where the network "
            f"stands still; compute in float32 or float64."
        )
    if name == "float32":
        warn(
            "step works in float32 only, so residuals end near 1e-7 and points that lie close "
            "together cannot be told apart; use float64 constants and no float32 casts inside it "
            "for exact points."
        )
    return name == "float64"
