"""The record of what is proved about states, and why not more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Bool, Float, Int

from .._core.display import Display
from .._core.record import Record, about, column
from .._core.sentences import SentenceEnum
from .._core.values import Domain
from ..intervals import Interval
from ..intervals.spectrum import UNDECIDED
from .identity import pairwise_disjoint


class ProofStatus(SentenceEnum):
    """What a proof found, or why there is none.

    Examples
    --------
    >>> ProofStatus.PROVED.sentence
    'proved'
    """

    PROVED = 0, "proved"
    NO_CONTRACTION = 1, "no box around the state contracts: no fixed point, or a fold too near"
    SINGULAR = 2, "I - J is singular to working precision: a continuum, a fold, a bifurcation"
    BLACK_BOX = 3, "not available: the step is not a canonical cell, so it cannot be enclosed"
    BORDER = 4, "an eigenvalue is too near the stability border"
    KINK = 5, "the Jacobian varies too much over the box: a kink of ReLU lies in it"
    NOT_TRIED = 6, "not tried, as no fixed point was proved"
    ESTIMATED = 7, "estimated in floating point, not proved"
    CONTINUUM = 8, "one of a continuum of fixed points, so that none stands alone"
    EMPTY = 9, "no fixed point is here: that is proved, the state is only slow"
    FAR = 10, "a fixed point is near, but further away than rounding explains; search from here"
    NOT_ASKED = 11, "not asked; pass the points to `certify`"


# A radius is known where a point is proved, and may be estimated or unknown elsewhere.
_RADIUS = Domain(least=0, finite="proved", missing=True)


@final
@dataclass(frozen=True, eq=False, repr=False)
class Certificate(Record):
    """What is proved about states, one row each.

    A proof is about the exact map with the weights as they are in float64, not about its rounded
    evaluation.

    Attributes
    ----------
    states, inputs
        What the rows are about, shapes (n, d) and (n, m).
    proved
        Whether a fixed point lies within `radius_exists` of the state, and none but it within
        `radius_unique`.
    radius_exists
        It lies within this of the state in every coordinate; NaN without a proof or estimate.
    radius_unique
        No other fixed point lies within this, in every coordinate of the unknowns: the state, h
        alone for an LSTM. Of weights of low rank it is true of the state, and of V^T r.
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
        A `ProofStatus` for existence, and one for the number of unstable directions.
    """

    derived: ClassVar[Mapping[str, Any]] = {
        "distinct": about("point", long_name="proved to be another than every other row's")
    }

    states: Float[np.ndarray, "n d"] = column(
        "point", "state", long_name="state", domain=Domain(finite=True)
    )
    inputs: Float[np.ndarray, "n m"] = column(
        "point", "input", long_name="input", domain=Domain(finite=True)
    )
    proved: Bool[np.ndarray, " n"] = column("point", long_name="exactly one fixed point is here")
    radius_exists: Float[np.ndarray, " n"] = column(
        "point", long_name="it lies within this", domain=_RADIUS
    )
    radius_unique: Float[np.ndarray, " n"] = column(
        "point", long_name="no other within this", domain=_RADIUS
    )
    radius_empty: Float[np.ndarray, " n"] = column(
        "point", long_name="none at all within this", domain=Domain(least=0, finite=True)
    )
    box: Float[np.ndarray, "n d"] = column(
        "point", "state", long_name="radii of its box", domain=_RADIUS
    )
    n_unstable_proved: Int[np.ndarray, " n"] = column(
        "point",
        long_name="unstable directions, -1 without a proof",
        domain=Domain(least=UNDECIDED, most="state"),
    )
    index_proved: Int[np.ndarray, " n"] = column(
        "point", long_name="index, 0 without a proof", domain=Domain(least=-1, most=1)
    )
    reason: Int[np.ndarray, " n"] = column(
        "point", long_name="finding (ProofStatus)", domain=Domain(options=ProofStatus)
    )
    stability_reason: Int[np.ndarray, " n"] = column(
        "point", long_name="finding on stability (ProofStatus)", domain=Domain(options=ProofStatus)
    )

    @classmethod
    def without_proof(
        cls, states: Float[np.ndarray, "n d"], inputs: Float[np.ndarray, "n m"], reason: ProofStatus
    ) -> Certificate:
        """Return a certificate that proves nothing about states, for one reason.

        Examples
        --------
        >>> Certificate.without_proof(np.zeros((2, 3)), np.zeros((2, 0)), ProofStatus.BLACK_BOX)
        Certificate: 0 of 2 proved
        """
        n = len(states)
        return cls(
            states=states,
            inputs=inputs,
            proved=np.zeros(n, dtype=bool),
            radius_exists=np.full(n, np.nan),
            radius_unique=np.full(n, np.nan),
            radius_empty=np.zeros(n),
            box=np.full(states.shape, np.nan),
            n_unstable_proved=np.full(n, UNDECIDED),
            index_proved=np.zeros(n, dtype=np.int64),
            reason=np.full(n, int(reason)),
            stability_reason=np.full(n, int(ProofStatus.NOT_TRIED)),
        )

    def __len__(self) -> int:
        return len(self.proved)

    def _contradictions(self) -> Iterator[str]:
        if (self.distinct & ~self.proved).any():
            yield "distinct: holds true where no fixed point is proved"
        if (self.proved & (self.radius_empty > 0)).any():
            yield "radius_empty: is not 0 where a fixed point is proved"

    def _display(self) -> Display:
        n, proved = len(self), int(self.proved.sum())
        if not proved:
            return Display(f"Certificate: 0 of {n} proved")
        exists, unique = self.radius_exists[self.proved], self.radius_unique[self.proved]
        return Display(
            f"Certificate: {proved} of {n} proved, in boxes of {exists.min():.0e} to "
            f"{exists.max():.0e}, each alone within {unique.min():.0e} or more"
        )

    @cached_property
    def distinct(self) -> Bool[np.ndarray, " n"]:
        """Whether a row is proved to be another fixed point than that of every other row.

        Its box is disjoint from all others, or their inputs differ. Of a row without a proof the
        state alone is taken.
        """
        if not self.proved.any():
            return self.proved
        extent = np.where(self.proved[:, None], self.box, 0.0)
        return self.proved & pairwise_disjoint(Interval(self.states, extent), self.inputs)

    @property
    def reasons(self) -> list[str]:
        """What was found of every row, in words."""
        return [ProofStatus(reason).sentence for reason in self.reason]

    @property
    def all_proved(self) -> bool:
        """Whether every row is proved."""
        return bool(self.proved.all())

    @property
    def all_distinct(self) -> bool:
        """Whether all rows are proved to be different points."""
        return bool(self.distinct.all())
