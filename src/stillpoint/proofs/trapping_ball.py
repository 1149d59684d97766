"""Balls around fixed points of a map that are proved to contract, so that all orbits settle there.

In coordinates x = c + R z a step is G(z) = R^-1 (F(c + R z) - c). If |G(0)| + kappa r <= r with a
bound kappa < 1 of |R^-1 F'(x) R|_2 for all x of the ball |z|_2 <= r, then G maps the ball into
itself and contracts: it holds exactly one fixed point, to which every orbit in it goes (Banach). R
comes from the discrete Lyapunov equation, in whose norm a stable map contracts; any R is sound.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.linalg import solve_discrete_lyapunov

from ..dynamics import Dynamics
from ..intervals import AffineForm, Interval, upward
from ..intervals.linalg import norm_bound, norm_bounds

# Radii are sought by halving between this, relative to max(1, |c|), and so many times less.
_WIDEST = 1.0
_OCTAVES = 40.0
_HALVINGS = 10


@dataclass(frozen=True, eq=False)
class TrappingBalls:
    """Balls c + R z with |z|_2 <= `radius`; 0 where none is proved.

    Attributes
    ----------
    centre, R
        Shapes (n, d) and (n, d, d); both exact.
    inverse, excess
        Near R^-1, and a bound of |R^-1 v| / |inverse v|, infinite where there is none.
    radius
        Shape (n,).
    """

    centre: Float[np.ndarray, "n d"]
    R: Float[np.ndarray, "n d d"]
    inverse: Float[np.ndarray, "n d d"]
    excess: Float[np.ndarray, " n"]
    radius: Float[np.ndarray, " n"]

    @property
    def reach(self) -> Float[np.ndarray, " n"]:
        """A bound of how far from its centre a ball of radius 1 in z reaches."""
        return np.array([norm_bound(Interval(R)) for R in self.R])

    def sizes(self, sets: AffineForm, which: Int[np.ndarray, " j"]) -> Float[np.ndarray, " j"]:
        """Return bounds of |z| of all states of sets, seen from the ball that each is told."""
        turned = (sets - self.centre[which]) @ np.swapaxes(self.inverse[which], 1, 2)
        return upward(turned.length * self.excess[which])


def trapping_balls(
    exact: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> TrappingBalls:
    """Return the largest balls around states that are proved, of dynamics over intervals.

    Examples
    --------
    >>> from stillpoint.cells import VanillaCell
    >>> network = VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1)).interval_extension()
    >>> states = np.array([[0.9575040240772688], [0.0]])  # m = tanh(2 m), and what repels
    >>> balls = trapping_balls(network, states, np.zeros((2, 0)))
    >>> balls.radius.round(2)  # the slope is below 1 where |x| > 0.44
    array([0.51, 0.  ])
    """
    frames = [stable_frame(jacobian) for jacobian in exact.jacobian(Interval(x), Interval(u)).mid]
    R, inverse = (np.stack(parts) for parts in zip(*frames, strict=True))
    defects = np.eye(x.shape[1]) - Interval(inverse) @ R
    off = np.array([norm_bound(defects[k]) for k in range(len(x))])
    excess = np.where(off < 1, upward(1 / np.maximum(1 - off, 1e-300)), np.inf)
    balls = TrappingBalls(x, R, inverse, excess, np.zeros(len(x)))
    moved = exact.step(Interval(x), Interval(u)) - x
    drift = _lengths(Interval(inverse) @ moved[:, :, None]) * excess
    widest = np.log2(_WIDEST * np.maximum(1.0, np.abs(x).max(axis=1)))
    low, high, best = widest - _OCTAVES, widest, np.zeros(len(x))
    for _ in range(_HALVINGS):
        middle = 0.5 * (low + high)
        kappa = _contraction(exact, balls, 2.0**middle, u)
        good = (kappa < 1) & (upward(drift + kappa * 2.0**middle) <= 2.0**middle)
        best = np.where(good, 2.0**middle, best)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return TrappingBalls(x, R, inverse, excess, best)


def _contraction(
    exact: Dynamics, balls: TrappingBalls, r: Float[np.ndarray, " n"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, " n"]:
    """Return bounds of |R^-1 F'(x) R|_2 for all x of balls of radii r."""
    states = AffineForm.ellipsoid(balls.centre, r[:, None, None] * balls.R)
    seen = Interval(balls.inverse) @ (exact.jacobian(states, Interval(u)) @ balls.R)
    return upward(norm_bounds(seen) * balls.excess)


def stable_frame(
    jacobian: Float[np.ndarray, "d d"],
) -> tuple[Float[np.ndarray, "d d"], Float[np.ndarray, "d d"]]:
    """Return R with longest half-axis 1, and its inverse to rounding."""
    identity = np.eye(len(jacobian))
    try:
        P = solve_discrete_lyapunov(jacobian.T, identity)
        L = np.linalg.cholesky(0.5 * (P + P.T)).T
    except (np.linalg.LinAlgError, ValueError):
        return identity, identity  # not stable: no R will do
    R = np.linalg.inv(L)
    R /= np.linalg.norm(R, 2)
    return R, np.linalg.inv(R)


def _lengths(vectors: Interval) -> Float[np.ndarray, " n"]:
    size = vectors.magnitude[:, :, 0]
    return upward(np.sqrt((size * size).sum(axis=1)) + 2.0**-500, size.shape[1] + 8)
