"""The machine of memories and pulses: known ones, the task's, and every state of proved balls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, cells
from stillpoint.tasks import DelayedMatch, FlipFlop, load_network

PULSES = np.concatenate([np.eye(3), -np.eye(3)])
NAMES = ("tanh", "gru", "lstm", "dale_leaky", "dale_elman")
ONE = sp.as_system(cells.VanillaCell(2 * np.eye(1), np.ones((1, 1)), np.zeros(1)))
BOTH = sp.find_all_fixed_points(ONE, np.zeros(1))


def read(name, duration=1, **options):
    network = load_network(name)
    points = sp.find_all_fixed_points(network.system, np.zeros(3))
    machine = sp.read_automaton(
        network.system, points, PULSES, duration=duration, readout=network.read_out, **options
    )
    return network.system, machine


def assert_holds(system, machine, n=300, words=12, seed=0):
    """Random states of balls, under random words with the proved silence, do as the table says."""
    rng = np.random.default_rng(seed)
    s, p = machine.table.shape
    here = rng.integers(s, size=n)
    move = rng.standard_normal((n, system.state_size))
    move *= machine.ball[here, None] / np.linalg.norm(move, axis=1)[:, None]
    x, rest = machine.memories[here] + move, np.zeros((n, machine.pulses.shape[1]))
    for _ in range(words):
        letter = int(rng.integers(p))
        for _ in range(machine.duration[letter]):
            x = system.step(x, np.tile(machine.pulses[letter], (n, 1)))
        for _ in range(int(machine.silence_proved.max()) + int(rng.integers(3))):
            x = system.step(x, rest)
        here = machine.table[here, letter]
        away = np.linalg.norm(x - machine.memories[here], axis=1)
        assert (away <= machine.ball[here] * (1 + 1e-12)).all()


@pytest.mark.parametrize("duration", [1, 5])
def test_the_machine_of_a_trained_flip_flop_is_that_of_its_task(duration):
    system, machine = read("tanh", duration)
    assert machine.all_proved
    assert (machine.ball > 0.35).all()  # the nearest saddle is 0.9 away
    assert machine.silence_proved.max() <= 25
    assert (machine.silence_needed <= machine.silence_proved).all()
    same = machine.compare(FlipFlop().automaton())
    assert same
    assert same.evidence == "proved"
    assert len(same.pairs) == 8
    assert_holds(system, machine)
    assert "all are proved" in machine.verdict


@pytest.mark.parametrize(
    "name",
    [*NAMES[:3], *(pytest.param(name, marks=pytest.mark.slow) for name in NAMES[3:])],
)
def test_all_shipped_flip_flops_are_decided_for_all_durations(name):
    _, machine = read(name, 1, prove=False)
    assert (machine.table >= 0).all()
    assert machine.compare(FlipFlop().automaton())


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("duration", [1, 5])
def test_all_shipped_flip_flops_are_proved(name, duration):
    system, machine = read(name, duration)
    assert machine.proved.sum() == 48
    assert machine.compare(FlipFlop().automaton()).evidence == "proved"
    assert_holds(system, machine)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_longer_pulses_do_the_same(name):
    _, machine = read(name, [1, 2, 3, 5, 10], prove=False)
    assert machine.table.shape == (8, 30)
    assert (machine.table >= 0).all()
    assert machine.compare(FlipFlop().automaton())


@pytest.mark.slow
def test_less_silence_is_proved_for_smaller_balls():
    _, machine = read("tanh", 1)
    _, shorter = read("tanh", 1, silence=6)
    assert shorter.all_proved
    assert shorter.silence_proved.max() <= 6
    assert (shorter.ball < machine.ball).all()


def test_one_unit_with_two_memories():
    machine = sp.read_automaton(ONE, BOTH, [[1.0], [-1.0], [0.1]], duration=3)
    assert machine.table.tolist() == [[0, 1, 0], [0, 1, 1]] or machine.table.tolist() == [
        [1, 0, 0], [1, 0, 1]
    ]  # fmt: skip
    assert machine.all_proved
    assert machine.unreachable(0).tolist() == []
    assert machine.after(0, [0, 1, 2]) == machine.table[0, 1]
    attractors = sp.find_attractors(ONE, np.zeros(1))
    again = sp.read_automaton(ONE, attractors, machine.pulses, duration=3)
    assert again.compare(machine)


def test_a_memory_that_was_not_handed_over_is_found_and_named():
    stable = np.flatnonzero(BOTH.is_stable)
    one = BOTH.take(stable[:1])
    machine = sp.read_automaton(ONE, one, [[2.0], [-2.0]])
    assert machine.spurious.tolist() == [False, True]
    assert sorted(machine.memories.ravel()) == pytest.approx([-0.957504024, 0.957504024])
    assert machine.all_proved
    assert "*" in repr(machine)


def test_a_pulse_that_ends_nowhere_has_no_entry():
    """One unit turns for ever once it is pushed off."""
    turn = 1.5 * np.array([[np.cos(1), -np.sin(1)], [np.sin(1), np.cos(1)]])

    def step(x, u):
        size = np.sqrt((x**2).sum(axis=-1, keepdims=True))
        return np.where(size + np.abs(u) < 0.5, 0.5 * x, np.tanh((x + u) @ turn.T))

    system = sp.as_system(step, state_size=2, input_size=1)
    points = sp.find_fixed_points(system, np.zeros((1, 2)), np.zeros(1), orbits=False)
    machine = sp.read_automaton(system, points, [[0.1], [2.0]], steps=500)
    assert machine.table.tolist() == [[0, -1]]
    assert machine.silence_needed.tolist() == [[0, -1]]
    assert not machine.proved.any()
    assert "1 of 2" in machine.verdict


def test_silence_that_is_needed_is_counted():
    """A leaky counter: two pulses in a row add up, unless there is rest in between."""
    cell = cells.LeakyCell(2.2 * np.eye(1), np.ones((1, 1)), np.zeros(1), alpha=np.array([0.1]))
    system = sp.as_system(cell)
    points = sp.find_all_fixed_points(system, np.zeros(1))
    machine = sp.read_automaton(system, points, [[2.0], [-2.0]], duration=10)
    stays = machine.table == np.arange(2)[:, None]
    assert stays.all()  # each alone is too short to switch
    assert 0 < machine.silence_needed.max() < 60
    assert (machine.silence_needed <= machine.silence_proved)[machine.proved].all()


# -- comparison ------------------------------------------------------------------------------------


def test_machines_that_differ_are_told_apart_by_a_shortest_word():
    task = FlipFlop().automaton()
    table = task.table.copy()
    table[7, 5] = 7  # from 111, channel 3 is not erased
    other = replace(task, table=table)
    start = 0  # 000: three pulses lead to 111, and the fourth tells
    found = task.compare(other, start=(start, start))
    assert not found
    assert len(found.word) == 4
    assert task.after(start, found.word) != other.after(start, found.word)
    assert "after pulses" in repr(found)
    assert not other.compare(task)


def test_names_and_orders_do_not_count():
    task = FlipFlop(bits=2).automaton()
    order, letters = np.array([2, 0, 3, 1]), np.array([3, 1, 0, 2])
    place = np.argsort(order)
    other = replace(
        task,
        outputs=task.outputs[order],
        pulses=task.pulses[letters],
        table=place[task.table[order]][:, letters],
    )
    assert task.compare(other)
    silent = replace(other, outputs=np.zeros((4, 0)))
    assert task.compare(silent)
    merged = replace(silent, table=np.zeros_like(silent.table))
    assert not task.compare(merged)


def test_a_file_keeps_it(tmp_path):
    machine = sp.read_automaton(ONE, BOTH, [[1.0], [-1.0]])
    loaded = sp.load(machine.save(tmp_path / "machine.nc"))
    assert repr(loaded) == repr(machine)
    assert loaded.to_dataframe().equals(machine.to_dataframe())
    task = FlipFlop(bits=2).automaton()
    assert repr(sp.load(task.save(tmp_path / "task.nc"))) == repr(task)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("attractors", {"attractors": None}),
        ("attractors", {"rest": [0.5]}),
        ("pulses", {"pulses": np.zeros((0, 1))}),
        ("pulses", {"pulses": [1.0]}),
        ("duration", {"duration": 0}),
        ("duration", {"duration": []}),
        ("silence", {"silence": -1}),
        ("readout", {"readout": 3}),
        ("readout", {"readout": lambda x: x[0]}),
        ("steps", {"steps": 0}),
        ("prove", {"prove": 1}),
    ],
)
def test_what_does_not_fit_is_refused(name, options):
    wanted = {"attractors": BOTH, "pulses": [[1.0]], **options}
    with pytest.raises(ArgumentError, match=f"^{name}: "):
        sp.read_automaton(ONE, **wanted)


def test_other_machines_that_do_not_fit_are_refused():
    one, two = FlipFlop(bits=1).automaton(), FlipFlop(bits=2).automaton()
    with pytest.raises(ArgumentError, match=r"^other: "):
        one.compare(two)
    with pytest.raises(ArgumentError, match=r"^start: "):
        two.compare(two, start=(0, 4))
    with pytest.raises(ArgumentError, match=r"^start: "):
        two.unreachable(4)


def test_what_a_task_leaves_open_may_be_anything():
    """A network that holds which of two stimuli came, read from the pulses of a task."""
    task = DelayedMatch(stimuli=2)
    W, B = np.diag([3.0, 3.0]), np.array([[-0.6, 2.4, 0.0], [-0.6, 0.0, 2.4]])
    holds = sp.as_system(sp.cells.VanillaCell(W, B, np.zeros(2)))
    rest = np.array([1.0, 0.0, 0.0])
    points = sp.find_all_fixed_points(holds, rest)
    pulses = task.automaton().pulses
    machine = sp.read_automaton(holds, points, pulses, rest=rest, duration=10)
    begin = int(np.flatnonzero((machine.memories < 0).all(axis=1))[0])  # neither has come
    assert len({*machine.table[begin].tolist(), begin}) == 3
    found = machine.compare(task.automaton())
    assert found
    assert found.evidence == "proved"
    assert len(found.pairs) == 3
    alike = sp.as_system(sp.cells.VanillaCell(W, B[:, [0, 1, 1]], np.zeros(2)))
    points = sp.find_all_fixed_points(alike, rest)
    machine = sp.read_automaton(alike, points, pulses, rest=rest, duration=10)
    assert not machine.compare(task.automaton())  # both stimuli lead to the same memory
