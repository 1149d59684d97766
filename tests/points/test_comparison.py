"""Which points two records share, by proof and by distance."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError

CELL = sp.cells.VanillaCell(2 * np.eye(2), np.eye(2), np.zeros(2))
SYSTEM = sp.as_system(CELL)
ALL = sp.find_all_fixed_points(SYSTEM, np.zeros(2))


def test_a_record_is_equal_to_itself_in_any_order_and_by_proof():
    order = np.random.default_rng(0).permutation(9)
    found = ALL.compare(ALL[order])
    assert found.are_equal
    assert found.proved.all()
    assert order[found.second].tolist() == found.first.tolist() == list(range(9))
    assert found.distance.max() == 0
    assert "9 points in both (9 proved to be one), 0 only in the first" in repr(found)


def test_points_of_one_record_alone_are_told():
    found = ALL[[0, 3, 5]].compare(ALL[[5, 8, 0]])
    assert found.first.tolist() == [0, 2]
    assert found.second.tolist() == [2, 0]
    assert found.only_first.tolist() == [1]
    assert found.only_second.tolist() == [1]
    assert not found.are_equal


def test_a_search_without_proofs_is_compared_by_distance():
    plain = sp.find_fixed_points(SYSTEM, ALL.xstar + 1e-3, np.zeros(2), rounds=0)
    found = plain.compare(ALL)
    assert found.are_equal
    assert not found.proved.any()
    assert found.distance.max() < 1e-12


def test_what_is_proved_to_be_two_is_not_one_however_near():
    close = sp.as_system(sp.cells.VanillaCell(1.00002 * np.eye(1), np.zeros((1, 0)), np.zeros(1)))
    points = sp.find_all_fixed_points(close)
    assert len(points) == 3
    assert points.certificate.all_distinct
    gap = np.ptp(points.xstar)
    found = points[:1].compare(points[1:2], tolerance=2 * gap)
    assert len(found) == 0
    assert found.only_first.tolist() == found.only_second.tolist() == [0]
    without = replace(points, certificate=None)
    assert len(without[:1].compare(without[1:2], tolerance=2 * gap)) == 1


def test_points_far_apart_can_be_proved_one():
    moved = replace(ALL, linearization=replace(ALL.linearization, states=ALL.xstar + 1e-4))
    box = np.full((9, 2), 2e-4)
    wide = replace(moved.certificate, states=moved.xstar, box=box)
    found = ALL.compare(replace(moved, certificate=wide), tolerance=1e-9)
    assert found.are_equal
    assert found.proved.all()
    assert (found.distance > 0.6e-4).all()
    assert (found.distance < 1.001e-4).all()


def test_of_several_near_points_one_is_the_same():
    plain = sp.find_fixed_points(SYSTEM, ALL.xstar, np.zeros(2), rounds=0, orbits=False)
    found = plain[:1].compare(plain, tolerance=5.0)
    assert len(found) == 1
    assert not found.are_equal
    assert found.distance.tolist() == [0.0]


def test_the_same_weights_are_one_system_whatever_computes_them():
    torch = pytest.importorskip("torch")
    weights = sp.cells.VanillaCell(*map(torch.as_tensor, (CELL.W, CELL.B, CELL.b)))
    theirs = sp.find_all_fixed_points(sp.as_system(weights), np.zeros(2))
    assert ALL.compare(theirs).proved.all()


def test_inputs_are_part_of_a_point():
    other = sp.find_all_fixed_points(SYSTEM, np.full(2, 1e-9))
    assert len(ALL.compare(other)) == 0
    several = sp.FixedPoints.concatenate([ALL, other])
    assert several.compare(other).first.tolist() == list(range(9, 18))


def test_another_network_is_compared_without_proofs():
    trained = sp.as_system(sp.cells.VanillaCell(2 * np.eye(2) + 1e-9, np.eye(2), np.zeros(2)))
    found = ALL.compare(sp.find_all_fixed_points(trained, np.zeros(2)))
    assert found.are_equal
    assert not found.same_system
    assert not found.proved.any()
    assert "not known to be of one system" in repr(found)


def test_a_comparison_survives_its_file(tmp_path):
    found = ALL[[0, 3, 5]].compare(ALL[[5, 8, 0]])
    again = sp.load(found.save(tmp_path / "comparison.nc"))
    assert repr(again) == repr(found)
    assert again.only_second.tolist() == [1]


def test_nothing_is_in_both_of_empty_records():
    nothing = ALL[[]]
    found = nothing.compare(ALL)
    assert found.only_second.tolist() == list(range(9))
    assert nothing.compare(nothing).are_equal


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_what_does_not_fit_is_refused():
    other = sp.find_all_fixed_points(
        sp.as_system(sp.cells.VanillaCell(np.eye(1), np.zeros((1, 0)), np.zeros(1)))
    )
    for wrong in (other, 3, ALL.linearization):
        with pytest.raises(ArgumentError, match=r"^other: "):
            ALL.compare(wrong)
    for wrong in (0, -1.0, "a", np.nan):
        with pytest.raises(ArgumentError, match=r"^tolerance: "):
            ALL.compare(ALL, wrong)
