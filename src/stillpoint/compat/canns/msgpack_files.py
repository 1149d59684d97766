"""Checkpoints that CANNs wrote with BrainState or BrainPy: nests of arrays in msgpack."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError, MissingExtraError
from .weights import read_weights

# The code under which an array stands: its shape, type and bytes.
_ARRAY = 1


def read_msgpack(model: Any, path: Path) -> dict[str, np.ndarray]:
    """Return the weights of a file by the names that `read_weights` gives them in a model.

    Arrays alone are built from it. Those of hidden states are left out, names that the model does
    not have are kept as they are.
    """
    stored = dict(_flat(_unpacked(path)))
    names = told_by(model)
    hidden = {name for name, _ in _own(model)} - names.keys()
    return {names.get(name, name): stored[name] for name in stored if name not in hidden}


def told_by(model: Any) -> dict[str, str]:
    """Return what `read_weights` calls each array that BrainState or BrainPy would save."""
    ours = {id(array): name for name, array in read_weights(model).items()}
    return {name: ours[id(array)] for name, array in _own(model) if id(array) in ours}


def _unpacked(path: Path) -> Any:
    try:
        import msgpack
    except ImportError as error:
        raise MissingExtraError(
            "reading a checkpoint of CANNs needs msgpack, which comes with BrainState: "
            "pip install stillpoint[brainpy]"
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
