"""Checkpoints of models: all weights as named arrays, written whole, loaded whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ...arrays import ArrayKind, to_numpy
from ...files import write_atomically
from ...status import ArgumentError, FileFormatError


def save_checkpoint(model: Any, filepath: str | Path) -> None:
    """Write the weights of a model to a file in NumPy's format; nothing is pickled.

    Parameters
    ----------
    model
        A BrainPy or BrainState module.
    filepath
        Where; folders that do not exist are made.

    Raises
    ------
    ArgumentError
        If the model has no weights, or some that are not numbers.
    """
    arrays = {name: to_numpy(value) for name, value in _weights(model).items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biufc":  # NumPy would pickle them
            raise ArgumentError(
                f"model: {name} has the type {array.dtype}, but only numbers are saved; convert it."
            )
    Path(filepath).parent.mkdir(parents=True, exist_ok=True)

    def write(path: Path) -> None:
        with path.open("wb") as file:
            np.savez(file, **arrays)

    write_atomically(filepath, write)


def load_checkpoint(model: Any, filepath: str | Path) -> bool:
    """Read weights that `save_checkpoint` wrote into a model.

    Parameters
    ----------
    model
        A BrainPy or BrainState module of the same structure.
    filepath
        Where.

    Returns
    -------
    bool
        True if every weight was found and loaded, False if there is no such file.

    Raises
    ------
    FileFormatError
        If the file holds no checkpoint, or not exactly the weights of this model; the model is
        then left as it was.
    """
    if not Path(filepath).exists():
        return False
    wanted = _weights(model)
    try:
        with open(filepath, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = {name: stored[name] for name in stored.files}
    except Exception as error:
        raise FileFormatError(
            f"filepath: {filepath} holds no checkpoint written by `save_checkpoint` ({error})."
        ) from error
    if problems := list(_differences(wanted, arrays)):
        raise FileFormatError(
            f"filepath: {filepath} does not fit {type(model).__name__}: {'; '.join(problems)}. "
            f"Nothing was loaded; make the model as it was when it was saved."
        )
    new = {name: ArrayKind.of(value).asarray(arrays[name]) for name, value in wanted.items()}
    for name, holder in _holders(model).items():
        holder.value = _rebuilt(name, holder.value, new)
    return True


def _holders(model: Any) -> dict[str, Any]:
    """Return what holds the weights of a model, with their `value`, by name within the model."""
    if hasattr(model, "states"):  # BrainState
        found = {".".join(map(str, path)): state for path, state in model.states().items()}
    elif hasattr(model, "vars"):  # BrainPy; its absolute names count instances
        found = dict(model.vars(method="relative"))
    else:
        found = {}
    if not found:
        raise ArgumentError(
            f"model: {type(model).__name__} shows no weights; a BrainPy module whose weights are "
            f"Variables, or a BrainState module with States, is wanted."
        )
    return found


def _weights(model: Any) -> dict[str, Any]:
    """Return the arrays of a model by name; a holder may keep several in dictionaries."""
    flat: dict[str, Any] = {}
    for name, holder in _holders(model).items():
        flat |= _flattened(name, holder.value)
    return flat


def _flattened(name: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        return {name: value}
    members = (_flattened(f"{name}.{key}", member) for key, member in value.items())
    return {path: array for flat in members for path, array in flat.items()}


def _rebuilt(name: str, value: Any, arrays: Mapping[str, Any]) -> Any:
    if not isinstance(value, Mapping):
        return arrays[name]
    return {key: _rebuilt(f"{name}.{key}", member, arrays) for key, member in value.items()}


def _differences(wanted: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Iterator[str]:
    """Yield what keeps the arrays of a file from being the weights of a model."""
    if missing := sorted(set(wanted) - set(arrays)):
        yield f"it lacks {', '.join(missing)}"
    if unknown := sorted(set(arrays) - set(wanted)):
        yield f"it also holds {', '.join(unknown)}"
    for name in sorted(set(wanted) & set(arrays)):
        shape = tuple(wanted[name].shape)
        if arrays[name].shape != shape:
            yield f"{name} has shape {arrays[name].shape} instead of {shape}"
