"""How far apart many networks are, each from each, and which of them are of one topology."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Int

from ..._core.validation import check_option
from ...errors import ArgumentError, came
from .compare import compare_outlines
from .distances import ASPECTS, NetworkDistances
from .graphs import are_one_graph, has_networkx, signature
from .outline import Links, Outline, outline_of
from .record import MAPS, NetworkComparison, polynomial


def compare_all(results: Mapping[str, Any], *, up_to: str = "orthogonal") -> NetworkDistances:
    """Return how far apart networks are, each from each, and classes of equal topology.

    Parameters
    ----------
    results
        A mapping of names to records, such as a `Sweep`, to files of records, or to lists of
        records of one network (its portrait and its machine, say). Records are read one at a time,
        and of each a small part is kept.
    up_to
        As of `compare`.

    Returns
    -------
    NetworkDistances
        A matrix for each aspect, `classes`, and `embed` for a picture (`plots.networks`).

    Raises
    ------
    ArgumentError
        If it is no mapping of names to such records, or two of them cannot be compared.

    References
    ----------
    Maheswaranathan et al. (2019) NeurIPS 32, who drew such pictures of thousands of networks.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> cell = lambda g: sp.cells.VanillaCell(g * np.eye(2), np.zeros((2, 0)), np.zeros(2))
    >>> systems = {f"gain {g}": cell(g) for g in (0.5, 1.5, 2.0)}
    >>> found = sp.compare_all(sp.sweep(systems, "portrait"))
    >>> found.classes
    [['gain 1.5', 'gain 2.0'], ['gain 0.5']]
    >>> found.matrix("counts").tolist()
    [[0.0, 8.0, 8.0], [8.0, 0.0, 0.0], [8.0, 0.0, 0.0]]
    """
    if not isinstance(results, Mapping) or not all(isinstance(n, str) for n in results):
        raise ArgumentError(
            f"results: got {came(results)}, but a mapping of names to records is wanted, such as "
            f"what sweep returns."
        )
    check_option("up_to", up_to, MAPS)
    outlines = {
        name: outline_of("results", records, lean=True) for name, records in results.items()
    }
    names, known = list(outlines), list(outlines.values())
    aspects = [aspect for aspect in ASPECTS if _is_known(aspect, known)]
    distance = np.full((len(aspects), len(names), len(names)), np.nan)
    distance[:, range(len(names)), range(len(names))] = 0
    for j in range(len(names)):
        for k in range(j):
            try:
                found = compare_outlines(known[k], known[j], up_to, search=False)
            except ArgumentError as error:
                raise ArgumentError(f"results: {names[k]!r} and {names[j]!r}: {error}") from error
            told = _distances(found)
            distance[:, j, k] = distance[:, k, j] = [told[aspect] for aspect in aspects]
    by_graphs = "graph" in aspects and all(outline.links is not None for outline in known)
    polynomials = [_polynomial(outline) for outline in known]
    return NetworkDistances(
        name=np.array(names, dtype=str),
        aspect=np.array(aspects, dtype=str),
        distance=distance,
        topology=_classes(known, polynomials, by_graphs),
        polynomial=np.array(polynomials, dtype=str),
        up_to=up_to,
        has_graphs=by_graphs,
    )


def _is_known(aspect: str, outlines: list[Outline]) -> bool:
    """Whether two networks at least have what is compared in an aspect."""
    field = {"graph": "links", "machine": "machine", "events": "events"}.get(aspect, "places")
    if aspect == "graph" and not has_networkx():
        return False
    there = [getattr(outline, field) for outline in outlines]
    if aspect == "spectra":
        there = [p for p in there if p is not None and p.eigenvalues.shape[1]]
    return sum(part is not None for part in there) > 1


def _distances(found: NetworkComparison) -> dict[str, float]:
    nan = float("nan")
    known = found.spectra[np.isfinite(found.spectra)]
    return {
        "counts": float(np.abs(found.counts @ [1, -1]).sum()) if found.has_points else nan,
        "spectra": float(known.mean()) if len(known) else nan,
        "shape": nan if found.disparity is None else float(np.sqrt(found.disparity)),
        "graph": nan if found.graph is None else float(found.graph.edits),
        "machine": nan if found.machine is None else found.machine.distance,
        "events": nan if found.events is None else float(found.events.edits),
    }


def _polynomial(outline: Outline) -> str:
    if outline.places is None:
        return ""
    unstable, counts = np.unique(outline.places.n_unstable, return_counts=True)
    return polynomial(unstable, counts)


def _classes(
    outlines: list[Outline], polynomials: list[str], by_graphs: bool
) -> Int[np.ndarray, " n"]:
    """Return the class of each network, the largest first, else in the order of the networks.

    A graph is compared with one of each class that it could belong to.
    """
    alike: dict[tuple[str, str], list[tuple[int, Links | None]]] = {}
    labels: list[int] = []
    for outline, told in zip(outlines, polynomials, strict=True):
        links = outline.links if by_graphs else None
        group = alike.setdefault((told, "" if links is None else signature(links)), [])
        own = next((k for k, other in group if _are_one(links, other)), None)
        if own is None:
            own = max(labels, default=-1) + 1
            group.append((own, links))
        labels.append(own)
    sizes = Counter(labels)
    order = sorted(sizes, key=lambda k: (-sizes[k], k))
    place = {label: k for k, label in enumerate(order)}
    return np.array([place[label] for label in labels], dtype=np.int64)


def _are_one(one: Links | None, other: Links | None) -> bool:
    return one is None or other is None or are_one_graph(one, other)
