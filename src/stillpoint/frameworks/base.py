"""How an adapter is found for what the user passes, without importing any framework."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType
from typing import Any

from ..status import ArgumentError, MissingExtraError, check_option

#: The adapters, by the framework's name. Each module offers `is_model`, `read_model`,
#: `read_function` and, where the framework differentiates functions, `differentiate`.
ADAPTERS = {"torch": ".torch", "numpy": ".numpy"}


def adapter(framework: str) -> ModuleType:
    """Return the adapter module of `framework`, importing the framework if need be.

    Raises
    ------
    ArgumentError
        If there is no such adapter.
    MissingExtraError
        If the framework is not installed.
    """
    check_option("framework", framework, ADAPTERS)
    try:
        return importlib.import_module(ADAPTERS[framework], __package__)
    except ModuleNotFoundError as error:
        if error.name != framework:
            raise
        raise MissingExtraError(
            f"framework={framework!r}: {framework} is not installed; "
            f"install it with: pip install 'stillpoint[{framework}]'"
        ) from None


def loaded_adapters() -> list[ModuleType]:
    """Return the adapters of the frameworks that this process has already imported."""
    return [adapter(name) for name in ADAPTERS if sys.modules.get(name) is not None]


def adapter_of_model(model: Any) -> ModuleType | None:
    """Return the adapter that `model` belongs to, or None if it is no framework's module."""
    return next((found for found in loaded_adapters() if found.is_model(model)), None)


def adapter_of_arrays(array: Any) -> ModuleType:
    """Return the adapter whose library `array` belongs to."""
    for found in loaded_adapters():
        if found.is_array(array):
            return found
    raise ArgumentError(
        f"array: got {type(array).__name__}, which belongs to no known framework "
        f"({', '.join(ADAPTERS)}); convert it to NumPy first."
    )
