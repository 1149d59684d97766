"""Trapping regions that are proved."""

from __future__ import annotations

import numpy as np
import pytest
from enumeration_cases import NO_INPUT, ctln, leaky, leaky_rate, vanilla

from stillpoint.cells import (
    LeakyCell,
)
from stillpoint.intervals import Interval
from stillpoint.intervals.linalg import shrinking_vector
from stillpoint.proofs.enumeration import enumerate_states


@pytest.mark.parametrize("phi", ["relu", "softplus", "linear"])
@pytest.mark.parametrize("make", [lambda c: c, leaky, leaky_rate], ids=["vanilla", "leaky", "rate"])
def test_the_index_sum_is_known_where_a_trapping_region_is_proved(make, phi):
    assert make(vanilla(0.4 * np.eye(3), phi=phi)).lefschetz == 1
    assert make(vanilla(1.1 * np.eye(3), phi=phi)).lefschetz is None
    inhibited = make(vanilla([[0.5, -9.0], [0.0, 0.9]], phi=phi))
    assert inhibited.lefschetz == 1  # rho(|W|) = 0.9
    rival = make(vanilla([[0.0, -9.0], [-9.0, 0.0]], phi=phi))
    assert rival.lefschetz == (None if phi == "linear" else 1)  # W^+ = 0


def test_a_small_norm_traps_where_the_positive_part_does_not():
    rng = np.random.default_rng(0)
    W = rng.standard_normal((30, 30))
    W *= 0.99 / np.linalg.norm(W, 2)
    assert vanilla(W, phi="relu").maps_ball_into_itself
    cell = vanilla(W, phi="relu")
    same = LeakyCell(cell.W, cell.B, cell.b, np.full(30, 0.3), "relu")
    assert same.maps_ball_into_itself
    assert not leaky(cell).maps_ball_into_itself  # leaks that differ
    assert not leaky_rate(cell).maps_ball_into_itself


def test_a_radius_that_differs_from_one_by_rounding_traps_nothing():
    assert shrinking_vector(np.array([[1 - 2.0**-40]])) is not None
    assert shrinking_vector(np.array([[1 - 2.0**-53]])) is None


def test_states_stay_in_the_box_of_a_trapping_region():
    rng = np.random.default_rng(0)
    for _ in range(8):
        cell = ctln(rng.random((6, 6)) < 0.5)
        box = cell.interval_extension().rate_form(Interval(np.zeros((1, 0)))).bounds
        x = rng.uniform(0, 1, (200, 6)) * box.upper
        for _ in range(50):
            x = cell.step(x, np.zeros((200, 0)))
        assert (x <= box.upper).all()
        assert (enumerate_states(cell, NO_INPUT).states <= box.upper).all()
