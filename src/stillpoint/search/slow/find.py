"""The search for slow points: local minima of the speed, reached and not approached."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from ..._core.validation import check_flag, check_real
from ...errors import ArgumentError
from ...points import SlowPoints, Source, Starts
from ...solvers import Solver, Status, solve
from ...system import System
from ..options import descent, provenance, read_options
from ..portions import Portions
from ..run import (
    collect_interruptibly,
    half_square,
    read_starts,
    warn_if_long,
    warn_of_the_end,
)
from ..units import read_units
from .describe import collect_slow

# The largest speed whose square is a number.
_FASTEST = 1e150


@np.errstate(all="ignore")
def find_slow_points(
    system: System,
    states: Any,
    inputs: Any = None,
    *,
    solver: Solver | Sequence[Solver] | None = None,
    tol: float | None = None,
    slope_tol: float = 1e-8,
    tol_unique: float | None = None,
    scale: Any = None,
    max_steps: int = 400,
    chunk: int | None = None,
    progress: bool | None = None,
    keep_starts: bool = True,
) -> SlowPoints:
    """Find the local minima of the speed that a batch of starts descends to.

    Every start goes down ``q = 1/2 |F(x, u) - x|^2`` to a minimum: a fixed point, where q is zero,
    or a slow point, where only its gradient J^T (F - x) is (Sussillo and Barak 2013). Networks of
    rectified linear units are solved exactly, from kink to kink; others by Levenberg-Marquardt
    with the whole Hessian, then Newton on the gradient. What comes out does not depend on when
    the descent was stopped: a start that did not reach a minimum is not reported as one.

    Parameters
    ----------
    system
        From `as_system`.
    states, inputs
        As for `find_fixed_points`; states of trajectories are the usual choice.
    solver
        As for `find_fixed_points`; by default one that descends and never jumps.
    tol
        Largest q of a fixed point, as for `find_fixed_points`.
    slope_tol
        A state is a slow point when ``|J^T (F - x)| <= slope_tol |F - x| max(1, |J|)``, up to
        rounding, J the Jacobian of F - x and ``|J|`` its Frobenius norm.
    tol_unique
        As for `find_fixed_points`.
    scale
        As for `find_fixed_points`, but one number: where the speed has its minima depends on how
        variables are weighed against each other.
    max_steps
        Steps per start.
    chunk, progress, keep_starts
        As for `find_fixed_points`.

    Returns
    -------
    SlowPoints
        Sorted by input and speed. Its `starts` has one row for every start, unless `keep_starts` is
        False. For the exact fixed points with their index and census, and for saddles of the
        dynamics between them, use `find_fixed_points`.

    Raises
    ------
    ArgumentError
        If an argument does not fit the system, or the system is an observed one.

    Warns
    -----
    StillpointWarning
        If no start reached a minimum, or the search was interrupted.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> near_a_fold = sp.as_system(lambda x: np.tanh(2 * x + 0.54), state_size=1)
    >>> slow = sp.find_slow_points(near_a_fold, np.linspace(-1, 1, 20)[:, None])
    >>> slow.label.tolist(), slow.xstar[:, 0].round(3).tolist()
    (['fixed point', 'ghost'], [0.987, -0.711])
    """
    check_flag("keep_starts", keep_starts)
    x, u = _read_starts(system, states, inputs, copy=False)
    units = read_units(system, scale, x, u, one=True)
    own = units.of(system)
    slope_tol = check_real("slope_tol", slope_tol, above=0)
    options = read_options(
        own,
        descent(own.dynamics, slope_tol) if solver is None else solver,
        tol,
        tol_unique,
        max_steps=max_steps,
        slope_tol=slope_tol,
        chunk=chunk,
        progress=progress,
        keep_starts=keep_starts,
    )
    warn_if_long(own.dynamics, x, u, units.scale)
    portions = Portions(options, (Status.FIXED_POINT, Status.SLOW_POINT))
    starts, interrupted = portions.run(own, x, u, options, scale=units.scale)
    points, interrupted = collect_interruptibly(
        lambda thorough: collect_slow(own, starts, options, thorough=thorough), interrupted
    )
    warn_of_the_end(points.starts, interrupted, len(points) > 0, "a minimum of the speed")
    points = units.slow_points(points, system)
    told = options.told()
    return replace(points, provenance=provenance("find_slow_points", system, x, **told))


@np.errstate(all="ignore")
def sample_slow_states(
    system: System,
    states: Any,
    inputs: Any = None,
    *,
    speed: float,
    max_steps: int = 400,
    chunk: int | None = None,
    progress: bool | None = None,
) -> Starts:
    """Return states at which the network is slower than `speed`, one for each start.

    This is the classic picture of slow points: candidates are moved down q until their speed
    ``|F(x, u) - x|`` is below a threshold. The states are a sample of a region, whose extent the
    threshold sets and whose number that of the starts; they are not points of the network. Use
    `find_slow_points` for those.

    Parameters
    ----------
    system, states, inputs
        As for `find_slow_points`.
    speed
        The threshold: the descent of a start ends where it is first below.
    max_steps, chunk, progress
        As for `find_slow_points`.

    Returns
    -------
    Starts
        The starts that got there, with the states in `end`; possibly none.

    Raises
    ------
    ArgumentError
        If an argument does not fit the system, or the system is an observed one.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x: np.tanh(2 * x + 0.54), state_size=1)
    >>> len(sample_slow_states(system, np.linspace(-1, 1, 20)[:, None], speed=0.01))
    20
    """
    x, u = _read_starts(system, states, inputs)
    level = 0.5 * check_real("speed", speed, above=0, most=_FASTEST) ** 2
    options = read_options(
        system, descent(system.dynamics), max_steps=max_steps, chunk=chunk, progress=progress
    )
    outcome = solve(
        system.dynamics,
        x,
        u,
        options.solvers,
        tol=level,
        max_steps=options.max_steps,
        chunk=options.chunk,
        progress=options.progress,
    )
    q = half_square(system.dynamics, outcome.x, u)
    status = np.where(q <= level, Status.BELOW_SPEED, outcome.status)
    none = np.full(len(x), -1)
    given = np.full(len(x), Source.GIVEN)
    ends = Starts(x, u, outcome.x, q, status, outcome.steps, none, given)
    return ends.take(np.flatnonzero(q <= level))


def _read_starts(
    system: System, states: Any, inputs: Any, *, copy: bool = True
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n m"]]:
    x, u = read_starts(system, states, inputs, copy=copy)
    if system.observed is not None:
        raise ArgumentError(
            "system: slow points are minima of the speed of the state itself; pass the system "
            "that was observed."
        )
    return x, u
