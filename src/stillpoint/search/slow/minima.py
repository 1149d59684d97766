"""The shape of q around states where it may have a minimum: slope, curvature, how it widens."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.linalg import null_space

from ..._core.arrays import finite_or_zero, host
from ...dynamics import Dynamics, PiecewiseLinear
from ...dynamics.transforms import Descent
from ..run import half_square

# Where the speed is looked at along a line, relative to the size of the state, and how often.
_FURTHEST = 10.0
_NEAREST = 1e-10
_SAMPLES = 256

# At a minimum the quadratic model of q predicts at most this reduction, as a fraction of q.
_PREDICTED = 1e-6

# Directions with a curvature below this, relative to the largest, count as curved that much.
_FLATTEST = 1e-14

# Shares of the sides of kinks are computed to this.
_EXACT = 1e-15

# Slopes across a kink that fall off both ways by more than this, relative to the speed, make a
# ridge.
_SHARPEST = 1e-9


@dataclass(frozen=True)
class Shape:
    """What q looks like around k states.

    Attributes
    ----------
    motion
        r = F(x, u) - x (f for a flow), shape (k, d).
    slope
        The Jacobian of r, on kinks the mixture of those of its sides with the smallest J^T r.
    gradient
        slope^T r, shape (k, d).
    curvature
        The smallest eigenvalue of the Hessian of q, along kinks only where there are any;
        infinity where these leave no direction.
    softest
        The direction that belongs to it; where kinks leave none, that off one of them.
    predicted_reduction
        By how much the quadratic model says that q can still fall, as a fraction of q.
    n_kinks
        How many kinks meet at each state.
    is_ridge
        Whether q falls away on both sides of one of them.
    """

    motion: Float[np.ndarray, "k d"]
    slope: Float[np.ndarray, "k d d"]
    gradient: Float[np.ndarray, "k d"]
    curvature: Float[np.ndarray, " k"]
    softest: Float[np.ndarray, "k d"]
    predicted_reduction: Float[np.ndarray, " k"]
    n_kinks: Int[np.ndarray, " k"]
    is_ridge: Bool[np.ndarray, " k"]

    @property
    def speed(self) -> Float[np.ndarray, " k"]:
        """|r|."""
        return np.linalg.norm(self.motion, axis=1)

    def is_minimum(self, slope_tol: float, resolution: float) -> Bool[np.ndarray, " k"]:
        """Return where the gradient vanishes, up to rounding, and no direction leads down."""
        gradient = np.linalg.norm(self.gradient, axis=1)
        steepness = np.maximum(1.0, np.linalg.norm(self.slope, axis=(1, 2)))
        level = gradient <= steepness * (slope_tol * self.speed + 64 * resolution)
        bends_up = self.curvature >= -np.sqrt(resolution) * steepness**2
        return level & bends_up & (self.predicted_reduction <= _PREDICTED) & ~self.is_ridge


def shape_at(dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]) -> Shape:
    """Return the shape of q around states."""
    form = dynamics.piecewise_linear()
    return _smooth(dynamics, x, u) if form is None else _on_pieces(form, x, u)


def _smooth(dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]) -> Shape:
    asarray, motion = dynamics.arrays.asarray, dynamics.residual_problem()
    states, inputs = asarray(x), asarray(u)
    residual, slope = (host(f(states, inputs)) for f in (motion.residual, motion.jacobian))
    values, vectors = np.linalg.eigh(
        finite_or_zero(-host(Descent(dynamics).jacobian(states, inputs)))
    )
    gradient = np.einsum("kij,ki->kj", slope, residual)
    along = np.einsum("kij,ki->kj", vectors, gradient)
    bends = np.maximum(values, _FLATTEST * values[:, -1:]) + np.finfo(np.float64).tiny
    twice_q = np.sum(residual**2, axis=1) + np.finfo(np.float64).tiny
    return Shape(
        residual,
        slope,
        gradient,
        curvature=values[:, 0],
        softest=vectors[:, :, 0],
        predicted_reduction=np.sum(along**2 / bends, axis=1) / twice_q,
        n_kinks=np.zeros(len(x), dtype=np.int64),
        is_ridge=np.zeros(len(x), dtype=bool),
    )


def _on_pieces(
    form: PiecewiseLinear, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Shape:
    residual, drive, kinks = form.residual(x, u), form.drive(x, u), form.on_kinks(x, u)
    share = np.where(kinks, 0.0, drive > 0)
    from scipy.optimize import lsq_linear  # takes long to import, and few networks have kinks

    across = residual @ form.L
    curvature, softest = np.full(len(x), np.inf), np.zeros_like(x)
    speed = np.linalg.norm(residual, axis=1, keepdims=True)
    for k in range(len(x)):
        held = np.flatnonzero(kinks[k])
        (slope,) = form.slope_at(share[k : k + 1])
        if len(held):
            pushes = (across[k, held, None] * form.K[held]).T
            pull = -slope.T @ residual[k]
            found = lsq_linear(pushes, pull, bounds=(0, 1), method="bvls", tol=_EXACT)
            share[k, held] = found.x
        free = null_space(form.K[held]) if len(held) else np.eye(x.shape[1])
        if free.shape[1]:
            values, vectors = np.linalg.eigh(free.T @ slope.T @ slope @ free)
            curvature[k], softest[k] = values[0], free @ vectors[:, 0]
        else:  # along no kink; the way off the one that holds it least is the softest
            least = held[np.argmax(np.abs(share[k, held] - 0.5))]
            softest[k] = form.K[least] / np.linalg.norm(form.K[least])
    slopes = form.slope_at(share)
    gradient = np.einsum("kij,ki->kj", slopes, residual)
    return Shape(
        residual,
        slopes,
        gradient,
        curvature,
        softest,
        predicted_reduction=np.zeros(
            len(x)
        ),  # along its kinks a row is at the minimum of its piece
        n_kinks=kinks.sum(axis=1),
        is_ridge=(kinks & (across < -_SHARPEST * speed)).any(axis=1),
    )


def dwell_times(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"], shape: Shape
) -> Float[np.ndarray, " k"]:
    """Return how long orbits stay where the speed is below twice its minimum.

    At a minimum with q > 0 the Jacobian of the motion r is singular. An orbit passes along its
    null direction v with velocity |r(y)| / cos(r, v) at x + y v, so the time is the integral of
    cos(r, v) / |r(y)| over the y where |r| has not doubled yet. Near a fold it is half of the
    passage time pi / sqrt(e a) of the normal form dy/dt = e + a y^2 (Strogatz 1994, section 4.3).
    Infinite where the motion does not double within ten times the size of the state. The motion
    must not be zero.
    """
    times = np.empty(len(x))
    direction = np.linalg.svd(finite_or_zero(shape.slope))[2][:, -1, :] if len(x) else x
    size = np.maximum(1.0, np.abs(x).max(axis=1, initial=0.0))
    for k in range(len(x)):
        cosine = abs(shape.motion[k] @ direction[k]) / shape.speed[k]
        y = size[k] * np.concatenate([[0.0], np.geomspace(_NEAREST, _FURTHEST, _SAMPLES)])
        sides = [
            _time_until_doubled(dynamics, x[k], u[k], sign * direction[k], y) for sign in (1, -1)
        ]
        times[k] = cosine * sum(sides)
    return times


def _time_until_doubled(
    dynamics: Dynamics,
    x: Float[np.ndarray, " d"],
    u: Float[np.ndarray, " m"],
    direction: Float[np.ndarray, " d"],
    y: Float[np.ndarray, " s"],
) -> float:
    """Return the integral of 1 / |r| along a line, up to where |r| is twice that at its start."""
    states = x + y[:, None] * direction
    speed = np.sqrt(2 * half_square(dynamics, states, np.broadcast_to(u, (len(y), len(u)))))
    beyond = np.flatnonzero(~(speed < 2 * speed[0]))
    if not len(beyond):
        return np.inf
    last = beyond[0]
    y, speed = y[: last + 1].copy(), speed[: last + 1].copy()
    share = (2 * speed[0] - speed[last - 1]) / (speed[last] - speed[last - 1])
    y[last] = y[last - 1] + share * (y[last] - y[last - 1])
    speed[last] = 2 * speed[0]
    return float(np.trapezoid(1 / speed, y))
