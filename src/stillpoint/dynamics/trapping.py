"""Regions that a network without a bounded activation cannot leave, proved from its weights.

With W^+ the positive part of W, rectified rates obey r = max(0, W r + c) <= W^+ r + c^+. If
rho(W^+) < 1, there is a vector w > 0 with W^+ w < w (Perron and Frobenius; Berman and Plemmons
1994), and under every input each box 0 <= r <= t w with t large enough is mapped into itself and
holds all fixed points. Softplus lies at most log 2 above ReLU, so the same is true of it. For any
of these activations the map is a contraction if |W|_2 < 1 or rho(|W|) < 1 (Banach).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .._core.arrays import host
from ..intervals import Interval
from ..intervals.linalg import norm_bound, shrinking_vector
from .activations import activation
from .low_rank import LowRank, Weights, enclosed

# The ranges of the bounded activations.
_RANGES = {"tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}

# How often a box that holds the rates is replaced by its image.
_IMAGES = 30


def has_trapping_region(W: Weights, phi: str, alpha: Any = None) -> bool:
    """Return whether a network with an unbounded activation is proved to keep a ball or a box.

    It is true of x' = phi(W x + c), of x' = (1 - a) x + a phi(W x + c) and of x' = (1 - a) x +
    a (W phi(x) + c), whatever c: in the last case a box that is wide enough below, and t w above,
    is mapped into its interior. Leaks a keep boxes; where they differ they may turn a ball into an
    ellipsoid that it does not hold.

    Examples
    --------
    >>> has_trapping_region(np.array([[0.0, -3.0], [0.9, 0.0]]), "relu")
    True
    >>> has_trapping_region(np.array([[1.1]]), "relu")
    False
    """
    weights = enclosed(W.each(_exact) if isinstance(W, LowRank) else _exact(W))
    growing = weights.magnitude if phi == "linear" else np.maximum(weights.upper, 0.0)
    if shrinking_vector(growing) is not None:
        return True
    leaks = np.ones(1) if alpha is None else host(alpha)
    return bool((leaks == leaks[0]).all()) and norm_bound(weights) < 1


def _exact(weights: Any) -> Interval | np.ndarray:
    return weights if isinstance(weights, Interval) else host(weights)


def grows_no_faster(A: Any, W1: Any, W2: Any) -> bool:
    """Return whether x' = A x + W1 phi(W2 x + c) + b is proved to keep a box.

    A is a matrix, shape (d, d), or its diagonal, (d,).

    Sizes of units obey |x'| <= (|A| + |W1| |W2|) |x| + constants, as no activation is steeper than
    1; with rho of that matrix below 1 every box t w with t large enough is kept.

    Examples
    --------
    >>> half = np.array([[0.5]])
    >>> grows_no_faster(np.array([-0.4]), half, half), grows_no_faster(np.ones(1), half, half)
    (True, False)
    """
    alone = np.abs(A if A.ndim == 2 else np.diag(A))
    size = Interval(np.abs(W1)) @ np.abs(W2) + alone
    return shrinking_vector(size.magnitude) is not None


def range_of(phi: str, size: int) -> Interval | None:
    """Return a box that holds all values of a bounded activation, shape (size,), or None.

    Examples
    --------
    >>> range_of("sigmoid", 1).mid, range_of("relu", 1)
    (array([0.5]), None)
    """
    if phi not in _RANGES:
        return None
    least, most = _RANGES[phi]
    return Interval(np.full(size, 0.5 * (most + least)), np.full(size, 0.5 * (most - least)))


def bounds_of_rates(W: Weights, c: Interval, phi: str) -> Interval | None:
    """Return a box that holds every r with r = phi(W r + c), shape (d,), or None.

    Examples
    --------
    >>> box = bounds_of_rates(np.array([[-1.0]]), Interval(np.ones(1)), "relu")
    >>> box.lower.round(9), box.upper.round(9)
    (array([-0.]), array([1.]))
    """
    if (box := range_of(phi, len(W))) is not None:
        least, most = box.lower, box.upper
    elif phi == "linear" or (w := shrinking_vector(np.maximum(enclosed(W).upper, 0.0))) is None:
        return None
    else:
        at_zero = activation(phi).value(Interval(np.zeros(1)))
        room = w - Interval(np.maximum(enclosed(W).upper, 0.0)) @ w
        times = ((Interval(np.maximum(c.upper, 0.0)) + at_zero) / room).upper.max()
        least, most = np.zeros(len(W)), (Interval(w) * max(times, 0.0)).upper
    box = Interval.between(least, most)
    for _ in range(_IMAGES):
        image = activation(phi).value(box @ W.T + c)
        wider, box = box, box.intersection(image)
        if (box.radius > 0.9 * wider.radius).all():
            break
    return box
