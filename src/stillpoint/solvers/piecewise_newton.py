"""Newton from piece to piece, for motions that are linear between kinks."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import to_numpy
from ..dynamics import Dynamics, PiecewiseLinear
from ..errors import ArgumentError
from .base import Solver, common_status, half_square
from .status import Status

Vectors = Float[np.ndarray, "n _"]
Flags = Bool[np.ndarray, "n h"]

# A row is at the minimum of its piece where a Newton step changes the residual by less than the
# first of these, relative to its size, or by less than the second and not downwards.
_SMALLEST_CHANGE, _SMALL_CHANGE = 1e-11, 1e-8

# A kink holds a row where the share of its positive side is within this of the range 0 to 1.
_MARGIN = 1e-9

# A change of the residual that is nothing but rounding, relative to the size of the state.
_ROUNDING = 16 * np.finfo(np.float64).eps

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


@dataclass(frozen=True)
class PiecewiseNewton(Solver):
    """Descend q exactly where the motion is linear between kinks: every row ends at a minimum.

    On one piece q = 1/2 |r|^2 is a convex quadratic function. A row takes the Newton step of its
    piece and follows q along it through all kinks to the first minimum. Where that lies on a kink,
    the row is held there and moves on along the kink, until no slope leads down any more: a
    primal active-set method (Nocedal and Wright 2006, section 16.5), which ends after finitely
    many steps, at a fixed point or at a local minimum of the speed.
    """

    matrices: ClassVar[int] = 6

    def problem(self, dynamics: Dynamics) -> PiecewiseLinear:
        form = dynamics.piecewise_linear()
        if form is None:
            raise ArgumentError(
                f"solver: PiecewiseNewton needs a motion that is known to be linear between "
                f"kinks, as of cells with phi='relu'; that of {type(dynamics).__name__} is not. "
                f"Use LevenbergMarquardt()."
            )
        return form

    def start(self, problem: PiecewiseLinear, y: Vectors, u: Any) -> PieceRows:  # type: ignore[override]
        inputs = to_numpy(u).astype(np.float64)
        drive = problem.drive(y, inputs)
        residual = problem.residual(y, inputs)
        none = np.zeros(drive.shape, dtype=bool)
        rest = np.zeros(len(y), dtype=bool)
        return PieceRows(y, inputs, drive, drive > 0, none, residual, half_square(residual), rest)

    def update(self, problem: PiecewiseLinear, rows: PieceRows) -> PieceRows:  # type: ignore[override]
        step, pressure = _newton_steps(problem, rows)
        change = np.where(rows.positive, step @ problem.K.T, 0.0) @ problem.L.T
        change += step @ problem.M.T
        rounding = _ROUNDING * np.maximum(1.0, np.abs(rows.y).max(axis=1))
        size, speed = np.linalg.norm(change, axis=1), np.sqrt(2 * rows.q)
        small = size <= _SMALLEST_CHANGE * speed + rounding
        leads_nowhere = np.sum(rows.residual * change, axis=1) >= 0
        small |= leads_nowhere & (size <= _SMALL_CHANGE * speed)
        rows = _let_go(problem, rows, pressure, np.flatnonzero(small))
        return _follow(problem, rows, step, change, np.flatnonzero(~small))

    def status(
        self, rows: PieceRows, tol: float, bound: Float[np.ndarray, " n"]
    ) -> Int[np.ndarray, " n"]:
        status = common_status(rows, tol, bound)
        status[(status == Status.RUNNING) & rows.at_rest] = Status.SLOW_POINT
        return status


def _newton_steps(problem: PiecewiseLinear, rows: PieceRows) -> tuple[Vectors, Vectors]:
    """Return the step to the minimum of each row's piece, and how hard its kinks press.

    The step solves [[J^T J, A^T], [A, 0]] [step, pressure] = -[gradient, drive], where A has the
    rows of K that hold the row, and the drive is what rounding has left of theirs. Rows that
    share a piece and its kinks share the matrix.
    """
    d, h = problem.M.shape[0], len(problem.k)
    pieces = np.packbits(np.hstack([rows.positive, rows.held]), axis=1)
    _, first, piece = np.unique(pieces, axis=0, return_index=True, return_inverse=True)
    piece = piece.reshape(-1)
    held = rows.held[first]
    most = int(held.sum(axis=1).max(initial=0))
    kinks = np.argsort(~held, axis=1, kind="stable")[:, :most]  # those that hold come first
    holds = np.take_along_axis(held, kinks, axis=1)
    matrices = _matrices(problem, rows.positive[first], kinks, holds)
    pulled = np.where(rows.positive, rows.residual @ problem.L, 0.0) @ problem.K
    gradient = pulled + rows.residual @ problem.M
    left = np.take_along_axis(rows.drive, kinks[piece], axis=1) * holds[piece]
    solution = _solve_shared(matrices, piece, -np.hstack([gradient, left]))
    pressure = np.zeros((len(piece), h))
    row, place = np.nonzero(holds[piece])
    pressure[row, kinks[piece][row, place]] = solution[row, d + place]
    return solution[:, :d], pressure


def _solve_shared(
    matrices: Float[np.ndarray, "p s s"], member: Int[np.ndarray, " n"], rhs: Vectors
) -> Vectors:
    """Solve one linear system per row, where many rows share a matrix."""
    count = np.bincount(member, minlength=len(matrices))
    order = np.argsort(member, kind="stable")
    rank = np.empty_like(member)
    rank[order] = np.arange(len(member)) - np.repeat(np.cumsum(count) - count, count)
    solution = np.empty_like(rhs)
    few = count <= _FEW  # for these, factors are cheaper than an inverse
    number = np.cumsum(few) - 1
    rows = np.flatnonzero(few[member])
    columns = np.zeros((int(few.sum()), rhs.shape[1], _FEW))
    columns[number[member[rows]], :, rank[rows]] = rhs[rows]
    columns = np.linalg.solve(matrices[few], columns)
    solution[rows] = columns[number[member[rows]], :, rank[rows]]
    for shared in np.flatnonzero(~few):
        rows = np.flatnonzero(member == shared)
        solution[rows] = np.linalg.solve(matrices[shared], rhs[rows].T).T
    return solution


def _matrices(
    problem: PiecewiseLinear,
    positive: Bool[np.ndarray, "p h"],
    kinks: Int[np.ndarray, "p k"],
    holds: Bool[np.ndarray, "p k"],
) -> Float[np.ndarray, "p s s"]:
    """Return every piece's matrix; kinks that hold nothing are padding."""
    slope = problem.slope_at(positive.astype(np.float64))
    normal = np.matmul(slope.transpose(0, 2, 1), slope)
    d, most = slope.shape[1], kinks.shape[1]
    diagonal = np.diagonal(normal, axis1=1, axis2=2)
    ridge = _RIDGE * np.where(diagonal > 0, diagonal, 1.0)
    normals = problem.K[kinks] * holds[:, :, None]
    matrix = np.zeros((len(normal), d + most, d + most))
    matrix[:, :d, :d] = normal + ridge[:, :, None] * np.eye(d)
    matrix[:, d:, :d], matrix[:, :d, d:] = normals, normals.transpose(0, 2, 1)
    matrix[:, range(d, d + most), range(d, d + most)] = np.where(holds, -_RIDGE, -1.0)
    return matrix


