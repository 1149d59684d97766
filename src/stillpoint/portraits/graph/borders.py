"""Borders between directions of a saddle that lead to different attractors, found by halving."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from .sides import UnstableSides

# Pairs of directions of one saddle that are halved, at most.
_PAIRS = 64


@dataclass(frozen=True, eq=False)
class Borders:
    """Pairs of directions of saddles that lead to different attractors: a border lies between.

    Attributes
    ----------
    own, point
        Which saddle each pair is of, and that state.
    one, other
        Where the two orbits begin, seen from there, shape (j, d).
    target
        Where `one` leads.
    """

    own: Int[np.ndarray, " j"]
    point: Float[np.ndarray, "j d"]
    one: Float[np.ndarray, "j d"]
    other: Float[np.ndarray, "j d"]
    target: Int[np.ndarray, " j"]

    @classmethod
    def of(
        cls, sides: Sequence[UnstableSides], targets: Sequence[Int[np.ndarray, " k"]]
    ) -> Borders:
        """Return the borders of saddles with several unstable directions."""
        pairs = [
            [_nearest_pairs(side.vectors, led)[k][:_PAIRS] for k in (0, 1)]
            for side, led in zip(sides, targets, strict=True)
        ]
        d = len(sides[0].point)
        several = list(zip(sides, pairs, strict=True))
        one, other = (
            np.concatenate([side.offsets[pair[k]] for side, pair in several]) for k in (0, 1)
        )
        own = np.repeat(np.arange(len(sides)), [len(pair[0]) for pair in pairs])
        point = np.array([side.point for side in sides]).reshape(-1, d)[own]
        target = np.concatenate([led[pair[0]] for led, pair in zip(targets, pairs, strict=True)])
        return cls(own, point, one, other, target)

    @property
    def starts(self) -> Float[np.ndarray, "j d"]:
        """Where the orbits of `one` begin."""
        return self.point + self.one

    def halved(self, lead: Callable[[Float[np.ndarray, "j d"]], Int[np.ndarray, " j"]]) -> Borders:
        """Return the borders between directions half as far apart; `lead` says where orbits go."""
        middle = self.one + self.other
        size = np.linalg.norm(self.one, axis=1, keepdims=True)
        middle *= size / np.linalg.norm(middle, axis=1, keepdims=True)
        same = (lead(self.point + middle) == self.target)[:, None]
        one, other = np.where(same, middle, self.one), np.where(same, self.other, middle)
        return replace(self, one=one, other=other)


def _nearest_pairs(
    vectors: Float[np.ndarray, "k p"], targets: Int[np.ndarray, " k"]
) -> tuple[Int[np.ndarray, " j"], Int[np.ndarray, " j"]]:
    """Return pairs of directions with different targets: the nearest of every two targets.

    In a plane all neighbours, so that no border between them is left out; on a line none, as
    between its two sides there is only the saddle.
    """
    if vectors.shape[1] == 1:
        return targets[:0], targets[:0]
    if vectors.shape[1] == 2:
        order = np.argsort(np.arctan2(*vectors.T))
        after = np.roll(order, -1)
        differ = targets[order] != targets[after]
        return order[differ], after[differ]
    cosine, pairs = vectors @ vectors.T, []
    for s in np.unique(targets):
        for t in np.unique(targets[targets > s]):
            rows, columns = np.flatnonzero(targets == s), np.flatnonzero(targets == t)
            best = np.unravel_index(
                cosine[np.ix_(rows, columns)].argmax(), (len(rows), len(columns))
            )
            pairs.append((rows[best[0]], columns[best[1]]))
    both = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return both[:, 0], both[:, 1]
