"""The options of a search: one record, checked and filled in once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from typing import Any, Literal, get_args

import numpy as np

from .._core.grouping import resolvable
from .._core.provenance import ENVIRONMENT
from .._core.validation import (
    check_flag,
    check_option,
    check_real,
    check_sequence,
    check_whole,
    read_seed,
)
from ..dynamics import Dynamics
from ..solvers import (
    KickedNewton,
    LevenbergMarquardt,
    Newton,
    NewtonKrylov,
    PiecewiseNewton,
    Solver,
)
from ..system import System

# Largest q of a converged row, for networks that work in float64 and in float32.
_TOLERANCE = 1e-24
_TOLERANCE_SINGLE = 1e-12

# The least value of the options that are whole numbers.
_LEAST = {"max_steps": 1, "rounds": 0, "chunk": 1}

#: Rounds that a search may add by itself where points are missing.
AUTO: Literal["auto"] = "auto"

#: How much of the spectrum of a point is computed.
Spectra = Literal["auto", "all", "leading"]

_HAVE_MORE = {"chunk", "rounds"}  # None, or "auto"

_WANTED = (
    "a solver of stillpoint.solvers, such as Newton(), LevenbergMarquardt(), PiecewiseNewton() or "
    "Adam(), or a sequence of them,"
)


@dataclass(frozen=True)
class Options:
    """The options of one search, as the verbs describe them.

    Attributes
    ----------
    solvers
        In the order in which they take on a start.
    tol, tol_unique
        The largest q that counts as zero, and the distance below which states are one point.
    max_steps
        Steps per start and solver.
    slope_tol
        Where the gradient of q counts as zero.
    rounds
        Further rounds of starts, or `AUTO`.
    orbits
        Whether orbits may be followed.
    seed, chunk, progress, spectra, keep_starts
        As in the verbs.
    """

    solvers: tuple[Solver, ...]
    tol: float
    tol_unique: float
    max_steps: int
    slope_tol: float = 1e-8
    rounds: int | Literal["auto"] = 0
    orbits: bool = True
    seed: int = 0
    chunk: int | None = None
    progress: bool | None = None
    spectra: Spectra = "auto"
    keep_starts: bool = True

    def told(self) -> dict[str, Any]:
        """Return the options by name, for people."""
        options = {field.name: getattr(self, field.name) for field in fields(self)}
        return options | {"solvers": " -> ".join(repr(solver) for solver in self.solvers)}


def read_options(
    system: System,
    solver: Solver | Sequence[Solver] | None = None,
    tol: float | None = None,
    tol_unique: float | None = None,
    **others: Any,
) -> Options:
    """Return the options of a search of a system; what is None or left out has its default."""
    solvers: tuple[Any, ...]
    if solver is None:
        solvers = default_solvers(system._observed_dynamics)
    else:
        several = solver if isinstance(solver, list | tuple) and solver else [solver]
        solvers = tuple(check_sequence("solver", several, Solver, _WANTED))
    for name, least in _LEAST.items():
        value = others.get(name)
        without = isinstance(value, str) and value == AUTO if name == "rounds" else value is None
        if name in others and not (without and name in _HAVE_MORE):
            others[name] = check_whole(name, others[name], least)
    if "seed" in others:
        others["seed"] = read_seed("seed", others["seed"])
    if others.get("progress") is not None:
        check_flag("progress", others["progress"])
    check_flag("orbits", others.get("orbits", True))
    check_flag("keep_starts", others.get("keep_starts", True))
    check_option("spectra", others.get("spectra", "auto"), get_args(Spectra))
    if "slope_tol" in others:
        others["slope_tol"] = check_real("slope_tol", others["slope_tol"], above=0)
    if tol is None:
        tol = _TOLERANCE_SINGLE if system.dynamics.arrays.resolution > 1e-10 else _TOLERANCE
    tol = check_real("tol", tol, above=0)
    if tol_unique is None:
        tol_unique = resolvable(tol)
    return Options(solvers, tol, check_real("tol_unique", tol_unique, above=0), **others)


def default_solvers(dynamics: Dynamics) -> tuple[Solver, ...]:
    """Return the solvers that a search for fixed points uses unless told otherwise.

    Newton, on the equilibrium form where there is one, then a descent on the motion;
    `benchmarks/solvers.py` is the measurement behind it. In between, of large networks whose
    states stay in a ball, come Newton steps that are kicked off where they get nowhere. Where gates
    cannot be divided out unit by unit, Newton may wander, in black boxes to saturated states; what
    it does not reach soon, the descent does. Cycles are sought from the orbit of a start, and then
    from the start as if it stood still.
    """
    can_be_kicked = _can_be_kicked(dynamics)
    has_form = dynamics.has_equilibrium_form and not can_be_kicked
    is_safe = has_form and dynamics.equilibrium_problem().unitwise
    quick: list[Solver] = [newton(dynamics, None if is_safe else _SOON)]
    if can_be_kicked:
        quick.append(KickedNewton())
    if dynamics.n_nodes > 1:
        quick.append(_STANDING)
    return (*quick, descent(dynamics))


def _can_be_kicked(dynamics: Dynamics) -> bool:
    """Whether a kick of a state, and a step of the network, lead somewhere on its way.

    In small networks the minima of q at which rows end are few, and worth knowing: they are ghosts.
    """
    if dynamics.working_size < _MANY:
        return False
    stays = dynamics.maps_ball_into_itself and dynamics.kind == "map" and dynamics.n_nodes == 1
    has_kinks = dynamics.piecewise_linear() is not None
    form = dynamics.has_equilibrium_form and dynamics.equilibrium_problem().unitwise
    return stays and form and not has_kinks


def newton(dynamics: Dynamics, most_steps: int | None = None) -> Newton | NewtonKrylov:
    """Return Newton's method, without matrices where there are many unknowns."""
    if has_many_unknowns(dynamics):
        return NewtonKrylov(most_steps=most_steps)
    return Newton(most_steps=most_steps)


def has_many_unknowns(dynamics: Dynamics) -> bool:
    """Whether products with Jacobians are tried before matrices."""
    return dynamics.is_matrix_free and dynamics.working_size >= _MANY


def descent(dynamics: Dynamics, slope_tol: float | None = None) -> Solver:
    """Return the solver that goes down from a start to a minimum of q and never beyond.

    Where the motion is known to be linear between kinks, this is exact; elsewhere it is
    Levenberg-Marquardt, down to slopes of `slope_tol`, its own default if None.
    """
    if dynamics.piecewise_linear() is not None:
        return PiecewiseNewton()
    return _GRADUAL if slope_tol is None else LevenbergMarquardt(slope_tol=slope_tol)


_GRADUAL = LevenbergMarquardt()

# From so many state variables on Newton's steps are tried without matrices: on trained networks
# products win from here (benchmarks/large.py). And minima of q are without number, at which
# nothing is slow.
_MANY = 128
_STANDING = LevenbergMarquardt(standing=True, most_steps=50)

# Nearly all starts from which Newton's method reaches a point do so within as many steps.
_SOON = 25


def provenance(call: str, system: System, starts: np.ndarray, **options: Any) -> dict[str, Any]:
    """Return who did what to which network, when, and with which versions; for people only."""
    info = system.info
    return {
        "call": call,
        "system": info.description,
        "model": info.model,
        "weights_sha256": info.weights_sha256,
        "starts_sha256": hashlib.sha256(np.ascontiguousarray(starts).data).hexdigest(),
        **options,
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        **ENVIRONMENT,
        "framework": info.framework,
    }
