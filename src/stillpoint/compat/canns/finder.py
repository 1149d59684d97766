"""FixedPointFinder: CANNs' search, from trajectories to fixed points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from ..._core.validation import check_real
from ...as_system import as_system
from ...errors import ArgumentError
from ...system import System
from ..shared import (
    ArrayFinder,
    FixedPointArrays,
    Hyperparameters,
    SearchSettings,
    raises_as_before,
)
from ..shared.models import next_state, read_directly


@raises_as_before
class FixedPoints(FixedPointArrays):
    """Fixed points as NumPy arrays, see `FixedPointArrays`; by position in CANNs' order."""

    positional: ClassVar[tuple[str, ...]] = (
        *("xstar", "F_xstar", "x_init", "inputs", "qstar", "dq", "n_iters"),
        *("J_xstar", "dFdu", "eigval_J_xstar", "eigvec_J_xstar", "is_stable", "cond_id"),
        *("tol_unique", "dtype"),
    )

    def __init__(self, *fields: Any, **named: Any) -> None:
        if len(fields) > len(self.positional):
            raise ArgumentError(
                f"fields: got {len(fields)} by position, but {len(self.positional)} are known."
            )
        super().__init__(**dict(zip(self.positional, fields, strict=False)), **named)


@dataclass(frozen=True)
class CANNsHyperparameters(Hyperparameters):
    """The settings of the finder: those of FixedPointFinder, and one more.

    Attributes
    ----------
    final_q_threshold
        Unique points need a smaller q than this; 0 for no such bound.
    """

    final_q_threshold: float = 1e-8

    def __post_init__(self) -> None:
        super().__post_init__()
        check_real("final_q_threshold", self.final_q_threshold, least=0)


@raises_as_before
class FixedPointFinder(ArrayFinder):
    """Fixed points of a network that is called as `outputs, hidden = rnn_model(inputs, hidden)`.

    Parameters
    ----------
    rnn_model
        A BrainPy or BrainState module, or a function, of inputs (n, 1, m) and hidden states (n, d)
        on NumPy, JAX or torch arrays, which returns the next hidden states second; or whatever has
        become a System by `stillpoint.as_system`. It is only read.
    *settings, solver, **named
        "newton" or "adam", and fields of `hyperparameters`; see `Finder`.

    Examples
    --------
    >>> import numpy as np
    >>> twice = lambda inputs, hidden: (None, np.tanh(2 * hidden + inputs[:, 0]))
    >>> states = np.linspace(-1.0, 1.0, 21).reshape(1, 21, 1)
    >>> finder = FixedPointFinder(twice, verbose=False)
    >>> finder.find_fixed_points(states, np.zeros((1, 1)), n_inits=21)[0]
    3 fixed points: 2 stable, 1 with 1 unstable direction
    """

    hyperparameters: ClassVar[type[SearchSettings]] = CANNsHyperparameters
    container: ClassVar[type[FixedPointArrays]] = FixedPoints

    positional = (
        *("method", "max_iters", "tol_q", "tol_dq"),
        *("lr_init", "lr_factor", "lr_patience", "lr_cooldown"),
        *("do_compute_jacobians", "do_decompose_jacobians", "tol_unique"),
        *("do_exclude_distance_outliers", "outlier_distance_scale"),
        *("do_rerun_q_outliers", "outlier_q_scale", "max_n_unique", "final_q_threshold"),
        *("dtype", "verbose", "super_verbose", "n_iters_per_print_update"),
    )

    def __init__(
        self, rnn_model: Any, *settings: Any, solver: str = "newton", **named: Any
    ) -> None:
        super().__init__(rnn_model, solver, *settings, **named)
        self.rnn_model = rnn_model

    def find_fixed_points(
        self,
        state_traj: Any,
        inputs: Any,
        n_inits: int = 1024,
        noise_scale: float = 0.0,
        valid_bxt: Any = None,
        cond_ids: Any = None,
    ) -> tuple[FixedPoints, FixedPoints]:
        """Search for states that stand still under constant input, from states of trajectories.

        Parameters
        ----------
        state_traj
            Shape (trials, time, d).
        inputs
            One input, shape (1, m) or (m,), or one for each start, (n_inits, m).
        n_inits
            How many starts.
        noise_scale
            Standard deviation of the Gaussian noise on them.
        valid_bxt
            Mask, shape (trials, time), of the states that may be drawn.
        cond_ids
            A number of the condition for each start, shape (n_inits,), kept with its point.

        Returns
        -------
        unique_fps, all_fps
            The distinct points that converged, and the end of every start; see `Finder`.
        """
        starts = self._sample(state_traj, n_inits, noise_scale, valid_bxt)
        unique, ends = self._find(starts, inputs, cond_ids)
        bound = self.hps.final_q_threshold
        return (unique[unique.qstar < bound] if bound > 0 else unique), ends

    def _read_model(self, state_size: int, input_size: int) -> System:
        model = self.model
        if (system := read_directly(model)) is not None:
            return system
        return as_system(lambda x, u: next_state(model, u[:, None, :], x), state_size, input_size)
