"""What the equations of a network look like where they are known in closed form.

Plain data, on the host: the matrices of a motion that is linear between kinks, and the weights of
fixed points r = phi(W r + c). What makes something zero works on these; they know no solver.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import to_numpy
from ..intervals import Interval
from ..intervals.linalg import solve_enclosed
from .activations import Activation, activation
from .low_rank import Weights, block, enclosed
from .trapping import bounds_of_rates, range_of

Vectors = Float[np.ndarray, "n _"]

# A drive smaller than this, relative to what it is a sum of, is zero to rounding.
_ROUNDING = 1e-12


@dataclass(frozen=True)
class PiecewiseLinear:
    """The motion r(x, u) = L max(0, K x + K_u u + k) + M x + M_u u + c, on the host.

    A kink is a hyperplane where one of the drives K x + K_u u + k is zero. Between kinks the
    motion is linear and q = 1/2 |r|^2 is a convex quadratic function, so that its minima can be
    computed rather than approached.
    """

    L: Float[np.ndarray, "d h"]
    K: Float[np.ndarray, "h d"]
    K_u: Float[np.ndarray, "h m"]
    k: Float[np.ndarray, " h"]
    M: Float[np.ndarray, "d d"]
    M_u: Float[np.ndarray, "d m"]
    c: Float[np.ndarray, " d"]

    @classmethod
    def without_kinks(
        cls, M: Float[np.ndarray, "d d"], M_u: Float[np.ndarray, "d m"], c: Float[np.ndarray, " d"]
    ) -> PiecewiseLinear:
        """Return the motion M x + M_u u + c."""
        return cls(M[:, :0], M[:0], M_u[:0], c[:0], M, M_u, c)

    def drive(self, x: Vectors, u: Any) -> Float[np.ndarray, "n h"]:
        """Return K x + K_u u + k, whose signs say which piece a state lies in."""
        return x @ self.K.T + to_numpy(u) @ self.K_u.T + self.k

    def sizes(self, u: Float[np.ndarray, " m"]) -> Float[np.ndarray, " k"]:
        """Return the sizes of states at which weights weigh as much as each of the constants."""
        constants = self.drive(np.zeros((1, len(self.c))), u[None])[0], self.M_u @ u + self.c
        weights = self.K, self.M + self.L @ self.K
        largest = [np.abs(matrix).max(axis=1, initial=0.0) for matrix in weights]
        size = np.abs(np.concatenate(constants)) / np.concatenate(largest)
        return size[np.isfinite(size)]

    def residual(self, x: Vectors, u: Any) -> Vectors:
        """Return r(x, u), shape (n, d)."""
        return self.motion(x, u, np.maximum(self.drive(x, u), 0.0))

    def motion(self, x: Vectors, u: Any, rectified: Float[np.ndarray, "n h"]) -> Vectors:
        """Return r(x, u), given the rectified drives."""
        return rectified @ self.L.T + x @ self.M.T + to_numpy(u) @ self.M_u.T + self.c

    def jacobian(self, x: Vectors, u: Any) -> Float[np.ndarray, "n d d"]:
        """Return dr_i / dx_j on the piece of each state; on a kink, as if the drive were < 0."""
        return self.slope_at((self.drive(x, u) > 0).astype(np.float64))

    def slope_at(self, share: Float[np.ndarray, "n h"]) -> Float[np.ndarray, "n d d"]:
        """Return L diag(share) K + M: shares are 0 or 1 on a piece, between them on a kink."""
        if self._one_drive_each:  # L is the identity: a share scales a row of K
            slope = share[:, :, None] * self.K
        else:
            slope = np.matmul(self.L * share[:, None, :], self.K)
        slope += self.M
        return slope

    @cached_property
    def _one_drive_each(self) -> bool:
        d, h = self.L.shape
        return d == h and np.array_equal(self.L, np.eye(d))

    def restricted(
        self, kept: Int[np.ndarray, " i"], held: Int[np.ndarray, " j"]
    ) -> PiecewiseLinear:
        """Return the motion of some units; the others become inputs behind the old ones."""
        return PiecewiseLinear(
            L=self.L[kept],
            K=self.K[:, kept],
            K_u=np.hstack([self.K_u, self.K[:, held]]),
            k=self.k,
            M=self.M[np.ix_(kept, kept)],
            M_u=np.hstack([self.M_u, self.M[:, held]])[kept],
            c=self.c[kept],
        )

    def clamped(self, places: Int[np.ndarray, " f"], fixed: Any) -> PiecewiseLinear:
        """Return the motion with some inputs fixed."""
        free, values = np.setdiff1d(np.arange(self.K_u.shape[1]), places), to_numpy(fixed)
        return replace(
            self,
            K_u=self.K_u[:, free],
            k=self.k + self.K_u[:, places] @ values,
            M_u=self.M_u[:, free],
            c=self.c + self.M_u[:, places] @ values,
        )

    def rescaled(self, scale: Float[np.ndarray, " d"]) -> PiecewiseLinear:
        """Return the motion of z = x / scale, with drives that are of ordinary size, too."""
        K = self.K * scale
        largest = np.abs(K).max(axis=1, initial=0.0)
        drive = np.exp2(np.rint(np.log2(np.where(largest > 0, largest, 1.0))))
        return PiecewiseLinear(
            L=self.L * drive / scale[:, None],
            K=K / drive[:, None],
            K_u=self.K_u / drive[:, None],
            k=self.k / drive,
            M=self.M * scale / scale[:, None],
            M_u=self.M_u / scale[:, None],
            c=self.c / scale,
        )

    def slowed(self, alpha: Float[np.ndarray, " d"]) -> PiecewiseLinear:
        """Return the motion that is `alpha` times this one, unit by unit."""
        of_rows = alpha[:, None]
        return replace(
            self,
            L=of_rows * self.L,
            M=of_rows * self.M,
            M_u=of_rows * self.M_u,
            c=alpha * self.c,
        )

    def on_kinks(self, x: Vectors, u: Any) -> Bool[np.ndarray, "n h"]:
        """Return which drives are zero to rounding, so that the state lies on their kinks.

        Drives that no state variable moves, or that move none, have no kink.

        Examples
        --------
        >>> one, none = np.eye(1), np.zeros((1, 0))
        >>> relu = PiecewiseLinear(one, one, none, np.zeros(1), -one, none, np.zeros(1))
        >>> relu.on_kinks(np.array([[0.0], [1.0]]), np.zeros((2, 0))).tolist()
        [[True], [False]]
        """
        reach = np.abs(self.K).sum(axis=1)
        largest = np.abs(x).max(axis=1, initial=0.0)[:, None]
        inputs = np.abs(to_numpy(u)) @ np.abs(self.K_u).T
        size = np.maximum(reach * largest + inputs + np.abs(self.k), np.finfo(np.float64).tiny)
        real = (reach > 0) & (np.abs(self.L).sum(axis=0) > 0)
        return real & (np.abs(self.drive(x, u)) <= _ROUNDING * size)


@dataclass(frozen=True, eq=False)
class RateForm:
    """The equations r = phi(W r + c) of the rates r under one constant input.

    An Elman network x' = phi(W x + c) has its rates for a state. A leaky one rests where
    x = W phi(x) + c, so that its rates r = phi(x) solve the same equations and its state is their
    current W r + c (`of_currents`). The two sets of fixed points are images of one another, one to
    one. W is exact, or its factors are (`LowRank`); c = B u + b is enclosed, shape (d,).

    Examples
    --------
    >>> form = RateForm(np.array([[2.0]]), Interval(np.zeros(1)), "tanh", of_currents=True)
    >>> form.states(np.array([[0.5]]))
    array([[1.]])
    """

    W: Weights
    c: Interval
    phi: str
    of_currents: bool

    @property
    def activation(self) -> Activation:
        """The activation function."""
        return activation(self.phi)

    @cached_property
    def matrix(self) -> Interval:
        """An enclosure of W, shape (d, d)."""
        return enclosed(self.W)

    @cached_property
    def bounds(self) -> Interval | None:
        """A box that holds the rates of all fixed points, shape (d,), or None."""
        return bounds_of_rates(self.W, self.c, self.phi)

    @property
    def rests_at_zero(self) -> bool:
        """Whether r = 0 is a fixed point for certain, as no rectified unit is driven there."""
        return self.phi == "relu" and bool(((self.c.upper < 0) | self.c.is_zero).all())

    def rates(self, x: Interval) -> Interval:
        """Return the rates that belong to states, shape (n, d)."""
        return self.activation.value(x) if self.of_currents else x

    def states(self, rates: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
        """Return the states that belong to the rates of fixed points, to rounding."""
        return rates @ self.W.T + self.c.mid if self.of_currents else rates

    def restricted(
        self, kept: Int[np.ndarray, " i"], held: Int[np.ndarray, " j"], x_held: Interval
    ) -> RateForm:
        """Return the form of some units, the others held at states `x_held`, shape (1, j)."""
        from_held = enclosed(block(self.W, kept, held))
        c = offset(self.rates(x_held), from_held, self.c[kept])
        return replace(self, W=block(self.W, kept, kept), c=c)


@dataclass(frozen=True, eq=False)
class HiddenForm:
    """The equations L phi(K x + k) + M x + c = 0 of rest under one constant input.

    L, shape (d, h), and K, (h, d), are exact; k, (h,), M, (d, d), and c, (d,), are enclosed.

    Examples
    --------
    >>> one, zero = np.ones((1, 1)), Interval(np.zeros(1))
    >>> form = HiddenForm(one, one, zero, Interval(-0.5 * one), zero, "tanh")
    >>> form.bounds.upper.round(12)
    array([2.])
    """

    L: Float[np.ndarray, "d h"]
    K: Float[np.ndarray, "h d"]
    k: Interval
    M: Interval
    c: Interval
    phi: str

    @property
    def activation(self) -> Activation:
        """The activation function."""
        return activation(self.phi)

    @property
    def bounds(self) -> Interval | None:
        """A box that holds all fixed points, shape (d,), or None."""
        rates = range_of(self.phi, len(self.K))
        if rates is None:
            return None
        box, regular = solve_enclosed(-self.M[None], (rates @ self.L.T + self.c)[None])
        return box[0] if regular[0] else None

    def restricted(
        self, kept: Int[np.ndarray, " i"], held: Int[np.ndarray, " j"], x_held: Interval
    ) -> HiddenForm:
        """Return the form of some units, the others held at states `x_held`, shape (1, j)."""
        k = offset(x_held, Interval(self.K[:, held]), self.k)
        c = offset(x_held, self.M[kept][:, held], self.c[kept])
        return replace(self, L=self.L[kept], K=self.K[:, kept], k=k, M=self.M[kept][:, kept], c=c)


def offset(u: Interval, B: Interval, b: Interval) -> Interval:
    """Return B u + b for one input, shape (1, m), exactly b_i for units that nothing reaches.

    Examples
    --------
    >>> one = Interval(np.ones((1, 1)))
    >>> offset(one, Interval(np.array([[0.0], [0.1]])), Interval(np.zeros(2))).radius > 0
    array([False,  True])
    """
    reached = ~(u.is_zero | B.is_zero).all(axis=1)
    total = (u @ B.T + b)[0]
    return Interval(np.where(reached, total.mid, b.mid), np.where(reached, total.radius, b.radius))
