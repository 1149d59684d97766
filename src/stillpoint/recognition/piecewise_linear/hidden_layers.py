"""Weights of x' = A x + W1 relu(W2 x + B2 u + c) + B u + b, from values of the step."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from ...cells import ShallowCell
from ..numbers import as_written
from ..probe import Probe, with_one
from .hyperplanes import Hyperplanes
from .kinks import hyperplanes

# So many values for each weight, from states of such sizes; and around each hyperplane.
_VALUES = 2
_SIZES = 1e-2, 10.0
_AROUND = 3

# Weights that differ by this, relative to the largest, differ by rounding; and how near to 0 or 1
# numbers are that say which units to turn.
_ROUNDING = 1e-11
_WHOLE = 1e-6


def piecewise_linear_network(probe: Probe) -> ShallowCell | None:
    """Return the cell that has these values if any has; None if none can be.

    A hidden unit and its opposite differ by what is linear, relu(s) = s + relu(-s), and each may be
    scaled: of all cells that take the same steps, it is one whose A is diagonal, if that is found.
    """
    kinks = hyperplanes(probe)
    if kinks is None:
        return None
    d, known = probe.state_size, _known(probe, kinks)
    value = probe.at(known[:, :-1])
    size = np.linalg.norm(known, axis=1, keepdims=True)
    rates = np.maximum(kinks.drive(known[:, :-1]), 0.0) / size
    known, value = known / size, value / size
    linear, W1 = _fitted(known, rates, value)
    acts = W1.any(axis=0)
    if not acts.any():
        return None
    W1, rates, kinks = W1[:, acts], rates[:, acts], kinks.take(acts)
    if (pairs := _pairs(W1, kinks)) is not None:
        first, second = pairs
        linear, W1 = _fitted(known, rates[:, first] - rates[:, second], value)
        W1, kinks = np.hstack([W1, -W1]), kinks.take(pairs.ravel())
        rates = rates[:, pairs.ravel()]
    off = np.abs(known @ linear.T + rates @ W1.T - value)
    if not (off <= _ROUNDING * max(np.abs(linear).max(), np.abs(W1).max())).all():
        return None
    hidden = np.hstack([kinks.normals, kinks.offsets[:, None]])
    turned = _turned(linear, W1, hidden)
    A, B, b = probe.as_written(linear + (W1 * turned) @ hidden)
    W2, B2, c = np.split(
        np.where(turned[:, None], -hidden, hidden), [d, len(hidden[0]) - 1], axis=1
    )
    is_diagonal = not (A - np.diag(np.diag(A))).any()
    return ShallowCell(np.diag(A) if is_diagonal else A, W1, W2, B, b[:, 0], c[:, 0], B2=B2)


def _known(probe: Probe, kinks: Hyperplanes) -> Float[np.ndarray, "n p"]:
    """Return states with inputs and one: of many sizes, and around every hyperplane."""
    x, u = probe.random(_VALUES * (probe.n_weights + len(kinks.offsets)), *_SIZES)
    around = [
        kinks.feet + kinks.reach[:, None] * probe.rng.standard_normal(kinks.feet.shape)
        for _ in range(_AROUND)
    ]
    y = np.concatenate([np.hstack([x, u]), *around, kinks.sides])
    return with_one(y)


def _fitted(
    known: Float[np.ndarray, "n p"],
    rates: Float[np.ndarray, "n h"],
    value: Float[np.ndarray, "n d"],
) -> tuple[Float[np.ndarray, "d p"], Float[np.ndarray, "d h"]]:
    """Return what is linear, and W1, by least squares; W1 is 0 where it is so to rounding."""
    columns = np.hstack([known, rates])
    fitted = np.linalg.lstsq(columns, value, rcond=None)[0]
    n_linear = known.shape[1]
    fitted[n_linear:] = as_written(fitted[n_linear:])
    acts = fitted != 0
    acts[:n_linear] = True
    for unit in np.flatnonzero(~acts.all(axis=0)):
        used = acts[:, unit]
        fitted[used, unit] = np.linalg.lstsq(columns[:, used], value[:, unit], rcond=None)[0]
    return fitted[:n_linear].T, fitted[n_linear:].T


def _pairs(W1: Float[np.ndarray, "d h"], kinks: Hyperplanes) -> Int[np.ndarray, "2 k"] | None:
    """Return both units of all pairs, if all units come in pairs of parallel, opposite ones."""
    _, which, count = np.unique(kinks.normals, axis=0, return_inverse=True, return_counts=True)
    if (count != 2).any():
        return None
    pairs = np.argsort(which.ravel(), kind="stable").reshape(-1, 2).T
    together = np.abs(W1[:, pairs[0]] + W1[:, pairs[1]])
    return pairs if (together <= _ROUNDING * np.abs(W1).max()).all() else None


def _turned(
    linear: Float[np.ndarray, "d p"], W1: Float[np.ndarray, "d h"], hidden: Float[np.ndarray, "h p"]
) -> Bool[np.ndarray, " h"]:
    """Return which units to turn so that A is diagonal; none where that does not say it."""
    d, h = W1.shape
    off = ~np.eye(d, dtype=bool)
    if h > np.count_nonzero(off):
        return np.zeros(h, dtype=bool)
    each = np.einsum("ih,hj->ijh", W1, hidden[:, :d])[off]
    share = np.linalg.lstsq(each, -linear[:, :d][off], rcond=None)[0]
    turned = np.round(share)
    is_told = (np.abs(share - turned) < _WHOLE).all() and np.isin(turned, (0, 1)).all()
    return turned.astype(bool) & bool(is_told)
