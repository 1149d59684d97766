"""Which edges of a graph can be proved, and the proof."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from ...local import linearize
from ...proofs.connections import Connections, prove_connections
from ...system import System
from .sides import outwards


def prove_edges(
    system: System,
    states: Float[np.ndarray, "n d"],
    inputs: Float[np.ndarray, "n m"],
    period: Float[np.ndarray, " n"],
    ends: tuple[Int[np.ndarray, " e"], Int[np.ndarray, " e"], Int[np.ndarray, " e"]],
    steps: int,
) -> tuple[Bool[np.ndarray, " e"], Bool[np.ndarray, " e"]]:
    """Return which edges from saddles to points and cycles are proved, and which for a whole side.

    `ends` are sources, targets and sides.
    """
    source, target, side = ends
    if system.kind != "map" or not len(source):
        return np.zeros(len(source), dtype=bool), np.zeros(len(source), dtype=bool)
    direction = outwards(linearize(system, states[source], inputs[source]).right[:, :, 0].real)
    known = np.where(np.isnan(period), 1, period).astype(np.int64)
    asked = Connections(states, inputs, known, source, target, side, direction)
    return prove_connections(system.dynamics, asked, steps)
