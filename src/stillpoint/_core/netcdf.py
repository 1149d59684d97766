"""Records as NetCDF files: whole or not there, readable by xarray, never pickled.

The one codec of all records. A field tells its dimensions and its values where it is declared (see
`record`), so a record needs no code of its own to be written, read and checked.
"""

from __future__ import annotations

import dataclasses
import importlib
import io
import json
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path
from types import NoneType
from typing import TYPE_CHECKING, Any, get_args

import numpy as np
from jaxtyping import Float

from ..errors import FileFormatError, warn
from .files import (
    HDF5,
    ends_where_it_says,
    is_sealed,
    read_path,
    seal,
    written_anew,
)
from .values import naming, read_array, read_json, types_of

if TYPE_CHECKING:
    import xarray

Variable = tuple[str, tuple[str, ...], np.ndarray, Mapping[str, str]]

#: The attributes that say which record a file holds, and in which version of the format.
TAG, FORMAT = "stillpoint_record", "stillpoint_format"

#: The version of the format that is written and read.
VERSION = 1

#: What can go wrong where a dataset is decoded that was not encoded here.
UNREADABLE = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)

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
            inside = [] if value is None else encode(value, prefix + told["prefix"])
            for inner, dims, *rest in inside:
                own = tuple(_dimension(dim, told) for dim in dims)
                yield told["names"].get(inner, inner), own, *rest
        elif "dims" in told and value is not None:
            yield from _variables(record, name, told, value)
        elif told.get("plain"):  # too long for an attribute, which holds 64 kB at most
            items = value if told["many"] else [value]
            bare = [None if item is None else item.to_plain() for item in items]
            yield name, (), np.array(json.dumps(bare if told["many"] else bare[0])), {}
    for name, told in record._derives().items():
        yield from _variables(record, prefix + name, told, getattr(record, name))


def _dimension(name: str, told: Mapping[str, Any]) -> str:
    """Return what a dimension of a part is called in the whole."""
    is_shared = told["shares"] is None or name in told["shares"]
    return name if is_shared else told["prefix"] + name


def _variables(record: Any, name: str, told: Mapping[str, Any], value: Any) -> Iterator[Variable]:
    """Yield a column, a complex one as two."""
    about = {key: told[key] for key in ("long_name", "units") if told[key]}
    dims = record._dimensions(told["dims"])
    if np.iscomplexobj(value):
        yield f"{name}_real", dims, value.real, about
        yield f"{name}_imag", dims, value.imag, about
    else:
        yield name, dims, value, about


def decode(cls: Any, dataset: xarray.Dataset) -> Any:
    """Return the record of a class that a dataset holds, whole and nothing else.

    Raises
    ------
    ValueError
        If parts are missing, there are others, or a value is none that its field declares; of
        contents that nobody could write by `encode` other errors may come, those of `UNREADABLE`.
    """
    record = _decode(cls, dataset)
    dims = {name: dims for name, dims, *_ in encode(record)}
    if added := sorted(map(str, set(dataset.data_vars) - set(dims))):
        raise ValueError(f"it has further variables: {', '.join(added)}")
    for name, wanted in dims.items():
        if (found := dataset[name].dims) != wanted:
            raise ValueError(f"{name}: has the dimensions {found}, but {wanted} are wanted")
    for problem in _misfits(record, dataset.sizes):
        raise ValueError(problem)
    return record


def _decode(
    cls: Any, dataset: xarray.Dataset, prefix: str = "", names: Mapping[str, str] | None = None
) -> Any:
    """Return the record whose variables have a prefix, or other names."""
    values: dict[str, Any] = {}
    for field in dataclasses.fields(cls):
        told, name, hint = field.metadata, prefix + field.name, types_of(cls)[field.name]
        if "record" in told:
            inner = prefix + told["prefix"]
            renamed = told["names"].values()
            there = any(str(k).startswith(inner) or k in renamed for k in dataset.variables)
            if there or NoneType not in get_args(hint):
                values[field.name] = _decode(told["record"], dataset, inner, told["names"])
            else:
                values[field.name] = None
        elif "dims" in told:
            stored, (kind, *others) = (names or {}).get(name, name), get_args(hint) or (hint,)
            if stored in dataset or NoneType not in others:
                values[field.name] = _read(dataset, stored, kind if others else hint)
        else:
            with naming(name):
                values[field.name] = read_json(json.loads(_text(dataset, name, told)), hint)
    record = cls(**values)
    for name in record._derives():
        hint = types_of(getattr(cls, name).func)["return"]
        vars(record)[name] = _read(dataset, prefix + name, hint)
    return record


