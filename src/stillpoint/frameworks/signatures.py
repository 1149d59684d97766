"""Which of a step's two arguments is the state, by their names.

Where names tell nothing, an adapter tries both orders, and accepts what can be read in one way.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, Literal, NoReturn

from ..errors import ArgumentError, UnsupportedModelError

Order = Literal["input first", "state first"]

# Words that stand in a parameter's name, between its underscores, without digits.
_STATE = {"h", "hx", "ht", "hc", "hid", "hidden", "hiddens", "state", "states", "carry"}
_STATE |= {"memory", "mem", "prev"}
_INPUT = {"u", "ut", "input", "inputs", "inp", "inps", "in", "stim", "stimulus", "drive"}


def positional_names(function: Callable[..., Any], *, required: bool = False) -> list[str]:
    """Return the names of a function's positional parameters, of those without a default alone.

    There is none where a function does not tell, as builtins and compiled ones may not.

    Examples
    --------
    >>> step = lambda x, h=None: x
    >>> positional_names(step), positional_names(step, required=True)
    (['x', 'h'], ['x'])
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        p.name
        for p in parameters
        if p.kind in positional and (p.default is p.empty or not required)
    ]


def order_by_names(names: Sequence[str]) -> Order | None:
    """Return which of two parameters is the state by their names, None if they do not tell.

    `x` is the input beside a state, (x, h), and the state beside an input, (x, u).

    Examples
    --------
    >>> order_by_names(["x", "h"]), order_by_names(["x", "u"]), order_by_names(["a", "b"])
    ('input first', 'state first', None)
    """
    if len(names) < 2 or "state" in map(role_of, names[2:]):
        return None
    first, second = map(role_of, names[:2])
    if (first, second) in (("state", "input"), ("state", "x"), ("x", "input")):
        return "state first"
    if (first, second) in (("input", "state"), ("x", "state"), ("input", "x")):
        return "input first"
    if "" in (first, second):  # one name tells, the other says nothing
        if "state" in (first, second):
            return "state first" if first == "state" else "input first"
        if "input" in (first, second):
            return "input first" if first == "input" else "state first"
    return None


def check_state_first(name: str, step: Callable[..., Any]) -> None:
    """Refuse a function whose parameters' names say that the input comes before the state.

    Raises
    ------
    ArgumentError
        If they do.
    """
    names = positional_names(step)[:2]
    if order_by_names(names) == "input first":
        raise ArgumentError(
            f"step: the parameters of {name}, ({', '.join(names)}), say that the input comes "
            f"first, but functions are called step(x, u), the state first; pass "
            f"lambda x, u: {name}(u, x)."
        )


def refuse_order(owner: str, readings: Sequence[str], names: Sequence[str]) -> NoReturn:
    """Refuse a module whose state can be read in two ways.

    Raises
    ------
    UnsupportedModelError
        Always; it spells the readings out.
    """
    raise UnsupportedModelError(
        f"model: {owner}, called as {' and as '.join(f'`{way}`' for way in readings)}, takes "
        f"different steps, and its parameters' names ({', '.join(names)}) do not tell which is the "
        f"state. Name them h and u, or pass a function: as_system(lambda x, u: model(u, x), "
        f"state_size=..., input_size=...)."
    )


def role_of(name: str) -> str:
    """Return what a name says: "state", "input", "x" or nothing.

    Examples
    --------
    >>> role_of("h_prev"), role_of("inp0"), role_of("x_t"), role_of("rates")
    ('state', 'input', 'x', '')
    """
    words = set(re.split(r"[_\W]+", re.sub(r"\d+", "", name.lower())))
    if words & {"x", "xt"}:
        return "state" if words & _STATE else "x"
    is_state, is_input = bool(words & _STATE), bool(words & _INPUT)
    return "" if is_state == is_input else "state" if is_state else "input"
