"""Are these one point? May these boxes meet? Answered by proof, of many rows at once.

Rows under different inputs are different points. Under one input, points in disjoint boxes are
certainly different; a point in a box is certainly that of another row if the box lies where the
other row's point is the only one. Between the two nothing is known.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from .._core.grouping import components
from ..intervals import EPS, Interval

# So many pairs are all looked at: a tree would take longer.
_FEW = 2**14


def near_pairs(centres: Float[np.ndarray, "n k"], reach: float) -> Int[np.ndarray, "p 2"]:
    """Return all pairs of rows no further apart than `reach` in any coordinate, or slightly more.

    Examples
    --------
    >>> near_pairs(np.array([[0.0], [1.0], [3.0]]), 1.0)
    array([[0, 1]])
    """
    n, safe = len(centres), _safe(reach, centres)
    if not np.isfinite(safe):  # boxes without bounds meet all others
        return np.transpose(np.triu_indices(n, 1))
    return cKDTree(centres).query_pairs(safe, p=np.inf, output_type="ndarray")


def near_pairs_between(
    centres: Float[np.ndarray, "n k"], others: Float[np.ndarray, "r k"], reach: float
) -> Int[np.ndarray, "p 2"]:
    """Return all pairs of rows of two arrays no further apart than `reach`, or slightly more.

    Examples
    --------
    >>> near_pairs_between(np.array([[0.0], [3.0]]), np.array([[2.5], [9.0]]), 1.0)
    array([[1, 0]])
    """
    n, r, safe = len(centres), len(others), max(_safe(reach, centres), _safe(reach, others))
    if n * r <= _FEW or not np.isfinite(safe):
        away = np.abs(centres[:, None] - others).max(axis=2, initial=0.0)
        return np.argwhere(~(away > safe))
    found = cKDTree(others).query_ball_point(centres, safe, p=np.inf)
    counts = np.fromiter(map(len, found), dtype=np.int64, count=n)
    second = np.fromiter((j for near in found for j in near), dtype=np.int64, count=counts.sum())
    return np.stack([np.repeat(np.arange(n), counts), second], axis=1)


def _safe(reach: float, centres: Float[np.ndarray, "n k"]) -> float:
    """Return a little more: for what rounding does to distances of a tree, and to ends of boxes."""
    return reach * (1 + 8 * EPS) + 8 * EPS * float(np.abs(centres).max(initial=1.0))


def touching(
    boxes: Interval, inputs: Float[np.ndarray, "n m"] | None = None
) -> Int[np.ndarray, "p 2"]:
    """Return the pairs of boxes, shape (n, k), under one input that are not proved disjoint.

    `inputs` are left out where all rows have the same.

    Examples
    --------
    >>> touching(Interval(np.array([[0.0], [1.5], [9.0]]), np.ones((3, 1))))
    array([[0, 1]])
    """
    pairs = _alike(near_pairs(boxes.mid, 2 * float(boxes.radius.max(initial=0.0))), inputs)
    i, j = pairs.T
    return pairs[~boxes[i].is_apart(boxes[j]).any(axis=1)]


def pairwise_disjoint(
    boxes: Interval, inputs: Float[np.ndarray, "n m"] | None = None
) -> Bool[np.ndarray, " n"]:
    """Return which boxes are proved to be disjoint from all others under their input.

    Examples
    --------
    >>> pairwise_disjoint(Interval(np.array([[0.0], [1.5], [9.0]]), np.ones((3, 1))))
    array([False, False,  True])
    """
    answer = np.ones(len(boxes), dtype=bool)
    answer[touching(boxes, inputs)] = False
    return answer


def one_point(
    where: Interval, unique: Interval, inputs: Float[np.ndarray, "n m"] | None = None
) -> Int[np.ndarray, " n"]:
    """Return equal numbers for rows that are proved to be one point: 0, 1, 2, ... as they come.

    The boxes `where` hold the points; those of `unique`, where they are not NaN, no other point
    than that of their row. Both have shape (n, k).

    Examples
    --------
    >>> centres = np.array([[0.0], [0.5], [9.0]])
    >>> one_point(Interval(centres, 0.1 + 0 * centres), Interval(centres, 1 + 0 * centres))
    array([0, 0, 1])
    """
    furthest = np.abs(unique.mid - where.mid) + unique.radius
    reach = np.max(furthest, initial=0.0, where=~np.isnan(furthest))
    i, j = pairs = _alike(near_pairs(where.mid, float(reach)), inputs).T
    same = where[i].is_inside(unique[j]).all(axis=1) | where[j].is_inside(unique[i]).all(axis=1)
    return components(pairs.T[same], len(where)) if same.any() else np.arange(len(where))


def _alike(
    pairs: Int[np.ndarray, "p 2"], inputs: Float[np.ndarray, "n m"] | None
) -> Int[np.ndarray, "r 2"]:
    """Return the pairs of rows under the same input."""
    if inputs is None:
        return pairs
    i, j = pairs.T
    return pairs[(inputs[i] == inputs[j]).all(axis=1)]
