"""Proofs, one per state, that a fixed point exists there, and of which kind it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from enum import IntEnum
from typing import final

import numpy as np
from jaxtyping import Bool, Float, Int
from scipy.spatial import cKDTree

from ..dynamics import Dynamics
from ..intervals import Interval, upward
from .definite import determinant_sign
from .krawczyk import Krawczyk
from .spectrum import UNDECIDED, count_unstable

# Entries of interval matrices that are worked on at a time.
_ENTRIES = 2**21

# Where an entry of the Jacobian varies more than this, relative to max(1, its size), over a box of
# the size of rounding, a kink lies in it.
_JUMP = 1e-3


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
    Finding.KINK: "the box holds a kink of ReLU, where no single Jacobian holds",
    Finding.NOT_TRIED: "not tried, as no fixed point was proved",
    Finding.ESTIMATED: "estimated in floating point, not proved",
    Finding.CONTINUUM: "one of a continuum of fixed points, so that none stands alone",
}


@final
@dataclass(frozen=True, eq=False)
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
        It lies within this of the state in every coordinate; NaN without a proof.
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


def prove(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Certificate:
    """Return what can be proved about fixed points near states; `distinct` is left open.

    Existence is proved by Krawczyk's operator on the equilibrium form, stability and index on the
    Jacobian of the map itself over the box that holds the point.

    Parameters
    ----------
    dynamics
        Canonical cells and what is made of them; of anything else nothing can be proved.
    x, u
        States and inputs, one row each.
    """
    exact, size = dynamics.enclosed(), x.shape[1]
    if exact is None:
        return Certificate.without_proof(len(x), size, Finding.BLACK_BOX)
    chunk = max(1, _ENTRIES // dynamics.working_size**2)
    starts = range(0, max(1, len(x)), chunk)
    with np.errstate(all="ignore"):
        return Certificate.concatenate(
            [_prove(exact, x[first : first + chunk], u[first : first + chunk]) for first in starts]
        )


def _prove(
    exact: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Certificate:
    problem, inputs = exact.equilibrium_problem(), Interval(u)
    y = problem.coordinates(Interval(x), inputs).mid
    operator = Krawczyk.at(problem, y, u)
    radius, zero_box = operator.existence()
    answer = Certificate.without_proof(*x.shape, Finding.NO_CONTRACTION)
    answer.reason[np.isnan(operator.inverse).any(axis=(1, 2))] = Finding.SINGULAR
    here = np.flatnonzero(np.isfinite(radius))
    if not len(here):
        return answer
    part = operator.take(here)
    state = problem.state(Interval(y[here], zero_box[here]), inputs[here])
    box = upward(np.abs(state.mid - x[here]) + state.radius)
    answer.proved[here] = True
    answer.reason[here] = Finding.PROVED
    answer.box[here] = box
    answer.radius_exists[here] = box.max(axis=1)
    answer.radius_unique[here] = part.uniqueness(radius[here])
    _prove_stability(exact, state, inputs[here], here, answer)
    return answer


def _prove_stability(
    exact: Dynamics, state: Interval, inputs: Interval, rows: np.ndarray, answer: Certificate
) -> None:
    """Fill in the index and the number of unstable directions of some rows."""
    jacobian = exact.jacobian(state, inputs)
    count = count_unstable(jacobian, exact.kind)
    kink = (jacobian.radius > _JUMP * np.maximum(1.0, np.abs(jacobian.mid))).any(axis=(1, 2))
    count[kink] = UNDECIDED
    answer.n_unstable_proved[rows] = count
    answer.stability_reason[rows] = np.where(
        count != UNDECIDED, Finding.PROVED, np.where(kink, Finding.KINK, Finding.BORDER)
    )
    motion = exact.residual_problem().jacobian(state, inputs)
    answer.index_proved[rows] = [determinant_sign(-motion[k]) for k in range(len(rows))]


def prove_empty(
    dynamics: Dynamics, x: Float[np.ndarray, "n d"], u: Float[np.ndarray, "n m"]
) -> Float[np.ndarray, " n"]:
    """Return how far around each state it is proved that there is no fixed point; 0 for no proof.

    Distances are in every coordinate of the unknowns, as for `radius_unique`.
    """
    exact = dynamics.enclosed()
    if exact is None:
        return np.zeros(len(x))
    problem, chunk = exact.equilibrium_problem(), max(1, _ENTRIES // dynamics.working_size**2)
    answer = np.zeros(len(x))
    with np.errstate(all="ignore"):
        for first in range(0, len(x), chunk):
            rows = slice(first, first + chunk)
            y = problem.coordinates(Interval(x[rows]), Interval(u[rows])).mid
            answer[rows] = Krawczyk.at(problem, y, u[rows]).emptiness()
    return answer
