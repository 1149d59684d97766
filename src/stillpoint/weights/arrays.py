"""One stored weight as an array of float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import host
from ..errors import ArgumentError, UnsupportedModelError

_DENSE = "torch.strided"
_FLOATS = ("float64", "float32", "float16", "bfloat16")


def read_array(name: str, stored: Any) -> Float[np.ndarray, "..."]:
    """Return a weight of any library as a float64 array of its own.

    Numbers of half precision are such numbers exactly: the network is the one that was saved.

    Raises
    ------
    UnsupportedModelError
        If it is sparse, or not of real floating-point numbers.
    ArgumentError
        If it holds NaN or infinite values.

    Examples
    --------
    >>> read_array("bias", np.ones(2, dtype=np.float32))
    array([1., 1.])
    """
    if hasattr(stored, "todense") or str(getattr(stored, "layout", _DENSE)) != _DENSE:
        raise UnsupportedModelError(
            f"weights: {name} is sparse; make it dense before it is saved, with `.to_dense()` in "
            f"torch and `.toarray()` in SciPy."
        )
    kind = getattr(stored.dtype, "name", str(stored.dtype)).removeprefix("torch.")
    if kind not in _FLOATS:
        raise UnsupportedModelError(
            f"weights: {name} is of type {kind}, but real floating-point numbers are wanted; "
            f"quantised and complex weights are not read."
        )
    array = host(stored.double() if hasattr(stored, "double") else stored)  # torch
    if not np.isfinite(array).all():
        raise ArgumentError(
            f"weights: {name} holds NaN or infinite values, so the network has no well-defined "
            f"step; check how its training ended."
        )
    return array
