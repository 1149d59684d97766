"""Keras' files: `.keras` archives, `.weights.h5`, and the older `.h5` of a whole model.

A file of a whole model holds a JSON configuration, too.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import numpy as np

from .keras_config import read_config
from .stored import Stored, plain_name

#: Keras 3 numbers the variables of a cell, in this order.
_NUMBERED = ("kernel", "recurrent_kernel", "bias")

#: Where the older format keeps the weights of the layers.
_OLD = "model_weights."


def read_archive(path: Path) -> Stored:
    """Return what a `.keras` file holds."""
    with zipfile.ZipFile(path) as archive:
        config = json.loads(archive.read("config.json"))
        return _read(io.BytesIO(archive.read("model.weights.h5")), config)


def read_hdf5(path: Path) -> Stored:
    """Return what an `.h5` file holds."""
    with path.open("rb") as file:
        return _read(file, None)


def _read(file: IO[bytes], config: Any) -> Stored:
    import h5py

    with h5py.File(file, "r") as held:
        if config is None and "model_config" in held.attrs:
            config = json.loads(held.attrs["model_config"])
        arrays = dict(_arrays(held))
    prefixes = dict.fromkeys(name.rpartition(".")[0] for name in arrays)
    return Stored(arrays, *read_config(config, prefixes))


def _arrays(held: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays by the names that users have given to their layers.

    Keras 3 calls groups by class, and notes a layer's own name at its variables. Those have
    numbers; they are a recurrent cell's where the second one is its states times its gates.
    """
    import h5py

    found: list[tuple[str, np.ndarray]] = []
    held.visititems(
        lambda path, item: (
            found.append((path, item[()])) if isinstance(item, h5py.Dataset) else None
        )
    )
    shapes = {path: array.shape for path, array in found}
    for path, array in found:
        group, _, last = path.rpartition("/")
        if not group.endswith("vars"):
            yield plain_name(path).removeprefix(_OLD), array
        else:
            is_recurrent = _is_recurrent([shapes.get(f"{group}/{k}", ()) for k in range(2)])
            name = _NUMBERED[int(last)] if is_recurrent and last in "012" else last
            yield ".".join([*_names(held, group), name]), array


def _is_recurrent(shapes: list[tuple[int, ...]]) -> bool:
    return [len(shape) for shape in shapes] == [2, 2] and (
        shapes[0][1] == shapes[1][1] and shapes[1][1] % shapes[1][0] == 0
    )


def _names(held: Any, group: str) -> Iterator[str]:
    """Yield the names of the layers on the way to a group of variables, the model's left out."""
    parts = group.split("/")[:-1]
    for end in range(1, len(parts) + 1):
        place = "/".join([*parts[:end], "vars"])
        if place in held:
            yield str(held[place].attrs.get("name", parts[end - 1]))
