"""Newton's method with a line search, each row with its own step length."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import (
    CACHED,
    batches,
    half_square,
    namespace,
    put_rows,
    solve_rows,
    take,
    to_numpy,
)
from .._core.validation import check_real, check_whole
from ..dynamics import Dynamics, RootProblem
from .base import Solver
from .loop import MEMORY_BUDGET
from .status import Status


@dataclass(frozen=True)
class NewtonRows:
    """Where the rows are, the residual there, and which rows found no way down."""

    y: Float[Any, "n k"]
    u: Float[Any, "n m"]
    residual: Float[Any, "n k"]
    q: Float[Any, " n"]
    stalled: Bool[np.ndarray, " n"]


@final
@dataclass(frozen=True)
class Newton(Solver[RootProblem, NewtonRows]):
    """Newton on the equilibrium form, with a backtracking line search on q.

    Quadratic convergence near a root, and no minimum of q can hold a row: it stalls there and is
    handed on. A step is accepted when q falls by the fraction `decrease` of what its slope
    promises (Armijo); otherwise the length shrinks to the minimum of the parabola through what is
    known (Dennis and Schnabel 1983, section 6.3).

    Parameters
    ----------
    decrease
        Armijo's fraction.
    max_trials
        How many lengths are tried before the row counts as stalled.
    most_steps
        Steps after which a row is handed on to the next solver; as many as the search allows if
        None.
    """

    decrease: float = 1e-4
    max_trials: int = 12
    most_steps: int | None = None

    def __post_init__(self) -> None:
        if self.most_steps is not None:
            check_whole("most_steps", self.most_steps, least=1)
        check_real("decrease", self.decrease, above=0, most=0.5)
        check_whole("max_trials", self.max_trials, least=1)

    def problem(self, dynamics: Dynamics) -> RootProblem:
        return dynamics.equilibrium_problem()

    def start(self, problem: RootProblem, y: Any, u: Any) -> NewtonRows:
        residual = problem.residual(y, u)
        return NewtonRows(y, u, residual, half_square(residual), np.zeros(y.shape[0], dtype=bool))

    def update(self, problem: RootProblem, rows: NewtonRows) -> NewtonRows:
        direction = newton_steps(problem, rows.y, rows.u, rows.residual)
        return self.search(problem, rows, direction)

    def status(self, rows: NewtonRows) -> Int[np.ndarray, " n"]:
        return np.where(rows.stalled, Status.STALLED, Status.RUNNING)

    def search(self, problem: RootProblem, rows: NewtonRows, direction: Any) -> NewtonRows:
        """Return the rows after the longest acceptable step along `direction`."""
        xp = namespace(rows.y)
        y, residual, q = rows.y, rows.residual, rows.q
        searching = np.arange(y.shape[0])
        y0, u0, q0, length = rows.y, rows.u, rows.q, xp.ones_like(q)
        for _ in range(self.max_trials):
            trial_y = y0 + length[:, None] * direction
            trial_residual = problem.residual(trial_y, u0)
            trial_q = half_square(trial_residual)
            # A Newton step has slope -2 q; a comparison with NaN is False, so NaN is refused.
            good = to_numpy(trial_q <= (1 - 2 * self.decrease * length) * q0)
            accepted, refused = np.flatnonzero(good), np.flatnonzero(~good)
            if len(refused) == 0 and len(accepted) == y.shape[0]:
                return replace(rows, y=trial_y, residual=trial_residual, q=trial_q)
            if len(accepted):
                places = searching[accepted]
                y = put_rows(y, places, take(trial_y, accepted))
                residual = put_rows(residual, places, take(trial_residual, accepted))
                q = put_rows(q, places, take(trial_q, accepted))
            searching = searching[refused]
            if len(searching) == 0:
                break
            length = take(_shorter(length, q0, trial_q), refused)
            direction = take(direction, refused)
            y0, u0, q0 = take(y0, refused), take(u0, refused), take(q0, refused)
        stalled = rows.stalled.copy()
        stalled[searching] = True
        return NewtonRows(y, rows.u, residual, q, stalled)


def newton_steps(
    problem: RootProblem, y: Float[Any, "n k"], u: Float[Any, "n m"], residual: Float[Any, "n k"]
) -> Float[Any, "n k"]:
    """Return a Newton step for each row, of NumPy from a cacheful of matrices at a time."""
    most = CACHED if type(y) is np.ndarray else MEMORY_BUDGET // (8 * Solver.matrices)
    steps = [
        solve_rows(problem.jacobian(y[rows, ...], u[rows, ...]), -residual[rows, ...])
        for rows in batches(y.shape[0], y.shape[1] ** 2, most)
    ]
    return steps[0] if len(steps) == 1 else namespace(y).concat(steps)


def _shorter(length: Any, q: Any, trial_q: Any) -> Any:
    """Return the minimum of the parabola through q, its slope and the trial, within bounds."""
    xp = namespace(length)
    best = q * length * length / (trial_q - q + 2 * q * length)
    best = xp.where(xp.isfinite(best), best, 0.1 * length)
    return xp.where(
        best > 0.5 * length, 0.5 * length, xp.where(best < 0.1 * length, 0.1 * length, best)
    )
