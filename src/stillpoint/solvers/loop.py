"""The loop: the only place that iterates over solver steps and says what has converged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int
from tqdm.auto import tqdm

from .._core.arrays import largest_entries, namespace, take_record, to_numpy
from .._core.validation import (
    check_flag,
    check_kind,
    check_real,
    check_sequence,
    check_whole,
    read_floats,
    read_inputs,
)
from ..dynamics import Dynamics
from ..errors import ArgumentError, came
from .base import Rows, Solver
from .status import Status

#: A row is given up as diverged when it is this many times larger than its start, or than 1.
DIVERGENCE = 1e6

#: How many bytes of working memory a chunk of rows may use, unless `chunk` says how many rows.
MEMORY_BUDGET = 256 * 2**20

# Vectors of length d per row that a solver holds at a time, beside its matrices.
_VECTORS = 24


#: Says of states and inputs, one row each, which of them hold.
Holds = Callable[[Float[np.ndarray, "k d"], Float[np.ndarray, "k m"]], Bool[np.ndarray, " k"]]


@dataclass(frozen=True)
class Outcome:
    """Where every start ended.

    Attributes
    ----------
    x
        End states, shape (n, d), float64 on the host.
    status
        `Status` of every row.
    steps
        Updates that each row took.
    """

    x: Float[np.ndarray, "n d"]
    status: Int[np.ndarray, " n"]
    steps: Int[np.ndarray, " n"]


@np.errstate(all="ignore")
def solve(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    solvers: Sequence[Solver],
    *,
    tol: float,
    max_steps: int,
    chunk: int | None = None,
    progress: bool | None = None,
    interruptible: bool = False,
    holds: Holds | None = None,
) -> Outcome:
    """Bring every start to rest, by one solver after the other.

    Parameters
    ----------
    dynamics
        Whose states are sought.
    x, u
        Starts and inputs.
    solvers
        Each works on the rows that those before it did not bring to a fixed point, from the
        same start.
    tol
        A row has converged when its q is at most this.
    max_steps
        Updates per solver.
    chunk
        Rows that are worked on at a time; by default as many as `MEMORY_BUDGET` holds.
    progress
        Whether to draw a progress bar; None draws it on a terminal, when it takes long.
    interruptible
        Whether Ctrl-C ends the search with what has finished; the other rows say so. Otherwise
        KeyboardInterrupt goes on.
    holds
        Which states of those that converged are what is sought; the others are handed on as well.

    Returns
    -------
    Outcome

    Raises
    ------
    ArgumentError
        If an argument does not fit the dynamics.
    """
    check_kind("dynamics", dynamics, Dynamics, "dynamics, such as a cell,")
    if not check_sequence("solvers", solvers, Solver, "a list of solvers"):
        raise ArgumentError("solvers: got none, but at least one is wanted.")
    x = read_floats(
        "x", x, finite=False, copy=False
    )  # a row that is not finite ends so, and no other does
    if x.ndim != 2 or x.shape[1] != dynamics.state_size:
        raise ArgumentError(f"x: got shape {x.shape}, but (n, {dynamics.state_size}) is wanted.")
    n = len(x)
    u = read_inputs("u", u, n, dynamics.input_size, copy=False)
    check_real("tol", tol, least=0)
    check_whole("max_steps", max_steps, least=1)
    chunk = None if chunk is None else check_whole("chunk", chunk, least=1)
    progress = None if progress is None else check_flag("progress", progress)
    check_flag("interruptible", interruptible)
    if holds is not None and (isinstance(holds, type) or not callable(holds)):
        raise ArgumentError(f"holds: got {came(holds)}, but a function of (x, u) is wanted.")
    end = Outcome(x.copy(), np.full(n, Status.RUNNING, dtype=np.int64), np.zeros(n, dtype=np.int64))
    sizes = [n if s.joint else chunk or _rows_in_budget(s, dynamics) for s in solvers]
    size = max(sizes)
    bound = DIVERGENCE * np.maximum(1.0, largest_entries(x))
    disable = None if progress is None else not progress
    with tqdm(total=n, unit="start", disable=disable, delay=1.0, leave=False) as bar:
        try:
            for first in range(0, n, size):
                left = chunk_rows = np.arange(first, min(first + size, n))
                for solver, at_once in zip(solvers, sizes, strict=True):
                    most = min(max_steps, solver.most_steps or max_steps)
                    for begin in range(0, len(left), at_once):
                        some = left[begin : begin + at_once]
                        _run(solver, dynamics, x, u, some, end, tol, bound, most)
                    found = end.status[left] == Status.FIXED_POINT
                    if holds is not None and solver is not solvers[-1]:
                        found[found] = holds(end.x[left[found]], u[left[found]])
                    left = left[~found]
                    if not len(left):
                        break
                bar.update(len(chunk_rows))
        except KeyboardInterrupt:
            if not interruptible:
                raise
            end.status[end.status == Status.RUNNING] = Status.INTERRUPTED
    return end


def _run(
    solver: Solver,
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    places: Int[np.ndarray, " k"],
    end: Outcome,
    tol: float,
    bound: Float[np.ndarray, " n"],
    max_steps: int,
) -> None:
    """Run one solver on the rows at `places` and write into `end` where each of them ends."""
    problem = solver.problem(dynamics)
    asarray = dynamics.arrays.asarray
    inputs = asarray(u[places])
    rows = solver.start(problem, problem.coordinates(asarray(x[places]), inputs), inputs)
    end.status[places] = Status.RUNNING
    for step in range(max_steps + 1):
        status = _status_of(rows, solver.status(rows), tol, bound[places])
        if step == max_steps:
            status[status == Status.RUNNING] = Status.MAX_STEPS
        finished = status != Status.RUNNING
        if solver.joint and not finished.all():
            finished[:] = False
        if finished.any():
            done = np.flatnonzero(finished)
            ended = take_record(rows, done)
            end.x[places[done]] = to_numpy(problem.state(ended.y, ended.u))
            end.status[places[done]] = status[done]
            end.steps[places[done]] += step
            if len(done) == len(places):
                return
            going_on = np.flatnonzero(~finished)
            rows, places = take_record(rows, going_on), places[going_on]
        rows = solver.update(problem, rows)


def tolerance_at(size: Float[np.ndarray, " n"], tol: float) -> Float[np.ndarray, " n"]:
    """Return the largest q that counts as zero for states of this size (maximum norm).

    It is `tol`, or what rounding alone leaves of large states: ``(16 eps |x|)^2``.

    Examples
    --------
    >>> tolerance_at(np.array([1.0, 1e6]), 1e-24).round(20).tolist()
    [0.0, 1.262e-17]
    """
    size = read_floats("size", size, finite=False)
    return np.maximum(check_real("tol", tol, least=0), (16 * np.finfo(np.float64).eps * size) ** 2)


def _status_of(
    rows: Rows, own: Int[np.ndarray, " n"], tol: float, bound: Float[np.ndarray, " n"]
) -> Int[np.ndarray, " n"]:
    """Return the `Status` of every row: what holds for all solvers, else what its `own` says."""
    xp = namespace(rows.y)
    size = to_numpy(xp.max(xp.abs(rows.y), axis=1)).astype(np.float64)
    q = to_numpy(rows.q)
    status = own.astype(np.int64)
    status[q <= tolerance_at(size, tol)] = Status.FIXED_POINT
    status[size > bound] = Status.DIVERGED
    status[~(np.isfinite(q) & np.isfinite(size))] = Status.NON_FINITE
    return status


def _rows_in_budget(solver: Solver, dynamics: Dynamics) -> int:
    """Return how many rows the memory budget holds, at eight bytes a number."""
    vectors = _VECTORS * (dynamics.working_size + dynamics.input_size)
    return max(1, MEMORY_BUDGET // (8 * (solver.numbers(dynamics) + vectors)))
