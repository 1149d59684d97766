"""Proved events hold the ones known in closed form, and what does not happen is not proved."""

from __future__ import annotations

from typing import Any

import mpmath as mp
import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import VanillaCell
from stillpoint.intervals import Interval
from stillpoint.proofs import events as proved
from stillpoint.proofs.events import Claim, prove_event

ROTATION = np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])
WEIGHT, LENGTH = 0.25, 5.0


def one_unit(gain: float) -> Any:
    """Return x' = tanh(gain x + u) over intervals."""
    cell = VanillaCell(np.array([[gain]]), np.ones((1, 1)), np.zeros(1))
    return cell.interval_extension()


def place(gain: float, x: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the place of x' = tanh(gain x + u) at a state, and the tangent there."""
    way = np.array([1.0, WEIGHT * (1 / (1 - x**2) - gain)])
    return np.array([x, WEIGHT * (np.arctanh(x) - gain * x)]), way / np.linalg.norm(way)


def prove(
    exact: Any,
    z: np.ndarray,
    tangent: np.ndarray,
    *,
    turns: bool = False,
    is_pair: bool = False,
    between: tuple[float, float] = (-LENGTH, LENGTH),
    size: float = 1.0,
) -> tuple[float, float] | None:
    """Prove an event under inputs that are the parameter."""
    corners = np.array([between[0]]), np.array([between[1]])
    event = Claim(z, tangent, turns=turns, is_pair=is_pair)
    return prove_event(exact, event, corners, between, WEIGHT, size)


def exact_parameter(gain: float, root: float) -> mp.mpf:
    """Return the parameter at which gain (1 - x^2) = root, x > 0, to 50 digits."""
    with mp.workdps(50):
        g = mp.mpf(gain)
        x = mp.sqrt(1 - mp.mpf(root) / g)
        return +(mp.atanh(x) - g * x)


@pytest.mark.parametrize("off", [0.0, 0.6e-9, -0.6e-9])
@pytest.mark.parametrize("gain", [1.01, 1.2, 2.0, 5.0])
def test_folds_are_held(gain: float, off: float) -> None:
    z, tangent = place(gain, np.sqrt(1 - 1 / gain) + off)
    found = prove(one_unit(gain), z, tangent, turns=True)
    assert found is not None
    assert found[0] <= exact_parameter(gain, 1) <= found[1]
    assert found[1] - found[0] < 1e-13


@pytest.mark.parametrize("off", [0.0, 0.6, -0.6])
def test_long_pieces_hold_the_fold_between_their_ends(off: float) -> None:
    z, tangent = place(2.0, np.sqrt(0.5) + off * 1e-5)
    found = prove(one_unit(2.0), z, tangent, turns=True, size=1e4)
    assert found is not None
    assert found[0] <= exact_parameter(2.0, 1) <= found[1]


@pytest.mark.parametrize("off", [0.0, 0.3e-9, -0.3e-9])
@pytest.mark.parametrize("gain", [-1.01, -1.5, -4.0])
def test_flips_are_held(gain: float, off: float) -> None:
    z, tangent = place(gain, np.sqrt(1 + 1 / gain) + off)
    found = prove(one_unit(gain), z, tangent)
    assert found is not None
    assert found[0] <= exact_parameter(gain, -1) <= found[1]


def test_one_event_is_not_proved_as_another() -> None:
    fold, flip = place(2.0, np.sqrt(0.5)), place(-2.0, np.sqrt(0.5))
    for is_pair in (False, True):
        assert prove(one_unit(2.0), *fold, is_pair=is_pair) is None
        for off in (-0.3e-9, 0.3e-9):
            beside = place(2.0, np.sqrt(0.5) + off)
            assert prove(one_unit(2.0), *beside, is_pair=is_pair) is None
    assert prove(one_unit(-2.0), *flip, is_pair=True) is None
    assert prove(one_unit(-2.0), *flip, turns=True) is None


@pytest.mark.parametrize("gain", [2.0, -2.0, 0.5])
def test_nothing_is_proved_where_nothing_happens(gain: float) -> None:
    for turns, is_pair in ((True, False), (False, False), (False, True)):
        assert prove(one_unit(gain), *place(gain, 0.3), turns=turns, is_pair=is_pair) is None


def test_a_branch_that_stands_still_does_not_turn() -> None:
    noise = np.geomspace(1e-10, 1e-7, 60).tolist()  # there rounding decides on the signs
    for x in (0.0, 1e-6, 1e-4, *noise):  # x^3 = 3 u, to lowest order
        assert prove(one_unit(1.0), *place(1.0, x), turns=True) is None


def test_an_eigenvalue_that_touches_the_border_does_not_cross_it() -> None:
    way = place(-1.0, 0.0)[1][0]  # pieces of these lengths end where it touches
    for x in (0.0, 1e-9, *(way * h for h in (1e-6, 1e-5, 1e-4))):  # the slope is x^2 - 1
        z, tangent = place(-1.0, x)
        for is_pair in (False, True):
            assert prove(one_unit(-1.0), z, tangent, is_pair=is_pair) is None


def test_events_beyond_the_piece_are_not_proved() -> None:
    fold = place(2.0, np.sqrt(0.5))
    assert prove(one_unit(2.0), *fold, turns=True, between=(-0.53, 1.0)) is None
    assert prove(one_unit(2.0), *fold, turns=True, between=(-0.54, 1.0)) is not None


def test_places_off_the_branch_prove_nothing() -> None:
    z, tangent = place(2.0, np.sqrt(0.5))
    assert prove(one_unit(2.0), z + np.array([0.0, 1e-3]), tangent, turns=True) is None


def turning() -> tuple[sp.System, sp.Diagram]:
    """Return two units whose pair of modes comes into the unit circle, along one input."""
    cell = VanillaCell(1.2 * ROTATION, np.array([[1.0], [0.0]]), np.zeros(2))
    system = sp.as_system(cell)
    path = sp.path([0.0], [LENGTH], values=[0, LENGTH])
    return system, sp.follow_points(system, np.zeros((1, 2)), path, at=0.0, checks=0)


def test_pairs_are_held_and_are_no_flips() -> None:
    system, diagram = turning()
    pairs = diagram.events.of_kind(sp.EventKind.NEIMARK_SACKER)
    assert len(pairs)
    event = pairs[0]
    assert event.is_proved

    def modulus(s: mp.mpf) -> mp.mpf:  # det J = 1 where a pair lies on the unit circle
        x = mp.matrix([mp.mpf(float(v)) for v in event.state])
        W = mp.matrix([[mp.mpf(float(v)) for v in row] for row in 1.2 * ROTATION])
        for _ in range(8):
            drive = W * x + mp.matrix([s, 0])
            t = drive.apply(mp.tanh)
            J = mp.matrix(2, 2)
            for i in range(2):
                for j in range(2):
                    J[i, j] = (1 - t[i] ** 2) * W[i, j]
            x = x - mp.lu_solve(J - mp.eye(2), t - x)
        return mp.det(J) - 1

    with mp.workdps(50):
        exact = mp.findroot(modulus, mp.mpf(event.parameter))
    low, high = event.interval
    assert low <= exact <= high

    size = float(np.linalg.norm(diagram.states, axis=1).max())
    h = 1e-6
    around = [diagram.at(event.parameter + way).xstar for way in (-h, h)]
    slope = (around[1][0] - around[0][0]) / (2 * h)
    tangent = np.append(slope, 1.0) / np.linalg.norm(np.append(slope, 1.0))
    claim = [np.append(event.state, event.parameter), tangent]
    exact_step = system.dynamics.interval_extension()
    corners = np.zeros(1), np.array([LENGTH])
    for turns, is_pair in ((False, False), (True, False)):
        told = Claim(*claim, turns=turns, is_pair=is_pair)
        assert prove_event(exact_step, told, corners, (0.0, LENGTH), 1.0, size) is None
    told = Claim(*claim, turns=False, is_pair=True)
    assert prove_event(exact_step, told, corners, (0.0, LENGTH), 1.0, size) is not None


class Spiral:
    """The flow u (x, y) + (-y, x) over intervals, which rests at zero."""

    kind = "flow"

    def equilibrium_problem(self) -> Spiral:
        return self

    def state(self, y: Interval, u: Interval) -> Interval:  # noqa: ARG002
        return y

    def residual(self, y: Interval, u: Interval) -> Interval:
        return (self.jacobian(y, u) @ y[:, :, None])[:, :, 0]

    def jacobian(self, y: Interval, u: Interval) -> Interval:  # noqa: ARG002
        across = Interval(np.array([[0.0, -1.0], [1.0, 0.0]]))
        return u[:, :, None] * Interval(np.eye(2)) + across

    def input_jacobian(self, y: Interval, u: Interval) -> Interval:  # noqa: ARG002
        return y[:, :, None]


class Parabola(Spiral):
    """The flow u - x^2 over intervals, whose two points meet at u = 0."""

    def residual(self, y: Interval, u: Interval) -> Interval:
        return u - y * y

    def jacobian(self, y: Interval, u: Interval) -> Interval:  # noqa: ARG002
        return (-2.0 * y)[:, :, None]

    def input_jacobian(self, y: Interval, u: Interval) -> Interval:  # noqa: ARG002
        return Interval(np.ones((len(y.mid), 1, 1)))


def test_pairs_of_flows() -> None:
    z, tangent = np.zeros(3), np.array([0.0, 0.0, 1.0])
    found = prove(Spiral(), z, tangent, is_pair=True)
    assert found is not None
    assert found[0] <= 0 <= found[1]
    assert prove(Spiral(), z, tangent, is_pair=False) is None


def test_one_mode_of_a_flow_is_no_pair() -> None:
    z, tangent = np.zeros(2), np.array([1.0, 0.0])
    assert prove(Parabola(), z, tangent, turns=True) is not None
    assert prove(Parabola(), z, tangent, is_pair=True) is None


def piece_at(gain: float, x: float) -> proved.PieceOfBranch:
    """Return a piece of the branch of x' = tanh(gain x + u) around a state."""
    z, tangent = place(gain, x)
    start, slope = Interval(np.array([-LENGTH])), Interval(np.ones(1))
    tau = Interval(np.zeros(1), np.array([0.1]))
    return proved.PieceOfBranch(one_unit(gain), start, slope, -LENGTH, WEIGHT, z, tangent, tau)


def boxes(gain: float, states: tuple[float, float], radius: float) -> list[Interval]:
    """Return boxes around two places of a branch."""
    return [Interval(place(gain, x)[0][None], np.full((1, 2), radius)) for x in states]


@pytest.mark.parametrize(("radius", "told"), [(1e-9, True), (0.03, False), (0.2, False)])
def test_the_parameter_is_not_said_to_turn_from_the_middles_of_boxes(
    radius: float, told: bool
) -> None:
    fold = np.sqrt(0.5)
    ends = boxes(2.0, (fold - 0.02, fold + 0.02), radius)
    assert proved._turns(piece_at(2.0, fold), ends) is told


@pytest.mark.parametrize(("radius", "told"), [(1e-9, True), (0.2, False)])
def test_eigenvalues_are_not_counted_in_the_middles_of_boxes(radius: float, told: bool) -> None:
    flip = np.sqrt(0.5)  # where -2 (1 - x^2) = -1
    ends = boxes(-2.0, (flip - 0.1, flip + 0.1), radius)
    (whole,) = boxes(-2.0, (flip, flip), 0.01)[:1]
    assert proved._crosses(piece_at(-2.0, flip), whole, ends, is_pair=False) is told
