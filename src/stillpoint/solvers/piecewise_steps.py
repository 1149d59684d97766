"""Steps where a motion is linear between kinks: to the minimum of a piece, and through kinks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import CACHED, batches, half_square, put_rows, take_record
from ..dynamics import PiecewiseLinear

Vectors = Float[np.ndarray, "n _"]
Flags = Bool[np.ndarray, "n h"]

# What is added to the diagonal of J^T J, relative to each element: it makes the equations solvable
# where the motion has a flat direction, and is below rounding elsewhere.
_RIDGE = 1e-13

# Up to so many rows that share a matrix are solved together with those of other matrices.
_FEW = 4


@dataclass(frozen=True)
class PieceRows:
    """Where the rows are, which drives are positive, which kinks hold them, and who is at rest."""

    y: Vectors
    u: Float[np.ndarray, "n m"]
    drive: Float[np.ndarray, "n h"]
    positive: Flags
    held: Flags
    residual: Vectors
    q: Float[np.ndarray, " n"]
    at_rest: Bool[np.ndarray, " n"]


def newton_steps(form: PiecewiseLinear, rows: PieceRows) -> tuple[Vectors, Vectors]:
    """Return the step to the minimum of each row's piece, and how hard its kinks press.

    The step solves [[J^T J, A^T], [A, 0]] [step, pressure] = -[gradient, drive], where A has the
    rows of K that hold the row, and the drive is what rounding has left of theirs. Rows that
    share a piece and its kinks share the matrix; a cacheful of matrices is made at a time.
    """
    d, h = form.M.shape[0], len(form.k)
    pieces = np.packbits(np.hstack([rows.positive, rows.held]), axis=1)
    _, first, piece = np.unique(pieces, axis=0, return_index=True, return_inverse=True)
    piece = piece.reshape(-1)
    positive, held = rows.positive[first], rows.held[first]
    most = int(held.sum(axis=1).max(initial=0))
    kinks = np.argsort(~held, axis=1, kind="stable")[:, :most]  # those that hold come first
    holds = np.take_along_axis(held, kinks, axis=1)
    pulled = np.where(rows.positive, rows.residual @ form.L, 0.0) @ form.K
    gradient = pulled + rows.residual @ form.M
    left = np.take_along_axis(rows.drive, kinks[piece], axis=1) * holds[piece]
    rhs = -np.hstack([gradient, left])
    solution, order = np.empty_like(rhs), np.argsort(piece, kind="stable")
    begins = np.searchsorted(piece[order], np.arange(len(first) + 1))
    for some in batches(len(first), (d + most) ** 2, CACHED):
        matrices = _matrices(form, positive[some], kinks[some], holds[some])
        members = order[begins[some.start] : begins[some.stop]]
        solution[members] = _solve_shared(matrices, piece[members] - some.start, rhs[members])
    pressure = np.zeros((len(piece), h))
    row, place = np.nonzero(holds[piece])
    pressure[row, kinks[piece][row, place]] = solution[row, d + place]
    return solution[:, :d], pressure


def _solve_shared(
    matrices: Float[np.ndarray, "p s s"], member: Int[np.ndarray, " n"], rhs: Vectors
) -> Vectors:
    """Solve one linear system per row, where many rows, in the order of matrices, share one."""
    count = np.bincount(member, minlength=len(matrices))
    ends = np.cumsum(count)
    rank = np.arange(len(member)) - (ends - count)[member]
    solution = np.empty_like(rhs)
    few = count <= _FEW  # for these, factors are cheaper than an inverse
    number = np.cumsum(few) - 1
    rows = np.flatnonzero(few[member])
    columns = np.zeros((int(few.sum()), rhs.shape[1], _FEW))
    columns[number[member[rows]], :, rank[rows]] = rhs[rows]
    columns = np.linalg.solve(matrices[few], columns)
    solution[rows] = columns[number[member[rows]], :, rank[rows]]
    for shared in np.flatnonzero(~few):
        block = slice(ends[shared] - count[shared], ends[shared])
        solution[block] = np.linalg.solve(matrices[shared], rhs[block].T).T
    return solution


def _matrices(
    form: PiecewiseLinear,
    positive: Bool[np.ndarray, "p h"],
    kinks: Int[np.ndarray, "p k"],
    holds: Bool[np.ndarray, "p k"],
) -> Float[np.ndarray, "p s s"]:
    """Return every piece's matrix; kinks that hold nothing are padding."""
    slope = form.slope_at(positive.astype(np.float64))
    d, most = slope.shape[1], kinks.shape[1]
    normals = form.K[kinks] * holds[:, :, None]
    matrix = np.zeros((len(slope), d + most, d + most))
    matrix[:, :d, :d] = np.matmul(slope.transpose(0, 2, 1), slope)
    matrix[:, d:, :d], matrix[:, :d, d:] = normals, normals.transpose(0, 2, 1)
    diagonal = np.einsum("nii->ni", matrix)
    diagonal[:, :d] += _RIDGE * np.where(diagonal[:, :d] > 0, diagonal[:, :d], 1.0)
    diagonal[:, d:] = np.where(holds, -_RIDGE, -1.0)
    return matrix


