"""Records as NetCDF files: whole or not there, readable by xarray, never pickled.

The one codec of all records. A field tells its dimensions where it is declared (see `record`), so
a record needs no code of its own to be written or read.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import FileFormatError
from .files import write_atomically

if TYPE_CHECKING:
    import xarray

Variable = tuple[str, tuple[str, ...], np.ndarray, Mapping[str, str]]

#: The attributes that say which record a file holds, and in which version of the format.
TAG, FORMAT = "stillpoint_record", "stillpoint_format"

#: The version of the format that is written and read.
VERSION = 1

_READERS: dict[str, Callable[[Any], Any]] = {}


def register(name: str, read: Callable[[Any], Any]) -> None:
    """Register what turns a dataset tagged `name` back into a record."""
    _READERS[name] = read


def attributes(record: Any) -> dict[str, Any]:
    """Return the attributes of a record's dataset: what it is, and its short plain fields."""
    told: dict[str, Any] = {TAG: type(record).__name__, FORMAT: VERSION}
    for field in dataclasses.fields(record):
        if "record" in field.metadata:
            value = getattr(record, field.name)
            inner = {} if value is None else attributes(value)
            prefix = field.metadata["prefix"]
            told |= {f"{prefix}{k}": v for k, v in inner.items() if k not in (TAG, FORMAT)}
        elif "plain" in field.metadata and field.metadata["plain"] is None:
            told[field.name] = json.dumps(getattr(record, field.name))
    return told


# -- records as variables ---------------------------------------------------------------------


def encode(record: Any, prefix: str = "") -> Iterator[Variable]:
    """Yield name, dimensions, values and attributes of every variable that a record makes."""
    for field in dataclasses.fields(record):
        value, told, name = getattr(record, field.name), field.metadata, prefix + field.name
        if "record" in told:
            for inner, *rest in [] if value is None else encode(value, prefix + told["prefix"]):
                yield told["names"].get(inner, inner), *rest
        elif "dims" in told:
            yield from _variables(record, name, told, value)
        elif told["plain"]:  # too long for an attribute, which holds 64 kB at most
            bare = [item.to_plain() for item in value] if told["many"] else value.to_plain()
            yield name, (), np.array(json.dumps(bare)), {}
    for name, told in record.derived.items():
        yield from _variables(record, prefix + name, told, getattr(record, name))


def _variables(record: Any, name: str, told: Mapping[str, Any], value: Any) -> Iterator[Variable]:
    """Yield a column, a complex one as two."""
    about = {key: told[key] for key in ("long_name", "units") if told[key]}
    dims = record._dimensions(told["dims"])
    if np.iscomplexobj(value):
        yield f"{name}_real", dims, value.real, about
        yield f"{name}_imag", dims, value.imag, about
    else:
        yield name, dims, value, about


def decode(cls: Any, dataset: xarray.Dataset, prefix: str = "") -> Any:
    """Return the record of a class that the variables of a dataset hold."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        told, name = field.metadata, prefix + field.name
        if "record" in told:
            inner = prefix + told["prefix"]
            named = dataset.rename({new: old for old, new in told["names"].items()})
            there = any(str(found).startswith(inner) for found in dataset.variables)
            values[field.name] = decode(told["record"], named, inner) if there else None
        elif "dims" in told:
            values[field.name] = _read(dataset, name)
        elif told["plain"]:
            bare, read = json.loads(str(dataset[name].values)), told["plain"].from_plain
            values[field.name] = tuple(map(read, bare)) if told["many"] else read(bare)
        else:
            bare = json.loads(dataset.attrs[name])
            values[field.name] = tuple(bare) if isinstance(bare, list) else bare
    record = cls(**values)
    vars(record).update({name: _read(dataset, prefix + name) for name in cls.derived})
    return record


def _read(dataset: xarray.Dataset, name: str) -> np.ndarray:
    if f"{name}_real" in dataset:
        values = np.empty(dataset[f"{name}_real"].shape, dtype=np.complex128)
        values.real, values.imag = dataset[f"{name}_real"].values, dataset[f"{name}_imag"].values
        return values
    values = dataset[name].values
    return values.astype(str) if values.dtype.kind == "O" else values


# -- files ------------------------------------------------------------------------------------


def save(dataset: xarray.Dataset, path: str | Path) -> Path:
    """Write a dataset to `path` in one piece: an existing file is replaced, never half-written.

    Raises
    ------
    ArgumentError
        If the folder does not exist.
    """
    return write_atomically(path, lambda file: dataset.to_netcdf(file, engine="h5netcdf"))


def load(path: str | Path) -> Any:
    """Read a result that stillpoint saved.

    Parameters
    ----------
    path
        A NetCDF file written by `save`, for example by `FixedPoints.save`.

    Returns
    -------
    The record that was saved: FixedPoints, SlowPoints, SlowManifold, Linearization, ...

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If the file is damaged, holds something else, or is of another version of the format.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp, tempfile
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1)
    >>> points = sp.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])
    >>> len(sp.load(points.save(tempfile.mkdtemp() + "/points.nc")))
    3
    """
    import xarray

    if not Path(path).is_file():
        raise FileNotFoundError(f"path: there is no file {path}.")
    try:
        with xarray.open_dataset(path, engine="h5netcdf") as stored:
            dataset = stored.load()
    except Exception as error:
        raise FileFormatError(
            f"path: {path} is damaged or not a NetCDF file ({type(error).__name__}: {error}); "
            f"a complete file is written by `points.save`."
        ) from error
    name = dataset.attrs.get(TAG)
    if name not in _READERS:
        raise FileFormatError(
            f"path: {path} is a NetCDF file, but not one of stillpoint's results "
            f"(its attribute {TAG!r} is {name!r}); read it with xarray.open_dataset."
        )
    _check_version(path, dataset.attrs.get(FORMAT))
    try:
        return _READERS[name](dataset)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"path: {path} lacks parts of the record {name!r} ({error}); it was changed after it "
            f"was saved."
        ) from error


def _check_version(path: str | Path, version: Any) -> None:
    if version == VERSION:
        return
    if version is None:
        raise FileFormatError(
            f"path: {path} was written before files had a version, by an unreleased stillpoint; "
            f"search again and save the result."
        )
    raise FileFormatError(
        f"path: {path} has version {version!r} of the format, but this stillpoint reads version "
        f"{VERSION}; update stillpoint."
    )
