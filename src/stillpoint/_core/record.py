"""What every record is: a frozen dataclass of arrays that can be chosen from, joined and saved.

What a field holds is said where it is declared: `column` is an array with named dimensions, `part`
another record, `plain` something that JSON can hold; and which values there can be. Taking rows,
joining records, files and their checks follow from that, so that no other place lists the fields.
"""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import numpy as np
from jaxtyping import Int

from ..errors import ArgumentError, came
from . import netcdf
from .display import Display
from .files import read_path, write_atomically
from .validation import read_rows
from .values import ANYTHING, Domain

if TYPE_CHECKING:
    import xarray

Self = TypeVar("Self", bound="Record")


def about(
    *dims: str, long_name: str = "", units: str = "", domain: Domain = ANYTHING
) -> Mapping[str, Any]:
    """Return what is said of an array: dimensions by name, what it is, in what unit, its values."""
    return {"dims": dims, "long_name": long_name, "units": units, "domain": domain}


def column(
    *dims: str,
    long_name: str = "",
    units: str = "",
    domain: Domain = ANYTHING,
    **options: Any,
) -> Any:
    """Declare a field that holds an array (see `about`)."""
    told = about(*dims, long_name=long_name, units=units, domain=domain)
    return dataclasses.field(metadata=told, **options)


def part(
    record: type,
    prefix: str = "",
    *,
    names: Mapping[str, str] | None = None,
    shares: tuple[str, ...] | None = None,
    **options: Any,
) -> Any:
    """Declare a field that holds another record, or None.

    In files its columns have a prefix, or other `names`; so have its dimensions, but for those that
    it shares with the whole. By default it shares all.
    """
    told = {"record": record, "prefix": prefix, "names": names or {}, "shares": shares}
    return dataclasses.field(metadata=told, **options)


def plain(
    kind: type | None = None, *, many: bool = False, domain: Domain = ANYTHING, **options: Any
) -> Any:
    """Declare a field that JSON can hold, or a `kind` with `to_plain` and `from_plain`, or many."""
    told = {"plain": kind, "many": many, "domain": domain}
    return dataclasses.field(metadata=told, **options)


