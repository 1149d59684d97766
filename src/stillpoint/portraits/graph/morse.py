"""Whether points, cycles and curves can be all there are: Morse inequalities, also for twists.

Where a network sends a ball into itself and has finitely many fixed points and cycles, all of them
hyperbolic, those with u unstable directions are counted by polynomials in t with the term t^u. For
a flow their sum is 1 + (1 + t) Q(t), and no coefficient of Q is negative (Smale 1960). For a map
there is one such sum for every eigenvalue z that it has on homology (Shub and Sullivan 1975; Franks
1982): a cycle of period k counts where z^k is the sign of its determinant on the unstable
directions, and only z = 1 has the 1.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Complex, Float, Int

from ...points import OrbitEnd

# An eigenvalue e^(2 pi i a) of homology, by its angle a in turns.
Angle = Fraction


@dataclass(frozen=True)
class MorseCheck:
    """The sums by eigenvalue, and those that break the inequalities.

    Attributes
    ----------
    counts
        For each eigenvalue, by its angle in turns, how many have 0, 1, 2, ... unstable directions.
    broken
        The angles at which something is missing, or should not be there.
    """

    counts: Mapping[Angle, tuple[int, ...]]
    broken: tuple[Angle, ...]

    @property
    def holds(self) -> bool:
        """Whether points and cycles can be all there are."""
        return not self.broken

    @property
    def sentence(self) -> str:
        """The finding in words."""
        if self.holds:
            return "the Morse inequalities hold"
        return (
            "the Morse inequalities are broken: there is a point, cycle or closed curve that is "
            "not among these"
        )


def items_of(
    kind: Int[np.ndarray, " n"],
    n_unstable: Int[np.ndarray, " n"],
    sign: Int[np.ndarray, " n"],
    period: Float[np.ndarray, " n"],
    *,
    is_flow: bool,
) -> list[tuple[int, int, int]]:
    """Return what `morse_check` counts of some nodes; a closed line is as good as two points."""
    items = []
    for row in range(len(kind)):
        u, one = int(n_unstable[row]), int(sign[row])
        if kind[row] == OrbitEnd.CURVE or (kind[row] == OrbitEnd.CYCLE and is_flow):
            items += [(u, 1, one), (u + 1, 1, one)]
        else:
            items.append((u, int(period[row]), one))
    return items


def signs(multipliers: Complex[np.ndarray, "n e"]) -> Int[np.ndarray, " n"]:
    """Return the sign of the determinant of each map on its unstable directions."""
    below = (multipliers.imag == 0) & (multipliers.real < -1)
    return np.where(below.sum(axis=1) % 2, -1, 1)


def morse_check(items: Iterable[tuple[int, int, int]]) -> MorseCheck:
    """Return the check of (unstable directions, period, sign of the determinant on them).

    A closed curve counts as two items: with its own directions, and with one more.

    Examples
    --------
    >>> morse_check([(0, 1, 1)] * 8 + [(1, 1, 1)] * 12 + [(2, 1, 1)] * 6 + [(3, 1, 1)]).holds
    True
    >>> morse_check([(0, 1, 1)] * 2).holds  # two memories, and nothing between them
    False
    >>> morse_check([(0, 2, 1), (1, 1, -1)]).holds  # a cycle of two around a point that flips
    True
    """
    counts: dict[Angle, dict[int, int]] = {Fraction(0): {}}
    for directions, period, sign in items:
        shift = Fraction(0) if sign > 0 else Fraction(1, 2)
        for j in range(period):
            own = counts.setdefault((shift + j) / period % 1, {})
            own[directions] = own.get(directions, 0) + 1
    rows = {
        angle: tuple(own.get(u, 0) for u in range(max(own, default=0) + 1))
        for angle, own in sorted(counts.items())
    }
    broken = tuple(a for a, row in rows.items() if not _is_possible(row, int(a == 0)))
    return MorseCheck(rows, broken)


def _is_possible(row: tuple[int, ...], ball: int) -> bool:
    """Whether sum_u row_u t^u = ball + (1 + t) Q(t) with no negative coefficient in Q."""
    left = np.array(row, dtype=np.int64)
    left[0] -= ball
    quotient = 0
    for count in left:  # of t^u: q_u + q_(u-1)
        quotient = int(count) - quotient
        if quotient < 0:
            return False
    return quotient == 0
