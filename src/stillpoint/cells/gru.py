"""The gated recurrent unit, in the form that torch, cuDNN and Keras (`reset_after`) use."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from jaxtyping import Float

from ..arrays import identity_like, namespace
from ..dynamics import Batch, Inputs, Matrices, RootProblem, StateProblem
from .activations import sigmoid
from .base import RowScaledCell, check_axes, check_weights, gate_blocks
from .scaled_rows import ScaledRows


class _Gates(NamedTuple):
    """One evaluation of the gates: reset, update, candidate, and the recurrent drive of n."""

    r: Batch
    z: Batch
    n: Batch
    m: Batch


@dataclass(frozen=True, eq=False)
class GRUCell(RowScaledCell):
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
        check_axes("GRUCell", W=(self.W, 2), B=(self.B, 2), b=(self.b, 1), c=(self.c, 1))
        d, m = self.state_size, self.input_size
        biases = {"b": (self.b, (3 * d,)), "c": (self.c, (d,))}
        check_weights("GRUCell", W=(self.W, (3 * d, d)), B=(self.B, (3 * d, m)), **biases)

    @property
    def state_size(self) -> int:
        return self.c.shape[0]

    @property
    def keeps_ball(self) -> bool:
        return True

    def step(self, x: Batch, u: Inputs) -> Batch:
        gates = self._gates(x, u)
        return gates.n + gates.z * (x - gates.n)

    def state_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        gates = self._gates(x, u)
        _, w_z, _ = gate_blocks(self.W, 3)
        candidate = self._candidate_rows(gates).scaled(1 - gates.z)
        update = (x - gates.n) * gates.z * (1 - gates.z)
        return ScaledRows([*candidate.terms, (update, w_z)], diagonal=gates.z)

    def input_rows(self, x: Batch, u: Inputs) -> ScaledRows:
        gates = self._gates(x, u)
        b_r, b_z, b_n = gate_blocks(self.B, 3)
        slope = (1 - gates.z) * (1 - gates.n * gates.n)
        return ScaledRows(
            [
                (slope * gates.m * gates.r * (1 - gates.r), b_r),
                ((x - gates.n) * gates.z * (1 - gates.z), b_z),
                (slope, b_n),
            ]
        )

    def equilibrium_problem(self) -> RootProblem:
        return GRUEquilibrium(self)

    def candidate(self, x: Batch, u: Inputs) -> Batch:
        """Return n(x, u), what the unit is drawn to."""
        return self._gates(x, u).n

    def candidate_jacobian(self, x: Batch, u: Inputs) -> Matrices:
        """Return dn_i / dx_j."""
        return self._candidate_rows(self._gates(x, u)).matrix()

    def _candidate_rows(self, gates: _Gates) -> ScaledRows:
        w_r, _, w_n = gate_blocks(self.W, 3)
        slope = 1 - gates.n * gates.n
        return ScaledRows(
            [(slope * gates.r, w_n), (slope * gates.m * gates.r * (1 - gates.r), w_r)]
        )

    def _gates(self, x: Batch, u: Inputs) -> _Gates:
        d = self.state_size
        recurrent = x @ self.W.T
        driven = u @ self.B.T + self.b
        r = sigmoid(recurrent[:, :d] + driven[:, :d])
        z = sigmoid(recurrent[:, d : 2 * d] + driven[:, d : 2 * d])
        m = recurrent[:, 2 * d :] + self.c
        n = namespace(x).tanh(driven[:, 2 * d :] + r * m)
        return _Gates(r, z, n, m)


@dataclass(frozen=True)
class GRUEquilibrium(StateProblem):
    """n(h, u) - h = 0: as h' - h = (1 - z)(n - h) and z < 1, the zeros are those of the motion."""

    cell: GRUCell
    unitwise = True

    def residual(self, y: Batch, u: Inputs) -> Batch:
        return self.cell.candidate(y, u) - y

    def jacobian(self, y: Batch, u: Inputs) -> Matrices:
        return self.cell.candidate_jacobian(y, u) - identity_like(y, y.shape[-1])
