"""W = U V^T + E with few columns in U, where E shrinks all differences of rates.

Slopes S of phi are diagonal, as is D, so that |D S E D^-1|_2 <= |D diag(s) E D^-1|_2 for all slopes
up to s. The scaling D is chosen to make that norm small: with singular vectors u and v of
D diag(s) W D^-1 the singular value sigma changes with log D_i by sigma (u_i^2 - v_i^2).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.optimize import minimize

from ....dynamics import RateForm
from ....intervals import Interval, upward
from ....intervals.linalg import norm_bound
from ..low_rank import slopes

# All singular values behind the leading ones count, by their powers, so that the sum is smooth.
_POWER = 12

# What a scaling costs: wide ones blur first enclosures of rates.
_RIDGE = 1e-2

# Scalings beyond e^14 are of no use.
_WIDEST = 14.0

# Nearly the best scaling will do.
_EFFORT = {"maxiter": 60}

# How far slopes are looked at beyond the drives of fixed points; those that count as less than 1,
# and the least that they count as.
_ROOM, _FLAT, _FLATTEST = 0.1, 0.9, 0.1

# A remainder of a larger norm leaves nothing to be seen of it.
_LARGEST = 0.97


@dataclass(frozen=True, eq=False)
class Splitting:
    """Weights U V^T + E of r = phi(W r + c), U and V exact, shape (d, k), with |E| below 1.

    Attributes
    ----------
    form
        The equations, of a tanh, softplus or rectified network.
    U, V
        The leading directions.
    E
        What else there is of W, enclosed.
    D
        The scaling.
    steepest
        Bounds of the slopes s of phi where fixed points can be, at most 1.
    delta
        A bound of |D diag(s) E D^-1|_2, below 1.
    """

    form: RateForm
    U: Float[np.ndarray, "d k"]
    V: Float[np.ndarray, "d k"]
    E: Interval
    D: Float[np.ndarray, " d"]
    steepest: Float[np.ndarray, " d"]
    delta: float

    @property
    def size(self) -> int:
        """The number k of leading directions."""
        return self.U.shape[1]

    @cached_property
    def reach(self) -> Float[np.ndarray, " d"]:
        """Bounds of how much E x can be in each unit where |D x|_2 <= 1."""
        rows = (self.E / self.D).magnitude
        return upward(np.sqrt(upward((rows * rows).sum(axis=1), len(rows) + 8)))


def splittings(form: RateForm, most: int) -> Iterator[Splitting]:
    """Yield the splittings with at most so many directions whose rest contracts, most first.

    Examples
    --------
    >>> form = RateForm(np.diag([3.0, 0.5]), Interval(np.zeros(2)), "tanh", of_currents=False)
    >>> [(split.size, round(split.delta, 6)) for split in splittings(form, 1)]
    [(1, 0.5)]
    """
    steepest, scaling = steepest_slopes(form), np.zeros(len(form.W))
    for k in range(min(most, len(form.W) - 1), 0, -1):
        scaling = best_scaling(steepest[:, None] * form.matrix.mid, k, scaling)
        split = splitting(form, k, np.exp(scaling), steepest)
        if not split.delta < _LARGEST:
            return
        yield split


def splitting(
    form: RateForm, k: int, D: Float[np.ndarray, " d"], steepest: Float[np.ndarray, " d"]
) -> Splitting:
    """Return the weights in their k largest singular directions and the rest, in a scaling."""
    W = form.matrix
    left, size, right = np.linalg.svd((D * steepest)[:, None] * W.mid / D)
    U = left[:, :k] * np.sqrt(size[:k]) / (D * steepest)[:, None]
    V = right[:k].T * np.sqrt(size[:k]) * D[:, None]
    U, V = with_short_columns(U, V)
    E = W - Interval(U) @ V.T
    delta = norm_bound((Interval(D) * steepest)[:, None] * E / D)
    return Splitting(form, U, V, E, D, steepest, delta)


def with_short_columns(
    U: Float[np.ndarray, "d k"], V: Float[np.ndarray, "d k"]
) -> tuple[Float[np.ndarray, "d k"], Float[np.ndarray, "d k"]]:
    """Return the factors with columns of V that add up to about one, so that |z| is at most that.

    Examples
    --------
    >>> with_short_columns(np.ones((2, 1)), np.ones((2, 1)))[1].ravel()
    array([0.5, 0.5])
    """
    sums = np.abs(V).sum(axis=0)
    sums = np.where(sums > 0, sums, 1.0)
    return U * sums, V / sums


def drives_around(form: RateForm) -> Interval:
    """Return intervals in which the drives of all fixed points lie, with some room around them."""
    if form.bounds is None:
        return Interval(np.zeros(len(form.W)), np.full(len(form.W), np.inf))
    drives = form.bounds @ form.matrix.T + form.c
    return Interval(drives.mid, upward(drives.radius * (1 + _ROOM) + _ROOM))


def steepest_slopes(form: RateForm) -> Float[np.ndarray, " d"]:
    """Return bounds of the slopes of phi on `drives_around`; 1 where that gains little."""
    if form.bounds is None:
        return np.ones(len(form.W))
    steepest = slopes(form.phi, drives_around(form)).upper
    return np.where(steepest < _FLAT, np.maximum(steepest, _FLATTEST), 1.0)


def best_scaling(
    W: Float[np.ndarray, "d d"], k: int, start: Float[np.ndarray, " d"]
) -> Float[np.ndarray, " d"]:
    """Return log D for which the singular values of D W D^-1 behind the first k are small."""

    def size(scaling: Float[np.ndarray, " d"]) -> tuple[float, Float[np.ndarray, " d"]]:
        scaled = np.exp(scaling)[:, None] * W / np.exp(scaling)
        if not np.isfinite(scaled).all():
            return np.inf, np.zeros(len(W))
        left, values, right = np.linalg.svd(scaled)
        values, left, right = values[k:], left[:, k:], right[k:].T
        largest = max(float(values[0]), 1e-300)
        powers = (values / largest) ** _POWER
        change = (left * left - right * right) @ (powers / powers.sum())
        log_size = float(np.log(largest) + np.log(powers.sum()) / _POWER)
        return log_size + _RIDGE * float(scaling @ scaling), change + 2 * _RIDGE * scaling

    with np.errstate(all="ignore"):  # where nothing is left to lower, its steps are 0 / 0
        bounds = [(-_WIDEST, _WIDEST)] * len(W)
        found = minimize(size, start, jac=True, method="L-BFGS-B", bounds=bounds, options=_EFFORT).x
    return found - found.mean() if np.isfinite(found).all() else start


def as_tanh(form: RateForm) -> RateForm:
    """Return the equations of 2 r - 1, which are of tanh, where r are rates of a sigmoid.

    sigmoid(a) = (1 + tanh(a / 2)) / 2, so t = 2 r - 1 solves t = tanh(W / 4 t + (W 1 / 2 + c) / 2).
    """
    if form.phi != "sigmoid":
        return form
    W = form.matrix
    c = 0.5 * ((0.5 * W) @ np.ones(len(form.W)) + form.c)
    return replace(form, W=0.25 * W, c=c, phi="tanh")
