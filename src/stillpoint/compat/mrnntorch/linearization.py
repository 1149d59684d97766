"""mLinearization: Jacobians, Taylor predictions and eigenvalues, for one state at a time."""

from __future__ import annotations

import math
from typing import Any

import torch

from ..._core.validation import check_flag, read_floats, read_states
from ...errors import ArgumentError
from ...local import linearize, rates_at_fixed_state
from .assembly import in_order
from .system import is_leaky, read_network

Tensor = torch.Tensor


class mLinearization:  # noqa: N801
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
        self._system = read_network(rnn)
        named = self._system.state_regions
        self.region_list = in_order(named, regions) or list(named)
        self.static_region_list = [name for name in named if name not in self.region_list]

    def jacobian(
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
            Whether the first matrix is that from the other regions to the chosen ones.
        h
            Rates at which the derivative of h is taken; needed for `dh`.
        dh
            Whether to differentiate h' in h at fixed x, alpha diag(phi'(x')) W, instead of x' in
            x. This leaves out the leak; do not judge stability by it. For an Elman network the
            state is h and the two are the same.
        """
        state, driven = self._jacobians(input, x, excluded_regions, h, dh)
        return self._as_given(state), self._as_given(driven)

    def _jacobians(
        self,
        input: Tensor,  # noqa: A002
        x: Tensor,
        excluded_regions: bool = False,
        h: Tensor | None = None,
        dh: bool = False,
    ) -> tuple[Tensor, Tensor]:
        """Return the same in float64."""
        check_flag("excluded_regions", excluded_regions)
        source = self.static_region_list if excluded_regions else self.region_list
        state, driven, _ = self._linear(input, x, h, dh)
        rows = self._indices(self.region_list)
        columns = self._indices(source)
        channels = self._system.input_size - self._system.state_size  # the stimulus comes behind
        return state[rows][:, columns], driven[rows][:, :channels]

    def forward(
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
        state, driven = self._jacobians(input, x, h=h, dh=dh)
        value = self._linear(input, x, h, dh)[2][self._indices(self.region_list)]
        result = value + _rows("delta_state", delta_state, state) @ state.T
        result = result + _rows("delta_input", delta_input, driven) @ driven.T
        if delta_state_static is not None and self.static_region_list:
            static, _ = self._jacobians(input, x, True, h=h, dh=dh)
            result = result + _rows("delta_state_static", delta_state_static, static) @ static.T
        return self._as_given(result)

    __call__ = forward

    def eigendecomposition(
        self,
        input: Tensor,  # noqa: A002
        x: Tensor,
        h: Tensor | None = None,
        dh: bool = False,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return real parts, imaginary parts and eigenvectors (columns) of the state Jacobian."""
        values, vectors = torch.linalg.eig(self._jacobians(input, x, h=h, dh=dh)[0])
        of_vectors = torch.promote_types(self._kind.dtype, torch.complex64)
        vectors = vectors.to(self._kind.device, of_vectors)
        return self._as_given(values.real), self._as_given(values.imag), vectors

    @property
    def _kind(self) -> Tensor:
        """A tensor of the network's, which says in what precision and where answers are."""
        weights = self.rnn.W_rec
        return weights if isinstance(weights, Tensor) else torch.as_tensor(weights)

    def _as_given(self, answer: Tensor) -> Tensor:
        return answer.to(self._kind)

    def _indices(self, regions: list[str]) -> Tensor:
        return torch.as_tensor(self._system.state_regions.indices(*regions))

    def _linear(
        self, inputs: Tensor, x: Tensor, h: Tensor | None, dh: bool
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return A, B and the value of the whole network, in float64."""
        system = self._system
        channels, d = system.input_size - system.state_size, system.state_size
        state, drive = _one_row("x", x, d), _one_row("input", inputs, channels)
        drive = torch.cat([drive, torch.zeros(len(drive), system.state_size).to(drive)], dim=1)
        rates = None if h is None else _one_row("h", h, d)
        if check_flag("dh", dh) and is_leaky(self.rnn):
            if rates is None:
                raise ArgumentError("h: got None, but dh=True differentiates in h; pass the rates.")
            system, state = rates_at_fixed_state(system, state[0]), rates
        lin = linearize(system, state, drive)
        return torch.as_tensor(lin.A[0]), torch.as_tensor(lin.B[0]), torch.as_tensor(lin.value[0])


class emLinearization(mLinearization):  # noqa: N801
    """The same for Elman networks, whose state x is h."""


def _rows(name: str, values: Any, matrix: Tensor) -> Tensor:
    """Return deviations as rows that a matrix can be multiplied with."""
    given = torch.atleast_2d(torch.as_tensor(read_floats(name, values)))
    if given.shape[-1] != matrix.shape[1]:
        raise ArgumentError(
            f"{name}: got shape {tuple(given.shape)}, but (n, {matrix.shape[1]}) is wanted."
        )
    return given.flatten(end_dim=-2).to(matrix)


def _one_row(name: str, values: Any, size: int) -> Tensor:
    """Return a vector, or an array of one row, as one row."""
    given = torch.atleast_2d(torch.as_tensor(read_floats(name, values)))
    rows = given.reshape(math.prod(given.shape[:-1]), given.shape[-1])
    if len(rows) != 1:
        raise ArgumentError(
            f"{name}: got shape {tuple(given.shape)}, but one state is linearised at a time; for "
            f"many at once use stillpoint.linearize."
        )
    read_states(name, rows, size)
    return rows