def _text(dataset: xarray.Dataset, name: str, told: Mapping[str, Any]) -> str:
    """Return the JSON of a plain field, which is a variable or an attribute."""
    if name not in (dataset.variables if told["plain"] else dataset.attrs):
        raise ValueError("it is missing")
    return str(dataset[name].values) if told["plain"] else dataset.attrs[name]


def _read(dataset: xarray.Dataset, name: str, annotation: Any) -> np.ndarray:
    with naming(name):
        if f"{name}_real" in dataset:
            values = np.empty(dataset[f"{name}_real"].shape, dtype=np.complex128)
            values.real, values.imag = (
                read_array(dataset[f"{name}_{part}"].values, Float[np.ndarray, "..."])
                for part in ("real", "imag")
            )
        elif name in dataset:
            values = dataset[name].values
        else:
            raise ValueError("it is missing")
        return read_array(values.astype(str) if values.dtype.kind == "O" else values, annotation)


def _misfits(
    record: Any, sizes: Mapping[Any, int], prefix: str = "", names: Mapping[str, str] | None = None
) -> Iterator[str]:
    """Yield what is wrong with the values of a record and of its parts."""
    for field, told in _declared(record):
        value, name = getattr(record, field), prefix + field
        if "record" in told:
            if value is not None:
                inside = _sizes_inside(sizes, told)
                yield from _misfits(value, inside, prefix + told["prefix"], told["names"])
        elif value is None and told.get("dims"):
            continue
        elif problem := told["domain"].misfit(value, sizes, partial(getattr, record)):
            yield f"{(names or {}).get(name, name)}: {problem}"
    yield from record._contradictions()


def _sizes_inside(sizes: Mapping[Any, int], told: Mapping[str, Any]) -> Mapping[Any, int]:
    """Return the sizes of dimensions by the names that a part has for them."""
    if told["shares"] is None:
        return sizes
    own = {k: n for k, n in sizes.items() if k in told["shares"]}
    start = told["prefix"]
    return own | {k.removeprefix(start): n for k, n in sizes.items() if k.startswith(start)}


def _declared(record: Any) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield what is said of every field of a record, and of what follows from them."""
    yield from ((field.name, field.metadata) for field in dataclasses.fields(record))
    yield from record._derives().items()


# -- files ------------------------------------------------------------------------------------


def stored(dataset: xarray.Dataset) -> bytes:
    """Return the bytes of a file: a dataset and its seal. The same dataset gives the same bytes."""
    import h5netcdf
    import h5py
    from xarray.backends import H5NetCDFStore

    in_order = h5py.h5p.CRT_ORDER_TRACKED | h5py.h5p.CRT_ORDER_INDEXED
    creation = h5py.h5p.create(h5py.h5p.FILE_CREATE)
    creation.set_link_creation_order(in_order)  # as NetCDF wants it
    creation.set_attr_creation_order(in_order)
    creation.set_obj_track_times(False)  # of the root group, which would keep the time
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_fapl_core(backing_store=False)
    name = str(id(dataset)).encode()  # one of its own for every thread; it is not in the bytes
    opened = h5py.h5f.create(name, h5py.h5f.ACC_TRUNC, fcpl=creation, fapl=access)
    with h5py.File(opened) as memory:
        with h5netcdf.File(memory, "w") as file:
            dataset.dump_to_store(H5NetCDFStore(file))
        memory.flush()
        content = opened.get_file_image()
    return content + seal(content)


def load(path: str | Path) -> Any:
    """Read a result that stillpoint saved.

    Every bit must be as it was written: a file ends with the SHA-256 of what comes before. One
    that other programs wrote anew has none; then there is a warning, and only what each value can
    be is checked, as it always is.

    Parameters
    ----------
    path
        A NetCDF file written by `save`, for example by `FixedPoints.save`.

    Returns
    -------
    The record that was saved: FixedPoints, SlowPoints, SlowManifold, Linearization, ...

    Raises
    ------
    ArgumentError
        If `path` is no path.
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
    path = read_path("path", path)
    content, sealed = _bytes(path)
    dataset = _dataset(path, content, sealed)
    name = dataset.attrs.get(TAG)
    read = _reader(name)
    if read is None:
        raise FileFormatError(
            f"path: {path} is a NetCDF file, but not one of stillpoint's results "
            f"(its attribute {TAG!r} is {name!r}); read it with xarray.open_dataset."
        )
    _check_version(path, dataset.attrs.get(FORMAT))
    try:
        record = read(dataset)
    except UNREADABLE as error:
        raise FileFormatError(
            f"path: {path} holds no whole {name} ({error}); it was changed after it was saved."
        ) from error
    if not sealed:
        warn(
            f"path: {path} has no SHA-256 at its end, so another program wrote it and damage would "
            f"not be seen; if you trust it, save it again with `.save`."
        )
    return record


