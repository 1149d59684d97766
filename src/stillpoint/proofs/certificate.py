"""The record of what is proved about states, and why not more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from ..intervals import upward
from ..intervals.spectrum import UNDECIDED


class Finding(IntEnum):
    """What a proof found, or why there is none.

    Examples
    --------
    >>> Finding.PROVED.sentence
    'proved'
    """

    PROVED = 0
    NO_CONTRACTION = 1
    SINGULAR = 2
    BLACK_BOX = 3
    BORDER = 4
    KINK = 5
    NOT_TRIED = 6
    ESTIMATED = 7
    CONTINUUM = 8
    EMPTY = 9
    FAR = 10

    @property
    def sentence(self) -> str:
        """What it is, in words."""
        return _SENTENCES[self]


_SENTENCES = {
    Finding.PROVED: "proved",
    Finding.NO_CONTRACTION: "no box around the state contracts: no fixed point, or a fold too near",
    Finding.SINGULAR: "I - J is singular to working precision: a continuum, a fold, a bifurcation",
    Finding.BLACK_BOX: "not available: the step is not a canonical cell, so it cannot be enclosed",
    Finding.BORDER: "an eigenvalue is too near the stability border",
    Finding.KINK: "the Jacobian varies too much over the box: a kink of ReLU lies in it",
    Finding.NOT_TRIED: "not tried, as no fixed point was proved",
    Finding.ESTIMATED: "estimated in floating point, not proved",
    Finding.EMPTY: "no fixed point is here: that is proved, the state is only slow",
    Finding.FAR: "a fixed point is near, but further away than rounding explains; search from here",
    Finding.CONTINUUM: "one of a continuum of fixed points, so that none stands alone",
}


@final
@dataclass(frozen=True, eq=False, repr=False)
class Certificate:
    """What is proved about states, one row each.

    A proof is about the exact map with the weights as they are in float64, not about its rounded
    evaluation.

    Attributes
    ----------
    proved
        Whether exactly one fixed point lies within `radius_unique` of the state.
    distinct
        Whether it is proved to be another one than that of every other row.
    radius_exists
        It lies within this of the state in every coordinate; NaN without a proof or estimate.
    radius_unique
        No other fixed point lies within this, in every coordinate of the unknowns (the state; h
        alone for an LSTM).
    radius_empty
        No fixed point at all lies within this; 0 where that is not proved.
    box
        The radii of the box around the state that holds the fixed point, shape (n, d).
    n_unstable_proved
        The number of unstable directions of the exact point (of every Jacobian in its box),
        `UNDECIDED` (-1) without a proof.
    index_proved
        sign det(I - J) at the exact point, 0 without a proof.
    reason, stability_reason
        A `Finding` for existence, and one for the number of unstable directions.
    """

    proved: Bool[np.ndarray, " n"]
    distinct: Bool[np.ndarray, " n"]
    radius_exists: Float[np.ndarray, " n"]
    radius_unique: Float[np.ndarray, " n"]
    radius_empty: Float[np.ndarray, " n"]
    box: Float[np.ndarray, "n d"]
    n_unstable_proved: Int[np.ndarray, " n"]
    index_proved: Int[np.ndarray, " n"]
    reason: Int[np.ndarray, " n"]
    stability_reason: Int[np.ndarray, " n"]

    @classmethod
    def without_proof(cls, n: int, d: int, reason: Finding) -> Certificate:
        """Return `n` rows that prove nothing."""
        nothing = np.full(n, np.nan)
        return cls(
            proved=np.zeros(n, dtype=bool),
            distinct=np.zeros(n, dtype=bool),
            radius_exists=nothing,
            radius_unique=nothing.copy(),
            radius_empty=np.zeros(n),
            box=np.full((n, d), np.nan),
            n_unstable_proved=np.full(n, UNDECIDED),
            index_proved=np.zeros(n, dtype=np.int64),
            reason=np.full(n, int(reason)),
            stability_reason=np.full(n, int(Finding.NOT_TRIED)),
        )

    def __len__(self) -> int:
        return len(self.proved)

    def __repr__(self) -> str:
        n, proved = len(self), int(self.proved.sum())
        if not proved:
            return f"Certificate: 0 of {n} proved"
        exists, unique = self.radius_exists[self.proved], self.radius_unique[self.proved]
        return (
            f"Certificate: {proved} of {n} proved, in boxes of {exists.min():.0e} to "
            f"{exists.max():.0e}, each alone within {unique.min():.0e} or more"
        )

    @property
    def reasons(self) -> list[str]:
        """What was found of every row, in words."""
        return [Finding(reason).sentence for reason in self.reason]

    @property
    def all_proved(self) -> bool:
        """Whether every row is proved."""
        return bool(self.proved.all())

    @property
    def all_distinct(self) -> bool:
        """Whether all rows are proved to be different points."""
        return bool(self.distinct.all())

    @property
    def is_estimate(self) -> bool:
        """Whether the radii of some row are estimated in floating point only."""
        return bool((self.reason == Finding.ESTIMATED).any())

    def take(self, rows: Int[np.ndarray, " k"]) -> Certificate:
        """Return some rows."""
        return Certificate(**{f.name: getattr(self, f.name)[rows] for f in fields(self)})

    def told_apart(self, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]) -> Certificate:
        """Return the certificate with `distinct` filled in: boxes are disjoint or inputs differ.

        Parameters
        ----------
        x, u
            The states and inputs that the rows belong to.
        """
        reach = np.where(self.proved, self.radius_exists, 0.0)
        if not np.isfinite(reach).all():
            return replace(self, distinct=np.zeros_like(self.proved))
        near = cKDTree(x).query_pairs(2.5 * reach.max(initial=0.0), p=np.inf, output_type="ndarray")
        i, j = near.T
        gap = (np.abs(x[i] - x[j]) > upward(self.box[i] + self.box[j])).any(axis=1)
        unclear = ~gap & (u[i] == u[j]).all(axis=1)
        distinct = self.proved.copy()
        distinct[near[unclear]] = False
        return replace(self, distinct=distinct)

    @classmethod
    def concatenate(cls, several: Sequence[Certificate]) -> Certificate:
        """Return the rows of several certificates, in order."""
        return cls(
            **{f.name: np.concatenate([getattr(c, f.name) for c in several]) for f in fields(cls)}
        )
