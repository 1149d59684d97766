"""Checkpoints that CANNs wrote with BrainState or BrainPy: nests of arrays in msgpack."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, MissingExtraError
from .weights import read_weights

# The code under which an array stands: its shape, type and bytes.
_ARRAY = 1


def read_msgpack(model: Any, path: Path) -> tuple[dict[str, np.ndarray], set[str]]:
    """Return the weights of a file, and which weights of a model its framework would save.

    Both have the names that `read_weights` gives them. Arrays alone are built from the file. Those
    of hidden states are left out, names that the model does not have are kept as they are.
    """
    own = _own(model)
    stored = _renamed(dict(_flat(_unpacked(path))), [name for name, _ in own])
    ours = {id(array): name for name, array in read_weights(model).items()}
    saved = {name: ours.get(id(array)) for name, array in own}
    arrays = {
        saved.get(name) or name: array
        for name, array in stored.items()
        if saved.get(name, name) is not None
    }
    return arrays, {name for name in saved.values() if name is not None}


def _renamed(stored: dict[str, np.ndarray], own: list[str]) -> dict[str, np.ndarray]:
    """Return arrays by a model's own names where those of the file differ in their counters only.

    BrainPy numbers the modules of a class as they are made, so a second network of the same class
    has other numbers.
    """
    plain = [[re.sub(r"\d+\.", ".", name) for name in names] for names in (stored, own)]
    return dict(zip(own, stored.values(), strict=True)) if plain[0] == plain[1] else stored


def _unpacked(path: Path) -> Any:
    try:
        import msgpack
    except ImportError as error:
        raise MissingExtraError(
            "reading a checkpoint of CANNs needs msgpack, which comes with BrainState: "
            "pip install 'stillpoint[brainpy]'"
        ) from error

    def array(code: int, data: bytes) -> np.ndarray:
        if code != _ARRAY:
            raise FileFormatError(f"it holds something else than arrays (code {code})")
        shape, dtype, raw = msgpack.unpackb(data, raw=False)
        return np.frombuffer(raw, np.dtype(dtype)).reshape(shape)

    return msgpack.unpackb(path.read_bytes(), ext_hook=array, raw=False, strict_map_key=False)


def _own(model: Any) -> list[tuple[str, Any]]:
    """Return the arrays that the model's framework saves, by the names that it gives them."""
    brainpy: Any = sys.modules.get("brainpy")
    if brainpy is not None and isinstance(model, brainpy.DynamicalSystem):
        return list(_flat(brainpy.save_state(model)))
    brainstate: Any = sys.modules.get("brainstate")
    if brainstate is not None and isinstance(model, brainstate.nn.Module):
        return list(_flat(brainstate.graph.states(model).to_nest()))
    return []


def _flat(nest: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the arrays of a nest with their path; a key that repeats the path before it is one."""
    held = nest if isinstance(nest, Mapping) else getattr(nest, "value", nest)
    if not isinstance(held, Mapping):
        yield name, held
        return
    for key, member in held.items():
        path = f"{name}.{key}" if name and not str(key).startswith(f"{name}.") else str(key)
        yield from _flat(member, path)
