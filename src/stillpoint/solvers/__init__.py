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


def default_solvers(dynamics: Dynamics) -> tuple[Solver, ...]:
    """Return the solvers that a search uses unless told otherwise.

    Newton on the equilibrium form where there is one, then Levenberg-Marquardt on the motion;
    `benchmarks/solvers.py` is the measurement behind it. Where gates cannot be divided out, Newton
    runs to saturated states whose motion is zero to rounding; Levenberg-Marquardt works alone.
    """
    if dynamics.has_equilibrium_form:
        return (Newton(), LevenbergMarquardt())
    return (LevenbergMarquardt(),)


__all__ = [
    "MEMORY_BUDGET",
    "Adam",
    "LevenbergMarquardt",
    "Newton",
    "Outcome",
    "Plateau",
    "Solver",
    "default_solvers",
    "solve",
    "tolerance_at",
]
