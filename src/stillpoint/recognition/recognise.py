"""A black box is tried as a canonical cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from scipy.linalg import qr

from .._core.arrays import host
from .._core.display import plural
from ..cells import LeakyCell, LeakyRateCell, LowRank, ShallowCell, VanillaCell
from ..dynamics import Dynamics
from . import currents, rates
from .hidden_layers import piecewise_linear_network
from .probe import Probe

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

# Columns that others explain but for this much, relative to the largest, are taken for rounding.
# Weights are kept as factors where these have so many times fewer columns.
_RANK = 1e-10
_LOW = 4

# How often hidden units are looked for.
_TRIES = 2

_ACTIVATIONS = ("tanh", "relu", "sigmoid", "softplus")
_NAMES = {
    VanillaCell: "vanilla network",
    LeakyRateCell: "leaky rate network",
    LeakyCell: "leaky current network",
}


@dataclass(frozen=True)
class Recognised:
    """A canonical cell that takes the steps of a black box, and what it is, in words."""

    cell: VanillaCell | LeakyCell | ShallowCell

    def __str__(self) -> str:
        return f"recognised: {self._name}, {self.cell.phi}{self._rank}"

    @property
    def _name(self) -> str:
        if not isinstance(self.cell, ShallowCell):
            return _NAMES[type(self.cell)]
        name = "PLRNN" if self.cell.A.ndim == 1 else "piecewise-linear network"
        h, d = self.cell.W2.shape
        is_plain = h == d and bool((host(self.cell.W2) == np.eye(d)).all())
        return name if is_plain else f"{name} with {plural(h, 'hidden unit')}"

    @property
    def _rank(self) -> str:
        weights = None if isinstance(self.cell, ShallowCell) else self.cell.W
        return f", rank {weights.rank}" if isinstance(weights, LowRank) else ""


@np.errstate(all="ignore")
def recognise(dynamics: Dynamics) -> Recognised | None:
    """Return the cell that takes the same steps as a map in float64, None where no cell does.

    Leaks show far out, where units are saturated or silent; weights follow from the values of the
    step at random states, by least squares; hidden units show at the kinks of a step. That the cell
    is the same is then checked at other states, of sizes from 1e-6 to 1e8, to rounding.

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


def _candidates(probe: Probe) -> Iterator[VanillaCell | LeakyCell | ShallowCell | None]:
    """Return the cells that the values of a step suggest, None for some that they exclude."""
    yield rates.rate_network(probe, "linear", np.ones(probe.state_size))
    if (alpha := rates.leaks(probe)) is not None:
        for phi in _ACTIVATIONS:
            yield rates.rate_network(probe, phi, alpha)
    if (alpha := currents.leaks(probe)) is not None:
        for phi in _ACTIVATIONS:
            yield currents.current_network(probe, phi, alpha)
    for _ in range(_TRIES):  # each on lines of its own
        yield piecewise_linear_network(probe)


def _factored(
    cell: VanillaCell | LeakyCell | ShallowCell,
) -> VanillaCell | LeakyCell | None:
    """Return the cell with the factors of its weights, None if their rank is not low."""
    if isinstance(cell, ShallowCell):
        return None
    R, order = qr(cell.W, mode="r", pivoting=True)
    sizes = np.abs(np.diag(R))
    rank = int(np.count_nonzero(sizes > _RANK * sizes[0]))
    if not 0 < rank <= len(sizes) // _LOW:
        return None
    U = cell.W[:, order[:rank]]
    return replace(cell, W=LowRank(U, np.linalg.lstsq(U, cell.W, rcond=None)[0].T))


def _are_alike(probe: Probe, cell: VanillaCell | LeakyCell | ShallowCell | None) -> bool:
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
    off = np.abs(cell.step(x, u) - own).max(axis=1)
    if isinstance(cell, ShallowCell):  # whose units may cancel each other, as clipped ones do
        terms = cell.with_weights(np.abs).step(np.abs(x), np.abs(u))
        size = np.maximum(size, terms.max(axis=1))
    allowed = (_SOFTPLUS if cell.phi == "softplus" else _TOLERANCE) * size
    far = np.repeat(_SIZES > _FAR, _STATES)
    return bool((off <= np.maximum(allowed, far * _ROUGHLY * from_there)).all())
