"""The options of a search, checked and filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Any

import numpy as np

from .._core.validation import check_real, check_whole
from ..dynamics.restriction import held_values, restriction_of
from ..errors import ArgumentError
from ..solvers import Solver, default_solvers
from ..system import System

_version = cache(version)  # reading it takes a millisecond or two

# Largest q of a converged row, for networks that work in float64 and in float32.
_TOLERANCE, _TOLERANCE_SINGLE = 1e-24, 1e-12


@dataclass(frozen=True)
class Settings:
    """The options of one search, checked and filled in."""

    solvers: tuple[Solver, ...]
    tol: float
    tol_unique: float
    max_steps: int
    rounds: int
    near: float | None
    max_points: int | None
    slope_tol: float | None
    seed: int
    chunk: int | None
    progress: bool | None


def read_settings(
    system: System,
    solver: Solver | Sequence[Solver] | None,
    tol: float | None,
    tol_unique: float | None,
    **options: Any,
) -> Settings:
    if solver is None:
        solvers = default_solvers(system.measured)
    else:
        is_several = isinstance(solver, list | tuple)
        solvers = tuple(solver) if is_several else (solver,)
    if not solvers or not all(isinstance(s, Solver) for s in solvers):
        raise ArgumentError(
            f"solver: got {solver!r}, but a solver of stillpoint.solvers is wanted, such as "
            f"Newton(), LevenbergMarquardt() or Adam(), or a sequence of them."
        )
    for name, least in {
        "max_steps": 1,
        "rounds": 0,
        "seed": 0,
        "chunk": 1,
        "max_points": 1,
    }.items():
        if options[name] is not None:
            options[name] = check_whole(name, options[name], least)
    if options["near"] is not None:
        options["near"] = check_real("near", options["near"], above=0)
    if options["slope_tol"] is not None:
        options["slope_tol"] = check_real("slope_tol", options["slope_tol"], above=0)
    single = system.dynamics.arrays.resolution > 1e-10
    if tol is None:
        tol = _TOLERANCE_SINGLE if single else _TOLERANCE
    tol = check_real("tol", tol, above=0)
    if tol_unique is None:
        tol_unique = (2 * tol) ** 0.25
    return Settings(solvers, tol, check_real("tol_unique", tol_unique, above=0), **options)


def provenance(system: System, settings: Settings) -> dict[str, Any]:
    part, holding = restriction_of(system.dynamics), held_values(system.dynamics)
    return {
        "stillpoint": _version("stillpoint"),
        "numpy": np.__version__,
        "system": repr(system),
        "kind": system.kind,
        "dt": system.dt,
        "lefschetz": system.dynamics.lefschetz,
        "kept": None if part is None else part.kept.tolist(),
        "held": None if part is None else part.held.tolist(),
        "holding": None if holding is None else holding.tolist(),
        "weights_sha256": system.fingerprint(),
        "solver": " -> ".join(repr(solver) for solver in settings.solvers),
        "tol": settings.tol,
        "tol_unique": settings.tol_unique,
        "max_steps": settings.max_steps,
        "rounds": settings.rounds,
        "near": settings.near,
        "max_points": settings.max_points,
        "slope_tol": settings.slope_tol,
        "seed": settings.seed,
    }
