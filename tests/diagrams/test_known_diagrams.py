"""Diagrams whose events are known in closed form or to ten digits."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import LeakyCell, VanillaCell

KIND = sp.EventKind

# Folds of the shipped tanh network under inputs s (1, 0, 0).
FOLDS = [-0.078339, -0.076065, -0.071042, -0.070659, -0.070161, -0.065198, -0.062542, -0.060535]
FOLDS += [-0.053097, 0.047420, 0.054149, 0.059088, 0.063011, 0.064732, 0.065447, 0.071359]
FOLDS += [0.073009, 0.077943]


def unit(gain: float, bias: float = 0.0) -> sp.System:
    """Return x' = tanh(gain x + bias + u)."""
    one = np.ones((1, 1))
    return sp.as_system(VanillaCell(gain * one, one, np.array([bias])))


def of_gain(gain: float, bias: float = 0.0) -> sp.System:
    """Return x' = tanh(gain x + bias), without inputs."""
    return unit(gain, bias).clamp([0.0])


@pytest.fixture(scope="session")
def flip_flop() -> tuple[sp.System, sp.FixedPoints]:
    """The shipped 16-unit flip-flop network with its 27 points at rest."""
    system = sp.as_system(sp.tasks.load_network("tanh"))
    return system, sp.find_all_fixed_points(system, np.zeros(3))


def kinds(diagram: sp.Diagram) -> list[str]:
    return [event.kind.name for event in diagram.events]


@pytest.mark.parametrize("gain", [1.2, 1.5, 2.0, 3.0])
def test_folds_of_one_unit(gain: float) -> None:
    system = unit(gain)
    path = sp.path([-2.0], [2.0], values=[-2, 2])
    diagram = sp.follow_points(system, sp.find_all_fixed_points(system, [0.0]), path)
    x = np.sqrt(1 - 1 / gain)
    fold = abs(np.arctanh(x) - gain * x)
    assert kinds(diagram) == ["FOLD", "FOLD"]
    assert np.allclose(diagram.events.parameter, [-fold, fold], rtol=0, atol=1e-10)
    # 1/2 d^2/dx^2 tanh(g x + b) at the fold is -g x, as tanh'' = -2 x (1 - x^2) and g (1 - x^2) = 1
    assert np.allclose(np.abs(diagram.events.coefficient), gain * x, rtol=1e-6)
    assert diagram.counts().n_points.tolist() == [1, 3, 1]
    assert (diagram.counts().index_sum == 1).all()
    assert diagram.verdict.startswith("at 5 of 5 parameters")


def test_pitchfork_and_both_branches() -> None:
    gains = sp.family(of_gain, 0.5, 2.0)
    diagram = sp.follow_points(of_gain(0.5), np.zeros((1, 1)), gains, checks=0)
    (event,) = diagram.events
    assert event.kind is KIND.BRANCH_POINT
    assert event.is_supercritical is True
    assert abs(event.parameter - 1) < 1e-10
    assert abs(event.coefficient + 1 / 3) < 1e-4
    assert "supercritical pitchfork" in event.sentence
    assert len(diagram.branches) == 2
    assert diagram.branches[1].origin.name == "SWITCHED"
    assert diagram.counts().n_points.tolist() == [1, 3]
    assert np.allclose(np.sort(diagram.at(2.0).xstar[:, 0]), [-0.9575040241, 0, 0.9575040241])


def test_imperfect_pitchfork_has_a_branch_of_its_own() -> None:
    bent = lambda gain: of_gain(gain, 0.01)  # noqa: E731
    gains = sp.family(bent, 0.5, 2.0)
    diagram = sp.follow_points(bent(0.5), sp.find_all_fixed_points(bent(0.5)), gains)
    assert kinds(diagram) == ["FOLD"]
    assert len(diagram.branches) == 2
    assert [branch.origin.name for branch in diagram.branches] == ["HANDED_OVER", "SEARCHED"]
    # On the fold: b = artanh x - g x with g = 1 / (1 - x^2).
    g = diagram.events.parameter[0]
    x = -np.sqrt(1 - 1 / g)
    assert abs(np.arctanh(x) - g * x - 0.01) < 1e-10


