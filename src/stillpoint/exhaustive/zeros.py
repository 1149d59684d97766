"""Zeros that are proved, each in a box of its own, and which of them are the same."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from ..intervals import EPS, Interval
from ..intervals.namespace import concat
from .boxes import Equations, Images

# Images are taken again of the images of boxes that hold one zero, this often at most.
_REFINEMENTS = 50


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
        return cls(proved.boxes, where)

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
