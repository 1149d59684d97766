"""What the neighbours of a state are: of its kind along some direction, or on sides of kinks."""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from ..dynamics import Dynamics
from ..local import MARGIN, Linearization
from ..solvers import LevenbergMarquardt, Solver, solve
from .run import counts_as_zero, half_square

# How far along a direction a neighbour is sought, relative to the size of the state, and once more
# at this part of it: a continuum is everywhere, the next point is not.
_PROBE = 1e-2
_NEARER = 0.37

# An eigenvalue this near to 1 (to 0 for a flow) may belong to a neutral direction, and one as near
# as its error, if that is no larger than the second number; else nothing is known of it.
_NEUTRAL, _KNOWN = 1e-5, 1e-3

# A neighbour is of the same kind if its q exceeds that of the state by less than this fraction.
_SAME = 1e-6


def on_continuum(
    dynamics: Dynamics, lin: Linearization, soft: Bool[np.ndarray, " n"], tol: float
) -> Bool[np.ndarray, " n"]:
    """Return which soft points, where I - J is nearly singular, have fixed neighbours around them.

    The neighbours are sought along the neutral direction, which must be one of the dynamics: an
    eigenvalue of 1 (of 0 for a flow). Long chains of units leave I - J singular to rounding, too,
    but nothing stands still along them.
    """
    border = 1.0 if lin.kind == "map" else 0.0
    error = lin.eigenvalue_errors  # infinite for eigenvalues that repeat, as those of a plane may
    near = np.where(error <= _KNOWN, np.maximum(error, _NEUTRAL), _NEUTRAL)
    is_neutral = (np.abs(lin.eigenvalues - border) <= near).any(axis=1)
    known = np.isfinite(lin.motion_jacobian).all(axis=(1, 2))
    rows = np.flatnonzero(soft & is_neutral & known)
    answer = np.zeros(len(soft), dtype=bool)
    if len(rows):
        neutral = np.linalg.svd(lin.motion_jacobian[rows])[2][:, -1, :]
        x, u = lin.states[rows], lin.inputs[rows]
        answer[rows] = has_neighbours(dynamics, x, u, neutral, LevenbergMarquardt(), tol)
    return answer


def has_neighbours(
    dynamics: Dynamics,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    direction: Float[np.ndarray, "k d"],
    solver: Solver,
    tol: float,
    max_steps: int = 100,
) -> Bool[np.ndarray, " k"]:
    """Return which states have neighbours along a direction with q as small as their own.

    Small steps are taken both ways, and the solver relaxes the state from there. On a continuum
    it ends about as far away; at an isolated state it falls back.
    """
    own, found = half_square(dynamics, x, u), []
    for probe in (probe_length(x), _NEARER * probe_length(x)):
        either = np.zeros(len(x), dtype=bool)
        for sign in (1.0, -1.0):
            at = x + sign * probe[:, None] * direction
            end = solve(dynamics, at, u, [solver], tol=tol, max_steps=max_steps, progress=False).x
            distance = np.linalg.norm(end - x, axis=1)
            q = half_square(dynamics, end, u)
            alike = counts_as_zero(q, end, tol) | (q <= (1 + _SAME) * own)
            either |= alike & (distance > 0.5 * probe) & (distance < 2 * probe)
        found.append(either)
    return np.all(found, axis=0)


def probe_length(x: Float[np.ndarray, "k d"]) -> Float[np.ndarray, " k"]:
    """Return how far from each state a neighbour is sought."""
    return _PROBE * np.maximum(1.0, np.abs(x).max(axis=1))


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
        return np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    drive, kinks = form.drive(x, u), form.on_kinks(x, u)
    attracts = np.zeros(len(x), dtype=bool)
    identity = np.eye(x.shape[1])
    for k in np.flatnonzero(kinks.any(axis=1)):
        share = np.stack([np.where(kinks[k], side, drive[k] > 0.0) for side in (0.0, 1.0)])
        attracts[k] = _shrinks(*(form.slope_at(share) + identity))
    return np.asarray(kinks.any(axis=1)), attracts


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
        if not np.isfinite(block).all() or np.abs(np.linalg.eigvals(block)).max() >= 1 - MARGIN:
            return False
    return True
