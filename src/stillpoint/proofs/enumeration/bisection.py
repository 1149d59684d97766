"""All zeros in a box, by excluding all that holds none: interval branch and bound.

Moore (1966), Krawczyk (1969), Tucker (2011). A box is done when an enclosure of the equations on
it excludes zero, or when a slightly larger box is proved to hold exactly one, which is recorded.
Otherwise it shrinks to its Krawczyk image and is halved. Every box is tried a little larger than
it is, so that a zero on the border of two boxes lies inside one that is tried. Equations that know
better ways to look at boxes are `Narrowing`, and may remember things of a box for its halves.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from jaxtyping import Bool, Float

from ...intervals import EPS, Interval
from ..krawczyk import Equations, Krawczyk
from .zeros import Zeros

# So many boxes are treated at once.
_CHUNK = 2048

# With an executor, so many batches are given out at once.
_BATCHES = 8

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

    def __getitem__(self, rows: slice | Bool[np.ndarray, " _"]) -> Boxes:
        return Boxes(self.lower[rows], self.upper[rows], tuple(part[rows] for part in self.memory))

    @property
    def intervals(self) -> Interval:
        return Interval.between(self.lower, self.upper)

    @property
    def width(self) -> Float[np.ndarray, "n q"]:
        return self.upper - self.lower

    def joined(self, others: Boxes) -> Boxes:
        """Return these boxes and others behind them."""
        return Boxes.together([self, others])

    @classmethod
    def together(cls, several: list[Boxes]) -> Boxes:
        """Return all boxes of a list behind each other; boxes without rows remember nothing."""
        first, *others = [boxes for boxes in several if len(boxes)] or several[:1]
        if not others:
            return first
        parts = zip(*((b.lower, b.upper, *b.memory) for b in (first, *others)), strict=True)
        lower, upper, *memory = (np.concatenate(part) for part in parts)
        return cls(lower, upper, tuple(memory))

    def halved(self, weight: Float[np.ndarray, "n q"]) -> Boxes:
        """Return both halves of every box, cut across its longest side under a weight."""
        rows, side = np.arange(len(self)), np.argmax(self.width * weight, axis=1)
        middle = 0.5 * (self.lower[rows, side] + self.upper[rows, side])
        below, above = self.upper.copy(), self.lower.copy()
        below[rows, side] = above[rows, side] = middle
        return replace(self, upper=below).joined(replace(self, lower=above))


@dataclass(frozen=True, eq=False)
class Looked:
    """What is known of boxes: the zeros that are proved, and where further ones may be.

    Of what is `left`, the weights say how much each side matters.
    """

    zeros: Zeros
    left: Boxes
    weight: Float[np.ndarray, "n q"]


class Narrowing(Equations):
    """Equations that look at boxes in a way of their own."""

    #: So many boxes are treated at once.
    chunk: int

    def places(self, boxes: Boxes) -> Interval:
        """Return boxes around the zeros in boxes, in the unknowns of zeros, if these are others."""
        return boxes.intervals

    @abstractmethod
    def begin(self, region: Interval) -> Boxes:
        """Return a region, shape (q,), as a box with all that is known of it."""

    @abstractmethod
    def look(self, boxes: Boxes, *, locate: bool = True) -> Looked:
        """Return what is known of boxes after a closer look.

        Unless zeros are to be located, boxes in which one seems to be alone are left out.
        """


@dataclass(frozen=True, eq=False)
class Bisection:
    """What is known of a region after so many boxes were examined: the zeros that are proved.

    Boxes that may hold further ones are `open`, or `stuck` if they are too narrow to be halved.
    """

    zeros: Zeros
    open: Boxes
    stuck: Boxes
    examined: int = 0
    interrupted: bool = False


def bisect(
    equations: Equations,
    region: Interval,
    budget: int,
    known: Zeros | None = None,
    *,
    executor: Executor | None = None,
    report: Callable[[int], None] | None = None,
) -> Bisection:
    """Return all zeros in a box, shape (q,), or what was found within a budget of boxes.

    Where no other than the `known` zeros can be, nothing is looked for. An executor looks at
    several batches of boxes at once; `report` is told how many boxes each turn examined. A
    `KeyboardInterrupt` ends it with what is known.
    """
    chunk = equations.chunk if isinstance(equations, Narrowing) else _CHUNK
    chunk *= 1 if executor is None else _BATCHES
    zeros = Zeros.none(equations.size) if known is None else known
    narrowest = _NARROWEST * (region.upper - region.lower) + 64 * EPS * region.magnitude
    waiting, stuck = [begin(equations, region)], [_no_boxes(equations.size)]
    examined, interrupted = 0, False
    with np.errstate(all="ignore"):  # what is infinite or NaN proves nothing
        while waiting and examined < budget and not interrupted:
            boxes = _last(waiting, min(chunk, budget - examined))
            try:
                looked = _look(equations, boxes[~zeros.covers(places(equations, boxes))], executor)
            except KeyboardInterrupt:
                waiting.append(boxes)
                interrupted = True
                continue
            examined += len(boxes)
            zeros = zeros.joined(looked.zeros)
            narrow = (looked.left.width <= narrowest).all(axis=1)
            if narrow.any():
                around = places(equations, looked.left[narrow])
                stuck.append(Boxes(around.lower, around.upper))
            if not narrow.all():
                waiting.append(looked.left[~narrow].halved(looked.weight[~narrow]))
            if report is not None:
                report(len(boxes))
        small = Boxes.together(stuck)
        small = small[~zeros.covers(small.intervals)]
    left = Boxes.together([_no_boxes(len(region)), *(replace(b, memory=()) for b in waiting)])
    return Bisection(zeros, left, small, examined, interrupted)


def begin(equations: Equations, region: Interval) -> Boxes:
    """Return a region, shape (q,), as one box."""
    if isinstance(equations, Narrowing):
        return equations.begin(region)
    return Boxes(region.lower[None], region.upper[None])


def places(equations: Equations, boxes: Boxes) -> Interval:
    """Return boxes around the zeros in boxes."""
    return equations.places(boxes) if isinstance(equations, Narrowing) else boxes.intervals


def look(equations: Equations, boxes: Boxes) -> Looked:
    """Return what is known of boxes after a closer look."""
    if isinstance(equations, Narrowing):
        with np.errstate(all="ignore"):
            return equations.look(boxes)
    return _by_krawczyk(equations, boxes)


def _no_boxes(size: int) -> Boxes:
    return Boxes(np.zeros((0, size)), np.zeros((0, size)))


def _last(waiting: list[Boxes], count: int) -> Boxes:
    """Take the last boxes: depth first, so that few wait."""
    taken, n = [], 0
    while waiting and n < count:
        taken.append(waiting.pop())
        n += len(taken[-1])
    boxes = Boxes.together(taken[::-1])
    if n > count:
        waiting.append(boxes[:-count])
        boxes = boxes[-count:]
    return boxes


def _look(equations: Equations, boxes: Boxes, executor: Executor | None) -> Looked:
    """Look at boxes in batches, here or where an executor works."""
    if executor is None or len(boxes) < _BATCHES:
        return look(equations, boxes)
    batches = [boxes[rows::_BATCHES] for rows in range(_BATCHES)]
    several = list(executor.map(partial(look, equations), batches))
    zeros = several[0].zeros
    for looked in several[1:]:
        zeros = zeros.joined(looked.zeros)
    weights = np.concatenate([looked.weight for looked in several])
    return Looked(zeros, Boxes.together([looked.left for looked in several]), weights)


def _by_krawczyk(equations: Equations, boxes: Boxes) -> Looked:
    """Exclude boxes by an enclosure of the equations on them, or around their centres."""
    without_zero = np.asarray(equations.residual(boxes.intervals).excludes_zero.any(axis=1))
    boxes = boxes[~without_zero]
    exact = boxes.intervals
    tried = Krawczyk.on(equations, Interval(exact.mid, (1 + _MARGIN) * exact.radius))
    proved, images = tried.holds_one, tried.images
    zeros = Zeros.located(equations, tried.boxes[proved], images[proved])
    # Where the image is NaN, nothing is known, and the box stays as it is.
    left = Boxes(np.fmax(boxes.lower, images.lower), np.fmin(boxes.upper, images.upper))
    kept = ~proved & ~tried.holds_none & (left.width >= 0).all(axis=1)
    return Looked(zeros, left[kept], _importance(tried.slopes[kept].magnitude))


def _importance(slopes: Float[np.ndarray, "n q q"]) -> Float[np.ndarray, "n q"]:
    """Return how much each unknown moves the equations, plus one, so that each side is cut."""
    columns = slopes.sum(axis=1)
    return np.where(np.isfinite(columns).all(axis=1, keepdims=True), 1 + columns, 1.0)
