"""Weights of p = B u + b + W (r h), r = sigmoid(W_r h + B_r u + b_r), from values of p."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ...dynamics.activations import sigmoid
from ..least_squares import separate_least_squares
from ..probe import Rows, with_one
from .candidates import Candidates
from .levenberg_marquardt import levenberg_marquardt
from .reset_columns import Resets, resets
from .switches import Units, Values

Weights = Float[np.ndarray, "d p"]

# Inputs that tell B and b at h = 0; states that tell W in the end. So many values for each weight.
_INPUTS = 1e-2, 3.0
_SIZES = 0.05, 50.0
_VALUES = 4
_MORE = 20

# A value of a gate is told if it is larger than this and worth so much. The factor of a gate is
# looked for from such numbers above the largest value that is worth a part of the best; it is found
# where the values say so to this, and no other is tried where they say so to less.
_LEAST = 1e-3
_WORTH = 1e-4
_PART = 1e-2
_ABOVE = 0.03, 1e-3, 0.3, 1.0, 10.0
_FOUND = 1e-9
_SURELY = 1e-12


def reset_before(candidates: Candidates) -> tuple[Weights, Weights] | None:
    """Return weights of (h, u, 1) in r, and of (r h, u, 1) in p; None if there are none."""
    probe = candidates.probe
    _, u = probe.random(_VALUES * probe.n_weights + _MORE, *_INPUTS)
    u[0] = 0.0
    rest = np.zeros((len(u), probe.state_size))
    known = resets(candidates, _fitted(candidates, with_one(u), rest, u))
    if known is None:
        return None
    reset = np.zeros((probe.state_size, probe.n_weights))
    for units in probe.portions(np.arange(len(reset)), known.at.shape[1]):
        reset[units], off = _gates(known, units)
        if not (off < _FOUND).all():
            return None
    x, u = probe.random(_VALUES * probe.n_weights + _MORE, *_SIZES)
    r = sigmoid(with_one(np.hstack([x, u])) @ reset.T)
    return reset, _fitted(candidates, with_one(np.hstack([r * x, u])), x, u)


def _fitted(candidates: Candidates, known: Rows, x: Rows, u: Rows) -> Weights:
    """Return the weights by which drives at states and inputs follow from what is known there."""
    drives, worth = (part.T for part in candidates.drives(x, u))
    return np.concatenate(
        [
            separate_least_squares(
                np.broadcast_to(known, (len(units), *known.shape)), drives[units], worth[units]
            )
            for units in candidates.probe.portions(np.arange(len(drives)), len(known))
        ]
    )


def _gates(known: Resets, units: Units) -> tuple[Weights, Float[np.ndarray, " k"]]:
    """Return weights of some gates, from a fit of log r with a factor, and how far off it is."""
    y, r, worth = known.of(units)
    worth = np.where((r > _LEAST) & (worth > _WORTH), worth, 0.0)
    told = worth > _PART * worth.max(axis=1, keepdims=True)
    log = np.log(np.where(worth > 0, r, 1.0))
    largest = np.where(told, log, -np.inf).max(axis=1)

    def evaluate(some: Units, weights: Weights) -> tuple[Values, Float[np.ndarray, "k n p"]]:
        odds = np.einsum("knp,kp->kn", y[left[some]], weights[:, 1:])
        off = log[left[some]] - weights[:, :1] + np.logaddexp(0, -odds)
        slopes = sigmoid(-odds)[..., None] * y[left[some]]
        slopes = np.concatenate([np.ones((*odds.shape, 1)), slopes], axis=2)
        return worth[left[some]] * off, worth[left[some]][..., None] * slopes

    found, off = np.zeros((len(units), y.shape[-1] + 1)), np.full(len(units), np.inf)
    for above in _ABOVE:
        left = np.flatnonzero(~(off < _SURELY))
        if not len(left):
            break
        factor = largest[left] + np.log1p(above)
        share = log[left] - factor[:, None]
        weight = np.where(share < 0, -np.expm1(share) * worth[left], 0.0)
        odds = np.where(weight > 0, share - np.log(-np.expm1(share)), 0.0)
        start = np.column_stack([factor, separate_least_squares(y[left], odds, weight)])
        fitted, off_left = levenberg_marquardt(evaluate, np.nan_to_num(start))
        better = off_left < off[left]
        found[left[better]], off[left[better]] = fitted[better], off_left[better]
    return found[:, 1:], off
