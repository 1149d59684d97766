"""Which array library a step function computes in, and the function read by its adapter."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import numpy as np

from .._core.validation import check_option
from ..errors import UnsupportedModelError
from .base import FUNCTIONS, adapter, function_adapters
from .functions import FunctionDynamics, StepFunction


def read_step(given: StepFunction, framework: str | None, example: Any) -> FunctionDynamics:
    """Return a step function as dynamics.

    Parameters
    ----------
    given
        The function.
    framework
        The name of its library; None to find it out by trial calls.
    example
        The caller's example of one state, whose arrays may tell; None for none.

    Raises
    ------
    ArgumentError
        If there is no such library.
    UnsupportedModelError
        If no library's arrays make it one step of a network.
    """
    if framework is not None:
        return _read_by_first([adapter(check_option("framework", framework, FUNCTIONS))], given)
    found = _library_of(given, example)
    return _read_by_first(function_adapters() if found is None else [found], given)


def _read_by_first(readers: Sequence[ModuleType], given: StepFunction) -> FunctionDynamics:
    """Return what the first adapter whose trial calls succeed makes of a function."""
    failures = []
    for reader in readers:
        try:
            with warnings.catch_warnings():
                # A library warns of another one's functions, which it is only tried on.
                for category in (DeprecationWarning, FutureWarning, RuntimeWarning):
                    warnings.simplefilter("ignore", category)
                dynamics: FunctionDynamics = reader.read_function(given)
                return dynamics
        except UnsupportedModelError as error:
            failures.append(error)
    reasons = {
        f"{failure.__cause__ or failure}": reader.__name__.rpartition(".")[2]
        for reader, failure in zip(readers, failures, strict=True)
    }
    others = [f"{library}: {reason[:200]}" for reason, library in list(reasons.items())[1:]]
    if not others:
        raise failures[0]
    raise UnsupportedModelError(
        f"{failures[0]} It was tried on arrays of other libraries too ({'; '.join(others)})."
    ) from failures[0]


def _library_of(given: StepFunction, example: Any) -> ModuleType | None:
    """Return the adapter of the library that a function computes in, None if that is unknown.

    It is that of the example's arrays, or of what the function makes of NumPy arrays: a function
    of another library that accepts them returns its own.
    """
    arrays = [] if example is None else given.layout.leaves(example)
    if not any(found.is_array(a) for found in function_adapters()[1:] for a in arrays):
        arrays = _returned_for_numpy(given)
    for found in function_adapters()[::-1]:  # NumPy is the first
        if any(map(found.is_array, arrays)):
            return found
    return None


def _returned_for_numpy(given: StepFunction) -> list[Any]:
    """Return what a function gives for NumPy arrays; nothing if it fails."""
    function, states = given.of_two(), given.layout.unpack(np.full((2, given.size[0]), 0.5))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            return given.layout.leaves(function(states, np.full((2, given.size[1]), 0.5)))
        except Exception:
            return []
