"""p(z) = V^T r(z) - z for a network whose weights are U V^T + E, as equations in k unknowns.

Where |D S E D^-1|_2 < 1 for all slopes S of phi, r = phi(U z + E r + c) has one solution r(z) for
every z (Banach), and the fixed points are the zeros of p, one to one: V^T r is one for each fixed
point r, and r(z) is a fixed point where V^T r(z) = z.

Where that is known of slopes up to s alone, the steepest where fixed points have their drives, phi
is thought to go on in straight lines outside. That network has the same fixed points, and further
ones only with drives outside; no zero is believed where drives may leave that region.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from ....dynamics import RateForm
from ....intervals import EPS, Interval, upward
from ....intervals.linalg import approximate_inverse
from ...krawczyk import Krawczyk
from ..bisection import Boxes, Looked, Narrowing
from ..low_rank import slopes
from ..zeros import Zeros
from .image import importance, newton_image, products
from .lines import value
from .rates import Known, Rates, Turn
from .splitting import Splitting, drives_around

# Turns on each box; on one of which nothing is known yet.
_TURNS, _FIRST_TURNS = 2, 4

# Where an image is smaller than this part of its box, it is asked whether it holds one zero, with
# a box so many times as large around it.
_SMALL, _WIDER = 0.5, 1.5

# Steps of the map, and of Newton's method, towards the rates at a centre.
_STEPS, _NEWTON = 12, 4

# So many numbers of a batch stay in the cache of a core.
_CACHED = 2**15


@dataclass(frozen=True, eq=False)
class Leading(Narrowing):
    """p over boxes of z. Points of `form`, of which the splitting may have other units of rates.

    Examples
    --------
    >>> from .splitting import splittings
    >>> form = RateForm(np.diag([2.0, 0.5]), Interval(np.zeros(2)), "tanh", of_currents=False)
    >>> leading = Leading(form, next(splittings(form, 1)))
    >>> leading.residual(Interval(np.array([[0.0], [0.9]]))).excludes_zero.tolist()
    [[False], [True]]
    """

    form: RateForm
    split: Splitting

    @property
    def size(self) -> int:  # type: ignore[override]
        return self.split.size

    @property
    def work(self) -> int:  # type: ignore[override]
        return 8 * self.split.U.size

    @property
    def chunk(self) -> int:  # type: ignore[override]
        return max(16, _CACHED // self.split.U.size)

    @cached_property
    def region(self) -> Interval | None:  # type: ignore[override]
        bounds = self.split.form.bounds
        return None if bounds is None else bounds @ self.split.V

    # -- any boxes ----------------------------------------------------------------------------

    def residual(self, z: Interval) -> Interval:
        turn = self._settled(z)
        p = self._rates.linear(z.mid, z.radius, turn)
        room = products(np.abs(np.swapaxes(p.slope, 1, 2)), z.radius)
        room = room + products(np.abs(p.Q), p.blur) + p.loose
        return Interval(p.value, upward(room, self._rates.n_ops))

    def jacobian(self, z: Interval) -> Interval:
        """Return an enclosure of V^T (I - S E)^-1 S U - I for all slopes S on boxes.

        With G near the middle of (I - S E)^-1 S U, the difference is e = S E e + F + (S - S0) A.
        """
        split, rates, turn = self.split, self._rates, self._settled(z)
        known, n, k = turn.known, len(z), self.size
        S = slopes(split.form.phi, Interval.between(known.low, known.high))
        F = Interval(S.mid[:, None] * turn.A - known.G, np.zeros_like(turn.A) + turn.lost.slopes)
        around = upward(np.abs(turn.A) + turn.lost.slopes)
        w = upward(F.magnitude + S.radius[:, None] * around).reshape(n * k, -1)
        most = np.repeat(S.magnitude, k, axis=0)
        e, moved = (part.reshape(turn.A.shape) for part in rates.spread(most, w))
        blur = upward(S.radius[:, None] * upward(around + moved))
        V, Q = Interval(split.V), Interval(known.Q)
        H = Interval(rates.left_over(known.Q, S.mid), np.zeros_like(known.Q) + turn.lost.left)
        turned = lambda part: part.each(lambda a: np.swapaxes(a, 1, 2))  # noqa: E731
        total = turned(Interval(known.G) @ V) + Q @ turned(F) - np.eye(k)
        room = Interval(np.abs(known.Q)) @ turned(Interval(blur)) + Interval(H.magnitude) @ turned(
            Interval(e)
        )
        return total + Interval(np.zeros(total.shape), room.magnitude)

    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        form = self.split.form
        rates = self._rates_at(z)
        matrix, c = form.matrix.mid, form.c.mid
        for _ in range(_NEWTON):
            at = rates @ matrix.T + c
            image = value(form.phi, at)
            slope = form.activation.slope(at, image)
            A = np.eye(len(matrix)) - slope[:, :, None] * matrix
            rates = rates + np.linalg.solve(A, (image - rates)[:, :, None])[:, :, 0]
        return self.form.states(rates if form.phi == self.form.phi else 0.5 * (1 + rates))

    def _rates_at(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        """Return r(z) to rounding."""
        form, E = self.split.form, self.split.E.mid
        plain = z @ self.split.U.T + form.c.mid
        rates = value(form.phi, plain)
        for _ in range(_STEPS):
            rates = value(form.phi, plain + rates @ E.T)
        for _ in range(_NEWTON):
            at = plain + rates @ E.T
            image = value(form.phi, at)
            A = np.eye(len(E)) - form.activation.slope(at, image)[:, :, None] * E
            rates = rates + np.linalg.solve(A, (image - rates)[:, :, None])[:, :, 0]
        return rates

    def _settled(self, z: Interval) -> Turn:
        """Return the rates on boxes as they come; NaN where drives leave the region."""
        split, form, n = self.split, self.split.form, len(z)
        centre = self._rates_at(z.mid)
        at = z.mid @ split.U.T + centre @ split.E.mid.T + form.c.mid
        slope = form.activation.slope(at, value(form.phi, at))
        M = np.eye(len(centre[0])) - slope[:, :, None] * split.E.mid
        G = np.linalg.solve(M, slope[:, :, None] * split.U)
        Q = np.linalg.solve(np.swapaxes(M, 1, 2), np.broadcast_to(split.V, (n, *split.V.shape)))
        G, Q = np.swapaxes(G, 1, 2).copy(), np.swapaxes(Q, 1, 2).copy()
        free = np.full(centre.shape, np.inf)
        known = Known(-free, free, centre, G, Q, centre)
        everywhere = np.broadcast_to(split.steepest, centre.shape)
        known = self._rates.near_centres(z.mid, z.radius, known, everywhere)
        around = drives_around(form)
        inside = (known.low >= around.lower) & (known.high <= around.upper)
        believed = (inside | (split.steepest == 1)).all(axis=1)
        for _ in range(_FIRST_TURNS):
            turn = self._rates.turn(z.mid, z.radius, known)
            known = turn.known
        A, blur = turn.A.copy(), turn.blur.copy()
        A[~believed], blur[~believed] = np.nan, np.nan
        return turn._replace(A=A, blur=blur)

    # -- boxes that remember ------------------------------------------------------------------

    def begin(self, region: Interval) -> Boxes:
        split, d = self.split, len(self.split.U)
        S = 0.5 * split.steepest[:, None]
        M = np.eye(d) - S * split.E.mid
        G, Q = np.linalg.solve(M, S * split.U).T, np.linalg.solve(M.T, split.V).T
        at_rest = np.zeros((1, d))
        drives = self._drives
        memory = Known(drives.lower[None], drives.upper[None], at_rest, G[None], Q[None], at_rest)
        return Boxes(region.lower[None], region.upper[None], tuple(memory))

    def look(self, boxes: Boxes, *, locate: bool = True) -> Looked:
        if not len(boxes):
            return Looked(Zeros.none(self.size), boxes, np.zeros((0, self.size)))
        exact, known = boxes.intervals, Known(*boxes.memory)
        z, rho = exact.mid, exact.radius
        for _ in range(_TURNS):
            turn = self._rates.turn(z, rho, known)
            known = turn.known
        p = self._rates.linear(z, rho, turn)
        C = approximate_inverse(np.swapaxes(p.slope, 1, 2))
        at, excluded = newton_image(p, C, rho, self._rates.n_ops)
        where = Interval(z + at.mid, upward(at.radius + EPS * np.abs(z + at.mid)))
        lower, upper = np.fmax(boxes.lower, where.lower), np.fmin(boxes.upper, where.upper)
        kept = ~excluded & (lower <= upper).all(axis=1) & (known.low <= known.high).all(axis=1)
        small = kept & (at.radius < _SMALL * rho).all(axis=1)
        zeros, proved = self._zeros(where[small & locate])
        kept[small] = ~proved if locate else False
        weight = importance(p, C, turn.A, rho)[kept]
        return Looked(zeros, Boxes(lower, upper, tuple(known))[kept], weight)

    def _zeros(self, where: Interval) -> tuple[Zeros, Bool[np.ndarray, " n"]]:
        """Return the zeros that are proved to be alone around places, and of which places."""
        if not len(where):
            return Zeros.none(self.size), np.zeros(0, dtype=bool)
        tried = Krawczyk.on(self, Interval(where.mid, upward(_WIDER * where.radius)))
        proved = tried.holds_one
        return Zeros.located(self, tried.boxes[proved], tried.images[proved]), proved

    @cached_property
    def _rates(self) -> Rates:
        return Rates(self.split)

    @cached_property
    def _drives(self) -> Interval:
        """Where the drives of all fixed points are, shape (d,)."""
        form = self.split.form
        bounds = form.bounds
        if bounds is None:
            return drives_around(form)
        return bounds @ form.matrix.T + form.c
