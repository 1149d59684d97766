"""Whether two pieces of work are the same: a hash of weights, call and options, in any process.

Values are walked, not pickled, as pickles of one value can differ: modules of torch have addresses
in theirs, and provenance tells the time.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import os
import types
from collections.abc import Callable, Iterator, Mapping, Set
from contextlib import suppress
from enum import Enum
from pathlib import Path
from typing import Any

import numpy as np

from ..._core.arrays import to_numpy
from ...frameworks.pickling import pack_function

_PLAIN = (type(None), bool, int, float, complex, str, bytes, range, slice, type(...))

# Fields that say how a record came about, which has no part in what it is.
_TOLD = ("provenance",)

# Bytes of a file that are read at once.
_PIECE = 1 << 20


class UnknownValueError(TypeError):
    """A value of which no hash can be made that another process would make too."""


def digest(*values: Any) -> str:
    """Return a SHA-256 of values that is the same in every process.

    Arrays count by type, shape and bytes, records and settings by their fields, modules by their
    state, paths of files by content, functions by their code, what they enclose, and the plain
    values and functions of their own module that they name.

    Raises
    ------
    UnknownValueError
        If there is none for one of them.

    Examples
    --------
    >>> digest({"seed": np.int64(0), "tol": 1e-9}) == digest({"tol": 1e-9, "seed": 0})
    True
    >>> digest(np.zeros(3)) == digest(np.zeros((3, 1)))
    False
    """
    told = hashlib.sha256()
    for part in _parts(values, ()):
        told.update(len(part).to_bytes(8, "big") + part)
    return told.hexdigest()


def _parts(value: Any, above: tuple[int, ...]) -> Iterator[bytes]:
    """Yield bytes that tell a value from others; `above` are the values that it is inside of."""
    if id(value) in above:
        yield b"again"
        return
    inside = (*above, id(value))
    if isinstance(value, np.generic):
        value = value.item()
    if type(value) in _PLAIN:
        yield f"{type(value).__name__} {value!r}".encode("utf-8", "surrogatepass")
        return
    for kinds, told in _WALKS:
        if isinstance(value, kinds):
            yield kinds[0].__name__.encode()
            yield from told(value, inside)
            return
    yield f"{type(value).__module__}.{type(value).__qualname__}".encode()
    yield from _of_object(value, inside)


def _of_object(value: Any, inside: tuple[int, ...]) -> Iterator[bytes]:
    """Yield the fields of a dataclass, the state of a module, an array's numbers, or a pickle."""
    if dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            if field.name not in _TOLD:
                yield field.name.encode()
                yield from _parts(getattr(value, field.name), inside)
    elif callable(getattr(value, "state_dict", None)):
        yield repr(value).encode()
        forward = getattr(type(value), "forward", None)
        yield from _parts([forward, value.state_dict(), getattr(value, "training", None)], inside)
    elif hasattr(value, "__array__"):
        yield from _of_array(to_numpy(value), inside)
    else:
        try:
            yield pack_function(value)
        except Exception as error:
            raise UnknownValueError(f"{type(value).__name__} has no hash ({error})") from error


def _of_array(array: np.ndarray, inside: tuple[int, ...]) -> Iterator[bytes]:
    if array.dtype.hasobject:
        yield from _parts(array.tolist(), inside)
    yield f"{array.dtype.str} {array.shape}".encode()
    if not array.dtype.hasobject:
        yield np.ascontiguousarray(array).tobytes()


def _of_file(path: os.PathLike[str], inside: tuple[int, ...]) -> Iterator[bytes]:  # noqa: ARG001
    path = Path(path)
    if not path.is_file():
        yield str(path).encode("utf-8", "surrogatepass")
        return
    told = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            told.update(piece)
    yield told.digest()


def _of_mapping(values: Mapping[Any, Any], inside: tuple[int, ...]) -> Iterator[bytes]:
    pairs = [(b"".join(_parts(key, inside)), value) for key, value in values.items()]
    for key, value in sorted(pairs, key=lambda pair: pair[0]):
        yield key
        yield from _parts(value, inside)


def _of_set(values: Set[Any], inside: tuple[int, ...]) -> Iterator[bytes]:
    yield from sorted(b"".join(_parts(value, inside)) for value in values)


def _of_sequence(values: Any, inside: tuple[int, ...]) -> Iterator[bytes]:
    yield str(len(values)).encode()
    for value in values:
        yield from _parts(value, inside)


def _of_named(value: Any, inside: tuple[int, ...]) -> Iterator[bytes]:  # noqa: ARG001
    yield f"{value.__module__}.{value.__qualname__}".encode()


def _of_member(value: Enum, inside: tuple[int, ...]) -> Iterator[bytes]:
    yield from _of_named(type(value), inside)
    yield value.name.encode()


def _of_partial(value: functools.partial[Any], inside: tuple[int, ...]) -> Iterator[bytes]:
    args = [Path(arg) if _is_file(arg) else arg for arg in value.args]
    named = {name: Path(arg) if _is_file(arg) else arg for name, arg in value.keywords.items()}
    yield from _parts([value.func, args, named], inside)


def _is_file(value: Any) -> bool:
    """Whether an argument names a file, which counts by what it holds."""
    with suppress(OSError, ValueError):
        return isinstance(value, str) and Path(value).is_file()
    return False


def _of_method(value: types.MethodType, inside: tuple[int, ...]) -> Iterator[bytes]:
    yield from _parts([value.__func__, value.__self__], inside)


def _of_function(value: types.FunctionType, inside: tuple[int, ...]) -> Iterator[bytes]:
    """Yield a function's name, and its code unless it is one of this package, which has a version.

    Of other modules' functions that it calls the names count, not their code.
    """
    yield from _of_named(value, inside)
    if (value.__module__ or "").partition(".")[0] == __name__.partition(".")[0]:
        return
    yield from _of_code(value.__code__, inside)
    enclosed = []
    for cell in value.__closure__ or ():
        with suppress(ValueError):  # a name that is not bound yet
            enclosed.append(cell.cell_contents)
    yield from _parts([value.__defaults__, value.__kwdefaults__, enclosed], inside)
    for name in sorted(_names(value.__code__) & value.__globals__.keys()):
        known = value.__globals__[name]
        own = isinstance(known, types.FunctionType) and known.__module__ == value.__module__
        if own or isinstance(known, (*_PLAIN, np.ndarray, list, tuple, dict)):
            with suppress(UnknownValueError):
                named = list(_parts(known, inside))
                yield from (name.encode(), *named)


def _of_code(code: types.CodeType, inside: tuple[int, ...]) -> Iterator[bytes]:
    yield code.co_code
    yield " ".join(code.co_names).encode()
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _of_code(constant, inside)
        else:
            yield from _parts(constant, inside)


def _names(code: types.CodeType) -> set[str]:
    inner = (c for c in code.co_consts if isinstance(c, types.CodeType))
    return set(code.co_names).union(*map(_names, inner))


_Walk = Callable[[Any, tuple[int, ...]], Iterator[bytes]]

# What is told of values of these classes, the first that fits.
_WALKS: tuple[tuple[tuple[type, ...], _Walk], ...] = (
    ((Enum,), _of_member),
    ((np.ndarray,), _of_array),
    ((os.PathLike,), _of_file),
    ((list, tuple), _of_sequence),
    ((set, frozenset), _of_set),
    ((Mapping,), _of_mapping),
    ((functools.partial,), _of_partial),
    ((types.MethodType,), _of_method),
    ((types.FunctionType,), _of_function),
    ((type, types.BuiltinFunctionType), _of_named),
)
