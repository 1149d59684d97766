"""FixedPointFinder: RNNToolkit's search by its names, done by `find_fixed_points`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, ClassVar

import numpy as np
import torch

from ..._core.validation import (
    check_flag,
    check_whole,
    read_inputs,
    read_states,
)
from ...errors import ArgumentError
from ...points import Starts
from ...search import sample_states
from ...system import System
from ..shared import Finder, SearchSettings, first_starts, raises_as_before
from ..shared.states import as_rows, packed
from .collection import FixedPointCollection
from .modules import read_module, weight_of

Tensor = torch.Tensor


# No search goes on so often.
_MOST_ROUNDS = 10_000


@dataclass(frozen=True)
class Hyperparameters(SearchSettings):
    """The settings of a finder, with RNNToolkit's learning rate; see `SearchSettings`.

    Attributes
    ----------
    batch_first
        Accepted for old scripts: states and inputs are rows, whatever the network's sequences are.
    """

    lr_init: float = 1e-4
    batch_first: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_flag("batch_first", self.batch_first)


@raises_as_before
class FixedPointFinderBase(Finder):
    """A finder whose starts and points are torch tensors.

    Parameters
    ----------
    rnn
        The network. It is only read.
    *settings, solver, **named
        "newton" or "adam", and fields of `Hyperparameters`; see `Finder`.
    """

    hyperparameters: ClassVar[type[SearchSettings]] = Hyperparameters
    as_places: ClassVar[Callable[[Any], Any]] = staticmethod(torch.as_tensor)
    positional = tuple(field.name for field in fields(Hyperparameters))

    def __init__(self, rnn: Any, *settings: Any, solver: str = "newton", **named: Any) -> None:
        super().__init__(solver, *settings, **named)
        self.rnn = rnn

    #: The search itself, which subclasses have.
    find_fixed_points: Callable[..., tuple[FixedPointCollection, FixedPointCollection]]

    @property
    def torch_dtype(self) -> torch.dtype:
        """The type of the tensors that are returned."""
        return getattr(torch, self.hps.dtype)

    @property
    def device(self) -> torch.device:
        """Where the network lives, and the tensors that are returned."""
        return weight_of(self.rnn).device

    def sample_states(
        self,
        state_traj: Any,
        n_inits: int,
        noise_scale: float = 0.0,
        exclude_zero_tensors: bool = False,
    ) -> Tensor:
        """Draw states from trajectories, with Gaussian noise.

        Parameters
        ----------
        state_traj
            Shape (..., d); of an LSTM also a pair (h, c).
        n_inits
            How many.
        noise_scale
            Standard deviation of the noise.
        exclude_zero_tensors
            Whether states of zeros alone, such as padding, are not drawn.
        """
        given = packed(state_traj)
        states = as_rows("state_traj", given)
        if check_flag("exclude_zero_tensors", exclude_zero_tensors):
            states = states[states.any(axis=1)]
            if not len(states):
                raise ArgumentError("state_traj: every state is zero, so none is left to draw.")
        drawn = sample_states(states, n_inits, noise=noise_scale, seed=self.rng)
        return torch.as_tensor(drawn).to(given if isinstance(given, Tensor) else self.torch_dtype)

    # -- what scripts of the tools call, though it begins with an underscore -----------------

    def _broadcast_nxd(self, data: Tensor, tile_n: int = 1) -> Tensor:
        """Return data as rows on the network's device; a vector `tile_n` times."""
        rows = data.repeat(tile_n, 1) if data.ndim == 1 else data.flatten(end_dim=-2)
        return rows.to(self.device)

    def _fp_optimization(self, *arguments: Any, **named: Any) -> FixedPointCollection:
        return self.find_fixed_points(*arguments, **named)[1]

    def _exclude_distance_outliers(
        self, fps: FixedPointCollection, initial_states: Tensor
    ) -> FixedPointCollection:
        scale = self.hps.outlier_distance_scale
        return fps[self.get_fp_non_distance_outliers(fps, initial_states, scale)]

    # -- searching ----------------------------------------------------------------------------

    def _searched(
        self,
        system: System,
        initial_states: Any,
        inputs: tuple[tuple[str, Any, int], ...],
        rounds: int,
        part: System | None = None,
    ) -> tuple[FixedPointCollection, FixedPointCollection]:
        """Return the distinct points of a part of a system that converged, and every start's end.

        `inputs` are names, values and sizes of what the system's input is made of, `rounds` is how
        often q outliers are searched again.
        """
        rounds = check_whole("n_rounds_q_opt", rounds, least=0, most=_MOST_ROUNDS)
        states = as_rows("initial_states", packed(initial_states))
        states = read_states("initial_states", states, system.state_size)
        drive = np.hstack(
            [read_inputs(name, as_rows(name, u), len(states), size) for name, u, size in inputs]
        )
        part = system if part is None else part
        points = self._search(part, states, drive, ["joint"] * (1 + rounds))
        starts = points.starts.take(np.arange(len(states)))
        own = inputs[0][2]
        ends = self._collection(system, part, starts.end, starts.inputs, starts.q, starts, own)
        first = points.starts.take(first_starts(points))
        unique = self._collection(system, part, points.xstar, points.inputs, points.q, first, own)
        return unique, ends

    def _collection(
        self,
        network: System,
        part: System,
        x: Any,
        inputs: Any,
        q: Any,
        starts: Starts,
        own: int,
    ) -> FixedPointCollection:
        """Return states of a part, which these starts led to, as states of the network.

        The first `own` inputs are the network's, what a stimulus adds is behind them.
        """
        begun = starts.states
        if part.info.restriction is not None:
            x, begun = (part.to_full(state, inputs) for state in (x, begun))
            inputs = inputs[:, : network.input_size]
        arrays = {
            "xstar": x,
            "x_init": begun,
            "inputs": inputs[:, :own],
            "F_xstar": network.step(x, inputs) if len(x) else x,
            "qstar": q,
            "dq": np.full(len(q), np.nan),
        }
        kind = torch.zeros(0, device=self.device, dtype=self.torch_dtype)
        tensors: dict[str, Any] = {
            name: torch.as_tensor(value).to(kind) for name, value in arrays.items()
        }
        return FixedPointCollection(
            **tensors,
            n_iters=torch.as_tensor(starts.steps).to(kind.device),
            tol_unique=self.hps.tol_unique,
            dtype=self.torch_dtype,
            dtype_complex=torch.promote_types(self.torch_dtype, torch.complex64),
        )


