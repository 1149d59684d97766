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
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

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

    def slopes(self, exact: Dynamics, reach: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
        """Return slopes L for which the curve is proved to be there as far as |u| <= `reach`.

        They are infinite where nothing is proved.
        """
        a = upward(reach + 2 * self.off_u)
        first = self._needed(exact, a, np.ones_like(a))
        return self._needed(exact, a, np.minimum(_ROOM * first, 1.0))  # not at all, or less

    def sections(
        self,
        reach: Float[np.ndarray, " n"],
        slope: Float[np.ndarray, " n"],
        side: Int[np.ndarray, " n"],
    ) -> AffineForm:
        """Return sets that hold the state of the curve with u = `side` times `reach`."""
        size = upward(slope * (reach + self.off_u) + self.off_s)
        return self._states(side * reach, np.zeros_like(reach), size)

    def _needed(
        self, exact: Dynamics, a: Float[np.ndarray, " n"], most: Float[np.ndarray, " n"]
    ) -> Float[np.ndarray, " n"]:
        """Return slopes that are proved on boxes |s| <= `most` a, and no more; or infinity."""
        high = upward(most * a + self.off_s)
        m, k, q, r = self._blocks(exact, upward(a + self.off_u), high)
        gap = m - r
        root = np.sqrt(np.maximum(gap * gap - 4 * k * q, 0.0))
        slope = np.maximum(_SLACK * 2 * q / (gap + root), _LEAST)
        stretch = np.nextafter(m - upward(k * slope), -np.inf)
        is_kept = upward(q + upward(r * slope)) <= np.nextafter(slope * stretch, 0.0)
        return np.where((stretch > 1) & is_kept & (slope <= most), slope, np.inf)

    def _blocks(
        self, exact: Dynamics, wide: Float[np.ndarray, " n"], high: Float[np.ndarray, " n"]
    ) -> tuple[_Bounds, _Bounds, _Bounds, _Bounds]:
        """Return m, k, q and r of all Jacobians of boxes |u| <= wide, |s| <= high."""
        states = self._states(np.zeros_like(wide), wide, high)
        A = self.inverse @ (exact.jacobian(states, Interval(self.inputs)) @ self.P)
        straight = np.maximum(A.lower[:, 0, 0], -A.upper[:, 0, 0])
        size = A.magnitude
        across = norm_bounds(A[:, 1:, 1:])
        return straight, _lengths(size[:, 0, 1:]), _lengths(size[:, 1:, 0]), across

    def _states(
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
