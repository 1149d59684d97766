"""mFixedPointFinder: mRNNTorch's search by its names, done by `find_fixed_points`."""

from __future__ import annotations

import math
import warnings
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import torch

from ...arrays import read_floats
from ...door import read_inputs
from ...points import FixedPoints, find_fixed_points, sample_states
from ...restriction import restriction_of
from ...solvers import Adam, Plateau
from ...status import Status, StillpointWarning, check_option
from ...system import System
from .collection import FixedPointCollection
from .system import is_leaky, read_network

Tensor = torch.Tensor


_DTYPES = {"float32": torch.float32, "float64": torch.float64}
_KEPT = (Status.FIXED_POINT, Status.LEFT_OUT)


@dataclass(frozen=True)
class Hyperparameters:
    """The settings of a finder.

    Attributes
    ----------
    lr_init, lr_patience, lr_factor, lr_cooldown
        Learning rate and plateau schedule of Adam.
    tol_q, tol_dq
        Largest q of a point that Adam finds, and the change of q per learning rate at which a
        start stops.
    max_iters
        Steps of Adam.
    do_rerun_q_outliers, outlier_q_scale
        Whether starts whose q ends above `outlier_q_scale` times the median are searched again.
    do_exclude_distance_outliers, outlier_distance_scale
        Whether points far from the starts are left out, and how far.
    tol_unique
        Distance below which two points are one.
    max_n_unique
        The most points to keep, chosen at random.
    dtype
        Of the tensors that are returned; the search itself works in float64.
    random_seed
        Of that choice and of `sample_states`.
    verbose, super_verbose
        Whether a progress bar is drawn.
    n_iters_per_print_update
        Accepted for old scripts; the progress bar updates itself.
    """

    lr_init: float = 1e-4
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


