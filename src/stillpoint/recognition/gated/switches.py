"""Values F_i that go from one level to another as the sigmoid of an affine function.

Far out that happens at once, everything else that F_i depends on is saturated beside it, and the
weights of the function follow from values around one place.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Bool, Float, Int

from ..least_squares import separate_least_squares
from ..probe import Probe, with_one

Units = Int[np.ndarray, " k"]
Values = Float[np.ndarray, "k n"]
Told = Bool[np.ndarray, "k n"]

# So many states are drawn to find both levels, and the way between two of them is halved so often.
_STATES = 64
_HALVINGS = 18
_BACK = 2.0 ** -np.arange(_HALVINGS)

# A share tells its log-odds if these are no larger; the weights must say them to this.
_MOST = 6.0
_ROUGHLY = 1e-9

# So many values for each weight, and some more, at which log-odds are about so much aside (the
# logarithm of that).
_VALUES = 3
_MORE = 20
_LOG_ASIDE = -1.2, 1.8


def n_values(n_weights: int) -> int:
    """Return how many values of a unit are asked for to know so many weights."""
    return _VALUES * n_weights + _MORE


def log_odds(low: Values, value: Values, high: Values) -> tuple[Values, Told]:
    """Return log(s / (1 - s)) for the share s of the way from low to high, and where it is told."""
    odds = np.log((value - low) / (high - value))
    told = np.abs(odds) < _MOST  # a comparison with NaN is False
    return np.where(told, odds, 0.0), told


def weights_of_switches(
    probe: Probe,
    units: Units,
    sizes: Float[np.ndarray, " k"],
    width: int,
    ends: Callable[[Values, Values], tuple[Told, Told]],
    top: Callable[[Values], Values],
) -> Float[np.ndarray, "k p"]:
    """Return weights and bias of the switches of some units, NaN where they are not seen.

    `ends` tells from h_i and F_i who is at the lower and who at the upper level, `top` what the
    upper level is. States and inputs are cut to the first `width` variables; others are 0.
    """
    n, rows = n_values(width + 1), np.arange(len(units))
    y = sizes[:, None, None] * probe.rng.standard_normal((len(units), _STATES, width))
    h, own = probe.own(units, y)
    lower, upper = ends(h, own)
    first, last = (y[rows, which.argmax(axis=1)][:, None] for which in (lower, upper))
    low, left, right = own[rows, lower.argmax(axis=1)][:, None], first, last
    for _ in range(_HALVINGS):
        middle = (left + right) / 2
        h, own = probe.own(units, middle)
        below = ((own - low) / (top(h) - low) < 0.5)[..., None]
        left, right = np.where(below, middle, left), np.where(below, right, middle)
    back = first - left
    h, own = probe.own(units, left + _BACK[:, None] * back)
    same = np.abs(np.diff(own, axis=1)) <= np.spacing(1.0)  # the level, where it is still that
    nearest = (same * np.arange(1, _HALVINGS)).max(axis=1)
    low = own[rows, nearest][:, None]
    odds, told = log_odds(low, own, top(h))
    distance = np.linalg.norm(back, axis=-1) * _BACK
    slope = (told * np.abs(odds - odds[:, -1:]) / distance).max(axis=1)[:, None, None]
    aside = np.exp(probe.rng.uniform(*_LOG_ASIDE, (len(units), n, 1))) / slope
    around = left + aside * probe.rng.standard_normal((len(units), n, width)) / np.sqrt(width)
    h, own = probe.own(units, around)
    odds, told = log_odds(low, own, top(h))
    known = with_one(around)
    weights = separate_least_squares(known, odds, told)
    off = np.where(told, np.abs(np.einsum("knp,kp->kn", known, weights) - odds), 0.0)
    good = lower.any(axis=1) & upper.any(axis=1) & (nearest > 0)
    good &= (told.sum(axis=1) > width + 1) & (off.max(axis=1) < _ROUGHLY)
    return np.where(good[:, None], weights, np.nan)
