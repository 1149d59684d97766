"""Zeros that are proved, each in a box of its own, and which of them are the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from ...intervals import EPS, Interval
from ...intervals.linalg import approximate_inverse
from ...intervals.namespace import concat
from .equations import Equations, Images

# Images are taken again of the images of boxes that hold one zero, this often at most.
_REFINEMENTS = 50

# Steps towards a zero that is proved, and the boxes around their end that are tried, from wide to
# narrow, relative to the size of the zero.
_STEPS, _INFLATIONS, _LEAST = 60, (1e-6, 1e-9, 1e-12, 1e-14), 1e-2


@dataclass(frozen=True, eq=False)
class Zeros:
    """Proved zeros: row i of `unique` holds exactly one, and it lies in row i of `where`.

    Attributes
    ----------
    unique, where
        Shape (k, q).
    """

    unique: Interval
    where: Interval

    @classmethod
    def none(cls, size: int) -> Zeros:
        """Return no zeros of equations in `size` unknowns."""
        empty = Interval(np.zeros((0, size)), np.zeros((0, size)))
        return cls(empty, empty)

    @classmethod
    def of(cls, equations: Equations, proved: Images) -> Zeros:
        """Return the zeros in boxes that are proved to hold one each, located to rounding."""
        where = proved.boxes.intersection(proved.images)
        for _ in range(_REFINEMENTS if len(where) else 0):
            wider, where = where, where.intersection(Images.of(equations, where).images)
            if (where.radius > 0.95 * wider.radius).all():
                break
        return cls(proved.boxes, pinned(equations, proved.boxes, where) if len(where) else where)

    def __len__(self) -> int:
        return len(self.unique)

    def covers(self, boxes: Interval) -> Bool[np.ndarray, " n"]:
        """Return which boxes lie where no other zero than one of these can be, shape (n, q)."""
        return boxes[:, None, :].is_inside(self.unique[None]).all(axis=2).any(axis=1)

    def joined(self, others: Zeros) -> Zeros:
        """Return these and other zeros, each once."""
        both = self.stacked(others)
        first, second = both.neighbours(both.unique)
        same = both.where[first].is_inside(both.unique[second]).all(axis=1)
        same |= both.where[second].is_inside(both.unique[first]).all(axis=1)
        graph = coo_array((same[same], (first[same], second[same])), (len(both), len(both)))
        _, labels = connected_components(graph, directed=False)
        return both.take(np.unique(labels, return_index=True)[1])

    def neighbours(self, boxes: Interval) -> tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]:
        """Return all pairs of zeros with boxes that may meet, and perhaps some others."""
        tree = cKDTree(self.where.mid)
        widest = (np.abs(boxes.mid - self.where.mid) + boxes.radius).max(initial=0.0)
        size = np.abs(self.where.mid).max(initial=1.0)
        pairs = tree.query_pairs(2.01 * widest + 8 * EPS * size, p=np.inf, output_type="ndarray")
        return pairs[:, 0], pairs[:, 1]

    def stacked(self, others: Zeros) -> Zeros:
        """Return these and other zeros behind them."""
        pairs = ((self.unique, others.unique), (self.where, others.where))
        return Zeros(*(concat(pair) for pair in pairs))

    def take(self, rows: Int[np.ndarray, " j"]) -> Zeros:
        """Return some of the zeros."""
        return Zeros(self.unique[rows], self.where[rows])

    @property
    def unresolved(self) -> int:
        """How many pairs of these zeros are not proved to differ."""
        first, second = self.neighbours(self.where)
        return int((~self.where[first].is_apart(self.where[second]).any(axis=1)).sum())


def pinned(equations: Equations, unique: Interval, where: Interval) -> Interval:
    """Return smaller boxes that hold the same zeros, around where Newton's method finds them.

    A small box that is proved to hold one zero, and lies where there is only one, holds that one.
    """
    near = approach(equations, unique, where)
    room = 0.9 * (unique.radius - np.abs(near - unique.mid))
    for inflation in _INFLATIONS:
        radius = np.clip(inflation * (_LEAST + np.abs(near)), 0.0, np.maximum(room, 0.0))
        tried = Images.of(equations, Interval(near, radius))
        same = tried.holds_one & tried.boxes.is_inside(unique).all(axis=1)
        closer = where.intersection(tried.images)
        mid = np.where(same[:, None], closer.mid, where.mid)
        where = Interval(mid, np.where(same[:, None], closer.radius, where.radius))
    return where


def approach(equations: Equations, unique: Interval, where: Interval) -> Float[np.ndarray, "k q"]:
    """Return the zeros in boxes that hold one each, to rounding where the steps arrive.

    Newton's step is taken where it halves the next one. Elsewhere one with the inverse that proved
    the box is taken: that operator contracts there, so each step leads nearer.
    """
    middle = approximate_inverse(equations.jacobian(unique).mid)

    def steps(at: Float[np.ndarray, "k q"]) -> Float[np.ndarray, "k q"]:
        return (middle @ equations.residual(Interval(at)).mid[:, :, None])[:, :, 0]

    near, step = where.mid, steps(where.mid)
    for _ in range(_STEPS):
        inverse = approximate_inverse(equations.jacobian(Interval(near)).mid)
        residual = equations.residual(Interval(near)).mid[:, :, None]
        newton = np.clip(near - (inverse @ residual)[:, :, 0], where.lower, where.upper)
        left = steps(newton)
        halves = np.abs(left).max(axis=1) < 0.5 * np.abs(step).max(axis=1)
        slow = np.clip(near - step, where.lower, where.upper)
        near = np.where(halves[:, None], newton, slow)
        step = np.where(halves[:, None], left, steps(slow))
        if np.abs(step).max() <= 4 * EPS * np.abs(near).max(initial=0.0):
            break
    return near
