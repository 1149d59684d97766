"""Newton's method that never turns back, and is kicked off where it gets nowhere."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import half_square, namespace, put_rows, take, to_numpy
from .._core.validation import check_real, check_whole
from ..dynamics import Dynamics, RootProblem
from .base import Solver
from .newton import newton_steps
from .status import Status


@dataclass(frozen=True)
class KickedRows:
    """Where the rows are, the least q since their last kick, and for how long it has stood."""

    y: Float[Any, "n k"]
    u: Float[Any, "n m"]
    q: Float[Any, " n"]
    residual: Float[Any, "n k"]
    least: Float[np.ndarray, " n"]
    idle: Int[np.ndarray, " n"]
    kicks: Int[np.ndarray, " n"]


@final
@dataclass(frozen=True)
class KickedNewton(Solver[RootProblem, KickedRows]):
    """Newton steps of bounded length without a line search, and a kick where q does not fall.

    Of networks with many minima of q most rows of a descent, and of a Newton method that insists
    on one, end where q is not zero. Here q may rise. A row whose q has not halved for `patience`
    steps is moved at random, and then a step of the network along. Kicks depend on their number
    alone, whatever rows a row is solved with; but what rounding makes of a product of many rows can
    grow where a row wanders for a hundred steps.

    It needs a network whose states stay in some ball, and equations as g(y) = F(y) - y.

    Parameters
    ----------
    longest
        The length of a step, in the largest entry, relative to that of the state, if it is above 1.
    patience
        Steps without half the least q after which a row is kicked.
    size
        The standard deviation of a kick, relative to the same.
    most_steps
        Steps after which a row is handed on to the next solver; as many as the search allows if
        None.

    Examples
    --------
    >>> import stillpoint as sp
    >>> W = np.random.default_rng(0).normal(size=(64, 64)) * 2 / 8
    >>> system = sp.as_system(sp.cells.VanillaCell(W, np.zeros((64, 0)), np.zeros(64)))
    >>> starts = np.random.default_rng(1).normal(size=(50, 64))
    >>> ends = [
    ...     sp.find_fixed_points(system, starts, solver=solver, rounds=0, orbits=False).starts
    ...     for solver in (sp.solvers.Newton(), KickedNewton())
    ... ]
    >>> newton, kicked = ((end.status == sp.Status.FIXED_POINT).mean() for end in ends)
    >>> bool(kicked > 1.5 * newton)
    True
    """

    longest: float = 0.5
    patience: int = 8
    size: float = 0.5
    most_steps: int | None = None

    def __post_init__(self) -> None:
        check_real("longest", self.longest, above=0)
        check_whole("patience", self.patience, least=1)
        check_real("size", self.size, above=0)
        if self.most_steps is not None:
            check_whole("most_steps", self.most_steps, least=1)

    def problem(self, dynamics: Dynamics) -> RootProblem:
        return dynamics.equilibrium_problem()

    def start(self, problem: RootProblem, y: Any, u: Any) -> KickedRows:
        residual = problem.residual(y, u)
        q, none = half_square(residual), np.zeros(y.shape[0], dtype=np.int64)
        return KickedRows(y, u, q, residual, to_numpy(q).copy(), none, none.copy())

    def update(self, problem: RootProblem, rows: KickedRows) -> KickedRows:
        xp = namespace(rows.y)
        step = newton_steps(problem, rows.y, rows.u, rows.residual)
        far = self.longest * _size(rows.y) / xp.max(xp.abs(step), axis=1)
        y = rows.y + xp.where(far < 1, far, xp.ones_like(far))[:, None] * step
        is_idle = (rows.idle >= self.patience) | ~to_numpy(xp.all(xp.isfinite(y), axis=1))
        kicked = np.flatnonzero(is_idle)
        if len(kicked):
            y = put_rows(y, kicked, self._kicked(problem, rows, kicked))
        residual = problem.residual(y, rows.u)
        q = half_square(residual)
        is_better = is_idle | (to_numpy(q) < 0.5 * rows.least)
        least = np.where(is_better, to_numpy(q), rows.least)
        idle = np.where(is_better, 0, rows.idle + 1)
        return KickedRows(y, rows.u, q, residual, least, idle, rows.kicks + is_idle)

    def status(self, rows: KickedRows) -> Int[np.ndarray, " n"]:
        return np.full(rows.y.shape[0], Status.RUNNING)

    def _kicked(self, problem: RootProblem, rows: KickedRows, which: Int[np.ndarray, " j"]) -> Any:
        """Return where rows are after a kick, and a step of the network."""
        xp = namespace(rows.y)
        y, u = take(rows.y, which), take(rows.u, which)
        number, place = np.unique(rows.kicks[which], return_inverse=True)
        kicks = np.stack([np.random.default_rng(k).normal(size=y.shape[1]) for k in number])
        native = xp.asarray(kicks[place], dtype=y.dtype, device=y.device)
        y = y + self.size * _size(y)[:, None] * native
        return y + problem.residual(y, u)


def _size(y: Float[Any, "n k"]) -> Float[Any, " n"]:
    """Return max(1, |y|) of each row, in the largest entry."""
    xp = namespace(y)
    size = xp.max(xp.abs(y), axis=1)
    return xp.where(size > 1, size, xp.ones_like(size))