class mFixedPointFinder:  # noqa: N801
    """Fixed points of a multi-region network, or of some regions with the others held.

    Parameters
    ----------
    rnn
        An `mRNN`, `ElmanmRNN`, `MultiRegionRNN`, or an mRNNTorch object. It is only read.
    *settings, **named
        The fields of `Hyperparameters`.
    solver
        "newton", stillpoint's own search, for which learning rate, tol_q, tol_dq and max_iters
        mean nothing; or "adam", the original's method with these settings.

    Raises
    ------
    ArgumentError
        If a setting or the solver is unknown.
    """

    def __init__(self, rnn: Any, *settings: Any, solver: str = "newton", **named: Any) -> None:
        for name in named:
            check_option("hyper-parameter", name, self.default_hps())
        self.rnn = rnn
        self.solver = check_option("solver", solver, ("newton", "adam"))
        self.hps = Hyperparameters(*settings, **named)
        self._dtype = _DTYPES[check_option("dtype", self.hps.dtype, _DTYPES)]

    @staticmethod
    def default_hps() -> dict[str, Any]:
        """Return the settings and their defaults."""
        return asdict(Hyperparameters())

    def sample_states(self, states: Tensor, n_inits: int, noise_scale: float = 0.0) -> Tensor:
        """Draw states from trajectories, with Gaussian noise."""
        seed = self.hps.random_seed
        drawn = sample_states(states, n_inits, noise=noise_scale, seed=seed)
        return torch.as_tensor(drawn).to(states)

    def find_fixed_points(
        self,
        initial_states: Tensor,
        ext_inputs: Tensor,
        *regions: str,
        optimize_h: bool = False,
        stim_inp: Tensor | None = None,
        W_rec: Tensor | None = None,
        n_rounds_q_opt: int = 1,
    ) -> tuple[FixedPointCollection, FixedPointCollection]:
        """Search for states that stand still under constant input.

        Parameters
        ----------
        initial_states
            Whole states, x of leaky and h of Elman networks; leading dimensions are flattened.
        ext_inputs
            One input, shape (m,) or (1, m), or one for each state, (n, m).
        *regions
            The regions that move; the others are held at each start's own values.
        optimize_h
            Whether a leaky network is searched where h stands still. Only states whose x stands
            still too are among the unique points.
        stim_inp
            A stimulus, shape (d,), (1, d) or (n, d).
        W_rec
            Effective recurrent weights to use instead of the network's own.
        n_rounds_q_opt
            How often q outliers are searched again, where that is asked for.

        Returns
        -------
        unique, all
            The distinct points that converged, and the end of every start. `dq` is NaN: rows end
            converged or at rest, not by the change of q.

        Warns
        -----
        StillpointWarning
            If some starts did not converge.
        """
        whole = read_network(self.rnn, W_rec)
        chosen = {child for name in regions for child in whole.state_regions.children(name)}
        ordered = [name for name in whole.state_regions if name in chosen]
        part = whole.restrict(*ordered) if 0 < len(ordered) < len(whole.state_regions) else whole
        if optimize_h and is_leaky(self.rnn):
            part = part.observe(whole.dynamics.phi)  # type: ignore[attr-defined]
        elif optimize_h:
            warnings.warn(
                "optimize_h has no effect: the state of an Elman network is h already.",
                StillpointWarning,
                stacklevel=2,
            )
        states = _matrix("initial_states", initial_states)
        channels = whole.input_size - whole.state_size
        stimulus = np.zeros(whole.state_size) if stim_inp is None else stim_inp
        drive = read_inputs("ext_inputs", _matrix("ext_inputs", ext_inputs), len(states), channels)
        pushed = _matrix("stim_inp", stimulus)
        inputs = np.hstack([drive, read_inputs("stim_inp", pushed, len(states), whole.state_size)])
        points = self._search(part, states, inputs)
        for _ in range(n_rounds_q_opt if self.hps.do_rerun_q_outliers else 0):
            points = self._search_outliers_again(part, points)
        _warn(points)
        everywhere = np.arange(len(points.starts))
        unique = self._collection(whole, part, points)
        return unique, self._collection(whole, part, points, rows=everywhere)

    def _search(self, system: System, states: np.ndarray, inputs: np.ndarray) -> FixedPoints:
        hps = self.hps
        adam: dict[str, Any] = {}
        if self.solver == "adam":
            schedule = Plateau(hps.lr_factor, hps.lr_patience, cooldown=hps.lr_cooldown)
            solver = Adam(rate=hps.lr_init, schedule=schedule, stillness=hps.tol_dq)
            adam = {"solver": solver, "tol": hps.tol_q, "max_steps": hps.max_iters}
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", StillpointWarning)  # `_warn` says more
            return find_fixed_points(
                system,
                states,
                inputs,
                tol_unique=hps.tol_unique,
                near=hps.outlier_distance_scale if hps.do_exclude_distance_outliers else None,
                max_points=None if math.isinf(hps.max_n_unique) else int(hps.max_n_unique),
                seed=hps.random_seed,
                progress=None if hps.verbose or hps.super_verbose else False,
                **adam,
            )

    def _search_outliers_again(self, system: System, points: FixedPoints) -> FixedPoints:
        """Search on from where starts with a large q ended; others stay as they are."""
        starts = points.starts
        large = starts.q > self.hps.outlier_q_scale * np.median(starts.q)
        again = np.flatnonzero(large & ~np.isin(starts.status, _KEPT))
        if not len(again):
            return points
        more = self._search(system, starts.end[again], starts.inputs[again])
        before = starts.take(again)
        resumed = replace(more.starts, states=before.states, steps=before.steps + more.starts.steps)
        more = replace(more, starts=resumed)
        both = FixedPoints.concatenate([points, more]).unique(self.hps.tol_unique)
        rows = np.arange(len(starts))
        rows[again] = len(starts) + np.arange(len(again))
        return replace(both, starts=both.starts.take(rows))

    def _collection(
        self, network: System, part: System, points: FixedPoints, rows: Any = None
    ) -> FixedPointCollection:
        """Return points (or, with `rows`, the ends of those starts) as states of the network."""
        starts = points.starts
        if rows is None:
            first = [np.flatnonzero(starts.point == k)[0] for k in range(len(points))]
            rows = np.array(first, dtype=np.int64)
            x, inputs, q = points.xstar, points.inputs, points.q
        else:
            x, inputs, q = starts.end[rows], starts.inputs[rows], starts.q[rows]
        begun = starts.states[rows]
        if restriction_of(part.dynamics) is not None:
            x, begun = (part.join(state, inputs) for state in (x, begun))
            inputs = inputs[:, : network.input_size]
        own = network.input_size - network.state_size  # the stimulus is behind the inputs
        after = network.step(x, inputs) if len(x) else x
        tensors = {
            "xstar": x,
            "x_init": begun,
            "inputs": inputs[:, :own],
            "F_xstar": after,
            "qstar": q,
            "dq": np.full(len(q), np.nan),
        }
        return FixedPointCollection(
            **{name: torch.as_tensor(value).to(self._dtype) for name, value in tensors.items()},
            n_iters=torch.as_tensor(starts.steps[rows]),
            tol_unique=self.hps.tol_unique,
        )


class emFixedPointFinder(mFixedPointFinder):  # noqa: N801
    """The same for Elman networks."""


def _matrix(name: str, values: Any) -> np.ndarray:
    """Return values with their leading dimensions flattened; a vector is one row."""
    array = np.atleast_1d(read_floats(name, values))
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def _warn(points: FixedPoints) -> None:
    counts = points.starts.counts()
    lost = {status: n for status, n in counts.items() if status not in _KEPT}
    if lost:
        told = "; ".join(f"{count} {status.sentence}" for status, count in lost.items())
        warnings.warn(
            f"of {len(points.starts)} starts {sum(lost.values())} gave no fixed point: {told}. "
            f"They are in the second collection only.",
            StillpointWarning,
            stacklevel=3,
        )
