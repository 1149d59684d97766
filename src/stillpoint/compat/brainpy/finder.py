"""SlowPointFinder: BrainPy's search by its names."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from ..._core.validation import (
    check_flag,
    check_kind,
    check_option,
    check_real,
    check_whole,
    read_states,
)
from ...errors import ArgumentError, came
from ...frameworks.base import adapter
from ...local import linearize
from ...system import System
from ..shared import raises_as_before
from .candidates import first_of, read_candidates
from .eigenvalues import decompose_eigenvalues
from .found import Found
from .functions import read_function
from .losses import losses_of
from .searches import Ends, by_adam, by_bfgs, by_descent, by_newton, labels_of, near, read_optimizer

CONTINUOUS, DISCRETE = "continuous", "discrete"
_KINDS = {CONTINUOUS: "flow", DISCRETE: "map"}


@raises_as_before
class SlowPointFinder:
    """Fixed and slow points of a function or of a dynamical system of BrainPy.

    A search leaves one row for every candidate in `fixed_points`, `losses` and `selected_ids`;
    `filter_loss`, `keep_unique` and `exclude_outliers` then leave rows out. States of several
    variables are dictionaries; their order never matters.

    Parameters
    ----------
    f_cell
        A function of one state, shape (d,) or a dictionary, that returns the next state or the
        velocity; on JAX or NumPy arrays. Or a `brainpy.DynamicalSystem`; it is only read.
    f_type
        "discrete" for the next state, "continuous" for the velocity; needed for functions.
    f_loss
        What `losses` are, `f_loss(outputs, targets, axis=1)` for maps and
        `f_loss(outputs, axis=1)` for flows. By default the mean of (F(x) - x)^2, or f(x)^2, over
        the dimensions, that is 2 q / d; of several variables the sum of their means. The search
        itself always makes the motion vanish.
    verbose
        Whether to draw a progress bar.
    args
        What `f_cell` takes beside the state.
    inputs, t, dt
        For dynamical systems: input before each step, time, and time step.
    target_vars
        For dynamical systems: the variables of the state by name, in the order of Jacobians. By
        default all floating-point variables that are not trainable.
    excluded_vars
        For dynamical systems: the variables that are not part of the state; they keep their
        values.
    f_loss_batch, fun_inputs
        Names of before, which are refused with what to pass instead.
    solver
        "newton", stillpoint's own search, for which optimizer and the number of steps mean
        nothing; or "original" for Adam and BFGS as the original has them.

    Raises
    ------
    ArgumentError
        If an argument is not understood.

    Examples
    --------
    >>> finder = SlowPointFinder(lambda x: np.tanh(2 * x), f_type="discrete")
    >>> finder.find_fps_with_gd_method(np.linspace(-1, 1, 100)[:, None])
    >>> finder.keep_unique()
    >>> np.sort(finder.fixed_points[:, 0]).round(6).tolist()
    [-0.957504, 0.0, 0.957504]
    """

    def __init__(
        self,
        f_cell: Any,
        f_type: str | None = None,
        f_loss: Callable[..., Any] | None = None,
        verbose: bool = True,
        args: tuple = (),
        inputs: Any = None,
        t: float | None = None,
        dt: float | None = None,
        target_vars: Mapping[str, Any] | None = None,
        excluded_vars: Any = None,
        f_loss_batch: Any = None,
        fun_inputs: Any = None,
        *,
        solver: str = "newton",
    ) -> None:
        self.target = self.f_cell = f_cell
        self.verbose = check_flag("verbose", verbose)
        self.args = check_kind("args", args, tuple, "a tuple of further arguments")
        if f_loss is not None and not callable(f_loss):
            raise ArgumentError(f"f_loss: got {came(f_loss)}, but a function is wanted.")
        for name, gone, instead in (
            ("f_loss_batch", f_loss_batch, "f_loss"),
            ("fun_inputs", fun_inputs, "inputs"),
        ):
            if gone is not None:
                raise ArgumentError(f"{name}: it is no longer there; pass {instead}=.")
        self.solver = check_option("solver", solver, ("newton", "original"))
        self.f_loss = f_loss
        self._system: System | None = None
        #: The variables of the state, and all others, of a system of BrainPy.
        self.target_vars: dict[str, Any] = {}
        self.excluded_vars: dict[str, Any] = {}
        given: dict[str, Any] = {"inputs": inputs, "t": t, "dt": dt}
        given |= {"target_vars": target_vars, "excluded_vars": excluded_vars}
        if sys.modules.get("brainpy") and adapter("brainpy").is_model(f_cell):
            from .dynamical_systems import read_dynamical_system, targets_of

            self.f_type = check_option("f_type", f_type or DISCRETE, [DISCRETE])
            self._read_system = lambda _: read_dynamical_system(
                self.target, args=self.args, **given
            )
            self._system = self._read_system(None)
            self.target_vars = targets_of(f_cell, target_vars, excluded_vars)
            held = {id(variable) for variable in self.target_vars.values()}
            variables = f_cell.vars(method="relative").unique()
            self.excluded_vars = {k: v for k, v in variables.items() if id(v) not in held}
        else:
            self.f_type = check_option("f_type", f_type, list(_KINDS))
            if not callable(f_cell):
                raise ArgumentError(f"f_cell: got {came(f_cell)}, but a function is wanted.")
            kind: Any = _KINDS[self.f_type]
            self._read_system = lambda states: read_function(self.target, self.args, kind, states)
            if foreign := [name for name, value in given.items() if value is not None]:
                raise ArgumentError(f"{', '.join(foreign)}: only for systems of BrainPy.")
        self._opt_losses = np.zeros(0)
        self._found = Found(
            np.zeros((0, 0)), np.zeros(0), np.zeros(0, dtype=bool), np.zeros(0, dtype=np.int64)
        )

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(getattr(type(self), name, None), property):
            raise ArgumentError(f"{name}: it is what a search found, and cannot be set.")
        super().__setattr__(name, value)

    # -- what was found -----------------------------------------------------------------------

    @property
    def fixed_points(self) -> np.ndarray | dict[str, Any] | None:
        """The points, shape (n, d), or a dictionary of arrays; None before a search."""
        states = self._found.states
        if self._system is None or not states.shape[1]:
            return None
        return self._system.layout.unpack(states)

    @property
    def num_fps(self) -> int:
        """How many points there are."""
        return len(self._found.ids)

    @property
    def losses(self) -> Float[np.ndarray, " n"]:
        """The loss of every point, 2 q / d unless `f_loss` says otherwise."""
        return self._found.losses

    @property
    def opt_losses(self) -> Float[np.ndarray, " k"]:
        """The mean loss of all candidates before and after the search."""
        return self._opt_losses

    @property
    def selected_ids(self) -> np.ndarray:
        """The number of the candidate that led to every point."""
        return self._found.ids

    @property
    def labels(self) -> Shaped[np.ndarray, " n"]:
        """What every point is: "fixed point", "ghost" or "slow region", as of `SlowPoints`."""
        found, system = self._found, self._system
        labels = np.full(len(found.ids), "fixed point", dtype="<U11")
        slow = np.flatnonzero(~found.is_exact[found.ids])
        if len(slow) and system is not None:
            labels[slow] = labels_of(system, found.states[slow], found.near)
        return labels

    # -- searching ----------------------------------------------------------------------------

    def find_fps_with_gd_method(
        self,
        candidates: Any,
        tolerance: float = 1e-5,
        num_batch: int = 100,
        num_opt: int = 10000,
        optimizer: Any = None,
    ) -> None:
        """Bring candidates to rest; their ends are kept, but for those that went to infinity.

        An end is a fixed point, or a state whose loss is below `tolerance` where the next fixed
        point is somewhere else, as on a slow line; `labels` tells them apart.

        Parameters
        ----------
        candidates
            Shape (n, d), or a dictionary of arrays with n rows.
        tolerance
            The loss below which a state is slow.
        num_opt, optimizer
            Of Adam, where `solver` is "original": it stops when every loss is below `tolerance`,
            or after `num_opt` steps.
        num_batch
            Accepted for old scripts; the progress bar updates itself.
        """
        check_whole("num_batch", num_batch, least=1)
        steps = check_whole("num_opt", num_opt, least=1)
        bound, adam = check_real("tolerance", tolerance, above=0), read_optimizer(optimizer)
        system, x = self._read(candidates)
        if self.solver == "newton":
            ends = by_descent(system, x, bound, self._progress)
        else:
            ends = by_adam(system, x, adam, bound, steps, self._progress)
        self._keep(x, ends, np.arange(len(x)))

    def find_fps_with_opt_solver(self, candidates: Any, opt_solver: str = "BFGS") -> None:
        """Bring candidates to rest; only those are kept that came to rest.

        Parameters
        ----------
        candidates
            As above.
        opt_solver
            "BFGS", where `solver` is "original".
        """
        check_option("opt_solver", opt_solver, ["BFGS"])
        system, x = self._read(candidates)
        is_own = self.solver == "newton"
        ends = by_newton(system, x, self._progress) if is_own else by_bfgs(system, x)
        self._keep(x, ends, np.flatnonzero(ends.at_rest))

    # -- leaving out --------------------------------------------------------------------------

    def filter_loss(self, tolerance: float = 1e-5) -> None:
        """Leave out points whose loss is not below `tolerance`."""
        self._found = self._found.below(check_real("tolerance", tolerance, above=0))

    def keep_unique(self, tolerance: float = 2.5e-2) -> None:
        """Leave out points within `tolerance` of one that stays, those of least loss first.

        It does not depend on the order of candidates; of a slow line, points are left all along.
        """
        self._found = self._found.unique(check_real("tolerance", tolerance, above=0))

    def exclude_outliers(self, tolerance: float = 1e0) -> None:
        """Leave out points that no other candidate of the search ended near, within `tolerance`.

        Candidates that were left out count, as those of `keep_unique`: exact points are no outliers
        for lying apart, and the order of these methods does not matter.
        """
        tolerance = check_real("tolerance", tolerance, above=0, finite=False)
        self._found = self._found.near_others(tolerance)

    # -- linearising --------------------------------------------------------------------------

    def compute_jacobians(
        self,
        points: Any,
        stack_dict_var: bool = True,
        plot: bool = False,
        num_col: int = 4,
        len_col: int = 3,
        len_row: int = 2,
    ) -> np.ndarray | dict[str, dict[str, np.ndarray]]:
        """Return the Jacobians at points, shape (n, d, d), rows = to.

        Parameters
        ----------
        points
            Shape (n, d) or (d,), or a dictionary of such arrays.
        stack_dict_var
            If False, Jacobians of dictionaries are dictionaries: `[to][source]`, (n, k, j).
        plot
            Whether to draw the eigenvalues.
        num_col, len_col, len_row
            Accepted for old scripts; there is one figure.
        """
        for name, value in (("num_col", num_col), ("len_col", len_col), ("len_row", len_row)):
            check_real(name, value, above=0)
        check_flag("stack_dict_var", stack_dict_var)
        check_flag("plot", plot)
        system, x = self._read(points)
        linear = linearize(system, x)
        if plot:
            from ...plots import spectrum

            spectrum(linear)
        places = {variable.name: variable.places.ravel() for variable in system.layout.variables}
        if stack_dict_var or set(places) == {""}:
            return linear.A
        return {
            to: {source: linear.A[:, rows][:, :, columns] for source, columns in places.items()}
            for to, rows in places.items()
        }

    decompose_eigenvalues = staticmethod(decompose_eigenvalues)

    # -- inside -------------------------------------------------------------------------------

    @property
    def _progress(self) -> bool | None:
        return None if self.verbose else False

    def _read(self, states: Any) -> tuple[System, Float[np.ndarray, "n d"]]:
        """Return the system and states as flat rows; a single state is one row."""
        states = read_candidates(states)
        example = first_of(states)
        if self._system is not None:  # whose variables keep their order
            example = self._system.layout.unpack(self._system.pack(example))
        # Read anew, as weights that it uses may have changed since the last call.
        system = self._system = self._read_system(example)
        rows = np.atleast_2d(system.pack(states))
        return system, read_states("candidates", rows, system.state_size)

    def _keep(self, x: Float[np.ndarray, "n d"], ends: Ends, ids: np.ndarray) -> None:
        system: Any = self._system
        before, after = (losses_of(system, states, self.f_loss) for states in (x, ends.states))
        self._opt_losses = np.array([before.mean(), after.mean()])
        is_finite = np.isfinite(ends.states).all(axis=1)
        self._found = Found(ends.states, after, ends.is_exact, ids[is_finite[ids]], near(x))
