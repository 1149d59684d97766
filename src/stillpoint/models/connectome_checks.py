"""Everything that can be wrong with a table of regions and connections, in words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any


def key_problems(
    where: str, entry: Any, known: Iterable[str], required: Iterable[str]
) -> Iterator[str]:
    """Yield what is wrong with the keys of one table of a config."""
    if not isinstance(entry, Mapping):
        yield f"{where} is {type(entry).__name__}, not a table"
        return
    for key in entry:
        if key not in known and not key.startswith("__comment"):
            near = difflib.get_close_matches(key, list(known), n=1)
            hint = f"; did you mean {near[0]!r}?" if near else f"; known are {', '.join(known)}"
            yield f"{where} has the unknown key {key!r}{hint}"
    for key in required:
        if key not in entry:
            yield f"{where} lacks {key!r}"


def problems_of(connectome: Any) -> Iterator[str]:
    """Yield everything that is wrong with a connectome, in words."""
    recurrent, inputs = connectome.recurrent_regions, connectome.input_regions
    names = [region.name for region in (*recurrent, *inputs)]
    parents = {r.parent_region for r in recurrent if r.parent_region is not None}
    for name in sorted({n for n in names if names.count(n) > 1}):
        yield f"the name {name!r} is given to more than one region"
    for name in sorted(parents & set(names)):
        yield f"{name!r} names both a region and a parent"
    for name in sorted({"stimulus", "held"} & {*names, *parents}):
        yield f"{name!r} is the name of inputs that systems add; choose another for the region"
    for region in (*recurrent, *inputs):
        if region.sign not in ("pos", "neg"):
            yield f"sign of {region.name!r} is {region.sign!r}, but 'pos' or 'neg' is wanted"
        if not isinstance(region.num_units, int) or region.num_units < 1:
            yield f"num_units of {region.name!r} is {region.num_units!r}, but at least 1 is wanted"
    targets = {r.name for r in recurrent} | parents
    yield from _connection_problems(connectome.recurrent_connections, targets, targets, "regions")
    sources = {r.name for r in inputs}
    yield from _connection_problems(connectome.input_connections, sources, targets, "input regions")


def _connection_problems(
    connections: Sequence[Any], sources: set[str], targets: set[str], noun: str
) -> Iterator[str]:
    seen = set()
    for c in connections:
        label = f"{c.src_region}->{c.dst_region}"
        if c.src_region not in sources:
            known = ", ".join(sorted(sources)) or "none"
            yield f"{label} comes from {c.src_region!r}, which is unknown ({noun}: {known})"
        if c.dst_region not in targets:
            known = ", ".join(sorted(targets)) or "none"
            yield f"{label} goes to {c.dst_region!r}, which is unknown (regions: {known})"
        if c.sparsity is not None and not 0 <= c.sparsity < 1:
            yield f"sparsity of {label} is {c.sparsity}, but a fraction in [0, 1) is wanted"
        if label in seen:
            yield f"{label} is listed twice"
        seen.add(label)