def part_above(name: str = "") -> Any:
    """Import a part of the package by name when it is needed, the package itself if left out.

    Imports go down only. Two things of a record are known above it: which module defines the kind
    that a file holds, and how reports are written.

    Examples
    --------
    >>> part_above().__name__, part_above("report").__name__
    ('stillpoint', 'stillpoint.report')
    """
    package = __name__.partition(".")[0]
    return importlib.import_module(f"{package}.{name}" if name else package)


def _reader(name: object) -> Any:
    """Return what reads a kind of record, or None; its module is imported if it was not yet."""
    if isinstance(name, str) and name.isidentifier() and name[0].isupper():
        getattr(part_above(), name, None)
    return _READERS.get(name) if isinstance(name, str) else None


def _bytes(path: Path) -> tuple[bytes, bool]:
    """Return a file's bytes, and whether its seal proves them.

    Without a seal it must at least be as long as HDF5 made it.
    """
    if not path.is_file():
        if path.is_dir():
            raise FileNotFoundError(f"path: {path} is a folder; name a file in it.")
        raise FileNotFoundError(f"path: there is no file {path}.")
    with path.open("rb") as file:
        beginning = file.read(len(HDF5))
        content = beginning + file.read() if beginning == HDF5 else b""
    if beginning.startswith(b"CDF"):
        raise FileFormatError(
            f"path: {path} is a NetCDF-3 file, but results are NetCDF-4 files; write it with "
            f"dataset.to_netcdf(path, engine='h5netcdf')."
        )
    sealed = is_sealed(content)
    if not content or not (sealed or ends_where_it_says(content)):
        raise FileFormatError(
            f"path: {path} is damaged or not a NetCDF file; a complete file is written by "
            f"`points.save`."
        )
    return content, sealed


def _dataset(path: Path, content: bytes, sealed: bool) -> xarray.Dataset:
    """Return what a file holds; HDF5, which damage can crash, sees here only what is whole."""
    import xarray

    try:
        whole = content if sealed else written_anew(content)
        with xarray.open_dataset(io.BytesIO(whole), engine="h5netcdf") as dataset:
            return dataset.load()
    except Exception as error:
        raise FileFormatError(
            f"path: {path} is an HDF5 file that cannot be read as NetCDF, so it is damaged or not "
            f"one of stillpoint's results ({type(error).__name__}: {error})."
        ) from error


def _check_version(path: Path, version: Any) -> None:
    if version is None:
        raise FileFormatError(
            f"path: {path} was written before files had a version, by an unreleased stillpoint; "
            f"search again and save the result."
        )
    if str(version) != str(VERSION):
        raise FileFormatError(
            f"path: {path} has version {version!r} of the format, but this stillpoint reads "
            f"version {VERSION}; update stillpoint."
        )