def test_isola() -> None:
    step = lambda x, p: x + 0.1 * (1 - p**2 - x**2)  # noqa: E731
    system = sp.as_system(step, state_size=1, input_size=1)
    path = sp.path([-2.0], [2.0], values=[-2, 2])
    diagram = sp.follow_points(system, np.zeros((0, 1)), path, at=-2)
    assert len(diagram.branches) == 1
    assert diagram.branches[0].ends[0].name == "CLOSED"
    assert kinds(diagram) == ["FOLD", "FOLD"]
    assert np.allclose(diagram.events.parameter, [-1, 1], rtol=0, atol=1e-8)
    assert np.allclose(diagram.parameter**2 + diagram.states[:, 0] ** 2, 1, atol=1e-8)


def test_henon() -> None:
    def step(x: np.ndarray, a: np.ndarray) -> np.ndarray:
        return np.stack([a[:, 0] - x[:, 0] ** 2 + 0.3 * x[:, 1], x[:, 0]], axis=1)

    system = sp.as_system(step, state_size=2, input_size=1)
    path = sp.path([-1.0], [1.4], values=[-1, 1.4])
    points = sp.find_all_fixed_points(system, [1.0])
    diagram = sp.follow_points(system, points, path)
    assert kinds(diagram) == ["FOLD", "FLIP"]
    assert np.allclose(diagram.events.parameter, [-0.1225, 0.3675], rtol=0, atol=1e-9)
    cycles = sp.follow_cycles(system, diagram, path)
    assert kinds(cycles) == ["FLIP"]
    assert (cycles.period == 2).all()
    (flip,) = cycles.events
    assert abs(flip.parameter - 0.9125) < 1e-8
    assert abs(flip.eigenvalue + 1) < 1e-6
    other = system.step(flip.state[None], flip.inputs[None])[0]
    scaled = np.sort([flip.state[0], other[0]]) / 0.9125  # to the form 1 - a x^2 + y
    assert np.allclose(scaled, [-0.425469757, 1.192593044], rtol=0, atol=1e-8)
    assert (
        cycles.branches[0].ends[0].name == "SHRANK" or cycles.branches[0].ends[1].name == "SHRANK"
    )
    assert abs(cycles.parameter.min() - 0.3675) < 1e-6
    shrunk = cycles.amplitude < 1e-6
    assert shrunk.sum() == 1  # where it is born, and no noise beside it
    assert not cycles.n_unstable[shrunk].any()


def test_neimark_sacker_of_the_delayed_logistic_map() -> None:
    step = lambda x, r: np.stack([r[:, 0] * x[:, 0] * (1 - x[:, 1]), x[:, 0]], axis=1)  # noqa: E731
    system = sp.as_system(step, state_size=2, input_size=1)
    path = sp.path([0.5], [2.5], values=[0.5, 2.5])
    diagram = sp.follow_points(system, sp.find_all_fixed_points(system, [1.5]), path)
    assert kinds(diagram) == ["BRANCH_POINT", "NEIMARK_SACKER"]
    crossing, turn = diagram.events
    assert abs(crossing.parameter - 1) < 1e-8
    assert crossing.is_supercritical is None
    assert abs(turn.parameter - 2) < 1e-9
    assert abs(turn.angle - np.pi / 3) < 1e-6
    assert turn.is_supercritical is True


def test_neimark_sacker_of_a_rotation() -> None:
    turn = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
    make = lambda g: sp.as_system(VanillaCell(g * turn, np.zeros((2, 0)), np.zeros(2)))  # noqa: E731
    diagram = sp.follow_points(make(0.5), np.zeros((1, 2)), sp.family(make, 0.5, 1.5), checks=0)
    (event,) = diagram.events
    assert event.kind is KIND.NEIMARK_SACKER
    assert event.is_supercritical is True
    assert abs(event.parameter - 1) < 1e-10
    assert abs(event.angle - 1) < 1e-9


