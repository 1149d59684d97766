"""Results as one NetCDF file: whole or not there, readable by xarray, never pickled."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from ..errors import FileFormatError
from .files import write_atomically

if TYPE_CHECKING:
    import xarray

#: The attribute that says which record a file holds.
TAG = "stillpoint_record"

Record = TypeVar("Record")
_READERS: dict[str, Callable[[Any], Any]] = {}


def reader(name: str) -> Callable[[Callable[[Any], Record]], Callable[[Any], Record]]:
    """Register a function as what turns a dataset tagged `name` back into a record."""

    def register(function: Callable[[Any], Record]) -> Callable[[Any], Record]:
        _READERS[name] = function
        return function

    return register


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

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    FileFormatError
        If the file is damaged, or holds something else.

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
    try:
        return _READERS[name](dataset)
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            f"path: {path} lacks parts of the record {name!r} ({error}); it was changed after it "
            f"was saved."
        ) from error
