"""The functions of the array API that the text of a network uses, for intervals."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .functions import tanh
from .interval import Interval, as_interval

__all__ = [
    "asarray",
    "astype",
    "broadcast_to",
    "concat",
    "eye",
    "matmul",
    "ones_like",
    "take",
    "tanh",
    "zeros_like",
]


def asarray(values: Any, **_: Any) -> Any:
    """Return intervals as they are, and anything else as a NumPy array (of numbers or indices)."""
    return values if isinstance(values, Interval) else np.asarray(values)


def astype(values: Interval, dtype: Any) -> Interval:  # noqa: ARG001
    """Return `values`: intervals are float64."""
    return values


def broadcast_to(values: Any, shape: tuple[int, ...]) -> Interval:
    return as_interval(values).each(lambda part: np.broadcast_to(part, shape))


def concat(several: Sequence[Any], axis: int = 0) -> Interval:
    parts = [as_interval(part) for part in several]
    mid = np.concatenate([part.mid for part in parts], axis=axis)
    return Interval(mid, np.concatenate([part.radius for part in parts], axis=axis))


def eye(size: int, **_: Any) -> Interval:
    return Interval(np.eye(size))


def matmul(first: Any, second: Any) -> Interval:
    return as_interval(first) @ as_interval(second)


def ones_like(values: Interval) -> Interval:
    return Interval(np.ones(values.shape))


def take(values: Interval, indices: Any, axis: int = 0) -> Interval:
    return values.each(lambda part: part.take(indices, axis=axis))


def zeros_like(values: Interval) -> Interval:
    return Interval(np.zeros(values.shape))