def _let_go(
    problem: PiecewiseLinear, rows: PieceRows, pressure: Vectors, places: Int[np.ndarray, " k"]
) -> PieceRows:
    """At the minimum on its kinks a row leaves the one that holds it least, or is at rest.

    A kink holds where q is convex across it and the slope there, a mixture of those on its two
    sides, is zero: the share of the positive side lies between 0 and 1. A kink on which the row
    lies without being held leads down to its other side where q is concave across it.
    """
    across, holding = rows.residual[places] @ problem.L, rows.held[places]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(holding, pressure[places] / across, 0.5)
    excess = np.where(holding & (across <= 0), np.inf, np.maximum(-share, share - 1.0))
    touched = ~holding & problem.on_kinks(rows.y[places], rows.u[places])
    concave = touched & (across < -_MARGIN * np.sqrt(2 * rows.q[places])[:, None])
    excess = np.where(concave, np.inf, excess)
    at_rest, held, positive = rows.at_rest.copy(), rows.held.copy(), rows.positive.copy()
    if excess.shape[1] == 0:
        at_rest[places] = True
        return replace(rows, at_rest=at_rest)
    worst = np.argmax(excess, axis=1)
    lifted = excess[np.arange(len(places)), worst] > _MARGIN
    at_rest[places[~lifted]] = True
    leaving, kink = places[lifted], worst[lifted]
    held[leaving, kink] = False
    upwards = np.where(across > 0, share > 1, share < 0.5)
    upwards = np.where(concave, ~positive[places], upwards)
    positive[leaving, kink] = upwards[lifted, kink]
    return replace(rows, at_rest=at_rest, held=held, positive=positive)


