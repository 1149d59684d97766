"""Fixed points on kinks of ReLU: what can be said where no single Jacobian holds."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ..dynamics import Dynamics
from ..local import MARGIN


def on_kinks(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> tuple[Bool[np.ndarray, " k"], Bool[np.ndarray, " k"]]:
    """Return which states are known to lie on kinks, and which of those fixed points attract.

    Near such a point deviations follow the Jacobian of the side they are on, which changes on the
    way. The point attracts if all products of these Jacobians shrink. That is decided block by
    block along the strongly connected groups of units: a group without kinks shrinks by the
    spectral radius of its one Jacobian, any other at least by that of the largest moduli on all
    sides. Only "yes" is a statement; "no" means that this does not show it.
    """
    form = dynamics.piecewise_linear()
    if form is None or dynamics.kind == "flow":
        nowhere = np.zeros(len(x), dtype=bool)
        return nowhere, nowhere.copy()
    drive, kinks = form.drive(x, u), form.on_kinks(x, u)
    attracts = np.zeros(len(x), dtype=bool)
    identity = np.eye(x.shape[1])
    for k in np.flatnonzero(kinks.any(axis=1)):
        share = np.stack([np.where(kinks[k], side, drive[k] > 0.0) for side in (0.0, 1.0)])
        attracts[k] = _shrinks(*(form.slope_at(share) + identity))
    return kinks.any(axis=1), attracts


def _shrinks(below: Float[np.ndarray, "d d"], above: Float[np.ndarray, "d d"]) -> bool:
    """Return whether all products of Jacobians between these two shrink.

    Each entry of the Jacobian of a cell depends on one kink, so none exceeds its larger extreme.
    """
    largest = np.maximum(np.abs(below), np.abs(above))
    _, group = connected_components(csr_array(largest > 0), connection="strong")
    for number in range(group.max() + 1):
        units = np.ix_(group == number, group == number)
        same = np.array_equal(below[units], above[units])
        block = below[units] if same else largest[units]
        if np.abs(np.linalg.eigvals(block)).max() >= 1 - MARGIN:
            return False
    return True
