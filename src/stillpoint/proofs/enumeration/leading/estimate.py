"""How many boxes a bisection will take, from a sample of them (Knuth 1975; Chen 1992).

Of all boxes of one generation a few are kept at random, each standing for as many others as there
were for it. The expected number of boxes that are counted so is the number that bisection takes.
"""

from __future__ import annotations

import numpy as np

from ....intervals import EPS
from ..bisection import Narrowing, begin, look

# More generations than any bisection has that ends.
_MOST_GENERATIONS = 400


def estimated_boxes(equations: Narrowing, width: int = 64, seed: int = 0) -> float:
    """Return about how many boxes there are to be looked at, infinite where no end is seen.

    Examples
    --------
    >>> from ....dynamics import RateForm
    >>> from ....intervals import Interval
    >>> from .equations import Leading
    >>> from .splitting import splittings
    >>> form = RateForm(np.diag([2.0, 0.5]), Interval(np.zeros(2)), "tanh", of_currents=False)
    >>> bool(5 < estimated_boxes(Leading(form, next(splittings(form, 1)))) < 50)
    True
    """
    rng = np.random.default_rng(seed)
    assert equations.region is not None
    boxes, share, total = begin(equations, equations.region), 1.0, 0.0
    narrowest = 2.0**-27 * boxes.width[0] + 64 * EPS
    for _ in range(_MOST_GENERATIONS):
        total += share * len(boxes)
        looked = look(equations, boxes)
        wide = (looked.left.width > narrowest).any(axis=1)
        if not wide.any():
            return total
        boxes = looked.left[wide].halved(looked.weight[wide])
        if len(boxes) > width:
            kept = np.zeros(len(boxes), dtype=bool)
            kept[rng.choice(len(boxes), width, replace=False)] = True
            share *= len(boxes) / width
            boxes = boxes[kept]
    return np.inf
