"""Linearization: Jacobians, Taylor predictions and eigenvalues, for one state at a time."""

from __future__ import annotations

from typing import Any

import torch

from ..._core.validation import read_states
from ...errors import ArgumentError
from ...local import linearize
from ...system import System
from ..shared import raises_as_before
from ..shared.states import as_rows, packed
from .modules import read_module, weight_of

Tensor = torch.Tensor


@raises_as_before
class Linearization:
    """Local linear analysis of a torch network; answers have its precision and device.

    Parameters
    ----------
    rnn
        An `nn.RNN`, `nn.GRU` or `nn.LSTM` (whose state is [h, c]), or whatever has become a System
        by `stillpoint.as_system`. It is only read.

    Examples
    --------
    >>> rnn = torch.nn.RNN(1, 2)
    >>> A, B = Linearization(rnn).jacobian(torch.zeros(1), torch.zeros(2))
    >>> A.shape, B.shape
    (torch.Size([2, 2]), torch.Size([2, 1]))
    """

    def __init__(self, rnn: Any) -> None:
        self.rnn = rnn
        read_module(rnn)  # what cannot be read is refused at once

    def jacobian(self, input: Tensor, h: Tensor) -> tuple[Tensor, Tensor]:  # noqa: A002
        """Return the Jacobians in the state, shape (d, d), and in the input, (d, m).

        Parameters
        ----------
        input, h
            Where: shapes (m,) and (d,), or one row of each.
        """
        A, B, _ = self._linear(input, h)
        return self._as_given(A), self._as_given(B)

    def forward(
        self,
        input: Tensor,  # noqa: A002
        h: Tensor,
        delta_input: Tensor,
        delta_h: Tensor,
    ) -> Tensor:
        """Return the first-order prediction of the next states, shape (n, d).

        Parameters
        ----------
        input, h
            Where it is made.
        delta_input, delta_h
            Deviations from there, shapes (m,) and (d,), or n rows each.
        """
        A, B, value = self._linear(input, h)
        return self._as_given(predicted(value, delta_input=(delta_input, B), delta_h=(delta_h, A)))

    def __call__(self, *arguments: Any, **named: Any) -> Tensor:
        return self.forward(*arguments, **named)

    def eigendecomposition(
        self,
        input: Tensor | None = None,  # noqa: A002
        h: Tensor | None = None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return real parts, imaginary parts and eigenvectors (columns) of the state Jacobian.

        With one argument, that is the state and the input is zero.
        """
        state, drive = (input, None) if h is None else (h, input)
        if state is None:
            raise ArgumentError("h: got None, but the state to linearise at is wanted.")
        zero = torch.zeros(self._system.input_size)
        return self._decomposed(self._linear(zero if drive is None else drive, state)[0])

    # -- inside -------------------------------------------------------------------------------

    @property
    def _system(self) -> System:
        """The network with the weights that it has now."""
        return read_module(self.rnn)

    def _linear(self, inputs: Any, state: Any) -> tuple[Tensor, Tensor, Tensor]:
        """Return A, B and the value, in float64."""
        system = self._system
        x = one_row("h", packed(state), system.state_size)
        return linear_at(system, x, one_row("input", inputs, system.input_size))

    def _decomposed(self, matrix: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        values, vectors = torch.linalg.eig(matrix)
        of_vectors = torch.promote_types(self._kind.dtype, torch.complex64)
        vectors = vectors.to(self._kind.device, of_vectors)
        return self._as_given(values.real), self._as_given(values.imag), vectors

    @property
    def _kind(self) -> Tensor:
        return weight_of(self.rnn)

    def _as_given(self, answer: Tensor) -> Tensor:
        return answer.to(self._kind)


def linear_at(system: System, x: Any, u: Any) -> tuple[Tensor, Tensor, Tensor]:
    """Return A, B and the value of a system at one row of states and inputs, in float64."""
    lin = linearize(system, x, u)
    return torch.as_tensor(lin.A[0]), torch.as_tensor(lin.B[0]), torch.as_tensor(lin.value[0])


def one_row(name: str, values: Any, size: int) -> Tensor:
    """Return a vector, or an array of one row, as one row."""
    rows = as_rows(name, values)
    if len(rows) != 1:
        raise ArgumentError(
            f"{name}: got {len(rows)} rows, but one state is linearised at a time; for many at "
            f"once use stillpoint.linearize."
        )
    return torch.as_tensor(read_states(name, rows, size))


def predicted(value: Tensor, **deviations: tuple[Any, Tensor]) -> Tensor:
    """Return a value plus what matrices make of deviations, which have one row or all as many."""
    result = value
    for name, (deviation, matrix) in deviations.items():
        rows = as_rows(name, deviation)
        if rows.shape[1] != matrix.shape[1]:
            raise ArgumentError(
                f"{name}: got rows of {rows.shape[1]}, but (n, {matrix.shape[1]}) is wanted."
            )
        if result.ndim == 2 and len(rows) not in (1, len(result)) and len(result) > 1:
            raise ArgumentError(f"{name}: got {len(rows)} rows for {len(result)} of the others.")
        result = result + torch.as_tensor(rows).to(matrix) @ matrix.T
    return result
