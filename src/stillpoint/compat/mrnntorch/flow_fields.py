"""mFlowFieldFinder: how regions of a network move in a plane, the others held."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from jaxtyping import Float

from ..._core.validation import check_flag, check_sequence, read_states
from ...system import System
from ..rnntoolkit import FlowField, FlowFieldFinderBase
from ..rnntoolkit.flow_field_finders import FlowFieldSettings, paired
from ..shared import raises_as_before
from .linearization import emLinearization, mLinearization
from .system import n_channels, read_network

Tensor = torch.Tensor


@dataclass(frozen=True)
class RegionFlowFieldSettings(FlowFieldSettings):
    """The settings of `FlowFieldSettings`, and two more.

    Attributes
    ----------
    region_list
        The regions that the plane is of, all by default.
    cancel_other_regions
        Whether the others are zero instead of at the values of each state.
    """

    region_list: Sequence[str] = ()
    cancel_other_regions: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        check_sequence("region_list", self.region_list, str, "a list of regions")
        check_flag("cancel_other_regions", self.cancel_other_regions)


@raises_as_before
class mFlowFieldFinder(FlowFieldFinderBase):  # noqa: N801
    """How a multi-region network, or some of its regions, move in a plane.

    Parameters
    ----------
    rnn
        An `mRNN`, `ElmanmRNN`, `MultiRegionRNN`, or an mRNNTorch object. It is only read.
    *settings, **named
        Fields of `RegionFlowFieldSettings`, `fit_states` first. States are those of the whole
        network.
    """

    hyperparameters: ClassVar[type] = RegionFlowFieldSettings
    positional: ClassVar[tuple[str, ...]] = (
        *FlowFieldFinderBase.positional,
        *("region_list", "cancel_other_regions"),
    )
    linear: ClassVar[type[mLinearization]] = mLinearization

    def _settle(self) -> None:
        self.linearization = self.linear(self.rnn, *self.hps.region_list)
        self.hps = replace(self.hps, region_list=self.linearization.region_list)
        self.static_region_list = self.linearization.static_region_list
        self.zero_states = self.linearization.zero_states
        self._own = self._system.state_regions.indices(*self.region_list)
        super()._settle()

    @property
    def _system(self) -> System:
        """The network with the weights that it has now."""
        return read_network(self.rnn)

    def find_nonlinear_flow(
        self,
        xs: Any,
        input: Tensor,  # noqa: A002
        stim_input: Any = None,
        W: Tensor | None = None,
    ) -> list[FlowField]:
        """Return where a step of the network takes the grid, for every state and its input.

        Parameters
        ----------
        xs
            Whole states, x of leaky and h of Elman networks, shape (..., d).
        input
            Shape (..., m), one input for each state.
        stim_input
            A stimulus for each state, shape (..., d).
        W
            Effective recurrent weights to use instead of the network's own.
        """
        system = read_network(self.rnn, W)
        d, m = system.state_size, n_channels(system)
        inputs = {"input": (input, m)} | (
            {} if stim_input is None else {"stim_input": (stim_input, d)}
        )
        x, u, *pushed = paired(xs, d, **inputs)
        push = pushed[0] if pushed else np.zeros_like(x)

        def after(k: int, grid: np.ndarray) -> np.ndarray:
            whole = np.repeat(x[k][None] * (not self.cancel_other_regions), len(grid), axis=0)
            whole[:, self._own] = grid
            drive = np.concatenate([u[k], push[k]])[None]
            return system.step(whole, np.repeat(drive, len(grid), axis=0))[:, self._own]

        return self._fields(x, after)

    def find_linear_flow(
        self,
        xs: Any,
        input: Tensor,  # noqa: A002
        delta_input: Tensor,
        delta_state_static: Tensor | None = None,
    ) -> list[FlowField]:
        """Return where the linearisation at every state takes the grid.

        Parameters
        ----------
        xs, input
            Where it is linearised, as of `find_nonlinear_flow`.
        delta_input
            What the inputs deviate by, shape (..., m).
        delta_state_static
            What the other regions deviate by, one row for each state; zero where they are
            cancelled.
        """
        d, m = self._system.state_size, n_channels(self._system)
        inputs = {"input": (input, m), "delta_input": (delta_input, m)}
        if delta_state_static is not None:
            inputs["delta_state_static"] = (delta_state_static, d - len(self._own))
        x, u, du, *static = paired(xs, d, **inputs)
        moves = bool(static) and not self.cancel_other_regions
        held = static[0] if moves else np.zeros((len(x), d - len(self._own)))

        def after(k: int, grid: np.ndarray) -> np.ndarray:
            at, deviation = (u[k], x[k]), grid - x[k][self._own]
            return self.linearization.forward(*at, du[k], deviation, held[k]).double().numpy()

        return self._fields(x, after)

    def _moving(self, name: str, states: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n k"]:
        return read_states(name, states, self._system.state_size)[:, self._own]

    @property
    def _kind(self) -> Tensor:
        return self.linearization._kind


@raises_as_before
class emFlowFieldFinder(mFlowFieldFinder):  # noqa: N801
    """The same for Elman networks, whose state is h."""

    linear: ClassVar[type[mLinearization]] = emLinearization

    def find_nonlinear_flow(
        self,
        states: Any,
        inp: Tensor,
        stim_input: Tensor | None = None,
        W: Tensor | None = None,
    ) -> list[FlowField]:
        """Return where a step takes the grid, see `mFlowFieldFinder`."""
        return super().find_nonlinear_flow(states, inp, stim_input, W)

    def find_linear_flow(
        self,
        states: Any,
        inp: Tensor,
        delta_inp: Tensor,
        delta_h_static: Tensor | None = None,
    ) -> list[FlowField]:
        """Return where the linearisation takes the grid, see `mFlowFieldFinder`."""
        return super().find_linear_flow(states, inp, delta_inp, delta_h_static)
