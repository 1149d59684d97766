"""From which ball around a rest state which input leads where, for every state of the ball.

Balls are carried through the input and the rest after it as affine forms: a centre, the image of
the ball, and what is not linear about it in further generators, the smallest of which are boxed now
and then. So a set is seen in coordinates that move along with it (Lohner 1992). It has arrived when
it lies in a trapping ball of its target. A transition is about every state of a ball and ends in
the ball of its target, so transitions follow each other: by induction what is proved of each input
is proved of every sequence of them, if the rest in between is as long as the longest.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from ..dynamics import Dynamics
from ..intervals import AffineForm, Interval
from .trapping_ball import TrappingBalls, trapping_balls

# Generators of what is not linear that are kept, in multiples of the number of states.
_KEPT = 4

# Radii are sought by so many halvings between half the way to the next rest state and so many
# octaves less.
_HALVINGS, _OCTAVES = 7, 12.0

# Balls that fail once they are one for all inputs are made smaller by a factor, a few times.
_ATTEMPTS, _LESS = 4, 0.8

# A set that is so many times as large as the rest states are apart does not come back.
_GONE = 10.0

# Numbers in the generators of the sets that are carried together: 32 MiB.
_NUMBERS = 2**22

# Stands for a transition that is not proved.
UNPROVED = -1


@dataclass(frozen=True, eq=False)
class Journeys:
    """What is to be proved: balls around states, each under an input for a while, then at rest.

    Attributes
    ----------
    begin, end
        Rows of the rest states from which, and to which, shape (j,).
    inputs, duration
        What is held for how many steps, shapes (j, m) and (j,).
    """

    begin: Int[np.ndarray, " j"]
    end: Int[np.ndarray, " j"]
    inputs: Float[np.ndarray, "j m"]
    duration: Int[np.ndarray, " j"]

    def take(self, rows: Int[np.ndarray, " k"]) -> Journeys:
        """Return some of them."""
        return Journeys(self.begin[rows], self.end[rows], self.inputs[rows], self.duration[rows])


@np.errstate(all="ignore")
def prove_transitions(
    dynamics: Dynamics,
    states: Float[np.ndarray, "s d"],
    rest: Float[np.ndarray, " m"],
    inputs: Float[np.ndarray, "l m"],
    duration: Int[np.ndarray, " l"],
    table: Int[np.ndarray, "s l"],
    steps: int,
) -> tuple[Float[np.ndarray, " s"], Int[np.ndarray, "s l"]]:
    """Return balls around rest states, and after how much rest each input leads to the next ball.

    Every state within its radius settles on the rest state, and every input that is proved takes
    it into the ball of its entry in the table, where it is after so many steps of rest, and stays
    as long as the rest lasts. Radii are as large as is proved; 0 and `UNPROVED` where nothing is.

    Parameters
    ----------
    dynamics
        A map.
    states, rest
        Rest states under the input `rest`, to rounding.
    inputs, duration
        What is held for how many steps.
    table
        Where each input leads from each state, negative for no entry.
    steps
        Of rest, at most.
    """
    exact = dynamics.interval_extension()
    if exact is None:
        return np.zeros(len(states)), np.full(table.shape, UNPROVED)
    balls = trapping_balls(exact, states, np.tile(rest, (len(states), 1)))
    begin, letter = np.nonzero(table >= 0)
    stay = np.arange(len(states))  # first of all: at rest, where they are
    journeys = Journeys(
        np.concatenate([stay, begin]),
        np.concatenate([stay, table[begin, letter]]),
        np.concatenate([np.tile(rest, (len(stay), 1)), inputs[letter]]),
        np.concatenate([0 * stay, duration[letter]]),
    )
    courier = _Courier(exact, balls, rest, steps)
    own = courier.widest(journeys)
    n = len(states)
    radius = np.full(n, np.inf)
    np.minimum.at(radius, journeys.begin, np.where(own > 0, own, np.inf))
    radius = np.where(own[:n] > 0, radius, 0.0)
    for _ in range(_ATTEMPTS):  # a smaller ball need not do what a larger one does
        silence = courier.silence(journeys, radius)
        failed = (own > 0) & (silence < 0)
        if not failed.any():
            break
        radius[journeys.begin[failed]] *= _LESS
    settles = silence[:n] >= 0
    found = np.full(table.shape, UNPROVED)
    ends = settles[journeys.begin[n:]] & settles[journeys.end[n:]]
    found[begin, letter] = np.where(ends, silence[n:], UNPROVED)
    return np.where(settles, radius, 0.0), found


@dataclass(frozen=True, eq=False)
class _Courier:
    """What carries balls to other balls."""

    exact: Dynamics
    balls: TrappingBalls
    rest: Float[np.ndarray, " m"]
    steps: int

    def widest(self, journeys: Journeys) -> Float[np.ndarray, " j"]:
        """Return the largest radius, of those tried, with which each arrives; 0 for none."""
        high = np.log2(0.5 * self._to_the_next)[journeys.begin]
        low, best = high - _OCTAVES, np.zeros(len(high))
        anywhere = np.full(len(self.balls.centre), np.inf)
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            arrives = self._carried(journeys, 2.0**middle, self.balls.radius, anywhere) >= 0
            best = np.where(arrives, 2.0**middle, best)
            low, high = np.where(arrives, middle, low), np.where(arrives, high, middle)
        return best

    def silence(self, journeys: Journeys, radius: Float[np.ndarray, " s"]) -> Int[np.ndarray, " j"]:
        """Return the steps of rest from which on they are in the balls of their ends."""
        goal = np.minimum(self.balls.radius, np.nextafter(radius / self.balls.reach, 0.0))
        return self._carried(journeys, radius[journeys.begin], goal, radius)

    def _carried(
        self,
        journeys: Journeys,
        begin: Float[np.ndarray, " j"],
        goal: Float[np.ndarray, " s"],
        stay: Float[np.ndarray, " s"],
    ) -> Int[np.ndarray, " j"]:
        """Carry balls of radii `begin` until they lie in trapping balls of radii `goal`.

        Return the step of rest from which on each was nowhere outside of the ball of radius `stay`
        around its end; `UNPROVED` where it did not arrive.
        """
        size = max(1, _NUMBERS // (5 * self.exact.state_size**2))
        chunks = [np.arange(len(begin))[k : k + size] for k in range(0, len(begin), size)]
        return np.concatenate(
            [self._chunk(journeys.take(rows), begin[rows], goal, stay) for rows in chunks]
        )

    def _chunk(
        self,
        journeys: Journeys,
        begin: Float[np.ndarray, " j"],
        goal: Float[np.ndarray, " s"],
        stay: Float[np.ndarray, " s"],
    ) -> Int[np.ndarray, " j"]:
        found, inside_from = np.full(len(begin), UNPROVED), np.zeros(len(begin), dtype=np.int64)
        left = np.flatnonzero((begin > 0) & (goal[journeys.end] > 0))
        centre, d = self.balls.centre, self.exact.state_size
        R = begin[left, None, None] * np.eye(d)
        sets, now = AffineForm.ellipsoid(centre[journeys.begin[left]], R), journeys.take(left)
        gone = _GONE * self._to_the_next.max()
        for step in range(1, self.steps + int(journeys.duration.max(initial=0)) + 1):
            if not len(left):
                break
            driven = (step <= now.duration)[:, None]
            u = Interval(np.where(driven, now.inputs, self.rest))
            sets = AffineForm.of(self.exact.step(sets, u)).remembered(_KEPT * d)
            quiet, away = step - now.duration, (sets - centre[now.end]).length
            arrived = (quiet >= 0) & (self.balls.sizes(sets, now.end) <= goal[now.end])
            is_out = ~arrived & ~(away <= stay[now.end])
            inside_from[left] = np.where(is_out, quiet + 1, inside_from[left])
            found[left[arrived]] = np.maximum(inside_from[left[arrived]], 0)
            goes_on = ~arrived & (away <= gone) & (quiet < self.steps)
            left, sets = left[goes_on], AffineForm.of(sets[goes_on])
            now = now.take(np.flatnonzero(goes_on))
        return found

    @property
    def _to_the_next(self) -> Float[np.ndarray, " s"]:
        """How far each rest state is from the nearest other; its size where it is alone."""
        x = self.balls.centre
        if len(x) == 1:
            return np.maximum(1.0, np.linalg.norm(x, axis=1))
        away = np.linalg.norm(x[:, None] - x, axis=2)
        return (away + np.diag(np.full(len(x), np.inf))).min(axis=1)
