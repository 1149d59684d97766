"""Cycles of maps whose cycles are known, each with its period, its multipliers and its index."""

from __future__ import annotations

import itertools
import os

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning
from stillpoint.proofs import prove
from stillpoint.recurrence.cycle_orbits import _is_prime
from stillpoint.tasks import load_network

M = 0.9575040240772688  # m = tanh 2 m
SLOPE = 2 * (1 - M**2)


def ring(n, last=2.0, signs=None):
    """x_i' = tanh(2 x_(i-1)): F^n is tanh(2 x) of every unit, n times."""
    W = np.zeros((n, n))
    W[np.arange(n), np.arange(n) - 1] = 2.0
    W[0, -1] = last
    if signs is not None:
        W = signs[:, None] * W * signs[None, :]
    return sp.as_system(sp.cells.VanillaCell(W, np.zeros((n, 0)), np.zeros(n)))


def henon(x):
    return np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], axis=1)


def numbers(cycles):
    """Return by period how many there are, how many are stable, and how many are proved."""
    return {
        int(k): tuple(int(x.sum()) for x in (c.period == k, c.is_stable, c.proved))
        for k in np.unique(cycles.period)
        for c in [cycles.of_period(int(k))]
    }


RINGS = {
    3: {1: (3, 2), 3: (8, 2)},
    4: {1: (3, 2), 2: (3, 1), 4: (18, 3)},
    5: {1: (3, 2), 5: (48, 6)},
}


@pytest.mark.parametrize("n", RINGS)
def test_a_ring_has_the_cycles_of_its_shifts(n):
    cycles = sp.find_cycles(ring(n), periods=range(1, n + 1))
    assert numbers(cycles) == {k: (all_, stable, all_) for k, (all_, stable) in RINGS[n].items()}
    points = {int(k): int(p) for k, p in zip(cycles.searched, cycles.n_points, strict=True)}
    assert points == {k: 3 ** np.gcd(n, k) for k in range(1, n + 1)}
    assert cycles.index_sum.tolist() == [1] * n
    for row in np.flatnonzero(cycles.period == n):
        states = cycles.orbit(row)
        assert np.abs(np.abs(states) - M * (np.abs(states) > 0.5)).max() < 1e-12
        zeros = int((np.abs(states[0]) < 0.5).sum())
        expected = np.sort([2.0**n] * zeros + [SLOPE**n] * (n - zeros))
        np.testing.assert_allclose(np.sort(np.abs(cycles.multipliers[row])), expected, rtol=1e-6)
        assert cycles.n_unstable[row] == zeros


def test_signs_do_not_change_cycles():
    signs = np.array([1.0, -1.0, -1.0, 1.0])
    assert numbers(sp.find_cycles(ring(4, signs=signs), periods=range(1, 5))) == numbers(
        sp.find_cycles(ring(4), periods=range(1, 5))
    )


def test_a_negative_ring():
    assert numbers(sp.find_cycles(ring(3, -2.0), periods=range(1, 7))) == {
        1: (1, 0, 1),
        2: (1, 1, 1),
        6: (4, 1, 4),
    }
    assert numbers(sp.find_cycles(ring(2, -2.0), periods=range(1, 5))) == {
        1: (1, 0, 1),
        4: (2, 1, 2),
    }


@pytest.mark.slow
def test_every_cycle_of_henons_map_to_period_ten():
    system = sp.as_system(henon, state_size=2, recognise=False)
    cycles = sp.find_cycles(system, periods=range(1, 11))
    counts = [int((cycles.period == k).sum()) for k in range(1, 11)]
    assert counts == [2, 1, 0, 1, 0, 2, 4, 7, 6, 10]
    assert not cycles.is_stable.any()
    for k in range(1, 9):  # the index of a cycle under F^k is that of a power of its multipliers
        assert (cycles.period * cycles.index(k)).sum() == 0
    assert (cycles.period * np.sign(np.prod(1 - cycles.multipliers, axis=1).real))[
        cycles.period <= 2
    ].sum() != 0  # counted by their own sign they do not cancel
    for row in range(len(cycles)):
        states = cycles.orbit(row)
        assert np.abs(henon(states) - np.roll(states, -1, axis=0)).max() < 1e-9


