"""The search: from starts to the distinct points, each with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._core.grouping import conditions
from ..errors import warn
from ..points import FixedPoints, Starts
from ..solvers import Solver, Status
from ..system import System
from .describe import collect
from .options import Settings, read_settings
from .run import read_starts, run_search
from .sampling import mixed_states


def find_fixed_points(
    system: System,
    states: Any,
    inputs: Any = None,
    *,
    solver: Solver | Sequence[Solver] | None = None,
    tol: float | None = None,
    tol_unique: float | None = None,
    max_steps: int = 200,
    rounds: int = 0,
    near: float | None = None,
    max_points: int | None = None,
    seed: int = 0,
    chunk: int | None = None,
    progress: bool | None = None,
) -> FixedPoints:
    """Find the fixed points that a batch of starts leads to.

    Every start is solved to rounding by damped Newton steps, each row with its own step length;
    copies of one point are merged, and every distinct point is polished and linearised.

    Parameters
    ----------
    system
        From `as_system`.
    states
        Starts, shape (n, d): `sample_states(trajectories, n, noise=...)` draws them. A restricted
        system also takes states of the whole one and holds the other units at their values.
    inputs
        Constant inputs, shape (m,) for all starts or (n, m); may be left out if m = 0.
    solver
        A solver of `stillpoint.solvers`, or several: each takes on the starts that those before
        it did not bring to a fixed point. By default Newton on the equilibrium form, then
        Levenberg-Marquardt on the motion itself; the latter alone where gates cannot be divided
        out (functions, black-box modules, iterates).
    tol
        Largest q = 1/2 |F(x, u) - x|^2 of a fixed point (Sussillo and Barak 2013), relative to
        max|x|^2 where that exceeds 1. By default 1e-24, or 1e-12 for a function that works in
        float32 only.
    tol_unique
        Two end states closer than this are one point, by chains of such hops. Distances are
        between arcsinh(x): absolute below |x| = 1, relative above. By default (2 tol)^(1/4), the
        resolution that the residual allows.
    max_steps
        Steps per start and solver.
    rounds
        Follow-up rounds of as many starts again: half of them old starts with noise, half
        mixtures of points found. They end early when a round adds nothing and the index sums are
        right.
    near
        If given, keep only points within `near` times the mean distance of the starts from their
        centre; it has no effect where all starts are alike.
    max_points
        If given, keep a random subset of at most this many points.
    seed
        Of follow-up rounds and the random subset.
    chunk
        Starts worked on at a time; by default as many as `solvers.MEMORY_BUDGET` holds.
    progress
        Whether to draw a progress bar; None draws it on a terminal when the search takes long.

    Returns
    -------
    FixedPoints
        Sorted by input, by the number of unstable directions, then by position. Its `starts` has
        one row for every start; what did not converge is there with its status. After Ctrl-C it
        holds what had finished.

    Raises
    ------
    ArgumentError
        If an argument does not fit the system.

    Warns
    -----
    StillpointWarning
        If no start reached a fixed point, or the search was interrupted.

    Examples
    --------
    >>> import numpy as np, stillpoint as sp
    >>> system = sp.as_system(lambda x, u: np.tanh(2 * x), state_size=1, lefschetz=1)
    >>> points = sp.find_fixed_points(system, np.linspace(-1, 1, 100)[:, None])
    >>> np.abs(points.xstar[:, 0]).round(6).tolist()
    [0.957504, 0.957504, 0.0]
    >>> points.census().tallies[0].index_sum
    1
    """
    x, u = read_starts(system, states, inputs)
    settings = read_settings(
        system,
        solver,
        tol,
        tol_unique,
        max_steps=max_steps,
        rounds=rounds,
        near=near,
        max_points=max_points,
        slope_tol=None,
        seed=seed,
        chunk=chunk,
        progress=progress,
    )
    rng = np.random.default_rng(settings.seed)
    starts, interrupted = run_search(system, x, u, settings)
    points, interrupted = collect_what_there_is(system, starts, settings, interrupted)
    for _ in range(settings.rounds):
        if interrupted:
            break
        known = len(points)
        x_more, u_more, source = _follow_up(points, len(x), rng)
        more, interrupted = run_search(system, x_more, u_more, settings, source)
        starts = Starts.concatenate([starts, more])
        points, interrupted = collect_what_there_is(system, starts, settings, interrupted)
        if len(points) == known and _index_agrees(points):
            break
    points = _leave_out(points, settings, rng)
    warn_of_the_end(points.starts, interrupted)
    return points


def collect_what_there_is(
    system: System, starts: Starts, settings: Settings, interrupted: bool
) -> tuple[FixedPoints, bool]:
    """Return the points that starts led to, and whether Ctrl-C came before or meanwhile."""
    if not interrupted:
        try:
            return collect(system, starts, settings), False
        except KeyboardInterrupt:
            pass
    return collect(system, starts, settings, thorough=False), True


def _index_agrees(points: FixedPoints) -> bool:
    """Whether no index sum is known to be wrong."""
    return all(tally.index_agrees is not False for tally in points.census().tallies)


def _follow_up(
    points: FixedPoints, n: int, rng: np.random.Generator
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, "n m"], Int[np.ndarray, " n"]]:
    """Return the starts of another round, as many under each input as the first round had.

    With the states and inputs comes where each of them is from.
    """
    first = slice(0, n)
    states, inputs = points.starts.states[first], points.starts.inputs[first]
    condition = conditions(inputs)
    new, source = np.empty_like(states), np.empty(n, dtype=np.int64)
    for k in range(condition.max() + 1):
        rows = np.flatnonzero(condition == k)
        known = points.xstar[(points.inputs == inputs[rows[0]]).all(axis=1)]
        new[rows], source[rows] = mixed_states(states[rows], known, len(rows), rng)
    return new, inputs, source


def _leave_out(points: FixedPoints, settings: Settings, rng: np.random.Generator) -> FixedPoints:
    """Apply `near` and `max_points`; starts of points that are left out say so."""
    kept = np.ones(len(points), dtype=bool)
    if settings.near is not None:
        centre = points.starts.states.mean(axis=0)
        reach = np.linalg.norm(points.starts.states - centre, axis=1).mean()
        if reach > 0:  # starts that are all alike have no spread to measure by
            kept &= np.linalg.norm(points.xstar - centre, axis=1) <= settings.near * reach
    if settings.max_points is not None and kept.sum() > settings.max_points:
        chosen = rng.choice(np.flatnonzero(kept), size=settings.max_points, replace=False)
        kept = np.isin(np.arange(len(points)), chosen)
    if kept.all():
        return points
    starts = points.starts
    left_out = (starts.point >= 0) & ~np.append(kept, True)[starts.point]
    status = np.where(left_out, Status.LEFT_OUT, starts.status)
    selected = points[kept]
    return replace(selected, starts=replace(selected.starts, status=status), is_selection=False)


def warn_of_the_end(starts: Starts, interrupted: bool) -> None:
    """Say so when nothing converged, or when not everything was tried."""
    if interrupted:
        message = f"the search was interrupted; of {len(starts)} starts {starts.told}."
    elif not np.isin(starts.status, [Status.FIXED_POINT, Status.LEFT_OUT]).any():
        message = (
            f"no start reached a fixed point; of {len(starts)} starts {starts.told}. "
            f"`points.starts` has the details."
        )
    else:
        return
    warn(message)
