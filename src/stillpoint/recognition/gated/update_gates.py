"""Update gates of h' = (1 - z) n + z h, from states so far out that candidates n do not change.

There z = (F - n) / (h - n), and log(z / (1 - z)) = W_z h + B_z u + b_z is affine in h and u.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ...cells import GRUCell, ResetBeforeGRUCell
from ..least_squares import separate_least_squares, trimmed_least_squares
from ..probe import Probe, with_one
from .switches import Told, Units, Values, log_odds, n_values, weights_of_switches

Weights = Float[np.ndarray, "d p"]

# Sizes of states, and how many of each. At the largest, gates are open or closed but for so few.
_SIZES = 4.0 ** np.arange(1, 11)
_STATES = 48
_BETWEEN = 0.05

# A unit's size is the smallest at which so many states open its gate entirely, to rounding. Gates
# are seen first at so many times that size, and known better at so many times. That is tried as
# often, at twice the size each time; of a few units first.
_OPEN = 0.2
_ROUNDING = 1e-13
_FIRST = 16.0
_BETTER = 4.0
_TRIES = 8
_FEW = 4

# States at which a gate has these log-odds. Candidates are told where gates are closed, and are the
# same elsewhere if they are the same at both.
_HALF_OPEN = 3.0
_CLOSED = -50.0, -100.0

# Places that are further off than this from where gates were seen first are left out.
_NEAR = 1e-5

# States that tell gates once candidates are known, so many for each weight and some more.
_MODERATE = 0.05, 50.0
_VALUES = 4
_MORE = 40


def update_gates(probe: Probe) -> tuple[Weights, Float[np.ndarray, " d"]] | None:
    """Return the weights of (h, u, 1) in z, and how large states must be to open and close it.

    None where no update gates are seen.
    """
    sizes = _sizes(probe)
    if sizes is None:
        return None
    gates = np.full((probe.state_size, probe.n_weights), np.nan)
    for pending in np.split(np.arange(len(sizes)), [_FEW]):
        for _ in range(_TRIES):
            for units in probe.portions(pending, n_values(probe.n_weights)):
                gates[units] = _gates(probe, units, sizes[units])
            pending = pending[np.isnan(gates[pending]).any(axis=1)]
            sizes[pending] *= 2
            if not len(pending):
                break
        else:
            return None
    return gates, sizes


def refined(probe: Probe, gates: Weights, cell: GRUCell | ResetBeforeGRUCell) -> Weights:
    """Return gates of which biases and sizes are as moderate states tell them of a whole cell.

    States far out know how weights are to each other, but biases only as well as the large numbers
    beside them.
    """
    x, u = probe.random(_VALUES * probe.n_weights + _MORE, *_MODERATE)
    candidate = cell.candidate(x, u)
    odds, told = (part.T for part in log_odds(candidate, probe.value(x, u), x))
    worth = told * np.exp(-np.abs(odds)) * np.abs(x - candidate).T
    worth /= np.maximum(1.0, np.abs(x).max(axis=1))
    sums = gates[:, :-1] @ np.hstack([x, u]).T
    size, bias = separate_least_squares(with_one(sums[..., None]), odds, worth).T[..., None]
    return np.hstack([size * gates[:, :-1], bias])


def at_levels(h: Values, own: Values) -> tuple[Told, Told]:
    """Tell where a step gives a candidate, as gates are closed, and where it keeps the state."""
    return np.abs(own) <= 1, np.abs(own - h) <= _ROUNDING * np.abs(h)


def _ends(h: Values, own: Values) -> tuple[Told, Told]:
    closed, opened = at_levels(h, own)
    return closed & (np.abs(h) > 2), opened & (np.abs(h) > 2)


def _sizes(probe: Probe) -> Float[np.ndarray, " d"] | None:
    """Return how large states must be to open and close each gate, None if any never does."""
    x, u = probe.random(_STATES * len(_SIZES), 1.0, 1.0)
    sizes = np.repeat(_SIZES, _STATES)[:, None]
    closed, opened = (
        told.reshape(len(_SIZES), _STATES, -1)
        for told in at_levels(sizes * x, probe.value(sizes * x, sizes * u))
    )
    both = closed[-1].any(axis=0) & opened[-1].any(axis=0)
    enough = opened.mean(axis=1) >= _OPEN
    if (closed | opened)[-1].mean() < 1 - _BETWEEN or not (both & enough.any(axis=0)).all():
        return None
    return _SIZES[enough.argmax(axis=0)]


def _gates(probe: Probe, units: Units, sizes: Float[np.ndarray, " k"]) -> Weights:
    """Return the weights of some gates; NaN where they are not told."""
    width = probe.n_weights - 1
    gates = weights_of_switches(probe, units, _FIRST * sizes, width, _ends, lambda h: h)
    n = n_values(probe.n_weights)
    y = _BETTER * sizes[:, None, None] * probe.rng.standard_normal((len(units), n, width))
    w, b = gates[:, None, :-1], gates[:, -1:]
    along, now = w / np.sum(w * w, axis=-1, keepdims=True), np.einsum("knp,kp->kn", y, w[:, 0]) + b
    places = (
        y + (odds - now)[..., None] * along
        for odds in (probe.rng.uniform(-_HALF_OPEN, _HALF_OPEN, (1, n)), *_CLOSED)
    )
    (y, h, own), (_, _, candidate), (_, _, beyond) = ((at, *probe.own(units, at)) for at in places)
    odds, told = log_odds(candidate, own, h)
    told &= candidate == beyond
    return trimmed_least_squares(with_one(y), odds, told.astype(float), gates, _NEAR)
