"""mFixedPointFinder: mRNNTorch's search by its names, done by `find_fixed_points`."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import torch

from ..._core.validation import check_flag, check_whole, read_floats, read_inputs, read_states
from ...errors import warn
from ...points import Starts
from ...search import sample_states
from ...system import System
from ..shared import Finder, SearchSettings, first_starts
from .assembly import in_order
from .collection import FixedPointCollection
from .system import is_leaky, read_network

Tensor = torch.Tensor


# No search goes on so often.
_MOST_ROUNDS = 10_000

# Activations that take every value once.
_INJECTIVE = {"tanh", "sigmoid", "softplus", "linear"}

_DTYPES = {"float32": torch.float32, "float64": torch.float64}


@dataclass(frozen=True)
class Hyperparameters(SearchSettings):
    """The settings of a finder, with mRNNTorch's learning rate; see `SearchSettings`."""

    lr_init: float = 1e-4


class mFixedPointFinder(Finder):  # noqa: N801
    """Fixed points of a multi-region network, or of some regions with the others held.

    Parameters
    ----------
    rnn
        An `mRNN`, `ElmanmRNN`, `MultiRegionRNN`, or an mRNNTorch object. It is only read.
    *settings, solver, **named
        "newton" or "adam", and fields of `Hyperparameters`; see `Finder`.
    """

    hyperparameters: ClassVar[type[SearchSettings]] = Hyperparameters
    positional = tuple(field.name for field in fields(Hyperparameters))

    def __init__(self, rnn: Any, *settings: Any, solver: str = "newton", **named: Any) -> None:
        super().__init__(solver, *settings, **named)
        self.rnn = rnn

    @property
    def _dtype(self) -> torch.dtype:
        return _DTYPES[self.hps.dtype]

    def sample_states(self, states: Tensor, n_inits: int, noise_scale: float = 0.0) -> Tensor:
        """Draw states from trajectories, with Gaussian noise."""
        seed = self.hps.random_seed
        drawn = sample_states(states, n_inits, noise=noise_scale, seed=seed)
        return torch.as_tensor(drawn).to(states if isinstance(states, Tensor) else self._dtype)

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
            The distinct points that converged, and the end of every start; see `Finder`.
        """
        whole = read_network(self.rnn, W_rec)
        chosen = in_order(whole.state_regions, regions)
        part = whole.restrict(*chosen) if 0 < len(chosen) < len(whole.state_regions) else whole
        n_rounds_q_opt = check_whole("n_rounds_q_opt", n_rounds_q_opt, least=0, most=_MOST_ROUNDS)
        phi = whole.dynamics.phi  # type: ignore[attr-defined]
        if check_flag("optimize_h", optimize_h) and is_leaky(self.rnn):
            if phi not in _INJECTIVE:  # else h stands still where x does, and no other points exist
                part = part.observe(phi)
        elif optimize_h:
            warn("optimize_h has no effect: the state of an Elman network is h already.")
        states = _matrix("initial_states", initial_states)
        read_states("initial_states", states, whole.state_size)
        channels = whole.input_size - whole.state_size
        stimulus = np.zeros(whole.state_size) if stim_inp is None else stim_inp
        drive = read_inputs("ext_inputs", _matrix("ext_inputs", ext_inputs), len(states), channels)
        pushed = _matrix("stim_inp", stimulus)
        inputs = np.hstack([drive, read_inputs("stim_inp", pushed, len(states), whole.state_size)])
        methods = ["joint"] * (1 + n_rounds_q_opt)
        points = self._search(part, states, inputs, methods)
        starts = points.starts.take(np.arange(len(states)))
        ends = self._collection(whole, part, starts.end, starts.inputs, starts.q, starts)
        first = points.starts.take(first_starts(points))
        unique = self._collection(whole, part, points.xstar, points.inputs, points.q, first)
        return unique, ends

    def _collection(
        self, network: System, part: System, x: Any, inputs: Any, q: Any, starts: Starts
    ) -> FixedPointCollection:
        """Return states of a part, which these starts led to, as states of the network."""
        begun = starts.states
        if part.info.restriction is not None:
            x, begun = (part.to_full(state, inputs) for state in (x, begun))
            inputs = inputs[:, : network.input_size]
        own = network.input_size - network.state_size  # the stimulus is behind the inputs
        tensors = {
            "xstar": x,
            "x_init": begun,
            "inputs": inputs[:, :own],
            "F_xstar": network.step(x, inputs) if len(x) else x,
            "qstar": q,
            "dq": np.full(len(q), np.nan),
        }
        return FixedPointCollection(
            **{name: torch.as_tensor(value).to(self._dtype) for name, value in tensors.items()},
            n_iters=torch.as_tensor(starts.steps),
            tol_unique=self.hps.tol_unique,
        )


class emFixedPointFinder(mFixedPointFinder):  # noqa: N801
    """The same for Elman networks."""


def _matrix(name: str, values: Any) -> np.ndarray:
    """Return values with their leading dimensions flattened; a vector is one row."""
    array = np.atleast_1d(read_floats(name, values))
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])
