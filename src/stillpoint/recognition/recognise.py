"""A black box is tried as a canonical cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import qr

from ..cells import (
    GRUCell,
    LeakyCell,
    LeakyRateCell,
    LowRank,
    ResetBeforeGRUCell,
    ShallowCell,
    VanillaCell,
)
from ..cells.update_gated import UPDATE
from ..dynamics import Dynamics
from . import currents, rates
from .gated import gated_networks
from .probe import Probe, Rows

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

# Columns that others explain but for this much, relative to the largest, are taken for rounding.
# Weights are kept as factors where these have so many times fewer columns.
_RANK = 1e-10
_LOW = 4

_ACTIVATIONS = ("tanh", "relu", "sigmoid", "softplus")
_NAMES = {
    VanillaCell: "vanilla network",
    LeakyRateCell: "leaky rate network",
    LeakyCell: "leaky current network",
    ShallowCell: "PLRNN",
    GRUCell: "GRU",
    ResetBeforeGRUCell: "GRU, reset before the product",
}
Found = VanillaCell | LeakyCell | ShallowCell | GRUCell | ResetBeforeGRUCell


@dataclass(frozen=True)
class Recognised:
    """A canonical cell that takes the steps of a black box, and what it is, in words."""

    cell: Found

    def __str__(self) -> str:
        if isinstance(self.cell, GRUCell | ResetBeforeGRUCell):
            return f"recognised: {_NAMES[type(self.cell)]}"
        weights = None if isinstance(self.cell, ShallowCell) else self.cell.W
        rank = f", rank {weights.rank}" if isinstance(weights, LowRank) else ""
        return f"recognised: {_NAMES[type(self.cell)]}, {self.cell.phi}{rank}"


@np.errstate(all="ignore")
def recognise(dynamics: Dynamics) -> Recognised | None:
    """Return the cell that takes the same steps as a map in float64, None where no cell does.

    Leaks show far out, where units are saturated or silent; weights follow from the values of the
    step at random states, by least squares. Gated units show their update gates far out, where
    candidates are saturated, and the rest once these are known. That the cell is the same is then checked at other
    states, of sizes from 1e-6 to 1e8, to rounding.

    Examples
    --------
    >>> import stillpoint as sp
    >>> W = np.array([[0.5, -1.0], [2.0, 0.25]])
    >>> step = lambda h: 0.8 * h + 0.2 * np.tanh(h @ W.T + 0.1)
    >>> found = recognise(sp.as_system(step, state_size=2, recognise=False).dynamics)
    >>> print(found), found.cell.W.tolist() == W.tolist(), found.cell.alpha
    recognised: leaky rate network, tanh
    (None, True, array([0.2, 0.2]))
    """
    if dynamics.kind != "map" or dynamics.arrays.resolution > 1e-15:
        return None
    probe = Probe(dynamics, np.random.default_rng(0))
    try:
        found = next((cell for cell in _candidates(probe) if _are_alike(probe, cell)), None)
    except Exception:  # whatever a step does far from the states that it is made for
        return None
    if found is None:
        return None
    factored = _factored(found)
    if factored is not None and _are_alike(probe, factored):
        found = factored
    return Recognised(found.with_weights(dynamics.arrays.asarray))


def _candidates(probe: Probe) -> Iterator[Found | None]:
    """Return the cells that the values of a step suggest, None for some that they exclude."""
    yield rates.rate_network(probe, "linear", np.ones(probe.state_size))
    if (alpha := rates.leaks(probe)) is not None:
        for phi in _ACTIVATIONS:
            yield rates.rate_network(probe, phi, alpha)
    if (alpha := currents.leaks(probe)) is not None:
        for phi in _ACTIVATIONS:
            yield currents.current_network(probe, phi, alpha)
    yield from gated_networks(probe)


def _factored(cell: Found) -> VanillaCell | LeakyCell | None:
    """Return the cell with the factors of its weights, None if their rank is not low."""
    if isinstance(cell, ShallowCell | GRUCell | ResetBeforeGRUCell):
        return None
    R, order = qr(cell.W, mode="r", pivoting=True)
    sizes = np.abs(np.diag(R))
    rank = int(np.count_nonzero(sizes > _RANK * sizes[0]))
    if not 0 < rank <= len(sizes) // _LOW:
        return None
    U = cell.W[:, order[:rank]]
    return replace(cell, W=LowRank(U, np.linalg.lstsq(U, cell.W, rcond=None)[0].T))


def _are_alike(probe: Probe, cell: Found | None) -> bool:
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
    off = np.abs(cell.step(x, u) - own)
    softplus = getattr(cell, "phi", None) == "softplus"
    allowed = (_SOFTPLUS if softplus else _TOLERANCE) * size
    far = np.repeat(_SIZES > _FAR, _STATES)
    allowed = np.maximum(allowed, far * _ROUGHLY * from_there)[:, None]
    if isinstance(cell, GRUCell | ResetBeforeGRUCell):
        allowed = allowed + far[:, None] * _ODDS * _from_odds(cell, x, u)
    return bool((off <= allowed).all())


def _from_odds(cell: GRUCell | ResetBeforeGRUCell, x: Rows, u: Rows) -> Rows:
    """Return how a step changes with log-odds of update gates, times what these are summed from."""
    (W, B, b), z = cell.weights_of(UPDATE), cell.gate(UPDATE, x, u)
    summed = np.abs(x) @ np.abs(W).T + np.abs(u) @ np.abs(B).T + np.abs(b)
    return z * (1 - z) * np.abs(x - cell.candidate(x, u)) * summed
