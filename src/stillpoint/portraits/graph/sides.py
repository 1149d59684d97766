"""The unstable directions of a saddle, along which orbits leave it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from ...points import FixedPoints

# Orbits begin this far from a saddle, relative to max(1, |x|).
_AWAY = 1e-4

# Entries of a direction that differ by this part count as equally large.
_ALIKE = 1e-6


@dataclass(frozen=True, eq=False)
class UnstableSides:
    """The unstable directions of one saddle that are followed."""

    point: Float[np.ndarray, " d"]
    basis: Float[np.ndarray, "d p"]
    vectors: Float[np.ndarray, "k p"]

    @classmethod
    def of(cls, points: FixedPoints, row: int, n: int, rng: np.random.Generator) -> UnstableSides:
        """Return both sides of a line, or n directions of what has more dimensions."""
        p, lin = int(points.n_unstable[row]), points.linearization
        values, right = lin.leading_eigenvalues[row, :p], lin.leading_vectors(row)[:p].T
        basis = np.where(values.imag < 0, right.imag, right.real)
        basis = basis / np.linalg.norm(basis, axis=0)
        if p == 1:
            return cls(points.xstar[row], outwards(basis.T).T, np.array([[1.0], [-1.0]]))
        # What is slow shows only where the fast directions have hardly any part: random parts, as
        # they were on the way here from nearer and nearer.
        rates = values.real if points.system.kind == "flow" else np.log(np.abs(values))
        steps = rng.uniform(0, -np.log(_AWAY) / rates.max(), (n, 1))
        vectors = rng.standard_normal((n, p)) * np.exp(-steps * (rates - rates.min()))
        return cls(points.xstar[row], basis, vectors / np.linalg.norm(vectors, axis=1)[:, None])

    @property
    def dimension(self) -> int:
        """How many unstable directions there are."""
        return self.basis.shape[1]

    @property
    def offsets(self) -> Float[np.ndarray, "k d"]:
        """How far from the saddle, and in which direction, each orbit begins."""
        return _AWAY * max(1.0, float(np.abs(self.point).max())) * self.vectors @ self.basis.T

    @property
    def starts(self) -> Float[np.ndarray, "k d"]:
        """Where each orbit begins."""
        return self.point + self.offsets


def outwards(vectors: Float[np.ndarray, "n d"]) -> Float[np.ndarray, "n d"]:
    """Return directions turned to side 1: where the first of their largest entries is positive.

    Examples
    --------
    >>> outwards(np.array([[0.1, -0.9], [-0.7, 0.7]]))
    array([[-0.1,  0.9],
           [ 0.7, -0.7]])
    """
    size = np.abs(vectors)
    first = (size >= (1 - _ALIKE) * size.max(axis=1, keepdims=True)).argmax(axis=1)
    return vectors * np.where(vectors[np.arange(len(vectors)), first] < 0, -1.0, 1.0)[:, None]
