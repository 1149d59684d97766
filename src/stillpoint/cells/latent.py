"""The equations of rest of a network of low rank, in its few latent states."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from .._core.arrays import minus_identity, namespace
from ..dynamics import (
    Batch,
    Inputs,
    Linear,
    LowRank,
    Matrices,
    RootProblem,
    activation,
    less_identity,
)
from ..intervals.linalg import row_sums

Latent = Float[Any, "n r"]


@dataclass(frozen=True)
class LatentEquilibrium(RootProblem):
    """V^T phi(U z + B u + b) - z = 0: the latent states z = V^T r of weights U V^T at rest.

    The factors are balanced, so that no unit is driven beyond z. The state is the current
    U z + B u + b, or else the rate r.
    """

    factors: LowRank
    B: Float[Any, "d m"]
    b: Float[Any, " d"]
    phi: str
    of_currents: bool

    @property
    def reach(self) -> float:
        return max(1.0, row_sums(self.factors.V.T).max())  # no activation is steeper than 1

    def coordinates(self, x: Batch, u: Inputs) -> Latent:  # noqa: ARG002
        return (activation(self.phi).value(x) if self.of_currents else x) @ self.factors.V

    def state(self, y: Latent, u: Inputs) -> Batch:
        drive = self._drive(y, u)
        return drive if self.of_currents else activation(self.phi).value(drive)

    def residual(self, y: Latent, u: Inputs) -> Latent:
        return activation(self.phi).value(self._drive(y, u)) @ self.factors.V - y

    def jacobian(self, y: Latent, u: Inputs) -> Float[Any, "n r r"]:
        return minus_identity(self._through(y, u, self.factors.U))

    def input_jacobian(self, y: Latent, u: Inputs) -> Float[Any, "n r m"]:
        return self._through(y, u, self.B)

    def differential(self, y: Latent, u: Inputs) -> Linear:
        return less_identity(self._pushed(y, u, self.factors.U))

    def input_differential(self, y: Latent, u: Inputs) -> Linear:
        return self._pushed(y, u, self.B)

    def gradient(self, y: Latent, u: Inputs, residual: Latent) -> Latent:
        return ((residual @ self.factors.V.T) * self._slope(y, u)) @ self.factors.U - residual

    def curvature(self, y: Latent, u: Inputs, residual: Latent) -> Matrices:
        phi, drive, U = activation(self.phi), self._drive(y, u), self.factors.U
        bend = (residual @ self.factors.V.T) * phi.bend(drive, phi.value(drive))
        return namespace(y).matmul(U.T, bend[:, :, None] * U)

    def _drive(self, y: Latent, u: Inputs) -> Batch:
        return y @ self.factors.U.T + u @ self.B.T + self.b

    def _slope(self, y: Latent, u: Inputs) -> Batch:
        phi, drive = activation(self.phi), self._drive(y, u)
        return phi.slope(drive, phi.value(drive))

    def _pushed(self, y: Latent, u: Inputs, columns: Float[Any, "d k"]) -> Linear:
        """Return V^T diag(phi') times columns, as a function."""
        slope = self._slope(y, u)
        return lambda v: (slope * (v @ columns.T)) @ self.factors.V

    def _through(self, y: Latent, u: Inputs, columns: Float[Any, "d k"]) -> Float[Any, "n r k"]:
        """Return V^T diag(phi') times columns."""
        return namespace(y).matmul(self.factors.V.T * self._slope(y, u)[:, None, :], columns)
