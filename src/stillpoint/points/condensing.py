"""Few starts that stand for many, where a search is from more of them than are kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Int

from .._core.arrays import BLOCK, batches
from .._core.grouping import equal_inputs, representatives
from .starts import Starts

# So many rows stand for all, by their shares, and at least so many for each way to end.
_ROWS, _LEAST = 4096, 4


def condensed(starts: Starts, ends: Int[np.ndarray, " n"]) -> Starts:
    """Return some of the rows, each of which stands for itself and for those up to the next.

    Those are rows that ended alike: starts under one input, of one source, with one status and one
    of the `ends`, -1 for none. Among the rows that remain are the first of each kind, and, standing
    for themselves alone, that with the smallest q and that whose end lies furthest from there.

    Examples
    --------
    >>> n, none = np.zeros(9000), np.zeros((9000, 0))
    >>> whole = n.astype(int)
    >>> few = condensed(Starts(none, none, none, n, whole, whole, whole, whole), whole)
    >>> 4000 < len(few) < 5000, few.total
    (True, 9000)
    """
    if not len(starts):
        return starts
    keys = np.stack([ends, starts.status, starts.source, equal_inputs(starts.inputs)], axis=1)
    kind = np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)
    order = np.argsort(kind, kind="stable")
    kept = np.union1d(_evenly(starts, kind[order], order), _at_the_ends(starts, kind, order, ends))
    ahead = np.append(0, np.cumsum(starts.multiplicity[order]))
    stands_for = np.diff(np.append(ahead[kept], ahead[-1]))
    again = np.argsort(order[kept])
    return replace(starts.take(order[kept[again]]), stands_for=stands_for[again])


def _evenly(
    starts: Starts, kind: Int[np.ndarray, " n"], order: Int[np.ndarray, " n"]
) -> Int[np.ndarray, " j"]:
    """Return places in the order, of each kind by its share, the first of each among them."""
    ahead = np.cumsum(starts.multiplicity[order])
    last = np.flatnonzero(np.diff(kind, append=-1))
    end, begin = ahead[last], np.append(0, ahead[last[:-1]])
    several = np.maximum(_LEAST, _ROWS * (end - begin) // ahead[-1])
    whose = np.repeat(np.arange(len(last)), several)
    step = np.arange(len(whose)) - (np.cumsum(several) - several)[whose]
    wanted = begin[whose] + step * (end - begin)[whose] // several[whose]
    return np.searchsorted(ahead, wanted, side="right")


def _at_the_ends(
    starts: Starts,
    kind: Int[np.ndarray, " n"],
    order: Int[np.ndarray, " n"],
    ends: Int[np.ndarray, " n"],
) -> Int[np.ndarray, " j"]:
    """Return the places of the best of each kind, of the furthest, and of what follows these."""
    best, distance = representatives(kind, starts.q), np.zeros(len(starts))
    reached = np.flatnonzero(ends >= 0)
    for some in batches(len(reached), starts.end.shape[1], BLOCK):
        rows = reached[some]
        apart = np.arcsinh(starts.end[rows]) - np.arcsinh(starts.end[best[kind[rows]]])
        distance[rows] = np.linalg.norm(apart, axis=1)
    place = np.argsort(order)
    extremes = place[np.append(best, representatives(kind, -distance))]
    followed = extremes[extremes < len(kind) - 1]
    return np.append(extremes, followed + 1)
