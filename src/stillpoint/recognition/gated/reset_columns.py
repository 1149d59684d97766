"""Values of reset gates r in p = B u + b + W (r h), each gate but for a factor of its own.

Where h = t along axis k alone, p - b is column k of W times r_k t: of one shape at all t. Where few
units are not 0, least squares on these shapes give r_k in the factors that the shapes have.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ..probe import Rows, with_one
from .candidates import Candidates
from .switches import Units, Values

# States along each axis that tell shapes of columns; a few of these say whether the others are
# worth while: whether all values are of one shape, as far as the step tells.
_AXIS = np.concatenate([sign * 2.0 ** np.arange(-6, 7) for sign in (1, -1)])
_ALTERNATIONS = 100
_ALIKE = 1e-9
_FEW = 4

# One in so many units is not 0, two at least; so many values for each weight of a gate and some
# more, at states and inputs of such sizes.
_PART = 4
_VALUES = 12
_MORE = 40
_SIZES = 0.05, 50.0
_INPUTS = 0.02, 5.0

_TINY = np.finfo(np.float64).tiny


@dataclass(frozen=True)
class Resets:
    """Values of r_k but for a factor, at which of the places (h, u), and what each is worth."""

    places: Rows
    at: Int[np.ndarray, "d n"]
    r: Values
    worth: Values

    def of(self, units: Units) -> tuple[Float[np.ndarray, "k n p"], Values, Values]:
        """Return (h, u, 1), r and worth for some units."""
        return with_one(self.places)[self.at[units]], self.r[units], self.worth[units]


def resets(candidates: Candidates, driven: Float[np.ndarray, "d p"]) -> Resets | None:
    """Return values of r, given B and b; None if columns change their shape along an axis."""
    probe = candidates.probe
    d, m = probe.state_size, probe.dynamics.input_size
    shapes, r, worth = np.zeros((d, d)), np.zeros((d, len(_AXIS))), np.zeros((d, len(_AXIS)))
    for axes in np.split(np.arange(d), [_FEW]):
        for part in probe.portions(axes, len(_AXIS)):
            found = _along_axes(candidates, part, driven[:, -1])
            if found is None:
                return None
            shapes[part], r[part], worth[part] = found
    along = (_AXIS[:, None] * np.eye(d)[:, None, :]).reshape(-1, d)
    along = np.hstack([along, np.zeros((len(along), m))])
    few = _of_few_units(candidates, driven, shapes)
    at = np.arange(len(along)).reshape(d, -1)
    return Resets(
        np.concatenate([along, few.places]),
        np.hstack([at, len(along) + few.at]),
        np.hstack([r, few.r]),
        np.hstack([worth, few.worth]),
    )


def _along_axes(
    candidates: Candidates, axes: Units, bias: Float[np.ndarray, " d"]
) -> tuple[Float[np.ndarray, "k d"], Values, Values] | None:
    """Return the shapes of columns, values of r there and their worth, by alternating fits."""
    probe = candidates.probe
    x = _AXIS[:, None] * np.eye(probe.state_size)[axes][:, None, :]
    x = x.reshape(-1, probe.state_size)
    drives, worth = (
        part.reshape(len(axes), len(_AXIS), -1)
        for part in candidates.drives(x, np.zeros((len(x), probe.dynamics.input_size)))
    )
    drives, worth = np.where(worth > 0, drives - bias, 0.0), worth**2
    told = np.abs(worth * drives).sum(axis=2).argmax(axis=1)
    shapes = drives[np.arange(len(axes)), told]
    for _ in range(_ALTERNATIONS):
        sizes = (worth * drives * shapes[:, None]).sum(axis=2)
        sizes /= (worth * shapes[:, None] ** 2).sum(axis=2) + _TINY
        shapes = (worth * drives * sizes[..., None]).sum(axis=1)
        shapes /= (worth * sizes[..., None] ** 2).sum(axis=1) + _TINY
    off = np.sqrt(worth) * np.abs(drives - sizes[..., None] * shapes[:, None])
    if not (off < _ALIKE).all():
        return None
    factor = sizes[:, :1] / _AXIS[0]
    factor = np.where(factor == 0, 1.0, factor)
    shapes, r = shapes * factor, sizes / _AXIS / factor
    return shapes, r, np.sqrt((worth * shapes[:, None] ** 2).sum(axis=2)) * np.abs(_AXIS * r)


def _of_few_units(
    candidates: Candidates, driven: Float[np.ndarray, "d p"], shapes: Float[np.ndarray, "d d"]
) -> Resets:
    """Return values of r at states of which few units are not 0: each of them once in a round."""
    probe = candidates.probe
    d = probe.state_size
    few = max(min(d, 2), d // _PART)
    rounds, groups = _VALUES * (probe.n_weights + 1) + _MORE, -(-d // few)
    order = np.argsort(probe.rng.random((rounds, d)), axis=1)
    chosen = order[:, np.arange(groups * few) % d].reshape(-1, few)
    (x, _), (_, u) = probe.random(len(chosen), *_SIZES), probe.random(len(chosen), *_INPUTS)
    h = np.take_along_axis(x, chosen, axis=1)
    x = np.zeros_like(x)
    np.put_along_axis(x, chosen, h, axis=1)
    drives, worth = candidates.drives(x, u)
    recurrent = worth * (drives - with_one(u) @ driven.T)
    Q, R = np.linalg.qr(worth[:, :, None] * shapes[chosen].transpose(0, 2, 1))
    inverse = np.linalg.inv(R + _TINY * np.eye(few))
    r = (inverse @ (Q.transpose(0, 2, 1) @ recurrent[..., None]))[..., 0] / h
    sure = np.abs(r * h) / np.linalg.norm(inverse, axis=2)
    where = np.argsort(order, axis=1)  # of each unit in a round
    r, sure = (np.take_along_axis(part.reshape(rounds, -1), where, axis=1).T for part in (r, sure))
    at = (np.arange(rounds)[:, None] * groups + where // few).T
    return Resets(np.hstack([x, u]), at, r, sure)
