"""Nests of dicts, lists, tuples, named tuples and dataclasses, and the leaves they hold."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..errors import ArgumentError


class Leaf:
    """What a nest holds at its ends, even where it is a dataclass itself."""


def children(nest: Any) -> list[tuple[Any, Any]] | None:
    """Return the members of a nest by key, or None if it is a leaf."""
    if isinstance(nest, Mapping):
        return list(nest.items())
    if isinstance(nest, tuple) and hasattr(nest, "_fields"):
        return [(name, getattr(nest, name)) for name in nest._fields]
    if isinstance(nest, list | tuple):
        return list(enumerate(nest))
    if dataclasses.is_dataclass(nest) and not isinstance(nest, type | Leaf):
        return [(f.name, getattr(nest, f.name)) for f in _state_fields(nest)]
    return None


def _state_fields(nest: Any) -> list[dataclasses.Field[Any]]:
    """Return the fields of a dataclass that are no settings, as Flax and Equinox mark these."""
    return [
        field
        for field in dataclasses.fields(nest)
        if field.metadata.get("pytree_node", True) and not field.metadata.get("static", False)
    ]


def rebuild(nest: Any, members: Sequence[Any]) -> Any:
    """Return a nest of the same kind with other members."""
    if isinstance(nest, Mapping):
        return dict(zip(nest, members, strict=True))
    if isinstance(nest, tuple) and hasattr(nest, "_fields"):
        return type(nest)(*members)
    if isinstance(nest, list | tuple):
        return list(members) if isinstance(nest, list) else tuple(members)
    names = [f.name for f in _state_fields(nest)]
    return dataclasses.replace(nest, **dict(zip(names, members, strict=True)))


def _path(name: str, key: Any) -> str:
    return f"{name}.{key}" if name else str(key)


def walk(name: str, nest: Any, at_leaf: Callable[[str, Any], Any]) -> Any:
    """Return the nest with every leaf replaced."""
    members = children(nest)
    if members is None:
        return at_leaf(name, nest)
    return rebuild(nest, [walk(_path(name, key), child, at_leaf) for key, child in members])


def leaves(nest: Any) -> Iterator[Any]:
    """Yield the leaves of a nest in order."""
    members = children(nest)
    if members is None:
        yield nest
        return
    for _, child in members:
        yield from leaves(child)


def match(name: str, nest: Any, state: Any) -> Iterator[Any]:
    """Yield the leaves of `state` in the order of `nest`, whose members it must have."""
    wanted = children(nest)
    if wanted is None and not isinstance(state, Mapping | tuple):
        yield state
        return
    keys = [key for key, _ in wanted or []]
    given = dict(children(state) or [])
    if wanted is None or set(given) != set(keys):
        found = f"members {', '.join(map(str, given))}" if given else type(state).__name__
        members = f"members {', '.join(map(str, keys))}" if keys else "one array"
        raise ArgumentError(
            f"{name}: got {found}, but {members} is wanted, as in the example of a state."
        )
    for key, child in wanted:
        yield from match(_path(name, key), child, given[key])