def test_pitchforks_of_a_decision_model() -> None:
    def rate(current: np.ndarray) -> np.ndarray:
        drive = 270 * current - 108
        return drive / (1 - np.exp(-0.154 * drive))

    def flow(s: np.ndarray, mu: np.ndarray) -> np.ndarray:
        current = 0.3725 * s - 0.1137 * s[:, ::-1] + 0.3297 + 0.00117 * mu
        return -s / 0.06 + (1 - s) * 0.641 * rate(current)

    system = sp.as_system(flow, state_size=2, input_size=2, kind="flow")
    states = np.random.default_rng(0).uniform(0, 1, (100, 2))
    points = sp.find_all_fixed_points(system, [20.0, 20.0], trajectories=states)
    path = sp.path([0.0, 0.0], [100.0, 100.0], values=[0, 100])
    diagram = sp.follow_points(system, points, path)
    crossings = diagram.events.of_kind(KIND.BRANCH_POINT)
    assert abs(crossings.parameter[0] - 5.590132167) < 1e-8
    assert np.allclose(crossings.state[0], 0.0846832387, atol=1e-8)
    assert len(crossings) == 2
    assert diagram.verdict.startswith("at 5 of 5")


def test_lorenz() -> None:
    def flow(x: np.ndarray, rho: np.ndarray) -> np.ndarray:
        a, b, c = x.T
        return np.stack([10 * (b - a), a * (rho[:, 0] - c) - b, a * b - 8 / 3 * c], axis=1)

    system = sp.as_system(flow, state_size=3, input_size=1, kind="flow")
    path = sp.path([0.5], [30.0], values=[0.5, 30])
    diagram = sp.follow_points(system, np.zeros((1, 3)), path, at=0.5)
    assert kinds(diagram) == ["BRANCH_POINT", "HOPF", "HOPF"]
    assert np.allclose(diagram.events.parameter, [1, 470 / 19, 470 / 19], rtol=0, atol=1e-8)
    assert [event.is_supercritical for event in diagram.events] == [True, False, False]


def test_limit_cycles_from_a_subcritical_hopf_point() -> None:
    def flow(x: np.ndarray, mu: np.ndarray) -> np.ndarray:
        square = (x**2).sum(axis=1)
        growth = (mu[:, 0] + square - square**2)[:, None]
        return growth * x + np.stack([-x[:, 1], x[:, 0]], axis=1)

    system = sp.as_system(flow, state_size=2, input_size=1, kind="flow")
    path = sp.path([-0.3], [0.02], values=[-0.3, 0.02])
    points = sp.follow_points(system, np.zeros((1, 2)), path, at=-0.3, checks=0)
    (hopf,) = points.events
    assert hopf.kind is KIND.HOPF
    assert hopf.is_supercritical is False
    assert abs(hopf.parameter) < 1e-9
    cycles = sp.follow_cycles(system, points, path)
    (fold,) = cycles.events
    assert fold.kind is KIND.FOLD
    assert abs(fold.parameter + 0.25) < 1e-8
    square = cycles.amplitude**2
    assert np.allclose(cycles.parameter + square - square**2, 0, atol=1e-6)
    assert np.allclose(cycles.period, 2 * np.pi, atol=1e-6)
    assert set(cycles.n_unstable.tolist()) == {0, 1}


@pytest.mark.parametrize(("weight", "kind"), [(2.0, "BORDER_FOLD"), (-2.0, "BORDER_COLLISION")])
def test_kinks_of_one_rectified_unit(weight: float, kind: str) -> None:
    one = np.ones((1, 1))
    system = sp.as_system(VanillaCell(weight * one, one, np.zeros(1), phi="relu"))
    path = sp.path([-1.0], [1.0], values=[-1, 1])
    diagram = sp.follow_points(system, sp.find_all_fixed_points(system, [-0.5]), path)
    assert kinds(diagram) == [kind]
    assert abs(diagram.events.parameter[0]) < 1e-14


def test_straight_branches_solve_the_equations_exactly() -> None:
    rng = np.random.default_rng(3)
    W, B, b = rng.normal(size=(20, 20)) * 0.27, rng.normal(size=(20, 2)), rng.normal(size=20) * 0.3
    system = sp.as_system(LeakyCell(W, B, b, alpha=0.2, phi="relu"))
    path = sp.path([-2.0, 0.0], [2.0, 0.0], [2.0, 1.0])
    points = sp.find_all_fixed_points(system, [-2.0, 0.0])
    diagram = sp.follow_points(system, points, path)
    assert np.abs(system.residual(diagram.states, diagram.inputs)).max() < 1e-13
    for s in np.linspace(0, 2, 7):
        made, u = path.at(system, float(s))
        searched = sp.find_all_fixed_points(made, u, exhaustive=False, orbits=False, max_starts=512)
        assert len(diagram.at(float(s))) == len(searched)
    assert {"BORDER_FOLD"} == set(kinds(diagram))


