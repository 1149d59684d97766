"""Named groups of units."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from jaxtyping import Int

from .._core.selections import read_indices
from .._core.validation import check_kind, check_option, check_sequence, check_whole
from ..errors import ArgumentError, came


@dataclass(frozen=True)
class Regions(Mapping[str, Sequence[int]]):
    """Named index sets over `size` units; the order given is the order returned.

    A parent is a name for several regions; it stands for them wherever a region can be named.

    Parameters
    ----------
    size
        The number of units.
    members
        For each name its indices.
    parents
        For each parent the names of its regions.

    Raises
    ------
    ArgumentError
        If an index lies outside, or a region names a unit twice.

    Examples
    --------
    >>> Regions(4, {"h": range(2), "c": range(2, 4)}).indices("c", "h")
    array([2, 3, 0, 1])
    """

    size: int
    members: Mapping[str, Sequence[int]]
    parents: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_whole("size", self.size, least=0)
        for name, indices in _named("regions", self.members, "indices", "{'M1': range(10)}"):
            read_indices(f"regions: {name!r}", indices, self.size)
        example = "{'cortex': ['M1', 'PMd']}"
        for parent, children in _named("parents", self.parents, "regions", example):
            told = "a list of names"
            for child in check_sequence(f"parents: {parent!r}", children, str, told):
                check_option(f"parents: {parent!r}", child, self.members)

    def __getitem__(self, name: str) -> Sequence[int]:
        return self.members[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.members)

    def __len__(self) -> int:
        return len(self.members)

    @property
    def names(self) -> list[str]:
        """The names of all regions and parents."""
        return [*self.members, *self.parents]

    def children(self, name: str) -> list[str]:
        """Return the regions that a name stands for: a parent's, or the region itself.

        Raises
        ------
        ArgumentError
            If the name is unknown.
        """
        if not isinstance(name, str):
            raise ArgumentError(
                f"region: got {came(name)}, but a name is wanted; `restrict` takes indices as "
                f"units={came(name)}."
            )
        check_option("region", name, self.names)
        return list(self.parents.get(name, [name]))

    def indices(self, *names: str) -> Int[np.ndarray, " k"]:
        """Return the indices of the named regions, in the order given.

        Raises
        ------
        ArgumentError
            If a name is unknown, or two regions share a unit.
        """
        chosen = [i for name in names for child in self.children(name) for i in self.members[child]]
        if len(set(chosen)) != len(chosen):
            raise ArgumentError(f"regions: {', '.join(names)} share units; name each unit once.")
        return np.array(chosen, dtype=np.int64)

    def others(self, chosen: Int[np.ndarray, " k"]) -> Int[np.ndarray, " r"]:
        """Return the indices that `chosen` leaves out, in ascending order."""
        return np.setdiff1d(np.arange(self.size), read_indices("chosen", chosen, self.size))

    def restricted(self, kept: Int[np.ndarray, " k"]) -> Regions:
        """Return the regions renumbered to the units `kept`, without those that lose a unit."""
        kept = read_indices("kept", kept, self.size)
        position = {int(unit): place for place, unit in enumerate(kept)}
        survivors = {
            name: [position[i] for i in indices]
            for name, indices in self.members.items()
            if all(i in position for i in indices)
        }
        parents = {
            parent: children
            for parent, children in self.parents.items()
            if all(child in survivors for child in children)
        }
        return Regions(len(kept), survivors, parents)

    def labels(self) -> list[str]:
        """Return the region of every unit; of several the first, of none an empty string."""
        told = [""] * self.size
        for name, indices in reversed(list(self.members.items())):
            for i in indices:
                told[i] = name
        return told

    def to_plain(self) -> dict[str, Any]:
        """Return the regions as what JSON can hold."""
        members = {name: [int(i) for i in indices] for name, indices in self.members.items()}
        parents = {name: list(children) for name, children in self.parents.items()}
        return {"size": self.size, "members": members, "parents": parents}

    @classmethod
    def from_plain(cls, told: Mapping[str, Any]) -> Regions:
        """Return the regions that `to_plain` wrote down."""
        return cls(**told)


def _named(name: str, table: Any, what: str, example: str) -> Iterable[tuple[str, Any]]:
    """Return the entries of a table by name, or raise an error that says what it should hold."""
    check_kind(name, table, Mapping, f"a table of {what} by name, such as {example},")
    for key in table:
        check_kind(name, key, str, "text as every name in the table")
    return table.items()
