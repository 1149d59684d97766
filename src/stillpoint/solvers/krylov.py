"""Krylov subspaces of many rows at once: one product for all rows, numbers for each row.

A linear map is a function of one vector per row (`Dynamics.differential`), so that with the closed
forms of cells a step costs one product with the weights for all rows together. Small matrices, one
for each row, are NumPy arrays whatever library the vectors are of.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.arrays import ArrayKind, namespace, to_numpy
from ..dynamics import Linear

# A vector of which less than this is left when the others are taken off is none.
_NOTHING = 1e-14


@dataclass(frozen=True)
class Solution:
    """What GMRES found for each row.

    Attributes
    ----------
    x
        Approximate solutions.
    reached
        Which rows came down to their tolerance.
    products
        How many products each took; all of them where it did not.
    """

    x: Float[Any, "n k"]
    reached: Bool[np.ndarray, " n"]
    products: Int[np.ndarray, " n"]


def gmres(
    apply: Linear, rhs: Float[Any, "n k"], tolerance: Float[np.ndarray, " n"], most: int
) -> Solution:
    """Solve one linear system per row by GMRES (Saad and Schultz 1986), without restarts.

    Parameters
    ----------
    apply
        The matrices, as a function of one vector per row.
    rhs
        The right-hand sides.
    tolerance
        For each row, the residual relative to the right-hand side at which it is solved.
    most
        Products at most. All rows take as many as the slowest.

    Examples
    --------
    >>> twice = gmres(lambda v: 2.0 * v, np.ones((1, 3)), np.array([1e-6]), most=5)
    >>> twice.x.tolist(), twice.products.tolist()
    ([[0.5, 0.5, 0.5]], [1])
    """
    size = norms(rhs)
    n, most = len(size), min(most, rhs.shape[1])
    R, left = np.zeros((n, most, most)), np.zeros((n, most + 1))
    turns: list[tuple[np.ndarray, np.ndarray]] = []
    basis, left[:, 0] = [unit(rhs, size)], size
    products = np.zeros(n, dtype=np.int64)
    for j in range(most):
        column, vector = orthogonal(apply(basis[j]), basis)
        basis.append(vector)
        for i, (c, s) in enumerate(turns):  # Givens rotations of the earlier steps
            above, below = column[:, i].copy(), column[:, i + 1].copy()
            column[:, i], column[:, i + 1] = c * above + s * below, c * below - s * above
        length = np.hypot(column[:, j], column[:, j + 1])
        singular = length == 0  # nothing new: the residual stays what it is
        safe = np.where(singular, 1.0, length)
        c, s = column[:, j] / safe, np.where(singular, 1.0, column[:, j + 1] / safe)
        turns.append((c, s))
        R[:, : j + 1, j] = column[:, : j + 1]
        R[:, j, j] = safe
        left[:, j], left[:, j + 1] = c * left[:, j], -s * left[:, j]
        reached = np.abs(left[:, j + 1]) <= tolerance * size
        products[products == 0] = np.where(reached, j + 1, 0)[products == 0]
        if (reached | ~np.isfinite(left[:, j + 1])).all():
            break
    taken = len(turns)
    shares = np.linalg.solve(R[:, :taken, :taken], left[:, :taken, None])[:, :, 0]
    products[products == 0] = taken
    return Solution(combination(shares, basis), reached, products)


@dataclass(frozen=True)
class Subspace:
    """An orthonormal basis of each row's Krylov space, and the matrix in it: A V = V H + last.

    Attributes
    ----------
    basis
        m vectors for each row, one array (n, k) for each.
    H
        Shape (n, m, m).
    last
        What A makes of the last vector beyond the basis: its length, shape (n,).
    """

    basis: list[Any]
    H: Float[np.ndarray, "n m m"]
    last: Float[np.ndarray, " n"]


def arnoldi(apply: Linear, start: Float[Any, "n k"], steps: int) -> Subspace:
    """Return the Krylov space of each row by so many products (Arnoldi 1951).

    Examples
    --------
    >>> space = arnoldi(lambda v: v * np.array([3.0, 2.0, 1.0]), np.ones((1, 3)), steps=3)
    >>> sorted(np.linalg.eigvals(space.H[0]).real.round(6).tolist())
    [1.0, 2.0, 3.0]
    """
    n, steps = start.shape[0], min(steps, start.shape[1])
    H, last = np.zeros((n, steps, steps)), np.zeros(n)
    basis = [unit(start, norms(start))]
    for j in range(steps):
        column, vector = orthogonal(apply(basis[j]), basis)
        H[:, : j + 1, j], last = column[:, : j + 1], column[:, j + 1]
        if j + 1 < steps:
            H[:, j + 1, j] = last
            basis.append(vector)
    return Subspace(basis, H, last)


def orthogonal(w: Float[Any, "n k"], basis: list[Any]) -> tuple[Float[np.ndarray, "n _"], Any]:
    """Return w in the basis with the length of what is left, and what is left, of unit length.

    Gram and Schmidt's method, twice: once is not enough where little is left (Giraud et al. 2005).
    """
    xp, before = namespace(w), norms(w)
    column = np.zeros((w.shape[0], len(basis) + 1))
    for _ in range(2):
        for i, vector in enumerate(basis):
            part = xp.sum(vector * w, axis=1)
            column[:, i] += to_numpy(part)
            w = w - part[:, None] * vector
    after = norms(w)
    after[after <= _NOTHING * before] = 0.0
    column[:, -1] = after
    return column, unit(w, after)


def combination(shares: Float[np.ndarray, "n m"], basis: list[Any]) -> Float[Any, "n k"]:
    """Return the sum of the first m vectors of a basis in given shares."""
    asarray = ArrayKind.of(basis[0]).asarray
    total = asarray(shares[:, :1]) * basis[0]
    for j in range(1, shares.shape[1]):
        total = total + asarray(shares[:, j : j + 1]) * basis[j]
    return total


def norms(vectors: Float[Any, "n k"]) -> Float[np.ndarray, " n"]:
    """Return the length of each vector, on the host."""
    xp = namespace(vectors)
    return np.array(to_numpy(xp.sqrt(xp.sum(vectors * vectors, axis=1))), dtype=np.float64)


def unit(vectors: Float[Any, "n k"], length: Float[np.ndarray, " n"]) -> Float[Any, "n k"]:
    """Return vectors divided by their length, zeros where that is zero."""
    factor = 1.0 / np.where(length > 0, length, 1.0) * (length != 0)
    return vectors * ArrayKind.of(vectors).asarray(factor)[:, None]
