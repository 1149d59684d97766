"""How a batch of starts is brought to rest.

A solver is a frozen record of settings with three pure functions, `start`, `update` and `status`;
`loop.solve` is the only loop and owns chunks, the retirement of finished rows, progress and
interruption. A chain of solvers hands on the rows that its first members did not finish.
"""

from .adam import Adam, Plateau
from .base import Solver
from .kicked_newton import KickedNewton
from .levenberg_marquardt import LevenbergMarquardt
from .loop import MEMORY_BUDGET, Outcome, solve, tolerance_at
from .newton import Newton
from .newton_krylov import NewtonKrylov
from .piecewise_newton import PiecewiseNewton
from .status import Status

__all__ = [
    "MEMORY_BUDGET",
    "Adam",
    "KickedNewton",
    "LevenbergMarquardt",
    "Newton",
    "NewtonKrylov",
    "Outcome",
    "PiecewiseNewton",
    "Plateau",
    "Solver",
    "Status",
    "solve",
    "tolerance_at",
]
