"""The search for all fixed points: exhaustive where that is possible, in rounds elsewhere."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.validation import check_flag, check_whole, read_floats
from ..errors import ArgumentError
from ..points import FixedPoints, Source
from ..proofs.enumeration import enumerate_states
from ..solvers import Solver, Status
from ..system import System, check_system
from .certify import certify
from .describe import collect_what_there_is
from .options import Options, Spectra, provenance, read_options
from .orbits import with_orbits
from .portions import Portions
from .rounds import search_in_rounds
from .run import run_search, warn_if_long, warn_of_the_end
from .units import Units, read_units, units_of_motion

_LOG = logging.getLogger("stillpoint")

# Steps per start and solver: of the starts that need more, hardly one arrives.
_MAX_STEPS = 50

#: Starts under each input, unless the caller says otherwise; docs/census.md has rates and times.
DEFAULT_MAX_STARTS = 4096

# Starts of the first round, and of the largest: rounds double while they bring something new, which
# spares overhead.
_FIRST_ROUND = 256
_LARGEST_ROUND = 1024

# So many rounds in a row must bring nothing new.
_QUIET_ROUNDS = 2


@np.errstate(all="ignore")
def find_all_fixed_points(
    system: System,
    inputs: Any = None,
    *,
    trajectories: Any = None,
    max_starts: int = DEFAULT_MAX_STARTS,
    exhaustive: bool = True,
    orbits: bool = True,
    solver: Solver | Sequence[Solver] | None = None,
    tol: float | None = None,
    tol_unique: float | None = None,
    scale: Any = None,
    max_steps: int = _MAX_STEPS,
    seed: int | np.random.Generator = 0,
    chunk: int | None = None,
    progress: bool | None = None,
    spectra: Spectra = "auto",
    keep_starts: bool = True,
) -> FixedPoints:
    """Find all fixed points, without being told where to start, and prove what can be proved.

    Networks of low rank or of few units are searched exhaustively first (``stillpoint.proofs``);
    where that succeeds the set is proved complete. All others are searched in rounds of starts from
    many sources (see `Source`): trajectories, a box around the points, mixtures and sums of points
    found, steps along unstable directions, and searches that known points repel. When two rounds in
    a row bring no new point, every point was reached more than once by starts drawn without a look
    at the points, and the index sum is right where it is known, the rest of `max_starts` goes to
    sources of another kind: states to which the network comes while some units are held, and units
    recombined from several points. Only a proof, or a continuum, ends a search before all starts
    are used. `census` of the result says whether the set is complete, as far as one can know.

    Parameters
    ----------
    system
        From `as_system`.
    inputs
        One constant input, shape (m,), or several, shape (k, m), each with a set of points of its
        own; may be left out if m = 0.
    trajectories
        States that the network visits, shape (trials, time, d) or (k, d), to start from; otherwise
        a few are simulated from random states.
    max_starts
        The number of starts under each input.
    exhaustive
        Whether an exhaustive search is tried first. It takes seconds at most, as it says quickly
        where it has no chance.
    orbits, solver, tol, tol_unique, max_steps, chunk
        As for `find_fixed_points`.
    scale
        As for `find_fixed_points`; by default the size of `trajectories`, or of states that the
        network moves to by itself.
    seed
        Of the random starts, a number or a NumPy generator; they are the same under every input.
    progress
        Whether to draw a progress bar for each round; None draws it on a terminal when a round
        takes long.
    spectra, keep_starts
        As of `find_fixed_points`.

    Returns
    -------
    FixedPoints
        As from `find_fixed_points`; `starts` has a row for every start of all rounds, and
        `starts.discoveries()` says which source found what. Where the step can be enclosed, the
        points are certified (see `certify`). After Ctrl-C it holds what there is.

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
    >>> from stillpoint.cells import VanillaCell
    >>> units = VanillaCell(2 * np.eye(3), np.zeros((3, 0)), np.zeros(3))
    >>> points = sp.find_all_fixed_points(sp.as_system(units))
    >>> len(points), points.census().completeness.name
    (27, 'PROVED')
    """
    rows = read_each_input(system, inputs)
    path = read_trajectories(system, trajectories)
    max_starts = check_whole("max_starts", max_starts, least=1)
    check_flag("exhaustive", exhaustive)
    options = read_options(
        system,
        solver,
        tol,
        tol_unique,
        max_steps=max_steps,
        orbits=orbits,
        seed=seed,
        chunk=chunk,
        progress=progress,
        spectra=spectra,
        keep_starts=keep_starts,
    )
    several, interrupted = [], False
    for u in rows:
        points, interrupted = _search(system, scale, u, path, max_starts, exhaustive, options)
        several += [] if points is None else [points]
        if interrupted:
            break
    if not several:
        raise KeyboardInterrupt
    points = FixedPoints.concatenate(several)
    if interrupted or not all(proof.is_proof for proof in points.enumerations) or not exhaustive:
        reached = Status.FIXED_POINT in points.starts.status
        warn_of_the_end(points.starts, interrupted, reached, "a fixed point")
    told = {
        "scale": points.scale.tolist(),
        "max_starts": max_starts,
        "exhaustive": exhaustive,
        **options.told(),
    }
    start = points.starts.states
    return replace(points, provenance=provenance("find_all_fixed_points", system, start, **told))


def _read_units(
    system: System,
    scale: Any,
    path: Float[np.ndarray, "k d"] | None,
    u: Float[np.ndarray, " m"],
    options: Options,
) -> Units:
    """Return the units that the caller says, or those of trajectories, or of the motion itself."""
    if scale is None and path is None:
        return units_of_motion(system, u, np.random.default_rng(options.seed))
    states = np.zeros((1, system.state_size)) if path is None else path
    return read_units(system, scale, states, np.tile(u, (len(states), 1)))


def _search(
    system: System,
    scale: Any,
    u: Float[np.ndarray, " m"],
    path: Float[np.ndarray, "k d"] | None,
    max_starts: int,
    exhaustive: bool,
    options: Options,
) -> tuple[FixedPoints | None, bool]:
    """Return the points under one input with their proofs, and whether Ctrl-C came.

    There is no record if it came before the first start had ended.
    """
    points, interrupted, proof, complete = None, False, None, False
    try:
        units = _read_units(system, scale, path, u, options)
        own = units.of(system)
        if exhaustive:
            proof = enumerate_states(system.dynamics, u)
            points, interrupted = _at(own, u, proof.states / units.scale, options)
            _LOG.info("exhaustive search: %s", proof.verdict)
            complete = proof.is_proof and points is not None and len(points) == proof.n_points
        if not (interrupted or complete):
            least = min(max_starts, (1 + _QUIET_ROUNDS) * _FIRST_ROUND)
            at_zero = np.zeros((least, own.state_size))
            warn_if_long(own._observed_dynamics, at_zero, np.tile(u, (least, 1)))
            points, interrupted = search_in_rounds(
                own,
                u[None],
                [None if path is None else path / units.scale],
                Source.TRAJECTORY,
                points,
                options,
                Portions(options),
                np.array([_FIRST_ROUND]),
                quiet_rounds=_QUIET_ROUNDS,
                largest=_LARGEST_ROUND,
                most_starts=max_starts,
            )
        if points is not None and options.orbits and not (complete or interrupted):
            points, interrupted = with_orbits(own, points, options)
    except KeyboardInterrupt:
        interrupted = True
    if points is None:
        return None, interrupted
    points = units.fixed_points(points, system)
    try:
        if system.dynamics.interval_extension() is not None:
            points = certify(system, points)
    except KeyboardInterrupt:
        interrupted = True
    return replace(points, enumerations=() if proof is None else (proof,)), interrupted


def _at(
    system: System, u: Float[np.ndarray, " m"], states: Float[np.ndarray, "k d"], options: Options
) -> tuple[FixedPoints | None, bool]:
    """Return the points at states that an exhaustive search proved, and whether Ctrl-C came."""
    if not len(states):
        return None, False
    source = np.full(len(states), Source.EXHAUSTIVE)
    starts, interrupted = run_search(system, states, np.tile(u, (len(states), 1)), options, source)
    return collect_what_there_is(system, starts, options, interrupted)


def read_each_input(system: Any, inputs: Any) -> Float[np.ndarray, "k m"]:
    """Return the distinct inputs, in ascending order.

    Raises
    ------
    ArgumentError
        If they do not fit the system, or there is none.
    """
    check_system(system)
    m = system.input_size
    if inputs is None and m == 0:
        return np.zeros((1, 0))
    rows = None if inputs is None else read_floats("inputs", inputs)
    if (
        rows is None
        or rows.ndim not in (1, 2)
        or rows.shape[-1] != m
        or len(np.atleast_2d(rows)) == 0
    ):
        came = "None" if rows is None else f"shape {rows.shape}"
        raise ArgumentError(
            f"inputs: got {came}, but ({m},), one input, or (k, {m}), one row for each of several "
            f"inputs, is wanted, for example np.zeros({m})."
        )
    return np.unique(np.atleast_2d(rows), axis=0)


def read_trajectories(system: System, trajectories: Any) -> Float[np.ndarray, "k d"] | None:
    """Return the states of a caller's trajectories, one row each."""
    if trajectories is None:
        return None
    path = read_floats("trajectories", trajectories)
    if path.ndim not in (2, 3) or path.shape[-1] != system.state_size or not path.size:
        raise ArgumentError(
            f"trajectories: got shape {path.shape}, but (trials, time, {system.state_size}) or "
            f"(k, {system.state_size}) is wanted, with at least one state."
        )
    return path.reshape(-1, system.state_size)
