"""Any network's equilibrium form, bisected in a few directions V^T y of its unknowns y.

All fixed points lie in a box. Of those of which V^T y lies in a smaller box it is known better and
better where they are (`slices.py`); once they lie in a box in which Krawczyk's operator, in all
unknowns, proves one zero, that is it. A box is dropped where V^T y = z cannot hold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from ....intervals import EPS, Interval, upward
from ....intervals.linalg import approximate_inverse
from ...krawczyk import EquilibriumForm, Krawczyk
from ..bisection import Boxes, Looked, Narrowing
from ..zeros import Zeros
from .image import importance, newton_image
from .slices import Held, Slices

# Turns on each box.
_TURNS = 3

# Where an image is smaller than this part of its box, it is asked whether it holds one zero, with
# a box so many times as large around it.
_SMALL, _WIDER = 0.5, 1.5

# Images are taken again of the images of boxes in which one zero seems to be, this often at most.
_NARROWER = 8

# So many numbers of a batch stay in the cache of a core.
_CACHED = 2**15

# States at which slopes are looked at.
_SAMPLES = 400

# So many states, after so many steps of T, show in how many directions it is worth while to bisect:
# where boxes of this part of the region around them say, after so many turns, where fixed points
# are, to this part of what was known at first.
_TRIED, _STEPS, _NEAR, _PATIENCE, _SETTLED = 32, 4, 1e-3, 12, 0.25


class _Narrowed(NamedTuple):
    """The boxes that are kept, in which of them Newton's image is small, and how sides matter."""

    boxes: Boxes
    kept: Bool[np.ndarray, " n"]
    small: Bool[np.ndarray, " m"]
    weight: Float[np.ndarray, "m k"]