@raises_as_before
class FixedPointFinder(FixedPointFinderBase):
    """Fixed points of a torch network, tensors in and out.

    Parameters
    ----------
    rnn
        An `nn.RNN`, `nn.GRU` or `nn.LSTM` (whose state is [h, c]), or whatever has become a System
        by `stillpoint.as_system`. It is only read.
    *settings, solver, **named
        "newton" or "adam", and fields of `Hyperparameters`; see `Finder`.

    Examples
    --------
    >>> rnn = torch.nn.RNN(1, 2)
    >>> for weights in rnn.parameters():
    ...     _ = torch.nn.init.zeros_(weights)
    >>> finder = FixedPointFinder(rnn, verbose=False)
    >>> finder.find_fixed_points(torch.ones(3, 2), torch.zeros(1))[0].xstar
    tensor([[0., 0.]])
    """

    def find_fixed_points(
        self, initial_states: Any, ext_inputs: Tensor, n_rounds_q_opt: int = 1
    ) -> tuple[FixedPointCollection, FixedPointCollection]:
        """Search for states that stand still under constant input.

        Parameters
        ----------
        initial_states
            Shape (..., d); of an LSTM also a pair (h, c).
        ext_inputs
            One input, shape (m,) or (1, m), or one for each state, (n, m).
        n_rounds_q_opt
            How often q outliers are searched again, where that is asked for.

        Returns
        -------
        unique, all
            The distinct points that converged, and the end of every start; see `Finder`.
        """
        system = read_module(self.rnn)
        inputs = (("ext_inputs", ext_inputs, system.input_size),)
        return self._searched(system, initial_states, inputs, n_rounds_q_opt)
