"""What the arguments and results of a step mean: which is the state, which the input, which time.

Names decide; where they tell nothing, the caller of this file tries both orders and accepts what
can be read in one way only.
"""

from __future__ import annotations

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NoReturn

import numpy as np

from .._core.arrays import to_numpy
from .._core.layout import StateLayout
from ..errors import ArgumentError, UnsupportedModelError

Order = Literal["input first", "state first"]

# Words that stand in a parameter's name, between its underscores, without digits.
_STATE = {
    "h",
    "hx",
    "ht",
    "hc",
    "hid",
    "hidden",
    "hiddens",
    "state",
    "states",
    "carry",
    "memory",
    "mem",
    "prev",
}
_INPUT = {"u", "ut", "input", "inputs", "inp", "inps", "in", "stim", "stimulus", "drive"}
_TIME = {"t", "time"}


def required_names(function: Callable[..., Any]) -> list[str] | None:
    """Return the names of the positional parameters that have no default, None if unknown.

    Examples
    --------
    >>> required_names(lambda x, u, scale=1.0: x)
    ['x', 'u']
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):  # a builtin, or compiled
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in positional and p.default is p.empty]


def positional_names(function: Callable[..., Any]) -> list[str]:
    """Return the names of all positional parameters, those with defaults too.

    Examples
    --------
    >>> positional_names(lambda x, h=None: x)
    ['x', 'h']
    """
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return []
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [p.name for p in parameters if p.kind in positional]


def takes_time(function: Callable[..., Any]) -> bool:
    """Whether a function begins with the time, as f(t, y) of torchdiffeq, diffrax and SciPy does.

    Examples
    --------
    >>> takes_time(lambda t, y: -y), takes_time(lambda x, u: -x)
    (True, False)
    """
    names = positional_names(function)
    return len(names) > 1 and names[0] in _TIME


def order_by_names(names: Sequence[str]) -> Order | None:
    """Return which of two parameters is the state by their names, None if they do not tell.

    `x` is the input beside a state, (x, h), and the state beside an input, (x, u).

    Examples
    --------
    >>> order_by_names(["x", "h"]), order_by_names(["x", "u"]), order_by_names(["a", "b"])
    ('input first', 'state first', None)
    """
    if len(names) < 2 or "state" in map(_role, names[2:]):
        return None
    first, second = map(_role, names[:2])
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


def _role(name: str) -> str:
    """Return what a name says: "state", "input", "x" or nothing."""
    words = set(re.split(r"[_\W]+", re.sub(r"\d+", "", name.lower())))
    if words & {"x", "xt"}:
        return "state" if words & _STATE else "x"
    is_state, is_input = bool(words & _STATE), bool(words & _INPUT)
    return "" if is_state == is_input else "state" if is_state else "input"


def returned_names(function: Callable[..., Any], state: str = "") -> tuple[str, ...]:
    """Return what the members of a returned tuple are called in a function's source.

    A member that is computed in the return statement has no name: "", and neither has a parameter
    that is returned as it came. Where one is called like the parameter of the `state`, it is the
    state, and the others have no name. Nothing is returned where there is no source, or anything
    but tuples of the same names.

    Examples
    --------
    >>> def step(u, h):
    ...     h = u + h
    ...     return h, 2 * h
    >>> returned_names(step)
    ('h', '')
    """
    if hasattr(function, "__wrapped__"):  # what wraps it may return something else
        return ()
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError, IndexError):
        return ()
    nodes = list(_own_nodes(tree))
    made = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    returned = [node.value for node in nodes if isinstance(node, ast.Return)]
    tuples = {
        tuple(_name_in(member, made) for member in value.elts)
        if isinstance(value, ast.Tuple)
        else ()
        for value in returned
    }
    names = tuples.pop() if len(tuples) == 1 else ()
    return (
        tuple("h" if name == state else "" for name in names) if state and state in names else names
    )


def _own_nodes(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what is below a function, but not inside functions that it defines."""
    for child in ast.iter_child_nodes(node):
        yield child
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield from _own_nodes(child)


def _name_in(member: ast.AST, made: set[str]) -> str:
    name = getattr(member, "id", "")
    return name if name in made else ""


