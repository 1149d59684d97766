"""What a solver is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from ..dynamics import Dynamics, RootProblem


@runtime_checkable
class Rows(Protocol):
    """The state of a solver: a frozen dataclass whose array fields have one row per start."""

    @property
    def y(self) -> Float[Any, "n k"]:
        """The unknowns, shape (n, k)."""

    @property
    def u(self) -> Float[Any, "n m"]:
        """The inputs, shape (n, m)."""

    @property
    def q(self) -> Float[Any, " n"]:
        """1/2 |g(y, u)|^2, shape (n,)."""


ProblemT = TypeVar("ProblemT", bound=RootProblem)
RowsT = TypeVar("RowsT", bound=Rows)


class Solver(ABC, Generic[ProblemT, RowsT]):
    """A method that makes ``1/2 |g(y, u)|^2`` small, for many rows at once.

    Solvers are pure: `update` returns new rows and changes nothing. Rows do not interact, unless
    `joint` says that they do; then the loop keeps them together to the end.
    """

    joint: ClassVar[bool] = False

    #: The number of (d, d) matrices per row that one update holds at a time.
    matrices: ClassVar[int] = 4

    def numbers(self, dynamics: Dynamics) -> int:
        """Return how many numbers an update holds at a time per row, beside some vectors."""
        return self.matrices * dynamics.working_size**2

    @property
    def most_steps(self) -> int | None:
        """After how many steps a row is handed on, where that is before the search gives it up."""
        return None

    @abstractmethod
    def problem(self, dynamics: Dynamics) -> ProblemT:
        """Return the equations that this solver works on."""

    @abstractmethod
    def start(self, problem: ProblemT, y: Float[Any, "n k"], u: Float[Any, "n m"]) -> RowsT:
        """Return the rows before the first update."""

    @abstractmethod
    def update(self, problem: ProblemT, rows: RowsT) -> RowsT:
        """Return the rows one step further."""

    @abstractmethod
    def status(self, rows: RowsT) -> Int[np.ndarray, " n"]:
        """Return the `Status` of every row: RUNNING, or why this solver can do no more for it.

        A new array. What all solvers agree on (converged, diverged, not finite) the loop decides,
        whatever this says.
        """
