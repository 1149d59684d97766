"""Whether a cell takes the steps of a black box."""

from __future__ import annotations

import numpy as np

from ..cells import ShallowCell
from ..cells.update_gated import UPDATE
from .gated import Gated
from .probe import Probe, Rows
from .recognised import Found

# The largest difference between the steps of a cell and of a black box that is this cell, relative
# to the largest of the step, and a little of what it comes from. The softplus of torch is linear
# beyond 20.
_TOLERANCE = 1e-12
_SOFTPLUS = 3e-9
_LITTLE = 0.1

# Sizes of states at which they are compared, and how many states of each.
_SIZES = np.array([*np.geomspace(1e-6, 1e8, 15), 0.3, 3.0, 30.0])
_STATES = 32

# Of states beyond this size, steps are compared only roughly, relative to the states: weights that
# are known to rounding say no more.
_FAR = 300.0
_ROUGHLY = 1e-11

# So are the log-odds of gates, relative to what they are summed from.
_ODDS = 1e-13


def are_alike(probe: Probe, cell: Found | None) -> bool:
    """Whether a cell takes the same steps, at states of all signs, and of few units."""
    if cell is None:
        return False
    x, u = (
        np.concatenate(parts)
        for parts in zip(*(probe.random(_STATES, size, size) for size in _SIZES), strict=True)
    )
    x[::4], x[1::4] = np.abs(x[::4]), -np.abs(x[1::4])
    x[2::4] *= probe.rng.random(x[2::4].shape) < 2 / x.shape[1]
    own = probe.value(x, u)
    from_there = np.abs(np.hstack([x, u])).max(axis=1)
    size = np.abs(own).max(axis=1) + _LITTLE * from_there
    if isinstance(cell, ShallowCell):  # whose units may cancel each other, as clipped ones do
        terms = cell.with_weights(np.abs).step(np.abs(x), np.abs(u))
        size = np.maximum(size, terms.max(axis=1))
    softplus = not isinstance(cell, Gated) and cell.phi == "softplus"
    allowed = (_SOFTPLUS if softplus else _TOLERANCE) * size
    far = np.repeat(_SIZES > _FAR, _STATES)
    allowed = np.maximum(allowed, far * _ROUGHLY * from_there)[:, None]
    if isinstance(cell, Gated):
        allowed = allowed + far[:, None] * _ODDS * _from_odds(cell, x, u)
    return bool((np.abs(cell.step(x, u) - own) <= allowed).all())


def _from_odds(cell: Gated, x: Rows, u: Rows) -> Rows:
    """Return how a step changes with log-odds of update gates, times what these are summed from."""
    (W, B, b), z = cell.weights_of(UPDATE), cell.gate(UPDATE, x, u)
    summed = np.abs(x) @ np.abs(W).T + np.abs(u) @ np.abs(B).T + np.abs(b)
    return z * (1 - z) * np.abs(x - cell.candidate(x, u)) * summed
