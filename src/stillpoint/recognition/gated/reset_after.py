"""Weights of p = B u + b + r (W h + c), r = sigmoid(W_r h + B_r u + b_r), from values of p."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from ...dynamics.activations import sigmoid
from ..least_squares import separate_least_squares, trimmed_least_squares
from ..probe import Rows, with_one
from .candidates import Candidates
from .levenberg_marquardt import levenberg_marquardt
from .switches import Told, Units, Values, weights_of_switches

# The weights of a unit: W, c, B, b, W_r, B_r, b_r, one behind the other.
Weights = Float[np.ndarray, "k p"]

# So many values for each of them are asked for, and some more, at states of such sizes. They are
# found if the step says so to this; a few units tell whether the others are worth while.
_VALUES = 8
_MORE = 60
_SIZES = 1e-2, 50.0
_FOUND = 1e-9
_FEW = 4

# Where nothing is known before, drives are fitted first that are as near to that of rest.
_NEAR = 0.3, 1.0, np.inf

# Candidates go from -1 to 1 this much further out than gates open, or twice as far, as often.
_FURTHER = 4.0
_TRIES = 6

# Where both gates are closed, n = tanh(B u + b): so far out, under so many inputs for each weight,
# of such sizes, where n is no nearer to 1 than this.
_FAR = 2.0**16
_INPUTS = 1e-2, 3.0
_MANY = 16
_SLOPE = 1e-6

# A reset gate is told where it is open and closed by more than this.
_OPEN = 1e-3


def reset_after(candidates: Candidates, sizes: Float[np.ndarray, " d"]) -> Weights | None:
    """Return the weights of all units, None if candidates are not of this kind.

    `sizes` are those of states that open and close the update gate of each unit.
    """
    probe = candidates.probe
    n_weights = 2 * probe.n_weights + 1
    x, u = probe.random(_VALUES * n_weights + _MORE, *_SIZES)
    x[0], u[0] = 0.0, 0.0
    drives, worth = (part.T for part in candidates.drives(x, u))
    found = np.zeros((probe.state_size, n_weights))
    for some in np.split(np.arange(probe.state_size), [_FEW]):
        for units in probe.portions(some, 2 * len(x)):
            fit = _Fit(x, u, drives[units], worth[units])
            found[units], off = fit.best(_start(candidates, units, sizes[units]))
            if not (off < _FOUND).all():
                return None
    return found


@dataclass(frozen=True)
class _Fit:
    """Drives of some units at states and inputs, and what each is worth."""

    x: Rows
    u: Rows
    drives: Values
    worth: Values

    def best(self, start: Weights) -> tuple[Weights, Float[np.ndarray, " k"]]:
        """Return the weights that fit best from a start, or from nothing, and how far off."""
        found, off = levenberg_marquardt(self.evaluate, start)
        left = np.flatnonzero(~(off < _FOUND))
        if not len(left):
            return found, off
        rest = replace(self, drives=self.drives[left], worth=self.worth[left])
        weights = np.zeros((len(left), start.shape[1]))
        weights[:, self.x.shape[1] + self.u.shape[1] + 1] = rest.drives[:, 0]
        for near in _NEAR:
            close = np.abs(rest.drives - rest.drives[:, :1]) < near
            part = replace(rest, worth=rest.worth * close)
            weights, off_left = levenberg_marquardt(part.evaluate, weights)
        found[left], off[left] = weights, off_left
        return found, off

    def evaluate(self, units: Units, weights: Weights) -> tuple[Values, Float[np.ndarray, "k n p"]]:
        """Return how much drives are off, and how they change with the weights, by their worth."""
        h, v, y = with_one(self.x), with_one(self.u), with_one(np.hstack([self.x, self.u]))
        W, B, W_r = np.split(weights, np.cumsum([h.shape[1], v.shape[1]]), axis=1)
        r, recurrent = sigmoid(W_r @ y.T), W @ h.T
        off = self.drives[units] - (B @ v.T + r * recurrent)
        each = [r[..., None] * h, np.broadcast_to(v, (len(r), *v.shape))]
        each.append((r * (1 - r) * recurrent)[..., None] * y)
        worth = self.worth[units]
        return worth * off, worth[..., None] * np.concatenate(each, axis=2)


def _start(candidates: Candidates, units: Units, sizes: Float[np.ndarray, " k"]) -> Weights:
    """Return weights as states far out tell them without inputs; 0 where they do not."""
    probe = candidates.probe
    d = probe.state_size
    recurrent = np.full((len(units), d + 1), np.nan)
    pending, further = np.arange(len(units)), _FURTHER * sizes
    for _ in range(_TRIES):
        recurrent[pending] = 0.5 * weights_of_switches(
            probe, units[pending], further[pending], d, _ends, np.ones_like
        )
        pending = pending[np.isnan(recurrent[pending]).any(axis=1)]
        further *= 2
        if not len(pending):
            break
    driven = _without_recurrence(candidates, units, sizes)
    recurrent[:, -1] -= driven[:, -1]
    x, u = probe.random(_VALUES * probe.n_weights + _MORE, *_SIZES)
    drives, worth = (part.T[units] for part in candidates.drives(x, u))
    through = recurrent @ with_one(x).T
    r = (drives - driven @ with_one(u).T) / through
    told = (worth > 0) & (r > _OPEN) & (1 - r > _OPEN)
    worth = np.where(told, worth * np.abs(through) * r * (1 - r), 0.0)
    odds = np.where(told, np.log(r / (1 - r)), 0.0)
    known = with_one(np.hstack([x, u]))
    reset = separate_least_squares(np.broadcast_to(known, (len(units), *known.shape)), odds, worth)
    weights = np.hstack([recurrent, driven, reset])
    return np.where(np.isfinite(weights).all(axis=1, keepdims=True), weights, 0.0)


def _ends(h: Values, own: Values) -> tuple[Told, Told]:
    return (own == -1) & (np.abs(h) > 2), (own == 1) & (np.abs(h) > 2)


def _without_recurrence(
    candidates: Candidates, units: Units, sizes: Float[np.ndarray, " k"]
) -> Float[np.ndarray, "k p"]:
    """Return B and b as units show them whose two gates are closed, NaN where they are not."""
    probe = candidates.probe
    n = _MANY * (probe.dynamics.input_size + 1) + _MORE
    _, u = probe.random(n, *_INPUTS)
    far = _FAR * sizes.max() * probe.rng.standard_normal((n, probe.state_size))
    own = probe.value(far, u)[:, units]
    slope = np.where(np.abs(far[:, units]) > 2, 1 - own * own, 0.0).T
    told = slope > _SLOPE
    known = np.broadcast_to(with_one(u), (len(units), n, u.shape[1] + 1))
    wanted, worth = np.where(told, np.arctanh(own).T, 0.0), np.where(told, slope, 0.0)
    start = separate_least_squares(known, wanted, worth)
    return trimmed_least_squares(known, wanted, worth, start, np.inf)
