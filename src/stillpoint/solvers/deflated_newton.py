"""Newton's method on equations from which known roots are divided out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import namespace
from ..dynamics import Dynamics, Linear, RootProblem
from .base import Solver
from .newton import Newton

# Added to squared distances, so that a state on a known root gives a large number and not NaN.
_TINY = 1e-200


# The steps that are taken on the deflated equations, with fewer lengths tried than usual.
_NEWTON = Newton(max_trials=6)


@dataclass(frozen=True)
class Deflated(RootProblem):
    """m(y) g(y) = 0 with m(y) = prod_k (1 + 1 / |y - y_k|^p): the roots y_k repel.

    The equations have the same other roots, but do not vanish at y_k (Brown and Gearhart 1971;
    Farrell, Birkisson and Funke 2015). The Newton step is the one of g times a scalar, which
    turns it around where it would end in a known root. Those are in the unknowns of `problem`, g.

    Examples
    --------
    >>> from stillpoint.cells import VanillaCell
    >>> cell = VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
    >>> deflated = Deflated(cell.equilibrium_problem(), known=np.zeros((1, 1)))
    >>> y, u = np.array([[1e-6], [0.957504]]), np.zeros((2, 0))
    >>> np.abs(deflated.residual(y, u)).round(3).tolist()
    [[1000000.0], [0.0]]
    """

    problem: RootProblem
    known: Float[Any, "k r"]
    power: float = 2.0

    def coordinates(self, x: Float[Any, "n d"], u: Float[Any, "n m"]) -> Float[Any, "n r"]:
        return self.problem.coordinates(x, u)

    def state(self, y: Float[Any, "n r"], u: Float[Any, "n m"]) -> Float[Any, "n d"]:
        return self.problem.state(y, u)

    def residual(self, y: Float[Any, "n r"], u: Float[Any, "n m"]) -> Float[Any, "n r"]:
        factor, _ = self._factor(y)
        return factor[:, None] * self.problem.residual(y, u)

    def jacobian(self, y: Float[Any, "n r"], u: Float[Any, "n m"]) -> Float[Any, "n r r"]:
        factor, slope = self._factor(y)
        own, residual = self.problem.jacobian(y, u), self.problem.residual(y, u)
        return factor[:, None, None] * (own + residual[:, :, None] * slope[:, None, :])

    def differential(self, y: Float[Any, "n r"], u: Float[Any, "n m"]) -> Linear:
        factor, slope = self._factor(y)
        own, residual = self.problem.differential(y, u), self.problem.residual(y, u)
        return lambda v: (
            factor[:, None] * (own(v) + residual * namespace(v).sum(slope * v, axis=1)[:, None])
        )

    def _factor(self, y: Float[Any, "n r"]) -> tuple[Float[Any, " n"], Float[Any, "n r"]]:
        """Return m(y) and the gradient of log m."""
        xp = namespace(y)
        apart = y[:, None, :] - self.known[None, :, :]
        square = xp.sum(apart * apart, axis=2) + _TINY
        pole = square ** (-self.power / 2)
        pull = -self.power * pole / ((1 + pole) * square)
        return xp.prod(1 + pole, axis=1), xp.sum(pull[:, :, None] * apart, axis=1)


@final
@dataclass(frozen=True, eq=False)
class DeflatedNewton(Solver[RootProblem, Any]):
    """Newton's method on the equilibrium form, repelled by fixed points that are known already.

    Where it converges, the end is a fixed point that was not known; known ones must belong to
    the input of the rows.

    Parameters
    ----------
    known, inputs
        Fixed points and their inputs, shapes (k, d) and (k, m).
    solver
        What takes steps on the deflated equations, by default with fewer lengths tried than usual.

    Examples
    --------
    >>> from stillpoint.cells import VanillaCell
    >>> from stillpoint.solvers import solve
    >>> cell = VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
    >>> solver = DeflatedNewton(known=np.zeros((1, 1)), inputs=np.zeros((1, 0)))
    >>> x, u = np.array([[0.1], [-0.1]]), np.zeros((2, 0))  # Newton alone ends at 0
    >>> np.abs(solve(cell, x, u, [solver], tol=1e-24, max_steps=50).x).round(6).tolist()
    [[0.957504], [0.957504]]
    """

    known: Float[np.ndarray, "k d"]
    inputs: Float[np.ndarray, "k m"]
    solver: Solver[RootProblem, Any] = _NEWTON

    def numbers(self, dynamics: Dynamics) -> int:
        return self.solver.numbers(dynamics) + 2 * len(self.known) * dynamics.working_size

    def problem(self, dynamics: Dynamics) -> RootProblem:
        problem, asarray = dynamics.equilibrium_problem(), dynamics.arrays.asarray
        known = problem.coordinates(asarray(self.known), asarray(self.inputs))
        return Deflated(problem, known)

    def start(self, problem: RootProblem, y: Any, u: Any) -> Any:
        return self.solver.start(problem, y, u)

    def update(self, problem: RootProblem, rows: Any) -> Any:
        return self.solver.update(problem, rows)

    def status(self, rows: Any) -> Int[np.ndarray, " n"]:
        return self.solver.status(rows)
