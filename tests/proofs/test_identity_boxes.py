"""What is said of boxes that touch, nearly touch, or lie in each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from stillpoint.intervals import Interval
from stillpoint.proofs import Certificate, ProofStatus
from stillpoint.proofs.enumeration.zeros import Zeros
from stillpoint.proofs.identity import near_pairs, one_point, pairwise_disjoint, touching


def boxes(mid, radius):
    """Return boxes in two dimensions, of which the second hardly differs."""
    mid = np.array(mid, dtype=np.float64)
    centres = np.stack([mid, np.zeros_like(mid)], axis=1)
    return Interval(centres, np.broadcast_to(np.array(radius)[..., None], (len(mid), 2)).copy())


def certificate(states, radius, inputs=None, proved=True):
    """Return a certificate with boxes around states on a line."""
    x = boxes(states, radius)
    u = np.zeros((len(states), 0)) if inputs is None else np.array(inputs, dtype=np.float64)
    nothing = Certificate.without_proof(x.mid, u, ProofStatus.PROVED)
    return replace(
        nothing,
        proved=np.broadcast_to(proved, len(states)).copy(),
        box=x.radius,
        radius_exists=x.radius.max(axis=1),
    )


@pytest.mark.parametrize(
    ("distance", "distinct"),
    [(0.0, False), (0.9, False), (1.5, False), (1.999, False), (2.0, False), (2.001, True)],
)
def test_points_are_distinct_where_their_boxes_are_disjoint(distance, distinct):
    record = certificate([0.0, distance], 1.0)
    assert record.distinct.tolist() == [distinct, distinct]
    assert record.all_distinct == distinct
    assert pairwise_disjoint(boxes([0.0, distance], 1.0)).tolist() == [distinct, distinct]


def test_boxes_of_very_different_sizes_meet_where_the_sum_of_their_radii_reaches():
    for distance, distinct in ((5.0, False), (5.09, False), (5.11, True)):
        record = certificate([0.0, distance, 100.0], [5.0, 0.1, 0.1])
        assert record.distinct.tolist() == [distinct, distinct, True]


def test_one_coordinate_in_which_boxes_are_disjoint_is_enough():
    states = np.array([[0.0, 0.0], [0.5, 3.0]])
    assert pairwise_disjoint(Interval(states, np.ones((2, 2)))).all()


def test_rows_under_different_inputs_are_distinct_wherever_they_are():
    record = certificate([0.0, 0.0, 0.0], 1.0, inputs=[[0.0, 1.0], [0.0, 2.0], [0.0, 1.0]])
    assert record.distinct.tolist() == [False, True, False]


def test_what_is_not_proved_is_not_distinct_and_hides_only_what_it_lies_in():
    record = certificate([0.0, 0.5, 9.0], 1.0, proved=[True, False, False])
    assert record.distinct.tolist() == [False, False, False]
    record = certificate([0.0, 1.5, 9.0], 1.0, proved=[True, False, True])
    assert record.distinct.tolist() == [True, False, True]


def test_boxes_without_bounds_are_disjoint_from_nothing():
    record = certificate([0.0, 5.0, 9.0], [np.inf, 1.0, 1.0])
    assert not record.distinct.any()
    for radius in (1e308, np.inf, np.nan):
        assert len(touching(boxes([0.0, 5.0, 9.0], [radius, 1.0, 1.0]))) == 2


def test_boxes_that_touch_at_large_numbers_are_not_told_apart_by_rounding():
    """Neighbouring floating-point numbers, with radii that reach half way to each other."""
    first = 1e6 + 1 / 3
    second = np.nextafter(first, np.inf)
    assert len(touching(boxes([first, second], (second - first) / 2))) == 1
    assert len(touching(boxes([first, first + 3e-9], 1e-9))) == 0


def test_all_pairs_within_reach_are_found():
    rng = np.random.default_rng(0)
    centres = np.round(rng.uniform(0, 3, (60, 2)), 1)  # many exactly at the distance
    distance = np.abs(centres[:, None] - centres).max(axis=2)
    found = {tuple(sorted(pair)) for pair in near_pairs(centres, 0.5).tolist()}
    wanted = {(i, j) for i, j in zip(*np.nonzero(distance <= 0.5), strict=True) if i < j}
    assert wanted <= found
    assert all(distance[i, j] < 0.5001 for i, j in found)
    assert len(near_pairs(np.zeros((0, 2)), 1.0)) == 0
    assert near_pairs(np.zeros((3, 1)), np.inf).tolist() == [[0, 1], [0, 2], [1, 2]]


def test_centres_that_differ_by_rounding_are_near():
    """The tree computes distances with the rounding errors of numbers as large as the centres."""
    centres = np.array([[1e6 + 1 / 3], [np.nextafter(1e6 + 1 / 3, np.inf)]])
    assert near_pairs(centres, 0.0).tolist() == [[0, 1]]


def test_points_are_one_where_a_box_lies_in_a_box_with_one_point():
    where, unique = boxes([0.0, 0.8, 9.0, 0.3], 0.1), boxes([0.0, 0.8, 9.0, 0.3], 1.0)
    assert one_point(where, unique).tolist() == [0, 0, 1, 0]
    assert one_point(where[:3], boxes([0.0, 0.8, 9.0], 0.85)).tolist() == [0, 1, 2]


def test_one_direction_is_enough_and_chains_count():
    """The first holds the second only, the third holds the second too."""
    where = boxes([0.0, 2.0, 5.0], 0.1)
    unique = boxes([0.0, 2.0, 5.0], [2.5, 0.1, 3.5])
    assert one_point(where, unique).tolist() == [0, 0, 0]
    assert one_point(where[::-1], unique[::-1]).tolist() == [0, 0, 0]


def test_boxes_with_one_point_may_lie_off_the_boxes_that_hold_it():
    where = boxes([0.9, 4.5], 0.1)
    unique = Interval(np.array([[3.0, 0.0], [4.5, 0.0]]), np.array([[2.5, 1.0], [0.2, 0.2]]))
    assert one_point(where, unique).tolist() == [0, 0]


def test_rows_without_a_proof_or_under_other_inputs_are_points_of_their_own():
    where, alone = boxes([0.0, 0.1, 0.2], 0.1), boxes([0.0, 0.1, 0.2], [1.0, np.nan, 1.0])
    assert one_point(where, alone).tolist() == [0, 0, 0]  # the second lies in the first
    nothing = boxes([0.0, 0.1, 0.2], np.nan)
    assert one_point(nothing, nothing).tolist() == [0, 1, 2]
    assert one_point(where, alone, np.array([[1.0], [2.0], [1.0]])).tolist() == [0, 1, 0]


def zeros(mid, where, unique):
    return Zeros(boxes(mid, unique), boxes(mid, where))


@pytest.mark.parametrize(("distance", "unresolved"), [(1.5, 1), (1.99, 1), (2.01, 0)])
def test_zeros_in_boxes_that_meet_are_not_resolved(distance, unresolved):
    assert zeros([0.0, distance], 1.0, 1.0).unresolved == unresolved
    assert zeros([0.0, distance, distance + 1.5], 1.0, 1.0).unresolved == unresolved + 1


def test_zeros_are_resolved_where_they_lie_and_not_where_they_are_alone():
    assert zeros([0.0, 1.5], 0.1, 1.0).unresolved == 0


def test_zeros_are_joined_where_they_are_proved_to_be_one():
    first, second = zeros([0.0, 9.0], 0.1, 1.0), zeros([0.8, 5.0], 0.1, 0.5)
    both = first.joined(second)
    assert both.where.mid[:, 0].tolist() == [0.0, 9.0, 5.0]
    assert both.unique.radius[:, 0].tolist() == [1.0, 1.0, 0.5]
    assert len(first.joined(Zeros.none(2))) == len(Zeros.none(2).joined(first)) == 2


def test_only_boxes_inside_one_that_holds_one_zero_are_covered():
    here = zeros([0.0, 9.0], 0.1, 1.0)
    assert here.covers(boxes([0.5, 0.95, 9.0, 4.5], [0.4, 0.1, 1.0, 0.1])).tolist() == [
        *(True, False, False, False)
    ]
