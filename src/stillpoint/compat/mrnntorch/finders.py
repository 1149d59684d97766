"""mFixedPointFinder: mRNNTorch's search by its names, done by `find_fixed_points`."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch

from ..._core.validation import check_option, read_floats, read_inputs
from ...dynamics.restriction import restriction_of
from ...errors import warn
from ...points import FixedPoints
from ...search import sample_states
from ...system import System
from ..shared import SearchSettings, search, search_outliers_on, warn_of_lost
from .collection import FixedPointCollection
from .system import is_leaky, read_network

Tensor = torch.Tensor


_DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class Hyperparameters(SearchSettings):
    """The settings of a finder, with mRNNTorch's learning rate; see `SearchSettings`."""

    lr_init: float = 1e-4


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
        self._dtype = _DTYPES[self.hps.dtype]

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
            warn("optimize_h has no effect: the state of an Elman network is h already.")
        states = _matrix("initial_states", initial_states)
        channels = whole.input_size - whole.state_size
        stimulus = np.zeros(whole.state_size) if stim_inp is None else stim_inp
        drive = read_inputs("ext_inputs", _matrix("ext_inputs", ext_inputs), len(states), channels)
        pushed = _matrix("stim_inp", stimulus)
        inputs = np.hstack([drive, read_inputs("stim_inp", pushed, len(states), whole.state_size)])
        points = search(part, states, inputs, self.hps, self.solver)
        for _ in range(n_rounds_q_opt if self.hps.do_rerun_q_outliers else 0):
            points = search_outliers_on(part, points, self.hps, self.solver)
        warn_of_lost(points)
        everywhere = np.arange(len(points.starts))
        unique = self._collection(whole, part, points)
        return unique, self._collection(whole, part, points, rows=everywhere)

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
