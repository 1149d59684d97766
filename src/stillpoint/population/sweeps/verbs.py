"""What a sweep does to each network: a verb of stillpoint by name, or a caller's function."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..._core.netcdf import part_above
from ..._core.validation import check_option
from ...errors import ArgumentError, came


def read_verb(
    verb: Any, options: Mapping[str, Any]
) -> tuple[Callable[..., Any], str, dict[str, Any]]:
    """Return a verb, its name, and what keeps it from drawing bars of its own.

    Raises
    ------
    ArgumentError
        If it is no verb, or takes no such options.
    """
    function = public_verb(verb) if isinstance(verb, str) else verb
    if not callable(function) or isinstance(function, type):
        raise ArgumentError(
            f"verb: got {came(verb)}, but the name of a verb, such as 'portrait', or a function "
            f"of a system that returns a record is wanted."
        )
    call = getattr(function, "__name__", type(function).__name__)
    for name, value in options.items():
        if isinstance(value, np.random.Generator):
            raise ArgumentError(
                f"{name}: got a NumPy generator, but networks are done in any order; pass a whole "
                f"number, the same seed for each."
            )
    try:
        signature = inspect.signature(function)
    except ValueError:  # a builtin without one
        return function, call, {}
    try:
        signature.bind(None, **options)
    except TypeError as error:
        raise ArgumentError(f"options, verb: {call} cannot be called so ({error}).") from None
    quiet = {"progress": False} if "progress" in signature.parameters else {}
    return function, call, quiet


def public_verb(name: str) -> Callable[..., Any]:
    """Return the verb of stillpoint that is called so, and takes a system first.

    Raises
    ------
    ArgumentError
        If there is none.
    """
    package = part_above()
    check_option("verb", name, [n for n in package.__all__ if n[:1].islower()])
    function: Any = getattr(package, name)
    first = next(iter(inspect.signature(function).parameters), "") if callable(function) else ""
    if first != "system":
        raise ArgumentError(
            f"verb: {name} does not take a system first; pass the name of a verb that does, such "
            f"as 'find_all_fixed_points' or 'portrait'."
        )
    verb: Callable[..., Any] = function
    return verb
