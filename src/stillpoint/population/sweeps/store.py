"""A folder with one file for each network: which is whose, and whether it is whole."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote

from ..._core.files import HDF5, ends_where_it_says, is_sealed, read_path, write_atomically
from ..._core.record import Record
from ...errors import ArgumentError

#: The attribute of a file that says of which work it is.
MARK = "stillpoint_sweep"

# Characters of a name that stay as they are in the name of its file, beside letters and digits.
_KEPT = " +-=,@()[]"

# Names of files end at 255 bytes; what is written beside one needs some of them.
_LONGEST = 150


@dataclass(frozen=True)
class Mark:
    """What a file says of the work that it is of.

    Attributes
    ----------
    key
        The hash of weights, call, options and version.
    call
        The verb, by name.
    seconds, row
        As in the table of the sweep, so that it is known without reading the record.
    """

    key: str
    call: str
    seconds: float
    row: dict[str, Any]


def read_folder(folder: Any, names: Sequence[str]) -> Path:
    """Return a caller's folder for networks of some names, made where it is not there yet.

    Raises
    ------
    ArgumentError
        If it is no folder, or cannot be one; or if two names differ in case alone, as some systems
        do not tell such files apart.
    """
    alike: dict[str, str] = {}
    for name in names:
        if (other := alike.setdefault(name.casefold(), name)) != name:
            raise ArgumentError(
                f"systems: {other!r} and {name!r} differ in nothing but case, and not every folder "
                f"tells such files apart; rename one."
            )
    path = read_path("folder", folder)
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ArgumentError(
            f"folder: {path!s:.500} is none and cannot be made one ({error.strerror}); name a "
            f"folder for the results."
        ) from None
    return path.resolve()


def file_of(folder: Path, name: str) -> Path:
    """Return the file of a network; no two names have the same.

    Examples
    --------
    >>> file_of(Path("points"), "tanh/seed 3").as_posix()
    'points/tanh%2Fseed 3.nc'
    >>> file_of(Path("points"), "..").name
    '%2E..nc'
    """
    told = quote(name, safe=_KEPT, errors="surrogatepass")
    told = "%2E" + told[1:] if told.startswith(".") else told
    if len(told) > _LONGEST:
        told = f"{told[:_LONGEST]}%{sha256(told.encode()).hexdigest()[:16]}"
    return folder / f"{told}.nc"


def write(path: Path, record: Record, mark: Mark) -> None:
    """Write a record, with what it is of, in one piece."""
    content = record._stored(**{MARK: json.dumps(asdict(mark))})
    write_atomically(path, lambda file: file.write_bytes(content))


def read_mark(path: Path) -> Mark | None:
    """Return what a file is of; None where there is none that is whole.

    Raises
    ------
    ArgumentError
        If it is whole and was not written by a sweep, so that it must not be replaced.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return None
    whole = content.startswith(HDF5) and (is_sealed(content) or ends_where_it_says(content))
    if not whole and not content.startswith(b"CDF"):
        return None
    told = _attribute(content) if is_sealed(content) else None
    if told is None:
        raise ArgumentError(
            f"folder: {path!s:.500} was not written by a sweep, and is not replaced; name another "
            f"folder, or remove that file."
        )
    try:
        return Mark(**json.loads(told))
    except (TypeError, ValueError):  # of another version
        return None


def _attribute(content: bytes) -> str | None:
    import h5py

    with h5py.File(io.BytesIO(content), "r") as file:
        told = file.attrs.get(MARK)
    return None if told is None else str(told)
