"""Which of what a step returns is the new state, by shape and by the names in its source."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from .._core.arrays import to_numpy
from .._core.layout import StateLayout
from ..errors import UnsupportedModelError
from .signatures import role_of


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
    named = [k for k in moved if k < len(names) and role_of(names[k]) == "state"]
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
