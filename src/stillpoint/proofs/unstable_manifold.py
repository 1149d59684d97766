"""Pieces of one-dimensional unstable manifolds of maps that are proved to be graphs.

In coordinates x = c + P (u, s) a saddle is (u*, s*), and every step is (u, s) -> (u', s'). On the
box |u - u*| <= a, |s - s*|_2 <= L a let every Jacobian have blocks with |A_uu| >= m, |A_us|_2 <= k,
|A_su|_2 <= q, |A_ss|_2 <= r. Two states of the box with |ds| <= L |du| then go to two with

    |du'| >= e |du| with e = m - k L,  |ds'| <= (q + r L) |du|.

Where e > 1 and q + r L <= L e, each curve s = h(u) through the saddle with slope L is stretched
over all |u - u*| <= a as such a curve again. Of all these curves, which are a compact convex set,
one is mapped onto itself (Schauder; the graph transform of Hadamard 1901, cones of Zgliczynski
2009). Each of its states has one before it on the curve, 1/e as far out, and so an orbit that comes
from the saddle: the curve is the unstable manifold there. So for every |u - u*| <= a there is one
state of it, with |s - s*| <= L |u - u*|.

As a step also stretches by no more than some E, no orbit that comes from the saddle leaps over
a / E <= |u - u*| <= a, or over a / E^2 <= |u - u*| <= a on one side where sides change at every
step: what is proved of all states there is proved of all orbits on that side.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float, Int

from ..dynamics import Dynamics
from ..intervals import AffineForm, Interval, upward
from ..intervals.linalg import enclosed_inverse, norm_bounds
from .trapping_ball import stable_frame

# The box is first as high as it is wide, then so many times as high as the slope that is needed.
_ROOM = 2.0

# A slope that is needed is enlarged by this factor, as both sides of its inequality round; it is
# no smaller than the second number.
_SLACK, _LEAST = 1 + 2.0**-20, 2.0**-500

_Bounds = Float[np.ndarray, " n"]


@dataclass(frozen=True, eq=False)
class Saddles:
    """Fixed points with one unstable direction, in coordinates x = c + P (u, s).

    Attributes
    ----------
    centre, P
        Shapes (n, d) and (n, d, d), both exact; the first column of P is the unstable direction.
    inverse
        An enclosure of P^-1.
    inputs
        Shape (n, m).
    off_u, off_s
        Bounds of |u*| and |s*|_2, shape (n,).
    """

    centre: Float[np.ndarray, "n d"]
    P: Float[np.ndarray, "n d d"]
    inverse: Interval
    inputs: Float[np.ndarray, "n m"]
    off_u: Float[np.ndarray, " n"]
    off_s: Float[np.ndarray, " n"]

    @classmethod
    def of(
        cls,
        exact: Dynamics,
        x: Float[np.ndarray, "n d"],
        u: Float[np.ndarray, "n m"],
        box: Float[np.ndarray, "n d"],
        direction: Float[np.ndarray, "n d"],
    ) -> Saddles:
        """Return saddles that lie within a box of states x, given about the way that they repel."""
        jacobians = exact.jacobian(Interval(x), Interval(u)).mid
        pairs = zip(jacobians, direction, strict=True)
        P = np.array([_frame(*pair) for pair in pairs]).reshape(len(x), x.shape[1], x.shape[1])
        inverse = enclosed_inverse(P)
        off = (inverse @ Interval(np.zeros_like(box), box)[:, :, None]).magnitude[:, :, 0]
        return cls(x, P, inverse, u, off[:, 0], _lengths(off[:, 1:]))

    def take(self, rows: Int[np.ndarray, " k"]) -> Saddles:
        """Return some of them."""
        return Saddles(
            self.centre[rows],
            self.P[rows],
            self.inverse[rows],
            self.inputs[rows],
            self.off_u[rows],
            self.off_s[rows],
        )

    def curves(self, exact: Dynamics, reach: Float[np.ndarray, " n"]) -> Curves:
        """Return the curves as far as |u| <= `reach`, with slopes that are proved.

        Nothing is where a saddle may lie as far out as that, as sides are not known then.
        """
        a = upward(reach + 2 * self.off_u)
        first = _slopes(self._blocks(exact, a, np.ones_like(a)), np.ones_like(a))
        most = np.minimum(_ROOM * first, 1.0)
        blocks = self._blocks(exact, a, most)
        slope = np.where(reach > self.off_u, _slopes(blocks, most), np.inf)
        return Curves(self, reach, slope, _growths(blocks, slope))

    def _blocks(
        self, exact: Dynamics, a: Float[np.ndarray, " n"], most: Float[np.ndarray, " n"]
    ) -> _Blocks:
        """Return bounds of all Jacobians of the boxes |u - u*| <= a, |s - s*| <= most a."""
        states = self.states(
            np.zeros_like(a), upward(a + self.off_u), upward(most * a + self.off_s)
        )
        A = self.inverse @ (exact.jacobian(states, Interval(self.inputs)) @ self.P)
        size = A.magnitude
        return _Blocks(
            m=np.maximum(A.lower[:, 0, 0], -A.upper[:, 0, 0]),
            k=_lengths(size[:, 0, 1:]),
            q=_lengths(size[:, 1:, 0]),
            r=norm_bounds(A[:, 1:, 1:]),
            most=size[:, 0, 0],
            turns=A.upper[:, 0, 0] < 0,
        )

    def states(
        self,
        u: Float[np.ndarray, " n"],
        wide: Float[np.ndarray, " n"],
        high: Float[np.ndarray, " n"],
    ) -> AffineForm:
        """Return the states with coordinates within `wide` of u, and with |s| <= high."""
        n, d = self.centre.shape
        R = high[:, None, None] * np.eye(d)[:, 1:]
        first = np.eye(d)[0]
        z = AffineForm.ellipsoid(u[:, None] * first, R)
        z = z + Interval(np.zeros((n, d)), wide[:, None] * first)
        return z @ np.swapaxes(self.P, 1, 2) + self.centre


@dataclass(frozen=True, eq=False)
class Curves:
    """Unstable manifolds of saddles as far as |u| <= `reach`.

    Attributes
    ----------
    slope
        Infinite where nothing is proved, shape (n,).
    growth
        No orbit that comes from a saddle leaps over what lies between `reach` and so many times
        less, on its side, shape (n,).
    """

    saddles: Saddles
    reach: Float[np.ndarray, " n"]
    slope: Float[np.ndarray, " n"]
    growth: Float[np.ndarray, " n"]

    @property
    def ends(self) -> Interval:
        """The values of |u| that are the ends, exact."""
        return Interval(self.reach)

    @property
    def domains(self) -> Interval:
        """The values of |u| one of which every orbit on a side has."""
        off = self.saddles.off_u
        low = np.nextafter(self.reach / self.growth, 0.0) - upward(off)
        return Interval.between(np.nextafter(low, -np.inf), upward(self.reach + off))

    def take(self, rows: Int[np.ndarray, " k"]) -> Curves:
        """Return some of them."""
        several = self.reach[rows], self.slope[rows], self.growth[rows]
        return Curves(self.saddles.take(rows), *several)

    def pieces(self, distance: Interval, side: Int[np.ndarray, " n"]) -> AffineForm:
        """Return sets that hold the states of the curves with such |u| on a side."""
        off_u, off_s = self.saddles.off_u, self.saddles.off_s
        high = upward(self.slope * (distance.magnitude + off_u) + off_s)
        return self.saddles.states(side * distance.mid, distance.radius, high)


class _Blocks(NamedTuple):
    """Bounds of Jacobians; `most` of |A_uu|, and whether it is negative."""

    m: _Bounds
    k: _Bounds
    q: _Bounds
    r: _Bounds
    most: _Bounds
    turns: Bool[np.ndarray, " n"]


def _slopes(blocks: _Blocks, most: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return slopes of at most `most` that are proved; infinity where none is."""
    gap = blocks.m - blocks.r
    root = np.sqrt(np.maximum(gap * gap - 4 * blocks.k * blocks.q, 0.0))
    slope = np.maximum(_SLACK * 2 * blocks.q / (gap + root), _LEAST)
    return np.where(_keeps(blocks, slope) & (slope <= most), slope, np.inf)


