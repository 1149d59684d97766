"""What an index means: the rows that an int, a slice, a mask or a list selects."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int

from ..errors import came
from .arrays import to_numpy


def rows_of(which: Any, n: int) -> Int[np.ndarray, " k"]:
    """Return the rows of `n` that an index means: an int of any type, a slice, a mask or a list.

    Examples
    --------
    >>> rows_of(np.int8(-1), 3)
    array([2])
    """
    try:
        if isinstance(which, slice):
            return np.arange(n)[which]
        index = to_numpy(which)
    except Exception as error:  # the conversion is the caller's own code, which may raise anything
        raise IndexError(f"points are indexed by ints, slices, masks or lists ({error}).") from None
    if index.ndim == 0 and index.dtype.kind in "iu":
        if not -n <= int(index) < n:
            raise IndexError(f"point {int(index)} of {n}: indices run from {-n} to {n - 1}.")
        return np.arange(n)[int(index)][None]
    if index.dtype == np.bool_ and index.shape != (n,):
        raise IndexError(f"the mask has shape {index.shape}, but there are {n} points.")
    if index.ndim != 1 or (index.dtype.kind not in "iub" and index.size):
        raise IndexError(
            f"points are indexed by ints, slices, masks or lists, not by {came(which)}."
        )
    if index.dtype.kind == "b":
        return np.arange(n)[index]
    index = index.astype(np.int64)
    outside = index[(index < -n) | (index >= n)]
    if len(outside):
        raise IndexError(f"point {outside[0]} of {n}: indices run from {-n} to {n - 1}.")
    return np.arange(n)[index]
