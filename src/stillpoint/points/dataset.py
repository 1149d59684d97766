"""Records of states as xarray datasets and back."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from .._core.layout import Structure
from .._core.netcdf import TAG
from ..proofs import Certificate
from ..proofs.enumeration import Exhaustion
from .starts import Source, Starts

if TYPE_CHECKING:
    import xarray

    from .point_set import PointSet

# The dimensions of every variable, by the names of the fields.
_POINT_DIMS = {
    "xstar": ("point", "state"),
    "inputs": ("point", "input"),
    "jacobian": ("point", "state", "from_state"),
    "input_jacobian": ("point", "state", "input"),
    "eigenvalues": ("point", "mode"),
}
_START_DIMS = {
    "states": ("start", "state"),
    "inputs": ("start", "input"),
    "end": ("start", "state"),
}
_CERTIFICATE_DIMS = {"box": ("point", "state")}
_FLAGS = ("is_stable", "mirrored", "on_continuum", "on_kink")
_CERTIFICATE_FLAGS = ("proved", "distinct")
_ALONE = ("starts", "structure", "provenance", "is_selection", "certificate", "exhaustion")


def to_dataset(points: PointSet) -> xarray.Dataset:
    """Return every field as a variable; complex ones as two, `_real` and `_imag`."""
    import xarray

    variables: dict[str, tuple[tuple[str, ...], np.ndarray]] = {}
    for name in _point_fields(points):
        dims = _POINT_DIMS.get(name, ("point",))
        values = getattr(points, name)
        if np.iscomplexobj(values):
            variables[f"{name}_real"] = (dims, values.real)
            variables[f"{name}_imag"] = (dims, values.imag)
        else:
            variables[name] = (dims, values.astype(np.int8) if name in _FLAGS else values)
    for field in fields(Starts):
        dims = _START_DIMS.get(field.name, ("start",))
        variables[f"start_{field.name}"] = (dims, getattr(points.starts, field.name))
    if points.certificate is not None:
        for field in fields(Certificate):
            dims = _CERTIFICATE_DIMS.get(field.name, ("point",))
            values = getattr(points.certificate, field.name)
            stored = values.astype(np.int8) if field.name in _CERTIFICATE_FLAGS else values
            variables[f"certificate_{field.name}"] = (dims, stored)
    if exhaustion := getattr(points, "exhaustion", ()):  # too long for an attribute
        told = json.dumps([proof.to_plain() for proof in exhaustion])
        variables["exhaustion"] = ((), np.array(told))
    attributes = {
        TAG: type(points).__name__,
        "structure": json.dumps(points.structure.to_plain()),
        "provenance": json.dumps(dict(points.provenance)),
        "is_selection": int(points.is_selection),
    }
    return xarray.Dataset(variables, attrs=attributes)


def from_dataset(dataset: xarray.Dataset) -> dict[str, Any]:
    """Return the fields of the record that a dataset holds."""
    apart = ("start_", "certificate_", "exhaustion")
    names = [str(n).removesuffix("_real") for n in dataset if not str(n).endswith("_imag")]
    record: dict[str, Any] = {n: _read(dataset, n) for n in names if not n.startswith(apart)}
    if "exhaustion" in dataset:
        proofs = json.loads(str(dataset["exhaustion"].values))
        record["exhaustion"] = tuple(map(Exhaustion.from_plain, proofs))
    return record | {
        "starts": _starts_of(dataset),
        "certificate": _certificate_of(dataset),
        "structure": _structure_of(dataset),
        "provenance": json.loads(dataset.attrs["provenance"]),
        "is_selection": bool(dataset.attrs["is_selection"]),
    }


def _read(dataset: xarray.Dataset, name: str, flags: Sequence[str] = _FLAGS) -> np.ndarray:
    if f"{name}_real" in dataset:
        values = np.empty(dataset[f"{name}_real"].shape, dtype=np.complex128)
        values.real, values.imag = dataset[f"{name}_real"].values, dataset[f"{name}_imag"].values
        return values
    values = dataset[name].values
    if values.dtype.kind == "O":
        return values.astype(str)
    return values.astype(bool) if name in flags else values


def _starts_of(dataset: xarray.Dataset) -> Starts:
    names = [field.name for field in fields(Starts)]
    columns = {n: dataset[f"start_{n}"].values for n in names if f"start_{n}" in dataset}
    if "source" not in columns:  # written before starts told where they came from
        columns["source"] = np.full(len(columns["status"]), Source.GIVEN)
    return Starts(**columns)


def _certificate_of(dataset: xarray.Dataset) -> Certificate | None:
    if "certificate_proved" not in dataset:
        return None
    names = [field.name for field in fields(Certificate)]
    flags = [f"certificate_{name}" for name in _CERTIFICATE_FLAGS]
    return Certificate(**{n: _read(dataset, f"certificate_{n}", flags) for n in names})


def _structure_of(dataset: xarray.Dataset) -> Structure:
    if "structure" not in dataset.attrs:  # written before there were nests
        return Structure.flat(dataset.sizes["state"])
    return Structure.from_plain(json.loads(dataset.attrs["structure"]))


def _point_fields(points: PointSet) -> list[str]:
    return [f.name for f in fields(points) if f.name not in _ALONE]
