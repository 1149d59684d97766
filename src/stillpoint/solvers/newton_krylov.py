"""Newton's method without matrices: steps by GMRES, for networks of many units."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import half_square, put_rows, take, to_numpy
from .._core.validation import check_real, check_whole
from ..dynamics import Dynamics, RootProblem
from .base import Solver
from .krylov import Solution, gmres
from .newton import Newton, NewtonRows, newton_steps
from .status import Status

# Steps are solved to this fraction of the residual at most, and never more sharply than that.
_LOOSEST, _SHARPEST = 0.1, 1e-6

# Choice 2 of Eisenstat and Walker (1996): this times the square of the last reduction.
_FORCING = 0.9

# So many rows are tried first; where most of them take too many products, all take matrices.
_TRIED = 8

# Products per step at most, as a part of the unknowns: a factorisation costs as much as about an
# eighth of them, so that a row that takes more loses little; and the bounds of that number.
_PART, _FEWEST, _MOST = 16, 8, 64

# Vectors per row beside the basis.
_VECTORS = 16


@dataclass(frozen=True)
class KrylovRows:
    """Where the rows are, the residual there and q before; which stalled, which take matrices."""

    y: Float[Any, "n k"]
    u: Float[Any, "n m"]
    residual: Float[Any, "n k"]
    q: Float[Any, " n"]
    before: Float[np.ndarray, " n"]
    stalled: Bool[np.ndarray, " n"]
    with_matrix: Bool[np.ndarray, " n"]


@final
@dataclass(frozen=True)
class NewtonKrylov(Solver[RootProblem, KrylovRows]):
    """Newton on the equilibrium form, each step by GMRES on products with the Jacobian.

    Where the spectrum is a few outliers and a disc, as in trained networks, a step takes some four
    products instead of a factorisation, and no matrix is ever built. Steps are as exact as they
    need to be (Eisenstat and Walker 1996), and as long as `Newton`'s. What GMRES does not solve in
    `most_products` gets Newton's own steps: the first rows say whether all do, later each row by
    itself, once and for all.

    Parameters
    ----------
    most_products
        Products per step; by default one for every 16 unknowns, between 8 and 64.
    least_unknowns
        Problems with fewer unknowns are solved with matrices, which is faster there.
    first_forcing
        The residual of the first linear system, relative to its right-hand side.
    decrease, max_trials, most_steps
        As of `Newton`.

    Examples
    --------
    >>> import numpy as np
    >>> from stillpoint.cells import VanillaCell
    >>> from stillpoint.solvers import NewtonKrylov, solve
    >>> cell = VanillaCell(2 * np.eye(3), np.zeros((3, 0)), np.zeros(3))
    >>> solver = NewtonKrylov(least_unknowns=1)
    >>> solve(cell, np.ones((1, 3)), np.zeros((1, 0)), [solver], tol=1e-24, max_steps=9).x.round(6)
    array([[0.957504, 0.957504, 0.957504]])
    """

    most_products: int | None = None
    least_unknowns: int = 128
    first_forcing: float = _LOOSEST
    decrease: float = 1e-4
    max_trials: int = 12
    most_steps: int | None = None

    def __post_init__(self) -> None:
        if self.most_products is not None:
            check_whole("most_products", self.most_products, least=1)
        check_whole("least_unknowns", self.least_unknowns, least=1)
        check_real("first_forcing", self.first_forcing, above=0, most=0.5)
        self._newton()

    def problem(self, dynamics: Dynamics) -> RootProblem:
        return dynamics.equilibrium_problem()

    def numbers(self, dynamics: Dynamics) -> int:
        if not dynamics.is_matrix_free:
            return super().numbers(dynamics)
        size = dynamics.working_size
        return (self._products(size) + _VECTORS) * size

    def start(self, problem: RootProblem, y: Any, u: Any) -> KrylovRows:
        residual = problem.residual(y, u)
        n, unknowns = y.shape
        with_matrix = np.full(n, unknowns < self.least_unknowns)
        if not with_matrix.all():
            tried = np.unique(np.linspace(0, n - 1, min(n, _TRIED)).astype(np.int64))
            forcing = np.full(len(tried), self.first_forcing)
            first = self._solve(
                problem, take(y, tried), take(u, tried), take(residual, tried), forcing
            )
            with_matrix[:] = 2 * first.reached.sum() < len(tried)
        q, none = half_square(residual), np.zeros(n, dtype=bool)
        return KrylovRows(y, u, residual, q, np.full(n, np.inf), none, with_matrix)

    def update(self, problem: RootProblem, rows: KrylovRows) -> KrylovRows:
        direction, with_matrix = self._direction(problem, rows)
        here = NewtonRows(rows.y, rows.u, rows.residual, rows.q, rows.stalled)
        new = self._newton().search(problem, here, direction)
        before = np.array(to_numpy(rows.q), dtype=np.float64)
        return KrylovRows(new.y, new.u, new.residual, new.q, before, new.stalled, with_matrix)

    def status(self, rows: KrylovRows) -> Int[np.ndarray, " n"]:
        return np.where(rows.stalled, Status.STALLED, Status.RUNNING)

    def _direction(
        self, problem: RootProblem, rows: KrylovRows
    ) -> tuple[Float[Any, "n k"], Bool[np.ndarray, " n"]]:
        """Return Newton's steps, and which rows take matrices for theirs, from now on."""
        direction, with_matrix = rows.residual, rows.with_matrix.copy()
        free = np.flatnonzero(~with_matrix)
        if len(free):
            y, u, residual = (take(part, free) for part in (rows.y, rows.u, rows.residual))
            found = self._solve(problem, y, u, residual, self._forcing(rows)[free])
            with_matrix[free] = ~found.reached
            direction = put_rows(direction, free, found.x)
        by_matrix = np.flatnonzero(with_matrix)
        if len(by_matrix):
            y, u, residual = (take(part, by_matrix) for part in (rows.y, rows.u, rows.residual))
            direction = put_rows(direction, by_matrix, newton_steps(problem, y, u, residual))
        return direction, with_matrix

    def _forcing(self, rows: KrylovRows) -> Float[np.ndarray, " n"]:
        """Return how exactly each step is solved, relative to the residual."""
        reduction = np.asarray(to_numpy(rows.q), dtype=np.float64) / rows.before
        wanted = np.clip(_FORCING * reduction, _SHARPEST, _LOOSEST)
        return np.where(np.isfinite(rows.before), wanted, self.first_forcing)

    def _solve(
        self, problem: RootProblem, y: Any, u: Any, residual: Any, forcing: Float[np.ndarray, " n"]
    ) -> Solution:
        return gmres(problem.differential(y, u), -residual, forcing, self._products(y.shape[1]))

    def _products(self, unknowns: int) -> int:
        return self.most_products or min(max(unknowns // _PART, _FEWEST), _MOST)

    def _newton(self) -> Newton:
        """Return the solver whose step lengths these are."""
        return Newton(self.decrease, self.max_trials, self.most_steps)
