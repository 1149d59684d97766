"""The trainer, its losses, and what it trains."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.tasks import (
    ContextIntegration,
    DelayedMatch,
    FlipFlop,
    ParametricWorkingMemory,
    PerceptualDecision,
    ReadoutNetwork,
    SineWave,
    Trials,
)

torch = pytest.importorskip("torch")

from stillpoint.models import LeakyElmanRNN  # noqa: E402
from stillpoint.tasks.optimisation import (  # noqa: E402
    Optimisation,
    masked_cross_entropy,
    masked_mse,
)
from stillpoint.tasks.training import (  # noqa: E402
    TrainingError,
    train,
)

pytestmark = pytest.mark.torch

SMALL = FlipFlop(bits=1, steps=10)
TASKS = [
    SMALL,
    PerceptualDecision(stimulus=500.0, coherences=(51.2,)),
    ContextIntegration(),
    ParametricWorkingMemory(delay=100.0),
    SineWave(n_frequencies=2, steps=20),
    DelayedMatch(delay=100.0),
]


class Bursting(torch.nn.Module):
    """A recurrent module whose outputs, or their gradients, burst after some calls."""

    def __init__(self, after, where):
        super().__init__()
        self.rnn = torch.nn.RNN(1, 3, batch_first=True)
        self.after, self.where, self.calls = after, where, -1  # the first call asks for the width
        self.weights = []

    def __deepcopy__(self, memo):
        copied = Bursting(self.after, self.where)
        copied.rnn.load_state_dict(self.rnn.state_dict())
        return copied

    def forward(self, inputs):
        states, last = self.rnn(inputs)
        if self.calls >= 0:
            self.weights.append(self.rnn.weight_hh_l0.detach().clone())
        if self.calls >= self.after:
            if self.where == "loss":
                states = states * float("nan")
            else:
                states.register_hook(lambda gradient: gradient * float("inf"))
        self.calls += 1
        return states, last


# -- losses ---------------------------------------------------------------------------------------


def test_losses_are_means_over_what_the_mask_counts():
    rng = np.random.default_rng(0)
    outputs, targets = rng.normal(size=(2, 3, 4, 5))
    mask = np.array([[1.0, 0.5, 0.0, 0.0], [0.0, 1.0, 1.0, 0.25], [1.0, 1.0, 1.0, 1.0]])
    wanted = np.average(np.mean((outputs - targets) ** 2, axis=2), weights=mask)
    given = [torch.as_tensor(a) for a in (outputs, targets, mask)]
    assert masked_mse(*given).item() == pytest.approx(wanted, rel=1e-12)
    classes = rng.integers(5, size=(3, 4))
    probabilities = np.exp(outputs) / np.exp(outputs).sum(axis=2, keepdims=True)
    chosen = np.take_along_axis(probabilities, classes[:, :, None], axis=2)[:, :, 0]
    wanted = np.average(-np.log(chosen), weights=mask)
    given[1] = torch.as_tensor(classes)
    assert masked_cross_entropy(*given).item() == pytest.approx(wanted, rel=1e-12)


def test_what_no_mask_counts_does_not_matter():
    outputs = torch.zeros(1, 2, 1)
    targets, mask = torch.tensor([[[2.0], [9.0]]]), torch.tensor([[1.0, 0.0]])
    assert masked_mse(outputs, targets, mask).item() == 4.0
    with pytest.raises(ArgumentError, match="no step"):
        masked_mse(outputs, targets, torch.zeros(1, 2))


# -- training -------------------------------------------------------------------------------------


def test_training_lowers_the_loss_and_depends_on_the_seed_alone():
    before = torch.get_rng_state()
    first, second, other = (
        train(SMALL, "tanh", 4, max_steps=200, batch=16, rate=2e-2, seed=seed, progress=False)
        for seed in (0, 0, 1)
    )
    assert torch.equal(before, torch.get_rng_state())
    assert first.losses[-5:].mean() < 0.7 * first.losses[:5].mean()
    np.testing.assert_array_equal(first.losses, second.losses)
    assert not np.array_equal(first.losses, other.losses)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: type(task).__name__)
def test_every_task_can_be_trained(task):
    trained = train(task, "gru", 12, max_steps=60, batch=32, rate=2e-2, progress=False)
    assert trained.losses[-5:].mean() < 0.85 * trained.losses[:3].mean()
    assert trained.accuracies.shape == trained.losses.shape
    trials = task.sample(50, np.random.default_rng(1))
    outputs = trained.as_network().run(trials.inputs)[1]
    assert outputs.shape == (50, trials.inputs.shape[1], task.output_size)


def test_training_stops_early_at_a_loss_or_an_accuracy():
    def steps(**options):
        return len(train(SMALL, "gru", 4, max_steps=7, progress=False, **options).losses)

    assert steps(stop_at=10.0) == 1
    assert steps(stop_at=None) == 7
    assert steps(stop_at=None, stop_at_accuracy=0.0) == 1
    assert steps(stop_at=None, stop_at_accuracy=1.0) == 7
    options = {"max_steps": 400, "rate": 2e-2, "stop_at": None, "stop_at_accuracy": 0.95}
    trained = train(SMALL, "gru", 4, progress=False, **options)
    assert 5 < len(trained.losses) < 400
    assert trained.accuracies[-1] > 0.95


def test_a_constant_rate_stays_and_a_cosine_falls():
    def last_move(schedule):
        one, two = (
            train(SMALL, "tanh", 4, max_steps=60, batch=8, schedule=schedule, progress=False)
            for _ in range(2)
        )
        np.testing.assert_array_equal(one.losses, two.losses)
        return one.losses

    cosine, constant = last_move("cosine"), last_move("constant")
    assert cosine[0] == constant[0]
    assert not np.array_equal(cosine, constant)


@pytest.mark.parametrize("where", ["loss", "gradient"])
def test_what_is_not_finite_is_told_and_the_last_good_weights_are_kept(where):
    module = Bursting(4, where)
    seen = []
    original = Bursting.__deepcopy__

    def watched(self, memo):
        seen.append(original(self, memo))
        return seen[-1]

    Bursting.__deepcopy__ = watched
    try:
        with pytest.raises(TrainingError, match=f"{where} is .* at step 4") as caught:
            train(SMALL, module, max_steps=10, batch=8, progress=False)
    finally:
        Bursting.__deepcopy__ = original
    network = caught.value.network
    assert network.losses.shape == network.accuracies.shape == (4,)
    assert np.isfinite(network.losses).all()
    assert torch.equal(network.module.rnn.weight_hh_l0, seen[0].weights[3])
    assert not torch.equal(seen[0].weights[3], seen[0].weights[4])
    assert all(torch.isfinite(p).all() for p in network.module.parameters())


def test_a_rate_that_is_too_large_leaves_finite_weights():
    with pytest.raises(TrainingError, match="at step") as caught:
        train(SMALL, "tanh", 4, rate=1e30, max_steps=10, progress=False)
    network = caught.value.network.as_network()
    assert np.isfinite(network.run(np.ones((1, 3, 1)))[1]).all()


def test_a_weight_that_the_last_step_spoils_is_told():
    module, readout = torch.nn.RNN(1, 3, batch_first=True), torch.nn.Linear(3, 1)
    optimisation = Optimisation(SMALL, module, readout, rate=1e-3, clip=1.0)
    with torch.no_grad():
        module.weight_hh_l0[0, 0] = float("nan")
    with pytest.raises(TrainingError, match="a weight is not finite at step 0") as caught:
        optimisation.network()
    assert torch.isfinite(caught.value.network.module.weight_hh_l0).all()


def test_the_users_module_stays_as_it_is():
    module = LeakyElmanRNN(1, 5, seed=0)
    before = copy.deepcopy(module.state_dict())
    trained = train(SMALL, module, max_steps=5, batch=8, rate=1e-2, progress=False)
    for name, value in module.state_dict().items():
        assert torch.equal(value, before[name]), name
        assert not torch.equal(trained.module.state_dict()[name], before[name]), name
    assert all(p.grad is None for p in module.parameters())


@pytest.mark.parametrize(
    "options",
    [
        {"units": 0},
        {"batch": 0},
        {"max_steps": -1},
        {"rate": 0.0},
        {"rate": float("inf")},
        {"clip": -1.0},
        {"stop_at": -1.0},
        {"stop_at_accuracy": float("nan")},
        {"schedule": "linear"},
        {"cell": "tan"},
        {"seed": -1},
    ],
    ids=str,
)
def test_wrong_arguments_are_refused(options):
    with pytest.raises(ArgumentError, match=next(iter(options))):
        train(SMALL, progress=False, **options)


def test_a_task_with_another_loss_is_refused():
    class Other(FlipFlop):
        loss = "hinge"

    with pytest.raises(ArgumentError, match="loss of the task: got 'hinge'"):
        train(Other(), progress=False)


# -- the leaky Elman network ----------------------------------------------------------------------


@pytest.mark.parametrize("phi", ["relu", "tanh", "sigmoid", "softplus", "linear"])
@pytest.mark.parametrize("alpha", [1.0, 0.3])
def test_a_leaky_elman_network_and_its_system_are_the_same_map(phi, alpha):
    rnn = LeakyElmanRNN(2, 6, alpha=alpha, nonlinearity=phi, seed=1, dtype=torch.float64)
    W, B, b = (p.detach().numpy() for p in (rnn.weight_hh, rnn.weight_ih, rnn.bias))
    rng = np.random.default_rng(0)
    h, u = 0.3 * rng.normal(size=(4, 6)), rng.normal(size=(4, 9, 2))
    states, last = (
        out.detach().numpy() for out in rnn(torch.as_tensor(u), torch.as_tensor(h.copy()))
    )
    np.testing.assert_array_equal(states[:, -1], last)
    value = sp.cells.activation(phi).value
    first = value((1 - alpha) * h + alpha * (h @ W.T + u[:, 0] @ B.T + b))
    np.testing.assert_allclose(states[:, 0], first, atol=1e-14)
    system = sp.as_system(rnn)
    np.testing.assert_allclose(system.simulate(h, u), states, atol=1e-13)
    time_first = copy.deepcopy(rnn)
    time_first.batch_first = False
    other = time_first(torch.as_tensor(u).transpose(0, 1), torch.as_tensor(h))[0]
    np.testing.assert_allclose(other.detach().numpy(), states.transpose(1, 0, 2), atol=1e-14)


def test_leaky_elman_networks_survive_saving(tmp_path):
    rnn = LeakyElmanRNN(3, 7, alpha=0.2, seed=0)
    trained = train(PerceptualDecision(), rnn, max_steps=3, batch=8, progress=False)
    network = trained.as_network()
    network.save(tmp_path / "network.npz")
    again = ReadoutNetwork.load(tmp_path / "network.npz")
    assert again.cell.phi == "relu"
    inputs = PerceptualDecision().sample(5, np.random.default_rng(0)).inputs
    np.testing.assert_array_equal(again.run(inputs)[1], network.run(inputs)[1])
    with torch.no_grad():
        states = trained.module(torch.as_tensor(inputs, dtype=torch.float32))[0]
        outputs = trained.readout(states).numpy()
    np.testing.assert_allclose(network.run(inputs)[1], outputs, atol=1e-5)


def test_a_leaky_elman_network_depends_on_its_seed_alone():
    before = torch.get_rng_state()
    one, two, other = (LeakyElmanRNN(2, 5, seed=seed) for seed in (0, 0, 1))
    assert torch.equal(before, torch.get_rng_state())
    assert torch.equal(one.weight_hh, two.weight_hh)
    assert not torch.equal(one.weight_hh, other.weight_hh)


@pytest.mark.parametrize(
    ("sizes", "options", "match"),
    [
        ((3, 0), {}, "hidden_size"),
        ((-1, 3), {}, "input_size"),
        ((3, 3), {"alpha": 0.0}, "alpha"),
        ((3, 3), {"alpha": 1.5}, "alpha"),
        ((3, 3), {"nonlinearity": "rely"}, "nonlinearity"),
    ],
)
def test_impossible_leaky_elman_networks_are_refused(sizes, options, match):
    with pytest.raises(ArgumentError, match=match):
        LeakyElmanRNN(*sizes, **options)


def test_sequences_that_do_not_fit_are_refused():
    rnn = LeakyElmanRNN(3, 4, seed=0)
    for inputs in (torch.zeros(2, 5, 2), torch.zeros(2, 0, 3)):
        with pytest.raises(ArgumentError, match="inputs: got shape"):
            rnn(inputs)
    with pytest.raises(ArgumentError, match="h0: got shape"):
        rnn(torch.zeros(2, 5, 3), torch.zeros(1, 4))


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 4])
def test_a_leaky_elman_network_decides_nearly_as_well_as_the_noise_allows(seed):
    task = PerceptualDecision()
    options = {"max_steps": 1280, "batch": 16, "rate": 1e-3, "schedule": "constant"}
    trained = train(
        task, LeakyElmanRNN(3, 64, seed=seed), stop_at=None, seed=seed, progress=False, **options
    )
    trials = task.sample(4096, np.random.default_rng(1))
    assert task.accuracy(trained.as_network().run(trials.inputs)[1], trials) > 0.84


# -- what the trainer refuses ----------------------------------------------------------------------


class Odd:
    """A task whose trials can be made wrong."""

    input_size, output_size, loss = 1, 2, "mse"

    def __init__(self, **changes):
        self.changes = changes

    def sample(self, n, rng):  # noqa: ARG002
        trials = Trials(np.zeros((n, 4, 1)), np.zeros((n, 4, 2)), np.ones((n, 4)), {})
        return trials._replace(**self.changes) if self.changes != {"plain": True} else tuple(trials)

    def accuracy(self, outputs, trials):  # noqa: ARG002
        return 1.0


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"targets": np.zeros((3, 4, 1))}, "targets of the task: got"),
        ({"targets": np.zeros((3, 4))}, "targets of the task: got"),
        ({"mask": None}, "mask of the task: got NoneType"),
        ({"inputs": np.zeros((3, 4, 2))}, "inputs of the task: got shape"),
        ({"plain": True}, "returned tuple"),
    ],
)
def test_trials_that_do_not_fit_the_task_are_refused(changes, match):
    with pytest.raises(ArgumentError, match=match):
        train(Odd(**changes), "tanh", 3, batch=3, max_steps=2, progress=False)


@pytest.mark.parametrize(
    ("cell", "match"),
    [
        (torch.nn.GRU(1, 5), "batch_first=True"),
        (torch.nn.GRU(2, 5, batch_first=True), "does not take inputs"),
    ],
)
def test_modules_that_do_not_fit_are_refused(cell, match):
    with pytest.raises(ArgumentError, match=match):
        train(FlipFlop(bits=1), cell, max_steps=2, progress=False)


def test_modules_in_double_precision_are_trained_in_it():
    module = torch.nn.GRU(1, 4, batch_first=True).double()
    trained = train(FlipFlop(bits=1, steps=5), module, max_steps=3, batch=4, progress=False)
    assert trained.readout.weight.dtype == torch.float64
    assert "TrainedNetwork(GRU, 3 steps" in repr(trained)
