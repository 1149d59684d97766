"""Records of every kind, and their report."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp

RNG = np.random.default_rng(0)
WEIGHTS = np.array([[2.0, 0.3, 0.0], [-0.3, 1.8, 0.0], [0.0, 0.2, 0.4]])
SYSTEM = sp.as_system(sp.cells.VanillaCell(WEIGHTS, np.zeros((3, 0)), np.zeros(3)))

FLIPPED = sp.as_system(sp.cells.VanillaCell(-WEIGHTS, np.zeros((3, 0)), np.zeros(3)))

TURNED = 1.5 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
TURNING = sp.as_system(sp.cells.VanillaCell(TURNED, np.zeros((2, 0)), np.zeros(2)))


@pytest.fixture(scope="session")
def trajectories():
    return SYSTEM.simulate(RNG.normal(size=(6, 3)), steps=12)


@pytest.fixture(scope="session")
def points():
    found = sp.find_all_fixed_points(SYSTEM, seed=0)
    assert len(found) == 9
    return found


@pytest.fixture(scope="session")
def records(points):
    """Return one record of every kind that has sections of its own."""
    wavy = sp.as_system(lambda x: x * [1.0, 0.5] + 0.1 * np.sin(x) * [1, 0], state_size=2)
    return {
        "points": points,
        "slow": sp.find_slow_points(wavy, RNG.normal(size=(30, 2))),
        "line": sp.follow_slow_manifold(wavy, np.zeros((1, 2)), max_norm=6.0),
        "field": sp.flow_field(SYSTEM, sp.planes.pca(points.xstar)),
        "linear": sp.linearize(SYSTEM, points),
        "cycles": sp.find_cycles(FLIPPED, periods=(1, 2)),
        "curves": sp.find_closed_curves(TURNING, np.eye(2), transient=50, max_components=1),
        "exponents": sp.lyapunov(SYSTEM, np.ones(3), steps=50, transient=20),
    }


@pytest.fixture(scope="session")
def page(points, trajectories, tmp_path_factory):
    """Return the report of the points, as a file."""
    return points.report(tmp_path_factory.mktemp("report") / "points.html", trajectories)
