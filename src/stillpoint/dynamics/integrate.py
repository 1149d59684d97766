"""Flows integrated to a tolerance, each row with steps of its own length.

The explicit Runge-Kutta pair of order 8(5, 3) of Dormand and Prince, with the error estimate and
the coefficients of SciPy's DOP853 (Hairer, Norsett and Wanner 1993, II.5 and II.10). A row that
has arrived is left out of what follows. Steps shrink where a rectifier has its kink, and grow again
behind it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import to_numpy
from .base import Dynamics

# A step's next length, from its error: a little less than promised, within these factors.
_SAFETY, _LEAST_FACTOR, _LARGEST_FACTOR = 0.9, 0.2, 8.0

# A step shorter than this part of what is left is taken whatever its error: it is across a kink.
_SHORTEST = 1e-14

# Deviations tell directions, and how they grow: their error, relative to the largest of them, may
# be so many times that of states. Those that are made of differences have no more digits.
_OF_DEVIATIONS = 1e3

# A row is given up after so many steps, or where its state is so many times its scale.
_MOST_STEPS, _AWAY = 1000, 1e4


@dataclass
class March:
    """Rows on their way through a flow: states, and deviations behind them if there are any.

    Attributes
    ----------
    dynamics
        The flow.
    z
        The state of each row, with the d x d deviations V, V' = J V, behind it or not.
    u
        Inputs, held constant.
    tolerance
        The error of a step, relative to `scale`.
    scale
        What counts as size one for each row.
    """

    dynamics: Dynamics
    z: Float[np.ndarray, "n p"]
    u: Float[np.ndarray, "n m"]
    tolerance: float
    scale: Float[np.ndarray, " n"]

    def __post_init__(self) -> None:
        self.rate = self._rate(self.z)
        speed = np.abs(self.rate[:, : self.dynamics.state_size]).max(axis=1, initial=0.0)
        first = self.tolerance ** (1 / 8) * self.scale
        self.length = first / np.maximum(speed, np.finfo(np.float64).tiny)

    def advance(self, left: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Try a step of each row, no longer than what is left; return how far each came."""
        pair = _coefficients()
        reach = np.where(self.length < np.abs(left), np.copysign(self.length, left), left)
        h = reach[:, None]
        stages = np.empty((13, *self.z.shape))
        stages[0] = self.rate
        for k in range(1, 12):
            stages[k] = self._rate(self.z + h * _weighted(pair.A[k, :k], stages))
        after = self.z + h * _weighted(pair.B, stages)
        stages[12] = self._rate(after)
        error = self._error(stages, np.abs(reach))
        error[~(np.isfinite(error) & np.isfinite(after).all(axis=1))] = np.inf
        good = (error <= 1) | (np.abs(reach) <= _SHORTEST * np.abs(left))
        factor = _SAFETY * np.maximum(error, 1e-30) ** (-1 / 8)
        most = np.where(good, _LARGEST_FACTOR, 1.0)
        self.length = np.abs(reach) * np.clip(factor, _LEAST_FACTOR, most)
        self.z = np.where(good[:, None], after, self.z)
        self.rate = np.where(good[:, None], stages[12], self.rate)
        return np.where(good, reach, 0.0)

    def keep(self, rows: Bool[np.ndarray, " n"]) -> None:
        """Go on with some rows only."""
        self.z, self.u, self.rate = self.z[rows], self.u[rows], self.rate[rows]
        self.length, self.scale = self.length[rows], self.scale[rows]

    def _rate(self, z: Float[np.ndarray, "n p"]) -> Float[np.ndarray, "n p"]:
        d, asarray = self.dynamics.state_size, self.dynamics.arrays.asarray
        x, u = asarray(z[:, :d]), asarray(self.u)
        moved = to_numpy(self.dynamics.step(x, u)).astype(np.float64)
        if z.shape[1] == d:
            return moved
        slope = to_numpy(self.dynamics.jacobian(x, u)).astype(np.float64)
        grown = slope @ z[:, d:].reshape(len(z), d, -1)
        return np.concatenate([moved, grown.reshape(len(z), -1)], axis=1)

    def _error(
        self, stages: Float[np.ndarray, "13 n p"], length: Float[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """Return the estimated error of a step, in units of what is tolerated."""
        d, z = self.dynamics.state_size, self.z
        unit = np.repeat(self.scale[:, None], d, axis=1)
        if z.shape[1] > d:
            grown = _OF_DEVIATIONS * np.abs(z[:, d:]).max(axis=1, keepdims=True)
            unit = np.concatenate([unit, np.broadcast_to(grown, (len(z), z.shape[1] - d))], axis=1)
        fifth, third = (
            np.abs(_weighted(weights, stages) / unit).max(axis=1) / self.tolerance
            for weights in (_coefficients().E5, _coefficients().E3)
        )
        return length * fifth**2 / np.sqrt(np.maximum(fifth**2 + 0.01 * third**2, 1e-300))


@cache
def _coefficients() -> Any:
    """Return SciPy's method; half a second that only flows need."""
    from scipy.integrate import DOP853

    return DOP853


def _weighted(
    weights: Float[np.ndarray, " k"], stages: Float[np.ndarray, "13 n p"]
) -> Float[np.ndarray, "n p"]:
    """Return the sum of the first stages, each with its weight."""
    k = len(weights)
    return (weights @ stages[:k].reshape(k, -1)).reshape(stages.shape[1:])


def integrate(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    duration: Float[np.ndarray, " n"],
    *,
    tolerance: float,
    scale: Float[np.ndarray, " n"],
    most_steps: int = _MOST_STEPS,
) -> Float[np.ndarray, "n d"]:
    """Return the states that a flow brings others to; NaN for rows that are given up.

    Examples
    --------
    >>> from stillpoint import as_system
    >>> decay = as_system(lambda x: -x, state_size=1, kind="flow").dynamics
    >>> after = np.array([np.log(2.0), -np.log(2.0)])
    >>> x, none = np.ones((2, 1)), np.zeros((2, 0))
    >>> integrate(decay, x, none, after, tolerance=1e-12, scale=np.ones(2)).ravel().round(10)
    array([0.5, 2. ])
    """
    return _arrived(March(dynamics, x.copy(), u, tolerance, scale), duration, most_steps)


def integrate_tangent(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    duration: Float[np.ndarray, " n"],
    *,
    tolerance: float,
    scale: Float[np.ndarray, " n"],
    most_steps: int = _MOST_STEPS,
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n d d"]]:
    """Return the same states and their derivatives in where they come from."""
    n, d = x.shape
    z = np.concatenate([x, np.broadcast_to(np.eye(d).ravel(), (n, d * d))], axis=1)
    z = _arrived(March(dynamics, z, u, tolerance, scale), duration, most_steps)
    return z[:, :d], z[:, d:].reshape(n, d, d)


def _arrived(
    march: March, duration: Float[np.ndarray, " n"], most_steps: int
) -> Float[np.ndarray, "n p"]:
    """March until every row has arrived or is lost."""
    d, end = march.dynamics.state_size, np.where(duration[:, None] == 0, march.z, np.nan)
    left, rows = duration.astype(np.float64), np.arange(len(duration))
    going: Bool[np.ndarray, " n"] | Int[np.ndarray, " n"] = (left != 0) & np.isfinite(left)
    for _ in range(most_steps):
        march.keep(going)
        left, rows = left[going], rows[going]
        if not len(rows):
            break
        left = left - march.advance(left)
        arrived = left == 0
        end[rows[arrived]] = march.z[arrived]
        going = ~arrived & (np.abs(march.z[:, :d]).max(axis=1) < _AWAY * march.scale)
    return end
