"""From the ends of a search to the distinct points, polished, each with what is known about it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import batches, host
from .._core.grouping import (
    equal_inputs,
    group_states,
    match_states,
    numbered,
    representatives,
)
from ..dynamics import Dynamics
from ..local import (
    DEGENERATE,
    ILL_CONDITIONED,
    LARGE,
    Linearization,
    factored_resolution,
    less_certain,
    linearize_large,
    linearize_rows,
    n_unstable,
    resolution_at,
)
from ..local import index as index_of
from ..points import FixedPoints, Starts
from ..solvers import LevenbergMarquardt, Newton, NewtonKrylov, Solver, Status, solve
from ..system import System
from .neighbours import on_continuum, on_kinks
from .options import Options, Spectra, has_many_unknowns
from .run import (
    NUMBERS_AT_ONCE,
    collect_interruptibly,
    condition_at,
    counts_as_zero,
    half_square,
)

# Newton steps that polish each distinct point down to rounding; isolated but degenerate points
# converge linearly and need many.
POLISH_STEPS = 100

#: Full steps only: where one does not even halve q, rounding is reached.
FULL_STEPS = Newton(decrease=0.25, max_trials=1)
_FULL_KRYLOV = NewtonKrylov(decrease=0.25, max_trials=1, first_forcing=1e-2)

# Ends of which I - J is conditioned worse than this may be two points at a fold.
_NEAR_A_FOLD = 1e4

# A polished point lies this near to where it was, relative to max(1, |x|), or is left there.
_NEAR = 1e-3


def collect(
    system: System,
    starts: Starts,
    tol: float,
    tol_unique: float,
    *,
    thorough: bool = True,
    spectra: Spectra = "auto",
    known: FixedPoints | None = None,
) -> FixedPoints:
    """Merge copies, polish each distinct point, and describe it.

    Of `known` points of large networks the description is taken over.

    Without `thorough`, points are left as the search found them and not tried for continua; that
    is quick enough for a search that was interrupted.
    """
    reached = np.flatnonzero(starts.status == Status.FIXED_POINT)
    under = equal_inputs(starts.inputs)
    copies = group_states(starts.end, under, tol_unique, reached)
    if thorough:
        copies = _by_side(system.dynamics, starts, reached, copies)
    first = reached[representatives(copies, starts.q[reached])]
    x, u = starts.end[first], starts.inputs[first]
    if thorough:
        x = polish(system.dynamics, x, u)
    # Ill-conditioned copies that lay too far apart to be merged come together when polished.
    points = group_states(x, under[first], tol_unique)
    if len(np.unique(points)) < len(points):
        points = _told_apart(system, x, u, points)
    kept = representatives(points, half_square(system.dynamics, x, u, equilibrium=True))
    is_partial = spectra == "leading" or (spectra == "auto" and x.shape[1] > LARGE)
    point = np.full(len(starts), -1)
    if is_partial and known is not None and known.linearization.leading is not None:
        point[reached] = points[copies]
        starts = replace(starts, point=point)
        return _with_known(system, x[kept], u[kept], known, starts, tol, tol_unique, thorough)
    lin = (linearize_large if is_partial else linearize_rows)(system, x[kept], u[kept])
    order = reading_order(lin, tol_unique)
    point[reached] = np.argsort(order)[points[copies]]
    starts = replace(starts, point=point)
    return describe(system, lin.take(order), starts, tol, tol_unique, thorough=thorough)


def _with_known(
    system: System,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    known: FixedPoints,
    starts: Starts,
    tol: float,
    tol_unique: float,
    thorough: bool,
) -> FixedPoints:
    """Return the record of points some of which are known; those keep their description."""
    place = match_states(known.xstar, known.inputs, x, u, tol_unique)
    new, old = np.flatnonzero(place < 0), np.flatnonzero(place >= 0)
    lin = linearize_large(system, x[new], u[new])
    found = describe(system, lin, starts.take(new[:0]), tol, tol_unique, thorough=thorough)
    found = FixedPoints.joined([known.take(place[old]), found])
    numbers = np.concatenate([old, new])
    order = np.argsort(numbers)  # as they came
    order = order[reading_order(found.linearization.take(order), tol_unique)]
    point = np.append(np.argsort(numbers[order]), -1)[starts.point]
    starts = replace(starts, point=point)
    hits = starts._hits(len(x))
    return replace(found.take(order), hits=hits, starts=starts, is_selection=False)


def _by_side(
    dynamics: Dynamics,
    starts: Starts,
    reached: Int[np.ndarray, " n"],
    copies: Int[np.ndarray, " n"],
) -> Int[np.ndarray, " n"]:
    """Return groups of ends, those at folds divided by the side of the fold on which they lie.

    Two points nearer to each other than the residual tells ends apart have opposite indices.
    """
    first = reached[representatives(copies, starts.q[reached])]
    soft = ~(condition_at(dynamics, starts.end[first], starts.inputs[first]) < _NEAR_A_FOLD)
    rows, side = np.flatnonzero(soft[copies]), np.zeros(len(reached), dtype=np.int64)
    if len(rows):
        sharp, _ = dynamics.differentiated_sharply()
        problem, asarray = sharp.equilibrium_problem(), dynamics.arrays.asarray
        for batch in batches(len(rows), dynamics.working_size**2, NUMBERS_AT_ONCE):
            some = reached[rows[batch]]
            native = asarray(starts.inputs[some])
            y = problem.coordinates(asarray(starts.end[some]), native)
            slope = problem.jacobian(y, native)
            side[rows[batch]] = index_of(host(slope)) < 0
    return numbered(2 * copies + side)


def _told_apart(
    system: System,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    points: Int[np.ndarray, " k"],
) -> Int[np.ndarray, " k"]:
    """Return groups of polished points, divided where their indices are known and opposite."""
    if x.shape[1] > LARGE:
        resolution, own = factored_resolution(system.dynamics, x, u)
    else:
        resolution = resolution_at(system.dynamics, x, u)
        own = index_of(linearize_rows(system, x, u).motion_jacobian)
    own = np.where(resolution.kantorovich < DEGENERATE, own, 0)
    both = np.zeros((points.max() + 1, 2), dtype=bool)
    for column, sign in enumerate((1, -1)):
        both[points[own == sign], column] = True
    divided = np.all(both, axis=1)
    return numbered(2 * points + np.where(own < 0, divided[points], 0))


def collect_what_there_is(
    system: System,
    starts: Starts,
    options: Options,
    interrupted: bool,
    known: FixedPoints | None = None,
) -> tuple[FixedPoints, bool]:
    """Return the points that starts led to, and whether Ctrl-C came before or meanwhile."""
    return collect_interruptibly(
        lambda thorough: collect(
            system,
            starts,
            options.tol,
            options.tol_unique,
            thorough=thorough,
            spectra=options.spectra,
            known=known,
        ),
        interrupted,
    )


def describe(
    system: System,
    lin: Linearization,
    starts: Starts,
    tol: float,
    tol_unique: float,
    *,
    thorough: bool = True,
) -> FixedPoints:
    """Return the record of distinct points, with all that is known about each."""
    dynamics, x, u = system.dynamics, lin.states, lin.inputs
    if lin.leading is None:
        resolution, index = resolution_at(dynamics, x, u), lin.index
    else:
        resolution, index = factored_resolution(dynamics, x, u)
    images = [half_square(dynamics, -x, u, equilibrium=form) for form in (True, False)]
    on_kink, attracts = np.zeros(len(x), dtype=bool), np.zeros(len(x), dtype=bool)
    if dynamics.piecewise_linear() is not None:
        on_kink, attracts = on_kinks(dynamics, x, u)
    continuum, soft = np.zeros(len(x), dtype=bool), ~(resolution.condition < ILL_CONDITIONED)
    if thorough and soft.any():
        continuum = _on_continuum(system, lin, soft, tol)
    degenerate = continuum | ~(resolution.kantorovich < DEGENERATE)
    # On a continuum any position will do; elsewhere that of the point is known up to an error.
    moved = np.where(continuum, 0.0, resolution.jacobian_error)
    lin = less_certain(lin, moved)
    return FixedPoints(
        linearization=lin,
        q=half_square(dynamics, x, u),
        hits=starts._hits(len(x)),
        condition=resolution.condition,
        kantorovich=resolution.kantorovich,
        is_stable=np.where(on_kink, attracts, lin.is_stable & ~degenerate),
        index=np.where(on_kink, attracts, np.where(degenerate, 0, index)),
        mirrored=np.all([counts_as_zero(q, x, tol) for q in images], axis=0),
        on_continuum=continuum,
        on_kink=on_kink,
        starts=starts,
        scale=np.ones(x.shape[1]),
        tol=tol,
        tol_unique=tol_unique,
    )


def _on_continuum(
    system: System, lin: Linearization, soft: Bool[np.ndarray, " n"], tol: float
) -> Bool[np.ndarray, " n"]:
    """Return which points are of a continuum, from whole Jacobians, one at a time if not kept."""
    if lin.leading is None:
        return on_continuum(system.dynamics, lin, soft, tol)
    answer, yes = np.zeros(len(soft), dtype=bool), np.ones(1, dtype=bool)
    for k in np.flatnonzero(soft):
        one = linearize_rows(system, lin.states[k : k + 1], lin.inputs[k : k + 1])
        answer[k] = on_continuum(system.dynamics, one, yes, tol)[0]
    return answer


def reading_order(lin: Linearization, tolerance: float) -> Int[np.ndarray, " k"]:
    """Return the order by input, then by unstable directions, then by position.

    What is counted is eigenvalues as they were computed: to decide on them takes long where many
    are equal.
    """
    cells = np.round(lin.states / tolerance)
    count = lin.n_unstable
    if lin.leading is None:
        count = n_unstable(lin.eigenvalues, lin.kind)
    keys = [*cells.T[::-1], count, *lin.inputs.T[::-1]]
    return np.lexsort(keys)


def polish(
    dynamics: Dynamics, x: Float[np.ndarray, "k d"], u: Float[np.ndarray, "k m"]
) -> Float[np.ndarray, "k d"]:
    """Return the points brought down to rounding, where that is possible without leaving them.

    Newton's method does it where the point is isolated; Levenberg-Marquardt where I - J is
    singular and a Newton step is not defined.
    """
    x = _polish(dynamics, x, u, full_steps(dynamics))
    singular = np.flatnonzero(~(condition_at(dynamics, x, u) < ILL_CONDITIONED))
    if len(singular):
        gradual = LevenbergMarquardt(slope_tol=0.0)
        x[singular] = _polish(dynamics, x[singular], u[singular], gradual)
    return x


def full_steps(dynamics: Dynamics) -> Solver:
    """Return the solver that polishes isolated points."""
    return _FULL_KRYLOV if has_many_unknowns(dynamics) else FULL_STEPS


def _polish(
    dynamics: Dynamics,
    x: Float[np.ndarray, "k d"],
    u: Float[np.ndarray, "k m"],
    solver: Solver,
) -> Float[np.ndarray, "k d"]:
    """Return where a solver brings the points, as they were where it makes them worse or leaves."""
    end = solve(dynamics, x, u, [solver], tol=0.0, max_steps=POLISH_STEPS, progress=False).x
    before, after = (half_square(dynamics, states, u, equilibrium=True) for states in (x, end))
    near = np.linalg.norm(end - x, axis=1) < _NEAR * np.maximum(1.0, np.linalg.norm(x, axis=1))
    return np.where(((after < before) & near)[:, None], end, x)
