"""States as scripts pass them: pairs of an LSTM, and any number of leading dimensions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from ..._core.arrays import namespace
from ..._core.validation import read_floats


def packed(states: Any) -> Any:
    """Return a pair (h, c) of arrays as one, [h, c]; anything else as it is.

    A pair that names its parts, as TensorFlow's does, is read by name.

    Examples
    --------
    >>> packed((np.zeros((3, 2)), np.ones((3, 2)))).shape
    (3, 4)
    """
    if not isinstance(states, tuple) or len(states) != 2:
        return states
    parts = [getattr(states, name, part) for name, part in zip("hc", states, strict=True)]
    if not all(hasattr(part, "shape") and part.shape for part in parts):
        return states
    if parts[0].shape != parts[1].shape:
        return states
    return namespace(*parts).concat(parts, axis=-1)


def as_rows(name: str, values: Any) -> np.ndarray:
    """Return values with their leading dimensions flattened; a vector is one row."""
    array = np.atleast_1d(read_floats(name, values))
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])
