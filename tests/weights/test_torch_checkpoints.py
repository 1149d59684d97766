"""Checkpoints of torch, against the modules that they were saved from."""

from __future__ import annotations

import argparse
import collections
import enum
import zipfile

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, FileFormatError, UnsupportedModelError

torch = pytest.importorskip("torch")
from torch import nn  # noqa: E402
from torch.nn.utils import prune  # noqa: E402

pytestmark = pytest.mark.torch


def drawn(make):
    torch.manual_seed(0)
    return make().double()


def saved(tmp_path, held, **options):
    torch.save(held, tmp_path / "net.pt", **options)
    return tmp_path / "net.pt"


def assert_same_steps(system, module):
    """The system does what the one that reads the module does, which is tested against torch."""
    expected = sp.as_system(module)
    assert type(system.dynamics) is type(expected.dynamics)
    x = np.random.default_rng(0).normal(size=(7, expected.state_size))
    u = np.random.default_rng(1).normal(size=(7, expected.input_size))
    assert np.abs(system.step(x, u) - expected.step(x, u)).max() < 1e-15


STANDARD = {
    "RNN": (lambda: nn.RNN(3, 4), {"phi": "tanh"}),
    "RNN, relu": (lambda: nn.RNN(3, 4, 2, nonlinearity="relu"), {"phi": "relu"}),
    "RNN, no bias": (lambda: nn.RNN(3, 4, bias=False), {"cell": "vanilla", "phi": "tanh"}),
    "GRU": (lambda: nn.GRU(3, 4), {}),
    "GRU, 3 layers": (lambda: nn.GRU(3, 4, 3), {"cell": "gru"}),
    "GRU, no bias": (lambda: nn.GRU(3, 4, bias=False), {}),
    "LSTM": (lambda: nn.LSTM(3, 4), {}),
    "LSTM, projected": (lambda: nn.LSTM(3, 6, 2, proj_size=2), {}),
    "RNNCell": (lambda: nn.RNNCell(3, 4), {"cell": "vanilla", "phi": "tanh"}),
    "GRUCell": (lambda: nn.GRUCell(3, 4), {}),
    "LSTMCell": (lambda: nn.LSTMCell(3, 4, bias=False), {}),
}


@pytest.mark.parametrize("name", STANDARD)
def test_a_state_dict_has_the_steps_of_its_module(name, tmp_path):
    make, told = STANDARD[name]
    module = drawn(make)
    path = saved(tmp_path, module.state_dict())
    assert_same_steps(sp.read_weights(path, **told), module)
    assert_same_steps(sp.as_system(str(path), **told), module)
    assert_same_steps(sp.read_weights(module.state_dict(), **told), module)


def test_torch_agrees_itself(tmp_path):
    module = drawn(lambda: nn.GRU(3, 4))
    system = sp.read_weights(saved(tmp_path, module.state_dict()))
    x, u = torch.randn(7, 4, dtype=torch.float64), torch.randn(7, 3, dtype=torch.float64)
    expected = module(u[None], x[None])[1][0].detach().numpy()
    assert np.abs(system.step(x.numpy(), u.numpy()) - expected).max() < 1e-15


def test_single_precision_is_read_exactly(tmp_path):
    module = nn.GRU(3, 4)
    system = sp.read_weights(saved(tmp_path, module.state_dict()))
    assert_same_steps(system, module)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_precision_is_read_as_the_numbers_that_it_is(dtype, tmp_path):
    module = drawn(lambda: nn.LSTM(3, 4)).to(dtype)
    system = sp.read_weights(saved(tmp_path, module.state_dict()))
    assert_same_steps(system, module.double())


def test_formats_of_before_version_1_6_are_read(tmp_path):
    module = drawn(lambda: nn.GRU(3, 4))
    path = saved(tmp_path, module.state_dict(), _use_new_zipfile_serialization=False)
    assert_same_steps(sp.read_weights(path), module)


class Agent(nn.Module):
    """A network of an author, whose class is not there where its checkpoint is read."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.Linear(3, 4)
        self.rnn = nn.GRU(4, 5)


class Reward(enum.Enum):
    """What an author may use for keys."""

    LARGE = 1


class Losses(list):
    """A list of an author's."""


CONTAINERS = {
    "prefixes": lambda net, _: net.state_dict(),
    "DataParallel": lambda net, _: nn.DataParallel(net).state_dict(),
    "trained": lambda net, optimizer: {
        "epoch": 7,
        "model_state_dict": net.state_dict(),
        "optimizer_state_dict": optimizer.state_dict(),
    },
    "beside the author's classes": lambda net, _: {
        "args": argparse.Namespace(hidden=5, seen={1, Reward.LARGE}),
        "rewards": {Reward.LARGE: 1.0},
        "losses": [Losses([1.0]), Losses([1.0, 2.0]), collections.deque([1.0])],
        "type": Agent,
        "loss": np.float64(0.1),
        "state_dict": net.state_dict(),
    },
    "a whole module": lambda net, _: net,
}


@pytest.mark.parametrize("name", CONTAINERS)
@pytest.mark.parametrize("new", [True, False])
def test_containers_are_looked_through(name, new, tmp_path):
    net = drawn(Agent)
    optimizer = torch.optim.Adam(net.parameters())
    net.rnn(net.encoder(torch.ones(2, 1, 3, dtype=torch.float64)))[0].sum().backward()
    optimizer.step()
    held = CONTAINERS[name](net, optimizer)
    path = saved(tmp_path, held, _use_new_zipfile_serialization=new)
    assert_same_steps(sp.read_weights(path), net.rnn)


