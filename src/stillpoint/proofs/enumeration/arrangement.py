"""Which signs the drives of a rectified network can have together.

In the space of the unknowns each drive a_i is zero on a hyperplane, and the hyperplanes cut the
space into regions. The closed region of a fixed point is a polyhedron; if the normals span the
space it contains no line, so it has a vertex, and q of its hyperplanes meet there. Visiting the
places where any q hyperplanes meet therefore meets every region.
"""

from __future__ import annotations

from itertools import combinations
from math import comb

import numpy as np
from jaxtyping import Bool

from ...intervals.linalg import exact_rank, solve_enclosed
from .pieces import PiecewiseEquations

# So many vertices are computed at once.
_CHUNK = 4096

# If no more patterns than this exist at all, they are listed without geometry.
_FEW = 2**10


def all_patterns(size: int) -> Bool[np.ndarray, "n h"]:
    """Return all patterns of `size` signs.

    Examples
    --------
    >>> all_patterns(2).astype(int).tolist()
    [[0, 0], [0, 1], [1, 0], [1, 1]]
    """
    numbers = np.arange(2**size)[:, None]
    return (numbers >> np.arange(size)[::-1]) % 2 == 1


def sign_patterns(equations: PiecewiseEquations, most: int) -> Bool[np.ndarray, "n h"] | str:
    """Return at most so many patterns, among them that of every fixed point, or why there are none.

    They say which drives are positive; on a hyperplane either sign stands for both.
    """
    h, q = len(equations.weights), equations.size
    moving = np.flatnonzero(equations.weights.any(axis=1))
    meetings = comb(len(moving), q) * 2**q
    if 2**h <= min(most, max(meetings, _FEW)):
        return all_patterns(h)
    if meetings > most:
        return f"{h} units make too many linear regions in {q} dimensions"
    subsets, found, spans = np.array(list(combinations(moving, q))).reshape(-1, q), [], False
    normals, offsets = equations.hyperplanes()
    for start in range(0, len(subsets), _CHUNK):
        chunk = subsets[start : start + _CHUNK]
        vertices, regular = solve_enclosed(normals[chunk], -offsets[chunk])
        if not all(exact_rank(equations.weights[units]) < q for units in chunk[~regular]):
            return "some of the units' hyperplanes are too nearly parallel"
        spans |= bool(regular.any())
        signs = vertices[regular] @ normals.T + offsets
        free = ~signs.excludes_zero  # among them are those that meet there
        if (2.0 ** free.sum(axis=1)).sum() > most:
            return "too many of the units' hyperplanes meet in one place"
        found.append(distinct(completed(signs.mid > 0, free)))
    if not spans:
        return "the units' hyperplanes do not span the latent space"
    return distinct(np.concatenate(found))


def completed(
    signs: Bool[np.ndarray, "n h"], free: Bool[np.ndarray, "n h"]
) -> Bool[np.ndarray, "k h"]:
    """Return all patterns that agree with one of the rows where it is not free.

    Examples
    --------
    >>> completed(np.array([[True, True]]), np.array([[False, True]])).astype(int).tolist()
    [[1, 0], [1, 1]]
    """
    n_free, patterns = free.sum(axis=1), []
    for count in np.unique(n_free):
        alike = n_free == count
        choices = all_patterns(int(count))
        several = np.repeat(signs[alike, None], len(choices), axis=1)
        several[np.broadcast_to(free[alike, None], several.shape)] = np.tile(
            choices.ravel(), int(alike.sum())
        )
        patterns.append(several.reshape(-1, signs.shape[1]))
    return np.concatenate([np.zeros((0, signs.shape[1]), dtype=bool), *patterns])


def distinct(patterns: Bool[np.ndarray, "n h"]) -> Bool[np.ndarray, "k h"]:
    """Return every pattern once."""
    packed = np.unique(np.packbits(patterns, axis=1), axis=0)
    return np.unpackbits(packed, axis=1, count=patterns.shape[1]).astype(bool)