@dataclass(frozen=True, eq=False)
class Sliced(Narrowing):
    """The equations of an equilibrium form over boxes of z = V^T y; zeros are in y.

    Examples
    --------
    >>> from stillpoint.cells import GRUCell
    >>> cell = GRUCell(np.full((6, 2), 0.5), np.zeros((6, 0)), np.zeros(6), np.zeros(2))
    >>> exact = cell.interval_extension()
    >>> problem, box = exact.equilibrium_problem(), exact.equilibrium_box()
    >>> equations = Sliced(EquilibriumForm(problem, np.zeros((1, 0)), 2, box), np.ones((2, 1)))
    >>> looked = equations.look(equations.begin(equations.region))
    >>> len(looked.zeros), len(looked.left)
    (1, 0)
    """

    form: EquilibriumForm
    V: Float[np.ndarray, "d k"]

    @property
    def size(self) -> int:  # type: ignore[override]
        return len(self.V)

    @property
    def work(self) -> int:  # type: ignore[override]
        return 24 * self.size * sum(self.V.shape) * self.form.steps

    @property
    def chunk(self) -> int:  # type: ignore[override]
        return max(16, _CACHED // (self.size * sum(self.V.shape)))

    @cached_property
    def region(self) -> Interval | None:  # type: ignore[override]
        return None if self.form.region is None else (self.form.region[None] @ self.V)[0]

    # -- all unknowns -------------------------------------------------------------------------

    def residual(self, z: Interval) -> Interval:
        return self.form.residual(z)

    def jacobian(self, z: Interval) -> Interval:
        return self.form.jacobian(z)

    def states(self, z: Float[np.ndarray, "n q"]) -> Float[np.ndarray, "n d"]:
        return self.form.states(z)

    def places(self, boxes: Boxes) -> Interval:
        held = Held(*boxes.memory)
        return Interval.between(held.low, held.high)

    # -- boxes that remember ------------------------------------------------------------------

    def begin(self, region: Interval) -> Boxes:
        return Boxes(region.lower[None], region.upper[None], tuple(self._slices.whole()))

    def look(self, boxes: Boxes, *, locate: bool = True) -> Looked:
        if not len(boxes):
            return Looked(Zeros.none(self.size), boxes, boxes.lower)
        seen = self._narrowed(boxes)
        left, weight, zeros = seen.boxes, seen.weight, Zeros.none(self.size)
        kept = np.ones(len(left), dtype=bool)
        if not locate:
            return Looked(zeros, left[~seen.small], weight[~seen.small])
        rows, now = np.flatnonzero(seen.small), left[seen.small]
        for _ in range(_NARROWER):
            found, proved = self._zeros(now)
            zeros, kept[rows[proved]] = zeros.joined(found), False
            rows, now = rows[~proved], now[~proved]
            if not len(rows):
                break
            further = self._narrowed(now)
            kept[rows[~further.kept]] = False
            rows, now = rows[further.kept][further.small], further.boxes[further.small]
        return Looked(zeros, left[kept], weight[kept])

    def settles(self, y: Float[np.ndarray, "n d"]) -> bool:
        """Return whether it is seen near most of some states where the fixed points may be."""
        assert self.region is not None
        z = y @ self.V
        rho = np.broadcast_to(_NEAR * self.region.radius, z.shape)
        held = Held(*(np.repeat(part, len(y), axis=0) for part in self._slices.whole()))
        wide, empty = held.high - held.low, np.zeros(len(y), dtype=bool)
        with np.errstate(all="ignore"):
            for _ in range(_PATIENCE):
                turn = self._slices.turn(z, rho, held)
                held, empty = turn.held, empty | turn.empty
        narrow = (held.high - held.low < _SETTLED * wide).all(axis=1)
        return bool((narrow | empty).mean() > 0.5)

    def _narrowed(self, boxes: Boxes) -> _Narrowed:
        """Return what is left of boxes after some turns."""
        exact, held = boxes.intervals, Held(*boxes.memory)
        z, rho = exact.mid, exact.radius
        excluded = np.zeros(len(boxes), dtype=bool)
        for _ in range(_TURNS):
            turn = self._slices.turn(z, rho, held)
            held, excluded = turn.held, excluded | turn.empty
        p = turn.p
        C = approximate_inverse(np.swapaxes(p.slope, 1, 2))
        at, without = newton_image(p, C, rho, self._slices.n_ops)
        where = Interval(z + at.mid, upward(at.radius + EPS * np.abs(z + at.mid)))
        lower, upper = np.fmax(boxes.lower, where.lower), np.fmin(boxes.upper, where.upper)
        kept = np.asarray(~excluded & ~without & (lower <= upper).all(axis=1))
        small = np.asarray((at.radius < _SMALL * rho).all(axis=1))
        weight = importance(p, C, turn.A / rho[:, :, None], rho)
        left = Boxes(lower, upper, tuple(held))
        return _Narrowed(left[kept], kept, small[kept], weight[kept])

    def _zeros(self, boxes: Boxes) -> tuple[Zeros, Bool[np.ndarray, " n"]]:
        """Return the zeros that are proved to be alone around boxes, and around which."""
        if not len(boxes):
            return Zeros.none(self.size), np.zeros(0, dtype=bool)
        exact = boxes.intervals
        held = self._slices.bounds(exact.mid, exact.radius, Held(*boxes.memory))
        y = Interval.between(held.low, held.high)
        tried = Krawczyk.on(self, Interval(y.mid, upward(_WIDER * y.radius)))
        proved = tried.holds_one
        return Zeros.located(self, tried.boxes[proved], tried.images[proved]), proved

    @cached_property
    def _slices(self) -> Slices:
        return Slices(self.form, self.V, np.linalg.pinv(self.V).T)


def sliced(form: EquilibriumForm, most: int) -> Iterator[Sliced]:
    """Yield equations in the directions in which T is steepest, first in one, then in more.

    They are eigenvectors of the mean of J^T J, J the Jacobian of T, over the box of fixed points.
    """
    box = form.region
    if box is None:
        return
    aside = np.random.default_rng(0).uniform(-1, 1, (_SAMPLES, len(box)))
    J = form.jacobian(Interval(box.mid + box.radius * aside)).mid + np.eye(len(box))
    steepness = (np.swapaxes(J, 1, 2) @ J).mean(axis=0)
    if not np.isfinite(steepness).all():
        return
    directions = np.linalg.eigh(steepness)[1][:, ::-1]
    near = box.mid + box.radius * aside[:_TRIED]
    for _ in range(_STEPS):
        near = near + form.residual(Interval(near)).mid
    for k in range(1, min(most, len(box) - 1) + 1):
        equations = Sliced(form, directions[:, :k].copy())
        if equations.settles(near):
            yield equations
