"""Pickled files of FixedPointFinder, read without running anything that they name.

A pickle is a program. Here the names that it may call are looked up in a table of this module:
stand-ins that only collect the shape, type and bytes of an array. Every other name is an error.
"""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import FileFormatError
from ..shared import FixedPointArrays

_SETTINGS = ("tol_unique", "dtype", "dtype_complex")
_NUMERIC = re.compile(r"[<>=|]?[biufc]\d{1,2}")
_SCALARS = ("float16", "float32", "float64", "complex64", "complex128", "int32", "int64", "bool_")


def read_pickled(path: str | Path) -> dict[str, Any]:
    """Return the fields of a container that FixedPointFinder pickled, by Python 2 or 3.

    Fields of nothing but NaN, which some versions use for "not known", are left out.
    """
    try:
        with open(path, "rb") as file:
            stored = _ArraysOnly(file, encoding="latin1").load()
        found = stored.fields if isinstance(stored, _Object) else stored
        known = (*FixedPointArrays.row_fields(), *_SETTINGS)
        names = [name for name in known if found.get(name) is not None]
        fields = {name: _field(name, found[name]) for name in names}
    except FileFormatError as error:
        raise FileFormatError(f"restore_path: {path} {error}") from None
    except Exception as error:
        raise FileFormatError(
            f"restore_path: {path} is neither a file written by `save` nor a pickled FixedPoints "
            f"({type(error).__name__}: {error})."
        ) from error
    if "xstar" not in fields:
        raise FileFormatError(f"restore_path: {path} is a pickle, but holds no FixedPoints.")
    return {n: v for n, v in fields.items() if n in _SETTINGS or not _is_unknown(v)}


class _ArraysOnly(pickle.Unpickler):
    """An unpickler to which only the names in `_KNOWN` mean something."""

    def find_class(self, module: str, name: str) -> Any:
        known = _KNOWN.get((module.replace("numpy._core", "numpy.core"), name))
        if known is None:
            raise FileFormatError(
                f"names {module}.{name}, but only NumPy arrays are read from a pickle. If you "
                f"trust the file, load it with the program that wrote it and save arrays."
            )
        return known


class _DType:
    """Stands for numpy.dtype."""

    def __init__(self, code: str, *_: Any) -> None:
        if not _NUMERIC.fullmatch(code):
            raise FileFormatError(f"holds an array of type {code!r}; only numbers are read.")
        self.dtype = np.dtype(code)

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        if state[1] in ("<", ">"):
            self.dtype = self.dtype.newbyteorder(state[1])


class _StandIn:
    """Takes whatever its original is made with, and then its state."""

    def __init__(self, *_: Any) -> None: ...


class _Array(_StandIn):
    """Stands for numpy.ndarray while its parts come in."""

    def __setstate__(self, state: tuple[Any, ...]) -> None:
        _, shape, dtype, is_fortran, raw = state
        self.array = _from_buffer(raw, dtype, shape, "F" if is_fortran else "C")


class _Object(_StandIn):
    """Stands for an instance of FixedPoints."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.fields = state


def _from_buffer(raw: Any, dtype: _DType, shape: tuple[int, ...], order: Any) -> np.ndarray:
    raw = raw.encode("latin1") if isinstance(raw, str) else bytes(raw)  # Python 2 wrote text
    array = np.frombuffer(raw, dtype.dtype).reshape(shape, order=order)
    return array.astype(array.dtype.newbyteorder("="))


def _scalar(dtype: _DType, raw: Any) -> Any:
    return _from_buffer(raw, dtype, (), "C")[()]


def _latin1(text: str, encoding: str) -> bytes:
    if encoding != "latin1":
        raise FileFormatError(f"holds text in the encoding {encoding!r}; only latin1 is read.")
    return text.encode("latin1")


# What a name in a pickle stands for. The last rows are the class itself, and how old protocols
# make instances.
_KNOWN: dict[tuple[str, str], Any] = {
    ("numpy.core.multiarray", "_reconstruct"): _Array,
    ("numpy.core.multiarray", "scalar"): _scalar,
    ("numpy.core.numeric", "_frombuffer"): _from_buffer,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _DType,
    ("_codecs", "encode"): _latin1,
    **{("numpy", name): getattr(np, name) for name in _SCALARS},
    ("FixedPoints", "FixedPoints"): _Object,
    ("copy_reg", "_reconstructor"): _Object,
    ("copyreg", "_reconstructor"): _Object,
    ("__builtin__", "object"): _Object,
    ("builtins", "object"): _Object,
}


def _field(name: str, value: Any) -> Any:
    """Return a field of a container; those with a row for each point must be arrays."""
    plain = value.array if isinstance(value, _Array) else value
    plain = plain.dtype if isinstance(plain, _DType) else plain
    if name in FixedPointArrays.row_fields() and (
        not isinstance(plain, np.ndarray) or not plain.ndim
    ):
        raise FileFormatError(
            f"holds {name} as {type(plain).__name__}, but an array with a row for each point is "
            f"read; load it with the program that wrote it and save arrays."
        )
    return plain


def _is_unknown(values: np.ndarray) -> bool:
    return bool(values.size and values.dtype.kind in "fc" and np.isnan(values).all())