def new_state(
    result: Any,
    layout: StateLayout,
    before: Any,
    names: Sequence[str] = (),
    *,
    carry_first: bool = False,
) -> Any:
    """Return the new state in what a step returned: all of it, or the member that has its shape.

    A step may return its output beside the state, in either order: `output, h` as torch has it,
    `carry, y` as `lax.scan` has it. Of several members of the state's shape, the state `before`
    is none, and the `names` of the members tell, or else the first is it, if `carry_first`.

    Raises
    ------
    UnsupportedModelError
        If members have the state's shape that differ and are not told apart.
    """
    if layout.fits(result) or not isinstance(result, tuple):
        return result
    fitting = {k: member for k, member in enumerate(result) if layout.fits(member)}
    moved = {k: member for k, member in fitting.items() if not _is(layout, member, before)}
    named = [k for k in moved if k < len(names) and _role(names[k]) == "state"]
    if len(named) == 1:
        return fitting[named[0]]
    first, *others = (moved or fitting or {0: result}).values()
    if not carry_first and not all(_same(layout, first, other) for other in others):
        raise UnsupportedModelError(
            f"step: it returns {len(fitting)} members of the state's shape that differ, so which "
            f"of them is the new state cannot be told: `output, state` or `state, output`? Pass a "
            f"function that returns the new state alone: [0] or [1] of it."
        )
    return first


def _is(layout: StateLayout, one: Any, other: Any) -> bool:
    """Whether two states are the very same arrays."""
    if other is None:
        return False
    return all(a is b for a, b in zip(layout.leaves(one), layout.leaves(other), strict=True))


def _same(layout: StateLayout, one: Any, other: Any) -> bool:
    """Whether two states are the same, in value where they have values."""
    if _is(layout, one, other):
        return True
    pairs = zip(layout.leaves(one), layout.leaves(other), strict=True)
    try:
        return all(np.array_equal(to_numpy(a), to_numpy(b), equal_nan=True) for a, b in pairs)
    except Exception:  # they are traced, and have none
        return False


@dataclass(frozen=True, eq=False)
class AtTime:
    """f(t, y), f(t, y, args), f(t, y, u) or f(t, y, u, args) as one of (x, u), at one time.

    Attributes
    ----------
    function
        The velocity as torchdiffeq, diffrax or SciPy take it.
    t
        The time.
    input_size
        Where it is not 0, the third argument is the input.
    args
        The last arguments: (params,) of a function that takes them, as diffrax has it.
    """

    function: Callable[..., Any]
    t: float
    input_size: int
    args: tuple[Any, ...]

    @classmethod
    def of(
        cls,
        function: Callable[..., Any],
        t: float | None,
        input_size: int,
        params: Any = None,
        call: Callable[..., Any] | None = None,
    ) -> AtTime:
        """Return a velocity at a time, 0 if None; `call` has its parameters if not itself."""
        names = required_names(function if call is None else call) or []
        if input_size and order_by_names(names[1:3]) == "input first":
            raise ArgumentError(
                f"step: its parameters ({', '.join(names)}) say that the input comes before the "
                f"state, but a velocity is called f(t, y, u); pass lambda t, y, u: f(t, u, y)."
            )
        takes_args = params is not None or len(names) == 3 + bool(input_size)
        return cls(function, t or 0.0, input_size, (params,) if takes_args else ())

    def at(self, t: float) -> AtTime:
        """Return the same velocity at another time."""
        return replace(self, t=t)

    def __call__(self, x: Any, u: Any) -> Any:
        return self.function(self.t, x, *((u,) if self.input_size else ()), *self.args)


@dataclass(frozen=True, eq=False)
class WithParams:
    """A function of (x, u, params) as one of (x, u)."""

    function: Callable[..., Any]
    params: Any

    def __call__(self, x: Any, u: Any) -> Any:
        return self.function(x, u, self.params)


def check_timed(name: str, kind: str) -> None:
    """Refuse a function of time as a map: what it returns is a velocity.

    Raises
    ------
    ArgumentError
        If it is not said to be a flow.
    """
    if kind != "flow":
        raise ArgumentError(
            f"kind: got {kind!r}, but {name} begins with the time t, as the velocity f(t, y) of a "
            f"flow does; pass kind='flow'. A map that depends on time is a step at one time, "
            f"lambda x, u: f(t0, x)."
        )
