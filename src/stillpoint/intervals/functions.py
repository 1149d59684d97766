"""What the array API calls a namespace: the functions of intervals that cells use.

Floating-point libraries promise no bound on the error of tanh, exp or log1p. Those in use stay
below 4 units in the last place in float64 (measured and published; the tests compare with
multiple precision); the bounds here assume `ULPS` and more where several are composed.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from functools import reduce, wraps
from typing import Any

import numpy as np
from jaxtyping import Float

from .affine import AffineForm
from .interval import EPS, TINY, Interval, as_interval

#: What one library function is assumed to lose at most, in units of EPS times the result.
ULPS = 8


def increasing(
    ulps: float,
    least: float = -np.inf,
    most: float = np.inf,
    slope: Callable[[Interval], Interval] | None = None,
    level: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an elementwise function increasing, so that it can also be taken of intervals.

    Of an interval the values at its ends are enough, widened by what computing them may lose:
    `ulps` bounds the relative error in units of 2^-52. Values never leave [least, most]. With a
    `slope`, which encloses its derivative over intervals, affine forms stay affine forms, narrow
    ones if `level` says where, nearly, the derivative has a value: places in a row of their own.

    Examples
    --------
    >>> cube = increasing(ulps=4)(lambda a: a**3)
    >>> cube(np.array([2.0]))
    array([8.])
    >>> bound = cube(Interval(np.array([2.0]), np.array([0.1])))
    >>> bool(bound.lower[0] <= 1.9**3), bool(bound.upper[0] >= 2.1**3)
    (True, True)
    """

    def declare(function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def enclosing(a: Any, *others: Any) -> Any:
            if not isinstance(a, Interval):
                return function(a, *others)
            if isinstance(a, AffineForm) and slope is not None:
                return a.through(enclosing, slope, level)
            lower, upper = a.lower, a.upper
            low = function(lower, *others)
            high = low if np.array_equal(lower, upper) else function(upper, *others)
            low = low - (ulps * EPS * np.abs(low) + TINY)
            high = high + (ulps * EPS * np.abs(high) + TINY)
            # The subtraction itself rounds: one step outwards more than covers it.
            low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
            return Interval.between(np.maximum(low, least), np.minimum(high, most))

        return enclosing

    return declare


def _slope_of_tanh(a: Interval) -> Interval:
    value = tanh(a)
    return 1.0 - value * value


def _level_of_tanh(slope: np.ndarray) -> np.ndarray:
    at = np.arctanh(np.sqrt(np.clip(1 - slope, 0.0, 1.0)))
    return np.stack([-at, at])


@increasing(ulps=ULPS, least=-1.0, most=1.0, slope=_slope_of_tanh, level=_level_of_tanh)
def tanh(a: Any) -> Float[Any, "..."]:
    """Return the hyperbolic tangent."""
    return np.tanh(a)


def asarray(values: Any, **_: Any) -> Interval | np.ndarray:
    """Return intervals as they are, and anything else as a NumPy array (of numbers or indices)."""
    return values if isinstance(values, Interval) else np.asarray(values)


def astype(values: Interval, dtype: Any) -> Interval:  # noqa: ARG001
    """Return `values`: intervals are float64."""
    return values


def broadcast_to(values: Any, shape: tuple[int, ...]) -> Interval:
    return as_interval(values).each(lambda part: np.broadcast_to(part, shape))


def concat(several: Sequence[Any], axis: int = 0) -> Interval:
    parts = [as_interval(part) for part in several]
    if axis == 1 and isinstance(parts[0], AffineForm):
        return reduce(AffineForm.beside, parts)  # type: ignore[arg-type]
    mid = np.concatenate([part.mid for part in parts], axis=axis)
    return Interval(mid, np.concatenate([part.radius for part in parts], axis=axis))


def eye(size: int, **_: Any) -> Interval:
    return Interval(np.eye(size))


def matmul(first: Any, second: Any) -> Interval:
    return as_interval(first) @ as_interval(second)


def ones_like(values: Interval) -> Interval:
    return Interval(np.ones(values.shape))


def take(values: Interval, indices: Any, axis: int = 0) -> Interval:
    if isinstance(values, AffineForm) and axis == 1:
        return values[:, np.asarray(indices)]
    return values.each(lambda part: part.take(indices, axis=axis))


def zeros_like(values: Interval) -> Interval:
    return Interval(np.zeros(values.shape))


Interval.namespace = sys.modules[__name__]
