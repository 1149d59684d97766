"""The verb that follows cycles along a path, from cycles or from where they are born."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.validation import check_kind, check_real, check_whole
from ..branches.bordered import Along, Places, correct
from ..branches.events import EventKind
from ..branches.path import Path
from ..branches.solution import Solution
from ..errors import ArgumentError, came
from ..points import Cycles
from ..system import System, check_system
from .describe import describe
from .followed import Followed
from .points_at import size_of
from .records import Checks, Diagram, Origin, check_along
from .recurrent import LimitCycles, MapCycles
from .sharpened import sharpened
from .switching import beside

# Limit cycles are looked for beside a Hopf point with these amplitudes, in sizes of states.
_AMPLITUDES = (0.02, 0.005, 0.1)

# Two limit cycles are one where amplitude and period agree to this.
_SAME = 1e-5


@np.errstate(all="ignore")
def follow_cycles(
    system: System,
    cycles: Cycles | Diagram,
    path: Path,
    *,
    at: float | None = None,
    max_steps: int = 2000,
    max_norm: float = 100.0,
) -> Diagram:
    """Follow cycles of a map, or limit cycles of a flow, through inputs or parameters.

    Cycles are zeros too: states that map onto each other in a circle, or that a flow takes to each
    other within the period (multiple shooting). So they walk as points do, with their own folds,
    flips and Neimark-Sacker points. A branch ends where its cycles shrink to cycles of half the
    period, or to a point.

    Parameters
    ----------
    system
        From `as_system`; of a family, one of its systems.
    cycles
        `Cycles` of one period under inputs on the path; or a `Diagram` along the same path, whose
        cycles of twice the period are followed from its flips, and limit cycles from its Hopf
        points.
    path
        From `path` or `family`.
    at
        The parameter at which cycles are; by default where their inputs lie on a path of inputs, or
        the lower end of a family.
    max_steps, max_norm
        As for `follow_points`.

    Returns
    -------
    Diagram
        Its `states` are one of each cycle. No search is set beside its branches.

    Raises
    ------
    ArgumentError
        If cycles are not on the path, have several periods, or an argument does not fit.

    Examples
    --------
    The fixed point 0 of x' = tanh(-g x) flips at g = 1, where a cycle of period 2 is born:

    >>> import numpy as np, stillpoint as sp
    >>> one, none = np.ones((1, 1)), np.zeros((1, 0))
    >>> flip = lambda g: sp.as_system(sp.cells.VanillaCell(-g * one, none, np.zeros(1)))
    >>> gains = sp.family(flip, 0.5, 2.0)
    >>> points = sp.follow_points(flip(0.5), np.zeros((1, 1)), gains)
    >>> cycles = sp.follow_cycles(flip(0.5), points, gains)
    >>> low, high = cycles.parameter.min(), cycles.parameter.max()
    >>> round(float(low), 6), float(high), bool(cycles.branches[0].is_stable[1:-1].all())
    (1.0, 2.0, True)
    """
    check_system(system)
    check_kind("path", path, Path, "what path(...) or family(...) returns")
    path.check(system)
    if at is not None:
        at = check_real("at", at, least=path.low, most=path.high)
    max_steps = check_whole("max_steps", max_steps, least=1)
    max_norm = check_real("max_norm", max_norm, above=0)
    solution = _solution(system, cycles)
    if isinstance(cycles, Diagram):
        check_along("path", path, cycles)
        along = Along(system, path, size_of(cycles.states), solution)
        along = replace(along, size=along.size * np.sqrt(_n_states(solution)))
        new = _born(along, cycles)
        origin = Origin.BORN
    else:
        along, new = _handed_over(system, cycles, path, at, solution)
        origin = Origin.HANDED_OVER
    followed = Followed(along, max_steps, max_norm)
    for z in new:
        if not _is_known(followed, z):
            followed.add(z[None], origin)
    options = {"at": at, "max_steps": max_steps, "max_norm": max_norm}
    return describe(followed, Checks.none(), "follow_cycles", options)


def _solution(system: System, cycles: Any) -> Solution:
    """Return what is to be followed."""
    if not isinstance(cycles, Cycles | Diagram):
        raise ArgumentError(
            f"cycles: got {came(cycles)}, but what find_cycles returns, or a Diagram, is wanted."
        )
    if cycles.system.kind != system.kind:
        raise ArgumentError(
            f"cycles: got those of a {cycles.system.kind}, but the system is a {system.kind}; pass "
            f"what was found on it."
        )
    if isinstance(cycles, Diagram):
        if cycles.noun == "limit cycles":
            raise ArgumentError(
                "cycles: got a diagram of limit cycles; cycles of twice their period are not "
                "followed from it."
            )
        other = cycles.system
        if cycles.is_family:  # whose weights differ from one system to the next
            other = replace(other, weights_sha256=None)
        other.check_same("cycles", system.info)
    if system.kind == "flow":
        return LimitCycles.of(system.dynamics)
    periods = np.unique(cycles.period)
    if not len(periods):
        raise ArgumentError("cycles: got none, but one at least is wanted.")
    if len(periods) != 1:
        raise ArgumentError(
            f"cycles: got periods {periods.tolist()}, but cycles of one period are wanted: "
            f"cycles.of_period(2)."
        )
    return MapCycles(int(periods[0]) * (2 if isinstance(cycles, Diagram) else 1))


def _n_states(solution: Solution) -> int:
    return solution.n_pieces if isinstance(solution, LimitCycles) else 1


def _handed_over(
    system: System, cycles: Cycles, path: Path, at: float | None, solution: Solution
) -> tuple[Along, Places]:
    """Return what is followed, and the places of cycles."""
    x = cycles.states[:, 0]
    if x.shape[1] != system.state_size or cycles.inputs.shape[1] != system.input_size:
        raise ArgumentError(
            f"cycles: got cycles of {x.shape[1]} states and {cycles.inputs.shape[1]} inputs, but "
            f"the system has {system.state_size} and {system.input_size}."
        )
    s = path.places(cycles.inputs, at, "cycles")
    if isinstance(solution, LimitCycles):
        every = cycles.states[:, :: cycles.states.shape[1] // solution.n_pieces]
        x = solution.view(system.dynamics).unknowns(every, cycles.period.astype(float))
    along = Along(system, path, size_of(x), solution)
    return along, sharpened(along, x, s, "cycles", at)


def _is_known(followed: Followed, z: Float[np.ndarray, " z"]) -> bool:
    """Whether a cycle lies on a branch that was followed, whatever its first state."""
    along, s = followed.along, float(followed.along.parameters(z[None])[0])
    known = followed.at(s)
    if not len(known):
        return False
    piece = along.path.piece(np.full(len(known) + 1, s))
    every = np.concatenate([z[None], known])
    if isinstance(along.solution, MapCycles):
        made, u = along.path.at(along.system, s)
        orbit = along.solution.orbits(made.dynamics, along.states(z[None], piece[:1]), u[None])[0]
        x = along.states(known, piece[1:])
        apart = np.linalg.norm(orbit - x[:, None], axis=2)
        return bool(apart.min() < _SAME * along.size)
    _, period, amplitude = along.told(every, piece)
    near = np.abs(np.log(period / period[0])) + np.abs(np.log(amplitude / amplitude[0]))
    return bool((near[1:] < _SAME).any())


def _born(along: Along, diagram: Diagram) -> Places:
    """Return places of cycles beside the events at which they are born."""
    kind = EventKind.HOPF if isinstance(along.solution, LimitCycles) else EventKind.FLIP
    rows = np.flatnonzero(diagram.events.kind == kind)
    beside_event = _of_hopf if kind is EventKind.HOPF else _of_flip
    found = [beside_event(along, diagram, int(k)) for k in rows]
    width = along.solution.view(along.system.dynamics)
    return np.concatenate(found) if found else np.zeros((0, width.working_size + 1))


def _of_flip(along: Along, diagram: Diagram, row: int) -> Places:
    """Return a place of the cycle of twice the period that is born at a flip."""
    event = diagram.events[row]
    mine = np.flatnonzero(diagram.at_event & (diagram.branch == event.branch))
    apart = np.linalg.norm(diagram.states[mine] - event.state, axis=1)
    apart += np.abs(diagram.parameter[mine] - event.parameter) * along.weight
    place = int(mine[apart.argmin()])
    three = [place - 1, place, place + 1]
    around = along.from_states(diagram.states[three], diagram.parameter[three])
    tangent = (around[2] - around[0]) / np.linalg.norm(around[2] - around[0])
    piece = along.path.piece(np.array([event.parameter]))
    return beside(along, around[1:2], tangent[None], piece)[:1]


def _of_hopf(along: Along, diagram: Diagram, row: int) -> Places:
    """Return a place of the limit cycle that is born at a Hopf point: a small ring, corrected."""
    assert isinstance(along.solution, LimitCycles)
    event = diagram.events[row]
    made, u = along.path.at(along.system, event.parameter)
    values, vectors = np.linalg.eig(made.jacobian(event.state[None], u[None])[0])
    v = vectors[:, np.abs(values - event.eigenvalue).argmin()]
    shooting, n = along.solution.view(made.dynamics), along.solution.n_pieces
    ring = (np.exp(2j * np.pi * np.arange(n) / n)[:, None] * v).real
    ring *= np.sqrt(n) / np.linalg.norm(ring)
    s, period = np.array([event.parameter]), np.array([2 * np.pi / event.eigenvalue.imag])
    piece = along.path.piece(s)
    for amplitude in _AMPLITUDES:
        states = event.state + amplitude * along.size / np.sqrt(n) * ring
        guess = along.join(shooting.unknowns(states[None], period), s)
        border = np.zeros_like(guess)
        border[0, : ring.size] = ring.ravel() / np.linalg.norm(ring)
        found = correct(along, guess, border, guess, piece)
        inside = along.path.low <= along.parameters(found.z)[0] <= along.path.high
        if found.reached[0] and inside:
            return found.z
    return guess[:0]
