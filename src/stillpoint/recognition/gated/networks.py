"""Gated recurrent units of both kinds, from values of the step."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from jaxtyping import Float

from ...cells import GRUCell, ResetBeforeGRUCell
from ..numbers import as_written
from ..probe import Probe
from .candidates import Candidates
from .reset_after import reset_after
from .reset_before import reset_before
from .update_gates import refined, update_gates

Gated = GRUCell | ResetBeforeGRUCell


def gated_networks(probe: Probe) -> Iterator[Gated]:
    """Return the gated networks that have these values if any have."""
    if (seen := update_gates(probe)) is None:
        return
    gates, sizes = seen
    for network in (_reset_before, _reset_after):
        cell = network(probe, gates, sizes)
        if cell is not None:
            yield network(probe, refined(probe, gates, cell), sizes) or cell


def _reset_before(
    probe: Probe, gates: Float[np.ndarray, "d p"], _: Float[np.ndarray, " d"]
) -> ResetBeforeGRUCell | None:
    if (found := reset_before(Candidates(probe, gates))) is None:
        return None
    return ResetBeforeGRUCell(*_stacked(probe, found[0], gates, found[1]))


def _reset_after(
    probe: Probe, gates: Float[np.ndarray, "d p"], sizes: Float[np.ndarray, " d"]
) -> GRUCell | None:
    if (found := reset_after(Candidates(probe, gates), sizes)) is None:
        return None
    split = [probe.state_size + 1, probe.n_weights + 1]
    recurrent, driven, reset = np.split(found, split, axis=1)
    candidate = np.hstack([recurrent[:, :-1], driven])
    c = as_written(recurrent[:, -1], np.abs(found).max())
    return GRUCell(*_stacked(probe, reset, gates, candidate), c)


def _stacked(probe: Probe, *weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return W, B and b of gates and candidates, freed from rounding."""
    parts = zip(*(probe.as_written(each) for each in weights), strict=True)
    W, B, b = (np.concatenate(part) for part in parts)
    return W, B, b[:, 0]
