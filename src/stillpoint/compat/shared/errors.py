"""Errors of old names are also of the classes that scripts of their tools catch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, wraps
from types import FunctionType
from typing import Any, TypeVar

from ...errors import ArgumentError

Named = TypeVar("Named", bound=Callable[..., Any])

# Beside public names, what Python calls itself.
_SPOKEN = ("__init__", "__call__", "__getitem__", "__setitem__", "__setattr__", "__contains__")


class OldArgumentError(ArgumentError, AssertionError, KeyError, TypeError):
    """An `ArgumentError` that is also whatever the old tools raise for a wrong argument."""

    __str__ = Exception.__str__  # a KeyError shows its message in quotes


def raises_as_before(named: Named) -> Named:
    """Return a class or a function whose `ArgumentError`s are `OldArgumentError`s.

    Examples
    --------
    >>> @raises_as_before
    ... def half(x):
    ...     raise ArgumentError("x: got nothing, but a number is wanted.")
    >>> try:
    ...     half(None)
    ... except AssertionError as error:
    ...     print(error)
    x: got nothing, but a number is wanted.
    """
    if not isinstance(named, type):
        return _speaking(named)
    for name, member in list(vars(named).items()):
        if name.startswith("_") and name not in _SPOKEN:
            continue
        if isinstance(member, staticmethod | classmethod):
            setattr(named, name, type(member)(_speaking(member.__func__)))
        elif isinstance(member, FunctionType):
            setattr(named, name, _speaking(member))
    return named


def _speaking(function: Any) -> Any:
    @wraps(function)
    def speaking(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except ArgumentError as error:
            error.__class__ = _with_those_of(sys.modules.get("brainpy"))
            raise

    return speaking


@cache
def _with_those_of(brainpy: Any) -> type[OldArgumentError]:
    """Return the class, which is one of BrainPy's own errors too where that is in use."""
    if brainpy is None:
        return OldArgumentError
    own = (brainpy.errors.AnalyzerError, brainpy.errors.UnsupportedError)
    return type("OldArgumentError", (OldArgumentError, *own), {"__str__": Exception.__str__})
