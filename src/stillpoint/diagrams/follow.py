"""The verb that follows points along a path."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from .._core.validation import (
    check_flag,
    check_kind,
    check_real,
    check_whole,
    read_seed,
    read_states,
)
from ..branches.bordered import Along
from ..branches.events import EventKind
from ..branches.family import Family
from ..branches.path import Path
from ..errors import ArgumentError, StillpointWarning, came
from ..points import FixedPoints, SlowPoints
from ..search.find_all import find_all_fixed_points
from ..system import System, check_system
from .describe import describe, indices
from .followed import Followed
from .points_at import size_of
from .records import Checks, Diagram, Origin
from .sharpened import sharpened
from .switching import beside

# Branches that cross other branches are followed so many times one after the other.
_GENERATIONS = 6


@np.errstate(all="ignore")
def follow_points(
    system: System,
    points: Any,
    path: Path,
    *,
    at: float | None = None,
    checks: int = 5,
    max_starts: int = 512,
    exhaustive: bool = False,
    max_steps: int = 2000,
    max_norm: float = 100.0,
    seed: int = 0,
) -> Diagram:
    """Follow fixed points through inputs or parameters, with all their bifurcations.

    All points walk both ways at once, on the equilibrium form bordered by a row for the arclength
    (Keller 1977), so that folds are passed like any other place. Where eigenvalues cross the
    stability border or the parameter turns around, the event is located, named, and described by
    its normal form. Where branches cross, the others are followed too. Then a search of its own
    looks at some parameters for points on no branch, and these are followed: branches that no
    other one leads to, such as isolas.

    Parameters
    ----------
    system
        From `as_system`; of a family, one of its systems.
    points
        `FixedPoints` under inputs on the path, the fixed ones of `SlowPoints`, or states, shape
        (k, d). Those on a continuum are left out.
    path
        From `path` or `family`.
    at
        The parameter at which the points are; by default where their inputs lie on a path of
        inputs, or the lower end of a family.
    checks
        At how many parameters, equally spaced, a search is set beside the branches; 0 for none.
    max_starts
        Starts of each of these searches.
    exhaustive
        Whether each search tries to prove that there are no other points, which takes up to
        seconds (see `find_all_fixed_points`).
    max_steps
        Steps of a walk between two stops.
    max_norm
        A branch that gets so many times as large as the points that were handed over or found, in
        the largest entry, is followed no further.
    seed
        Of the searches.

    Returns
    -------
    Diagram

    Raises
    ------
    ArgumentError
        If points are not on the path, or an argument does not fit.

    Examples
    --------
    One unit of gain 2 has three fixed points while its input is small:

    >>> import numpy as np, stillpoint as sp
    >>> one = np.ones((1, 1))
    >>> system = sp.as_system(sp.cells.VanillaCell(2 * one, one, np.zeros(1)))
    >>> points = sp.find_all_fixed_points(system, [0.0])
    >>> diagram = sp.follow_points(system, points, sp.path([-1.0], [1.0], values=[-1, 1]))
    >>> [event.sentence[:22] for event in diagram.events]
    ['fold at -0.53283998: t', 'fold at 0.53283998: tw']
    >>> len(diagram.at(0.2)), len(diagram.at(0.8))
    (3, 1)
    """
    check_system(system)
    check_kind("path", path, Path, "what path(...) or family(...) returns")
    path.check(system)
    if at is not None:
        at = check_real("at", at, least=path.low, most=path.high)
    checks = check_whole("checks", checks, least=0)
    max_starts = check_whole("max_starts", max_starts, least=1)
    exhaustive = check_flag("exhaustive", exhaustive)
    max_steps = check_whole("max_steps", max_steps, least=1)
    max_norm = check_real("max_norm", max_norm, above=0)
    seed = read_seed("seed", seed)
    x, s = _read_points(system, points, path, at)
    parameters = np.linspace(path.low, path.high, checks)
    found = [
        _searched(system, path, float(place), max_starts, exhaustive, seed) for place in parameters
    ]
    searched = [states for states, _ in found]
    along = Along(system, path, size_of(np.concatenate([x, *searched])))
    followed = Followed(along, max_steps, max_norm)
    followed.add(sharpened(along, x, s, "points", at), Origin.HANDED_OVER)
    _switch(followed, 0)
    told = _compare(followed, parameters, searched, np.array([proof for _, proof in found], bool))
    options = {
        "at": at,
        "checks": checks,
        "max_starts": max_starts,
        "exhaustive": exhaustive,
        "max_steps": max_steps,
        "max_norm": max_norm,
        "seed": seed,
    }
    return describe(followed, told, "follow_points", options)


def _switch(followed: Followed, first: int) -> None:
    """Follow the branches that cross those from number `first` of the lists of events on."""
    for _ in range(_GENERATIONS):
        last, new = len(followed.events), []
        for events, _ in followed.events[first:last]:
            crossings = np.flatnonzero(events.kind == EventKind.BRANCH_POINT)
            if len(crossings):
                at = events.z[crossings], events.tangent[crossings], events.piece[crossings]
                new.append(beside(followed.along, *at))
        for z in new:  # one after the other: those of one crossing are often one branch
            for row in z:
                followed.add(followed.unknown(row[None]), Origin.SWITCHED)
        first = last
        if last == len(followed.events):
            return


def _searched(
    system: System, path: Path, s: float, max_starts: int, exhaustive: bool, seed: int
) -> tuple[Float[np.ndarray, "k d"], bool]:
    """Return the isolated points that a search finds, and whether there are proved no others."""
    made, u = path.at(system, s)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)  # there may be no point at all
        points = find_all_fixed_points(
            made,
            u,
            max_starts=max_starts,
            exhaustive=exhaustive,
            orbits=False,
            seed=seed,
            progress=False,
        )
    proved = bool(points.enumerations) and all(proof.is_proof for proof in points.enumerations)
    return points.xstar[~points.is_degenerate], proved


def _compare(
    followed: Followed,
    parameters: Float[np.ndarray, " c"],
    searched: list[Float[np.ndarray, "k d"]],
    proved: Bool[np.ndarray, " c"],
) -> Checks:
    """Set what searches found beside the branches, and follow what lies on none of them."""
    along, missing = followed.along, []
    for s, x in zip(parameters, searched, strict=True):
        new = followed.unknown(along.from_states(x, np.full(len(x), s))) if len(x) else x
        first = len(followed.events)
        followed.add(new, Origin.SEARCHED)
        _switch(followed, first)
        missing.append(len(followed.unknown(new)))
    known = [_indices_at(followed, float(s)) for s in parameters]
    return Checks(
        parameter=parameters,
        n_branches=np.array([len(own) for own in known], dtype=np.int64),
        n_searched=np.array([len(x) for x in searched], dtype=np.int64),
        n_missing=np.array(missing, dtype=np.int64),
        index_sum=np.array([own.sum() for own in known], dtype=np.int64),
        proved=proved,
    )


def _indices_at(followed: Followed, s: float) -> Any:
    z = followed.at(s)
    along = followed.along
    piece = along.path.piece(np.full(len(z), s))
    return indices(along.eigenvalues(z, piece), along.kind) if len(z) else np.zeros(0, dtype=int)


def _read_points(
    system: System, points: Any, path: Path, at: float | None
) -> tuple[Float[np.ndarray, "n d"], Float[np.ndarray, " n"]]:
    """Return states and their parameters."""
    if isinstance(points, FixedPoints | SlowPoints):
        known = points.fixed if isinstance(points, SlowPoints) else points[~points.on_continuum]
        x, u = known.xstar, known.inputs
        if x.shape[1] != system.state_size or u.shape[1] != system.input_size:
            raise ArgumentError(
                f"points: got points of {x.shape[1]} states and {u.shape[1]} inputs, but the "
                f"system has {system.state_size} and {system.input_size}."
            )
        return x, path.places(u, at)
    x = read_states("points", points, system.state_size)
    if at is None and isinstance(path, Family):
        at = path.low
    if at is None:
        raise ArgumentError(
            f"at: got None, but points are {came(points)}; say at which parameter they are, or "
            f"pass FixedPoints."
        )
    return x, np.full(len(x), at)
