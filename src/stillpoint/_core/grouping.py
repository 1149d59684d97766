"""Which of many end states are the same point.

Two states are the same when a chain of states leads from one to the other in hops no longer than
the tolerance. That does not depend on their order. The search keeps hops small enough that only
copies of one point are chained: the default tolerance is the square root of the largest residual
that counts as converged, which is the resolution that such a residual allows, since two roots at
distance r make the residual's slope between them of order r.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float, Int
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from ..errors import ArgumentError
from .arrays import BLOCK, batches, batches_of

# An odd fraction of the tolerance, so that round numbers do not lie on the edges of cells.
_CELL = 0.2718281828


def nearest_rows(
    name: str, points: Float[np.ndarray, "n k"], wanted: Float[np.ndarray, "j k"]
) -> tuple[Float[np.ndarray, " j"], Int[np.ndarray, " j"]]:
    """Return the distance of every wanted row from the nearest of the points, and its number.

    Raises
    ------
    ArgumentError
        If a row, which is the caller's argument `name`, is so far away that no float64 says how
        far.

    Examples
    --------
    >>> nearest_rows("states", np.array([[0.0], [1.0]]), np.array([[0.75]]))
    (array([0.25]), array([1]))
    """
    distance, nearest = cKDTree(points).query(wanted)
    if not np.isfinite(distance).all():
        raise ArgumentError(
            f"{name}: got values of {np.abs(wanted).max():.0e}, which are too far away to say "
            f"what lies nearest."
        )
    return distance, nearest


def group(points: Float[np.ndarray, "n k"], tolerance: float) -> Int[np.ndarray, " n"]:
    """Return a group number for every point: connected components at `tolerance`.

    Copies are first collapsed into cells smaller than the tolerance, so the work grows as
    n log n even when many starts reach the same point.

    Examples
    --------
    >>> group(np.array([[0.0], [1.0], [1e-9]]), 1e-6)
    array([0, 1, 0])
    """
    return _grouped(lambda rows: points[rows], len(points), points.shape[1], tolerance)


#: Says what rows of a table hold, given which.
RowsAt = Callable[[slice | Int[np.ndarray, " j"]], Float[np.ndarray, "j k"]]


def _grouped(rows_at: RowsAt, n: int, width: int, tolerance: float) -> Int[np.ndarray, " n"]:
    """Return the groups of n rows, which are made a block at a time."""
    if not n:
        return np.zeros(0, dtype=np.int64)
    cell = _CELL * tolerance / np.sqrt(max(1, width))
    first, member = _distinct_rows(lambda rows: np.round(rows_at(rows) / cell), n, width)
    pairs = cKDTree(rows_at(first)).query_pairs(tolerance, output_type="ndarray")
    return components(pairs, len(first))[member]


def components(pairs: Int[np.ndarray, "p 2"], n: int) -> Int[np.ndarray, " n"]:
    """Return a number for each of `n` things, equal where a chain of pairs connects them.

    Examples
    --------
    >>> components(np.array([[3, 1]]), 4)
    array([0, 1, 2, 1])
    >>> components(np.zeros((0, 2), dtype=int), 2)
    array([0, 1])
    """
    if not len(pairs):  # as is usual, and the rest takes half a millisecond
        return np.arange(n)
    links = coo_array((np.ones(len(pairs)), pairs.T), shape=(n, n))
    return numbered(connected_components(links, directed=False)[1])


def numbered(labels: Int[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Return the labels as 0, 1, 2, ... in the order in which each occurs first.

    Examples
    --------
    >>> numbered(np.array([7, 2, 7, 5]))
    array([0, 1, 0, 2])
    """
    _, first, place = np.unique(labels, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[place.reshape(-1)].astype(np.int64)


def _distinct_rows(
    rows_at: RowsAt, n: int, width: int
) -> tuple[Int[np.ndarray, " u"], Int[np.ndarray, " n"]]:
    """Return one place of each distinct row, and for every row the number of its like.

    Rows are told apart by a random projection, which sorts faster than whole rows; should two
    different rows share one, whole rows are compared.
    """
    direction = np.random.default_rng(0).standard_normal(width)
    blocks = list(batches(n, width, BLOCK))
    keys = np.concatenate([rows_at(block) @ direction for block in blocks])
    _, first, member = np.unique(keys, return_index=True, return_inverse=True)
    member, distinct = member.reshape(-1), rows_at(first)
    if any((distinct[member[block]] != rows_at(block)).any() for block in blocks):
        whole = rows_at(slice(None))
        _, first, member = np.unique(whole, axis=0, return_index=True, return_inverse=True)
    return first, member.reshape(-1)


def equal_inputs(inputs: Float[np.ndarray, "n m"]) -> Int[np.ndarray, " n"]:
    """Return a number for every row: equal inputs, equal number; in ascending order of inputs.

    Inputs are compared exactly, as they are given and not computed.

    Examples
    --------
    >>> equal_inputs(np.array([[1.0], [0.0], [1.0]]))
    array([1, 0, 1])
    """
    if not inputs.size or (inputs == inputs[0]).all():
        return np.zeros(len(inputs), dtype=np.int64)
    first, member = _distinct_rows(lambda rows: inputs[rows], *inputs.shape)
    return np.unique(inputs[first], axis=0, return_inverse=True)[1].reshape(-1)[member]


def group_states(
    points: Float[np.ndarray, "n k"],
    condition: Int[np.ndarray, " n"],
    tolerance: float,
    rows: Int[np.ndarray, " j"] | None = None,
) -> Int[np.ndarray, " j"]:
    """Return a group number for every point, or of some rows; under different conditions apart.

    Distances are taken between arcsinh(x): absolute where |x| is below 1 and relative above, so
    one large unit does not blur the others.
    """
    rows = np.arange(len(points)) if rows is None else rows

    def placed(which: slice | Int[np.ndarray, " b"]) -> Float[np.ndarray, "b k1"]:
        some = rows[which]
        apart = 3 * tolerance * condition[some, None]  # one more coordinate, further than any hop
        return np.hstack([np.arcsinh(points[some]), apart])

    return _grouped(placed, len(rows), points.shape[1] + 1, tolerance)


def match_states(
    known: Float[np.ndarray, "p d"],
    known_inputs: Float[np.ndarray, "p m"],
    states: Float[np.ndarray, "n d"],
    inputs: Float[np.ndarray, "n m"],
    tolerance: float,
) -> Int[np.ndarray, " n"]:
    """Return which of the known points each state is, in the distance of `group_states`, or -1.

    Examples
    --------
    >>> no_inputs = np.zeros((2, 0))
    >>> known, states = np.array([[0.0], [1.0]]), np.array([[1.0 + 1e-9], [0.5]])
    >>> match_states(known, no_inputs, states, no_inputs, 1e-6)
    array([ 1, -1])
    """
    answer, n = np.full(len(states), -1), len(known)
    if not (n and len(states)):
        return answer
    apart = 3 * tolerance * equal_inputs(np.vstack([known_inputs, inputs]))[:, None]
    tree = cKDTree(np.hstack([np.arcsinh(known), apart[:n]]))
    for rows in batches_of(states):
        distance, nearest = tree.query(np.hstack([np.arcsinh(states[rows]), apart[n:][rows]]))
        answer[rows] = np.where(distance <= tolerance, nearest, -1)
    return answer


def resolvable(tol: float) -> float:
    """Return the distance below which ends whose q is at most `tol` cannot be told apart.

    Examples
    --------
    >>> round(resolvable(1e-24), 9)
    1.189e-06
    """
    return float((2 * tol) ** 0.25)


@np.errstate(all="ignore")
def reach_of_groups(
    points: Float[np.ndarray, "k d"],
    states: Float[np.ndarray, "n d"],
    labels: Int[np.ndarray, " n"],
    scale: Float[np.ndarray, " d"] | float = 1.0,
) -> Float[np.ndarray, " k"]:
    """Return how far the furthest state of each group lies from its point; -1 is no group.

    Points and states are measured by `scale`.

    Examples
    --------
    >>> states = np.array([[0.25], [-0.5], [9.0]])
    >>> np.sinh(reach_of_groups(np.zeros((1, 1)), states, np.array([0, 0, -1])))
    array([0.5])
    """
    placed, reach = np.arcsinh(points / scale), np.zeros(len(points))
    member = np.flatnonzero(labels >= 0)
    for some in batches(len(member), states.shape[1], BLOCK):
        rows = member[some]
        apart = np.arcsinh(states[rows] / scale) - placed[labels[rows]]
        np.maximum.at(reach, labels[rows], np.linalg.norm(apart, axis=1))
    return reach


def representatives(
    labels: Int[np.ndarray, " n"], q: Float[np.ndarray, " n"]
) -> Int[np.ndarray, " k"]:
    """Return, for every group, the row of its member with the smallest q."""
    order = np.lexsort((q, labels))
    first = np.unique(labels[order], return_index=True)[1]
    return order[first]


def smallest_gap(points: Float[np.ndarray, "n k"]) -> float:
    """Return the smallest distance between two points; infinity if there are fewer than two."""
    if len(points) < 2:
        return float("inf")
    distances, _ = cKDTree(points).query(points, k=2)
    return float(distances[:, 1].min())
