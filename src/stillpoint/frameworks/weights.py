"""Weights as the canonical cells want them: float64 NumPy arrays, copied, of full precision."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float

from ..arrays import to_numpy
from ..status import UnsupportedModelError

# A fixed point of weights this coarse is one of the rounded network, not of the trained one.
_LOW = ("float16", "bfloat16", "half", "float8", "int8", "uint8")


def check_precision(name: str, dtype: str) -> None:
    """Check that weights are real and of single precision at least.

    Raises
    ------
    UnsupportedModelError
        If they are complex, half-precision or quantised.

    Examples
    --------
    >>> check_precision("kernel", "float32")
    """
    if dtype.startswith("complex"):
        raise UnsupportedModelError(f"model: {name} is {dtype}; real weights are wanted.")
    if dtype.startswith(_LOW):
        raise UnsupportedModelError(
            f"model: {name} is {dtype}, whose numbers are too coarse to tell where the network "
            f"stands still; convert the model to float32 or float64 first (the values stay)."
        )


def read_weight(name: str, array: Any) -> Float[np.ndarray, "..."]:
    """Return a weight of any framework as a float64 NumPy array of its own.

    Raises
    ------
    UnsupportedModelError
        If it is complex, half-precision or quantised.

    Examples
    --------
    >>> read_weight("bias", np.ones(2, dtype=np.float32))
    array([1., 1.])
    """
    check_precision(name, str(getattr(array, "dtype", "")))
    return np.array(to_numpy(array), dtype=np.float64)
