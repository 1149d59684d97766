"""What a framework's cell must satisfy, written once for all of them.

Every `cells_of_<framework>.py` lists the cells of one framework as `CASES`;
`test_framework_cells.py` checks them, and `scripts/write_framework_table.py` writes the table of
docs/frameworks.md from them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np


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
