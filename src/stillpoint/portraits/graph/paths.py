"""The orbits behind the edges of a graph: where they run, and what they pass on the way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import cKDTree

# Places that are kept of an orbit, at equal distances along it.
N_PLACES = 25

# Numbers in the orbits that are followed together: 64 MiB, and once more where they are stacked.
_NUMBERS = 2**23

# So far away orbits are not drawn any more.
_FAR = 1e150


class Passing(NamedTuple):
    """Where orbits run: (k, N_PLACES, d); the node they pass nearest, -1 for none, and how near."""

    path: Float[np.ndarray, "k t d"]
    nearest: Int[np.ndarray, " k"]
    distance: Float[np.ndarray, " k"]

    @classmethod
    def joined(cls, several: Sequence[Passing]) -> Passing:
        """Return several as one."""
        return cls(*map(np.concatenate, zip(*several, strict=True)))


def passing(
    advance: Callable[[Float[np.ndarray, "j d"]], Float[np.ndarray, "j d"]],
    starts: Float[np.ndarray, "k d"],
    steps: Int[np.ndarray, " k"],
    nodes: Float[np.ndarray, "n d"],
    ends: Int[np.ndarray, "k 2"],
) -> Passing:
    """Follow orbits once more, each for its number of steps; both `ends` are not what they pass.

    Orbits with NaN in their starts, or steps below 1, are not followed: all is NaN or -1.
    """
    k, d = starts.shape
    path, distance = np.full((k, N_PLACES, d), np.nan), np.full(k, np.nan)
    nearest, tree = np.full(k, -1), cKDTree(nodes)
    left = np.flatnonzero(np.isfinite(starts).all(axis=1) & (steps > 0))
    left = left[np.argsort(-steps[left], kind="stable")]  # together, if about equally long
    while len(left):
        size = max(1, _NUMBERS // (int(steps[left[0]]) * d))
        rows, left = left[:size], left[size:]
        orbit = [starts[rows]]
        for _ in range(int(steps[rows[0]])):
            orbit.append(advance(orbit[-1]))
        for row, states in zip(rows, np.stack(orbit, axis=1), strict=True):
            own = states[: steps[row] + 1]
            away = ~(np.abs(own).max(axis=1) < _FAR)  # or NaN
            own = own[: int(away.argmax())] if away.any() else own
            path[row] = _evenly(own)
            apart, which = tree.query(own, min(3, len(nodes)))
            apart, which = apart.reshape(len(own), -1), which.reshape(len(own), -1)
            apart = np.where(np.isin(which, ends[row]), np.inf, apart)
            best = np.unravel_index(apart.argmin(), apart.shape)
            if np.isfinite(apart[best]):
                nearest[row], distance[row] = which[best], apart[best]
    return Passing(path, nearest, distance)


def _evenly(states: Float[np.ndarray, "s d"]) -> Float[np.ndarray, "t d"]:
    """Return places at equal distances along a line through states."""
    along = np.append(0.0, np.linalg.norm(np.diff(states, axis=0), axis=1).cumsum())
    wanted = np.linspace(0.0, along[-1], N_PLACES)
    return np.stack([np.interp(wanted, along, values) for values in states.T], axis=1)
