"""Which point of one network is which of another, by optimal assignment up to some maps.

Points are paired only where as many directions leave them, and under the same input. Where maps of
the states are allowed, spectra and distances between points, which such maps leave alone, give a
first pairing: the surest pair first, then those whose distances to the pairs so far agree best.
Assignment and the best map then improve each other until nothing changes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from jaxtyping import Bool, Float, Int

from .alignment import normalised, of_units, renaming, rotation, widened
from .outline import Places

Pairs = tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]

# Turns of assignment and map; they come to rest in two or three.
_TURNS = 20

# Of distances to all other points, sorted, so many are compared, and of spectra.
_PROFILE = 16
_LEADING = 8

# Ways to begin count as equally good within this, and so many of them are tried.
_AS_GOOD = 1e-6
_WAYS = 8


def pair_in_place(one: Places, other: Places) -> Pairs:
    """Return the pairs whose positions are nearest, all in all."""
    return _assigned(_distances(one.states, other.states), _may_pair(one, other))


def pair_renamed(one: Places, other: Places) -> Pairs:
    """Return the pairs whose positions are nearest when units may be renamed, with signs."""
    mine, theirs = of_units(one, other), of_units(other, one)

    def moved(pairs: Pairs) -> Float[np.ndarray, "n w"]:
        return _flat(renaming(one, other, *pairs).of(mine))

    return _improved(one, other, moved, _flat(theirs))


def pair_turned(one: Places, other: Places) -> Pairs:
    """Return the pairs whose positions are nearest after the best map that keeps angles."""
    mine, theirs = (normalised(places.states) for places in (one, other))
    if mine is None or theirs is None:
        return next(_first_pairs(one, other))
    width = max(mine.shape[1], theirs.shape[1])

    def moved(pairs: Pairs) -> Float[np.ndarray, "n w"]:
        matrix, _ = rotation(mine[pairs[0]], theirs[pairs[1]])
        turned: np.ndarray = widened(mine, width) @ matrix
        return turned

    return _improved(one, other, moved, widened(theirs, width))


def _improved(
    one: Places,
    other: Places,
    moved: Callable[[Pairs], Float[np.ndarray, "n w"]],
    theirs: Float[np.ndarray, "k w"],
) -> Pairs:
    """Return pairs that lie nearest after the best map, of several first ones; each is improved.

    What the map is made from and what is nearest after it improve each other.
    """
    allowed = _may_pair(one, other)
    best, least = (np.zeros(0, np.int64),) * 2, np.inf
    for begun in _first_pairs(one, other):
        pairs, total = begun, np.inf
        for _ in range(_TURNS if len(begun[0]) else 0):
            apart = _distances(moved(pairs), theirs)
            if (now := float((apart[pairs] ** 2).sum())) >= total:
                break
            total, kept = now, pairs
            pairs = _assigned(apart, allowed)
        if total < least:
            best, least = kept, total
    return best


def _may_pair(one: Places, other: Places) -> Bool[np.ndarray, "n k"]:
    """Return which points may be paired: as many directions leave them, and under one input.

    Where each network has points under one input alone, that is the same condition for both.
    """
    allowed: np.ndarray = one.n_unstable[:, None] == other.n_unstable
    several = max(len(np.unique(places.inputs, axis=0)) for places in (one, other)) > 1
    if several and one.inputs.shape[1] == other.inputs.shape[1]:
        allowed &= (one.inputs[:, None] == other.inputs).all(axis=2)
    return allowed


def _assigned(cost: Float[np.ndarray, "n k"], allowed: Bool[np.ndarray, "n k"]) -> Pairs:
    """Return the allowed pairs of least cost, as many as there can be."""
    from scipy.optimize import linear_sum_assignment

    if not cost.size:
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    beyond = 1 + 2 * min(cost.shape) * float(cost.max())  # than any pairing that is allowed
    first, second = linear_sum_assignment(np.where(allowed, cost**2, beyond**2))
    kept = allowed[first, second]
    return first[kept].astype(np.int64), second[kept].astype(np.int64)


def _first_pairs(one: Places, other: Places) -> Iterator[Pairs]:
    """Yield pairs by what no map of the states changes, once for each way to begin that is as good.

    There are several where a network has symmetries, such as x to -x.
    """
    near = [_between(places.states) for places in (one, other)]
    both = (_invariants(*pair) for pair in zip((one, other), near, strict=True))
    total = np.where(_may_pair(one, other), _distances(*both), np.inf)
    if not np.isfinite(total).any():
        yield np.zeros(0, np.int64), np.zeros(0, np.int64)
        return
    begin = int(np.unravel_index(total.argmin(), total.shape)[0])
    as_good = np.flatnonzero(total[begin] <= total[begin].min() + _AS_GOOD)
    for end in as_good[:_WAYS].tolist():
        yield _one_by_one(total.copy(), near, (begin, end))


def _one_by_one(
    total: Float[np.ndarray, "n k"], near: list[np.ndarray], pair: tuple[int, int]
) -> Pairs:
    """Return pairs from a first one: next comes whose distances to those so far agree best."""
    pairs = []
    while np.isfinite(total[pair]):
        pairs.append(pair)
        total[pair[0]], total[:, pair[1]] = np.inf, np.inf
        total += np.abs(near[0][:, pair[0], None] - near[1][pair[1]])
        k, end = np.unravel_index(total.argmin(), total.shape)
        pair = int(k), int(end)
    first, second = np.array(sorted(pairs), dtype=np.int64).T
    return first, second


def _between(states: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n n"]:
    """Return the distances between points, in units of their root mean square."""
    apart = _distances(states, states)
    size = np.sqrt((apart**2).mean()) if apart.size else 0.0
    return apart / size if size > 0 else apart


def _invariants(places: Places, near: Float[np.ndarray, "n n"]) -> Float[np.ndarray, "n f"]:
    """Return what belongs to each point and not to coordinates: its distances and its spectrum."""
    at = np.linspace(0, 1, _PROFILE)
    profile = np.quantile(near, at, axis=1).T if len(near) else np.zeros((0, _PROFILE))
    values = places.eigenvalues[:, :_LEADING]
    spectrum = np.zeros((len(places), 2 * _LEADING))
    for column, part in enumerate((values.real, np.abs(values.imag))):
        spectrum[:, column * _LEADING :][:, : values.shape[1]] = -np.sort(-np.nan_to_num(part))
    return np.hstack([profile / np.sqrt(_PROFILE), spectrum / np.sqrt(2 * _LEADING)])


def _flat(values: Float[np.ndarray, "n d f"]) -> Float[np.ndarray, "n df"]:
    return values.reshape(len(values), values.shape[1] * values.shape[2])


def _distances(one: np.ndarray, other: np.ndarray) -> Float[np.ndarray, "n k"]:
    from scipy.spatial.distance import cdist

    distances: np.ndarray = cdist(one, other)
    return distances
