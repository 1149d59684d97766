"""Finders: a search by the names of other tools, done by `find_fixed_points`."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from ..._core.validation import (
    check_option,
    read_floats,
    read_generator,
    read_inputs,
    read_numbers,
    read_states,
)
from ...errors import ArgumentError
from ...points import FixedPoints
from ...search import sample_states
from ...system import System
from .container import FixedPointArrays
from .errors import raises_as_before
from .outliers import Outliers
from .search import first_starts, passed, search
from .settings import Hyperparameters, SearchSettings
from .settled import Settled
from .states import packed


@raises_as_before
class Finder(Settled, Outliers):
    """A search by a tool's names; subclasses hold the network.

    A search returns the distinct points that converged, and the end of every start. The `dq` of
    both is NaN: rows end converged or at rest, not by the change of q. A `StillpointWarning` says
    how many starts did not converge. Where evidence says that points are missing, the "newton"
    solver goes on from further starts, in a few rounds, and what they find is among the distinct
    points; `points` is the record of the last search, with every start and the census, and with
    `verbose` a line about it is printed.

    Parameters
    ----------
    solver
        "newton", stillpoint's own search, or "adam", the original's method.
    *settings, **named
        Fields of `hyperparameters`, by position in the tool's order. They are attributes, too, and
        may be set: `finder.tol_unique = 0.01` counts from the next search on.

    Raises
    ------
    ArgumentError
        If a setting or the solver is unknown, or a setting is given twice.
    """

    def __init__(self, solver: str, *settings: Any, **named: Any) -> None:
        super().__init__(*settings, **named)
        self.solver = check_option("solver", solver, ("newton", "adam"))
        self.rng = read_generator("random_seed", self.hps.random_seed)
        #: All that the last search found, as `find_fixed_points` tells it: `points.census()`.
        self.points: FixedPoints | None = None

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "random_seed":
            self.rng = read_generator("random_seed", value)

    def _search(
        self,
        system: System,
        x: Float[np.ndarray, "n d"],
        u: Float[np.ndarray, "n m"],
        methods: Sequence[str],
    ) -> FixedPoints:
        """Return the points that the settings keep; their first `n` starts are those passed."""
        self.points = found = search(system, x, u, self.hps, self.solver, methods)
        return self.hps.chosen(found, found.starts.states[: len(x)])


@raises_as_before
class ArrayFinder(Finder, ABC):
    """A finder whose starts and points are NumPy arrays, in a `container`.

    Parameters
    ----------
    model
        The network. It is only read.
    solver, *settings, **named
        As of `Finder`.
    """

    hyperparameters: ClassVar[type[SearchSettings]] = Hyperparameters
    container: ClassVar[type[FixedPointArrays]]

    def __init__(self, model: Any, solver: str, *settings: Any, **named: Any) -> None:
        super().__init__(solver, *settings, **named)
        self.model = model

    @property
    def np_dtype(self) -> np.dtype:
        """The type of the arrays that are returned."""
        return np.dtype(self.hps.dtype)

    @abstractmethod
    def _read_model(self, state_size: int, input_size: int) -> System:
        """Return the network as a System."""

    def _sample(
        self, trajectories: Any, n: int, noise: float, valid: Any, inputs: Any = None
    ) -> Any:
        """Return states of trajectories, or pairs of states and inputs, drawn at random."""
        where = None if valid is None else read_floats("valid_bxt", valid).astype(bool)
        return sample_states(
            packed(trajectories), n, inputs=inputs, noise=noise, where=where, seed=self.rng
        )

    def _find(self, states: Any, inputs: Any, cond_ids: Any) -> tuple[Any, Any]:
        """Return the distinct points that converged, and the end of every start."""
        given = read_floats("initial_states", packed(states))
        drive = np.zeros(0) if inputs is None else read_floats("inputs", inputs)
        system = self._read_model(*(a.shape[-1] if a.ndim else 1 for a in (given, drive)))
        x = read_states("initial_states", given, system.state_size)
        u = read_inputs("inputs", drive, len(x), system.input_size)
        ids = None if cond_ids is None else read_numbers("cond_ids", cond_ids)
        if ids is not None and ids.shape != (len(x),):
            raise ArgumentError(
                f"cond_ids: got shape {ids.shape}, but ({len(x)},) is wanted, one for each start."
            )
        points = self._search(system, x, u, (self.hps.method, "sequential"))
        given = np.arange(len(x))
        ends = self._container(system, points.starts.end[given], points, given, ids)
        return self._unique(system, points, ids), self._in_dtype(ends)

    def _unique(self, system: System, points: FixedPoints, ids: Any) -> FixedPointArrays:
        found = self._container(system, points.xstar, points, first_starts(points), ids)
        found.qstar = points.q
        if self.hps.do_compute_jacobians:
            found.J_xstar, found.dFdu = points.jacobian, points.input_jacobian
            if self.hps.do_decompose_jacobians:
                found.decompose_jacobians()
        return self._in_dtype(found)

    def _container(
        self, system: System, x: Any, points: FixedPoints, rows: Any, ids: Any
    ) -> FixedPointArrays:
        """Return states with what is known of the starts, in `rows`, that led to them."""
        starts = points.starts.take(rows)
        return self.container(
            x,
            x_init=starts.states,
            inputs=starts.inputs,
            F_xstar=system.step(x, starts.inputs) if len(x) else x,
            qstar=starts.q,
            dq=np.full(len(x), np.nan),
            n_iters=starts.steps,
            cond_id=None if ids is None else ids[passed(points.starts, rows, len(ids))],
            tol_unique=self.hps.tol_unique,
            dtype=self.np_dtype,
        )

    def _in_dtype(self, found: FixedPointArrays) -> FixedPointArrays:
        """Return the container with its computed values in the caller's precision."""
        kinds = {"f": found.dtype, "c": np.result_type(found.dtype, np.complex64)}
        cast = {
            name: value.astype(kinds.get(value.dtype.kind, value.dtype))
            for name, value in found.filled().items()
        }
        return found.with_fields(cast | {"cond_id": found.cond_id})
