"""Levenberg-Marquardt with Nielsen's damping, each row with its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import (
    half_square,
    identity_like,
    multiply_rows_transposed,
    namespace,
    put_rows,
    solve_rows,
    take,
    to_numpy,
)
from .._core.validation import check_flag, check_real, check_whole
from ..dynamics import Dynamics, RootProblem
from .base import Solver
from .status import Status

# A row whose damping exceeds this makes steps below the resolution of float64.
_HEAVIEST = 1e15

# The second derivatives of the residual count for a row that is about to reach a minimum above
# zero: its q falls by less than this fraction ...
_SLOW_GAIN = 0.1
# ... where |J^T g| / |g| is less than this.
_NEARLY_FLAT = 1e-2

# A row has come to rest where q falls by less than this fraction ...
_LEAST_GAIN = 1e-5
# ... so many steps in a row; minima on a kink of ReLU end so, as no gradient vanishes there.
_PATIENCE = 10


@dataclass(frozen=True)
class DampedRows:
    """Where the rows are, their damping, the slope |J^T g| / |g|, if q falls slowly or rests."""

    y: Float[Any, "n k"]
    u: Float[Any, "n m"]
    residual: Float[Any, "n r"]
    q: Float[Any, " n"]
    damping: Float[Any, " n"]
    growth: Float[Any, " n"]
    slope: Float[Any, " n"]
    slow: Any
    resting: Float[Any, " n"]


@final
@dataclass(frozen=True)
class LevenbergMarquardt(Solver[RootProblem, DampedRows]):
    """Damped Gauss-Newton on the motion itself: it descends q to a root or to a slow point.

    The damping follows Nielsen (1999): it shrinks smoothly with the gain ratio of a good step
    and grows ever faster while steps fail. The residual may have more components than the state.
    Where q falls slowly, its whole Hessian takes the place of J^T J, so that slow points, where
    q > 0, are reached as fast as roots (Dennis and Schnabel 1983, section 10.2).

    Parameters
    ----------
    first_damping
        The first damping, relative to the largest diagonal element of J^T J.
    slope_tol
        A row is a slow point when ``|J^T g| <= slope_tol |g|``, or ``<= sqrt(slope_tol) |g|`` where
        q falls no further, as rounding hides the rest.
    standing
        Whether a cycle is sought from states that all are the start, each of which is an unknown:
        the way to the fixed points among the cycles. A row whose q falls slowly is given up then.
    least_damping
        The least damping, in units of J^T J: along directions whose squared singular value is far
        below it a row hardly moves. A row then goes down to a slow manifold, not along it.
    most_steps
        Steps after which a row is handed on to the next solver; as many as the search allows if
        None.
    """

    first_damping: float = 1e-3
    slope_tol: float = 1e-8
    standing: bool = False
    least_damping: float = 0.0
    most_steps: int | None = None

    def __post_init__(self) -> None:
        check_real("first_damping", self.first_damping, above=0)
        check_real("slope_tol", self.slope_tol, least=0)
        check_flag("standing", self.standing)
        check_real("least_damping", self.least_damping, least=0)
        if self.most_steps is not None:
            check_whole("most_steps", self.most_steps, least=1)

    def problem(self, dynamics: Dynamics) -> RootProblem:
        return dynamics.equilibrium_problem() if self.standing else dynamics.residual_problem()

    def start(self, problem: RootProblem, y: Any, u: Any) -> DampedRows:
        xp = namespace(y)
        y = problem.standing(problem.state(y, u), u) if self.standing else y
        residual = problem.residual(y, u)
        q = half_square(residual)
        zeros = xp.zeros_like(q)
        return DampedRows(
            y, u, residual, q, zeros, 2 + zeros, zeros + xp.inf, slow=zeros > 0, resting=zeros
        )

    def update(self, problem: RootProblem, rows: DampedRows) -> DampedRows:
        xp = namespace(rows.y)
        jacobian = problem.jacobian(rows.y, rows.u)
        gradient = multiply_rows_transposed(jacobian, rows.residual)
        slope = xp.sqrt(half_square(gradient) / rows.q)
        normal = _hessian(problem, rows, jacobian)
        damping = self._damping(rows, normal)
        identity = identity_like(rows.y, rows.y.shape[1])
        step = solve_rows(normal + damping[:, None, None] * identity, -gradient)
        trial_y = rows.y + step
        trial_residual = problem.residual(trial_y, rows.u)
        trial_q = half_square(trial_residual)
        promised = 0.5 * xp.sum(step * (damping[:, None] * step - gradient), axis=1)
        gain = (rows.q - trial_q) / promised
        good = (promised > 0) & (gain > 0) & (slope > self.slope_tol)
        gained = good & (rows.q - trial_q > _LEAST_GAIN * rows.q)
        rested = xp.where(promised > 0, rows.resting + 1, rows.resting)  # else too little damping
        shrink = 1 - (2 * gain - 1) ** 3
        shrink = xp.where(shrink > 1 / 3, shrink, xp.full_like(shrink, 1 / 3))
        return DampedRows(
            y=xp.where(good[:, None], trial_y, rows.y),
            u=rows.u,
            residual=xp.where(good[:, None], trial_residual, rows.residual),
            q=xp.where(good, trial_q, rows.q),
            damping=xp.where(good, damping * shrink, damping * rows.growth),
            growth=xp.where(good, xp.full_like(rows.growth, 2.0), 2 * rows.growth),
            slope=slope,
            slow=(slope < _NEARLY_FLAT)
            & xp.where(good, rows.q - trial_q < _SLOW_GAIN * rows.q, rows.slow),
            resting=xp.where(gained, xp.zeros_like(rows.resting), rested),
        )

    def status(self, rows: DampedRows) -> Int[np.ndarray, " n"]:
        still = to_numpy((rows.damping > _HEAVIEST) | (rows.resting >= _PATIENCE))
        slope = to_numpy(rows.slope)
        # A slow point is one by its gradient in both cases. Where q falls no further, rounding in
        # q hides slopes below about its square root, and what is steeper has only come to rest.
        if self.standing:  # slow points are those of the motion, to which this leads no further
            return np.where(still | to_numpy(rows.slow), Status.STALLED, Status.RUNNING)
        is_slow = (slope <= self.slope_tol) | (still & (slope <= np.sqrt(self.slope_tol)))
        status = np.where(still, Status.STALLED, Status.RUNNING)
        return np.where(is_slow, Status.SLOW_POINT, status)

    def _damping(self, rows: DampedRows, normal: Float[Any, "n k k"]) -> Float[Any, " n"]:
        """Return the damping of this step; at the first step it is set from J^T J."""
        xp = namespace(normal)
        largest = xp.max(xp.linalg.diagonal(normal), axis=1)
        fresh = self.first_damping * xp.where(largest > 0, largest, xp.ones_like(largest))
        damping = xp.where(rows.damping > 0, rows.damping, fresh)
        least = xp.full_like(damping, self.least_damping)
        return xp.where(damping > least, damping, least)


def _hessian(problem: RootProblem, rows: DampedRows, jacobian: Any) -> Float[Any, "n k k"]:
    """Return J^T J, and for rows whose q falls slowly the whole Hessian of q."""
    normal = namespace(jacobian).matmul(namespace(jacobian).matrix_transpose(jacobian), jacobian)
    late = np.flatnonzero(to_numpy(rows.slow))
    if not len(late):
        return normal
    y, u, residual = (take(part, late) for part in (rows.y, rows.u, rows.residual))
    return put_rows(normal, late, take(normal, late) + problem.curvature(y, u, residual))