def _keeps(blocks: _Blocks, slope: Float[np.ndarray, " n"]) -> Bool[np.ndarray, " n"]:
    """Return where curves with such slopes are proved to be stretched into such curves."""
    stretch = np.nextafter(blocks.m - upward(blocks.k * slope), -np.inf)
    rise = upward(blocks.q + upward(blocks.r * slope))
    return (stretch > 1) & (rise <= np.nextafter(slope * stretch, 0.0))


def _growths(blocks: _Blocks, slope: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    """Return bounds of how much further out an orbit is when it is next on its side."""
    once = upward(blocks.most + upward(blocks.k * slope))
    return np.where(blocks.turns, upward(once * once), once)


def _frame(
    jacobian: Float[np.ndarray, "d d"], direction: Float[np.ndarray, " d"]
) -> Float[np.ndarray, "d d"]:
    """Return P: the direction, and behind it the stable ones, in whose norm the map contracts."""
    rate = direction @ jacobian @ direction
    across = np.linalg.svd(jacobian - rate * np.eye(len(jacobian)))[0][:, :-1]
    R = stable_frame(across.T @ jacobian @ across)[0]
    return np.column_stack([direction, across @ R])


def _lengths(sizes: Float[np.ndarray, "n k"]) -> Float[np.ndarray, " n"]:
    return upward(np.sqrt((sizes * sizes).sum(axis=1)) + 2.0**-500, sizes.shape[1] + 8)
