"""Functions of one state, as BrainPy's finder takes them, as Systems."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._core.layout import Structure
from ...as_system import as_system
from ...dynamics import Kind
from ...errors import UnsupportedModelError
from ...system import System


def read_function(function: Callable[..., Any], args: tuple, kind: Kind, example: Any) -> System:
    """Return a function of one state as a System.

    Parameters
    ----------
    function
        `function(state, *args)`: the next state (map) or the velocity (flow).
    args
        What else it takes.
    kind
        "map" or "flow".
    example
        One state, as arrays in its nest.

    Raises
    ------
    UnsupportedModelError
        If neither JAX nor NumPy can call it.
    """

    def of_row(state: Any) -> Any:
        return function(state, *args)

    of_row.__name__ = getattr(function, "__name__", type(function).__name__)
    structure, failures = Structure.of(example), []
    if "jax" in sys.modules:  # else the function cannot have been written with it
        try:
            return as_system(
                _jax_rows(of_row, structure), state=example, kind=kind, framework="jax"
            )
        except UnsupportedModelError as error:
            failures.append(error)
    rows = _numpy_rows(of_row, structure)
    try:
        return as_system(rows, state=example, kind=kind, framework="numpy")
    except UnsupportedModelError as error:
        failures.append(error)
    told = "; ".join(f"{failure}" for failure in failures)
    raise UnsupportedModelError(
        f"f_cell: {of_row.__name__} must be a function of one state, {np.shape(example)} without "
        f"a batch axis. {told}"
    ) from failures[0]


def _jax_rows(of_row: Callable[[Any], Any], structure: Structure) -> Callable[[Any], Any]:
    import jax

    def plain(state: Any) -> Any:
        structure.pack(state)  # fails on anything but one state, as a number of it
        # BrainPy's own arrays are nests to JAX, and would come out as such.
        is_wrapped = lambda leaf: hasattr(leaf, "__jax_array__")  # noqa: E731
        return jax.tree.map(jax.numpy.asarray, of_row(state), is_leaf=is_wrapped)

    def batched(states: Any) -> Any:
        return jax.vmap(plain)(states)

    batched.__name__ = of_row.__name__
    return batched


def _numpy_rows(of_row: Callable[[Any], Any], structure: Structure) -> Callable[[Any], Any]:
    def plain(row: np.ndarray) -> np.ndarray:
        result = of_row(structure.unpack(row))
        return structure.pack(np.asarray(result) if structure.is_flat else result)

    def batched(states: Any) -> Any:
        rows = structure.pack(states)
        return structure.unpack(np.array([plain(row) for row in rows]).reshape(rows.shape))

    batched.__name__ = of_row.__name__
    return batched