def test_a_flip_leaves_a_cycle_of_two():
    flip = sp.as_system(lambda x: np.tanh(-2 * x), state_size=1, lefschetz=1)
    cycles = sp.find_cycles(flip, periods=2)
    assert cycles.period.tolist() == [1, 2]
    np.testing.assert_allclose(cycles.multipliers[1].real, [SLOPE**2], rtol=1e-9)
    assert pytest.approx(0.0276796715831) == SLOPE**2
    assert cycles.index(1).tolist() == [1, 0]
    assert cycles.index(2).tolist() == [-1, 1]


@pytest.mark.parametrize("cell", ["tanh", pytest.param("gru", marks=pytest.mark.slow)])
def test_memories_have_no_cycles(cell):
    network = load_network(cell)
    cycles = sp.find_cycles(network.system, np.zeros(3), periods=(2, 3))
    assert numbers(cycles).keys() == {1}
    assert cycles.n_points.tolist() == [27, 27]
    is_proved = cell == "tanh"  # of iterates of gated networks boxes are too many
    wanted = "no cycle of period 2, 3" + (": proved" if is_proved else " is known")
    assert wanted in cycles.verdict


@pytest.mark.slow
def test_what_is_listed_returns_to_its_start_however_long():
    system = sp.as_system(lambda x: np.sin(5 * x), state_size=1, recognise=False)
    with pytest.warns(StillpointWarning, match="rounding grows"):
        cycles = sp.find_cycles(system, periods=[30], max_starts=256)
    for row in range(len(cycles)):
        states = cycles.orbit(row)
        assert np.abs(np.sin(5 * states) - np.roll(states, -1, axis=0)).max() < 1e-5


def test_a_shorter_cycle_is_proved_under_its_own_iterate():
    cycles = sp.find_cycles(ring(2, -2.0), periods=[8])
    assert numbers(cycles) == {1: (1, 0, 1), 4: (2, 1, 2)}


def test_a_fixed_point_is_never_proved_to_be_a_longer_cycle():
    system = sp.as_system(sp.cells.VanillaCell(-2 * np.eye(1), np.zeros((1, 0)), np.zeros(1)))
    twice = prove(system.iterate(2).dynamics, np.array([[0.0], [M]]), np.zeros((2, 0)))
    assert twice.proved.all()
    primes = [_is_prime(system, twice, np.zeros(0), row, 2) for row in (0, 1)]
    assert primes == [False, True]


def test_states_behind_closed_gates_are_no_cycles():
    W = np.array([[3.36542062], [4.77777136], [6.80030077]])
    b = np.array([-0.60125134, -1.11267937, -0.58023399])
    cell = sp.cells.GRUCell(W, np.zeros((3, 0)), b, np.array([-0.10964162]))
    cycles = sp.find_cycles(sp.as_system(cell), periods=[1, 2])
    assert cycles.period.tolist() == [1, 1, 1]
    assert cycles.proved.all()
    assert cycles.n_points.tolist() == [3, 3]
    assert set(cycles.completeness) == {"proved complete"}
    unknown = sp.as_system(
        lambda x: cell.step(x, np.zeros((len(x), 0))), state_size=1, recognise=False
    )
    with pytest.warns(StillpointWarning, match="not listed"):
        cycles = sp.find_cycles(unknown, periods=[1, 2], max_starts=1024)
    assert cycles.period.tolist() == [1, 1, 1]


def test_a_continuum_is_told_and_not_listed():
    flips = sp.as_system(lambda x: np.stack([-x[:, 0], x[:, 1] / 2], 1), state_size=2)
    with pytest.warns(StillpointWarning, match="continuum"):
        cycles = sp.find_cycles(flips, periods=(1, 2), max_starts=128)
    assert cycles.period.tolist() == [1]


def test_what_a_longer_iterate_finds_counts_for_the_shorter_ones():
    cycles = sp.find_cycles(ring(3), periods=(1, 3), max_starts=40)
    for k, n in zip(cycles.searched, cycles.n_points, strict=True):
        assert n == cycles.period[k % cycles.period == 0].sum()


