"""Containers as NetCDF files, and the one place where a pickled file is told from them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from ..._core import netcdf
from ..._core.files import write_atomically
from ...errors import FileFormatError
from ..shared import FixedPointArrays
from .unpickling import read_pickled

_RECORD = "FixedPointArrays"
_HDF5 = b"\x89HDF\r\n\x1a\n"  # how every NetCDF-4 file begins

_TYPES = ("dtype", "dtype_complex")


def write_file(fps: FixedPointArrays, path: str | Path) -> None:
    """Write a container to one NetCDF file; complex fields as two, `_real` and `_imag`."""
    import xarray

    variables = {}
    for name, values in replace(fps).filled().items():  # whose numbers of rows agree
        dims = ("point", *fps.dims.get(name, ()))
        if np.iscomplexobj(values):
            variables[f"{name}_real"] = (dims, values.real)
            variables[f"{name}_imag"] = (dims, values.imag)
        else:
            variables[name] = (dims, values.astype(np.int8) if values.dtype == bool else values)
    attributes = {netcdf.TAG: _RECORD, netcdf.FORMAT: netcdf.VERSION}
    attributes |= {"tol_unique": fps.tol_unique}
    attributes |= {name: np.dtype(getattr(fps, name)).name for name in _TYPES}
    content = netcdf.stored(xarray.Dataset(variables, attrs=attributes))
    write_atomically(path, lambda file: file.write_bytes(content))


def read_file(path: str | Path) -> dict[str, Any]:
    """Return the fields of a container that `write_file`, or FixedPointFinder, wrote."""
    with open(path, "rb") as file:
        is_pickled = file.read(len(_HDF5)) != _HDF5
    found = read_pickled(path) if is_pickled else netcdf.load(path)
    if not isinstance(found, dict):
        raise FileFormatError(
            f"restore_path: {path} holds {type(found).__name__}; read it with stillpoint.load."
        )
    return found


def _from_dataset(dataset: Any) -> dict[str, Any]:
    stored = dataset.attrs
    found: dict[str, Any] = {"tol_unique": float(stored["tol_unique"])}
    found |= {name: np.dtype(stored[name]) for name in _TYPES if name in stored}
    for name in FixedPointArrays.row_fields():
        if f"{name}_real" in dataset:
            real, imag = (dataset[f"{name}_{part}"].values for part in ("real", "imag"))
            found[name] = real + 1j * imag
        elif name in dataset:
            values = dataset[name].values
            is_flag = name == "is_stable" and values.dtype.kind in "iu"  # else some are not known
            found[name] = values.astype(bool) if is_flag else values
    return found


netcdf.register(_RECORD, _from_dataset)
