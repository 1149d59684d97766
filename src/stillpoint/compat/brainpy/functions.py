"""Functions of one state, as BrainPy's finder takes them, as Systems."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from ..._core.layout import StateLayout
from ...as_system import as_system
from ...dynamics import Kind
from ...errors import UnsupportedModelError
from ...system import System

Function = Callable[[Any], Any]


def read_function(function: Callable[..., Any], args: tuple, kind: Kind, example: Any) -> System:
    """Return `function(state, *args)` as a System; `example` is one state."""

    def of_row(state: Any) -> Any:
        return function(state, *args)

    name = getattr(function, "__name__", type(function).__name__)
    layout, failures = StateLayout.of(example), []
    # Where JAX is not loaded, the function cannot have been written with it.
    frameworks = ("jax", "numpy") if "jax" in sys.modules else ("numpy",)
    for framework in frameworks:
        rows = (_jax_rows if framework == "jax" else _numpy_rows)(of_row, layout)
        rows.__name__ = name
        try:
            return as_system(rows, state=example, kind=kind, framework=framework)
        except UnsupportedModelError as error:
            failures.append(error)
    told = "; ".join(f"{failure}" for failure in failures)
    raise UnsupportedModelError(
        f"f_cell: {name} must be a function of one state, {np.shape(example)} without "
        f"a batch axis. {told}"
    ) from failures[0]


def _jax_rows(of_row: Function, layout: StateLayout) -> Function:
    import jax

    def plain(state: Any) -> Any:
        layout.pack(state)  # fails on anything but one state, as a number of it
        # BrainPy's own arrays are nests to JAX, and would come out as such.
        is_wrapped = lambda leaf: hasattr(leaf, "__jax_array__")  # noqa: E731
        return jax.tree.map(jax.numpy.asarray, of_row(state), is_leaf=is_wrapped)

    return lambda states: jax.vmap(plain)(states)


def _numpy_rows(of_row: Function, layout: StateLayout) -> Function:
    def plain(row: np.ndarray) -> np.ndarray:
        result = of_row(layout.unpack(row))
        return layout.pack(np.asarray(result) if layout.is_flat else result)

    def batched(states: Any) -> Any:
        rows = layout.pack(states)
        return layout.unpack(np.array([plain(row) for row in rows]).reshape(rows.shape))

    return batched
