"""Weights of h' = (1 - alpha) h + alpha phi(W h + B u + b), from values of the step."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from ..cells import ACTIVATIONS, LeakyRateCell, VanillaCell
from .least_squares import weighted_least_squares
from .numbers import as_written
from .probe import Probe, with_one

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
_SLOPE = 1e-3
_ROUNDING = 1e-10
_MOST = {"softplus": 15.0}

# So few units say whether the others are worth while: what drives them is known at least to this,
# or to this fraction.
_FEW = 4
_OFF = 1e-6

# In so many directions units are looked for that are saturated or silent.
_DIRECTIONS = 4

# So many values for each weight are asked for at a time, from states down to so much smaller than
# the largest. Large ones saturate units, small ones leave rectified units silent.
_VALUES = 6
_SMALLEST = 1e-4

# The largest states (of rectified units: the second). As long as some unit has said something at
# too few of them, more are asked for, larger ones at last, for biases that only these outweigh.
_SIZES = (10.0, 10.0, 30.0, 100.0, 100.0, 300.0, 1e3), (100.0, 100.0, 1e3, 1e4)
_ENOUGH = 2


def leaks(probe: Probe) -> Float[np.ndarray, " d"] | None:
    """Return alpha, as units show it that are saturated or silent, or None if they show none."""
    alpha, distance = np.ones(probe.state_size), np.full(probe.state_size, np.inf)
    for _ in range(_DIRECTIONS):
        direction = probe.far()
        for sign in (1.0, -1.0):
            kept, away = probe.leak(sign * direction, inputs=True)
            better = (np.round(1 - kept, 12) <= 1) & (kept < 1) & (away < distance)
            alpha = np.where(better, np.minimum(1 - kept, 1.0), alpha)
            distance = np.where(better, away, distance)
    return as_written(alpha) if np.isfinite(distance).all() else None


def rate_network(probe: Probe, phi: str, alpha: Float[np.ndarray, " d"]) -> VanillaCell | None:
    """Return the vanilla or leaky cell that has these values if any has; None if none can be."""
    parts: list[tuple[np.ndarray, ...]] = []
    for most in _SIZES[phi == "relu"]:
        parts.append(_values(probe, phi, alpha, most))
        known, drive, weights = map(np.concatenate, zip(*parts, strict=True))
        n_told = np.count_nonzero(weights, axis=0)
        few = [k for k in np.argsort(-n_told)[:_FEW] if n_told[k] >= _ENOUGH * probe.n_weights]
        fitted = known @ weighted_least_squares(known, drive[:, few], weights[:, few]).T
        off = weights[:, few] * np.abs(fitted - drive[:, few])
        if (off > _OFF * np.maximum(1.0, np.abs(drive[:, few]))).any():
            return None
        if (n_told >= _ENOUGH * probe.n_weights).all():
            break
    weights = weighted_least_squares(known, drive, weights)
    if not np.isfinite(weights).all():
        return None
    W, B, b = probe.as_written(weights)
    if (alpha == 1).all():
        return VanillaCell(W, B, b[:, 0], phi)
    return LeakyRateCell(W, B, b[:, 0], phi, alpha=alpha)


def _values(
    probe: Probe, phi: str, alpha: Float[np.ndarray, " d"], most: float
) -> tuple[Float[np.ndarray, "n p"], Rates, Rates]:
    """Return states with inputs and one, what drives each unit there, and what that is worth.

    The last is the slope of the activation, by which rounding of the rate is smaller than that of
    the drive; zero where the drive is not told.
    """
    x, u = probe.random(_VALUES * probe.n_weights, _SMALLEST * most, most)
    rates = (probe.value(x, u) - (1 - alpha) * x) / alpha
    drive = _INVERSES[phi](rates)
    told = np.isfinite(drive) & (np.abs(rates) > _ROUNDING * np.abs(x).max(axis=1, keepdims=True))
    told &= rates < _MOST.get(phi, np.inf)
    slope = ACTIVATIONS[phi].slope(drive, rates)
    told &= slope >= _SLOPE
    known = with_one(np.hstack([x, u]))
    return known, np.where(told, drive, 0.0), np.where(told, slope, 0.0)
