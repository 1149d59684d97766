"""Weights of x' = A x + W1 relu(W2 x + B2 u + c) + B u + b, from values of the step."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float

from ...cells import ShallowCell
from ..numbers import as_written
from ..probe import Probe
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
    known = np.hstack([known, np.maximum(kinks.drive(known[:, :-1]), 0.0)]) / size
    fitted = _fitted(known, value / size, probe.n_weights)
    if not (np.abs(known @ fitted - value / size) <= _ROUNDING * np.abs(fitted).max()).all():
        return None
    linear, W1 = np.split(fitted.T, [probe.n_weights], axis=1)
    acts = W1.any(axis=0)
    if not acts.any():
        return None
    W1, kinks = _paired(W1[:, acts], kinks.take(acts))
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
    return np.hstack([y, np.ones((len(y), 1))])


def _fitted(
    known: Float[np.ndarray, "n k"], value: Float[np.ndarray, "n d"], n_linear: int
) -> Float[np.ndarray, "k d"]:
    """Return least squares, done again without the hidden units that do not act on a unit."""
    fitted = np.linalg.lstsq(known, value, rcond=None)[0]
    fitted[n_linear:] = as_written(fitted[n_linear:])
    used = fitted != 0
    used[:n_linear] = True
    for unit in np.flatnonzero(~used.all(axis=0)):
        columns = used[:, unit]
        fitted[columns, unit] = np.linalg.lstsq(known[:, columns], value[:, unit], rcond=None)[0]
    return fitted


def _paired(
    W1: Float[np.ndarray, "d h"], kinks: Hyperplanes
) -> tuple[Float[np.ndarray, "d h"], Hyperplanes]:
    """Return units in the order of their pairs, if all come in pairs of parallel, opposite ones."""
    _, which, count = np.unique(kinks.normals, axis=0, return_inverse=True, return_counts=True)
    if (count != 2).any():
        return W1, kinks
    first, second = np.argsort(which.ravel(), kind="stable").reshape(-1, 2).T
    if (np.abs(W1[:, first] + W1[:, second]) > _ROUNDING * np.abs(W1).max()).any():
        return W1, kinks
    order = np.concatenate([first, second])
    W1 = np.hstack([W1[:, first], -W1[:, first]])
    return W1, kinks.take(order)


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
