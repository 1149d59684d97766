"""Where the rates r(z) of a splitting are while z moves over a box: r = r0 + G dz + e.

On an interval that holds all drives a = U z + E r + c, phi(a) = m + S a +- eps (`lines.py`). With
a0 = U z0 + E r0 + c, t = m + S a0 - r0, A = U + E G, F = S A - G and dz = z - z0, whatever r0 and G
are,

    e = F dz + S E e + t +- eps,        a = a0 + A dz + E e.

So |D e|_2 <= |D w|_2 / (1 - |D S E D^-1|_2) with w = |F| rho + |t| + eps, each e_i is at most
w_i + S_i |E e|_i, and a narrower interval holds the drives, on which eps is smaller: these take
turns. To first order nothing is lost: with any Q, and H = V^T + Q S E - Q,

    V^T r - z = V^T r0 - z0 + Q t + (V^T G + Q F - I) dz +- |Q| eps + H e.

G and Q need not be exact. Steps G <- S A and Q <- Q + H lead to those for which F and H vanish, and
a box begins with those of the box it is a part of.

Rounding. Midpoints are computed as they stand. What rounding can make of a0, A, H and the rest is
bounded by n EPS times the sizes of all terms, n their number (Jeannerod and Rump 2013), with the
largest of a batch for each unit, and enters w and eps; sums of bounds are rounded up (`upward`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ....intervals import EPS, upward
from .image import Linear, products, weighted
from .lines import LOST, lines, value
from .splitting import Splitting

_Rows = Float[np.ndarray, "n d"]
_Vectors = Float[np.ndarray, "n k"]
_Columns = Float[np.ndarray, "n k d"]

#: Steps towards r0, G and Q in a turn.
STEPS = 2

#: Steps towards the rates at the centre of a box.
CENTRE_STEPS = 6

#: More than a norm loses where squares underflow.
LEAST = 2.0**-500


class Known(NamedTuple):
    """What a box hands on to its parts: bounds of the drives, r0, and G and Q, transposed."""

    low: _Rows
    high: _Rows
    rates: _Rows
    G: _Columns
    Q: _Columns
    centre: _Rows


class Lost(NamedTuple):
    """What rounding can make of a batch: of a0, t, each column of A and F, and H; sizes of G, Q."""

    drive: Float[np.ndarray, " d"]
    rates: Float[np.ndarray, " d"]
    slopes: Float[np.ndarray, " d"]
    left: Float[np.ndarray, "k d"]
    G: Float[np.ndarray, "k d"]
    Q: Float[np.ndarray, "k d"]


class Turn(NamedTuple):
    """r = r0 + G dz +- e on boxes, and what it is made of."""

    known: Known
    A: _Columns
    offset: _Rows
    F: _Columns
    H: _Columns
    blur: _Rows
    e: _Rows
    lost: Lost


@dataclass(frozen=True, eq=False)
class Rates:
    """The rates of a splitting over boxes, shape (n, k), whose centres and radii are given."""

    split: Splitting

    def turn(self, z: _Vectors, rho: _Vectors, known: Known, steps: int = STEPS) -> Turn:
        """Return r0 + G dz +- e on boxes on which the drives are known to lie between bounds."""
        split = self.split
        line = lines(split.form.phi, known.low, known.high)
        known = self.near_centres(z, rho, known, np.minimum(line.steepest, split.steepest))
        line = lines(split.form.phi, known.low, known.high)
        S, plain = line.slope, self._plain(z)
        rates, G, Q = known.rates, known.G, known.Q
        for _ in range(steps):
            rates = line.middle + S * (plain + rates @ self._back)
            G = S[:, None] * self.through(G)
            Q = Q + self.left_over(Q, S)
        at = plain + rates @ self._back
        A, H = self.through(G), self.left_over(Q, S)
        lost = self._lost(z, rates, G, Q, at)
        offset, F = line.middle + S * at - rates, S[:, None] * A - G
        width = rho.sum(axis=1)[:, None]
        blur = line.room + S * lost.drive + lost.rates + lost.slopes * width
        blur = upward(blur, self.n_ops)
        w = upward(weighted(F, rho) + np.abs(offset) + blur, self.n_ops)
        e, moved = self.spread(S, w)
        moved = upward(weighted(A, rho) + lost.slopes * width + moved + lost.drive, self.n_ops)
        known = Known(*_narrower(known, at, moved), rates, G, Q, known.centre)
        return Turn(known, A, offset, F, H, blur, e, lost)

    def near_centres(self, z: _Vectors, rho: _Vectors, known: Known, s: _Rows) -> Known:
        """Return narrower bounds of drives, for slopes of phi up to s.

        With r0 near r(z0), r - r0 = S (U dz + E (r - r0)) + phi(a0) - r0.
        """
        split, plain, centre = self.split, self._plain(z), known.centre
        phi = split.form.phi
        for _ in range(CENTRE_STEPS):
            centre = value(phi, plain + centre @ self._back)
        at = plain + centre @ self._back
        lost = self._lost(z, centre, known.G, known.Q, at)
        off = np.abs(value(phi, at) - centre) + LOST * (1 + np.abs(at))
        s = np.where((known.low <= at) & (at <= known.high), s, 1.0)  # slopes seen from a0
        push = upward(rho @ np.abs(split.U.T) + lost.drive, self.n_ops)
        w = upward(s * push + off, self.n_ops)
        moved = upward(push + self.spread(s, w)[1])
        low, high = _narrower(known, at, moved)
        return known._replace(low=low, high=high, centre=centre)

    def linear(self, z: _Vectors, rho: _Vectors, turn: Turn) -> Linear:
        """Return what the turn makes of p(z) = V^T r - z."""
        known, V, k = turn.known, self.split.V, self.split.size
        Q, lost = known.Q, turn.lost
        value = known.rates @ V - z + products(Q, turn.offset)
        slope = (known.G @ V) + turn.F @ np.swapaxes(Q, 1, 2) - np.eye(k)
        loose = products(np.abs(turn.H) + lost.left, turn.e)
        own = np.abs(known.rates).max(axis=0) @ np.abs(V) + np.abs(z).max(axis=0)
        own = own + lost.Q @ np.abs(turn.offset).max(axis=0)
        turned = lost.G.sum(axis=0) @ np.abs(V) + lost.Q @ np.abs(turn.F).max(axis=(0, 1)) + 1
        more = self.n_ops * EPS * (own + turned * rho.sum(axis=1)[:, None])
        return Linear(value, slope, Q, turn.blur, upward(loose + more, self.n_ops))

    def spread(self, S: _Rows, w: _Rows) -> tuple[_Rows, _Rows]:
        """Return bounds of e and of E e."""
        split = self.split
        ratio = upward((S / split.steepest).max(axis=1))
        room = np.nextafter(1 - upward(ratio * split.delta), -np.inf)
        room = np.where(room > 0, room, np.nan)
        norm = upward(self._norm(w) / room)
        moved = upward(split.reach * norm[:, None])
        for _ in range(2):
            e = upward(w + S * moved)
            moved = np.fmin(moved, upward(e @ self._size_back, self.n_ops))
        return upward(w + S * moved), moved

    def _norm(self, w: _Rows) -> Float[np.ndarray, " n"]:
        scaled = w * self.split.D
        return upward(np.sqrt((scaled * scaled).sum(axis=1)), self.n_ops) + LEAST

    def through(self, G: _Columns) -> _Columns:
        return self.split.U.T + (G.reshape(-1, G.shape[2]) @ self._back).reshape(G.shape)

    def left_over(self, Q: _Columns, S: _Rows) -> _Columns:
        QS = Q * S[:, None]
        return (
            self.split.V.T + (QS.reshape(-1, QS.shape[2]) @ self.split.E.mid).reshape(Q.shape) - Q
        )

    def _lost(self, z: _Vectors, rates: _Rows, G: _Columns, Q: _Columns, at: _Rows) -> Lost:
        """Return bounds of what rounding, and the radius of E, can make of each quantity."""
        split, eps = self.split, self.n_ops * EPS
        size, radius = self._size_back, split.E.radius.T
        largest, drives = np.abs(rates).max(axis=0), np.abs(at).max(axis=0)
        c = split.form.c
        terms = np.abs(z).max(axis=0) @ np.abs(split.U.T) + largest @ size + c.magnitude
        drive = upward(eps * (terms + drives) + largest @ radius + c.radius, self.n_ops)
        of_G, of_Q = np.abs(G).max(axis=0), np.abs(Q).max(axis=0)
        A = np.abs(split.U.T) + of_G @ size
        slopes = upward((eps * (A + of_G) + of_G @ radius).max(axis=0), self.n_ops)
        left = eps * (np.abs(split.V.T) + of_Q @ size.T + of_Q) + of_Q @ radius.T
        rates_lost = 16 * EPS * (1 + drives + largest)
        return Lost(drive, rates_lost, slopes, upward(left, self.n_ops), of_G, of_Q)

    def _plain(self, z: _Vectors) -> _Rows:
        return z @ self.split.U.T + self.split.form.c.mid

    @cached_property
    def n_ops(self) -> int:
        """More than the operations behind any entry of a sum of products here."""
        return 4 * (sum(self.split.U.shape) + 16)

    @cached_property
    def _back(self) -> Float[np.ndarray, "d d"]:
        return np.ascontiguousarray(self.split.E.mid.T)

    @cached_property
    def _size_back(self) -> Float[np.ndarray, "d d"]:
        return np.ascontiguousarray(self.split.E.magnitude.T)


def _narrower(known: Known, at: _Rows, moved: _Rows) -> tuple[_Rows, _Rows]:
    """Return bounds of drives that are also within `moved` of `at`."""
    low = np.fmax(known.low, np.nextafter(at - moved, -np.inf))
    return low, np.fmin(known.high, np.nextafter(at + moved, np.inf))
