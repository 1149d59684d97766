"""Sets arrive where all of them does, and what does not is told apart."""

from __future__ import annotations

import numpy as np
import pytest

from stillpoint import cells
from stillpoint.intervals import AffineForm
from stillpoint.proofs.courier import LATE, UNPROVED, Courier, Journeys
from stillpoint.proofs.trapping_ball import trapping_balls

#: x' = tanh(2 x) settles on M from x > 0, and on -M from x < 0.
M = 0.9575040240772688
ONE = cells.VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1)).interval_extension()
BALLS = trapping_balls(ONE, np.array([[M], [-M]]), np.zeros((2, 0)))


def carried(centre, radius, end=0, steps=60, large=np.inf, goal=None, stay=np.inf):
    none, one = np.zeros((1, 0)), np.ones(1)
    goal = BALLS.radius[[end]] if goal is None else goal * one
    journey = Journeys(
        np.array([end]), none, np.zeros(1, dtype=int), none, goal, stay * one, large * one
    )
    begin = lambda rows: AffineForm.ellipsoid(  # noqa: E731
        np.full((len(rows), 1), centre), np.full((len(rows), 1, 1), radius)
    )
    with np.errstate(all="ignore"):
        return Courier(ONE, BALLS, steps).arrivals(begin, journey)[0]


@pytest.mark.parametrize(
    ("radius", "arrives"), [(0.4, True), (0.8, True), (0.96, False), (1.2, False)]
)
def test_a_set_arrives_if_all_of_it_does(radius, arrives):
    """Its middle is at M from the beginning; the border of the basin is at 0."""
    assert (carried(M, radius) >= 0) == arrives
    assert carried(M, radius, end=1) < 0


def test_when_it_arrives_is_told():
    x, steps = 0.01, 0
    while abs(x - M) > BALLS.radius[0]:
        x, steps = np.tanh(2 * x), steps + 1
    assert carried(0.01, 1e-9, stay=0.0) == steps
    assert carried(0.01, 1e-9, steps=steps - 1) == LATE
    assert carried(0.01, 1e-9, stay=0.6) in range(1, steps + 1)


def test_what_is_too_large_is_given_up_and_what_has_no_goal_never_left():
    assert carried(0.1, 0.5, large=0.1) == UNPROVED
    assert carried(0.1, 0.05, goal=0.0) == UNPROVED
