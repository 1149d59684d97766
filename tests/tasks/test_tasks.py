"""The tasks, and the networks that come with the package."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, FileFormatError
from stillpoint.tasks import (
    ContextIntegration,
    DelayedMatch,
    FlipFlop,
    NeuroGymTask,
    ParametricWorkingMemory,
    PerceptualDecision,
    ReadoutNetwork,
    SineWave,
    Task,
    Trials,
    load_network,
)
from stillpoint.tasks.networks import CELLS
from stillpoint.tasks.trials import last_class_accuracy, steps_in


class Environment:
    """Stands for a NeuroGym environment: trials of 3 to 6 steps whose last class is the choice."""

    observation_space = SimpleNamespace(shape=(2,))
    action_space = SimpleNamespace(n=3)

    def __init__(self):
        self.rng = np.random.RandomState()
        self.drawn = 0

    def seed(self, seed=None):
        self.rng = np.random.RandomState(seed)

    def new_trial(self):
        self.drawn += 1
        choice, steps = self.rng.choice([1, 2]), self.rng.choice([3, 4, 5, 6])
        self.ob = np.ones((steps, 2), dtype=np.float32)
        self.ob[:, 1] = self.rng.randn(steps)
        self.gt = np.zeros(steps, dtype=np.int64)
        self.gt[-1] = choice
        return {"ground_truth": choice, "steps": steps, "history": [1, 2]}


class Wrapper:
    """Passes on what it does not have itself, as gymnasium's wrappers do."""

    def __init__(self, env):
        self.env = env

    @property
    def unwrapped(self):
        return getattr(self.env, "unwrapped", self.env)

    def __getattr__(self, name):
        if name == "env":  # not made yet: it is being copied
            raise AttributeError(name)
        assert name not in ("new_trial", "seed", "ob", "gt"), "gymnasium 1 does not pass it on"
        return getattr(self.env, name)


class Continuous(Environment):
    """Actions are two numbers: what was observed one step before."""

    action_space = SimpleNamespace(shape=(2,))

    def new_trial(self):
        about = super().new_trial()
        self.gt = np.zeros_like(self.ob)
        self.gt[1:] = self.ob[:-1]
        return about


TASKS = {
    "flip-flop": FlipFlop(bits=2, steps=12),
    "decision": PerceptualDecision(),
    "context": ContextIntegration(),
    "memory": ParametricWorkingMemory(),
    "sine": SineWave(),
    "match": DelayedMatch(stimuli=3),
    "neurogym": NeuroGymTask(Environment()),
    "neurogym, wrapped": NeuroGymTask(Wrapper(Environment())),
    "neurogym, continuous": NeuroGymTask(Continuous()),
}


# -- the protocol ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", TASKS)
def test_tasks_follow_the_protocol(name):
    task = TASKS[name]
    assert isinstance(task, Task)
    trials = task.sample(20, np.random.default_rng(3))
    inputs, targets, mask, conditions = trials
    assert inputs.shape == (20, inputs.shape[1], task.input_size)
    assert mask.shape == inputs.shape[:2]
    assert mask.min() >= 0
    assert (mask.max(axis=1) == 1).all()
    assert all(values.shape == (20,) for values in conditions.values())
    if task.loss == "mse":
        assert targets.shape == (*mask.shape, task.output_size)
        best = targets
    else:
        assert targets.shape == mask.shape
        assert np.issubdtype(targets.dtype, np.integer)
        assert set(np.unique(targets)) <= set(range(task.output_size))
        best = np.eye(task.output_size)[targets]
    assert task.accuracy(best, trials) == 1.0
    assert task.accuracy(-best, trials) < 0.6


@pytest.mark.parametrize("name", TASKS)
def test_the_same_rng_gives_the_same_trials(name):
    task = TASKS[name]
    first, again, other = (task.sample(20, np.random.default_rng(seed)) for seed in (3, 3, 4))
    for a, b in zip(first[:3], again[:3], strict=True):
        np.testing.assert_array_equal(a, b)
    assert list(first.conditions) == list(again.conditions)
    for key, values in first.conditions.items():
        np.testing.assert_array_equal(values, again.conditions[key])
    assert first.inputs.shape != other.inputs.shape or (first.inputs != other.inputs).any()


