"""Units that move towards a candidate as far as an update gate lets them."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from .._core.arrays import minus_identity
from ..dynamics import (
    Batch,
    Inputs,
    Linear,
    Matrices,
    RootProblem,
    StateProblem,
    less_identity,
)
from ..dynamics.activations import sigmoid
from ..intervals import Interval
from .base import Cell, gate_blocks

# How the weights are stacked.
RESET, UPDATE, CANDIDATE = range(3)


class UpdateGatedCell(Cell):
    """h' = (1 - z) n + z h with a candidate n(h, u) and z = sigmoid(W_z h + B_z u + b_z).

    The weights and biases are those of the reset gate, the update gate and the candidate, stacked.
    """

    b: Any

    @property
    def state_size(self) -> int:
        return self.W.shape[-1]

    @property
    def maps_ball_into_itself(self) -> bool:
        return True

    def step(self, x: Batch, u: Inputs) -> Batch:
        n = self.candidate(x, u)
        return n + self.gate(UPDATE, x, u) * (x - n)

    def equilibrium_box(self) -> Interval:
        return self.box_of_states()

    def box_of_states(self) -> Interval:
        size = self.state_size
        return Interval(np.zeros(size), np.ones(size))  # a candidate is the tanh of something

    def equilibrium_problem(self) -> RootProblem:
        return CandidateEquilibrium(self)

    @abstractmethod
    def candidate(self, x: Batch, u: Inputs) -> Batch:
        """Return n(x, u), what the unit is drawn to."""

    @abstractmethod
    def candidate_jacobian(self, x: Batch, u: Inputs) -> Matrices:
        """Return dn_i / dx_j."""

    @abstractmethod
    def candidate_input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        """Return dn_i / du_j."""

    @abstractmethod
    def candidate_differential(self, x: Batch, u: Inputs) -> Linear:
        """Return dn/dx as a function of v."""

    @abstractmethod
    def candidate_input_differential(self, x: Batch, u: Inputs) -> Linear:
        """Return dn/du as a function of w."""

    def gate(self, which: int, x: Batch, u: Inputs) -> Batch:
        """Return the reset gate, or the update gate z: how much of the state is kept."""
        w, b, bias = self.weights_of(which)
        return sigmoid(x @ w.T + u @ b.T + bias)

    def weights_of(self, which: int) -> tuple[Any, Any, Any]:
        """Return the rows of W, B and b that belong to a gate or to the candidate."""
        w, b, bias = (gate_blocks(weights, 3)[which] for weights in (self.W, self.B, self.b))
        return w, b, bias


@dataclass(frozen=True)
class CandidateEquilibrium(StateProblem):
    """n(h, u) - h = 0: as h' - h = (1 - z)(n - h) and z < 1, the zeros are those of the motion."""

    cell: UpdateGatedCell
    unitwise = True

    def residual(self, y: Batch, u: Inputs) -> Batch:
        return self.cell.candidate(y, u) - y

    def jacobian(self, y: Batch, u: Inputs) -> Matrices:
        return minus_identity(self.cell.candidate_jacobian(y, u))

    def input_jacobian(self, y: Batch, u: Inputs) -> Float[Any, "n d m"]:
        return self.cell.candidate_input_jacobian(y, u)

    def differential(self, y: Batch, u: Inputs) -> Linear:
        return less_identity(self.cell.candidate_differential(y, u))

    def input_differential(self, y: Batch, u: Inputs) -> Linear:
        return self.cell.candidate_input_differential(y, u)
