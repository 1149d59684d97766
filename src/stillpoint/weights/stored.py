"""What a file of weights holds, once it is read: arrays by name, and what it says of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

#: How pickled modules and libraries nest what users know as `rnn.weight_hh_l0`.
_INSIDE = ("_parameters", "_buffers", "_modules")


class Told(NamedTuple):
    """What is known of a network beside its weights; None where nothing is."""

    cell: str | None = None
    phi: str | None = None
    alpha: Any = None


class Stored(NamedTuple):
    """Arrays of any library by their names, whose parts are joined by dots.

    Attributes
    ----------
    told
        What a file tells of its networks, by the prefix of their names.
    refused
        Why a network cannot be read, by the prefix of its names.
    """

    arrays: Mapping[str, Any]
    told: Mapping[str, Told] = {}
    refused: Mapping[str, str] = {}


def flatten(nest: Any) -> dict[str, Any]:
    """Return the arrays in a nest of mappings and lists by their paths.

    What lies in several places is found in the first one, so a nest may hold itself.

    Examples
    --------
    >>> import numpy as np
    >>> list(flatten({"params": {"gru/h": np.zeros(1)}, "epoch": 3}))
    ['params.gru.h']
    """
    found: dict[str, Any] = {}
    seen: dict[int, Any] = {}  # which keeps them, lest another one gets the same id

    def visit(path: tuple[str, ...], held: Any) -> None:
        if isinstance(held, Mapping | list | tuple) and id(held) not in seen:
            seen[id(held)] = held
            pairs = held.items() if isinstance(held, Mapping) else enumerate(held)
            for key, part in pairs:
                if isinstance(key, str | int):
                    visit(path if key in _INSIDE else (*path, plain_name(str(key))), part)
        elif hasattr(held, "dtype") and hasattr(held, "shape"):
            found[".".join(path)] = held

    visit((), nest)
    return found


def plain_name(name: str) -> str:
    """Return a name with dots between its parts, without TensorFlow's number of an output.

    Examples
    --------
    >>> plain_name("gru/gru_cell/kernel:0")
    'gru.gru_cell.kernel'
    """
    return name.removesuffix(":0").replace("/", ".")
