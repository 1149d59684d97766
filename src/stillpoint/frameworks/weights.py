"""Weights of any framework: finite, of full precision, and as copies in float64."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import to_numpy
from ..errors import ArgumentError, UnsupportedModelError

# A fixed point of weights this coarse is one of the rounded network, not of the trained one.
_LOW = ("float16", "bfloat16", "half", "float8", "int8", "uint8")


def check_precision(name: str, dtype: str) -> None:
    """Refuse weights that are half-precision or quantised."""
    if dtype.startswith(_LOW):
        raise UnsupportedModelError(
            f"model: {name} is {dtype}, whose numbers are too coarse to tell where the network "
            f"stands still; convert the model to float32 or float64 first (the values stay)."
        )


def check_weight(owner: str, name: str, array: Any) -> None:
    """Refuse a weight that is coarse or not finite; integers and flags cannot be wrong so."""
    dtype = getattr(array, "dtype", "")
    dtype = getattr(dtype, "name", str(dtype)).removeprefix("torch.")
    check_precision(f"{name} of {owner}", dtype)
    if dtype.startswith(("float", "complex")) and not np.isfinite(to_numpy(array)).all():
        raise ArgumentError(
            f"model: {name} of {owner} holds NaN or infinite values, so the network has no "
            f"well-defined step; check how its training ended."
        )


def refuse_complex(owner: str, name: str, array: Any) -> None:
    """Refuse a complex weight of a standard cell, whose equations are real."""
    if "complex" in str(getattr(array, "dtype", "")):
        raise UnsupportedModelError(
            f"model: {name} of {owner} is complex; real weights are wanted. A complex network can "
            f"be read as a step function with state=, an example of one complex state."
        )


def read_weight(owner: str, name: str, array: Any) -> Float[np.ndarray, "..."]:
    """Return a weight of any framework, checked, as a float64 NumPy array of its own.

    Examples
    --------
    >>> read_weight("GRUCell", "bias", np.ones(2, dtype=np.float32))
    array([1., 1.])
    """
    check_weight(owner, name, array)
    refuse_complex(owner, name, array)
    return np.array(to_numpy(array), dtype=np.float64)
