"""All zeros in a box, by excluding all that holds none: interval branch and bound.

Moore (1966), Krawczyk (1969), Tucker (2011). A box is done when an enclosure of the equations on
it excludes zero, or when a slightly larger box is proved to hold exactly one, which is recorded.
Otherwise it shrinks to its Krawczyk image and is halved. Every box is tried a little larger than
it is, so that a zero on the border of two boxes lies inside one that is tried.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float

from ...intervals import EPS, Interval
from ..krawczyk import Equations, Krawczyk
from .zeros import Zeros

# So many boxes are treated at once.
_CHUNK = 2048

# Boxes are tried larger by this part of their radius.
_MARGIN = 0.25

# A box narrower than this part of the region is not halved any more: zeros that are still not
# told apart there are degenerate, or as good as.
_NARROWEST = 2.0**-27


@dataclass(frozen=True, eq=False)
class Boxes:
    """Boxes between two bounds, shape (n, q), with what equations remember of each."""

    lower: Float[np.ndarray, "n q"]
    upper: Float[np.ndarray, "n q"]
    memory: tuple[Float[np.ndarray, "n ..."], ...] = ()

    def __len__(self) -> int:
        return len(self.lower)

    def __getitem__(self, rows: slice | Bool[np.ndarray, " n"]) -> Boxes:
        return Boxes(self.lower[rows], self.upper[rows], tuple(part[rows] for part in self.memory))

    @property
    def intervals(self) -> Interval:
        return Interval.between(self.lower, self.upper)

    @property
    def width(self) -> Float[np.ndarray, "n q"]:
        return self.upper - self.lower

    def joined(self, others: Boxes) -> Boxes:
        """Return these boxes and others behind them."""
        if not len(self) or not len(others):
            return others if not len(self) else self
        mine, theirs = (self.lower, self.upper, *self.memory), (others.lower, others.upper, *others.memory)
        lower, upper, *memory = (np.concatenate(both) for both in zip(mine, theirs, strict=True))
        return Boxes(lower, upper, tuple(memory))

    def halved(self, weight: Float[np.ndarray, "n q"]) -> Boxes:
        """Return both halves of every box, cut across its longest side under a weight."""
        rows, side = np.arange(len(self)), np.argmax(self.width * weight, axis=1)
        middle = 0.5 * (self.lower[rows, side] + self.upper[rows, side])
        below, above = self.upper.copy(), self.lower.copy()
        below[rows, side] = above[rows, side] = middle
        return replace(self, upper=below).joined(replace(self, lower=above))


class Looked(tuple): pass

@dataclass(frozen=True, eq=False)
class Bisection:
    """What is known of a region after so many boxes were examined: the zeros that are proved.

    Boxes that may hold further ones are `open`, or `stuck` if they are too narrow to be halved.
    """

    zeros: Zeros
    open: Boxes
    stuck: Boxes
    examined: int = 0


def bisect(
    equations: Equations, region: Interval, budget: int, known: Zeros | None = None
) -> Bisection:
    """Return all zeros in a box, shape (q,), or what was found within a budget of boxes.

    Where no other than the `known` zeros can be, nothing is looked for.
    """
    nothing = Boxes(np.zeros((0, len(region))), np.zeros((0, len(region))))
    zeros = Zeros.none(len(region)) if known is None else known
    now = Bisection(zeros, Boxes(region.lower[None], region.upper[None]), nothing)
    narrowest = _NARROWEST * (region.upper - region.lower) + 64 * EPS * region.magnitude
    with np.errstate(all="ignore"):  # what is infinite or NaN proves nothing
        while len(now.open) and now.examined < budget:
            now = _advance(equations, now, min(_CHUNK, budget - now.examined), narrowest)
        return replace(now, stuck=now.stuck[~now.zeros.covers(now.stuck.intervals)])


def _advance(
    equations: Equations, now: Bisection, count: int, narrowest: Float[np.ndarray, " q"]
) -> Bisection:
    """Treat the last boxes: depth first, so that few wait."""
    boxes, later = now.open[-count:], now.open[:-count]
    examined = now.examined + len(boxes)
    boxes = boxes[~now.zeros.covers(boxes.intervals)]
    without_zero = np.asarray(equations.residual(boxes.intervals).excludes_zero.any(axis=1))
    boxes = boxes[~without_zero]
    exact = boxes.intervals
    tried = Krawczyk.on(equations, Interval(exact.mid, (1 + _MARGIN) * exact.radius))
    proved, images = tried.holds_one, tried.images
    zeros = now.zeros.joined(Zeros.located(equations, tried.boxes[proved], images[proved]))
    # Where the image is NaN, nothing is known, and the box stays as it is.
    left = Boxes(np.fmax(boxes.lower, images.lower), np.fmin(boxes.upper, images.upper))
    kept = ~proved & ~tried.holds_none & (left.width >= 0).all(axis=1)
    narrow = (left.width <= narrowest).all(axis=1)
    wide = kept & ~narrow
    halves = left[wide].halved(_importance(tried.slopes[wide].magnitude))
    return Bisection(zeros, later.joined(halves), now.stuck.joined(left[kept & narrow]), examined)


def _importance(slopes: Float[np.ndarray, "n q q"]) -> Float[np.ndarray, "n q"]:
    """Return how much each unknown moves the equations, plus one, so that each side is cut."""
    columns = slopes.sum(axis=1)
    return np.where(np.isfinite(columns).all(axis=1, keepdims=True), 1 + columns, 1.0)
