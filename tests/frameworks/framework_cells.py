"""What a framework's cell must satisfy, written once for all of them.

Every `cells_of_<framework>.py` lists the cells of one framework as `CASES`;
`test_framework_cells.py` checks them, and `scripts/write_framework_table.py` writes the table of
docs/frameworks.md from them.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

import stillpoint as sp
from stillpoint.cells import StackedCell

#: The frameworks' modules; each has its own list of cells. A run that is for one of them says so,
#: as importing all takes longer than its tests.
FRAMEWORKS = os.environ.get("STILLPOINT_CELLS_OF", "torch flax equinox keras brainpy").split()

#: Who differentiates what is no standard cell.
_DIFFERENTIATES = {
    "PyTorch": "torch",
    "Flax nnx": "JAX",
    "Flax linen": "JAX",
    "Equinox": "JAX",
    "Keras": "its backend",
    "BrainPy": "JAX",
    "BrainState": "JAX",
}

TABLE_HEAD = (
    "| framework | cell | read as | derivatives | precision |",
    "|---|---|---|---|---|",
)


class Network(NamedTuple):
    """A network as its user has it.

    Attributes
    ----------
    model
        What the user passes to `as_system`.
    step
        The framework's own step, called as its documentation says: (state, input) -> state, of
        batches, in the framework's own nest and arrays, in float64 where float64 comes in.
    arrays
        The library of those arrays: "torch", "jax" or "tensorflow".
    options
        What else is passed to `as_system`.
    """

    model: Any
    step: Callable[[Any, Any], Any]
    arrays: str
    options: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True)
class Case:
    """One cell of one framework.

    Attributes
    ----------
    framework
        As the documentation names it.
    cell
        The cell's name there, with the option that matters.
    make
        Returns the network with random weights.
    closed_form
        Whether it becomes a canonical cell; otherwise its framework differentiates it.
    double
        Whether it works in float64.
    """

    framework: str
    cell: str
    make: Callable[[np.random.Generator], Network]
    closed_form: bool = True
    double: bool = True

    def __str__(self) -> str:
        return f"{self.framework}-{self.cell}"


def cases_of(framework: str) -> list[Case]:
    """Return the cells of one framework; none if it is not installed."""
    if importlib.util.find_spec(framework) is None:
        return []
    return importlib.import_module(f"cells_of_{framework}").CASES


def table_row(case: Case, system: sp.System) -> str:
    """Return what the documentation says of a case, read off the system that it becomes."""
    cell = system.dynamics
    layer = cell.layers[0] if isinstance(cell, StackedCell) else cell
    is_canonical = type(layer).__module__.startswith("stillpoint.cells")
    read_as = f"`{type(layer).__name__}`" if is_canonical else "itself"
    if isinstance(cell, StackedCell):
        read_as += f", {len(cell.layers)} layers"
    derivatives = "closed form" if is_canonical else f"by {_DIFFERENTIATES[case.framework]}"
    precision = "float64" if cell.arrays.resolution < 1e-15 else "float32"
    return f"| {case.framework} | {case.cell} | {read_as} | {derivatives} | {precision} |"
