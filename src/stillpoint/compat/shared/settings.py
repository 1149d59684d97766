"""The settings of finders by the names of FixedPointFinder, and what a search makes of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from ..._core.validation import (
    check_flag,
    check_option,
    check_real,
    check_whole,
    read_seed,
    whole_number,
)
from ...points import FixedPoints
from ...solvers import Adam, Plateau

# What the settings must be: true or false, whole numbers of at least so much, above zero.
_FLAGS = {
    "do_rerun_q_outliers",
    "do_exclude_distance_outliers",
    "verbose",
    "super_verbose",
    "do_compute_jacobians",
    "do_decompose_jacobians",
}
_WHOLE = {"lr_patience": 0, "lr_cooldown": 0, "max_iters": 1}
_POSITIVE = ("lr_init", "tol_q", "outlier_q_scale", "outlier_distance_scale", "tol_unique")


@dataclass(frozen=True)
class SearchSettings:
    """What the settings of all these finders say about a search.

    Attributes
    ----------
    lr_init, lr_patience, lr_factor, lr_cooldown
        Learning rate and plateau schedule of Adam; "newton" reads none of what is Adam's.
    tol_q, tol_dq
        Largest q of a point that Adam finds, and the change of q per learning rate at which a
        start stops.
    max_iters
        Steps of Adam.
    do_rerun_q_outliers, outlier_q_scale
        Whether starts whose q ends above `outlier_q_scale` times the median are searched on.
    do_exclude_distance_outliers, outlier_distance_scale
        Whether far points are left out; how far, in mean distances of starts from their centre.
    tol_unique
        Distance below which two points are one.
    max_n_unique
        The most points to keep, chosen at random.
    dtype
        Of the arrays that are returned; the search itself works in float64.
    random_seed
        Of samples, and of the choice of `max_n_unique` points.
    verbose, super_verbose
        Whether a progress bar is drawn, and a line printed of what was found.
    n_iters_per_print_update
        Accepted for old scripts; the progress bar updates itself.
    """

    lr_init: float = 1.0
    lr_patience: int = 5
    lr_factor: float = 0.95
    lr_cooldown: int = 0
    tol_q: float = 1e-12
    tol_dq: float = 1e-20
    max_iters: int = 5000
    do_rerun_q_outliers: bool = False
    outlier_q_scale: float = 10.0
    do_exclude_distance_outliers: bool = True
    outlier_distance_scale: float = 10.0
    tol_unique: float = 1e-3
    max_n_unique: float = math.inf
    dtype: str = "float32"
    random_seed: int = 0
    verbose: bool = True
    super_verbose: bool = False
    n_iters_per_print_update: int = 100

    def __post_init__(self) -> None:
        check_option("dtype", self.dtype, ("float32", "float64"))
        for name in _FLAGS & vars(self).keys():
            if whole_number(getattr(self, name)) not in (0, 1):  # as old scripts have them
                check_flag(name, getattr(self, name))
        for name, least in _WHOLE.items():
            check_whole(name, getattr(self, name), least)
        for name in _POSITIVE:
            check_real(name, getattr(self, name), above=0)
        check_real("tol_dq", self.tol_dq, least=0)
        check_real("lr_factor", self.lr_factor, above=0, most=1)
        read_seed("random_seed", self.random_seed)
        if math.isfinite(check_real("max_n_unique", self.max_n_unique, least=1, finite=False)):
            check_whole("max_n_unique", self.max_n_unique, least=1)

    def search_options(self, solver: str, method: str) -> dict[str, Any]:
        """Return the options of `find_fixed_points` that have the meaning of these settings."""
        options = {
            "tol_unique": self.tol_unique,
            "orbits": False,
            "rounds": "auto" if solver == "newton" else 0,
            "chunk": 1 if method == "sequential" else None,
            "progress": None if self.verbose or self.super_verbose else False,
        }
        if solver == "newton":
            return options
        kind = _LoneAdam if method == "sequential" else Adam
        adam = {"solver": self.adam(kind), "tol": self.tol_q, "max_steps": self.max_iters}
        return options | adam

    def chosen(self, points: FixedPoints, starts: Float[np.ndarray, "n d"]) -> FixedPoints:
        """Return the points of a search from these starts that the settings keep."""
        if self.do_exclude_distance_outliers:
            points = points.near(starts, self.outlier_distance_scale)
        if self.max_n_unique != math.inf:
            points = points.subsample(int(self.max_n_unique), self.random_seed)
        return points

    def adam(self, kind: type[Adam]) -> Adam:
        """Return Adam with these settings."""
        schedule = Plateau(self.lr_factor, self.lr_patience, cooldown=self.lr_cooldown)
        return kind(rate=self.lr_init, schedule=schedule, stillness=self.tol_dq)


@dataclass(frozen=True)
class Hyperparameters(SearchSettings):
    """The settings of FixedPointFinder and its port: those of a search, and three more.

    Attributes
    ----------
    method
        "joint" works on all starts together, with one learning rate for all of them where Adam
        is the solver; "sequential" on one start at a time.
    do_compute_jacobians, do_decompose_jacobians
        Whether unique points bring Jacobians, and eigenvalues with stability.
    """

    method: str = "joint"
    do_compute_jacobians: bool = True
    do_decompose_jacobians: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_option("method", self.method, ("joint", "sequential"))


class _LoneAdam(Adam):  # type: ignore[misc]  # final only for others
    """Adam for one start at a time, each with a learning rate of its own."""

    joint: ClassVar[bool] = False
