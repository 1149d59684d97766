"""Where the fixed points y = T(y) lie of which z = V^T y is in a box: y = y0 + G dz + H e.

With any X, all y are X z + P y, where P = I - X V^T. On a form of that, in dz and |e| <= 1, the
network's own text gives T(y) = m + A dz + B e +- room, everything that is not linear in the room.
So, with any N,

    (H - B) e = m - y0 + (A - G) dz +- room,
    y = y0 + G dz + N (m - y0) + N (A - G) dz +- |N| room +- |H - N (H - B)|,

and where N is near H (H - B)^-1 the last term is rounding. What is new in this has the form of what
was known, and H is N room: the turns go on until no more is gained. No contraction is assumed. That
V^T y = z is the equation p(z) = V^T y - z = 0, linear in dz but for |V^T N| room.

Rounding. Forms of the text enclose their own (`intervals/affine.py`). What it can make of the sums
here is bounded by n EPS times the sizes of all terms, and kept as a bound `loose` of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ....intervals import EPS, AffineForm, Interval, upward
from ....intervals.linalg import approximate_inverse
from ...krawczyk import EquilibriumForm
from .image import Linear, products, weighted

_Rows = Float[np.ndarray, "n d"]
_Vectors = Float[np.ndarray, "n k"]
_Columns = Float[np.ndarray, "n k d"]
_Matrices = Float[np.ndarray, "n d d"]

# No direction of H is shorter, so that it can be inverted.
_LEAST = 1e-30


class Held(NamedTuple):
    """What is known on a box: y = y0 + G (z - z0) + H e +- loose, |e| <= 1, between bounds.

    G and H are transposed.
    """

    z0: _Vectors
    y0: _Rows
    G: _Columns
    H: _Matrices
    loose: _Rows
    low: _Rows
    high: _Rows

    def where(self, finite: Bool[np.ndarray, " n"], others: Held) -> Held:
        """Return these rows where a condition holds, and else others; bounds are these."""
        chosen = []
        for new, old in zip(self[:5], others[:5], strict=True):
            chosen.append(np.where(finite.reshape(-1, *[1] * (new.ndim - 1)), new, old))
        z0, y0, G, H, loose = chosen
        return Held(z0, y0, G, H, loose, self.low, self.high)


class Turn(NamedTuple):
    """What a turn makes of boxes: what is known, p, the slopes A of T, where there is nothing."""

    held: Held
    p: Linear
    A: _Columns
    empty: Bool[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Slices:
    """Fixed points of an equilibrium form in boxes of V^T y, whose centres and radii are given."""

    form: EquilibriumForm
    V: Float[np.ndarray, "d k"]
    X: Float[np.ndarray, "d k"]

    def whole(self) -> Held:
        """Return what is known at first: the box of all fixed points, shape (1, ...)."""
        box = self.form.region
        assert box is not None
        y, d, k = box[None], len(self.V), self.V.shape[1]
        G, H = np.zeros((1, k, d)), box.radius[None, :, None] * np.eye(d)
        z0 = y.mid @ self.V
        return Held(z0, y.mid, G, H, np.zeros((1, d)), y.lower, y.upper)

    def turn(self, z: _Vectors, rho: _Vectors, held: Held) -> Turn:
        """Return what is known after another look at T."""
        held, k, eps = self._centred(z, held), self.V.shape[1], self.n_ops * EPS
        y, G = self._form_of(rho, held), rho[:, :, None] * held.G
        g = self.form.residual(y)
        T = y + g
        A, B, further = np.split(T.G, [k, y.G.shape[1]], axis=1)
        m, y0 = T.mid, held.y0
        low, high = np.fmax(held.low, T.lower), np.fmin(held.high, T.upper)
        empty = np.asarray(g.excludes_zero.any(axis=1) | (low > high).any(axis=1))
        room = upward(T.rest + held.loose + np.abs(further).sum(axis=1), self.n_ops)
        room = np.maximum(room, _LEAST)

        H = np.swapaxes(held.H, 1, 2)
        left = H - np.swapaxes(B, 1, 2)
        N = H @ approximate_inverse(left)
        moved, turned = products(N, m - y0), (A - G) @ np.swapaxes(N, 1, 2)
        centre, slope = y0 + moved, G + turned
        of_G, of_H = np.abs(G).sum(axis=1), np.abs(H).sum(axis=2)
        terms = np.abs(m) + np.abs(y0) + np.abs(A).sum(axis=1) + of_G
        terms = terms + of_H + np.abs(B).sum(axis=1) + room
        loose = np.abs(H - N @ left).sum(axis=2) + held.loose
        own = np.abs(y0) + np.abs(centre) + of_G + np.abs(slope).sum(axis=1) + of_H
        loose = upward(loose + eps * (own + products(np.abs(N), terms)), self.n_ops)
        new = Held(
            z,
            centre,
            slope / rho[:, :, None],
            np.swapaxes(N * room[:, None], 1, 2),
            loose,
            low,
            high,
        )
        finite = np.isfinite(loose).all(axis=1) & np.isfinite(new.G).all(axis=(1, 2))
        N = np.where(finite[:, None, None], N, np.nan)
        new = self._bounded(rho, new.where(finite, held))
        return Turn(new, self._linear(z, rho, new, N, room), A, empty)

    def bounds(self, z: _Vectors, rho: _Vectors, held: Held) -> Held:
        """Return what is known of smaller boxes."""
        return self._bounded(rho, self._centred(z, held))

    # -- inside -------------------------------------------------------------------------------

    def _centred(self, z: _Vectors, held: Held) -> Held:
        dz = z - held.z0
        y0 = held.y0 + (dz[:, None] @ held.G)[:, 0]
        lost = np.abs(y0) + np.abs(held.y0) + weighted(held.G, np.abs(dz))
        loose = upward(held.loose + self.n_ops * EPS * lost, self.n_ops)
        return held._replace(z0=z, y0=y0, loose=loose)

    def _form_of(self, rho: _Vectors, held: Held) -> AffineForm:
        """Return X z + P y as a form, which is y."""
        P, lost_of_P, eps = self._rest.mid.T, self._rest.radius.T, self.n_ops * EPS
        G = rho[:, :, None] * held.G
        generators = np.concatenate([rho[:, :, None] * self.X.T + G @ P, held.H @ P], axis=1)
        size = np.abs(held.y0) + np.abs(G).sum(axis=1) + np.abs(held.H).sum(axis=1)
        along = (np.abs(held.z0) + rho) @ np.abs(self.X.T)
        rest = eps * (along + size @ np.abs(P)) + (size + held.loose) @ lost_of_P
        rest = upward(rest + held.loose @ np.abs(P), self.n_ops)
        mid = held.z0 @ self.X.T + held.y0 @ P
        form = AffineForm.box(mid, generators, rest)
        return form.within(held.low, held.high)

    def _bounded(self, rho: _Vectors, held: Held) -> Held:
        """Return the same with bounds that are no wider than the rest says."""
        around = weighted(held.G, rho) + np.abs(held.H).sum(axis=1) + held.loose
        around = upward(around, self.n_ops)
        low = np.fmax(held.low, np.nextafter(held.y0 - around, -np.inf))
        high = np.fmin(held.high, np.nextafter(held.y0 + around, np.inf))
        return held._replace(low=low, high=high)

    def _linear(self, z: _Vectors, rho: _Vectors, held: Held, N: _Matrices, room: _Rows) -> Linear:
        """Return V^T y - z; NaN where N is not what H was made of."""
        V, size, eps = self.V, np.abs(self.V), self.n_ops * EPS
        slope = held.G @ V - np.eye(V.shape[1])
        lost = np.abs(held.y0) + weighted(held.G, rho) + products(np.abs(N), room)
        loose = (held.loose + eps * lost) @ size + eps * (np.abs(z) + rho)
        Q = np.swapaxes(np.swapaxes(N, 1, 2) @ V, 1, 2)
        return Linear(held.y0 @ V - z, slope, Q, room, upward(loose, self.n_ops))

    @cached_property
    def n_ops(self) -> int:
        """More than the operations behind any entry of a sum of products here."""
        return 8 * (sum(self.V.shape) + 16)

    @cached_property
    def _rest(self) -> Interval:
        """P, enclosed."""
        return np.eye(len(self.V)) - Interval(self.X) @ self.V.T
