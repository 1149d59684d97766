"""Diagrams of small random networks beside what a dense search of one equation counts."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import VanillaCell


def two_units(seed: int) -> tuple[sp.System, np.ndarray, np.ndarray, np.ndarray, float]:
    """Return a network of two units, its weights, and how far its path goes."""
    rng = np.random.default_rng(seed)
    gain = rng.uniform(1.5, 5)
    W, B, b = (
        rng.normal(size=(2, 2)) * gain / 1.4,
        rng.normal(size=(2, 1)),
        rng.normal(size=2) * 0.7,
    )
    W[0, 1] += np.sign(W[0, 1]) * 0.1
    return sp.as_system(VanillaCell(W, B, b)), W, B, b, float(rng.uniform(1, 4))


def n_points(W: np.ndarray, drive: np.ndarray) -> int:
    """Count the zeros of one equation in the drive of the first unit: x = tanh(W x + drive)."""
    reach = np.abs(W[0]).sum() + abs(drive[0])
    t = np.linspace(-reach, reach, 20001)
    x = np.tanh(t)
    y = (t - W[0, 0] * x - drive[0]) / W[0, 1]
    sign = np.sign(y - np.tanh(W[1, 0] * x + W[1, 1] * y + drive[1]))
    return int((sign[1:] * sign[:-1] < 0).sum())


def compare(seed: int) -> None:
    system, W, B, b, length = two_units(seed)
    path = sp.path([-length], [length], values=[-length, length])
    points = sp.find_all_fixed_points(system, [-length], max_starts=64)
    diagram = sp.follow_points(system, points, path, max_starts=64)
    for s in np.linspace(-length, length, 21):
        if len(diagram.events) and np.abs(diagram.events.parameter - s).min() < 1e-5:
            continue
        assert len(diagram.at(s)) == n_points(W, B[:, 0] * s + b), s
    assert "missing" not in diagram.verdict


@pytest.mark.parametrize("seed", range(4))
def test_counts_of_two_units(seed: int) -> None:
    compare(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 60))
def test_counts_of_more_networks(seed: int) -> None:
    compare(seed)


def test_branches_begin_and_end_exactly_where_the_path_does() -> None:
    one = np.ones((1, 1))
    system = sp.as_system(VanillaCell(0.7 * one, one, np.array([0.1])))
    for low in np.linspace(-4, -1 / 3, 20).tolist():
        high = low + np.pi
        path = sp.path([low], [high], values=[low, high])
        points = sp.find_all_fixed_points(system, [low], max_starts=16)
        diagram = sp.follow_points(system, points, path, checks=0)
        assert [diagram.parameter.min(), diagram.parameter.max()] == [low, high]
        assert diagram.counts().n_points.tolist() == [1]
        assert [end.name for end in diagram.branches[0].ends] == ["END_OF_PATH"] * 2
        assert len(diagram.at(low)) == len(diagram.at(high)) == 1


ONE = np.ones((1, 1))


def one_unit(gain: float, phi: str = "tanh") -> sp.System:
    """Return x' = phi(gain x + u)."""
    return sp.as_system(VanillaCell(gain * ONE, ONE, np.zeros(1), phi=phi))


UNIT_PATH = sp.path([-1.0], [1.0], values=[-1, 1])


def test_parameters_that_no_branch_passes() -> None:
    system = sp.as_system(lambda x, p: x + 0.1 * (p - x**2), state_size=1, input_size=1)
    diagram = sp.follow_points(system, np.ones((1, 1)), UNIT_PATH, at=1.0, checks=0)
    assert len(diagram.at(-0.5)) == 0
    assert len(diagram.at(0.5)) == 2


def test_no_points_are_followed_to_no_branch() -> None:
    system = one_unit(2.0)
    points = sp.find_all_fixed_points(system, [0.0])
    none = points.take(np.zeros(0, dtype=np.int64))
    assert len(sp.follow_points(system, none, UNIT_PATH, checks=0)) == 0


def test_folds_of_two_steps_as_one() -> None:
    system = one_unit(2.0)
    points = sp.find_all_fixed_points(system, [0.0])
    diagram = sp.follow_points(system.iterate(2), points.xstar, UNIT_PATH, at=0.0, checks=0)
    folds = diagram.events.parameter
    assert np.allclose(folds, [-0.532839975354, 0.532839975354], rtol=0, atol=1e-9)


def test_counts_where_branches_go_to_infinity() -> None:
    system = sp.as_system(lambda x, p: p * x + 1, state_size=1, input_size=1)
    path = sp.path([0.0], [2.0], values=[0, 2])
    diagram = sp.follow_points(system, np.ones((1, 1)), path, at=0.0)
    assert diagram.counts().n_points.tolist() == [1, 0, 1]


def test_regions_whose_points_form_a_line() -> None:
    system = one_unit(1.0, "relu")
    diagram = sp.follow_points(system, np.zeros((1, 1)), UNIT_PATH, at=-1.0)
    assert [end.name for end in diagram.branches[0].ends] == ["END_OF_PATH", "OUT_OF_BOUNDS"]
    assert np.isfinite(diagram.states).all()
    assert len(diagram.at(-0.5)) == 1
    assert len(diagram.at(0.5)) == 0


def test_systems_of_another_size_are_named() -> None:
    system = one_unit(2.0)
    diagram = sp.follow_points(system, sp.find_all_fixed_points(system, [0.0]), UNIT_PATH, checks=0)
    two = sp.as_system(VanillaCell(np.eye(2), np.ones((2, 1)), np.zeros(2)))
    with pytest.raises(sp.errors.ArgumentError, match="another network"):
        diagram.at(0.0, two)
    with pytest.raises(sp.errors.ArgumentError, match="another network"):
        diagram.at(0.0, one_unit(1.5))

    def make(gain: float) -> sp.System:
        size = 2 if 0.4 < gain < 0.6 else 1
        return sp.as_system(VanillaCell(gain * np.eye(size), np.zeros((size, 0)), np.zeros(size)))

    with pytest.raises(sp.errors.ArgumentError, match="one kind and size"):
        sp.follow_points(make(0.1), np.zeros((1, 1)), sp.family(make, 0.1, 0.9), checks=0)
