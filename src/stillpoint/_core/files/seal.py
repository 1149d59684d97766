"""What tells a damaged file from a whole one before anything parses it.

A file's SHA-256 follows it, in words. HDF5 reads no further than the length that its first bytes
tell, so other programs do not see it; and a file that has neither a seal nor that length has lost
something at one of its ends.
"""

from __future__ import annotations

from hashlib import sha256

#: How every HDF5 file, and so every NetCDF-4 file, begins.
HDF5 = b"\x89HDF\r\n\x1a\n"

# Where HDF5 tells the length of a file, in 8 bytes, by the version that its ninth byte tells
# (HDF5 File Format Specification 3.0, II.A).
_LENGTH_AT = {0: 40, 1: 44, 2: 28, 3: 28}


def seal(content: bytes | memoryview) -> bytes:
    """Return what is written behind some content; `head -c -73 FILE | sha256sum` says the same.

    Examples
    --------
    >>> seal(b"content")[:20], len(seal(b"content"))
    (b'\\nsha256 ed7002b439e9', 73)
    """
    return f"\nsha256 {sha256(content).hexdigest()}\n".encode()


def is_sealed(stored: bytes) -> bool:
    """Return whether a file is, bit for bit, some content and its seal.

    Examples
    --------
    >>> is_sealed(b"content" + seal(b"content")), is_sealed(b"kontent" + seal(b"content"))
    (True, False)
    """
    end = len(stored) - len(seal(b""))
    return end >= 0 and stored[end:] == seal(memoryview(stored)[:end])


def ends_where_it_says(stored: bytes) -> bool:
    """Return whether a file is as long as HDF5 made it: nothing is cut off, nothing is added.

    Examples
    --------
    >>> ends_where_it_says(HDF5 + bytes(100))
    False
    """
    place = _LENGTH_AT.get(int.from_bytes(stored[8:9]), len(stored))
    return int.from_bytes(stored[place : place + 8], "little") == len(stored)
