"""Weights of low rank, kept as their factors."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from .._core.arrays import ArrayKind, to_numpy
from .._core.weights import check_alike, plain_weights
from ..errors import ArgumentError
from ..intervals import Interval, as_interval


@dataclass(frozen=True, eq=False)
class LowRank:
    """The matrix U V^T of recurrent weights, never multiplied out: products with it cost O(d r).

    Networks of this form are those of Mastrogiuseppe and Ostojic (2018), with their 1 / N in one of
    the factors. `dense` is the array that it stands for.

    Parameters
    ----------
    U
        Where activity is written to, shape (d, r).
    V
        Where it is read from, shape (d, r).

    Raises
    ------
    ArgumentError
        If the factors are not two arrays of one shape and type, or hold values that are not finite.

    Examples
    --------
    >>> W = LowRank(np.ones((3, 1)), np.array([[0.0], [0.5], [1.0]]))
    >>> W @ np.ones(3), W.rank, W.shape
    (array([1.5, 1.5, 1.5]), 1, (3, 3))
    """

    U: Float[Any, "d r"]
    V: Float[Any, "d r"]

    # NumPy's operators leave an expression with such weights to those below.
    __array_ufunc__ = None

    def __post_init__(self) -> None:
        for name in ("U", "V"):
            factor = plain_weights(f"{name} of LowRank", getattr(self, name), 2)
            object.__setattr__(self, name, factor)
        if not self.rank:
            raise ArgumentError(
                f"U of LowRank: got shape {tuple(self.U.shape)}, but at least one column is wanted."
            )
        check_alike("LowRank", {"U": (self.U, self.U.shape), "V": (self.V, self.U.shape)})

    @property
    def rank(self) -> int:
        """The number of columns r, which the rank does not exceed."""
        return self.U.shape[1]

    @property
    def shape(self) -> tuple[int, int]:
        """The shape of the matrix: (d, d), that of a block otherwise."""
        return self.U.shape[0], self.V.shape[0]

    @property
    def T(self) -> LowRank:  # noqa: N802
        """The transposed matrix."""
        return self.of(self.V, self.U)

    def __matmul__(self, columns: Any) -> Any:
        return self.U @ (self.V.T @ columns)

    def __rmatmul__(self, rows: Any) -> Any:
        return (rows @ self.U) @ self.V.T

    def __mul__(self, scale: Any) -> Any:
        return self.dense * scale

    __rmul__ = __mul__

    def __getitem__(self, which: Any) -> Any:
        return self.dense[which]

    def __len__(self) -> int:
        return len(self.U)

    def __repr__(self) -> str:
        d, e = self.shape
        return f"LowRank({d} x {e}, rank {self.rank})"

    def each(self, change: Any) -> LowRank:
        """Return the matrix with both factors changed in the same way."""
        return self.of(change(self.U), change(self.V))

    def of(self, U: Any, V: Any) -> LowRank:
        """Return the matrix of other factors, which may be intervals, unchecked."""
        twin = copy.copy(self)
        object.__setattr__(twin, "U", U)
        object.__setattr__(twin, "V", V)
        return twin

    def balanced(self) -> LowRank:
        """Return the same matrix with columns of U no larger than 1 / r, and at least half of it.

        They are multiplied by powers of two, but for those of which that would not be exact.
        """
        U, V = (
            part.mid if isinstance(part, Interval) else to_numpy(part) for part in (self.U, self.V)
        )
        sizes = self.rank * np.abs(U).max(axis=0)
        with np.errstate(all="ignore"):
            scale = np.exp2(-np.ceil(np.log2(np.where(sizes > 0, sizes, 1.0)))).astype(U.dtype)
            kept = (U * scale / scale == U).all(axis=0) & (V / scale * scale == V).all(axis=0)
        scale = np.where(kept, scale, 1)
        return self.of(_scaled(self.U, scale), _scaled(self.V, 1 / scale))

    @property
    def dense(self) -> Float[Any, "d e"]:
        """The matrix, multiplied out."""
        return self.U @ self.V.T


def _scaled(factor: Any, scale: Float[np.ndarray, " r"]) -> Any:
    """Return columns times powers of two."""
    if isinstance(factor, Interval):
        return factor.each(lambda part: part * scale)
    return factor * ArrayKind.of(factor).asarray(scale)


#: Recurrent weights as cells and their forms keep them: an array, or its factors.
Weights = Any


def block(
    W: Weights, rows: Int[np.ndarray, " i"], columns: Int[np.ndarray, " j"]
) -> Float[Any, "i j"]:
    """Return the weights of some units on some units, factors as such.

    Examples
    --------
    >>> block(np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([1]), np.array([0]))
    array([[2.]])
    """
    return W.of(W.U[rows], W.V[columns]) if isinstance(W, LowRank) else W[np.ix_(rows, columns)]


def dense(W: Weights) -> Float[Any, "d e"]:
    """Return weights as an array, whether they are kept as factors or not.

    Examples
    --------
    >>> dense(LowRank(np.ones((2, 1)), np.ones((2, 1))))
    array([[1., 1.],
           [1., 1.]])
    """
    return W.dense if isinstance(W, LowRank) else W


def enclosed(W: Weights) -> Interval:
    """Return an enclosure of exact weights: of factors, of their product.

    Examples
    --------
    >>> third = LowRank(np.array([[1 / 3]]), np.array([[3.0]]))
    >>> bool(enclosed(third).radius[0, 0] > 0), bool(enclosed(np.eye(1)).radius[0, 0] > 0)
    (True, False)
    """
    return dense(W.each(as_interval)) if isinstance(W, LowRank) else as_interval(W)
