"""Weights of x' = (1 - alpha) x + alpha (W phi(x) + B u + b), from values of the step.

Where 1 - alpha is a diagonal of any size, it is the piecewise-linear RNN x' = A x + W phi(x) + ...
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..cells import ACTIVATIONS, LeakyCell, ShallowCell
from .numbers import as_written
from .probe import Probe, with_one

# So many values for each weight, from states of such sizes.
_VALUES = 3
_SIZES = 1e-2, 10.0


def leaks(probe: Probe) -> Float[np.ndarray, " d"] | None:
    """Return alpha, as a state shows it of which all rates are constant, or None."""
    kept, away = probe.leak(-np.ones(probe.state_size), inputs=False)
    return as_written(1 - kept) if np.isfinite(away).all() else None


def current_network(
    probe: Probe, phi: str, alpha: Float[np.ndarray, " d"]
) -> LeakyCell | ShallowCell | None:
    """Return the cell that has these values if any has; None if none can be.

    Where a unit keeps its state entirely, or grows by itself, it is a cell with a linear part.
    """
    leaky = ((alpha > 0) & (alpha <= 1)).all()
    x, u = probe.random(_VALUES * probe.n_weights, *_SIZES)
    pull = (probe.value(x, u) - (1 - alpha) * x) / (alpha if leaky else 1.0)
    known = with_one(np.hstack([ACTIVATIONS[phi].value(x), u]))
    if not np.isfinite(pull).all():
        return None
    W, B, b = probe.as_written(np.linalg.lstsq(known, pull)[0].T)
    if leaky:
        return LeakyCell(W, B, b[:, 0], alpha, phi)
    return ShallowCell.plrnn(1 - alpha, W, B, b[:, 0], phi)
