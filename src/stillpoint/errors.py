"""How a search can end, and how stillpoint speaks when something is wrong.

Every row of a search ends in a `Status`, whose `sentence` says what happened; a batch never fails
because one row did. A wrong argument raises `ArgumentError` at the door, and its message says
which argument, what came, what was wanted and what to do.
"""

from __future__ import annotations

import reprlib
import sys
import warnings
from types import FrameType
from typing import Any

# What messages show as it stands, in few words; of everything else they name the type.
_SHOWN = (type(None), bool, int, float, complex, str, bytes, list, tuple, dict, set, range, slice)
_BRIEFLY = reprlib.Repr()
_BRIEFLY.maxstring = _BRIEFLY.maxother = 100


class StillpointError(Exception):
    """Base of the errors that stillpoint raises itself."""


class ArgumentError(StillpointError, ValueError):
    """An argument is not what the function can work with."""


class UnsupportedModelError(StillpointError, TypeError):
    """A model cannot be read as one step `x' = F(x, u)`; the message says why."""


class MissingExtraError(StillpointError, ImportError):
    """An optional dependency is not installed; the message names the extra."""


class FileFormatError(StillpointError, ValueError):
    """A file is damaged, or of no format that is read."""


class StillpointWarning(UserWarning):
    """Something that the caller should know, though the answer stands."""


def came(value: Any) -> str:
    """Return what came in the words of a message: plain values themselves, else what they are.

    Examples
    --------
    >>> came(2.5), came([1, 2, 3, 4, 5, 6, 7]), came(iter)
    ('2.5', '[1, 2, 3, 4, 5, 6, ...]', 'iter')
    """
    kind = type(value)
    if kind in _SHOWN:
        try:
            return " ".join(_BRIEFLY.repr(value).split())
        except ValueError:  # Python does not write out whole numbers of thousands of digits
            return f"a {kind.__name__} that is too long to show"
    if isinstance(value, type) or kind.__module__ == "builtins":
        return str(getattr(value, "__name__", kind.__name__))
    shape = getattr(value, "shape", None)
    return f"{kind.__name__} of shape {tuple(shape)}" if isinstance(shape, tuple) else kind.__name__


def warn(message: str) -> None:
    """Warn of something at the line, outside stillpoint, that called it."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, StillpointWarning, stacklevel=level)


def _is_inside(frame: FrameType) -> bool:
    """Whether a frame belongs to stillpoint, or to what wraps its functions.

    That is NumPy's `errstate`, and in the tests what checks annotations.
    """
    package = frame.f_globals.get("__name__", "").partition(".")[0]
    return package in ("stillpoint", "numpy", "jaxtyping", "beartype")