@pytest.mark.parametrize(
    ("task", "options"),
    [
        (PerceptualDecision, {"dt": 0.0}),
        (PerceptualDecision, {"stimulus": -100.0}),
        (PerceptualDecision, {"stimulus": 250.0}),
        (PerceptualDecision, {"decision": 0.0}),
        (PerceptualDecision, {"coherences": ()}),
        (PerceptualDecision, {"coherences": (3.2, -1.0)}),
        (PerceptualDecision, {"coherences": (101.0,)}),
        (PerceptualDecision, {"sigma": -0.1}),
        (ContextIntegration, {"stimulus": 0.0}),
        (ContextIntegration, {"hold": float("nan")}),
        (ContextIntegration, {"largest": 0.0}),
        (ContextIntegration, {"sigma": -1.0}),
        (ParametricWorkingMemory, {"delay": 30.0}),
        (ParametricWorkingMemory, {"second": 0.0}),
        (ParametricWorkingMemory, {"pairs": ()}),
        (ParametricWorkingMemory, {"pairs": ((10.0, 10.0),)}),
        (ParametricWorkingMemory, {"pairs": ((10.0, 12.0, 14.0),)}),
        (ParametricWorkingMemory, {"sigma": -1.0}),
        (SineWave, {"n_frequencies": 0}),
        (SineWave, {"steps": 0}),
        (SineWave, {"lowest": 0.0}),
        (SineWave, {"highest": 3.2}),
        (DelayedMatch, {"stimuli": 1}),
        (DelayedMatch, {"test": 0.0}),
        (DelayedMatch, {"presentation": 70.0}),
        (DelayedMatch, {"sigma": -1.0}),
    ],
)
def test_impossible_parameters_are_refused(task, options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        task(**options)


def test_durations_are_whole_steps_up_to_rounding():
    assert steps_in("delay", 0.3, dt=0.1) == 3
    assert steps_in("delay", 0.0, dt=0.1) == 0
    with pytest.raises(ArgumentError, match=r"delay: got 0.0 with dt=0.1, .* at least 0.1"):
        steps_in("delay", 0.0, dt=0.1, least=1)


def test_accuracy_is_that_of_the_last_step_that_counts():
    targets = np.array([[0, 1, 2], [0, 1, 2]])
    mask = np.array([[1.0, 1.0, 1.0], [1.0, 0.5, 0.0]])
    trials = Trials(np.zeros((2, 3, 1)), targets, mask, {})
    outputs = np.eye(3)[np.array([[1, 0, 2], [1, 1, 0]])]
    assert last_class_accuracy(outputs, trials) == 1.0
    assert last_class_accuracy(np.eye(3)[np.array([[0, 1, 1], [0, 0, 2]])], trials) == 0.0


# -- the flip-flop --------------------------------------------------------------------------------


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


# -- perceptual decision making -------------------------------------------------------------------


def test_a_decision_without_noise_is_known_exactly():
    task = PerceptualDecision(sigma=0.0)
    inputs, targets, _, about = task.sample(50, np.random.default_rng(0))
    assert inputs.shape == (50, 22, 3)
    np.testing.assert_array_equal(inputs[:, 0], np.tile([1.0, 0.0, 0.0], (50, 1)))
    np.testing.assert_array_equal(inputs[:, -1], np.zeros((50, 3)))
    np.testing.assert_array_equal(inputs[:, 1:21, 0], np.ones((50, 20)))
    half = about["signed_coherence"][:, None] / 200
    np.testing.assert_allclose(inputs[:, 1:21, 1], 0.5 + half + np.zeros((1, 20)), atol=1e-15)
    np.testing.assert_allclose(inputs[:, 1:21, 2], 0.5 - half + np.zeros((1, 20)), atol=1e-15)
    np.testing.assert_array_equal(targets[:, :21], np.zeros((50, 21)))
    np.testing.assert_array_equal(targets[:, 21], 1 + about["choice"])
    sign = np.where(about["choice"] == 0, 1.0, -1.0)
    np.testing.assert_array_equal(about["signed_coherence"], sign * about["coherence"])
    assert set(about["coherence"]) == {0.0, 6.4, 12.8, 25.6, 51.2}
    for trial, choice, coherence in zip(inputs, about["choice"], about["coherence"], strict=True):
        held = task.constant_input(coherence, int(choice))
        np.testing.assert_allclose(trial[5], held, atol=1e-15)


def test_an_ideal_observer_decides_as_well_as_the_noise_allows():
    task = PerceptualDecision()
    trials = task.sample(20_000, np.random.default_rng(0))
    assert trials.inputs[:, 0, 1].std() == pytest.approx(0.1, abs=0.002)
    evidence = (trials.inputs[:, 1:21, 1] - trials.inputs[:, 1:21, 2]).sum(axis=1)
    outputs = np.zeros((20_000, 22, 3))
    outputs[:, -1, 1], outputs[:, -1, 2] = 1 + evidence, 1 - evidence
    # chance at coherence 0; Phi(20 * 0.064 / sqrt(20 * 0.02)) = Phi(2.024) = 0.9785 at 6.4
    assert task.accuracy(outputs, trials) == pytest.approx((0.5 + 0.9785 + 3) / 5, abs=0.01)


def test_the_held_input_of_a_decision_must_exist():
    np.testing.assert_array_equal(PerceptualDecision().constant_input(), [1.0, 0.5, 0.5])
    with pytest.raises(ArgumentError, match="choice"):
        PerceptualDecision().constant_input(choice=2)
    with pytest.raises(ArgumentError, match="coherence"):
        PerceptualDecision().constant_input(-3.0)


# -- the other tasks ------------------------------------------------------------------------------


def test_the_target_is_the_integral_of_what_the_context_says():
    task = ContextIntegration(sigma=0.0)
    inputs, targets, _, about = task.sample(40, np.random.default_rng(0))
    assert inputs.shape == (40, 40, 4)  # 2 + 30 + 8
    counts = np.where(about["context"] == 0, about["motion"], about["colour"])
    ramp = np.clip(np.arange(1, 41) - 2, 0, 30) / 30
    np.testing.assert_allclose(targets[:, :, 0], counts[:, None] * ramp / 0.1875, atol=1e-12)
    np.testing.assert_array_equal(about["choice"], counts > 0)
    np.testing.assert_array_equal(inputs[:, :2, :2], np.zeros((40, 2, 2)))
    np.testing.assert_array_equal(inputs[:, 32:, :2], np.zeros((40, 8, 2)))
    for trial, motion, colour, context in zip(
        inputs, about["motion"], about["colour"], about["context"], strict=True
    ):
        np.testing.assert_array_equal(trial[2:32, :2], np.tile([motion, colour], (30, 1)))
        np.testing.assert_array_equal(trial[35], task.constant_input(int(context)))
    with pytest.raises(ArgumentError, match="context"):
        task.constant_input(2)


def test_noise_is_evidence_too():
    inputs, targets, _, about = ContextIntegration().sample(500, np.random.default_rng(0))
    shown = inputs[np.arange(500), :, about["context"]].sum(axis=1) / (30 * 0.1875)
    np.testing.assert_allclose(targets[:, -1, 0], shown, atol=1e-12)
    assert (inputs[:, 2:32, 0] - about["motion"][:, None]).std() == pytest.approx(0.2, abs=0.005)


def test_memory_shows_the_two_frequencies_on_opposite_channels():
    task = ParametricWorkingMemory(sigma=0.0)
    inputs, targets, _, about = task.sample(60, np.random.default_rng(0))
    assert inputs.shape == (60, 1 + 5 + 10 + 5 + 1, 3)
    for name, at in (("f1", 3), ("f2", 18)):
        rate = (about[name] - 10) / 24
        np.testing.assert_allclose(inputs[:, at, 1:], np.stack([rate, 1 - rate], axis=1))
    np.testing.assert_array_equal(inputs[:, 10], np.tile(task.constant_input(), (60, 1)))
    np.testing.assert_array_equal(targets[:, -1], np.where(about["f1"] > about["f2"], 1, 2))
    np.testing.assert_array_equal(targets[:, -1], 1 + about["choice"])
    assert not targets[:, :-1].any()
    np.testing.assert_array_equal(np.abs(about["f1"] - about["f2"]), np.full(60, 8.0))
    assert 0.3 < about["choice"].mean() < 0.7


def test_sine_waves_have_the_frequency_that_the_input_sets():
    task = SineWave()
    inputs, targets, _, about = task.sample(30, np.random.default_rng(0))
    omega = about["frequency"][:, None]
    np.testing.assert_allclose(targets[:, :, 0], np.sin(omega * np.arange(100)))
    which = np.round((inputs[:, 0, 0] - 0.25) * 51).astype(int) - 1
    np.testing.assert_allclose(task.frequencies[which], about["frequency"])
    np.testing.assert_array_equal(inputs, np.repeat(inputs[:, :1], 100, axis=1))
    assert (task.frequencies[0], task.frequencies[-1]) == (0.1, 0.6)
    np.testing.assert_array_equal(task.constant_input(int(which[0])), inputs[0, 0])
    with pytest.raises(ArgumentError, match="which"):
        task.constant_input(51)


def test_half_of_the_tests_match_their_sample():
    task = DelayedMatch(stimuli=3, sigma=0.0)
    inputs, targets, _, about = task.sample(400, np.random.default_rng(0))
    assert inputs.shape == (400, 1 + 3 + 10 + 3 + 1, 4)
    for name, at in (("sample", 2), ("test", 15)):
        np.testing.assert_array_equal(inputs[:, at, 1:].argmax(axis=1), about[name])
        np.testing.assert_array_equal(inputs[:, at].sum(axis=1), np.full(400, 2.0))
    np.testing.assert_array_equal(inputs[:, 8], np.tile(task.constant_input(), (400, 1)))
    np.testing.assert_array_equal(about["match"], about["sample"] == about["test"])
    np.testing.assert_array_equal(targets[:, -1], np.where(about["match"], 1, 2))
    assert about["match"].mean() == pytest.approx(0.5, abs=0.08)
    assert len({*zip(about["sample"], about["test"], strict=True)}) == 9


# -- NeuroGym -------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrap", [lambda env: env, Wrapper, lambda env: Wrapper(Wrapper(env))])
def test_trials_of_an_environment_are_padded(wrap):
    env = Environment()
    task = NeuroGymTask(wrap(env))
    inputs, targets, mask, about = task.sample(40, np.random.default_rng(0))
    assert inputs.shape == (40, 6, 2)
    np.testing.assert_array_equal(mask.sum(axis=1), about["steps"])
    np.testing.assert_array_equal(mask, inputs[:, :, 0])  # observed ones, then zeros
    assert not inputs[mask == 0].any()
    last = about["steps"] - 1
    np.testing.assert_array_equal(targets[np.arange(40), last], about["ground_truth"])
    assert set(about) == {"ground_truth", "steps"}  # not the list
    assert env.drawn == 0  # the user's environment stays as it is


def test_environments_without_a_seed_are_seeded_by_their_rng():
    class Seedless(Environment):
        seed = None

    a, b = (NeuroGymTask(Seedless()).sample(5, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(a.inputs, b.inputs)


def test_closures_of_an_environment_are_seeded_too_and_its_own_rng_is_given_back():
    class Closing(Environment):
        def __init__(self):
            super().__init__()
            self.noise = lambda steps: self.rng.randn(steps)  # not copied with the environment

        def new_trial(self):
            about = super().new_trial()
            self.ob[:, 1] = self.noise(len(self.ob))
            return about

    env = Closing()
    own, state = env.rng, env.rng.get_state()[1].copy()
    a, b = (NeuroGymTask(env).sample(5, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(a.inputs, b.inputs)
    assert env.rng is own
    np.testing.assert_array_equal(own.get_state()[1], state)


def test_classes_of_an_environment_are_counted_from_its_first_action():
    class Shifted(Environment):
        action_space = SimpleNamespace(n=3, start=5)

        def new_trial(self):
            about = super().new_trial()
            self.gt += 5
            return about

    trials = NeuroGymTask(Shifted()).sample(9, np.random.default_rng(0))
    assert set(np.unique(trials.targets)) == {0, 1, 2}


def test_what_is_no_environment_is_refused():
    class NoTruth(Environment):
        def new_trial(self):
            super().new_trial()
            self.gt = None

    class TooShort(Environment):
        def new_trial(self):
            super().new_trial()
            self.gt = self.gt[1:]

    class Spaceless(Environment):
        action_space = SimpleNamespace(shape=None)

    for env, match in (
        ("PerceptualDecisionMaking-v0", "lacks new_trial, observation_space, action_space"),
        (SimpleNamespace(observation_space=1, action_space=1), "lacks new_trial"),
        (NoTruth(), "gt of shape nothing"),
        (TooShort(), "as long as each other"),
        (Spaceless(), "action_space"),
    ):
        with pytest.raises(ArgumentError, match=match):
            NeuroGymTask(env)


def test_an_environment_of_neurogym_itself():
    neurogym = pytest.importorskip("neurogym")
    env = neurogym.make("PerceptualDecisionMaking-v0")
    before = env.unwrapped.num_tr
    task = NeuroGymTask(env)
    first, again = (task.sample(30, np.random.default_rng(1)) for _ in range(2))
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert (task.input_size, task.output_size, task.loss) == (3, 3, "cross-entropy")
    np.testing.assert_array_equal(first.targets[:, -1], 1 + first.conditions["ground_truth"])
    assert env.unwrapped.num_tr == before


# -- networks that come with the package ----------------------------------------------------------


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
    starts = sp.sample_states(states, 512)
    alone = sp.find_fixed_points(network.system, starts, np.zeros(3), rounds=0)
    assert (len(alone), alone.census().tallies[0].missing_at_least) == (8, 7)
    starts = sp.sample_states(states, 1024, noise=0.75 * states.std())
    points = sp.find_fixed_points(network.system, starts, np.zeros(3), rounds=5)
    tally = points.census().tallies[0]
    assert dict(tally.counts) == {"stable": 8, "1": 12, "2": 6, "3": 1}
    assert (tally.index_sum, tally.missing_at_least) == (1, 0)
    assert tally.coverage > 0.998
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
