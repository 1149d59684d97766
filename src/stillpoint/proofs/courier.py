"""Sets of states that are carried along by a map until they lie in trapping balls.

A set is an affine form: a centre, the image of a ball, and what is not linear about it in further
generators, the smallest of which are boxed now and then. So it is seen in coordinates that move
along with it (Lohner 1992). It has arrived when it lies in the trapping ball of its target.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import numpy as np
from jaxtyping import Float, Int

from ..dynamics import Dynamics
from ..intervals import AffineForm, Interval
from .trapping_ball import TrappingBalls

# Generators of what is not linear that are kept, in multiples of the number of states.
_KEPT = 4

# Numbers in the generators of the sets that are carried together: 32 MiB.
_NUMBERS = 2**22

# Stand for what is not proved, and for what was still on its way after all steps.
UNPROVED, LATE = -1, -2


@dataclass(frozen=True, eq=False)
class Journeys:
    """Where sets are to go: each under an input for a while, then under another.

    Attributes
    ----------
    end
        Rows of the balls to which they are to go, shape (j,).
    inputs, duration
        What is held for how many steps, shapes (j, m) and (j,).
    rest
        The inputs after that, shape (j, m).
    goal
        The radii of the balls in which sets have arrived, shape (j,); 0 where there is none.
    stay
        So near to the centre of its ball a set is to stay, shape (j,).
    large
        A set that is larger says nothing any more, shape (j,).
    """

    end: Int[np.ndarray, " j"]
    inputs: Float[np.ndarray, "j m"]
    duration: Int[np.ndarray, " j"]
    rest: Float[np.ndarray, "j m"]
    goal: Float[np.ndarray, " j"]
    stay: Float[np.ndarray, " j"]
    large: Float[np.ndarray, " j"]

    def take(self, rows: Int[np.ndarray, " k"]) -> Journeys:
        """Return some of them."""
        return Journeys(*(getattr(self, field.name)[rows] for field in fields(self)))


@dataclass(frozen=True, eq=False)
class Courier:
    """What carries sets to balls, by a map over intervals, for so many steps of rest at most."""

    exact: Dynamics
    balls: TrappingBalls
    steps: int

    def arrivals(
        self, begin: Callable[[Int[np.ndarray, " k"]], AffineForm], journeys: Journeys
    ) -> Int[np.ndarray, " j"]:
        """Carry the sets that `begin` returns of some journeys until they lie in their balls.

        Return the step of rest from which on each was nowhere further than `stay` from the centre
        of its ball; `UNPROVED` where it did not arrive, `LATE` where it may with more steps.
        """
        size = max(1, _NUMBERS // (5 * self.exact.state_size**2))
        rows = np.arange(len(journeys.end))
        chunks = [rows[k : k + size] for k in range(0, len(rows), size)]
        parts = [self._chunk(begin, rows, journeys.take(rows)) for rows in chunks]
        return np.concatenate([np.zeros(0, dtype=np.int64), *parts])

    def _chunk(
        self,
        begin: Callable[[Int[np.ndarray, " k"]], AffineForm],
        rows: Int[np.ndarray, " j"],
        journeys: Journeys,
    ) -> Int[np.ndarray, " j"]:
        found, inside_from = np.full(len(rows), UNPROVED), np.zeros(len(rows), dtype=np.int64)
        left = np.flatnonzero(journeys.goal > 0)
        sets, now = begin(rows[left]), journeys.take(left)
        for step in range(1, self.steps + int(journeys.duration.max(initial=0)) + 1):
            if not len(left):
                break
            driven = (step <= now.duration)[:, None]
            u = Interval(np.where(driven, now.inputs, now.rest))
            sets = AffineForm.of(self.exact.step(sets, u)).remembered(_KEPT * sets.shape[1])
            quiet, away = step - now.duration, (sets - self.balls.centre[now.end]).length
            arrived = (quiet >= 0) & (self.balls.sizes(sets, now.end) <= now.goal)
            is_out = ~arrived & ~(away <= now.stay)
            inside_from[left] = np.where(is_out, quiet + 1, inside_from[left])
            goes_on = ~arrived & (AffineForm.of(sets - sets.mid).length <= now.large)
            told = np.where(arrived, np.maximum(inside_from[left], 0), UNPROVED)
            found[left] = np.where(goes_on & (quiet == self.steps), LATE, told)
            goes_on &= quiet < self.steps
            left, sets = left[goes_on], AffineForm.of(sets[goes_on])
            now = now.take(np.flatnonzero(goes_on))
        return found
