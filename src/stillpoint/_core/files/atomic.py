"""Files that are either whole or not there."""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from ...errors import ArgumentError

try:
    import fcntl
except ImportError:  # Windows has no such locks; what a killed process leaves there stays
    fcntl = None  # type: ignore[assignment]


def read_path(name: str, path: Any) -> Path:
    """Return a caller's path, text or an `os.PathLike` of text, as a `Path`.

    Examples
    --------
    >>> read_path("path", "points.nc").suffix
    '.nc'
    """
    try:
        told = os.fspath(path)
        fits = isinstance(told, str) and told != "" and b"\0" not in os.fsencode(told)
    except (TypeError, UnicodeError):
        fits = False
    if not fits:
        shown = ascii(path) if isinstance(path, str) else type(path).__name__
        raise ArgumentError(
            f"{name}: got {shown}, but the name of a file is wanted, a str or a pathlib.Path."
        )
    return Path(told)


def write_atomically(path: str | Path, write: Callable[[Path], object]) -> Path:
    """Have `write` fill a temporary file beside `path`, then rename it to `path`.

    If `write` fails, what was at `path` before is still there and the temporary file is gone; if
    the process is killed, the next write to `path` removes it. A file that is replaced, even a
    read-only one, keeps its permissions; of a symbolic link the file that it names is replaced.

    Raises
    ------
    ArgumentError
        If `path` is no path, is a folder or a device, or its folder does not exist.

    Examples
    --------
    >>> import tempfile
    >>> folder = tempfile.mkdtemp()
    >>> write_atomically(f"{folder}/note.txt", lambda file: file.write_text("whole")).read_text()
    'whole'
    """
    given = read_path("path", path)
    target = Path(os.path.realpath(given))
    if target.is_dir():
        raise ArgumentError(f"path: {given} is a folder; name a file in it.")
    if target.exists() and not target.is_file():
        raise ArgumentError(f"path: {given} is a device or a pipe; name a file.")
    if not target.parent.is_dir():
        raise ArgumentError(
            f"path: the folder {target.parent!s:.500} does not exist; create it first."
        )
    _sweep(target)
    with _said_of(given), _temporary(target) as file:
        mode = (target if target.exists() else file).stat().st_mode
        file.chmod(0o600)  # what it replaces may be private
        write(file)
        with file.open("r+b") as written:
            os.fsync(written)  # or a loss of power leaves the new name and no content
        file.chmod(stat.S_IMODE(mode))
        file.replace(target)
    return given


@contextmanager
def _said_of(path: Path) -> Iterator[None]:
    """Have the system's errors name the path that was given, not that of the temporary file."""
    try:
        yield
    except OSError as error:
        if error.errno is None:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


@contextmanager
def _temporary(target: Path) -> Iterator[Path]:
    """Yield a new file beside `target`, locked so that no sweep takes it, and gone afterwards."""
    while True:
        file = target.with_name(f"{_beginning(target)}{secrets.token_hex(4)}{target.suffix}")
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
        if fcntl is None:
            os.close(handle)  # Windows renames no open file
            break
        with suppress(OSError):  # some network file systems have no locks, so no sweeps either
            fcntl.flock(handle, fcntl.LOCK_EX)
        if os.fstat(handle).st_nlink:
            break
        os.close(handle)  # a sweep came between the last two lines
    try:
        yield file
    finally:
        file.unlink(missing_ok=True)
        if fcntl is not None:
            os.close(handle)


def _sweep(target: Path) -> None:
    """Remove what killed processes left of `target`: temporary files that nobody has locked."""
    if fcntl is None:
        return
    for stray in target.parent.glob(f"{_beginning(target)}*"):
        with suppress(OSError), stray.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            stray.unlink()


def _beginning(target: Path) -> str:
    """Return how the names of temporary files for `target` begin: short, however long its own."""
    return f".unfinished-{sha256(os.fsencode(target.name)).hexdigest()[:12]}-"
