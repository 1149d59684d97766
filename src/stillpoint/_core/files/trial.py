"""Whether damage makes HDF5 crash or hang: tried in another process, which may.

Only for files without a seal. Exceptions are no matter of this file: they come again where the
file is read.
"""

from __future__ import annotations

import subprocess
import sys

_READ = """
import io, sys
try:
    import xarray
    xarray.open_dataset(io.BytesIO(sys.stdin.buffer.read()), engine="h5netcdf").load()
except Exception:
    pass
"""

# How long reading may take, in seconds, and for every byte: far longer than it does.
_START, _PER_BYTE = 60.0, 1e-6


def is_survived(stored: bytes, read: str = _READ) -> bool:
    """Return whether a process that reads a file comes to an end, and a good one.

    Where no other process can be started there is no trial, and the answer is True.

    Examples
    --------
    >>> is_survived(b"", read="pass"), is_survived(b"", read="import os; os.abort()")
    (True, False)
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
        return False
    except OSError:
        return True
    return ended.returncode == 0
