"""Everything that can be wrong with a table of regions and connections, in words."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product
from numbers import Integral, Real
from typing import Any

from ..errors import came

#: More units than any memory holds the weights between.
MOST_UNITS = 50_000

# The largest number that float64 holds.
_LARGEST = sys.float_info.max

# The fields that hold a name.
_NAMES = {"name", "parent_region", "src_region", "dst_region"}


def key_problems(
    where: str, entry: Any, known: Iterable[str], required: Iterable[str]
) -> Iterator[str]:
    """Yield what is wrong with the keys of one table of a config."""
    if not isinstance(entry, Mapping):
        yield f"{where} is {type(entry).__name__}, not a table"
        return
    for key in entry:
        if not isinstance(key, str):
            yield f"{where} has the key {came(key)}, which is no text"
        elif key not in known and not key.startswith("__comment"):
            near = difflib.get_close_matches(key, list(known), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            yield f"{where} has the unknown key {came(key)}{hint}"
    for key in required:
        if key not in entry:
            yield f"{where} lacks {key!r}"


def kind_problems(lists: Mapping[str, Any], kinds: Mapping[str, type]) -> list[str]:
    """Return what keeps the lists of a connectome from being lists of its parts, with names."""
    problems = []
    for name, kind in kinds.items():
        listed = lists[name]
        if not isinstance(listed, list | tuple) or not all(isinstance(e, kind) for e in listed):
            problems.append(f"{name} is {came(listed)}, but a list of {kind.__name__} is wanted")
            continue
        for k, entry in enumerate(listed):
            for field in _NAMES & vars(entry).keys():
                told = getattr(entry, field)
                if not isinstance(told, str) and not (field == "parent_region" and told is None):
                    problems.append(f"{field} of {name}[{k}] is {came(told)}, but text is wanted")
    return problems


def problems_of(
    recurrent_regions: Sequence[Any],
    input_regions: Sequence[Any],
    recurrent_connections: Sequence[Any],
    input_connections: Sequence[Any],
) -> Iterator[str]:
    """Yield everything that is wrong with a connectome, in words."""
    everywhere = (*recurrent_regions, *input_regions)
    names = [region.name for region in everywhere]
    parents: dict[str, list[str]] = {}
    for region in recurrent_regions:
        if region.parent_region is not None:
            parents.setdefault(region.parent_region, []).append(region.name)
    for name in sorted({str(n) for n in names if names.count(n) > 1}):
        yield f"the name {name!r} is given to more than one region"
    for name in sorted(set(parents) & set(names)):
        yield f"{name!r} names both a region and a parent"
    for name in sorted({"stimulus", "held"} & {*names, *parents}):
        yield f"{name!r} is the name of inputs that systems add; choose another for the region"
    for region in everywhere:
        yield from _region_problems(region)
    total = sum(r.num_units for r in everywhere if _is_number(r.num_units, Integral))
    if total > MOST_UNITS:
        yield f"num_units of all regions is {came(total)}, but at most {MOST_UNITS} is wanted"
    children = {r.name: [r.name] for r in recurrent_regions} | parents
    channels = {r.name: [r.name] for r in input_regions}
    yield from _connection_problems(recurrent_connections, children, children, "regions")
    yield from _connection_problems(input_connections, channels, children, "input regions")


def _region_problems(region: Any) -> Iterator[str]:
    name, sign, units = came(region.name), region.sign, region.num_units
    if not (isinstance(sign, str) and sign in ("pos", "neg")):
        yield f"sign of {name} is {came(sign)}, but 'pos' or 'neg' is wanted"
    if not _is_number(units, Integral) or units < 1:
        yield f"num_units of {name} is {came(units)}, but at least 1 is wanted"
    for field in ("base_firing", "init"):
        value = getattr(region, field, 0.0)
        if not _is_number(value, Real) or not abs(value) <= _LARGEST:
            yield f"{field} of {name} is {came(value)}, but a finite number is wanted"
    if not isinstance(getattr(region, "learnable_bias", False), bool):
        yield f"learnable_bias of {name} is {came(region.learnable_bias)}, but a bool is wanted"


def _connection_problems(
    connections: Sequence[Any],
    sources: Mapping[str, Sequence[str]],
    targets: Mapping[str, Sequence[str]],
    noun: str,
) -> Iterator[str]:
    seen: dict[tuple[str, str], str] = {}
    for c in connections:
        label = f"{c.src_region:.80}->{c.dst_region:.80}"
        if c.src_region not in sources:
            known = ", ".join(sorted(sources)) or "none"
            came_in = f"{label} comes from {came(c.src_region)}"
            yield f"src_region: {came_in}, which is unknown ({noun}: {known})"
        if c.dst_region not in targets:
            known = ", ".join(sorted(targets)) or "none"
            came_in = f"{label} goes to {came(c.dst_region)}"
            yield f"dst_region: {came_in}, which is unknown (regions: {known})"
        sparsity = 0.0 if c.sparsity is None else c.sparsity
        if not _is_number(sparsity, Real) or not 0 <= sparsity < 1:
            yield f"sparsity of {label} is {came(c.sparsity)}, but a fraction in [0, 1) is wanted"
        origins = sources.get(c.src_region, [c.src_region])
        pairs = list(product(origins, targets.get(c.dst_region, [c.dst_region])))
        for other in sorted({seen[pair] for pair in pairs if pair in seen}):
            yield f"{label} is listed twice" if other == label else f"{label} overlaps {other}"
        seen |= dict.fromkeys(pairs, label)


def _is_number(value: object, kind: type) -> bool:
    return isinstance(value, kind) and not isinstance(value, bool)
