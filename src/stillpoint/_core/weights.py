"""Arrays of weights, as they are given and as they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..errors import ArgumentError
from .arrays import is_real_floating, n_masked
from .validation import read_floats


def plain_weights(name: str, array: Any, axes: int) -> Any:
    """Return weights as they are kept: an array of floating-point numbers with so many axes.

    NumPy's matrices and masked arrays of which nothing is masked become arrays, and so do arrays
    in the byte order of another machine.

    Raises
    ------
    ArgumentError
        If `array` is anything else, or empty.

    Examples
    --------
    >>> plain_weights("b of Cell", np.ma.array([0.5]), 1)
    array([0.5])
    """
    if isinstance(array, np.ndarray) and not n_masked(array):
        array = np.asarray(array, dtype=array.dtype.newbyteorder("="))
    kind = str(getattr(array, "dtype", ""))
    if (
        not is_real_floating(array)
        or kind.rpartition(".")[2] not in ("float32", "float64")
        or isinstance(array, np.ma.MaskedArray)
    ):
        raise ArgumentError(
            f"{name}: got {f'{type(array).__name__} {kind}'.strip()}, but an array of float64 or "
            f"float32 numbers is wanted, none of them masked; convert it, for example with "
            f"np.asarray({name.partition(' ')[0]}, dtype=float)."
        )
    if array.ndim != axes:
        raise ArgumentError(f"{name}: got shape {tuple(array.shape)}, but {axes} axes are wanted.")
    if not array.shape[0]:
        raise ArgumentError(
            f"{name}: got shape {tuple(array.shape)}, but at least one unit is wanted."
        )
    return array


def check_alike(owner: str, weights: Mapping[str, tuple[Any, tuple[int, ...]]]) -> None:
    """Check that arrays are of one kind, have the shapes beside them, and are finite.

    Raises
    ------
    ArgumentError
        If they are not.

    Examples
    --------
    >>> check_alike("Cell", {"b": (np.zeros(2), (2,)), "W": (np.eye(2), (2, 2))})
    """
    kinds: dict[str, list[str]] = {}
    for name, (array, shape) in weights.items():
        if tuple(array.shape) != shape:
            raise ArgumentError(
                f"{name} of {owner}: got shape {tuple(array.shape)}, but {shape} is wanted; rows "
                f"are the units written to, columns the units read from."
            )
        if not np.isfinite(read_floats(f"{name} of {owner}", array, finite=False)).all():
            raise ArgumentError(
                f"{name} of {owner}: holds NaN or infinite values, so the network has no "
                f"well-defined step; check how its training ended."
            )
        kinds.setdefault(str(array.dtype), []).append(name)
    if len(kinds) > 1:
        found = "; ".join(f"{', '.join(names)}: {kind}" for kind, names in kinds.items())
        raise ArgumentError(
            f"{', '.join(weights)} of {owner}: the types of these weights differ ({found}); one is "
            f"wanted."
        )
