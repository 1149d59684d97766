"""From starts to where they end, and what those ends are."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import BLOCK, batches, host, largest_entries, to_numpy
from .._core.validation import read_inputs, read_states, shape_of
from ..dynamics import Dynamics
from ..errors import ArgumentError, warn
from ..local import ILL_CONDITIONED, LARGE, condition, factored_condition
from ..points import PointSet, Source, Starts
from ..solvers import Outcome, Status, solve, tolerance_at
from ..system import System, check_system
from .options import Options

Points = TypeVar("Points")

# Rows whose q is computed at a time, so that the temporaries stay small beside the starts.
_ROWS = 4096

# Where gates cannot be divided out, a state this many times beyond all starts at which I - J is
# singular is taken for a saturated one, which moves too little to see, and not for a fixed point.
_REACH = 2.0

# Steps that a start takes, of those that arrive, and seconds from which a search is announced.
_STEPS = 10
_LONG = 60.0

# Starts at which that is measured, if a single one makes it likely.
_TRIED = 64

#: Numbers in the Jacobians that are looked at together: 128 MiB.
NUMBERS_AT_ONCE = 2**24

_LOG = logging.getLogger("stillpoint")


def read_starts(
    system: Any, states: Any, inputs: Any, *, copy: bool = True
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n m"]]:
    """Return the starts and inputs of a search as arrays with one row per start.

    Without `copy` they may be the caller's own, or inputs one and the same.
    """
    info = check_system(system).info
    part = info.restriction
    if isinstance(states, PointSet):
        states, inputs = states.xstar, states.inputs if inputs is None else inputs
    if part is not None and shape_of(states)[-1:] == (len(part.kept) + len(part.held),):
        states, inputs = system.from_full(states, inputs)
    x = read_states("states", states, system.state_size, copy=copy)
    if part is not None and inputs is None and system.input_size:
        raise ArgumentError(
            f"states: got shape {x.shape}, those of the kept units alone; pass those of all "
            f"{len(part.kept) + len(part.held)} units, which tell what is held, or inputs=, whose "
            f"last {len(part.held)} values are of it (see `from_full`)."
        )
    if len(x) == 0:
        raise ArgumentError(
            f"states: got 0 starts; pass at least one row of {system.state_size} values, for "
            f"example from sample_states(trajectories, 1024, noise=0.5)."
        )
    return x, read_inputs("inputs", inputs, len(x), system.input_size, copy=copy)


def run_search(
    system: System,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    options: Options,
    source: Int[np.ndarray, " n"] | None = None,
    visited: Float[np.ndarray, "k d"] | None = None,
) -> tuple[Starts, bool]:
    """Solve every start; return what became of them, and whether Ctrl-C came meanwhile.

    Starts were given by the caller unless their `source` says otherwise. `visited` are states as
    the network visits them; the starts themselves if left out.
    """
    if source is None:
        source = np.full(len(x), Source.GIVEN)
    radius = search_radius(x if visited is None else visited)
    outcome = solve(
        system._observed_dynamics.differentiated_quickly(),
        x,
        u,
        options.solvers,
        tol=options.tol,
        max_steps=options.max_steps,
        chunk=options.chunk,
        progress=options.progress,
        interruptible=True,
        holds=lambda end, u: ~is_saturated(system._observed_dynamics, end, u, options.tol, radius),
    )
    try:
        starts = _judge(system, x, u, outcome, options, source, radius)
        return starts, Status.INTERRUPTED in outcome.status
    except KeyboardInterrupt:
        return _judge(system, x, u, outcome, options, source, radius), True


def left_alone(
    system: System,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    source: Int[np.ndarray, " n"] | None = None,
) -> Starts:
    """Return the rows of starts that Ctrl-C left where they were."""
    source = np.full(len(x), Source.GIVEN) if source is None else source
    status, steps = np.full(len(x), Status.INTERRUPTED), np.zeros(len(x), dtype=np.int64)
    q = half_square(system.dynamics, x, u)
    return Starts(x, u, x.copy(), q, status, steps, np.full(len(x), -1), source)


def collect_interruptibly(
    collect: Callable[[bool], Points], interrupted: bool
) -> tuple[Points, bool]:
    """Return what `collect(thorough)` makes of a search, and whether Ctrl-C came.

    After Ctrl-C, and if it comes meanwhile, only the quick part is done.
    """
    if not interrupted:
        try:
            return collect(True), False
        except KeyboardInterrupt:
            pass
    return collect(False), True


def warn_of_the_end(starts: Starts, interrupted: bool, reached: bool, what: str) -> None:
    """Say so when no start reached what was sought, or when not everything was tried."""
    n = starts.total
    _LOG.info("search ended, starts: %d", n)
    if interrupted:
        warn(f"the search was interrupted; of {n} starts {starts.summary}.")
    elif not reached:
        warn(
            f"no start reached {what}; of {n} starts {starts.summary}. `points.starts` has the "
            f"details."
        )


def _judge(
    system: System,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    outcome: Outcome,
    options: Options,
    source: Int[np.ndarray, " n"],
    radius: float,
) -> Starts:
    """Decide, on the motion of x itself, which ends are fixed points."""
    end, status = outcome.x, outcome.status.copy()
    q = half_square(system.dynamics, end, u)
    claimed = status == Status.FIXED_POINT
    seen = q / _magnified(system.dynamics, end, u, claimed) ** 2
    moving = claimed & ~counts_as_zero(seen, end, options.tol)
    status[moving] = Status.STALLED if system.observed is None else Status.OBSERVED_ONLY
    still = np.flatnonzero(claimed & ~moving)
    for some in batches(len(still), system.state_size, BLOCK):
        rows = still[some]
        saturated = is_saturated(system.dynamics, end[rows], u[rows], options.tol, radius)
        status[rows[saturated]] = Status.SATURATED
    return Starts(x, u, end, q, status, outcome.steps, np.full(len(x), -1), source)


def warn_if_long(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    scale: Float[np.ndarray, " d"] | float = 1.0,
) -> None:
    """Say so where a search from these starts takes minutes as Jacobians are differences."""
    if dynamics.differentiated_sharply()[1] is None:  # they are exact
        return
    quick, asarray = dynamics.differentiated_quickly(), dynamics.arrays.asarray
    seconds = np.inf
    for rows in (1, _TRIED):  # many rows may take hardly longer than one
        states, inputs = asarray(x[:rows] / scale), asarray(u[:rows])
        begin = time.perf_counter()
        quick.jacobian(states, inputs)
        taken = time.perf_counter() - begin
        seconds = min(seconds, _STEPS * taken * max(1.0, len(x) / rows))
        if seconds < _LONG:
            return
    warn(
        f"this search takes about {seconds / 60:.0f} min: the function is known by its values "
        f"only, so each Jacobian takes {2 * x.shape[1]} of its steps. Pass jacobian=, or write it "
        f"on torch tensors or JAX arrays, which are differentiated exactly; or pass fewer starts."
    )


def _magnified(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    rows: Bool[np.ndarray, " n"],
) -> Float[np.ndarray, " n"]:
    """Return by how much the steps of a cycle make the rounding of a state in these rows larger."""
    factor = np.ones(len(x))
    if dynamics.n_nodes > 1 and rows.any():
        states, inputs = dynamics.arrays.asarray(x[rows]), dynamics.arrays.asarray(u[rows])
        slope = host(dynamics.jacobian(states, inputs))
        factor[rows] = np.fmax(1.0, np.linalg.norm(slope, axis=(1, 2)))
    return factor


# -- what counts as a fixed point -------------------------------------------------------------


def half_square(
    dynamics: Dynamics,
    x: Float[np.ndarray, "n d"],
    u: Float[np.ndarray, "n m"],
    *,
    equilibrium: bool = False,
) -> Float[np.ndarray, " n"]:
    """Return q = 1/2 |g|^2 at states x, g the motion or the equilibrium form, in float64."""
    problem = dynamics.equilibrium_problem() if equilibrium else dynamics.residual_problem()
    q = np.empty(len(x))
    with np.errstate(all="ignore"):
        for first in range(0, len(x), _ROWS):
            rows = slice(first, first + _ROWS)
            states, inputs = (dynamics.arrays.asarray(part[rows]) for part in (x, u))
            residual = problem.residual(problem.coordinates(states, inputs), inputs)
            q[rows] = 0.5 * np.sum(to_numpy(residual).astype(np.float64) ** 2, axis=1)
    return q


def counts_as_zero(
    q: Float[np.ndarray, " n"], x: Float[np.ndarray, "n d"], tol: float
) -> Bool[np.ndarray, " n"]:
    """Return where q counts as zero for states of the size of x."""
    return q <= tolerance_at(largest_entries(x), tol)


def condition_at(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, " k"]:
    """Return the condition number of the equilibrium form's Jacobian at states x.

    Above `LARGE` variables it is estimated, and 1 where nothing is ill-conditioned.
    """
    if x.shape[1] > LARGE:
        return factored_condition(dynamics, x, u)
    problem = dynamics.equilibrium_problem()
    states, inputs = dynamics.arrays.asarray(x), dynamics.arrays.asarray(u)
    with np.errstate(all="ignore"):  # gates that are all open may leave 1 / 0
        jacobian = to_numpy(problem.jacobian(problem.coordinates(states, inputs), inputs))
    return condition(jacobian, scale=1.0)


def search_radius(starts: Float[np.ndarray, "n d"]) -> float:
    """Return how far out a state may be and still be told from a saturated one by its motion."""
    return _REACH * max(1.0, float(starts.max()), -float(starts.min()))


def is_saturated(
    dynamics: Dynamics,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    tol: float,
    radius: float,
) -> Bool[np.ndarray, " k"]:
    """Return which states move too little to see behind a closed gate, though nothing holds them.

    The form without gates tells; where there is none, a state beyond `radius` at which I - J is
    singular is taken for one.
    """
    if dynamics.has_equilibrium_form:
        q = half_square(dynamics, x, u, equilibrium=True)
        return ~counts_as_zero(q, x, np.sqrt(tol))
    saturated = largest_entries(x) > radius
    far = np.flatnonzero(saturated)
    if len(far):
        saturated[far] = ~(condition_at(dynamics, x[far], u[far]) < ILL_CONDITIONED)
    return saturated
