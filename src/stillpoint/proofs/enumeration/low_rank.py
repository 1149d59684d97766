"""The fixed points of a network of low rank as the zeros of few equations in few unknowns.

Let r = phi(W r + c) and W = U V^T + D with U, V of q columns and a small remainder D. Then r is
determined by its latent state z = V^T r: since phi' <= 1 and delta = |D|_inf < 1, the equation
r = phi(U z + c + D r) has one solution R(z) for every z, and the fixed points are the zeros of
p(z) = V^T R(z) - z, one to one. W is not approximated: D stays in all bounds.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float
from scipy.linalg import qr

from ..._core.arrays import solve_rows
from ...dynamics import LowRank, RateForm, Weights, activation
from ...intervals import EPS, Interval
from ...intervals.linalg import row_sums
from .pieces import PiecewiseEquations

# What may be left of W, in the row-sum norm: it blurs p by about as much.
_REMAINDER = 1e-5

# Of large weights, what rounding leaves, relative to them, but never more than this.
_ROUNDING, _MOST = 1e-12, 1e-2

# How often corrections are made that lower an error by about the remainder each time.
_CORRECTIONS = 4


@dataclass(frozen=True, eq=False)
class Latent(PiecewiseEquations):
    """p(z) = V^T R(z) - z over boxes of latent states, with R(z) = phi(U z + c + D R(z)).

    U and V are exact; `remainder` bounds the row sums of |D|, its maximum is below 1.

    Examples
    --------
    >>> form = RateForm(np.array([[2.0]]), Interval(np.zeros(1)), "tanh", of_currents=False)
    >>> latent = latent_of(form, most=1)
    >>> latent.residual(Interval(np.array([[0.0], [0.9]]))).excludes_zero.tolist()
    [[False], [True]]
    """

    form: RateForm
    U: Float[np.ndarray, "d q"]
    V: Float[np.ndarray, "d q"]
    remainder: Float[np.ndarray, " d"]
    region: Interval | None = None

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.U.shape[1]

    @property
    def work(self) -> int:  # type: ignore[override]
        return len(self.U) * self.size**2

    @cached_property
    def delta(self) -> Interval:
        """|D|_inf, shape (1,)."""
        return Interval(self.remainder.max(keepdims=True))

    @property
    def weights(self) -> Float[np.ndarray, "h n"]:
        W = self.form.W  # rows of W = U V^T are dependent where those of U are
        return W.U if isinstance(W, LowRank) else W

    @property
    def constants(self) -> Interval:
        return self.form.c

    @property
    def rests_at_zero(self) -> bool:
        return self.form.rests_at_zero

    def hyperplanes(self) -> tuple[Interval, Interval]:
        """Return enclosures of normals, shape (h, q), and offsets, (h,), whatever the region.

        The remainder moves the hyperplanes: in a region with rates r = S a, S a diagonal of zeros
        and ones, a = U z + c + D S a = (I - D S)^-1 (U z + c). So row i of U and c moves by at most
        |D_i| / (1 - delta) times the largest entry of a column.
        """
        c, reach = self.form.c, Interval(self.remainder) / (1.0 - self.delta)
        moved = (reach[:, None] * np.abs(self.U).max(axis=0)).magnitude
        shifted = (reach * c.magnitude.max()).magnitude
        return Interval(self.U, moved), c + Interval(np.zeros(len(moved)), shifted)

    def drive(self, z: Interval) -> Interval:
        """Return an enclosure of U z + c + D R(z) over boxes, shape (n, d).

        The part of D is at most |D| |R|, where |R| is bounded by phi's range, or else by
        |R| <= |phi(0)| + |U z + c| + delta |R|.
        """
        plain = z @ self.U.T + self.form.c
        if not self.remainder.any():
            return plain
        phi = self.form.activation
        at_zero = phi.value(Interval(np.zeros(1)))
        rates = (Interval(plain.magnitude.max(axis=1)) + at_zero) / (1.0 - self.delta)
        most = np.minimum(rates.magnitude, 1.0) if phi.bounded else rates.magnitude
        moved = Interval(most)[:, None] * self.remainder
        return plain + Interval(np.zeros(plain.shape), moved.magnitude)

    def residual(self, z: Interval) -> Interval:
        return self.form.activation.value(self.drive(z)) @ self.V - z

    def jacobian(self, z: Interval) -> Interval:
        return self.slopes_of(slopes(self.form.phi, self.drive(z)))  # at kinks of both sides

    def slopes_of(self, slopes: Interval) -> Interval:
        """Return V^T (I - S D)^-1 S U - I for slopes S of phi, shape (n, d) to (n, q, q).

        (I - S D)^-1 - I is at most delta / (1 - delta) in the row-sum norm.
        """
        total = (slopes @ self._products).each(lambda p: p.reshape(-1, self.size, self.size))
        blur = Interval(self._blur) * np.abs(self.U).max(axis=0, initial=0.0)
        return total - np.eye(self.size) + Interval(np.zeros(blur.shape), blur.magnitude)

    def offsets_of(self, slopes: Interval) -> Interval:
        """Return V^T (I - S D)^-1 S c, shape (n, d) to (n, q)."""
        blur = Interval(self._blur[:, 0]) * self.form.c.magnitude.max()
        plain = (slopes * self.form.c) @ self.V
        return plain + Interval(np.zeros(plain.shape), np.zeros(plain.shape) + blur.magnitude)

    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        if self.remainder.any():  # what is enclosed is blurred by it, what it does is not
            for _ in range(_CORRECTIONS):
                excess = self._rates(z) @ self.V - z
                z = z - solve_rows(self.jacobian(Interval(z)).mid, excess)
        return self.form.states(self._rates(z))

    def _rates(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        """Return R(z) to rounding."""
        value = self.form.activation.value
        explained = z @ self.U.T + self.form.c.mid
        rates = value(explained)
        for _ in range(_CORRECTIONS if self.remainder.any() else 0):
            rates = value(explained + rates @ self.form.W.T - (rates @ self.V) @ self.U.T)
        return rates

    @cached_property
    def _products(self) -> Interval:
        """V_ki U_kj, shape (d, q q)."""
        products = Interval(self.V[:, :, None]) * self.U[:, None, :]
        return products.each(lambda p: p.reshape(len(self.V), -1))

    @cached_property
    def _blur(self) -> Float[np.ndarray, "q 1"]:
        """|V^T| delta / (1 - delta): what D can add to V^T S v, relative to |v|_inf."""
        sums = Interval(row_sums(Interval(self.V.T)))
        return (sums * (self.delta / (1.0 - self.delta))).magnitude[:, None]


def slopes(phi: str, drive: Interval) -> Interval:
    """Return an enclosure of all slopes of an activation between any two drives of an interval.

    Slopes of bell shape are written so that the interval occurs once, in a square.

    Examples
    --------
    >>> bool(slopes("sigmoid", Interval(np.zeros(1), np.ones(1))).upper[0] < 0.2501)
    True
    """
    value = activation(phi).value(drive)
    if phi == "tanh":
        return 1 - value * value
    if phi == "sigmoid":
        centred = value - 0.5
        return 0.25 - centred * centred
    return activation(phi).slope(drive, value)


def latent_of(form: RateForm, most: int) -> Latent | None:
    """Return the equations in the fewest latent states, or None if more than `most` are needed.

    U and V are the factors of W where it is kept as such, unless fewer columns will do. Otherwise U
    holds columns of W, chosen by a pivoted QR decomposition, and V^T W's coordinates in them; where
    as many as units are needed, the latent states are the rates themselves.
    """
    W, d = form.matrix, len(form.W)
    if _are_needed(form.W) and form.W.rank <= most:
        return Latent(form, form.W.U, form.W.V, np.zeros(d), _region(form, form.W.V))
    order = qr(W.mid, mode="r", pivoting=True)[1]
    for size in range(1, min(most, d - 1) + 1):
        U = W.mid[:, order[:size]]
        V = np.linalg.lstsq(U, W.mid, rcond=None)[0].T
        remainder = row_sums(W - Interval(U) @ V.T)
        if remainder.max() < max(_REMAINDER, min(_MOST, _ROUNDING * row_sums(W).max())):
            return Latent(form, U, V, remainder, _region(form, V))
    if d > most:
        return None
    rounding = W.radius.sum(axis=1) * (1 + 2 * d * EPS)
    return Latent(form, W.mid, np.eye(d), rounding, _region(form, np.eye(d)))


def _are_needed(W: Weights) -> bool:
    """Whether weights are kept as factors all of whose columns count, fewer than units."""
    if not isinstance(W, LowRank) or W.rank >= len(W):
        return False
    return all(np.linalg.matrix_rank(factor) == W.rank for factor in (W.U, W.V))


def _region(form: RateForm, V: Float[np.ndarray, "d q"]) -> Interval | None:
    """Return a box that holds V^T r for the rates of all fixed points, or None."""
    return None if form.bounds is None else form.bounds @ V
