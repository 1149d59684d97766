"""The shape that the Jacobian of a gated cell has: fixed matrices whose rows are scaled.

Every gate multiplies the rows of one weight matrix by numbers that depend on the state, and the
leak adds a diagonal. Written as such a sum, products with vectors need no matrix per row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from jaxtyping import Float

from .._core.arrays import diagonal_matrices


@dataclass(frozen=True)
class ScaledRows:
    """The matrices sum_k diag(scale_k) W_k + diag(diagonal), one per row of the batch.

    Attributes
    ----------
    terms
        Pairs of a scale, shape (n, r), and a weight matrix, shape (r, k).
    diagonal
        Shape (n, r), or None; only for square matrices.
    """

    terms: Sequence[tuple[Float[Any, "n r"], Float[Any, "r k"]]]
    diagonal: Float[Any, "n r"] | None = None

    def matrix(self) -> Float[Any, "n r k"]:
        """Return the matrices themselves."""
        (first, weight), *others = self.terms
        total = first[:, :, None] * weight[None, :, :]
        for scale, weight in others:  # added in place: a pass over memory costs like a product
            total += scale[:, :, None] * weight[None, :, :]
        if self.diagonal is not None:
            total += diagonal_matrices(self.diagonal)
        return total

    def times(self, v: Float[Any, "n k"]) -> Float[Any, "n r"]:
        """Return each row's matrix times `v`."""
        total = 0 if self.diagonal is None else self.diagonal * v
        for scale, weight in self.terms:
            total = total + scale * (v @ weight.T)
        return total

    def transposed_times(self, w: Float[Any, "n r"]) -> Float[Any, "n k"]:
        """Return `w` times each row's matrix."""
        total = 0 if self.diagonal is None else self.diagonal * w
        for scale, weight in self.terms:
            total = total + (scale * w) @ weight
        return total

    def scaled(self, factor: Float[Any, "n r"]) -> ScaledRows:
        """Return the matrices with row i multiplied by `factor[:, i]`."""
        terms = [(factor * scale, weight) for scale, weight in self.terms]
        diagonal = None if self.diagonal is None else factor * self.diagonal
        return ScaledRows(terms, diagonal)

    def plus(self, *terms: tuple[Float[Any, "n r"], Float[Any, "r k"]]) -> ScaledRows:
        """Return the sum with further terms."""
        return ScaledRows([*self.terms, *terms], self.diagonal)
