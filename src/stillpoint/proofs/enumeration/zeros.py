"""Zeros that are proved, each in a box of its own, and which of them are the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from ...intervals import EPS, Interval
from ...intervals.functions import concat
from ...intervals.linalg import approximate_inverse
from ..identity import near_pairs_between, one_point, touching
from ..krawczyk import Equations, Krawczyk

# Images are taken again of the images of boxes that hold one zero, this often at most.
_REFINEMENTS = 50

# They end where the radii of no box shrink below this part of what they were.
_STALLED = 0.95

# Steps towards a zero that is proved, at most: in a wide box they may be short for long.
_STEPS = 5000

# The radii of boxes that are tried around their end, relative to the zero, whose size in every
# coordinate is taken to be at least `_LEAST`.
_INFLATIONS = (1e-6, 1e-9, 1e-12, 1e-14)
_LEAST = 1e-2


@dataclass(frozen=True, eq=False)
class Zeros:
    """Proved zeros, shape (k, q): each box `unique` holds exactly one, which lies in `where`."""

    unique: Interval
    where: Interval

    @classmethod
    def none(cls, size: int) -> Zeros:
        """Return no zeros of equations in `size` unknowns."""
        return cls.at(np.zeros((0, size)))

    @classmethod
    def at(cls, points: Float[np.ndarray, "k q"]) -> Zeros:
        """Return zeros that are known exactly, and not to be alone in any box."""
        exact = Interval(points, np.zeros(points.shape))
        return cls(exact, exact)

    @classmethod
    def located(cls, equations: Equations, unique: Interval, images: Interval) -> Zeros:
        """Return the zeros in boxes that are proved to hold one each, located to rounding.

        The boxes are `unique`, `images` their Krawczyk images.
        """
        where = unique.intersection(images)
        if len(where):
            where = refined(equations, unique, where)
        mid, radius, going = where.mid.copy(), where.radius.copy(), np.arange(len(where))
        for _ in range(_REFINEMENTS):
            if not len(going):
                break
            wider = Interval(mid[going], radius[going])
            closer = wider.intersection(Krawczyk.on(equations, wider).images)
            mid[going], radius[going] = closer.mid, closer.radius
            is_wide = wider.radius > EPS * (_LEAST + np.abs(wider.mid))
            going = going[((closer.radius <= _STALLED * wider.radius) & is_wide).any(axis=1)]
        return cls(unique, Interval(mid, radius))

    def __len__(self) -> int:
        return len(self.unique)

    def covers(self, boxes: Interval) -> Bool[np.ndarray, " n"]:
        """Return which boxes lie where no other zero than one of these can be, shape (n, q)."""
        covered = np.zeros(len(boxes), dtype=bool)
        box, zero = near_pairs_between(boxes.mid, self.unique.mid, self._reach).T
        covered[box[boxes[box].is_inside(self.unique[zero]).all(axis=1)]] = True
        return covered

    def joined(self, others: Zeros) -> Zeros:
        """Return these and other zeros, each once."""
        if not len(others):
            return self
        unique, where = concat([self.unique, others.unique]), concat([self.where, others.where])
        first = np.unique(one_point(where, unique), return_index=True)[1]
        return Zeros(unique[first], where[first])

    @property
    def _reach(self) -> float:
        return float(self.unique.radius.max(initial=0.0))

    @property
    def unresolved(self) -> int:
        """How many pairs of these zeros are not proved to differ."""
        return len(touching(self.where))


def refined(equations: Equations, unique: Interval, where: Interval) -> Interval:
    """Return smaller boxes that hold the same zeros, around where Newton's method finds them.

    A small box that is proved to hold one zero, and lies where there is only one, holds that one.
    """
    near = iterated(equations, unique, where)
    room = 0.9 * (unique.radius - np.abs(near - unique.mid))
    for inflation in _INFLATIONS:
        radius = np.clip(inflation * (_LEAST + np.abs(near)), 0.0, np.maximum(room, 0.0))
        tried = Krawczyk.on(equations, Interval(near, radius))
        same = tried.holds_one & tried.boxes.is_inside(unique).all(axis=1)
        closer = where.intersection(tried.images)
        mid = np.where(same[:, None], closer.mid, where.mid)
        where = Interval(mid, np.where(same[:, None], closer.radius, where.radius))
    return where


def iterated(equations: Equations, unique: Interval, where: Interval) -> Float[np.ndarray, "k q"]:
    """Return the zeros in boxes that hold one each, to rounding where the steps arrive.

    They have arrived where a step is no larger than rounding of the residual explains, and no
    smaller than the one before.

    Newton's step is taken where it halves the next one. Elsewhere one with the inverse that proved
    the box is taken: that operator contracts there, so each step leads nearer.
    """
    middle = approximate_inverse(equations.jacobian(unique).mid)

    def steps(
        at: Float[np.ndarray, "j q"], rows: Int[np.ndarray, " j"]
    ) -> Float[np.ndarray, "j q"]:
        return (middle[rows] @ equations.residual(Interval(at)).mid[:, :, None])[:, :, 0]

    going = np.arange(len(where))
    near, step = where.mid.copy(), steps(where.mid, going)
    for _ in range(_STEPS):
        at, lower, upper = near[going], where.lower[going], where.upper[going]
        inverse = approximate_inverse(equations.jacobian(Interval(at)).mid)
        residual = equations.residual(Interval(at))
        newton = np.clip(at - (inverse @ residual.mid[:, :, None])[:, :, 0], lower, upper)
        left = steps(newton, going)
        halves = np.abs(left).max(axis=1) < 0.5 * np.abs(step).max(axis=1)
        slow = np.clip(at - step, lower, upper)
        near[going] = np.where(halves[:, None], newton, slow)
        before, step = step, np.where(halves[:, None], left, steps(slow, going))
        rounding = np.abs(middle[going]) @ residual.radius[:, :, None]
        size = np.abs(step).max(axis=1)
        stuck = (size >= np.abs(before).max(axis=1)) & (size <= rounding.max(axis=(1, 2)))
        on = ~(stuck | (size <= 4 * EPS * np.abs(near).max(initial=0.0)))
        going, step = going[on], step[on]
        if not len(going):
            break
    return near
