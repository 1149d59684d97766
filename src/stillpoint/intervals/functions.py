"""Elementary functions of intervals.

Floating-point libraries promise no bound on the error of tanh, exp or log1p. Those in use stay
below 4 units in the last place in float64 (measured and published; the tests compare with
multiple precision); the bounds here assume `ULPS` and more where several are composed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np

from .interval import EPS, TINY, Interval

#: What one library function is assumed to lose at most, in units of EPS times the result.
ULPS = 8


def increasing(
    ulps: float, least: float = -np.inf, most: float = np.inf
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Declare an elementwise function increasing, so that it can also be taken of intervals.

    Of an interval the values at its ends are enough, widened by what computing them may lose.

    Parameters
    ----------
    ulps
        A bound on the relative error of the function as it is computed, in units of 2^-52.
    least, most
        What its values never leave.

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
            low, high = function(a.lower, *others), function(a.upper, *others)
            low = low - (ulps * EPS * np.abs(low) + TINY)
            high = high + (ulps * EPS * np.abs(high) + TINY)
            # The subtraction itself rounds: one step outwards more than covers it.
            low, high = np.nextafter(low, -np.inf), np.nextafter(high, np.inf)
            return Interval.between(np.maximum(low, least), np.minimum(high, most))

        return enclosing

    return declare


@increasing(ulps=ULPS, least=-1.0, most=1.0)
def tanh(a: Any) -> Any:
    """Return the hyperbolic tangent."""
    return np.tanh(a)
