"""The search: from starts to the distinct points, each with its evidence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

import numpy as np
from jaxtyping import Bool, Float

from .._core.grouping import equal_inputs
from .._core.validation import check_flag
from ..points import FixedPoints, PointSet, Source
from ..solvers import Solver, Status
from ..system import System
from .describe import collect_what_there_is
from .options import AUTO, Spectra, provenance, read_options
from .orbits import with_orbits
from .portions import Portions
from .rounds import in_doubt, search_in_rounds
from .run import read_starts, warn_if_long, warn_of_the_end
from .units import read_units

# Rounds that are added at most where the evidence says that points are missing.
_MOST_ROUNDS = 4

# Numbers in the states that further rounds begin near: 32 MiB, a quarter of a million of 16 units.
_VISITED = 2**22


@np.errstate(all="ignore")
def find_fixed_points(
    system: System,
    states: Any,
    inputs: Any = None,
    *,
    solver: Solver | Sequence[Solver] | None = None,
    tol: float | None = None,
    tol_unique: float | None = None,
    scale: Any = None,
    max_steps: int = 200,
    rounds: int | Literal["auto"] = "auto",
    orbits: bool = True,
    seed: int | np.random.Generator = 0,
    chunk: int | None = None,
    progress: bool | None = None,
    spectra: Spectra = "auto",
    keep_starts: bool = True,
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
        system also takes states of the whole one and holds the other units at their values. Points
        of an earlier search of the same system are polished, under their own inputs unless others
        are given, and keep their evidence: hits, certificate, exhaustive searches, orbits.
    inputs
        Constant inputs, shape (m,) for all starts or (n, m); may be left out if m = 0.
    solver
        A solver of `stillpoint.solvers`, or several: each takes on the starts that those before
        it did not bring to a fixed point. By default Newton on the equilibrium form, then
        a descent on the motion itself (`PiecewiseNewton` for rectified networks, else
        `LevenbergMarquardt`); the latter alone where gates cannot be divided out (functions,
        black-box modules, iterates).
    tol
        Largest ``q = 1/2 |F(x, u) - x|^2`` of a fixed point (Sussillo and Barak 2013), in units of
        `scale`, and relative to ``max|x|^2`` where that exceeds 1. By default 1e-24, or 1e-12 for a
        function that works in float32 only.
    tol_unique
        Two end states closer than this are one point, by chains of such hops. Distances are
        between arcsinh(x): absolute below ``|x| = 1``, relative above. By default (2 tol)^(1/4),
        the resolution that the residual allows.
    scale
        The size of the states, one number or one for each variable, of which `tol`, `tol_unique`
        and all steps are measured as if it were one; rounded to powers of two. By default that of
        the starts and of where they are sent, where it lies beyond .01 to 100; of 16 starts or
        more, variables a thousand times larger or smaller than the others have their own. Bounded
        cells (tanh, GRU, LSTM) are measured as they are.
    max_steps
        Steps per start and solver.
    rounds
        The most rounds of further starts, as many again in each: from a box around the points,
        noise, and what known points suggest (see `Source`). They end early under every input for
        which one brings nothing while neither index nor hits speak for more points. "auto" is at
        most 4, under inputs of several starts for which these speak for more points already; none
        where `states` are points of a search. 0 keeps to the starts.
    orbits
        Whether some orbits are followed until they settle where the index sum is right and nothing
        else speaks for missing points, or no point is known to be stable; only where some 150
        starts converged. What attracts may be a cycle, or a ring of points that Newton's method
        passes by. It takes up to 4,096 steps of 24 to 56 states.
    seed
        Of the further starts: a number or a NumPy generator.
    chunk
        Starts worked on at a time; by default as many as `solvers.MEMORY_BUDGET` holds.
    progress
        Whether to draw a progress bar; None draws it on a terminal when the search takes long.
    spectra
        "all" computes every eigenvalue of every point. "leading" keeps no Jacobians and seeks the
        most unstable eigenvalues alone, with a bound on all others that decides how many
        directions are unstable (`points.linearization.leading`); index and condition come from
        one LU factorisation a point. "auto" is "leading" above 200 state variables.
    keep_starts
        Whether `starts` has a row for every start, which a million of them make large. Without, the
        search goes through them in portions, within `solvers.MEMORY_BUDGET` however many there are,
        and some 4,096 rows stand for all (`Starts.stands_for`): hits, statuses and census are those
        of all starts, but for the spread of a census, which is estimated from the rows.

    Returns
    -------
    FixedPoints
        Sorted by input, by the number of unstable directions, then by position (polished points
        are in the order they had). Its `starts` has
        one row for every start, unless `keep_starts` is False; what did not converge is there with
        its status. After Ctrl-C it holds what had finished.

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
    check_flag("keep_starts", keep_starts)
    x, u = read_starts(system, states, inputs, copy=False)
    known = states if isinstance(states, FixedPoints) and inputs is None else None
    known = known if known is not None and known.system == system.info else None
    source = None if known is None else np.full(len(x), Source.KNOWN)
    units = read_units(system, scale, x, u)
    own = units.of(system)
    options = read_options(
        own,
        solver,
        tol,
        tol_unique,
        max_steps=max_steps,
        rounds=rounds,
        orbits=orbits,
        seed=seed,
        chunk=chunk,
        progress=progress,
        spectra=spectra,
        keep_starts=keep_starts,
    )
    warn_if_long(own._observed_dynamics, x, u, units.scale)
    portions = Portions(options)
    starts, interrupted = portions.run(own, x, u, options, source, scale=units.scale)
    points, interrupted = collect_what_there_is(own, starts, options, interrupted)
    condition = equal_inputs(u)
    conditions, counts = u[np.unique(condition, return_index=True)[1]], np.bincount(condition)
    most, asked = options.rounds, np.ones(len(conditions), dtype=bool)
    if most == AUTO:
        most = 0 if interrupted or isinstance(states, PointSet) else _MOST_ROUNDS
        asked = (counts > 1) & in_doubt(points)
    if most and asked.any() and not interrupted:
        visited = [_some(x, condition == k) / units.scale for k in range(len(conditions))]
        more, interrupted = search_in_rounds(
            own,
            conditions,
            visited,
            Source.NOISE if known is None else Source.KNOWN,
            points,
            options,
            portions,
            counts,
            asked=asked,
            quiet_rounds=1,
            most_rounds=most,
        )
        points = points if more is None else more
    if orbits and not interrupted:
        points, interrupted = with_orbits(own, points, options)
    reached = Status.FIXED_POINT in points.starts.status
    warn_of_the_end(points.starts, interrupted, reached, "a fixed point")
    points = units.fixed_points(points, system)
    if known is not None:
        points = FixedPoints.concatenate([known, points]).unique()
    told = options.told()
    return replace(points, provenance=provenance("find_fixed_points", system, x, **told))


def _some(x: Float[np.ndarray, "n d"], rows: Bool[np.ndarray, " n"]) -> Float[np.ndarray, "k d"]:
    """Return the states in some rows, to begin further rounds near: of very many not all."""
    places = np.flatnonzero(rows)
    return x[places[:: 1 + len(places) * x.shape[1] // _VISITED]]
