"""Errors of old names are also of the classes that scripts of their tools catch."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import cache, wraps
from inspect import signature
from types import FunctionType
from typing import Any, TypeVar

from ...errors import ArgumentError, StillpointError, UnsupportedModelError

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
            if isinstance(member.__func__, FunctionType):
                setattr(named, name, type(member)(_speaking(member.__func__)))
        elif isinstance(member, FunctionType):
            setattr(named, name, _speaking(member))
    return named


def _speaking(function: Any) -> Any:
    arguments = tuple(signature(function).parameters)

    @wraps(function)
    def speaking(*args: Any, **kwargs: Any) -> Any:
        try:
            return function(*args, **kwargs)
        except (ArgumentError, UnsupportedModelError) as error:
            error.args = (_by_own_name(str(error.args[0]), arguments), *error.args[1:])
            error.__class__ = _with_those_of(_plain(type(error)), sys.modules.get("brainpy"))
            raise

    return speaking


# What the search calls an argument, and what the tools do.
_NAMES = {
    "n": ("n_inits",),
    "noise": ("noise_scale",),
    "trajectories": ("state_traj",),
    "where": ("valid_bxt",),
    "states": ("initial_states", "xs", "candidates"),
    "candidates": ("points",),
    "stimulus": ("stim_input",),
    "noisy": ("noise",),
    "weights": ("W_rec",),
    "inputs": ("inp",),
    "x0": ("h0",),
    "x": ("h",),
    "delta_state": ("delta_h",),
    "delta_state_static": ("delta_h_static",),
    "h": ("act",),
    "source": ("from_",),
    "xs": ("states",),
    "input": ("inp",),
    "delta_input": ("delta_inp",),
}


def _by_own_name(message: str, arguments: tuple[str, ...]) -> str:
    """Return a message with the name that an argument has at this door."""
    name, colon, rest = message.partition(": ")
    if name in arguments or not colon:
        return message
    own = next((known for known in _NAMES.get(name, ()) if known in arguments), name)
    return f"{own}: {rest}"


def _plain(kind: type) -> Any:
    """Return the class of stillpoint that an error is of."""
    return ArgumentError if issubclass(kind, ArgumentError) else UnsupportedModelError


@cache
def _with_those_of(kind: Any, brainpy: Any) -> Any:
    """Return a class of errors that is also what scripts catch; BrainPy's where it is in use."""
    own = () if brainpy is None else (brainpy.errors.AnalyzerError, brainpy.errors.UnsupportedError)
    base = OldArgumentError if kind is ArgumentError else kind
    old = (AssertionError, KeyError, TypeError, ValueError)
    bases = (base, *(k for k in old if not issubclass(base, k)), *own)
    body = {"__str__": Exception.__str__, "__reduce__": _as_before}
    return type(f"Old{kind.__name__}", bases, body)


def _as_before(error: StillpointError) -> tuple[Any, ...]:
    """Say how an error is made again from a pickle, where BrainPy need not be in use."""
    return _made_again, (_plain(type(error)), error.args)


def _made_again(kind: Any, args: tuple[Any, ...]) -> StillpointError:
    return _with_those_of(kind, sys.modules.get("brainpy"))(*args)
