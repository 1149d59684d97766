"""Keras' files: `.keras` archives, `.weights.h5`, and the older `.h5` of a whole model.

A file of a whole model holds a JSON configuration, too.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from .keras_config import read_config
from .stored import Stored, plain_name

#: Keras 3 numbers the variables of a cell, in this order.
_NUMBERED = ("kernel", "recurrent_kernel", "bias")

#: No compression that HDF5 has makes numbers so many times smaller.
_DENSEST = 2000

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


def _read(file: io.BufferedIOBase, config: Any) -> Stored:
    import h5py

    with h5py.File(file, "r") as held:
        if config is None and "model_config" in held.attrs:
            config = json.loads(held.attrs["model_config"])
        arrays = dict(_arrays(held))
    prefixes = dict.fromkeys(name.rpartition(".")[0] for name in arrays)
    return Stored(arrays, *read_config(config, prefixes))


def _arrays(held: Any) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays by the names that users have given to their layers.

    Keras 3 calls groups by class, notes a layer's own name at its variables, and numbers those.
    """
    found: list[tuple[str, np.ndarray]] = []
    most = _DENSEST * held.id.get_filesize()

    def visit(path: str, item: Any) -> None:
        if getattr(item, "nbytes", 0) > most:
            raise ValueError(f"{path} of shape {item.shape} cannot lie in this file")
        if getattr(item, "dtype", np.dtype(object)).kind in "fiub":
            found.append((path, item[()]))

    held.visititems(visit)
    for path, array in found:
        group, _, last = path.rpartition("/")
        if not group.endswith("vars"):
            yield plain_name(path).removeprefix(_OLD), array
        elif _is_recurrent(held[group]):
            yield ".".join([*_names(held, group), _NUMBERED[int(last)]]), array
        else:
            yield ".".join([*_names(held, group), last]), array


def _is_recurrent(group: Any) -> bool:
    """Whether variables have the shapes of the two kernels of a cell, and of a bias or none."""
    shapes = [group[name].shape for name in sorted(group)]
    if (
        sorted(group) not in (["0", "1"], ["0", "1", "2"])
        or not len(shapes[0]) == len(shapes[1]) == 2
    ):
        return False
    columns = {shape[-1:] for shape in shapes}
    return len(columns) == 1 and shapes[1][1] % max(shapes[1][0], 1) == 0


def _names(held: Any, group: str) -> Iterator[str]:
    """Yield the names of the layers on the way to a group of variables, the model's left out."""
    parts = group.split("/")[:-1]
    for end in range(1, len(parts) + 1):
        place = "/".join([*parts[:end], "vars"])
        if place in held:
            yield str(held[place].attrs.get("name", parts[end - 1]))
