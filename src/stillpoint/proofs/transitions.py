"""From which ball around a rest state which input leads where, for every state of the ball.

Balls are carried through the input and the rest after it (`courier`). A transition is about every
state of a ball and ends in the ball of its target, so transitions follow each other: by induction
what is proved of each input is proved of every sequence of them, if the rest in between is as long
as the longest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from ..dynamics import Dynamics
from ..intervals import AffineForm
from .courier import UNPROVED, Courier, Journeys
from .trapping_ball import trapping_balls

# Radii are sought by so many halvings between half the way to the next rest state and so many
# octaves less.
_HALVINGS, _OCTAVES = 6, 12.0

# Balls that fail once they are one for all inputs are made smaller by a factor, a few times.
_ATTEMPTS, _LESS = 4, 0.8

# A set that is so many times as large as the rest states are apart holds too many to arrive.
_LARGE = 1.0


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
    end = np.concatenate([stay, table[begin, letter]])
    journeys = Journeys(
        end=end,
        inputs=np.concatenate([np.tile(rest, (len(stay), 1)), inputs[letter]]),
        duration=np.concatenate([0 * stay, duration[letter]]),
        rest=np.tile(rest, (len(end), 1)),
        goal=balls.radius[end],
        stay=np.full(len(end), np.inf),
        large=np.full(len(end), _LARGE * _to_the_next(states).max()),
    )
    carried = _Carried(Courier(exact, balls, steps), np.concatenate([stay, begin]), journeys)
    own = carried.widest()
    n = len(states)
    radius = np.full(n, np.inf)
    np.minimum.at(radius, carried.begin, np.where(own > 0, own, np.inf))
    radius = np.where(own[:n] > 0, radius, 0.0)
    for _ in range(_ATTEMPTS):  # a smaller ball need not do what a larger one does
        silence = carried.silence(radius)
        failed = (own > 0) & (silence < 0)
        if not failed.any():
            break
        radius[carried.begin[failed]] *= _LESS
    settles = silence[:n] >= 0
    found = np.full(table.shape, UNPROVED)
    holds = settles[begin] & settles[end[n:]] & (silence[n:] >= 0)
    found[begin, letter] = np.where(holds, silence[n:], UNPROVED)
    return np.where(settles, radius, 0.0), found


@dataclass(frozen=True, eq=False)
class _Carried:
    """Balls around rest states, the rows `begin`, on their journeys."""

    courier: Courier
    begin: Int[np.ndarray, " j"]
    journeys: Journeys

    def widest(self) -> Float[np.ndarray, " j"]:
        """Return the largest radius, of those tried, with which each arrives; 0 for none.

        States are asked for the radius with which all of theirs arrive: where one does not, only
        such are tried with less.
        """
        high = np.log2(0.5 * _to_the_next(self.courier.balls.centre))
        low, begin = high - _OCTAVES, self.begin
        best = self._arriving(2.0 ** low[begin])
        asked = best > 0
        for _ in range(_HALVINGS):
            middle = 0.5 * (low + high)
            found = self._arriving(np.where(asked, 2.0 ** middle[begin], 0.0))
            best = np.maximum(best, found)
            fails = asked & (found == 0)
            is_less = np.isin(np.arange(len(high)), begin[fails])
            asked = np.where(is_less[begin], fails, asked)
            low, high = np.where(is_less, low, middle), np.where(is_less, middle, high)
        return best

    def silence(self, radius: Float[np.ndarray, " s"]) -> Int[np.ndarray, " j"]:
        """Return the steps of rest from which on they are in the balls of their ends."""
        balls, end = self.courier.balls, self.journeys.end
        goal = np.minimum(balls.radius, np.nextafter(radius / balls.reach, 0.0))
        inside = replace(self.journeys, goal=goal[end], stay=radius[end])
        return self._arrivals(radius[self.begin], inside)

    def _arriving(self, radius: Float[np.ndarray, " j"]) -> Float[np.ndarray, " j"]:
        """Return the radii of those that arrive, 0 for others."""
        return np.where(self._arrivals(radius, self.journeys) >= 0, radius, 0.0)

    def _arrivals(
        self, radius: Float[np.ndarray, " j"], journeys: Journeys
    ) -> Int[np.ndarray, " j"]:
        """Carry balls of such radii, if they are more than a state."""
        centre, identity = self.courier.balls.centre, np.eye(self.courier.balls.centre.shape[1])

        def begin(rows: Int[np.ndarray, " k"]) -> AffineForm:
            return AffineForm.ellipsoid(
                centre[self.begin[rows]], radius[rows, None, None] * identity
            )

        journeys = replace(journeys, goal=np.where(radius > 0, journeys.goal, 0.0))
        return self.courier.arrivals(begin, journeys)


def _to_the_next(x: Float[np.ndarray, "s d"]) -> Float[np.ndarray, " s"]:
    """Return how far each rest state is from the nearest other; its size where it is alone."""
    if len(x) == 1:
        return np.maximum(1.0, np.linalg.norm(x, axis=1))
    away = np.linalg.norm(x[:, None] - x, axis=2)
    return (away + np.diag(np.full(len(x), np.inf))).min(axis=1)
