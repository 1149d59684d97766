"""How sharply fixed points of large networks are known: one factorisation each, no decomposition.

The index is the sign of an LU factorisation, the condition number LAPACK's estimate from it
(`gecon`, of the 1-norm; Higham 2002, chapter 15), and what `Resolution` needs of the inverse
follows from solutions for a few vectors. Jacobians are made one at a time and not kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.linalg import lu_solve
from scipy.linalg.lapack import dgecon, dgetrf

from .._core.arrays import host, take
from ..dynamics import Dynamics
from ..solvers.krylov import gmres, norms
from .resolution import Around, Resolution

# Steps of inverse iteration towards the softest direction.
_STEPS = 3

# Frobenius norms are means over so many random vectors.
_VECTORS = 8

# A Jacobian that a random vector is divided by in so few products, down to a residual below its
# part along any one direction, without becoming this much longer, has no soft direction.
_PRODUCTS, _ROUGHLY, _LONGER = 48, 1e-4, 3.0


class Factored:
    """One matrix as its LU factors, finite or taken for zero."""

    def __init__(self, matrix: Float[np.ndarray, "k k"]) -> None:
        matrix = matrix if np.isfinite(matrix).all() else np.zeros_like(matrix)
        size = np.abs(matrix)
        self.columns, self.rows = size.sum(axis=0).max(), size.sum(axis=1).max()
        del size
        lu, pivots, _ = dgetrf(matrix)
        self.factors = lu, pivots
        diagonal = np.diag(self.factors[0])
        turns = (self.factors[1] != np.arange(len(matrix))).sum()
        self.sign = int(np.prod(np.sign(diagonal)) * (-1) ** turns)
        self.inverse_columns, self.inverse_rows = (
            self._inverse(norm, size) for norm, size in (("1", self.columns), ("I", self.rows))
        )

    def _inverse(self, norm: str, size: float) -> float:
        """Return the estimated norm of the inverse."""
        reciprocal = dgecon(self.factors[0], size, norm=norm)[0] if self.sign else 0.0
        return 1 / (reciprocal * size) if reciprocal > 0 else np.inf

    @property
    def condition(self) -> float:
        """The condition number in the 1-norm, of a matrix no smaller than one."""
        return max(self.columns, 1.0) * self.inverse_columns

    @property
    def least(self) -> float:
        """A lower bound on the least singular value, as far as the estimates hold."""
        return float(1 / np.sqrt(self.inverse_columns * self.inverse_rows))

    def solve(
        self, vectors: Float[np.ndarray, "k _"], *, transposed: bool = False
    ) -> Float[np.ndarray, "k _"]:
        """Return the solutions of linear systems; NaN where the matrix is singular."""
        if not self.sign:
            return np.full_like(vectors, np.nan)
        return lu_solve(self.factors, vectors, trans=int(transposed), check_finite=False)


class _AroundOne(Around):
    """The equations around one state, G factorised and looked at along a few vectors."""

    def _factorise(self) -> None:
        self.lu = Factored(self.slope[0])
        self.largest = np.array([np.sqrt(self.lu.columns * self.lu.rows)])
        self.least = np.array([self.lu.least])
        v = np.random.default_rng(0).standard_normal((len(self.slope[0]), 1))
        for _ in range(_STEPS if self.lu.sign else 0):
            v = np.linalg.qr(self.lu.solve(self.lu.solve(v, transposed=True)))[0]
        self.directions = v.T[None]

    def resolution(self) -> Resolution:
        found = super().resolution()
        return Resolution(np.array([self.lu.condition]), found.kantorovich, found.jacobian_error)

    def _spread(self, noise: Float[np.ndarray, "1 r"]) -> Float[np.ndarray, "1 k"]:
        length = np.linalg.norm(noise) / self.least
        return np.full_like(self.y, length / np.sqrt(self.y.shape[1]))

    def _solve(self, vectors: Float[np.ndarray, "1 r _"]) -> Float[np.ndarray, "1 k _"]:
        return self.lu.solve(vectors[0])[None]

    def _turns(
        self, moves: list[Float[np.ndarray, "1 k"]]
    ) -> tuple[Float[np.ndarray, " 1"], Float[np.ndarray, " 1"]]:
        """Return the largest |G^-1 dG| and |dJ|, from what they make of random vectors."""
        here = self._images(self.y)
        bend, change = np.zeros(1), np.zeros(1)
        for moved in moves:
            turned, shifted = (
                new - old for new, old in zip(self._images(moved), here, strict=True)
            )
            bend = np.fmax(bend, np.linalg.norm(self.lu.solve(turned)) / np.sqrt(_VECTORS))
            change = np.fmax(change, np.linalg.norm(shifted) / np.sqrt(_VECTORS))
        return bend, change

    def _images(
        self, y: Float[np.ndarray, "1 k"]
    ) -> tuple[Float[np.ndarray, "r _"], Float[np.ndarray, "d _"]]:
        """Return what G and J make of random vectors."""
        rows, native = np.zeros(_VECTORS, dtype=np.int64), self.asarray(y)
        inputs = take(self.inputs, rows)
        state = take(self.problem.state(native, self.inputs), rows)
        rng, images = np.random.default_rng(2), []
        for apply, size in (
            (self.problem.differential(take(native, rows), inputs), y.shape[1]),
            (self.dynamics.differential(state, inputs), state.shape[1]),
        ):
            vectors = self.asarray(rng.standard_normal((_VECTORS, size)))
            images.append(host(apply(vectors)).T)
        return images[0], images[1]


@np.errstate(all="ignore")
def factored_resolution(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> tuple[Resolution, Int[np.ndarray, " n"]]:
    """Return how sharply fixed points are known, in the 1-norm, and their indices."""
    parts, index = [], np.zeros(len(x), dtype=np.int64)
    for k in range(len(x)):
        around = _AroundOne(dynamics, x[k : k + 1], u[k : k + 1])
        parts.append(around.resolution())
        known = np.isfinite(around.slope).all()
        index[k] = around.lu.sign * (-1) ** around.y.shape[1] if known else 0
    if not parts:
        none = np.zeros(0)
        return Resolution(none, none, none), index
    return Resolution.joined(parts), index


@np.errstate(all="ignore")
def factored_condition(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, " n"]:
    """Return condition numbers of the equilibrium form's Jacobians where they may be large, else 1.

    Where GMRES divides a random vector by the Jacobian in a few products and it grows little, there
    is nothing soft in it; elsewhere the Jacobian is factorised.
    """
    condition, problem, asarray = (
        np.ones(len(x)),
        dynamics.equilibrium_problem(),
        dynamics.arrays.asarray,
    )
    inputs = asarray(u)
    y = problem.coordinates(asarray(x), inputs)
    suspect = _may_be_soft(dynamics, problem, y, inputs)
    for k in np.flatnonzero(suspect):
        row = np.array([k])
        slope = host(problem.jacobian(take(y, row), take(inputs, row)))[0]
        condition[k] = Factored(slope).condition
    return condition


def _may_be_soft(dynamics: Dynamics, problem: Any, y: Any, inputs: Any) -> Bool[np.ndarray, " n"]:
    if not dynamics.is_matrix_free or not y.shape[0]:
        return np.ones(y.shape[0], dtype=bool)
    asarray = dynamics.arrays.asarray
    vectors = asarray(np.random.default_rng(3).standard_normal(tuple(y.shape)))
    sharply = np.full(y.shape[0], _ROUGHLY)
    found = gmres(problem.differential(y, inputs), vectors, sharply, _PRODUCTS)
    longer = norms(found.x) / norms(vectors)
    return ~(found.reached & (longer < _LONGER))
