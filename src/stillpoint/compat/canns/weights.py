"""The weights of BrainPy's and BrainState's modules, wherever a module keeps them.

What BrainPy does not train is no Variable: in its default mode the weights of its own cells are
plain arrays. So attributes are walked through, not the variables that a module shows.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..._core.arrays import ArrayKind
from ...errors import ArgumentError

#: What is made of the array of a name.
Change = Callable[[str, Any], Any]

#: The names under which cells keep their hidden state.
_HIDDEN = ("state", "h", "c")


def read_weights(model: Any) -> dict[str, Any]:
    """Return all arrays of a module, and of the modules in it, by name; hidden states left out."""
    found: dict[str, Any] = {}

    def note(name: str, array: Any) -> Any:
        found[name] = getattr(array, "value", array)  # of BrainPy's own arrays
        return array

    if _is_module(model):
        _visit("", model, note, set())
    if not found:
        raise ArgumentError(
            f"model: {type(model).__name__} shows no weights; a BrainPy or BrainState module that "
            f"holds Variables, States or arrays is wanted."
        )
    return found


def write_weights(model: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """Put arrays in the place of those that `read_weights` returns, as arrays of the same kind.

    They are replaced, not written to: others may hold them too.
    """

    def new(name: str, array: Any) -> Any:
        plain = getattr(array, "value", array)
        made = ArrayKind.of(plain).asarray(arrays[name])
        return made if plain is array else type(array)(made)

    _visit("", model, new, set())


def _visit(name: str, value: Any, change: Change, seen: set[int]) -> Any:
    """Return a value with its arrays changed; modules, each once, and variables stay themselves."""
    if _is_variable(value):
        held = value.value
        if (new := _visit(name, held, change, seen)) is not held:
            value.value = new
    elif _is_module(value):
        _visit_module(name, value, change, seen)
    elif isinstance(value, Mapping | list | tuple):
        return _visit_nest(name, value, change, seen)
    elif _is_array(value):
        return change(name, value)
    return value


def _visit_module(name: str, module: Any, change: Change, seen: set[int]) -> None:
    if id(module) in seen:
        return
    seen.add(id(module))
    for key, member in list(vars(module).items()):
        if key.endswith("_initializer") or _is_hidden(module, key, member):
            continue
        new = _visit(_join(name, key), member, change, seen)
        if new is not member:
            setattr(module, key, new)


def _visit_nest(name: str, nest: Any, change: Change, seen: set[int]) -> Any:
    keys = list(nest) if isinstance(nest, Mapping) else list(range(len(nest)))
    new = {}
    for place, key in enumerate(keys):
        # BrainPy names modules and variables in mappings by counting instances.
        label = place if _is_module(nest[key]) or _is_variable(nest[key]) else key
        new[key] = _visit(_join(name, label), nest[key], change, seen)
    if all(new[key] is nest[key] for key in keys):
        return nest
    if isinstance(nest, Mapping):
        return new
    return type(nest)(*new.values()) if hasattr(nest, "_fields") else type(nest)(new.values())


def _join(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


def _is_module(value: Any) -> bool:
    return callable(getattr(value, "nodes", None)) and not isinstance(value, type)


def _is_variable(value: Any) -> bool:
    brainstate = sys.modules.get("brainstate")
    return brainstate is not None and isinstance(value, brainstate.State)


def _is_hidden(owner: Any, name: str, value: Any) -> bool:
    """Whether a member is what an update changes: the state of a cell or of a generator.

    A variable with a batch axis is one, and so is the state of BrainPy's cells without batches.
    """
    if not _is_variable(value):
        return False
    brainstate: Any = sys.modules["brainstate"]
    return (
        isinstance(value, brainstate.ShortTermState | brainstate.random.RandomState)
        or getattr(value, "batch_axis", None) is not None
        or (name in _HIDDEN and hasattr(owner, "_state_initializer"))
    )


def _is_array(value: Any) -> bool:
    is_told = hasattr(value, "dtype") and hasattr(value, "shape")
    if not is_told or isinstance(value, np.generic | type):
        return False
    return getattr(value.dtype, "kind", "f") not in "OSUmM"
