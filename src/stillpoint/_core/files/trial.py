"""Files without a seal are read by another process, which may crash or hang; this one must not.

It hands over what it read as a file written anew, so damage stays outside.
"""

from __future__ import annotations

import subprocess
import sys

_READ = """
import io, sys
try:
    import h5netcdf, xarray
    from xarray.backends import H5NetCDFStore
    stored, anew = io.BytesIO(sys.stdin.buffer.read()), io.BytesIO()
    with xarray.open_dataset(stored, engine="h5netcdf") as dataset:
        dataset = dataset.load().drop_encoding()
    with h5netcdf.File(anew, "w") as file:
        dataset.dump_to_store(H5NetCDFStore(file))
    sys.stdout.buffer.write(anew.getvalue())
except Exception as error:
    sys.exit(f"{type(error).__name__}: {error}")
"""

# How long reading may take, in seconds, and for every byte: far longer than it does.
_START, _PER_BYTE = 60.0, 1e-6


def written_anew(stored: bytes, read: str = _READ) -> bytes:
    """Return a NetCDF file as another process read it and wrote it again.

    Where no other process can be started, the file comes back as it was.

    Raises
    ------
    ValueError
        If the process failed, crashed or took too long.

    Examples
    --------
    >>> written_anew(b"no file")
    Traceback (most recent call last):
    ...
    ValueError: ...
    >>> written_anew(b"no file", read="import os; os.abort()")
    Traceback (most recent call last):
    ...
    ValueError: HDF5 crashes on it
    """
    try:
        ended = subprocess.run(
            [sys.executable, "-c", read],
            input=stored,
            capture_output=True,
            timeout=_START + _PER_BYTE * len(stored),
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ValueError("HDF5 does not come to an end with it") from None
    except OSError:
        return stored
    if ended.returncode == 0:
        return ended.stdout
    failed = ended.returncode == 1
    raise ValueError(
        ended.stderr.decode(errors="replace").strip() if failed else "HDF5 crashes on it"
    )
