"""Whether orbits come to what attracts: those that do, are on their way, leave, or are lost."""

from __future__ import annotations

import numpy as np

import stillpoint as sp
from stillpoint.recurrence import arrives, distance_from


def arrived(step, x, rate, kind="map", most_steps=1000):
    system = sp.as_system(step, state_size=1, kind=kind, recognise=False)
    x = np.array(x)[:, None]
    return arrives(system, x, np.zeros(0), np.zeros((1, 1, 1)), rate, 1.0, most_steps)


def test_what_comes_to_a_point_is_there():
    there, x = arrived(lambda x: x / 2, [0.05, -0.01, 0.5], np.log(0.5))
    assert there.tolist() == [True, True, False]  # the last is too far away to be asked
    assert np.abs(x[:2]).max() < 1e-6
    assert x[2, 0] == 0.5


def test_a_slow_orbit_counts_if_it_comes_nearer_as_told():
    rate = np.log1p(-1e-5)
    for step, wanted in ((lambda x: (1 - 1e-5) * x, True), (lambda x: (1 - 5e-6) * x, False)):
        there, _ = arrived(step, [0.05], rate)
        assert there.tolist() == [wanted]


def test_to_be_near_a_line_is_not_to_come_to_it():
    """A ring that attracts by 1e-7 a step; its basin ends at 1e-5 inside of it."""
    angle = np.linspace(0, 2 * np.pi, 4096, endpoint=False)
    ring = np.stack([np.cos(angle), np.sin(angle)], axis=1)[None]

    def step(x):
        r = np.hypot(*x.T)[:, None]
        return x * (1 - 1e-7 * np.where(r < 1 - 1e-5, 0.1, (r - 1) / r))

    system, x = sp.as_system(step, state_size=2, recognise=False), np.zeros((2, 2))
    x[:, 0] = 1 - 5e-5, 1 + 3e-7
    there, _ = arrives(system, x, np.zeros(0), ring, np.log1p(-1e-7), 1.0, 1000)
    assert there.tolist() == [False, True]


def test_what_leaves_or_cannot_be_followed_is_not_there():
    def bursts(x):  # within 0.02 it settles, elsewhere it is gone in finite time
        return np.where(np.abs(x) < 0.02, -x, 1e9 * x**3)

    there, x = arrived(bursts, [0.01, 0.05], -1.0, kind="flow")
    assert there.tolist() == [True, False]
    assert np.isfinite(x).all()
    there, x = arrived(lambda x: np.where(x < 0.02, x / 2, np.inf), [0.01, 0.05], np.log(0.5))
    assert there.tolist() == [True, False]
    assert x[1, 0] == 0.05


def test_distances_from_lines_go_to_the_lines():
    triangle = np.array([[[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])
    x = np.array([[0.5, -0.1], [0.6, 0.4], [0.25, 0.25]])
    np.testing.assert_allclose(distance_from(triangle, x), [0.1, 0.0, 0.25], atol=1e-15)
    points = triangle.reshape(3, 1, 2)  # three lines of one state each
    np.testing.assert_allclose(distance_from(points, x[:1]), [np.hypot(0.5, 0.1)])
