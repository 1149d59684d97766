"""How a batch of starts is brought to rest.

A solver is a frozen record of settings with three pure functions, `start`, `update` and `status`;
`loop.solve` is the only loop and owns chunks, the retirement of finished rows, progress and
interruption. A chain of solvers hands on the rows that its first members did not finish.
"""

from .adam import Adam, Plateau
from .base import Solver
from .levenberg_marquardt import LevenbergMarquardt
from .loop import MEMORY_BUDGET, Outcome, solve
from .newton import Newton

#: The default: Newton on the equilibrium form, then Levenberg-Marquardt on the motion itself,
#: chosen by `benchmarks/solvers.py`.
DEFAULT = (Newton(), LevenbergMarquardt())

__all__ = [
    "DEFAULT",
    "MEMORY_BUDGET",
    "Adam",
    "LevenbergMarquardt",
    "Newton",
    "Outcome",
    "Plateau",
    "Solver",
    "solve",
]
