"""Safetensors files: eight bytes with the length of a JSON header, the header, and raw numbers."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import FileFormatError

#: The longest header that the format allows, in bytes.
_LONGEST = 100_000_000

_TYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}


def read_safetensors(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of a file by name; those of bfloat16 as float32, others than floats not.

    Raises
    ------
    FileFormatError
        If the header is damaged, or an array does not lie inside of the file.
    """
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    try:
        if len(content) < start or start > _LONGEST:
            raise ValueError("the header is cut off")
        header = json.loads(content[8:start])
        return {
            name: _array(entry, memoryview(content)[start:])
            for name, entry in header.items()
            if name != "__metadata__" and entry["dtype"] in _TYPES
        }
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise FileFormatError(
            f"weights: {path} is a damaged safetensors file ({error}); copy or save it again."
        ) from error


def _array(entry: dict[str, Any], content: memoryview) -> np.ndarray:
    """Return the array of an entry, such as {"dtype": "F32", "shape": [2], "data_offsets": ...}."""
    begin, end = entry["data_offsets"]
    dtype, shape = np.dtype(_TYPES[entry["dtype"]]), entry["shape"]
    if not 0 <= begin <= end <= len(content) or end - begin != dtype.itemsize * math.prod(shape):
        raise ValueError(f"an array of shape {shape} cannot lie at bytes {begin} to {end}")
    numbers = np.frombuffer(content[begin:end], dtype).reshape(shape)
    if entry["dtype"] != "BF16":
        return numbers
    return (numbers.astype(np.uint32) << 16).view(np.float32)  # its upper half