def test_names_in_a_whole_module_are_those_of_its_state_dict(tmp_path):
    net = drawn(Agent)
    assert_same_steps(sp.read_weights(saved(tmp_path, {"net": net}), prefix="net.rnn"), net.rnn)


def test_several_networks_are_listed_and_chosen_by_prefix(tmp_path):
    net = nn.ModuleDict({"encoder": nn.GRU(3, 4), "decoder": nn.LSTM(3, 5)})
    path = saved(tmp_path, {"model": net.state_dict()})
    with pytest.raises(ArgumentError, match=r"'model.encoder' .*\(12, 4\).*'model.decoder'"):
        sp.read_weights(path)
    with pytest.raises(ArgumentError, match="prefix: got 'encoder'"):
        sp.read_weights(path, prefix="encoder")
    assert_same_steps(sp.read_weights(path, prefix="model.encoder"), net["encoder"])
    assert_same_steps(sp.as_system(path, prefix="model.decoder."), net["decoder"])


@pytest.mark.parametrize(
    ("make", "told", "words"),
    [
        (lambda: nn.RNN(3, 4), {}, ["phi: got None", "weight_hh_l0", "'tanh', 'relu'"]),
        (lambda: nn.RNNCell(3, 4), {"phi": "relu"}, ["cell: got None", "h' = phi(", "alpha"]),
        (lambda: nn.RNN(3, 4), {"cell": "leaky"}, ["cell: got 'leaky'", "'vanilla'"]),
        (lambda: nn.GRU(3, 4), {"cell": "lstm"}, ["cell: got 'lstm'", "'gru'"]),
        (lambda: nn.GRU(3, 4), {"cell": "gruu"}, ["cell: got 'gruu'", "Did you mean 'gru'"]),
        (lambda: nn.GRU(3, 4), {"phi": "relu"}, ["phi: got 'relu'", "leave it out"]),
        (lambda: nn.GRU(3, 4), {"alpha": 0.1}, ["alpha: got 0.1", "leave it out"]),
    ],
)
def test_what_weights_do_not_tell_is_asked_for(make, told, words, tmp_path):
    with pytest.raises(ArgumentError) as caught:
        sp.read_weights(saved(tmp_path, make().state_dict()), **told)
    for word in words:
        assert word in str(caught.value)


def test_bidirectional_networks_are_refused(tmp_path):
    path = saved(tmp_path, nn.GRU(3, 4, bidirectional=True).state_dict())
    with pytest.raises(UnsupportedModelError, match="both ends"):
        sp.read_weights(path)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        (lambda w: w.fill_(torch.nan), ArgumentError, "weight_hh_l0 holds NaN"),
        (lambda w: w.to_sparse(), UnsupportedModelError, "weight_hh_l0 is sparse"),
        (lambda w: w.to(torch.int8), UnsupportedModelError, "type int8"),
        (lambda w: w + 1j, UnsupportedModelError, "type complex"),
        (
            lambda w: torch.quantize_per_tensor(w.float(), 0.1, 0, torch.qint8),
            UnsupportedModelError,
            "type qint8",
        ),
        (lambda w: w[:-1], ArgumentError, r"do not fit together.*\(11, 4\)"),
        (lambda w: w[:, :1], UnsupportedModelError, "no such number of gates"),
        (lambda w: w[:, 0], ArgumentError, r"do not fit together.*\(12,\)"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*quantize", "ignore:.*invariant checks")
def test_weights_without_a_step_are_refused_by_name(change, error, words, tmp_path):
    state = nn.GRU(3, 4).state_dict()
    state["weight_hh_l0"] = change(state["weight_hh_l0"])
    with pytest.raises(error, match=words):
        sp.read_weights(saved(tmp_path, state))
    with pytest.raises(error, match=words):
        sp.read_weights(state)


def test_a_damaged_checkpoint_is_a_format_error(tmp_path):
    path = saved(tmp_path, nn.GRU(3, 4).state_dict())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(FileFormatError, match=r"net\.pt"):
        sp.read_weights(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("net/data.pkl", b"\x80\x02}.")
    with pytest.raises(FileFormatError, match=r"net\.pt"):
        sp.read_weights(path)


@pytest.mark.parametrize("name", ["bias_hh_l0", "weight_hh_l1", "bias_ih_l1"])
def test_a_weight_that_is_computed_or_missing_is_not_taken_for_none(name, tmp_path):
    module = prune.l1_unstructured(nn.GRU(3, 4, 2), name, 0.5)
    with pytest.raises(UnsupportedModelError, match=rf"beside .*_{name[-2:]}.* it computes them"):
        sp.read_weights(saved(tmp_path, module.state_dict()))
    state = nn.GRU(3, 4, 2).state_dict()
    del state["weight_hh_l1"]
    with pytest.raises(UnsupportedModelError, match="beside weight_ih_l1 it lacks weights"):
        sp.read_weights(state)


def test_the_state_dict_of_a_module_that_computes_its_weights_is_not_guessed(tmp_path):
    module = nn.utils.parametrizations.weight_norm(nn.GRU(3, 4), "weight_hh_l0")
    with pytest.raises(UnsupportedModelError, match=r"weight_ih_l0.*parametrizations"):
        sp.read_weights(saved(tmp_path, module.state_dict()))
