"""Named arrays as files in NumPy's format: whole or not there, never pickled."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from ..._core.files import write_atomically


def save_arrays(path: str | Path, arrays: Mapping[str, Any]) -> None:
    """Write arrays, which are of numbers, to a file of just this name."""

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez(file, **arrays)

    write_atomically(path, write)


def load_arrays(path: str | Path) -> dict[str, np.ndarray]:
    """Return what `save_arrays` wrote."""
    with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
        return dict(stored)
