"""What an object's attributes hold, in lists, tuples, dictionaries and sets too."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

# What a step may write into, and how each is filled anew: by the methods of the built-in types, as
# a framework's own containers may refuse what they are given.
_FILL: dict[type, Callable[[Any, Any], None]] = {
    list: list.extend,
    OrderedDict: OrderedDict.update,
    dict: dict.update,
    set: set.update,
    deque: deque.extend,
}


def contents(named: Iterable[tuple[str, Any]]) -> list[tuple[str, Any]]:
    """Return values and all that they hold, containers too, each once, by the path to it.

    Examples
    --------
    >>> contents([("log", [1.5, {"k": 2}])])
    [('log', [1.5, {'k': 2}]), ('log.0', 1.5), ('log.1', {'k': 2}), ('log.1.k', 2)]
    """
    found: dict[int, tuple[str, Any]] = {}
    waiting = list(named)[::-1]
    while waiting:
        name, value = waiting.pop()
        if id(value) in found:
            continue
        found[id(value)] = name, value
        if isinstance(value, dict):
            inside = list(dict.items(value))
        elif isinstance(value, list | tuple | set | frozenset | deque):
            inside = list(enumerate(value))
        else:
            continue
        waiting.extend((f"{name}.{key}".lstrip("."), held) for key, held in inside[::-1])
    return list(found.values())


def keep(values: Iterable[Any]) -> Callable[[], None]:
    """Return a function that puts back what the containers and NumPy arrays among `values` hold.

    Examples
    --------
    >>> log = [1]
    >>> put_back = keep([log])
    >>> log.append(2)
    >>> put_back()
    >>> log
    [1]
    """
    containers: list[tuple[Any, Any, list[Any]]] = []
    arrays: list[tuple[np.ndarray, np.ndarray]] = []
    for value in values:
        kind = next((kind for kind in _FILL if isinstance(value, kind)), None)
        if kind is not None:
            former = dict.items(value) if isinstance(value, dict) else value
            containers.append((kind, value, list(former)))
        elif isinstance(value, np.ndarray) and value.flags.writeable:
            arrays.append((value, value.copy()))

    def put_back() -> None:
        for kind, value, former in containers:
            kind.clear(value)
            _FILL[kind](value, former)
        for value, copied in arrays:
            np.copyto(value, copied)

    return put_back
