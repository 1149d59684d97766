"""The gated recurrent unit, in the form that torch, cuDNN and Keras (`reset_after`) use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from jaxtyping import Float

from .._core.arrays import namespace
from ..dynamics import Batch, Inputs, Linear, Matrices
from .base import RowScaledCell, ScaledRows, check_axes, check_weights, gate_blocks
from .update_gated import CANDIDATE, RESET, UPDATE, UpdateGatedCell


class _Gates(NamedTuple):
    """One evaluation of what a unit is drawn to: reset gate, candidate, recurrent drive of n."""

    r: Batch
    n: Batch
    m: Batch


@dataclass(frozen=True, eq=False)
class GRUCell(UpdateGatedCell, RowScaledCell):
    """h' = (1 - z) n + z h, Cho et al. (2014), with the reset gate behind the matrix product.

    r = sigmoid(W_r h + B_r u + b_r), z = sigmoid(W_z h + B_z u + b_z),
    n = tanh(B_n u + b_n + r (W_n h + c_n)).

    Parameters
    ----------
    W
        Recurrent weights of r, z, n stacked, shape (3 d, d).
    B
        Input weights of r, z, n stacked, shape (3 d, m).
    b
        Biases of r, z, n stacked, shape (3 d,); torch's two biases of r and z added.
    c
        Recurrent bias of n, shape (d,), inside the reset gate.

    Raises
    ------
    ArgumentError
        If shapes do not fit or a weight is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> cell = GRUCell(np.zeros((3, 1)), np.zeros((3, 0)), np.zeros(3), np.zeros(1))
    >>> cell.step(np.ones((1, 1)), np.zeros((1, 0)))
    array([[0.5]])
    """

    W: Float[Any, "g d"]
    B: Float[Any, "g m"]
    b: Float[Any, " g"]
    c: Float[Any, " d"]

    def __post_init__(self) -> None:
        check_axes(self, W=2, B=2, b=1, c=1)
        d, m = self.state_size, self.input_size
        check_weights(self, W=(3 * d, d), B=(3 * d, m), b=(3 * d,), c=(d,))

    def state_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        gates, z = self._gates(x, u), self.gate(UPDATE, x, u)
        _, w_z, _ = gate_blocks(self.W, 3)
        candidate = self._candidate_rows(gates).scaled(1 - z)
        return ScaledRows([*candidate.terms, ((x - gates.n) * z * (1 - z), w_z)], diagonal=z)

    def input_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        gates, z = self._gates(x, u), self.gate(UPDATE, x, u)
        _, b_z, _ = gate_blocks(self.B, 3)
        candidate = self._candidate_input_rows(gates).scaled(1 - z)
        return candidate.plus(((x - gates.n) * z * (1 - z), b_z))

    def candidate(self, x: Batch, u: Inputs) -> Batch:
        return self._gates(x, u).n

    def candidate_jacobian(self, x: Batch, u: Inputs) -> Matrices:
        return self._candidate_rows(self._gates(x, u)).matrix()

    def candidate_input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self._candidate_input_rows(self._gates(x, u)).matrix()

    def candidate_differential(self, x: Batch, u: Inputs) -> Linear:
        return self._candidate_rows(self._gates(x, u)).times

    def candidate_input_differential(self, x: Batch, u: Inputs) -> Linear:
        return self._candidate_input_rows(self._gates(x, u)).times

    def _candidate_rows(self, gates: _Gates) -> ScaledRows:
        w_r, _, w_n = gate_blocks(self.W, 3)
        slope = 1 - gates.n * gates.n
        return ScaledRows(
            [(slope * gates.r, w_n), (slope * gates.m * gates.r * (1 - gates.r), w_r)]
        )

    def _candidate_input_rows(self, gates: _Gates) -> ScaledRows:
        b_r, _, b_n = gate_blocks(self.B, 3)
        slope = 1 - gates.n * gates.n
        return ScaledRows([(slope * gates.m * gates.r * (1 - gates.r), b_r), (slope, b_n)])

    def _gates(self, x: Batch, u: Inputs) -> _Gates:
        w_n, b_n, bias = self.weights_of(CANDIDATE)
        r = self.gate(RESET, x, u)
        m = x @ w_n.T + self.c
        return _Gates(r, namespace(x).tanh(u @ b_n.T + bias + r * m), m)
