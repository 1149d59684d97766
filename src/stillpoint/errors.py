"""How a search can end, and how stillpoint speaks when something is wrong.

Every row of a search ends in a `Status`, whose `sentence` says what happened; a batch never fails
because one row did. A wrong argument raises `ArgumentError` at the door, and its message says
which argument, what came, what was wanted and what to do.
"""

from __future__ import annotations

import sys
import warnings
from types import FrameType


class StillpointError(Exception):
    """Base of the errors that stillpoint raises itself."""


class ArgumentError(StillpointError, ValueError):
    """An argument is not what the function can work with."""


class UnsupportedModelError(StillpointError, TypeError):
    """A model cannot be read as one step `x' = F(x, u)`; the message says why."""


class MissingExtraError(StillpointError, ImportError):
    """An optional dependency is not installed; the message names the extra."""


class FileFormatError(StillpointError, ValueError):
    """A file is damaged or was not written by stillpoint."""


class StillpointWarning(UserWarning):
    """Something that the caller should know, though the answer stands."""


def warn(message: str) -> None:
    """Warn of something at the line, outside stillpoint, that called it."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, StillpointWarning, stacklevel=level)


def _is_inside(frame: FrameType) -> bool:
    """Whether a frame belongs to stillpoint, or to what checks its annotations in the tests."""
    package = frame.f_globals.get("__name__", "").partition(".")[0]
    return package in ("stillpoint", "jaxtyping", "beartype")
