"""Which units, rows and entries a caller means: places, masks, and what is masked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from ..errors import ArgumentError, came
from .arrays import n_masked, to_numpy
from .validation import first_line, read_floats, whole_number


def read_indices(name: str, indices: Any, size: int, *, once: bool = True) -> Int[np.ndarray, " k"]:
    """Return a caller's list of places, whole numbers from 0 to `size` - 1, each at most `once`.

    Examples
    --------
    >>> read_indices("units", range(2), size=3)
    array([0, 1])
    """
    try:
        is_list = isinstance(indices, Sequence) and not isinstance(indices, str | bytes)
        listed = [whole_number(i) for i in (indices if is_list else to_numpy(indices))]
    except Exception:  # as for arrays: the caller's code
        listed = [None]
    found = [index for index in listed if index is not None]
    if len(found) < len(listed):
        raise ArgumentError(f"{name}: got {came(indices)}, but a list of whole numbers is wanted.")
    if any(not 0 <= index < size for index in found):
        raise ArgumentError(
            f"{name}: got {came(indices)}, which has indices outside 0..{size - 1}."
        )
    if once and len(set(found)) < len(found):
        raise ArgumentError(f"{name}: got {came(indices)}, which names a unit twice.")
    return np.array(found, dtype=np.int64)


def read_mask(name: str, mask: Any, shape: tuple[int, ...]) -> Bool[np.ndarray, "..."]:
    """Return a caller's boolean mask of a shape.

    Examples
    --------
    >>> read_mask("where", [True, False], (2,))
    array([ True, False])
    """
    try:
        array = to_numpy(mask)
    except Exception as error:  # as for arrays: the caller's code
        array = None
        came_in = f"{type(mask).__name__} ({first_line(error)})"
    if array is None or array.dtype != np.bool_ or array.shape != shape:
        came_in = f"{array.dtype} of shape {array.shape}" if array is not None else came_in
        raise ArgumentError(
            f"{name}: got {came_in}, but a boolean mask of shape {shape} is wanted."
        )
    return array


def read_unmasked(
    name: str, values: Any
) -> tuple[Float[np.ndarray, "..."], Bool[np.ndarray, "..."]]:
    """Return a caller's array as float64 NumPy, and which of its values are known: not masked.

    Examples
    --------
    >>> read_unmasked("states", np.ma.masked_less([1.0, 2.0], 1.5))
    (array([0., 2.]), array([False,  True]))
    """
    if n_masked(values):
        values = np.ma.array(values)
        known = ~np.ma.getmaskarray(values)
        return read_floats(name, values.filled(0)), known
    array = read_floats(name, values)
    return array, np.ones(array.shape, dtype=bool)
