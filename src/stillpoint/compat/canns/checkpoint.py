"""Checkpoints of models: all weights as named arrays, written whole, loaded whole or not at all."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..._core.arrays import to_numpy
from ..._core.files import read_path
from ..._core.validation import first_line
from ...errors import ArgumentError, FileFormatError, MissingExtraError
from ..shared import raises_as_before
from ..shared.npz import load_arrays, save_arrays
from .msgpack_files import read_msgpack
from .weights import read_weights, write_weights


@raises_as_before
def save_checkpoint(model: Any, filepath: str | Path) -> None:
    """Write the weights of a model to a file in NumPy's format; nothing is pickled.

    Weights are the arrays of the model and of the modules in it, whether it trains them or not.
    Hidden states and random generators are none, so the size of a batch does not matter.

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
    path = read_path("filepath", filepath)
    arrays: dict[str, Any] = {name: to_numpy(value) for name, value in read_weights(model).items()}
    for name, array in arrays.items():
        if array.dtype.kind not in "biufc":  # NumPy would pickle them
            raise ArgumentError(
                f"model: {name} has the type {array.dtype}, but only numbers are saved; convert it."
            )
    path.parent.mkdir(parents=True, exist_ok=True)
    save_arrays(path, arrays)


@raises_as_before
def load_checkpoint(model: Any, filepath: str | Path) -> bool:
    """Read weights that `save_checkpoint` wrote into a model, or CANNs itself (msgpack).

    Parameters
    ----------
    model
        A BrainPy or BrainState module of the same structure.
    filepath
        Where.

    Returns
    -------
    bool
        True if every weight was found and loaded, False if there is no such file. Of a file of
        CANNs the weights are those that BrainState or BrainPy would load of it.

    Raises
    ------
    FileFormatError
        If the file holds no checkpoint, or not exactly the weights of this model; the model is
        then left as it was.
    """
    path = read_path("filepath", filepath)
    if not path.exists():
        return False
    wanted = read_weights(model)
    try:
        if zipfile.is_zipfile(path):
            arrays = load_arrays(path)
        else:
            arrays, saved = read_msgpack(model, path)
            wanted = {name: wanted[name] for name in saved}
    except MissingExtraError:
        raise
    except Exception as error:
        raise FileFormatError(
            f"filepath: {filepath} holds no checkpoint, neither of `save_checkpoint` nor msgpack "
            f"({type(error).__name__}: {first_line(error)})."
        ) from error
    if problems := list(_differences(wanted, arrays)):
        raise FileFormatError(
            f"filepath: {filepath} does not fit {type(model).__name__}: {'; '.join(problems)}. "
            f"Nothing was loaded; make the model as it was when it was saved."
        )
    write_weights(model, arrays)
    return True


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
