"""A network on the states that share sums which it conserves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from ..._core.arrays import host, namespace, take
from ..._core.display import plural
from ...intervals import Interval
from ..base import Batch, Dynamics, Inputs, Matrices
from .base import extended, listed_weights
from .part import Part


@dataclass(frozen=True, eq=False)
class Leaf(Part):
    """The kept units of a network that conserves sums C x; these tell the other units.

    The input is [u, C x], and x_held = H C x - S x_kept, where H is the `inverse` of C_held and
    S = H C_kept are the `shares` of the kept units.
    """

    inner: Dynamics
    kept: Int[np.ndarray, " k"]
    held: Int[np.ndarray, " r"]
    shares: Float[Any, "r k"]
    inverse: Float[Any, "r r"]

    @property
    def words(self) -> str:
        return f"{plural(len(self.held), 'sum')} conserved"

    def interval_extension(self) -> Dynamics | None:
        shares, inverse = Interval(host(self.shares)), Interval(host(self.inverse))
        return extended(self, shares=shares, inverse=inverse)

    def input_jacobian(self, x: Batch, u: Inputs) -> Float[Any, "n k m"]:
        xp, (state, inputs) = namespace(x), self.whole(x, u)
        rows = take(self.inner.jacobian(state, inputs), self.kept, axis=1)
        driven = take(self.inner.input_jacobian(state, inputs), self.kept, axis=1)
        told = xp.matmul(take(rows, self.held, axis=2), self.inverse)
        return xp.concat([driven, told], axis=2)

    def curvature(self, x: Batch, u: Inputs, w: Batch) -> Matrices:
        xp, (state, inputs) = namespace(x), self.whole(x, u)
        weights = self.in_place(w, xp.zeros_like(u)[:, self.inner.input_size :])
        bend = self._following(self.inner.curvature(state, inputs, weights))
        return xp.matrix_transpose(self._following(xp.matrix_transpose(bend)))

    def weights(self) -> Iterable[Any] | None:
        return listed_weights(self.inner, self.kept, self.shares, self.inverse)

    def held_units(self, x: Batch, told: Float[Any, "n r"]) -> Float[Any, "n r"]:
        xp = namespace(x)
        return xp.matmul(told, self.inverse.T) - xp.matmul(x, self.shares.T)

    def moving(self, v: Batch) -> Float[Any, "n all"]:
        return self.in_place(v, -namespace(v).matmul(v, self.shares.T))

    def block(self, matrices: Float[Any, "n all all"]) -> Float[Any, "n k k"]:
        return self._following(take(matrices, self.kept, axis=1))

    def _following(self, matrices: Float[Any, "n _ all"]) -> Float[Any, "n _ k"]:
        """Return derivatives in the kept units, which the held ones follow."""
        own, other = (take(matrices, places, axis=2) for places in (self.kept, self.held))
        return own - namespace(matrices).matmul(other, self.shares)
