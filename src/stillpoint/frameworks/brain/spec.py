"""Which variables of an object are its state, and how many inputs its `update` takes."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from typing import Any, SupportsIndex

import numpy as np

from ..._core.validation import check_option, check_whole
from ...errors import ArgumentError, UnsupportedModelError

# Older models of BrainPy take the shared arguments (time, step) first, under one of these names.
_SHARED = ("tdi", "sh", "sha")


def read_names(given: Any) -> tuple[str, ...] | None:
    """Return the names of state variables that the caller passed, None if he passed none.

    Examples
    --------
    >>> read_names(["h", "c"])
    ('h', 'c')
    """
    if given is None:
        return None
    names = (given,) if isinstance(given, str) else given
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise ArgumentError(
            f"state: got {given!r}, but the names of the state variables are wanted, in the order "
            f"of the flat state, such as state=('h', 'c')."
        )
    if not names or len(set(names)) < len(names):
        raise ArgumentError(f"state: got {given!r}, but every variable is wanted once.")
    return tuple(names)


def choose(
    model: Any,
    given: tuple[str, ...] | None,
    variables: Mapping[str, Any],
    candidates: Collection[str],
) -> tuple[str, ...]:
    """Return the names of the state variables: those given, or the only candidate.

    `variables` are all by name, `candidates` the names of those that may be a state.
    """
    if given is not None:
        for name in given:
            check_option("state", name, variables)
        return given
    if not candidates:
        raise UnsupportedModelError(
            f"model: {type(model).__name__} has no variable that could be its state, so it has no "
            f"fixed points. If its state is made later, make it first, for example with "
            f"model.init_state()."
        )
    if len(candidates) > 1:
        listed = ", ".join(f"{name} {np.shape(variables[name].value)}" for name in candidates)
        example = ", ".join(repr(name) for name in list(candidates)[:2])
        raise ArgumentError(
            f"state: {type(model).__name__} has several variables: {listed}. Name those that make "
            f"up the state, in the order wanted, as in as_system(model, state=({example})); the "
            f"others keep their values."
        )
    return tuple(candidates)


def count_inputs(model: Any, given: SupportsIndex | None) -> int:
    """Return how many inputs a step of `model` takes, 0 where `update` takes none."""
    if given is not None:
        return check_whole("input_size", given, least=0)
    size = getattr(model, "num_in", None)
    if size is None:
        size = getattr(model, "in_size", None)
    if isinstance(size, list | tuple) and len(size) == 1:
        size = size[0]
    if isinstance(size, int | np.integer):
        return int(size)
    parameters = list(inspect.signature(type(model).update).parameters.values())[1:]  # not self
    plain = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    wanted = [p.name for p in parameters if p.kind in plain and p.default is p.empty]
    if wanted and wanted[0] in _SHARED:
        wanted = wanted[1:]
    if wanted:
        raise ArgumentError(
            f"input_size: {type(model).__name__}.update takes an input, {wanted[0]}, of unknown "
            f"size; pass as_system(model, input_size=...)."
        )
    return 0
