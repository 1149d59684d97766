"""Cubes that are proved to hold one zero, or none."""

from __future__ import annotations

from functools import cache

import numpy as np
from certificate_cases import SEEDS, cubes_around
from hypothesis import given, settings
from mpmath import mp

import reference
import zoo
from stillpoint.cells import VanillaCell
from stillpoint.proofs import prove


@cache
def known_networks():
    return zoo.planted(2), zoo.independent_units(2), zoo.cosine_ring(6), zoo.hopfield(2.0)


@given(seed=SEEDS)
@settings(max_examples=40)
def test_a_cube_that_is_proved_empty_holds_no_point(seed):
    rng = np.random.default_rng(seed)
    network = known_networks()[rng.integers(4)]
    d = network.cell.state_size
    base = network.points[rng.integers(0, len(network.points), 30)]
    y = base + 10.0 ** rng.uniform(-9, 0.3, (30, 1)) * rng.uniform(-1, 1, (30, d))
    cubes = cubes_around(network.cell, y)
    distance = np.abs(y[:, None, :] - network.points).max(axis=2).min(axis=1)
    for share in (0.3, 0.9, 1.0 + 1e-6, 1.1, 3.0):
        empty = cubes.hold_none(share * distance)
        assert not empty[share * distance > distance + network.digits].any()
    alone = cubes.existence()[0]
    assert not cubes.hold_none(alone)[np.isfinite(alone)].any()
    assert (cubes.emptiness() <= distance + network.digits).all()


@given(seed=SEEDS)
@settings(max_examples=25)
def test_a_box_that_holds_one_point_holds_no_other(seed):
    """Newton's method in multiple precision from all over the cube ends at the same point."""
    rng = np.random.default_rng(seed)
    network = (zoo.planted(2), zoo.scalar(2.0, 0.999 * zoo.fold_of(2.0)[1]))[seed % 2]
    d = network.cell.state_size
    points = network.points[rng.integers(0, len(network.points), 3)]
    x = points + 10.0 ** rng.uniform(-12, -2) * rng.uniform(-1, 1, points.shape)
    certificate = prove(network.cell, x, np.zeros((3, 0)))
    for k in np.flatnonzero(certificate.proved):
        reach = certificate.radius_unique[k]
        one = reference.solve(network.cell, x[k], [])
        for _ in range(3):
            other = reference.solve(network.cell, x[k] + reach * rng.uniform(-1, 1, d), [])
            inside = other is not None and all(
                abs(a - mp.mpf(float(b))) <= reach for a, b in zip(other, x[k], strict=True)
            )
            if inside:
                assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < 1e-40


def test_a_box_that_is_too_small_or_too_wide_proves_nothing():
    cell = VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
    m = zoo.tanh_fixed_point(2.0)
    y = np.full((5, 1), m)
    y[1:, 0] += 1e-3
    cubes = cubes_around(cell, y)
    radius = np.array([1e-18, 1e-9, 9e-4, 1.1e-3, 2.0])
    proved = cubes.of(radius).holds_one
    assert proved.tolist() == [False, False, False, True, False]
    # three points lie within 2 of each, so no wider cube holds exactly one
    widest = cubes.uniqueness(cubes.existence()[0])
    assert (widest < m).all()
    assert (widest > 0.1).all()