def test_flip_flop_under_one_input(flip_flop: tuple[sp.System, sp.FixedPoints]) -> None:
    system, points = flip_flop
    path = sp.path([-1.0, 0.0, 0.0], [1.0, 0.0, 0.0], values=[-1, 1])
    diagram = sp.follow_points(system, points, path)
    assert np.allclose(diagram.events.parameter, FOLDS, rtol=0, atol=1e-6)
    assert diagram.checks.n_searched.tolist() == [9, 9, 27, 9, 9]
    assert diagram.checks.n_branches.tolist() == [9, 9, 27, 9, 9]
    assert (diagram.counts().index_sum == 1).all()
    assert len(diagram.branches) == 9
    for s in (-0.0784, -0.0783, 0.05):
        assert len(diagram.at(s)) == len(sp.find_all_fixed_points(system, [s, 0.0, 0.0]))


def test_flip_flop_under_all_inputs(flip_flop: tuple[sp.System, sp.FixedPoints]) -> None:
    system, points = flip_flop
    path = sp.path(-np.ones(3), np.ones(3), values=[-1, 1])
    diagram = sp.follow_points(system, points, path)
    assert len(diagram.events) == 26
    assert set(kinds(diagram)) == {"FOLD"}
    assert np.allclose(diagram.events.parameter[[0, -1]], [-0.078842, 0.070282], atol=1e-6)
    assert sorted(len(diagram.at(s)) for s in (-1.0, 0.0, 1.0)) == [1, 1, 27]
    assert [b.ends[0].name for b in diagram.branches].count("CLOSED") == 1


def test_a_point_at_a_fold_is_followed_both_ways() -> None:
    system = sp.as_system(lambda x, p: x + 0.1 * (p - x**2), state_size=1, input_size=1)
    path = sp.path([-1.0], [1.0], values=[-1, 1])
    diagram = sp.follow_points(system, np.zeros((1, 1)), path, at=0.0)
    assert kinds(diagram) == ["FOLD"]
    assert len(diagram.branches) == 1
    assert diagram.counts().n_points.tolist() == [0, 2]


@pytest.mark.parametrize("width", [1e-2, 1e-4, 1e-8, 1e-12])
def test_two_folds_within_one_step(width: float) -> None:
    """The folds of u = x^3 - width x lie at x = +-sqrt(width / 3), nearly above each other."""
    step = lambda x, u: x + 0.5 * (u + width * x - x**3)  # noqa: E731
    system = sp.as_system(step, state_size=1, input_size=1)
    path = sp.path([-1.0], [1.0], values=[-1, 1])
    diagram = sp.follow_points(system, sp.find_all_fixed_points(system, [-1.0]), path, checks=0)
    x = np.sqrt(width / 3)
    assert kinds(diagram) == ["FOLD", "FOLD"]
    assert np.allclose(np.sort(diagram.events.state[:, 0]), [-x, x], rtol=1e-5)
    assert np.allclose(np.abs(diagram.events.parameter), 2 * x**3, rtol=1e-5)
    if width > 1e-6:  # narrower ones are one for the counts
        assert diagram.counts().n_points.tolist() == [1, 3, 1]


def test_leading_eigenvalues_tell_the_same_events(
    flip_flop: tuple[sp.System, sp.FixedPoints], monkeypatch: pytest.MonkeyPatch
) -> None:
    system, points = flip_flop
    path = sp.path([-0.1, 0.0, 0.0], [0.1, 0.0, 0.0], values=[-0.1, 0.1])
    whole = sp.follow_points(system, points, path, checks=0)
    monkeypatch.setattr("stillpoint.branches.solution.LARGE", 4)
    part = sp.follow_points(system, points, path, checks=0)
    assert np.array_equal(part.n_unstable, whole.n_unstable)
    assert np.array_equal(part.index, whole.index)
    assert np.array_equal(part.events.kind, whole.events.kind)
    assert np.allclose(part.events.parameter, whole.events.parameter, rtol=0, atol=1e-12)
