"""Closed curves from where they are born, against maps whose curves are known."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp


def twist(cubic: float, period: int = 1) -> sp.System:
    """Return z' = e^i (1 + u + cubic |z|^2 + i |z|^2 / 2) z, or a map of which it is the square."""

    def once(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        z = x[:, 0] + 1j * x[:, 1]
        size = np.abs(z) ** 2
        z = np.exp(1j) * (1 + u[:, 0] + (cubic + 0.5j) * size) * z
        return np.stack([z.real, z.imag], axis=1)

    def over(x: np.ndarray, u: np.ndarray) -> np.ndarray:
        """A third state changes its sign at each step; the plane moves where it is positive."""
        here = x[:, 2] > 0
        plane = np.where(here[:, None], once(x[:, :2], u), x[:, :2])
        return np.column_stack([plane, -np.tanh(3 * x[:, 2])])

    if period == 1:
        return sp.as_system(once, state_size=2, input_size=1)
    return sp.as_system(over, state_size=3, input_size=1)


def radius(cubic: float, u: float) -> float:
    """Return where |1 + u + (cubic + i / 2) r^2| = 1."""
    r2 = np.roots([cubic**2 + 0.25, 2 * cubic * (1 + u), (1 + u) ** 2 - 1])
    return float(np.sqrt(min(r.real for r in r2 if abs(r.imag) < 1e-12 and r.real > 0)))


@pytest.mark.parametrize("cubic", [-1.0, 1.0])
def test_circles_that_attract_and_that_repel(cubic: float) -> None:
    system, path = twist(cubic), sp.path([-0.1], [0.1], values=[-0.1, 0.1])
    diagram = sp.follow_points(system, np.zeros((1, 2)), path, at=0.05, checks=0)
    (event,) = diagram.events
    curves = sp.follow_closed_curves(system, diagram, path, n_steps=3)
    assert len(curves) >= 3
    assert np.abs(curves.inputs[[0, -1], 0]).max() > 0.099
    assert (curves.is_stable == (cubic < 0)).all()
    for states, n, u, rotation in zip(
        curves.states, curves.n_nodes, curves.inputs[:, 0], curves.rotation, strict=True
    ):
        assert u * cubic < 0
        r = radius(cubic, u)
        np.testing.assert_allclose(np.linalg.norm(states[:n], axis=1), r, rtol=1e-9)
        turn = np.angle(np.exp(1j) * (1 + u + (cubic + 0.5j) * r**2)) / (2 * np.pi)
        assert abs(rotation - turn) < 1e-10
    assert event.is_supercritical == (cubic < 0)


def test_curves_of_cycles_come_in_pieces() -> None:
    system, path = twist(-1.0, period=2), sp.path([-0.1], [0.1], values=[-0.1, 0.1])
    starts = np.array([[0.0, 0.0, 1.0], [0.0, 0.0, -1.0]])
    cycles = sp.find_cycles(
        system, [-0.05], periods=2, trajectories=starts, max_starts=64
    ).of_period(2)
    diagram = sp.follow_cycles(system, cycles, path)
    curves = sp.follow_closed_curves(system, diagram, path, n_steps=4)
    assert len(curves) >= 4
    assert (curves.n_components == 2).all()
    assert curves.is_stable.all()
    size = np.linalg.norm(curves.states[-1, : curves.n_nodes[-1], :2], axis=1)
    np.testing.assert_allclose(size, radius(-1.0, curves.inputs[-1, 0]), rtol=1e-9)


def test_curves_of_the_delayed_logistic_map_are_those_that_orbits_come_to() -> None:
    step = lambda x, a: np.stack([a[:, 0] * x[:, 0] * (1 - x[:, 1]), x[:, 0]], axis=1)  # noqa: E731
    system = sp.as_system(step, state_size=2, input_size=1)
    path = sp.path([1.8], [2.12], values=[1.8, 2.12])
    points = sp.find_fixed_points(system, [[0.5, 0.5]], [1.9], orbits=False)
    diagram = sp.follow_points(system, points, path, checks=0)
    curves = sp.follow_closed_curves(system, diagram, path, n_steps=3)
    found = sp.find_closed_curves(system, [[0.6, 0.5]], [2.12])
    assert abs(curves.rotation[-1] - found.rotation[0]) < 1e-10
    assert curves.hits.sum() == len(curves.orbits) == 0


def test_what_cannot_be_followed_is_refused() -> None:
    system, path = twist(-1.0), sp.path([-0.1], [0.1], values=[-0.1, 0.1])
    diagram = sp.follow_points(system, np.zeros((1, 2)), path, at=0.05, checks=0)
    with pytest.raises(sp.ArgumentError, match="another path"):
        sp.follow_closed_curves(system, diagram, sp.path([0.0], [1.0]))
    family = sp.family(twist, -1.0, 1.0, inputs=[0.0])
    with pytest.raises(sp.ArgumentError, match="followed along inputs"):
        sp.follow_closed_curves(system, diagram, family)
    flow = sp.as_system(lambda x, u: u - x, state_size=2, input_size=2, kind="flow")
    with pytest.raises(sp.ArgumentError, match="got a flow"):
        sp.follow_closed_curves(flow, diagram, path)