def follow(
    form: PiecewiseLinear,
    rows: PieceRows,
    step: Vectors,
    change: Vectors,
    places: Int[np.ndarray, " k"],
) -> PieceRows:
    """Move rows along their steps, through kinks, to the first minimum of q on the way."""
    if not len(places):
        return rows
    going, step = take_record(rows, places), step[places]
    moved = np.where(going.held, 0.0, step @ form.K.T)
    length, crossed, stopped_by = _first_minimum(form, going, moved, change[places])
    y, positive, held = going.y + length[:, None] * step, going.positive ^ crossed, going.held
    stopped = np.flatnonzero(stopped_by >= 0)
    held[stopped, stopped_by[stopped]] = True
    positive[stopped, stopped_by[stopped]] = False
    drive = form.drive(y, going.u)
    residual = form.motion(y, going.u, np.where(positive, drive, 0.0))
    return replace(
        rows,
        y=put_rows(rows.y, places, y),
        drive=put_rows(rows.drive, places, drive),
        positive=put_rows(rows.positive, places, positive),
        held=put_rows(rows.held, places, held),
        residual=put_rows(rows.residual, places, residual),
        q=put_rows(rows.q, places, half_square(residual)),
    )


def _first_minimum(
    form: PiecewiseLinear, rows: PieceRows, moved: Float[np.ndarray, "k h"], change: Vectors
) -> tuple[Float[np.ndarray, " k"], Bool[np.ndarray, "k h"], Int[np.ndarray, " k"]]:
    """Return how far each row goes, which kinks it crosses, and which one stops it (or -1)."""
    n, h = moved.shape
    positive = rows.positive
    with np.errstate(divide="ignore", invalid="ignore"):
        meets = np.where(positive, moved < 0, moved > 0)
        when = np.where(meets, np.maximum(-rows.drive / moved, 0.0), np.inf)
    order = np.argsort(when, axis=1)
    when = np.hstack([np.take_along_axis(when, order, axis=1), np.full((n, 1), np.inf)])
    length, stopped_by = np.zeros(n), np.full(n, -1)
    crossed = np.zeros((n, h), dtype=bool)
    going, residual = np.arange(n), rows.residual
    for turn in range(h + 1):
        slope, bend = np.sum(residual * change, axis=1), np.sum(change**2, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            lowest = np.where(bend > 0, np.maximum(-slope / bend, 0.0), 0.0)
        if turn == 0:
            lowest[:] = 1.0  # the Newton step itself, which a quotient of roundings may not stretch
        way = when[going, turn] - length[going]
        ends = lowest <= way
        length[going] += np.where(ends, lowest, way)
        going, way, residual, change = (array[~ends] for array in (going, way, residual, change))
        if not len(going):
            break
        kink = order[going, turn]
        residual += way[:, None] * change
        turned = np.where(positive[going, kink], -moved[going, kink], moved[going, kink])
        change += turned[:, None] * form.L.T[kink]
        uphill = np.sum(residual * change, axis=1) >= 0
        stopped_by[going[uphill]] = kink[uphill]
        going, kink, residual, change = (
            array[~uphill] for array in (going, kink, residual, change)
        )
        crossed[going, kink] = True
    return length, crossed, stopped_by
