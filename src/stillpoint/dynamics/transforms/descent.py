"""The flow down the slope of q: the slow points of a network are where it rests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from ..._core.arrays import namespace
from ..base import Batch, Dynamics, Inputs, Kind, Matrices
from .base import Transformed


@dataclass(frozen=True, eq=False)
class Descent(Transformed):
    """dx/dt = -grad q(x, u), with q = 1/2 |r|^2 and r the motion of the inner dynamics.

    Its stable points are the minima of q: the fixed points of the network, where q = 0, and its
    slow points, where q > 0. Its Jacobian is minus the Hessian of q.
    """

    inner: Dynamics

    @property
    def kind(self) -> Kind:
        return "flow"

    @property
    def maps_ball_into_itself(self) -> bool:
        return False

    @property
    def has_equilibrium_form(self) -> bool:
        return False

    def step(self, x: Batch, u: Inputs) -> Batch:
        motion = self.inner.residual_problem()
        return -motion.gradient(x, u, motion.residual(x, u))

    def jacobian(self, x: Batch, u: Inputs) -> Matrices:
        motion = self.inner.residual_problem()
        slope = motion.jacobian(x, u)
        normal = namespace(slope).matmul(namespace(slope).matrix_transpose(slope), slope)
        return -(normal + motion.curvature(x, u, motion.residual(x, u)))

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n d m"]:
        raise NotImplementedError
