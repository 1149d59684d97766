"""The flip-flop task, the networks that come with the package, and the trainer."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.status import ArgumentError, FileFormatError
from stillpoint.tasks import FlipFlop, ReadoutNetwork, load_network
from stillpoint.tasks.networks import CELLS


def test_targets_are_the_last_pulse_of_each_channel():
    trials = FlipFlop(bits=2, steps=30).sample(20, np.random.default_rng(0))
    for inputs, targets in zip(trials.inputs, trials.targets, strict=True):
        memory = np.zeros(2)
        for pulse, target in zip(inputs, targets, strict=True):
            memory = np.where(pulse != 0, pulse, memory)
            np.testing.assert_array_equal(target, memory)


def test_pulses_come_with_the_stated_probability():
    trials = FlipFlop(pulse_probability=0.1).sample(500, np.random.default_rng(0))
    assert np.mean(trials.inputs[:, 1:] != 0) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("options", [{"bits": 0}, {"steps": 0}, {"pulse_probability": 0.0}])
def test_impossible_tasks_are_refused(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        FlipFlop(**options)


@pytest.mark.parametrize("cell", CELLS)
def test_shipped_networks_solve_their_task(cell):
    task = FlipFlop()
    trials = task.sample(100, np.random.default_rng(7))
    _, outputs = load_network(cell).run(trials.inputs)
    assert task.accuracy(outputs, trials) > 0.999


@pytest.mark.parametrize("cell", CELLS)
def test_shipped_networks_have_27_points_and_trajectories_alone_find_8(cell):
    network = load_network(cell)
    states, _ = network.run(FlipFlop().sample(128, np.random.default_rng(0)).inputs)
    alone = sp.find_fixed_points(network.system, sp.sample_states(states, 512), np.zeros(3))
    assert (len(alone), alone.census().tallies[0].missing_at_least) == (8, 7)
    starts = sp.sample_states(states, 1024, noise=0.75 * states.std())
    points = sp.find_fixed_points(network.system, starts, np.zeros(3), rounds=5)
    tally = points.census().tallies[0]
    assert dict(tally.counts) == {"stable": 8, "1": 12, "2": 6, "3": 1}
    assert (tally.index_sum, tally.coverage, tally.missing_at_least) == (1, 1.0, 0)
    assert points.q.max() <= 1e-24
    corners = np.sign(network.read_out(points.stable.xstar))
    assert {tuple(c) for c in corners} == {tuple(c) for c in FlipFlop().corners()}


def test_networks_survive_saving(tmp_path):
    network = load_network("gru")
    network.save(tmp_path / "network.npz")
    again = ReadoutNetwork.load(tmp_path / "network.npz")
    for name in ("W", "B", "b", "c"):
        np.testing.assert_array_equal(getattr(network.cell, name), getattr(again.cell, name))


def test_a_file_that_is_no_network_is_refused(tmp_path):
    np.savez(tmp_path / "other.npz", x=np.zeros(3))
    with pytest.raises(FileFormatError, match="no trained network"):
        ReadoutNetwork.load(tmp_path / "other.npz")


@pytest.mark.torch
@pytest.mark.parametrize("cell", CELLS)
def test_modules_and_networks_are_the_same_map(cell):
    from stillpoint.tasks.modules import to_module

    network = load_network(cell)
    x = np.random.default_rng(0).normal(size=(5, network.cell.state_size))
    u = np.random.default_rng(1).normal(size=(5, 3))
    np.testing.assert_allclose(
        sp.as_system(to_module(network)).step(x, u), network.system.step(x, u), atol=1e-14
    )


@pytest.mark.torch
def test_training_lowers_the_loss_and_depends_on_the_seed_alone():
    import torch

    from stillpoint.tasks.training import train

    task = FlipFlop(bits=1, steps=10)
    before = torch.get_rng_state()
    first, second, other = (
        train(task, "tanh", 4, max_steps=200, batch=16, rate=2e-2, seed=seed, progress=False)
        for seed in (0, 0, 1)
    )
    assert torch.equal(before, torch.get_rng_state())
    assert first.losses[-5:].mean() < 0.7 * first.losses[:5].mean()
    np.testing.assert_array_equal(first.losses, second.losses)
    assert not np.array_equal(first.losses, other.losses)


@pytest.mark.torch
def test_training_stops_early_and_says_when_the_loss_is_not_finite():
    from stillpoint.tasks.training import TrainingError, train

    task = FlipFlop(bits=1, steps=10)
    assert len(train(task, "gru", 4, stop_at=10.0, progress=False).losses) == 1
    with pytest.raises(TrainingError, match="at step"):
        train(task, "tanh", 4, rate=float("inf"), max_steps=10, progress=False)