class Record(ABC):
    """Base of all results: a frozen dataclass of columns, parts and plain fields."""

    #: The dimension that counts rows; columns that begin with it have one entry per row.
    rows: ClassVar[str] = "point"

    #: Columns that follow from the others: cached properties, which files hold for their readers.
    derived: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init_subclass__(cls) -> None:
        netcdf.register(cls.__name__, partial(netcdf.decode, cls))

    @abstractmethod
    def _display(self) -> Display:
        """Return what the record shows of itself."""

    def __repr__(self) -> str:
        return self._display().text()

    def _repr_html_(self) -> str:
        """Return what notebooks show: static HTML."""
        return self._display().html()

    def take(self: Self, rows: Int[np.ndarray, " k"]) -> Self:
        """Return the record of some rows.

        Raises
        ------
        ArgumentError
            If there is no such row.
        """
        fields = dataclasses.fields(self)  # type: ignore[arg-type]
        by_row = [field for field in fields if self._is_by_row(field)]
        first = next(field.name for field in by_row if not _is_part(field))
        rows = read_rows("rows", rows, len(getattr(self, first)))
        chosen: dict[str, Any] = {}
        for field in by_row:
            value = getattr(self, field.name)
            if value is not None:
                chosen[field.name] = value.take(rows) if _is_part(field) else value[rows]
        return dataclasses.replace(self, **chosen)  # type: ignore[type-var]

    @classmethod
    def joined(cls: type[Self], several: Sequence[Self]) -> Self:
        """Return the rows of several records in one; what has no rows is that of the first.

        A part that one of them lacks is lacking in the whole.
        """
        rows: dict[str, Any] = {}
        for field in dataclasses.fields(cls):  # type: ignore[arg-type]
            values = [getattr(record, field.name) for record in several]
            if not cls._is_by_row(field):
                continue
            if not _is_part(field):
                there = all(value is not None for value in values)
                rows[field.name] = np.concatenate(values) if there else None
            elif all(value is not None for value in values):
                rows[field.name] = field.metadata["record"].joined(values)
            else:
                rows[field.name] = None
        return dataclasses.replace(several[0], **rows)  # type: ignore[type-var]

    @classmethod
    def _is_by_row(cls, field: dataclasses.Field[Any]) -> bool:
        """Whether a field has one entry per row, or is a record with the same rows."""
        if _is_part(field):
            return bool(field.metadata["record"].rows == cls.rows)
        return field.metadata.get("dims", ())[:1] == (cls.rows,)

    # -- files --------------------------------------------------------------------------------

    def to_xarray(self) -> xarray.Dataset:
        """Return an `xarray.Dataset`: every column with its dimensions, `long_name` and `units`.

        Complex columns are two variables, `_real` and `_imag`; what has no dimensions is JSON, in
        attributes where it is short.
        """
        import xarray

        variables = {name: (dims, values, told) for name, dims, values, told in netcdf.encode(self)}
        dataset = xarray.Dataset(variables, attrs=netcdf.attributes(self))
        return dataset.assign_coords(
            {
                name: (dims, values, told)
                for name, (dims, values, told) in self._coordinates().items()
                if set(dims) <= set(dataset.dims)
            }
        )

    @classmethod
    def from_xarray(cls: type[Self], dataset: xarray.Dataset) -> Self:
        """Return the record that `to_xarray` wrote down.

        Raises
        ------
        ArgumentError
            If it is no dataset, lacks parts, has others, or holds values that cannot be.
        """
        import xarray

        if not isinstance(dataset, xarray.Dataset):
            raise ArgumentError(
                f"dataset: got {type(dataset).__name__}, but an xarray.Dataset is wanted, as "
                f"`to_xarray` returns it."
            )
        try:
            return netcdf.decode(cls, dataset)
        except netcdf.UNREADABLE as error:
            raise ArgumentError(
                f"dataset: it holds no whole {cls.__name__} ({error}); pass what `to_xarray` "
                f"returned."
            ) from error

    def save(self, path: str | Path) -> Path:
        """Write everything to one NetCDF file, read back by `stillpoint.load`.

        An old file, even a read-only one, is replaced in one piece and keeps its permissions: the
        new one is written beside it and renamed.

        Parameters
        ----------
        path
            A name that ends in `.nc`.

        Raises
        ------
        ArgumentError
            If `path` has another ending, is no path, or its folder does not exist; or if the
            record holds what no file may.
        """
        if read_path("path", path).suffix.lower() != ".nc":
            raise ArgumentError(
                f"path: got {came(str(path))}, but results are NetCDF files; end the name in .nc, "
                f"such as points.nc."
            )
        content = self._stored()  # in memory first: HDF5 does not survive a disk that is full
        return write_atomically(path, lambda file: file.write_bytes(content))

    def report(self, path: str | Path, trajectories: Any = None, **options: Any) -> Path:
        """Write one HTML file to read, turn and mail, which needs no network and holds the data.

        Parameters
        ----------
        path
            A name that ends in `.html`.
        trajectories
            Shape (trials, time, d), drawn in the portrait.
        **options
            Of `stillpoint.Report.add`, and `title`.

        Raises
        ------
        ArgumentError
            If an argument does not fit, or the folder of `path` does not exist.
        """
        written: Path = netcdf.part_above("report").write_report(
            self, path, trajectories, **options
        )
        return written

    def _stored(self, **marks: str) -> bytes:
        """Return the bytes of the record's file, with attributes that `load` passes by."""
        dataset, name = self.to_xarray().assign_attrs(marks), type(self).__name__
        try:
            netcdf.decode(type(self), dataset)
        except netcdf.UNREADABLE as error:
            raise ArgumentError(
                f"{name}: nothing was saved, for it could not be read back ({error})."
            ) from error
        return netcdf.stored(dataset)

    def _derives(self) -> Mapping[str, Mapping[str, Any]]:
        """Return the derived columns that there are here."""
        return self.derived

    def _rests_on(self) -> tuple[str, ...]:
        """Return the parts of stillpoint whose sources are to be cited for the record."""
        return ()

    def _dimensions(self, declared: tuple[str, ...]) -> tuple[str, ...]:
        """Return the dimensions that a column has here."""
        return declared

    def _coordinates(self) -> Mapping[str, tuple[tuple[str, ...], Any, Mapping[str, str]]]:
        """Return the coordinates of a dataset by name: dimensions, values, attributes."""
        return {}

    def _contradictions(self) -> Iterator[str]:
        """Yield where fields of what was stored contradict each other."""
        yield from ()


def _is_part(field: dataclasses.Field[Any]) -> bool:
    return "record" in field.metadata
