"""How a batch of starts is brought to rest.

A solver is a frozen record of settings with three pure functions, `start`, `update` and `status`;
`loop.solve` is the only loop and owns chunks, the retirement of finished rows, progress and
interruption. A chain of solvers hands on the rows that its first members did not finish.
"""

from ..dynamics import Dynamics
from .adam import Adam, Plateau
from .base import Solver, tolerance_at
from .levenberg_marquardt import LevenbergMarquardt
from .loop import MEMORY_BUDGET, Outcome, solve
from .newton import Newton
from .piecewise_newton import PiecewiseNewton
from .status import Status


def default_solvers(dynamics: Dynamics) -> tuple[Solver, ...]:
    """Return the solvers that a search for fixed points uses unless told otherwise.

    Newton on the equilibrium form where there is one, then a descent on the motion;
    `benchmarks/solvers.py` is the measurement behind it. Where gates cannot be divided out, Newton
    runs to saturated states whose motion is zero to rounding; the descent works alone.
    """
    if dynamics.has_equilibrium_form:
        return (Newton(), descent(dynamics))
    return (descent(dynamics),)


def descent(dynamics: Dynamics, slope_tol: float = 1e-8) -> Solver:
    """Return the solver that goes down from a start to a minimum of q and never beyond.

    Where the motion is known to be linear between kinks, this is exact; elsewhere it is
    Levenberg-Marquardt, down to slopes of `slope_tol`.
    """
    if dynamics.piecewise_linear() is not None:
        return PiecewiseNewton()
    return LevenbergMarquardt(slope_tol=slope_tol)


__all__ = [
    "MEMORY_BUDGET",
    "Adam",
    "LevenbergMarquardt",
    "Newton",
    "Outcome",
    "PiecewiseNewton",
    "Plateau",
    "Solver",
    "Status",
    "default_solvers",
    "descent",
    "solve",
    "tolerance_at",
]
