"""The gated recurrent unit as first published: the reset gate acts before the matrix product."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from .._core.arrays import diagonal_matrices, namespace
from ..dynamics import Batch, Inputs, Linear, Matrices
from .base import check_axes, check_weights, gate_blocks
from .update_gated import CANDIDATE, RESET, UPDATE, UpdateGatedCell


@dataclass(frozen=True, eq=False)
class ResetBeforeGRUCell(UpdateGatedCell):
    """h' = (1 - z) n + z h, Cho et al. (2014), with the reset gate before the matrix product.

    r = sigmoid(W_r h + B_r u + b_r), z = sigmoid(W_z h + B_z u + b_z),
    n = tanh(B_n u + b_n + W_n (r h)). BrainPy's GRU is of this kind, and that of Keras with
    `reset_after=False`; torch, Flax and Equinox use `GRUCell`.

    Parameters
    ----------
    W
        Recurrent weights of r, z, n stacked, shape (3 d, d).
    B
        Input weights of r, z, n stacked, shape (3 d, m).
    b
        Biases of r, z, n stacked, shape (3 d,).

    Raises
    ------
    ArgumentError
        If shapes do not fit or a weight is not finite.

    Examples
    --------
    >>> import numpy as np
    >>> cell = ResetBeforeGRUCell(np.zeros((3, 1)), np.zeros((3, 0)), np.zeros(3))
    >>> cell.step(np.ones((1, 1)), np.zeros((1, 0)))
    array([[0.5]])
    """

    W: Float[Any, "g d"]
    B: Float[Any, "g m"]
    b: Float[Any, " g"]

    def __post_init__(self) -> None:
        check_axes(self, W=2, B=2, b=1)
        d, m = self.state_size, self.input_size
        check_weights(self, W=(3 * d, d), B=(3 * d, m), b=(3 * d,))

    def candidate(self, x: Batch, u: Inputs) -> Batch:
        return self._candidate(x, u, self.gate(RESET, x, u))

    def candidate_jacobian(self, x: Batch, u: Inputs) -> Matrices:
        w_r, _, w_n = gate_blocks(self.W, 3)
        r = self.gate(RESET, x, u)
        return self._derivative(x, u, r, w_n * r[:, None, :], w_r)

    def candidate_input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        b_r, _, b_n = gate_blocks(self.B, 3)
        return self._derivative(x, u, self.gate(RESET, x, u), b_n, b_r)

    def candidate_differential(self, x: Batch, u: Inputs) -> Linear:
        w_r, _, w_n = gate_blocks(self.W, 3)
        r = self.gate(RESET, x, u)
        return self._pushed(x, u, r, lambda v: (r * v) @ w_n.T, w_r)

    def candidate_input_differential(self, x: Batch, u: Inputs) -> Linear:
        b_r, _, b_n = gate_blocks(self.B, 3)
        return self._pushed(x, u, self.gate(RESET, x, u), lambda w: w @ b_n.T, b_r)

    def differential(self, x: Batch, u: Inputs) -> Linear:
        z = self.gate(UPDATE, x, u)
        moved = self._pushed_through_gate(x, u, self.candidate_differential(x, u), self.W)
        return lambda v: moved(v) + z * v

    def input_differential(self, x: Batch, u: Inputs) -> Linear:
        return self._pushed_through_gate(x, u, self.candidate_input_differential(x, u), self.B)

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        derivative = self._gated(x, u, self.candidate_jacobian(x, u), self.W)
        return derivative + diagonal_matrices(self.gate(UPDATE, x, u))

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self._gated(x, u, self.candidate_input_jacobian(x, u), self.B)

    def _gated(
        self, x: Batch, u: Inputs, of_candidate: Float[Any, "n d j"], weights: Float[Any, "g j"]
    ) -> Float[Any, "n d j"]:
        """Return the derivative of h' through n and z, in what `weights` read."""
        z, n = self.gate(UPDATE, x, u), self.candidate(x, u)
        through_z = ((x - n) * z * (1 - z))[:, :, None] * gate_blocks(weights, 3)[1]
        return (1 - z)[:, :, None] * of_candidate + through_z

    def _pushed_through_gate(
        self, x: Batch, u: Inputs, candidate: Linear, weights: Float[Any, "g j"]
    ) -> Linear:
        """Return `_gated` as a function."""
        z, n, w_z = self.gate(UPDATE, x, u), self.candidate(x, u), gate_blocks(weights, 3)[1]
        through_z = (x - n) * z * (1 - z)
        return lambda v: (1 - z) * candidate(v) + through_z * (v @ w_z.T)

    def _pushed(
        self, x: Batch, u: Inputs, r: Batch, direct: Linear, reset_weights: Float[Any, "d j"]
    ) -> Linear:
        """Return `_derivative` as a function."""
        w_n, n = self.weights_of(CANDIDATE)[0], self._candidate(x, u, r)
        through_reset = x * r * (1 - r)
        return lambda v: (1 - n * n) * (direct(v) + (through_reset * (v @ reset_weights.T)) @ w_n.T)

    def _candidate(self, x: Batch, u: Inputs, r: Batch) -> Batch:
        w_n, b_n, bias = self.weights_of(CANDIDATE)
        return namespace(x).tanh((r * x) @ w_n.T + u @ b_n.T + bias)

    def _derivative(
        self, x: Batch, u: Inputs, r: Batch, direct: Any, reset_weights: Float[Any, "d j"]
    ) -> Float[Any, "n d j"]:
        """Return the derivative of n: that of its drive, direct and through r, times the slope."""
        w_n, n = self.weights_of(CANDIDATE)[0], self._candidate(x, u, r)
        through_reset = namespace(x).matmul(w_n * (x * r * (1 - r))[:, None, :], reset_weights)
        return (1 - n * n)[:, :, None] * (direct + through_reset)