def test_of_a_selection_nothing_is_said():
    cycles = sp.find_cycles(ring(3), periods=range(1, 4))
    for part in (cycles.of_period(3), cycles.take([0])):
        assert part.is_selection
        assert "selection" in part.verdict
    assert cycles.take(np.arange(len(cycles))[::-1]).verdict == cycles.verdict


def test_inputs_are_searched_one_by_one():
    system = sp.as_system(lambda x, u: np.tanh(-u * x), state_size=1, input_size=1, lefschetz=1)
    cycles = sp.find_cycles(system, [[0.5], [2.0]], periods=(1, 2))
    assert cycles.inputs.ravel().tolist() == [0.5, 2.0, 2.0]
    assert cycles.period.tolist() == [1, 1, 2]
    assert cycles.searched_inputs.ravel().tolist() == [0.5, 0.5, 2.0, 2.0]


def test_cycles_survive_their_file(tmp_path):
    cycles = sp.find_cycles(ring(3), periods=range(1, 4))
    again = sp.load(cycles.save(tmp_path / "cycles.nc"))
    assert repr(again) == repr(cycles)
    assert np.array_equal(again.states, cycles.states, equal_nan=True)
    assert len(again.to_dataframe()) == len(cycles)
    assert again.citation() == cycles.citation()


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_what_does_not_fit_is_refused():
    flow = sp.as_system(lambda x: -x, state_size=1, kind="flow")
    with pytest.raises(ArgumentError, match=r"^periods: got 2, but the periods of a flow"):
        sp.find_cycles(flow, periods=2)
    for wrong in ([], [0], [1.5], "a", -1):
        with pytest.raises(ArgumentError, match=r"^periods: "):
            sp.find_cycles(ring(2), periods=wrong)
    with pytest.raises(ArgumentError, match=r"^max_starts: "):
        sp.find_cycles(ring(2), max_starts=0)
    cycles = sp.find_cycles(ring(2), periods=(1, 2))
    for wrong in (99, -1, "a"):
        with pytest.raises(ArgumentError, match=r"^row: "):
            cycles.orbit(wrong)
    with pytest.raises(ArgumentError, match=r"^period: "):
        cycles.of_period(0)
    with pytest.raises(ArgumentError, match=r"^iterate: "):
        cycles.index(0)


@pytest.mark.slow
def test_every_cycle_of_a_ring_of_seven():
    cycles = sp.find_cycles(ring(7), periods=[7])
    assert {k: v[:2] for k, v in numbers(cycles).items()} == {1: (3, 2), 7: (312, 18)}
    assert cycles.of_period(7).proved.all()
    assert cycles.n_points.tolist() == [2187]


@pytest.mark.parametrize(("n", "sign"), [(2, 1), (3, 1), (2, -1), (3, -1)])
def test_cycles_of_small_networks_are_proved_complete(n, sign):
    cycles = sp.find_cycles(ring(n, 2.0 * sign), periods=range(1, 2 * n + 1))
    assert set(cycles.completeness) == {"proved complete"}
    assert cycles.proved.all()
    for k, points in zip(cycles.searched.tolist(), cycles.n_points.tolist(), strict=True):
        assert points == fixed_of_power(n, sign, k)


def fixed_of_power(n: int, sign: int, k: int) -> int:
    """Count states in {-m, 0, m}^n that k shifts, each with its sign, bring back."""
    states = np.array(list(itertools.product((-1, 0, 1), repeat=n)))
    after = states
    for _ in range(k):
        after = np.roll(after, 1, axis=1)
        after[:, 0] *= sign
    return int((after == states).all(axis=1).sum())


def test_that_there_is_no_cycle_is_proved():
    W = np.array([[1.2, -0.4], [0.5, 0.9]])
    system = sp.as_system(sp.cells.VanillaCell(W, np.zeros((2, 0)), np.array([0.1, 0.3])))
    cycles = sp.find_cycles(system, periods=range(1, 5))
    assert set(cycles.period) == {1}
    assert cycles.verdict == "no cycle of period 2 to 4: proved"
