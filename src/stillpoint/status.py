"""How a search can end, and how stillpoint speaks when something is wrong.

Every row of a search ends in a `Status`, whose `sentence` says what happened; a batch never fails
because one row did. A wrong argument raises `ArgumentError` at the door, and its message says
which argument, what came, what was wanted and what to do.
"""

from __future__ import annotations

import difflib
import math
import numbers
import operator
import sys
import warnings
from collections.abc import Iterable
from enum import IntEnum
from types import FrameType


class Status(IntEnum):
    """How one start of a search ended.

    Examples
    --------
    >>> Status.FIXED_POINT.sentence
    'reached a fixed point'
    """

    RUNNING = 0
    FIXED_POINT = 1
    SLOW_POINT = 2
    OBSERVED_ONLY = 3
    MAX_STEPS = 4
    STALLED = 5
    DIVERGED = 6
    NON_FINITE = 7
    INTERRUPTED = 8
    LEFT_OUT = 9
    BELOW_SPEED = 10

    @property
    def sentence(self) -> str:
        """What happened, in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Status.RUNNING: "has not ended yet",
    Status.FIXED_POINT: "reached a fixed point",
    Status.SLOW_POINT: "reached a slow point: the gradient of q vanishes, q does not",
    Status.OBSERVED_ONLY: "the observed coordinates stand still, the state itself moves on",
    Status.MAX_STEPS: "used up its steps (`max_steps`) before it converged",
    Status.STALLED: "came to rest where the residual is not zero and falls no further",
    Status.DIVERGED: "left every reasonable bound",
    Status.NON_FINITE: "met a value that is not finite",
    Status.INTERRUPTED: "was interrupted before it ended",
    Status.LEFT_OUT: "reached a fixed point that `near` or `max_points` leaves out",
    Status.BELOW_SPEED: "became slower than the threshold",
}


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


def check_option(name: str, value: object, allowed: Iterable[str]) -> str:
    """Return `value` if it is one of `allowed`, or raise an error that lists them.

    Parameters
    ----------
    name
        The argument's name, for the message.
    value
        What the caller passed.
    allowed
        The values that exist.

    Raises
    ------
    ArgumentError
        If `value` is not allowed; the nearest allowed value is suggested.

    Examples
    --------
    >>> check_option("kind", "map", ("map", "flow"))
    'map'
    """
    options = list(allowed)
    if isinstance(value, str) and value in options:
        return value
    listed = ", ".join(repr(option) for option in options)
    near = difflib.get_close_matches(str(value), options, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ArgumentError(f"{name}: got {value!r}, but the allowed values are {listed}.{hint}")


def check_flag(name: str, value: object) -> bool:
    """Return True or False, or raise an error.

    Raises
    ------
    ArgumentError
        If it is neither: "no" would count as true.

    Examples
    --------
    >>> check_flag("exhaustive", False)
    False
    """
    if not isinstance(value, bool):
        raise ArgumentError(f"{name}: got {value!r}, but True or False is wanted.")
    return value


def check_whole(name: str, value: object, least: int) -> int:
    """Return a whole number of at least `least`, of any integer type, as an int.

    Raises
    ------
    ArgumentError
        If it is not one.

    Examples
    --------
    >>> check_whole("n", 3, least=1)
    3
    """
    try:
        number = operator.index(value)  # type: ignore[arg-type]
    except TypeError:
        number = least - 1
    if isinstance(value, bool) or number < least:
        raise ArgumentError(
            f"{name}: got {value!r}, but a whole number of at least {least} is wanted."
        )
    return number


def check_real(
    name: str, value: object, *, above: float | None = None, least: float | None = None
) -> float:
    """Return a finite real number, `above` a bound or at `least` it, as a float.

    Raises
    ------
    ArgumentError
        If it is not one.

    Examples
    --------
    >>> check_real("dt", 1, above=0)
    1.0
    """
    fits = isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)
    if fits and above is not None:
        fits = value > above  # type: ignore[operator]
    if fits and least is not None:
        fits = value >= least  # type: ignore[operator]
    if not fits:
        wanted = "a finite number"
        if above is not None:
            wanted = "a positive finite number" if above == 0 else f"a finite number > {above}"
        if least is not None:
            wanted = f"a finite number >= {least}"
        raise ArgumentError(f"{name}: got {value!r}, but {wanted} is wanted.")
    return float(value)  # type: ignore[arg-type]
