"""Which regions a network has and which of them project to which, checked as a whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.files import read_path
from .._core.validation import check_kind, check_option, first_line, read_generator
from ..dynamics import Regions
from ..errors import ArgumentError, came
from .connectome_checks import key_problems, kind_problems, problems_of


@dataclass(frozen=True)
class RecurrentRegion:
    """A population of recurrent units.

    Attributes
    ----------
    name
        Unique among regions and parents.
    num_units
        How many units.
    sign
        "pos" (excitatory) or "neg" (inhibitory): the sign of all weights out of the region where
        Dale's law holds.
    base_firing
        Tonic input to every unit.
    init
        Initial state of every unit.
    parent_region
        A name for this region and others together, or None.
    learnable_bias
        Whether the tonic input is trained.
    """

    name: str
    num_units: int
    sign: str = "pos"
    base_firing: float = 0.0
    init: float = 0.0
    parent_region: str | None = None
    learnable_bias: bool = False


@dataclass(frozen=True)
class InputRegion:
    """A group of input channels; the fields mean what they mean for a `RecurrentRegion`."""

    name: str
    num_units: int
    sign: str = "pos"


@dataclass(frozen=True)
class Connection:
    """A projection between two regions, or between the members of two parents.

    Attributes
    ----------
    src_region, dst_region
        From where to where.
    sparsity
        The fraction of targets that each source unit does *not* reach: the fraction of zeros in
        each column of the block, in [0, 1). None means 0.
    """

    src_region: str
    dst_region: str
    sparsity: float | None = None


@dataclass(frozen=True)
class Connectome:
    """The regions and projections of a network, in order; the order is that of the units.

    Raises
    ------
    ArgumentError
        If anything is wrong; one message lists every problem.

    Examples
    --------
    >>> connectome = Connectome(
    ...     [RecurrentRegion("exc", 4), RecurrentRegion("inh", 2, sign="neg")],
    ...     [InputRegion("in", 1)],
    ...     [Connection("exc", "inh"), Connection("inh", "exc", sparsity=0.5)],
    ...     [Connection("in", "exc")],
    ... )
    >>> connectome.recurrent_mask(np.random.default_rng(0)).sum(axis=0)
    array([2., 2., 2., 2., 2., 2.])
    """

    recurrent_regions: Sequence[RecurrentRegion] = ()
    input_regions: Sequence[InputRegion] = ()
    recurrent_connections: Sequence[Connection] = ()
    input_connections: Sequence[Connection] = ()

    def __post_init__(self) -> None:
        lists = {name: getattr(self, name) for name in _LISTS}
        _refuse([*kind_problems(lists, _LISTS)] or problems_of(**lists))

    @classmethod
    def from_json(cls, path: str | Path) -> Connectome:
        """Read a JSON file with the four lists; keys that start with "__comment" are ignored.

        Raises
        ------
        ArgumentError
            If the file is no such JSON; one message lists every problem.
        """
        file = read_path("config", path)
        try:
            text = file.read_text(encoding="utf-8-sig")  # editors of Windows begin with a mark
            table = json.loads(text, object_pairs_hook=_each_key_once)
        except (OSError, ValueError, RecursionError) as error:
            raise ArgumentError(
                f"config: {came(str(path))} cannot be read as JSON ({first_line(error)})."
            ) from None
        return cls.from_dict(table)

    @classmethod
    def from_dict(cls, table: Mapping[str, Any]) -> Connectome:
        """Return the connectome that a table of the four lists describes.

        Raises
        ------
        ArgumentError
            If a key is unknown or missing, or anything is wrong; one message lists all problems.
        """
        problems = list(key_problems("the config", table, _LISTS, ()))
        if not isinstance(table, Mapping):
            _refuse(problems)
        lists: dict[str, list[Any]] = {name: [] for name in _LISTS}
        for name, kind in _LISTS.items():
            known = [f.name for f in fields(kind)]
            required = known[:2]
            entries = table.get(name) or []
            if not isinstance(entries, list | tuple):
                problems.append(f"{name} is {came(entries)}, not a list")
                continue
            for k, entry in enumerate(entries):
                problems += key_problems(f"{name}[{k}]", entry, known, required)
                if isinstance(entry, Mapping) and all(key in entry for key in required):
                    lists[name].append(kind(**{key: entry[key] for key in known if key in entry}))
        _refuse([*problems, *(kind_problems(lists, _LISTS) or problems_of(**lists))])
        return cls(**lists)

    # -- units --------------------------------------------------------------------------------

    @property
    def num_units(self) -> int:
        """The number of recurrent units."""
        return sum(region.num_units for region in self.recurrent_regions)

    @property
    def num_inputs(self) -> int:
        """The number of input channels."""
        return sum(region.num_units for region in self.input_regions)

    @property
    def state_regions(self) -> Regions:
        """The units of every region; a parent stands for its children in order."""
        parents: dict[str, list[str]] = {}
        for region in self.recurrent_regions:
            if region.parent_region is not None:
                parents.setdefault(region.parent_region, []).append(region.name)
        return _regions(self.recurrent_regions, parents)

    @property
    def input_channels(self) -> Regions:
        """The channels of every input region."""
        return _regions(self.input_regions, {})

    def per_unit(self, attribute: str) -> Float[np.ndarray, " d"]:
        """Return a number of each unit's region: "base_firing" or "init"."""
        check_option("attribute", attribute, ("base_firing", "init", "learnable_bias"))
        return _each_unit(self.recurrent_regions, lambda region: getattr(region, attribute))

    # -- weights ------------------------------------------------------------------------------

    def recurrent_signs(self) -> Float[np.ndarray, " d"]:
        """Return +1 or -1 for every unit, the sign of what it sends."""
        return _each_unit(self.recurrent_regions, _sign)

    def input_signs(self) -> Float[np.ndarray, " m"]:
        """Return +1 or -1 for every input channel."""
        return _each_unit(self.input_regions, _sign)

    def recurrent_mask(self, rng: np.random.Generator | None = None) -> Float[np.ndarray, "d d"]:
        """Return ones where weights exist: rows = destination, columns = source.

        `rng` draws the zeros of sparse projections; without it they are full blocks.
        """
        regions = self.state_regions
        return _mask(regions, regions, self.recurrent_connections, rng)

    def input_mask(self, rng: np.random.Generator | None = None) -> Float[np.ndarray, "d m"]:
        """Return ones where input weights exist: rows = destination, columns = source."""
        return _mask(self.state_regions, self.input_channels, self.input_connections, rng)

    def without(self, lesion: str) -> Connectome:
        """Return the connectome without what one region sends and gets, or without one projection.

        Parameters
        ----------
        lesion
            A region or parent, "M1", whose units stay but lose all connections, or a projection,
            "M1->PMd".

        Raises
        ------
        ArgumentError
            If there is no such region or projection.
        """
        regions, channels = self.state_regions, self.input_channels
        check_kind("lesion", lesion, str, "a region or a projection")
        source, arrow, destination = lesion.partition("->")
        if not arrow and source in channels.names:
            raise ArgumentError(
                f"lesion: {came(source)} is an input region; cut its projections, such as "
                f"'{source}->{regions.names[0]}', or leave out its input."
            )
        gone = set(regions.children(destination if arrow else source))
        if arrow:
            check_option("region", source, [*regions.names, *channels.names])
            from_there = regions if source in regions.names else channels
            origins = set(from_there.children(source))

        def survives(connection: Connection) -> bool:
            if arrow:
                return not (connection.src_region in origins and connection.dst_region in gone)
            return not gone & {connection.src_region, connection.dst_region}

        recurrent = _by_region(self.recurrent_connections, regions, regions)
        inputs = _by_region(self.input_connections, regions, channels)
        kept = [list(filter(survives, listed)) for listed in (recurrent, inputs)]
        if [len(k) for k in kept] == [len(recurrent), len(inputs)]:
            raise ArgumentError(
                f"lesion: there is nothing to cut at {came(lesion)}; projections are "
                f"{', '.join(f'{c.src_region}->{c.dst_region}' for c in (*recurrent, *inputs))}."
            )
        return replace(self, recurrent_connections=kept[0], input_connections=kept[1])


