"""What drives the candidates of gated units, once their update gates are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...dynamics.activations import sigmoid
from ..probe import Probe, Rows, with_one

# A value says what drives a candidate if the step changes with the drive by this at least.
_WORTH = 1e-6


@dataclass(frozen=True)
class Candidates:
    """Candidates n = tanh(p) of h' = (1 - z) n + z h, with z = sigmoid(gates (h, u, 1))."""

    probe: Probe
    gates: Float[np.ndarray, "d p"]

    def drives(self, x: Rows, u: Rows) -> tuple[Rows, Rows]:
        """Return p, and how much a step changes with it, for its size; 0 if too little."""
        odds = with_one(np.hstack([x, u])) @ self.gates.T
        z, share = sigmoid(odds), sigmoid(-odds)
        n = (self.probe.value(x, u) - z * x) / share
        size = np.maximum(1.0, np.abs(x).max(axis=1, keepdims=True))
        drive, worth = np.arctanh(n), share * (1 - n * n) / size
        told = worth >= _WORTH
        return np.where(told, drive, 0.0), np.where(told, worth, 0.0)
