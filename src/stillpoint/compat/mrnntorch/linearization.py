"""mLinearization: local linear analysis of multi-region networks, or of some of their regions."""

from __future__ import annotations

from typing import Any

import torch

from ..._core.validation import check_flag
from ...errors import ArgumentError
from ...local import rates_at_fixed_state
from ...system import System
from ..rnntoolkit.linearization import Linearization, linear_at, one_row, predicted
from ..shared import raises_as_before
from .regional import in_order
from .system import is_leaky, n_channels, read_network

Tensor = torch.Tensor


@raises_as_before
class mLinearization(Linearization):  # noqa: N801
    """Local linear analysis of a multi-region network, or of some of its regions.

    Parameters
    ----------
    rnn
        The network.
    *regions
        The regions to linearise in, all by default; the others act on them from outside.
    """

    def __init__(self, rnn: Any, *regions: str) -> None:
        self.rnn = rnn
        named = read_network(rnn).state_regions
        self.region_list = in_order(named, regions) or list(named)
        self.static_region_list = [name for name in named if name not in self.region_list]
        #: One row of zeros, shape (1, d).
        self.zero_states = torch.zeros(1, named.size)

    def jacobian(  # type: ignore[override]
        self,
        input: Tensor,  # noqa: A002
        x: Tensor,
        excluded_regions: bool = False,
        h: Tensor | None = None,
        dh: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Return the Jacobians in the state and in the input.

        Parameters
        ----------
        input, x
            Where: shapes (m,) and (d,), or (1, m) and (1, d).
        excluded_regions
            Whether the first matrix is that from the other regions to the chosen ones, where there
            are others.
        h
            Rates at which the derivative of h is taken; needed for `dh`.
        dh
            Whether to differentiate h' in h at fixed x, alpha diag(phi'(x')) W, instead of x' in
            x. This leaves out the leak; do not judge stability by it. For an Elman network the
            state is h and the two are the same.
        """
        A, B, _, from_others = self._blocks(input, x, h, dh)
        if check_flag("excluded_regions", excluded_regions) and self.static_region_list:
            A = from_others
        return self._as_given(A), self._as_given(B)

    def forward(  # type: ignore[override]
        self,
        input: Tensor,  # noqa: A002
        x: Tensor,
        delta_input: Tensor,
        delta_state: Tensor,
        delta_state_static: Tensor | None = None,
        h: Tensor | None = None,
        dh: bool = False,
    ) -> Tensor:
        """Return the first-order prediction of the chosen regions' next state (or rates, `dh`).

        `delta_state` has shape (k,) or (n, k), the other deviations (m,) and (r,) or n rows each.
        """
        A, B, value, from_others = self._blocks(input, x, h, dh)
        deviations = {"delta_input": (delta_input, B), "delta_state": (delta_state, A)}
        if delta_state_static is not None and self.static_region_list:
            deviations["delta_state_static"] = (delta_state_static, from_others)
        return self._as_given(predicted(value, **deviations))

    def eigendecomposition(  # type: ignore[override]
        self,
        input: Tensor,  # noqa: A002
        x: Tensor,
        h: Tensor | None = None,
        dh: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return real parts, imaginary parts and eigenvectors (columns) of the state Jacobian."""
        return self._decomposed(self._blocks(input, x, h, dh)[0])

    # -- inside -------------------------------------------------------------------------------

    @property
    def _system(self) -> System:
        return read_network(self.rnn)

    @property
    def _kind(self) -> Tensor:
        weights = self.rnn.W_rec
        return weights if isinstance(weights, Tensor) else torch.as_tensor(weights)

    def _blocks(self, inputs: Any, x: Any, h: Any, dh: bool) -> tuple[Tensor, ...]:
        """Return A and B of the chosen regions, their value, and A from the others, in float64."""
        A, B, value = self._whole(inputs, x, h, dh)
        own, others = map(self._indices, (self.region_list, self.static_region_list))
        return A[own][:, own], B[own][:, : n_channels(self._system)], value[own], A[own][:, others]

    def _whole(self, inputs: Any, x: Any, h: Any, dh: bool) -> tuple[Tensor, Tensor, Tensor]:
        """Return A, B and the value of the whole network, in float64."""
        system, d = self._system, self._system.state_size
        state, drive = one_row("x", x, d), one_row("input", inputs, n_channels(system))
        drive = torch.cat([drive, torch.zeros(1, d).to(drive)], dim=1)
        rates = None if h is None else one_row("h", h, d)
        if check_flag("dh", dh) and is_leaky(self.rnn):
            if rates is None:
                raise ArgumentError("h: got None, but dh=True differentiates in h; pass the rates.")
            system, state = rates_at_fixed_state(system, state[0]), rates
        return linear_at(system, state, drive)

    def _indices(self, regions: list[str]) -> Tensor:
        return torch.as_tensor(self._system.state_regions.indices(*regions))


@raises_as_before
class emLinearization(mLinearization):  # noqa: N801
    """The same for Elman networks, whose state is h."""

    def jacobian(  # type: ignore[override]
        self,
        input: Tensor,  # noqa: A002
        h: Tensor,
        excluded_regions: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Return the Jacobians in the state and in the input, see `mLinearization`."""
        return super().jacobian(input, h, excluded_regions)

    def forward(  # type: ignore[override]
        self,
        input: Tensor,  # noqa: A002
        h: Tensor,
        delta_input: Tensor,
        delta_h: Tensor,
        delta_h_static: Tensor | None = None,
    ) -> Tensor:
        """Return the first-order prediction of the chosen regions' next state."""
        return super().forward(input, h, delta_input, delta_h, delta_h_static)

    def eigendecomposition(  # type: ignore[override]
        self,
        input: Tensor,  # noqa: A002
        h: Tensor,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return real parts, imaginary parts and eigenvectors (columns) of the state Jacobian."""
        return super().eigendecomposition(input, h)