_LISTS: dict[str, Any] = {
    "recurrent_regions": RecurrentRegion,
    "input_regions": InputRegion,
    "recurrent_connections": Connection,
    "input_connections": Connection,
}


def _regions(listed: Sequence[Any], parents: Mapping[str, Sequence[str]]) -> Regions:
    ends = np.cumsum([region.num_units for region in listed])
    members = {
        region.name: range(int(end) - region.num_units, int(end))
        for region, end in zip(listed, ends, strict=True)
    }
    return Regions(int(ends[-1]) if len(ends) else 0, members, parents)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a table of JSON, which would keep the last of two values of one key."""
    table = dict(pairs)
    if len(table) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {came(twice)} comes twice in one table")
    return table


def _refuse(problems: Iterable[str]) -> None:
    """Raise one error that tells all problems, if there are any."""
    if told := "; ".join(problems):
        raise ArgumentError(f"connectome: {told}.")


def _each_unit(listed: Sequence[Any], value: Callable[[Any], float]) -> Float[np.ndarray, " k"]:
    """Return a number of each unit's region."""
    return np.array([value(region) for region in listed for _ in range(region.num_units)], float)


def _sign(region: Any) -> float:
    return 1.0 if region.sign == "pos" else -1.0


def _mask(
    to: Regions, source: Regions, connections: Sequence[Connection], rng: Any
) -> Float[np.ndarray, "d k"]:
    """Return the mask block by block; every column of a block has its exact share of zeros."""
    mask = np.zeros((to.size, source.size))
    rng = None if rng is None else read_generator("rng", rng)
    for connection in connections:
        rows, columns = to.indices(connection.dst_region), source.indices(connection.src_region)
        block = np.ones((len(rows), len(columns)))
        if rng is not None and connection.sparsity:
            ranks = rng.random(block.shape).argsort(axis=0).argsort(axis=0)
            block = (ranks >= round(connection.sparsity * len(rows))).astype(np.float64)
        mask[np.ix_(rows, columns)] = block
    return mask


def _by_region(connections: Sequence[Connection], to: Regions, source: Regions) -> list[Connection]:
    """Return the connections between single regions that those between parents stand for."""
    return [
        replace(connection, src_region=src, dst_region=dst)
        for connection in connections
        for src in source.children(connection.src_region)
        for dst in to.children(connection.dst_region)
    ]
