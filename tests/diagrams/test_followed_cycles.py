"""What ends and closes branches of cycles, and what becomes of them there."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import LeakyCell, VanillaCell


def van_der_pol(x: np.ndarray, mu: np.ndarray) -> np.ndarray:
    return np.stack([x[:, 1], mu[:, 0] * (1 - x[:, 0] ** 2) * x[:, 1] - x[:, 0]], axis=1)


def test_an_isola_is_walked_once_around_though_cycles_come_back_shifted() -> None:
    rng = np.random.default_rng([3, 2, 1])
    d, gain = int(rng.choice((2, 3, 4, 5, 6))), rng.uniform(1.5, 4)
    W = rng.standard_normal((d, d)) * gain / np.sqrt(d)
    rng.standard_normal((d, 1))
    b = 0.3 * rng.standard_normal(d)

    def make(g: float) -> sp.System:
        return sp.as_system(LeakyCell(g * W, np.zeros((d, 0)), b, alpha=np.full(d, 0.7)))

    cycles = sp.find_cycles(make(1.0), periods=[3], progress=False).of_period(3)
    assert len(cycles) == 2
    diagram = sp.follow_cycles(make(1.0), cycles, sp.family(make, 0.3, 1.8), at=1.0)
    assert [end.name for end in diagram.branches[0].ends] == ["CLOSED", "CLOSED"]
    assert [event.kind.name for event in diagram.events] == ["FOLD", "FOLD"]
    assert np.allclose(diagram.events.parameter, [0.75315198, 1.0916885], rtol=0, atol=1e-7)
    assert diagram.counts().n_points.max() == 2


def test_cycles_of_odd_period_end_at_the_point_and_all_are_there() -> None:
    ring = np.roll(np.eye(3), 1, axis=0)

    def make(g: float) -> sp.System:
        return sp.as_system(VanillaCell(g * ring, np.zeros((3, 0)), np.zeros(3)))

    cycles = sp.find_cycles(make(2.0), periods=[3], progress=False).of_period(3)
    assert len(cycles) == 8
    diagram = sp.follow_cycles(make(2.0), cycles, sp.family(make, 0.5, 2.5), at=2.0)
    assert len(diagram) == 8
    assert not len(diagram.events)
    assert diagram.counts().n_points.tolist() == [0, 8]
    for branch in diagram.branches:
        assert sorted(end.name for end in branch.ends) == ["END_OF_PATH", "SHRANK"]
        assert abs(branch.parameter.min() - 1) < 1e-6


@pytest.mark.parametrize(("low", "n"), [(1.0, 3), (0.5, 3), (1.0, 2)])
def test_cycles_may_shrink_where_the_path_ends(low: float, n: int) -> None:
    """Rings of n units: from one state of both signs to the origin, at gain 1."""
    ring = np.roll(np.eye(n), 1, axis=0)

    def make(g: float) -> sp.System:
        return sp.as_system(VanillaCell(g * ring, np.zeros((n, 0)), np.zeros(n)))

    cycles = sp.find_cycles(make(2.0), periods=[n], progress=False).of_period(n)
    diagram = sp.follow_cycles(make(2.0), cycles, sp.family(make, low, 2.5), at=2.0)
    assert len(diagram) == len(cycles)
    assert all(branch.parameter.max() == 2.5 for branch in diagram.branches)
    assert all(abs(branch.parameter.min() - 1) < 1e-6 for branch in diagram.branches)


def test_the_amplitude_is_that_of_the_whole_limit_cycle() -> None:
    system = sp.as_system(van_der_pol, state_size=2, input_size=1, kind="flow")
    cycles = sp.find_cycles(system, [1.0], progress=False)
    diagram = sp.follow_cycles(system, cycles, sp.path([1.0], [3.0], values=[1, 3]))
    last = diagram.parameter.argmax()
    there = sp.find_cycles(system, [3.0], progress=False)
    states = there.states[0]
    size = np.sqrt(((states - states.mean(axis=0)) ** 2).sum(axis=1).mean())
    assert abs(diagram.amplitude[last] / size - 1) < 1e-3
    assert abs(diagram.period[last] / there.period[0] - 1) < 1e-8


def test_a_walk_ends_where_the_parameter_stands_still() -> None:
    """All circles around a linear centre are limit cycles of one parameter."""
    system = sp.as_system(van_der_pol, state_size=2, input_size=1, kind="flow")
    path = sp.path([-1.0], [1.0], values=[-1, 1])
    points = sp.follow_points(system, np.zeros((1, 2)), path, at=-0.6, checks=0)
    cycles = sp.follow_cycles(system, points, path)
    assert {end.name for end in cycles.branches[0].ends} <= {"STOOD_STILL", "SHRANK"}
    assert np.abs(cycles.parameter).max() < 1e-6
    assert np.isfinite(cycles.amplitude).all()


@pytest.mark.slow
def test_a_period_that_grows_without_bound_ends_the_walk() -> None:
    """A homoclinic orbit (Kuznetsov 2004, section 6.1): known to nine digits from its limit."""

    def flow(x: np.ndarray, b: np.ndarray) -> np.ndarray:
        x, y = x.T
        return np.stack([y, x - x**2 + b[:, 0] * y + x * y], axis=1)

    system = sp.as_system(flow, state_size=2, input_size=1, kind="flow")
    path = sp.path([-1.2], [-0.5], values=[-1.2, -0.5])
    points = sp.follow_points(system, np.array([[1.0, 0]]), path, at=-0.6, checks=0)
    cycles = sp.follow_cycles(system, points, path)
    assert sorted(end.name for end in cycles.branches[0].ends) == ["SHRANK", "STOOD_STILL"]
    assert cycles.period.max() > 30
    assert abs(cycles.parameter.max() + 0.86454525) < 1e-7
    assert "missing:" not in cycles.verdict


def test_cycles_of_another_kind_of_system_are_refused() -> None:
    turn = sp.as_system(VanillaCell(np.array([[0.0, -3], [3, 0]]), np.eye(2), np.zeros(2)))
    cycles = sp.find_cycles(turn, np.zeros(2), periods=[4], progress=False).of_period(4)
    flow = sp.as_system(lambda x, u: u - x, state_size=2, input_size=2, kind="flow")
    path = sp.path([0.0, 0.0], [1.0, 0.0])
    with pytest.raises(sp.ArgumentError, match="cycles: got those of a map"):
        sp.follow_cycles(flow, cycles, path)
    with pytest.raises(sp.ArgumentError, match="cycles: got none"):
        sp.follow_cycles(turn, cycles.take([]), path)
    with pytest.raises(sp.ArgumentError, match="cycles: number 0 is under the input"):
        sp.follow_cycles(turn, cycles, sp.path([0.5, 0.0], [1.0, 0.0]))


@pytest.mark.parametrize("start", [0.0, -0.5])
@pytest.mark.parametrize("seed", range(4))
def test_positive_rectified_networks_fold_where_all_units_fall_silent(
    seed: int, start: float
) -> None:
    rng = np.random.default_rng(seed)
    W, B = 0.8 * np.abs(rng.standard_normal((4, 4))), np.abs(rng.standard_normal((4, 1)))
    system = sp.as_system(LeakyCell(W, B, np.zeros(4), alpha=np.full(4, 0.1), phi="relu"))
    path = sp.path([-1.0], [1.0], values=[-1, 1])
    points = sp.find_all_fixed_points(system, [start], progress=False)
    diagram = sp.follow_points(system, points, path)
    (event,) = diagram.events
    assert event.kind is sp.EventKind.BORDER_FOLD
    assert abs(event.parameter) < 1e-12
    assert {event.n_before, event.n_after} == {0, 1}
    assert "missing:" not in diagram.verdict
    assert [len(diagram.at(s)) for s in (-0.9, -0.3, 0.3)] == [2, 2, 0]
