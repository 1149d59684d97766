"""Which points are proved to be one, and which to differ."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from certificate_cases import assert_true, elman, found, moved_to, scalar
from mpmath import mp

import reference
import stillpoint as sp
import zoo
from stillpoint.cells import VanillaCell
from stillpoint.proofs import prove
from stillpoint.proofs.identity import near_pairs_between


def test_copies_that_are_proved_to_be_one_point_are_merged(planted):
    system, points = planted
    shifted = replace(points.linearization, states=points.xstar * (1 + 1e-10))
    near = replace(points, linearization=shifted)
    twice = sp.FixedPoints.concatenate([points, near, points[::-1]])
    merged = sp.certify(system, twice)
    assert len(merged) == len(points)
    assert merged.certificate.all_distinct
    np.testing.assert_array_equal(np.sort(merged.hits), np.sort(3 * points.hits))
    assert merged.hits.sum() == twice.hits.sum() == (merged.starts.point >= 0).sum()
    reached = merged.starts.point[merged.starts.point >= 0]
    np.testing.assert_array_equal(np.bincount(reached), merged.hits)
    # one alone for every exact point
    distance = np.abs(merged.xstar[:, None] - points.xstar).max(axis=2)
    assert ((distance < 1e-8).sum(axis=0) == 1).all()


def test_one_state_under_two_inputs_is_two_points():
    cell = VanillaCell(0.5 * np.eye(1), np.array([[0.0]]), np.zeros(1))
    system = sp.as_system(cell)
    points = sp.certify(
        system, sp.find_fixed_points(system, np.zeros((4, 1)), [[0], [1], [0], [1]])
    )
    assert points.inputs.ravel().tolist() == [0, 1]
    assert points.certificate.distinct.all()


@pytest.mark.parametrize("distance", [1e-6, 1e-9, 1e-11, 1e-12, 1e-13])
def test_points_nearer_than_the_tolerance_of_the_search_are_told_apart(distance):
    place, fold = zoo.fold_of(2.0)
    b = fold + np.sign(place) * distance
    points = sp.find_fixed_points(scalar(2.0, b), np.linspace(-1, 1, 41)[:, None])
    certified = sp.certify(scalar(2.0, b), points)
    assert len(certified) == 3
    assert certified.certificate.all_proved
    assert certified.certificate.all_distinct
    assert certified.certificate.n_unstable_proved.tolist() == [0, 0, 1]
    assert certified.certificate.index_proved.tolist() == [1, 1, -1]
    assert certified.hits.sum() == 41
    assert certified.provenance == points.provenance
    for k in range(3):
        assert_true(elman(2.0, [b]), certified.xstar[k], [], certified.certificate, k)


@pytest.mark.torch
def test_points_of_a_float32_network_are_told_apart_in_float64():
    """Two points 47e-9 apart, which float32 cannot tell: both are proved, neither is dropped."""
    torch = pytest.importorskip("torch")
    gain, offset = 36.0, mp.mpf(7e-13)
    place = mp.sqrt(1 - 1 / mp.mpf(gain))
    b = mp.atanh(place) - gain * place + offset
    parts = []  # b as a sum of float32 numbers of falling size
    for scale in (1.0, 2.0**-20, 2.0**-40):
        rest = b - sum(mp.mpf(p) * mp.mpf(s) for p, s in parts)
        parts.append((float(np.float32(float(rest / scale))), scale))
    cell = VanillaCell(
        torch.tensor([[gain]]), torch.tensor([[2.0**-20, 2.0**-40]]), torch.tensor([parts[0][0]])
    )
    system, u = sp.as_system(cell), np.array([parts[1][0], parts[2][0]])
    half = float(mp.sqrt(offset / (gain * place)))
    x = [float(place) + side * half for side in (-1, 1)]
    exact = [float(reference.solve(cell, [v], u)[0]) for v in x]
    assert 3e-8 < exact[1] - exact[0] < 6e-8
    certificate = prove(system.dynamics, np.array(exact)[:, None], np.tile(u, (2, 1)))
    assert certificate.proved.all()
    assert certificate.n_unstable_proved.tolist() == [1, 0]
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None], u)
    both = moved_to(sp.FixedPoints.concatenate([points[:1], points[:1]]), np.array(exact)[:, None])
    assert len(sp.certify(system, both)) == 2


def test_copies_of_proved_points_that_are_merged_are_proved_to_be_distinct():
    """Two records of one search put together: each point is there twice, and then once."""
    system = zoo.independent_units(2).system("numpy")
    points = sp.certify(system, found(system))
    twice = sp.FixedPoints.concatenate([points, points])
    assert not twice.certificate.distinct.any()
    once = twice.unique()
    assert len(once) == 9
    assert once.certificate.all_distinct


def test_pairs_that_are_near_are_those_that_a_comparison_of_all_finds():
    rng = np.random.default_rng(0)
    first, second = rng.uniform(-1, 1, (200, 3)), rng.uniform(-1, 1, (300, 3))
    away = np.abs(first[:, None] - second).max(axis=2)
    pairs = near_pairs_between(first, second, 0.25)
    assert sorted(pairs.tolist()) == np.argwhere(away <= 0.25).tolist()
    assert len(near_pairs_between(first, second, np.inf)) == 200 * 300
