"""What a solver is."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import namespace, to_numpy
from ..dynamics import Dynamics, RootProblem
from .status import Status

#: A row is given up as diverged when it is this many times larger than its start, or than 1.
DIVERGENCE = 1e6


@runtime_checkable
class Rows(Protocol):
    """The state of a solver: a frozen dataclass whose array fields have one row per start."""

    y: Any
    u: Any
    q: Any


class Solver(ABC):
    """A method that makes 1/2 |g(y, u)|^2 small, for many rows at once.

    Solvers are pure: `update` returns new rows and changes nothing. Rows do not interact, unless
    `joint` says that they do; then the loop keeps them together to the end.
    """

    joint: ClassVar[bool] = False

    #: The number of (d, d) matrices per row that one update holds at a time.
    matrices: ClassVar[int] = 4

    @abstractmethod
    def problem(self, dynamics: Dynamics) -> RootProblem:
        """Return the equations that this solver works on."""

    @abstractmethod
    def start(self, problem: RootProblem, y: Float[Any, "n k"], u: Float[Any, "n m"]) -> Rows:
        """Return the rows before the first update."""

    @abstractmethod
    def update(self, problem: RootProblem, rows: Any) -> Rows:
        """Return the rows one step further."""

    @abstractmethod
    def status(
        self, rows: Any, tol: float, bound: Float[np.ndarray, " n"]
    ) -> Int[np.ndarray, " n"]:
        """Return the `Status` of every row; beyond `bound` a row has diverged."""


def half_square(residual: Float[Any, "n r"]) -> Float[Any, " n"]:
    """Return 1/2 |residual|^2 for each row."""
    return 0.5 * namespace(residual).sum(residual * residual, axis=1)


def tolerance_at(size: Float[np.ndarray, " n"], tol: float) -> Float[np.ndarray, " n"]:
    """Return the largest q that counts as zero for states of this size (maximum norm).

    It is `tol`, or what rounding alone leaves of large states: (16 eps |x|)^2.
    """
    return np.maximum(tol, (16 * np.finfo(np.float64).eps * size) ** 2)


def common_status(rows: Rows, tol: float, bound: Float[np.ndarray, " n"]) -> Int[np.ndarray, " n"]:
    """Return the status that every solver agrees on: converged, diverged, non-finite or running."""
    xp = namespace(rows.y)
    size = to_numpy(xp.max(xp.abs(rows.y), axis=1)).astype(np.float64)
    q = to_numpy(rows.q)
    status = np.full(len(q), Status.RUNNING, dtype=np.int64)
    status[q <= tolerance_at(size, tol)] = Status.FIXED_POINT
    status[size > bound] = Status.DIVERGED
    status[~(np.isfinite(q) & np.isfinite(size))] = Status.NON_FINITE
    return status
