"""Slow manifolds as an xarray dataset and back."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from ..._core.netcdf import TAG
from ..ends import End

if TYPE_CHECKING:
    import xarray

    from .record import SlowManifold

# What follows the dimensions of the nodes, by the names of the fields.
_DIMS = {
    "states": ("state",),
    "drift": ("mode",),
    "transverse": (),
    "tangents": ("state", "mode"),
    "selection": ("state", "mode"),
    "input_jacobian": ("state", "input"),
}


def to_dataset(manifold: SlowManifold) -> xarray.Dataset:
    """Return every field as a variable or an attribute; eigenvalues in two, `_real` and `_imag`."""
    import xarray

    nodes = ("node", "tooth")[: manifold.dimension]
    variables = {name: ((*nodes, *dims), getattr(manifold, name)) for name, dims in _DIMS.items()}
    variables["inputs"] = (("input",), manifold.inputs)
    variables["eigenvalues_real"] = ((*nodes, "mode"), manifold.eigenvalues.real)
    variables["eigenvalues_imag"] = ((*nodes, "mode"), manifold.eigenvalues.imag)
    attributes: dict[str, Any] = {
        TAG: "SlowManifold",
        "ends": np.array(manifold.ends),
        "origin": manifold.origin,
        "kind": manifold.kind,
    }
    if manifold.dt is not None:
        attributes["dt"] = manifold.dt
    return xarray.Dataset(variables, attrs=attributes)


def from_dataset(dataset: xarray.Dataset) -> dict[str, Any]:
    """Return the fields of the record that a dataset holds."""
    record: dict[str, Any] = {name: dataset[name].values for name in (*_DIMS, "inputs")}
    dt = dataset.attrs.get("dt")
    return record | {
        "eigenvalues": dataset["eigenvalues_real"].values + 1j * dataset["eigenvalues_imag"].values,
        "ends": tuple(End(int(end)) for end in dataset.attrs["ends"]),
        "origin": int(dataset.attrs["origin"]),
        "kind": str(dataset.attrs["kind"]),
        "dt": None if dt is None else float(dt),
    }
