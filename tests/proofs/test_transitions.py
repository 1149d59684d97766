"""Where inputs lead is proved only where it is so: known answers, attacks, and corrupted proofs."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp

import stillpoint as sp
from stillpoint import cells
from stillpoint.dynamics import activation
from stillpoint.intervals import Interval
from stillpoint.proofs.transitions import UNPROVED, prove_transitions
from stillpoint.proofs.trapping_ball import trapping_balls

#: m = tanh(2 m), and the slope 2 (1 - m^2) there.
M, SLOPE = 0.9575040240772688, 0.16637208775167434
ONE = cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1))
#: The basin of M ends at 0; within the slope 1, at artanh(sqrt(1/2)) / 2, all of it contracts.
EDGE = 0.44068679350977147


def proved(network, states, inputs, duration, table, steps=60):
    m = np.shape(inputs)[1]
    return prove_transitions(
        network, np.asarray(states), np.zeros(m), np.asarray(inputs, dtype=float),
        np.asarray(duration), np.asarray(table), steps,
    )  # fmt: skip


@pytest.fixture(scope="module")
def flip_flop():
    network = sp.tasks.load_network("tanh").cell
    points = sp.find_all_fixed_points(sp.as_system(network), np.zeros(3))
    return network, points


# -- balls -----------------------------------------------------------------------------------------


def test_the_ball_of_one_unit_ends_where_its_slope_is_one():
    balls = trapping_balls(ONE.interval_extension(), np.array([[M], [-M], [0.0]]), np.zeros((3, 1)))
    reach = M - EDGE
    assert (balls.radius[:2] <= reach).all()
    assert (balls.radius[:2] > 0.9 * reach).all()
    assert balls.radius[2] == 0


def test_no_ball_around_what_does_not_attract_or_is_no_fixed_point(flip_flop):
    network, points = flip_flop
    exact, u = network.interval_extension(), np.zeros((len(points), 3))
    balls = trapping_balls(exact, points.xstar, u)
    assert ((balls.radius > 0) == points.is_stable).all()
    moved = trapping_balls(exact, points.xstar + 0.05, u)
    assert (moved.radius == 0).all()


def test_what_a_ball_says_is_so(flip_flop):
    """Random states of the boundary come nearer, in the norm of the ball, by the next step."""
    network, points = flip_flop
    x = points.xstar[points.is_stable]
    balls = trapping_balls(network.interval_extension(), x, np.zeros((len(x), 3)))
    z = np.random.default_rng(0).standard_normal((len(x), 3000, 16))
    z /= np.linalg.norm(z, axis=2, keepdims=True)
    begin = x[:, None] + np.einsum("nij,ntj->nti", balls.R, balls.radius[:, None, None] * z)
    after = network.step(begin.reshape(-1, 16), np.zeros((z[:, :, 0].size, 3))).reshape(z.shape)
    inside = np.einsum("nij,ntj->nti", np.linalg.inv(balls.R), after - x[:, None])
    assert (np.linalg.norm(inside, axis=2).max(axis=1) < balls.radius).all()


# -- transitions -----------------------------------------------------------------------------------


#: How far from M a pulse of -1 may begin: in three steps it brings x < 1.0158349 below 0, in many
#: steps everything, so that the basin of M ends the ball.
@pytest.mark.parametrize(("held", "reach"), [(3, 0.05833089), (20, M)])
def test_one_unit_is_switched_by_a_pulse_beyond_the_fold(held, reach):
    table = [[0, 1], [0, 1]]
    radius, silence = proved(ONE, [[M], [-M]], [[1.0], [-1.0]], [held, held], table)
    assert (silence >= 0).all()
    assert (radius < reach).all()
    assert (radius > 0.8 * reach).all()


@pytest.mark.parametrize("strength", [0.1, 0.5])
def test_a_pulse_that_is_too_weak_is_proved_not_to_switch(strength):
    """The fold of x = tanh(2 x + b) is at b = 0.5328."""
    u = [[strength], [-strength]]
    radius, silence = proved(ONE, [[M], [-M]], u, [20, 20], [[0, 0], [1, 1]])
    assert (silence >= 0).all()
    assert (radius > 0).all()
    _, wrong = proved(ONE, [[M], [-M]], u, [20, 20], [[0, 1], [0, 1]])
    assert wrong[0, 1] == wrong[1, 0] == UNPROVED


def test_what_is_near_during_a_pulse_has_not_arrived():
    """Just beyond the fold a pulse takes long to switch, and first hardly moves the state."""
    _, wrong = proved(ONE, [[M], [-M]], [[-0.6]], [60], [[0], [1]])
    assert wrong[0, 0] == UNPROVED
    _, right = proved(ONE, [[M], [-M]], [[-0.6]], [60], [[1], [1]])
    assert (right >= 0).all()


def test_no_wrong_entry_of_a_table_is_proved(flip_flop):
    network, points = flip_flop
    x = points.xstar[points.is_stable]
    pulses = np.concatenate([np.eye(3), -np.eye(3)])
    machine = sp.read_automaton(sp.as_system(network), points, pulses)
    shifted = (machine.table + 1 + np.arange(6)) % 8
    _, silence = proved(network, x, pulses, np.ones(6, dtype=int), shifted, 12)
    assert (silence[shifted != machine.table] == UNPROVED).all()


def test_states_that_are_not_at_rest_prove_nothing(flip_flop):
    network, points = flip_flop
    pulses = np.eye(3)
    for x in (
        points.xstar[points.is_stable] + 0.01,
        points.xstar[~points.is_stable][:8],
        np.random.default_rng(0).uniform(-1, 1, (8, 16)),
    ):
        table = np.tile(np.arange(len(x))[:, None], 3)
        radius, silence = proved(network, x, pulses, np.ones(3, dtype=int), table, 5)
        assert (radius == 0).all()
        assert (silence == UNPROVED).all()


def test_a_black_box_proves_nothing():
    step = lambda x, u: np.tanh(2 * x + u)  # noqa: E731
    box = sp.as_system(step, state_size=1, input_size=1, recognise=False)
    radius, silence = proved(box.dynamics, [[M]], [[1.0]], [1], [[0]])
    assert radius.tolist() == [0]
    assert silence.tolist() == [[UNPROVED]]


def test_what_is_proved_of_one_unit_is_so_in_multiple_precision():
    """The ends of the ball, which bound all of it as the map is monotone."""
    u, held = 1.0, 3  # from -M it leads just beyond 0, from where it takes a while
    radius, silence = proved(ONE, [[M], [-M]], [[u]], [held], [[0], [0]])
    assert silence[1, 0] > 2
    for begin in (0, 1):
        for side in (-1, 1):
            x = mp.mpf([M, -M][begin]) + side * mp.mpf(float(radius[begin]))
            for step in range(held + int(silence[begin, 0]) + 200):
                x = mp.tanh(2 * x + (mp.mpf(u) if step < held else 0))
                if step >= held - 1 + silence[begin, 0]:
                    assert abs(x - mp.mpf(M)) <= mp.mpf(float(radius[0]))


def test_rounding_is_counted():
    """With weights whose products round, the ball of a map that hardly contracts is small."""
    W = np.array([[1 - 1e-15]])
    hardly = cells.VanillaCell(W, np.zeros((1, 0)), np.zeros(1), phi="linear")
    balls = trapping_balls(hardly.interval_extension(), np.zeros((1, 1)), np.zeros((1, 0)))
    exactly = cells.VanillaCell(np.eye(1), np.zeros((1, 0)), np.zeros(1), phi="linear")
    none = trapping_balls(exactly.interval_extension(), np.zeros((1, 1)), np.zeros((1, 0)))
    assert none.radius[0] == 0
    assert balls.radius[0] in (0.0, pytest.approx(1.0, rel=0.1))
    assert isinstance(hardly.interval_extension().W, Interval)


class Flipping(cells.VanillaCell):
    """x' = tanh(2 x (1 - 2 u)): under u = 1 the memories M and -M change places at every step."""

    def step(self, x, u):
        return activation("tanh").value(x * (2.0 - 4.0 * u))

    def jacobian(self, x, u):
        value = activation("tanh").value(x * (2.0 - 4.0 * u))
        return ((1.0 - value * value) * (2.0 - 4.0 * u))[:, :, None]


def test_a_pulse_that_only_passes_a_memory_does_not_lead_there():
    flipping = Flipping(np.eye(1), np.zeros((1, 1)), np.zeros(1))
    states, pulse = [[M], [-M]], [[1.0]]
    right = proved(flipping, states, pulse, [2], [[0], [1]])[1]
    assert (right >= 0).all()  # there and back
    for duration, wrong in ((2, [[1], [0]]), (1, [[0], [1]]), (3, [[0], [1]])):
        assert (proved(flipping, states, pulse, [duration], wrong)[1] == UNPROVED).all()