def _follow(
    problem: PiecewiseLinear,
    rows: PieceRows,
    step: Vectors,
    change: Vectors,
    places: Int[np.ndarray, " k"],
) -> PieceRows:
    """Move rows along their steps, through kinks, to the first minimum of q on the way."""
    if not len(places):
        return rows
    moved = np.where(rows.held[places], 0.0, step[places] @ problem.K.T)
    length, crossed, stopped_by = _first_minimum(
        problem, rows.drive[places], moved, rows.positive[places], rows.residual[places],
        change[places],
    )  # fmt: skip
    y, u = rows.y.copy(), rows.u
    y[places] += length[:, None] * step[places]
    positive, held = rows.positive.copy(), rows.held.copy()
    positive[places] ^= crossed
    stopped = np.flatnonzero(stopped_by >= 0)
    held[places[stopped], stopped_by[stopped]] = True
    positive[places[stopped], stopped_by[stopped]] = False
    drive = rows.drive.copy()
    drive[places] = problem.drive(y[places], u[places])
    rectified = np.where(positive[places], drive[places], 0.0)
    residual, q = rows.residual.copy(), rows.q.copy()
    residual[places] = problem.motion(y[places], u[places], rectified)
    q[places] = half_square(residual[places])
    return PieceRows(y, u, drive, positive, held, residual, q, rows.at_rest)


def _first_minimum(
    problem: PiecewiseLinear,
    drive: Float[np.ndarray, "k h"],
    moved: Float[np.ndarray, "k h"],
    positive: Bool[np.ndarray, "k h"],
    residual: Vectors,
    change: Vectors,
) -> tuple[Float[np.ndarray, " k"], Bool[np.ndarray, "k h"], Int[np.ndarray, " k"]]:
    """Return how far each row goes, which kinks it crosses, and which one stops it (or -1)."""
    n, h = drive.shape
    with np.errstate(divide="ignore", invalid="ignore"):
        meets = np.where(positive, moved < 0, moved > 0)
        when = np.where(meets, np.maximum(-drive / moved, 0.0), np.inf)
    order = np.argsort(when, axis=1)
    when = np.hstack([np.take_along_axis(when, order, axis=1), np.full((n, 1), np.inf)])
    length, stopped_by = np.zeros(n), np.full(n, -1)
    crossed = np.zeros((n, h), dtype=bool)
    going, residual, change = np.arange(n), residual.copy(), change.copy()
    for turn in range(h + 1):
        slope = np.sum(residual[going] * change[going], axis=1)
        bend = np.sum(change[going] ** 2, axis=1)
        with np.errstate(divide="ignore", invalid="ignore"):
            lowest = np.where(bend > 0, np.maximum(-slope / bend, 0.0), 0.0)
        if turn == 0:
            lowest[:] = 1.0  # the Newton step itself, which a quotient of roundings may not stretch
        ends = lowest <= when[going, turn] - length[going]
        length[going[ends]] += lowest[ends]
        going = going[~ends]
        if not len(going):
            break
        kink = order[going, turn]
        way = when[going, turn] - length[going]
        length[going] += way
        residual[going] += way[:, None] * change[going]
        turned = np.where(positive[going, kink], -moved[going, kink], moved[going, kink])
        change[going] += turned[:, None] * problem.L.T[kink]
        uphill = np.sum(residual[going] * change[going], axis=1) >= 0
        stopped_by[going[uphill]] = kink[uphill]
        crossed[going[~uphill], kink[~uphill]] = True
        going = going[~uphill]
    return length, crossed, stopped_by
