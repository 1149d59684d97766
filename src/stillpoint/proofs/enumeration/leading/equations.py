"""p(z) = V^T r(z) - z for a network whose weights are U V^T + E, as equations in k unknowns."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from ....dynamics import RateForm
from ....intervals import EPS, Interval, upward
from ....intervals.linalg import approximate_inverse
from ...krawczyk import Equations, Krawczyk
from ..bisection import Boxes, Looked
from ..low_rank import slopes
from .rates import Known, Linear, Rates, products, weighted
from .splitting import Splitting

# Turns on each box.
TURNS = 2


@dataclass(frozen=True, eq=False)
class Leading(Equations):
    residual = jacobian = states = None  # type: ignore
    split: Splitting
    form: RateForm

    @property
    def size(self) -> int:
        return self.split.size

    @property
    def work(self) -> int:
        return len(self.split.U) ** 2 * self.size

    @cached_property
    def rates(self) -> Rates:
        return Rates(self.split)

    @property
    def region(self) -> Interval | None:
        bounds = self.split.form.bounds
        return None if bounds is None else bounds @ self.split.V

    @cached_property
    def _drives(self) -> Interval:
        form = self.split.form
        return form.bounds @ form.matrix.T + form.c

    def first(self, n: int) -> Known:
        d, k = self.split.U.shape
        each = lambda a: np.broadcast_to(a, (n, *a.shape)).copy()
        S = 0.5 * self.split.steepest
        G = np.linalg.solve(np.eye(d) - S[:, None] * self.split.E.mid, S[:, None] * self.split.U)
        Q = np.linalg.solve((np.eye(d) - S[:, None] * self.split.E.mid).T, self.split.V).T
        return Known(each(self._drives.lower), each(self._drives.upper), np.zeros((n, d)), each(G.T.copy()), each(Q), np.zeros((n, d)))

    def look(self, boxes: Boxes) -> Looked:
        z = boxes.lower + 0.5 * (boxes.upper - boxes.lower)
        rho = np.nextafter(np.maximum(boxes.upper - z, z - boxes.lower), np.inf)
        known = Known(*boxes.memory) if boxes.memory else self.first(len(boxes))
        for _ in range(TURNS):
            turn = self.rates.turn(z, rho, known)
            known = turn.known
        p = self.rates.linear(z, rho, turn)
        slopes_ = np.swapaxes(p.slope, 1, 2)
        blurred = upward(products(np.abs(p.Q), p.blur), self.rates._ops)
        size = products(np.abs(slopes_), rho)
        far = np.abs(p.value) > upward(size + blurred + p.loose, self.rates._ops)
        none = far.any(axis=1) | (known.low > known.high).any(axis=1)
        # images
        C = approximate_inverse(slopes_)
        CQ = C @ p.Q
        y = -products(C, p.value)
        defect = np.abs(np.eye(self.size) - C @ slopes_)
        absC = np.abs(C)
        eps = 64 * self.size * EPS
        rest = p.loose + eps * (np.abs(p.value) + blurred + size)
        spread = products(np.abs(CQ), p.blur)
        radius = upward(spread + products(absC, rest) + products(defect, rho) + eps * rho, self.rates._ops)
        lower = np.fmax(boxes.lower, np.nextafter(z + y - radius, -np.inf))
        upper = np.fmin(boxes.upper, np.nextafter(z + y + radius, np.inf))
        none |= (lower > upper).any(axis=1)
        small = (radius < 0.5 * rho).all(axis=1) & ~none
        A = np.abs(self.rates._A(known.G))
        moved = weighted(A, rho)
        weight = (np.abs(CQ) / rho[:, :, None]).max(axis=1) * turn.blur / moved
        weight = (A * weight[:, None]).sum(axis=2)
        weight = np.where(np.isfinite(weight), weight, 1.0)
        left = Boxes(lower, upper, tuple(known))
        return left, none, small, Interval(z + y, radius), weight
