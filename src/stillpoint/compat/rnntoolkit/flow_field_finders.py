"""FlowFieldFinder: how a network moves in a plane, by RNNToolkit's names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float

from ..._core.pca import Projection, fit_pca
from ..._core.validation import (
    check_flag,
    check_real,
    check_whole,
    read_floats,
    read_states,
)
from ...errors import ArgumentError
from ...system import System
from ..shared import raises_as_before
from ..shared.settled import Settled
from ..shared.states import as_rows, packed
from .flow_field import FlowField
from .linearization import Linearization
from .modules import read_module, weight_of

Tensor = torch.Tensor


@dataclass(frozen=True)
class FlowFieldSettings:
    """The settings of a finder of flow fields.

    Attributes
    ----------
    fit_states
        States whose two principal components span the plane, shape (..., d); by default those of
        the first search.
    num_points
        Grid points along each axis.
    x_offset, y_offset
        Half widths of the grid.
    x_center, y_center
        Where it is centred.
    follow_traj
        Whether it is centred at each state instead.
    axes
        Two directions, shape (2, d), that span the plane through the origin, instead of components.
    """

    fit_states: Any = None
    num_points: int = 10
    x_offset: float = 1.0
    y_offset: float = 1.0
    x_center: float = 0.0
    y_center: float = 0.0
    follow_traj: bool = False
    axes: Any = None

    def __post_init__(self) -> None:
        check_whole("num_points", self.num_points, least=2)
        for name in ("x_offset", "y_offset"):
            check_real(name, getattr(self, name), above=0)
        for name in ("x_center", "y_center"):
            check_real(name, getattr(self, name))
        check_flag("follow_traj", self.follow_traj)


@raises_as_before
class FlowFieldFinderBase(Settled):
    """A plane in state space, a grid on it, and what a step does to the grid.

    Subclasses say what moves: `FlowFieldFinder` a torch network, `mFlowFieldFinder` regions.

    Parameters
    ----------
    rnn
        The network. It is only read.
    *settings, **named
        Fields of `FlowFieldSettings`; RNNToolkit's later versions begin with `num_points`, those
        before and mRNNTorch with `fit_states`.

    Raises
    ------
    ArgumentError
        If a setting is unknown or given twice, or not what is wanted.
    """

    hyperparameters: ClassVar[type] = FlowFieldSettings
    positional: ClassVar[tuple[str, ...]] = (
        *("fit_states", "num_points", "x_offset", "y_offset", "x_center", "y_center"),
        "follow_traj",
    )

    def __init__(self, rnn: Any, *settings: Any, **named: Any) -> None:
        super().__init__(*settings, **named)
        self.rnn = rnn
        self._settle()

    def _order(self, *settings: Any) -> tuple[str, ...]:
        if settings and isinstance(settings[0], int | np.integer):
            return (*self.positional[1:6], "fit_states", "axes", "follow_traj")
        return self.positional

    def __setattr__(self, name: str, value: Any) -> None:
        if name not in self.default_hps():
            super().__setattr__(name, value)
            return
        before = self.hps
        try:
            super().__setattr__(name, value)
            self._settle()
        except ArgumentError:  # what was there stays
            self.hps = before
            self._settle()
            raise

    def _settle(self) -> None:
        """Find the plane that the settings tell."""
        #: The principal components, once they are known.
        self.reduce_obj: Projection | None = None
        self._plane: Projection | None = None
        if self.axes is not None:
            across = read_floats("axes", self.axes)
            if across.ndim != 2 or len(across) != 2 or np.linalg.matrix_rank(across) < 2:
                raise ArgumentError(
                    f"axes: got shape {across.shape}, but two directions, (2, d), are wanted, not "
                    f"along one line."
                )
            self._plane = Projection.of(across, np.zeros(across.shape[1]))
        elif self.fit_states is not None:
            states = as_rows("fit_states", packed(self.fit_states))
            self._fit(self._moving("fit_states", states))

    @property
    def dtype(self) -> torch.dtype:
        """The type of the tensors that are returned."""
        return self._kind.dtype

    @property
    def time_dim(self) -> int:
        """The axis of time in sequences of the network."""
        return 1 if getattr(self.rnn, "batch_first", False) else 0

    def transform(self, x: Any) -> Tensor:
        """Return states, shape (..., d), in coordinates of the plane, (n, 2)."""
        rows = as_rows("x", packed(x))
        if self._plane is None:
            self._fit(rows)
        plane = self._known_plane
        return self._as_given(plane.transform(read_states("x", rows, len(plane.mean_))))

    def inverse_transform(self, x: Any) -> Tensor:
        """Return the states at coordinates of the plane, shape (..., 2), as rows (n, d)."""
        places = read_states("x", as_rows("x", x), 2)
        return self._as_given(self._known_plane.inverse_transform(places))

    # -- inside -------------------------------------------------------------------------------

    def _fields(
        self, states: Float[np.ndarray, "n d"], after: Callable[[int, np.ndarray], np.ndarray]
    ) -> list[FlowField]:
        """Return the flow around every state; `after(k, grid)` is where that of state k goes."""
        places = self.transform(self._moving("states", states)).double().numpy()
        return [self._field(place, partial(after, k)) for k, place in enumerate(places)]

    def _field(
        self, place: Float[np.ndarray, " 2"], after: Callable[[np.ndarray], np.ndarray]
    ) -> FlowField:
        centre = place if self.follow_traj else np.array([self.x_center, self.y_center])
        (left, right), (low, high) = (
            (middle - half, middle + half)
            for middle, half in zip(centre, (self.x_offset, self.y_offset), strict=True)
        )
        grid, states = self._inverse_grid(left, right, low, high)
        moved = self._known_plane.transform(after(states.numpy())) - grid.numpy()
        side = (self.num_points, self.num_points)
        x, y = (torch.as_tensor(part.reshape(side)) for part in moved.T)
        speed = torch.hypot(x, y)
        speed = speed / speed.max() if speed.max() > 0 else speed
        return FlowField(*map(self._as_given, (x, y, grid.reshape(*side, 2), speed)))

    def _inverse_grid(
        self,
        lower_bound_x: float,
        upper_bound_x: float,
        lower_bound_y: float,
        upper_bound_y: float,
    ) -> tuple[Tensor, Tensor]:
        """Return a grid in the plane, shape (n^2, 2), and its states, (n^2, d), in float64."""
        x = np.linspace(lower_bound_x, upper_bound_x, self.num_points)
        y = np.linspace(lower_bound_y, upper_bound_y, self.num_points)
        grid = np.stack(np.meshgrid(x, y, indexing="ij"), axis=-1).reshape(-1, 2)
        return torch.as_tensor(grid), torch.as_tensor(self._known_plane.inverse_transform(grid))

    @property
    def _known_plane(self) -> Projection:
        if self._plane is None:
            raise ArgumentError(
                "fit_states: none are known yet, so there is no plane; pass them or axes."
            )
        return self._plane

    def _fit(self, states: Float[np.ndarray, "n d"]) -> None:
        if min(states.shape) < 2:
            raise ArgumentError(
                f"fit_states: got shape {states.shape}, but two states of two variables at least "
                f"are wanted to span a plane."
            )
        self.reduce_obj = self._plane = fit_pca(states, 2)

    def _moving(self, name: str, states: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        """Return the part of states that the plane is of, once their size is checked."""
        return read_states(name, states, states.shape[1])

    def _as_given(self, values: Any) -> Tensor:
        """Return values in the precision and on the device of the network."""
        return torch.as_tensor(values).to(self._kind)

    @property
    def _kind(self) -> Tensor:
        return weight_of(self.rnn)


@raises_as_before
class FlowFieldFinder(FlowFieldFinderBase):
    """How a torch network moves in a plane, around states of trajectories.

    Parameters
    ----------
    rnn
        An `nn.RNN`, `nn.GRU` or `nn.LSTM` (whose state is [h, c]), or whatever has become a System
        by `stillpoint.as_system`. It is only read.
    *settings, **named
        As of `FlowFieldFinderBase`.

    Examples
    --------
    >>> rnn = torch.nn.RNN(1, 2)
    >>> finder = FlowFieldFinder(rnn, torch.eye(2), num_points=5)
    >>> flow, = finder.find_nonlinear_flow(torch.zeros(2), torch.zeros(1))
    >>> flow.grid.shape
    torch.Size([5, 5, 2])
    """

    def _settle(self) -> None:
        self.linearization = Linearization(self.rnn)
        super()._settle()

    def _moving(self, name: str, states: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        return read_states(name, states, self._system.state_size)

    @property
    def _system(self) -> System:
        """The network with the weights that it has now."""
        return read_module(self.rnn)

    def find_nonlinear_flow(self, states: Any, inp: Tensor) -> list[FlowField]:
        """Return where a step of the network takes the grid, for every state and its input.

        Parameters
        ----------
        states
            Shape (..., d); of an LSTM also a pair (h, c).
        inp
            Shape (..., m), one input for each state.
        """
        system = self._system
        x, u = paired(states, system.state_size, inp=(inp, system.input_size))
        return self._fields(
            x, lambda k, grid: system.step(grid, np.repeat(u[k][None], len(grid), axis=0))
        )

    def find_linear_flow(self, states: Any, inp: Tensor, delta_inp: Tensor) -> list[FlowField]:
        """Return where the linearisation at every state takes the grid.

        Parameters
        ----------
        states, inp
            Where it is linearised, as of `find_nonlinear_flow`.
        delta_inp
            What the inputs deviate by, shape (..., m).
        """
        m = self._system.input_size
        x, u, du = paired(states, self._system.state_size, inp=(inp, m), delta_inp=(delta_inp, m))
        forward = self.linearization.forward
        return self._fields(
            x, lambda k, grid: forward(u[k], x[k], du[k], grid - x[k]).double().numpy()
        )


def paired(states: Any, size: int, **inputs: tuple[Any, int]) -> list[np.ndarray]:
    """Return states and inputs as rows, as many of one as of the other."""
    x = read_states("states", as_rows("states", packed(states)), size)
    rows = [x]
    for name, (given, width) in inputs.items():
        u = as_rows(name, given)
        if u.shape != (len(x), width):
            raise ArgumentError(
                f"{name}: got {len(u)} rows of {u.shape[1]}, but ({len(x)}, {width}) is wanted, "
                f"one for each state."
            )
        rows.append(u)
    return rows
