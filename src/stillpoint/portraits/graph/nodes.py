"""Which node of a graph each attractor is: the points come first, then what attracts besides."""

from __future__ import annotations

import numpy as np
from jaxtyping import Int

from ...points import Attractors, FixedPoints


def nodes_of(attractors: Attractors, points: FixedPoints) -> Int[np.ndarray, " a"]:
    """Return the node of each row of the attractors, -1 for a row that is none of the nodes."""
    node = points._rows_of(attractors)
    others = np.flatnonzero(attractors.attracts & (node < 0))
    node[others] = len(points) + np.arange(len(others))
    return node
