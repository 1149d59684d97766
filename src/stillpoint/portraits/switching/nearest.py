"""The state of a stable manifold that is nearest to an attractor: a descent along the manifold."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from .stable_manifold import StableManifolds

# Steps along the manifold, at most; the angle between kick and normal at which they are over, which
# leaves an error of the size of its square; halvings of a step that leads away from the attractor
# or off the manifold.
_STEPS, _ANGLE, _HALVED = 100, 1e-4, 12

# A step must shorten the kick by this share of what its slope promises.
_GAIN = 1e-4

# Lengths of steps, where one would lead to the nearest state of a plane.
_SHORT, _LONG = 1e-2, 4.0


def nearest(
    manifolds: StableManifolds, x: Float[np.ndarray, "k d"]
) -> tuple[Float[np.ndarray, "k d"], Float[np.ndarray, " k"]]:
    """Return the states of manifolds that are nearest to the attractors, searched from others.

    With them come how close their orbits come to the saddles, infinite for what is not on the
    manifold.
    """
    home = manifolds.home
    x, passes = manifolds.brought(x)
    distance, normal, comes = passes.distance.copy(), passes.normal.copy(), passes.comes.copy()
    slope, length = _along(x - home, normal), np.ones(len(x))
    going = comes.copy()
    for _ in range(_STEPS):
        size = np.linalg.norm(x - home, axis=1)
        upright = np.linalg.norm(slope, axis=1) < _ANGLE * size
        going &= ~upright
        if not going.any():
            break
        before, slope_before = x.copy(), slope.copy()
        left = np.flatnonzero(going)
        for _ in range(_HALVED):
            tried = x[left] - length[left, None] * slope[left]
            tried, passes = manifolds.take(left).brought(tried)
            promised = _GAIN * length[left] * (slope[left] ** 2).sum(axis=1)
            now = ((tried - home[left]) ** 2).sum(axis=1)
            good = passes.comes & (now < size[left] ** 2 - promised)
            rows = left[good]
            x[rows], distance[rows], normal[rows] = (
                part[good] for part in (tried, passes.distance, passes.normal)
            )
            length[left[~good]] /= 2
            left = left[~good]
            if not len(left):
                break
        going[left] = False  # no step leads further: as near as it gets, but not upright
        slope = _along(x - home, normal)
        length = _next_length(x - before, slope - slope_before, length)
    return x, np.where(comes, distance, np.inf)


def _along(kick: Float[np.ndarray, "k d"], normal: Float[np.ndarray, "k d"]) -> np.ndarray:
    """Return the part of kicks that lies along the manifold."""
    return kick - (kick * normal).sum(axis=1, keepdims=True) * normal


def _next_length(
    moved: Float[np.ndarray, "k d"], turned: Float[np.ndarray, "k d"], length: np.ndarray
) -> Float[np.ndarray, " k"]:
    """Return the lengths of the next steps (Barzilai and Borwein 1988)."""
    with np.errstate(all="ignore"):
        told = (moved**2).sum(axis=1) / np.abs((moved * turned).sum(axis=1))
    return np.clip(np.where(np.isfinite(told), told, length), _SHORT, _LONG)
