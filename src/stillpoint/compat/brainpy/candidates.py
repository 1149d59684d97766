"""States as scripts pass them: rows of an array, or a dictionary of such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..._core.validation import read_floats
from ...errors import ArgumentError


def read_candidates(states: Any) -> Any:
    """Return states as NumPy arrays in their nest, with equally many rows.

    Examples
    --------
    >>> read_candidates({"h": [[1, 2]]})
    {'h': array([[1., 2.]])}
    """
    states = _as_arrays(states)
    if not isinstance(states, Mapping) and states.ndim > 2:
        raise ArgumentError(f"candidates: got shape {states.shape}, but (n, d) is wanted.")
    arrays = states if isinstance(states, Mapping) else {"": states}
    shapes = {name: np.shape(array) for name, array in arrays.items()}
    told = ", ".join(f"{name} {shape}".strip() for name, shape in shapes.items())
    if any(shape[:1] == (0,) for shape in shapes.values()):
        raise ArgumentError(
            f"candidates: got shape {told}, but at least one row is wanted, a state to begin at."
        )
    if len({shape[:1] if len(shape) > 1 else () for shape in shapes.values()}) > 1:
        raise ArgumentError(
            f"candidates: got shapes {told}, but every variable must have one row for each "
            f"candidate; give all of them the same number of rows."
        )
    return states


def first_of(states: Any) -> Any:
    """Return the first of the states that `read_candidates` returned; a single one is itself."""
    if isinstance(states, Mapping):
        return {name: first_of(value) for name, value in states.items()}
    return states[0] if states.ndim > 1 else states


def _as_arrays(states: Any) -> Any:
    if isinstance(states, Mapping):
        return {name: _as_arrays(value) for name, value in states.items()}
    array = read_floats("candidates", states)
    if not 1 <= array.ndim <= 2 and not array.size:
        raise ArgumentError(f"candidates: got shape {array.shape}, but (n, d) is wanted.")
    return array
