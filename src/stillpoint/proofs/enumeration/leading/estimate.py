"""How many boxes a bisection will take, and in which directions it takes the fewest.

Of all boxes of one generation a few are kept at random, each standing for as many others as there
were for it (Knuth 1975; Chen 1992). The expected number of boxes that are counted so is the number
that bisection takes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from ....dynamics import RateForm
from ...krawczyk import EquilibriumForm
from ..bisection import Narrowing, begin
from .equations import Leading
from .sliced import sliced
from .splitting import as_tanh, splittings

# More generations than any bisection has that ends, and the boxes that are kept of each.
_MOST_GENERATIONS, _WIDTH = 300, 48

# Boxes of a smaller part of the region are a degenerate zero's: no end is seen.
_NARROWEST = 2.0**-27

# A network that takes no more boxes than this is bisected as it stands.
_FEW = 1000


class Choice(NamedTuple):
    """Equations in leading directions, and about how many boxes their bisection takes."""

    equations: Narrowing
    boxes: float


def choose(form: RateForm, most: int) -> Choice | None:
    """Return the splitting with the least estimated work, or None if none contracts.

    Examples
    --------
    >>> from ....intervals import Interval
    >>> form = RateForm(np.diag([2.0, 0.5]), Interval(np.zeros(2)), "tanh", of_currents=False)
    >>> chosen = choose(form, most=8)
    >>> chosen.equations.size, bool(5 < chosen.boxes < 50)
    (1, True)
    """
    several = reversed(list(splittings(as_tanh(form), most)))
    return least_work(Leading(form, split) for split in several)


def choose_slices(form: EquilibriumForm, most: int) -> Choice | None:
    """Return equations in the directions with the least estimated work, or None without a box."""
    return least_work(sliced(form, most))


def least_work(several: Iterable[Narrowing]) -> Choice | None:
    """Return those of several equations with the least estimated work."""
    best, least = None, np.inf
    for equations in several:
        if equations.region is None:
            return None
        boxes = estimated_boxes(equations, least / equations.work)
        if best is None or boxes * equations.work < least:
            best, least = Choice(equations, boxes), boxes * equations.work
        if boxes < _FEW:
            break
    return best


def estimated_boxes(equations: Narrowing, most: float = np.inf, seed: int = 0) -> float:
    """Return about how many boxes there are to be looked at, infinite where no end is seen.

    If there seem to be more than `most`, it says so without seeing the end.
    """
    rng = np.random.default_rng(seed)
    assert equations.region is not None
    boxes, share, total = begin(equations, equations.region), 1.0, 0.0
    narrowest = _NARROWEST * boxes.width[0]
    for _ in range(_MOST_GENERATIONS):
        total += share * len(boxes)
        if total > most:
            return np.inf
        with np.errstate(all="ignore"):
            looked = equations.look(boxes, locate=False)
        wide = (looked.left.width > narrowest).any(axis=1)
        if not wide.any():
            return total
        boxes = looked.left[wide].halved(looked.weight[wide])
        if len(boxes) > _WIDTH:
            kept = np.zeros(len(boxes), dtype=bool)
            kept[rng.choice(len(boxes), _WIDTH, replace=False)] = True
            share *= len(boxes) / _WIDTH
            boxes = boxes[kept]
    return np.inf
