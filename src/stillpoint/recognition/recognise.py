"""A black box is tried as a canonical cell."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np
from scipy.linalg import qr

from ..cells import LeakyCell, LowRank, ShallowCell, VanillaCell
from ..dynamics import Dynamics
from . import currents, rates
from .check import are_alike
from .gated import Gated, gated_networks
from .piecewise_linear import piecewise_linear_network
from .probe import Probe
from .recognised import Found, Recognised

# Columns that others explain but for this much, relative to the largest, are taken for rounding.
# Weights are kept as factors where these have so many times fewer columns.
_RANK = 1e-10
_LOW = 4

# How often hidden units are looked for.
_TRIES = 2

_ACTIVATIONS = ("tanh", "relu", "sigmoid", "softplus")


@np.errstate(all="ignore")
def recognise(dynamics: Dynamics) -> Recognised | None:
    """Return the cell that takes the same steps as a map in float64, None where no cell does.

    Leaks show far out, where units are saturated or silent; weights follow from the values of the
    step at random states, by least squares. Update gates show far out, where candidates are
    saturated, and the rest of gated units once these are known; hidden units show at the kinks of a
    step. That the cell is the same is then checked at other states, of sizes from 1e-6 to 1e8, to
    rounding.

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
    found = next((cell for kind in _KINDS if (cell := _first(probe, kind)) is not None), None)
    if found is None:
        return None
    factored = _factored(found)
    if factored is not None and are_alike(probe, factored):
        found = factored
    return Recognised(found.with_weights(dynamics.arrays.asarray))


def _first(probe: Probe, kind: Callable[[Probe], Iterable[Found | None]]) -> Found | None:
    """Return the first cell of some that takes the same steps."""
    try:
        return next((cell for cell in kind(probe) if are_alike(probe, cell)), None)
    except Exception:  # whatever a step does far from the states that it is made for
        return None


def _linear_networks(probe: Probe) -> Iterator[Found | None]:
    yield rates.rate_network(probe, "linear", np.ones(probe.state_size))


def _rate_networks(probe: Probe) -> Iterator[Found | None]:
    if (alpha := rates.leaks(probe)) is not None:
        for phi in _ACTIVATIONS:
            yield rates.rate_network(probe, phi, alpha)


def _current_networks(probe: Probe) -> Iterator[Found | None]:
    if (alpha := currents.leaks(probe)) is not None:
        for phi in _ACTIVATIONS:
            yield currents.current_network(probe, phi, alpha)


def _piecewise_linear_networks(probe: Probe) -> Iterator[Found | None]:
    for _ in range(_TRIES):  # each on lines of its own
        yield piecewise_linear_network(probe)


#: What suggests cells from the values of a step, None for some that they exclude.
_KINDS = (
    *(_linear_networks, _rate_networks, _current_networks),
    *(gated_networks, _piecewise_linear_networks),
)


def _factored(cell: Found) -> VanillaCell | LeakyCell | None:
    """Return the cell with the factors of its weights, None if their rank is not low."""
    if isinstance(cell, ShallowCell | Gated):
        return None
    R, order = qr(cell.W, mode="r", pivoting=True)
    sizes = np.abs(np.diag(R))
    rank = int(np.count_nonzero(sizes > _RANK * sizes[0]))
    if not 0 < rank <= len(sizes) // _LOW:
        return None
    U = cell.W[:, order[:rank]]
    return replace(cell, W=LowRank(U, np.linalg.lstsq(U, cell.W, rcond=None)[0].T))
