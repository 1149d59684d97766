"""Weights of h' = (1 - alpha) h + alpha phi(W h + B u + b), from values of the step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ..cells import ACTIVATIONS, LeakyRateCell, VanillaCell
from .least_squares import masked_least_squares
from .numbers import as_written
from .probe import Probe

Rates = Float[np.ndarray, "n d"]

# What drives a unit to a rate, for every activation.
_INVERSES: dict[str, Callable[[Rates], Rates]] = {
    "linear": lambda r: r,
    "tanh": np.arctanh,
    "relu": lambda r: r,
    "sigmoid": lambda r: np.log(r) - np.log1p(-r),
    "softplus": lambda r: r + np.log(-np.expm1(-r)),
}

# A rate says what drives its unit if the slope is at least this, and the rate no rounding of the
# state's own size; nor so large that torch's softplus is linear.
_SLOPE = 0.05
_ROUNDING = 1e-10
_MOST = {"softplus": 15.0}

# So few units say whether the others are worth while: what drives them is known at least to this.
_FEW = 4
_OFF = 1e-6

# In so many directions units are looked for that are saturated or silent.
_DIRECTIONS = 4

# So many values for each weight, from states of such sizes: large ones saturate units, small ones
# leave rectified units silent.
_VALUES = 6
_SIZES = 1e-3, 10.0
_RECTIFIED = 1.0, 100.0


def leaks(probe: Probe) -> Float[np.ndarray, " d"] | None:
    """Return alpha, as units show it that are saturated or silent, or None if they show none."""
    alpha, distance = np.ones(probe.state_size), np.full(probe.state_size, np.inf)
    for _ in range(_DIRECTIONS):
        direction = probe.rng.uniform(0.5, 1.5, probe.state_size)
        direction *= probe.rng.choice([-1.0, 1.0], probe.state_size)
        for sign in (1.0, -1.0):
            kept, away = probe.leak(sign * direction, inputs=True)
            better = (np.round(1 - kept, 12) <= 1) & (kept < 1) & (away < distance)
            alpha = np.where(better, np.minimum(1 - kept, 1.0), alpha)
            distance = np.where(better, away, distance)
    return as_written(alpha) if np.isfinite(distance).all() else None


def rate_network(probe: Probe, phi: str, alpha: Float[np.ndarray, " d"]) -> VanillaCell | None:
    """Return the vanilla or leaky cell that has these values if any has; None if none can be."""
    x, u = probe.random(_VALUES * probe.n_weights, *(_RECTIFIED if phi == "relu" else _SIZES))
    rates = (probe.value(x, u) - (1 - alpha) * x) / alpha
    drive = _INVERSES[phi](rates)
    told = np.isfinite(drive) & (np.abs(rates) > _ROUNDING * np.abs(x).max(axis=1, keepdims=True))
    told &= rates < _MOST.get(phi, np.inf)
    told &= ACTIVATIONS[phi].slope(drive, rates) >= _SLOPE
    known, drive = np.hstack([x, u, np.ones((len(x), 1))]), np.where(told, drive, 0.0)
    few = masked_least_squares(known, drive[:, :_FEW], told[:, :_FEW])
    if few is None or (np.abs(told[:, :_FEW] * (known @ few.T) - drive[:, :_FEW]) > _OFF).any():
        return None
    weights = masked_least_squares(known, drive, told)
    if weights is None or not np.isfinite(weights).all():
        return None
    W, B, b = probe.as_written(weights)
    if (alpha == 1).all():
        return VanillaCell(W, B, b[:, 0], phi)
    return LeakyRateCell(W, B, b[:, 0], phi, alpha=alpha)
