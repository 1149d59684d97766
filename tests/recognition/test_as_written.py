"""Networks as people write them, with noise, called in every way: each is the cell that it is."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, UnsupportedModelError
from stillpoint.cells import LeakyCell, LeakyRateCell

torch = pytest.importorskip("torch")
nn, functional = torch.nn, torch.nn.functional
pytestmark = pytest.mark.torch

D, M, ALPHA = 6, 3, 0.2
LEAK = np.full(D, ALPHA)


@pytest.fixture(autouse=True)
def _seeded():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


class Written(nn.Module):
    """A leaky rate network; `draw` is the noise, `truth` what it is without."""

    phi = "tanh"

    def __init__(self):
        super().__init__()
        self.hidden_size, self.input_size = D, M
        self.W, self.B = nn.Parameter(torch.randn(D, D)), nn.Parameter(torch.randn(D, M))
        self.b = nn.Parameter(torch.randn(D))

    def draw(self, like):
        return 0.1 * torch.randn_like(like)

    def recurrence(self, u, h):
        drive = torch.einsum("ij,nj->ni", self.W, h) + functional.linear(u, self.B, self.b)
        return (1 - ALPHA) * h + ALPHA * torch.tanh(drive + self.draw(drive))

    def forward(self, u, h):
        h = self.recurrence(u, h)
        return h, h

    def truth(self):
        return LeakyRateCell(*(host(p) for p in (self.W, self.B, self.b)), self.phi, alpha=LEAK)


def host(tensor):
    return tensor.detach().double().numpy()


class Linears(Written):
    """Two linear layers; called with (time, batch, m), the state left out at first."""

    phi = "relu"

    def __init__(self):
        super().__init__()
        del self.W, self.B, self.b
        self.input2h, self.h2h = nn.Linear(M, D), nn.Linear(D, D)

    def recurrence(self, u, h):
        return torch.relu(self.input2h(u) + self.h2h(h)) * ALPHA + h * (1 - ALPHA)

    def forward(self, x, hidden=None):
        hidden = torch.zeros(x.shape[1], D) if hidden is None else hidden
        outputs = []
        for step in range(x.shape[0]):
            hidden = self.recurrence(x[step], hidden)
            outputs.append(hidden)
        return torch.stack(outputs), hidden

    def truth(self):
        b = host(self.input2h.bias) + host(self.h2h.bias)
        return LeakyRateCell(
            host(self.h2h.weight), host(self.input2h.weight), b, "relu", alpha=LEAK
        )


class DaleByAbs(Written):
    def __init__(self):
        super().__init__()
        self.register_buffer("signs", torch.tensor([1.0, 1, 1, 1, -1, -1]))

    def weight(self):
        return self.W.abs() * self.signs

    def recurrence(self, u, h):
        drive = h @ self.weight().T + u @ self.B.T + self.b + torch.normal(0.0, 0.1, h.shape)
        return h + ALPHA * (torch.tanh(drive) - h)

    def truth(self):
        parts = (host(p) for p in (self.weight(), self.B, self.b))
        return LeakyRateCell(*parts, "tanh", alpha=LEAK)


class DaleByRelu(DaleByAbs):
    def weight(self):
        return torch.relu(self.W - torch.diag(torch.diag(self.W))) * self.signs


class LowRank(Written):
    def __init__(self):
        super().__init__()
        self.U, self.V = nn.Parameter(torch.randn(D, 2)), nn.Parameter(torch.randn(D, 2))

    def recurrence(self, u, x):
        rates = torch.tanh(x) @ self.V @ self.U.T
        noise = torch.empty_like(x).normal_(0, 0.05)
        return x + noise + ALPHA * (-x + rates + u @ self.B.T)

    def truth(self):
        W = host(self.U) @ host(self.V).T
        return LeakyCell(W, host(self.B), np.zeros(D), LEAK, "tanh")


class OwnTimes(Written):
    """A time constant for each unit, as a buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("alpha", torch.linspace(0.1, 0.9, D))

    def recurrence(self, u, h):
        noise = torch.distributions.Normal(0.0, 0.3).sample(h.shape)
        drive = h @ self.W.T + u @ self.B.T + self.b + noise
        return (1 - self.alpha) * h + self.alpha * torch.sigmoid(drive)

    def truth(self):
        parts = (host(p) for p in (self.W, self.B, self.b))
        return LeakyRateCell(*parts, "sigmoid", alpha=host(self.alpha))


class ExcitatoryInhibitory(Written):
    """Two populations with weights of their own, a dropout that is called by hand, and no bias."""

    def __init__(self):
        super().__init__()
        self.blocks = nn.ModuleDict(
            {a + b: nn.Linear(n, k, bias=False) for a, k in SIZES.items() for b, n in SIZES.items()}
        )

    def recurrence(self, u, h):
        e, i = functional.dropout(h, 0.5, training=True).split([4, 2], dim=1)
        drive_e = functional.softplus(
            self.blocks["ee"](e) - self.blocks["ei"](i) + u @ self.B[:4].T
        )
        drive_i = functional.softplus(
            self.blocks["ie"](e) - self.blocks["ii"](i) + u @ self.B[4:].T
        )
        return (1 - ALPHA) * h + ALPHA * torch.cat([drive_e, drive_i], dim=1)

    def truth(self):
        to_e, to_i = (
            np.hstack([host(self.blocks[a + "e"].weight), -host(self.blocks[a + "i"].weight)])
            for a in "ei"
        )
        W = np.vstack([to_e, to_i])
        return LeakyRateCell(W, host(self.B), np.zeros(D), "softplus", alpha=LEAK)


SIZES = {"e": 4, "i": 2}


class Gated(Written):
    """A gate that depends on no state: the gain of each unit, drawn around its own."""

    def __init__(self):
        super().__init__()
        self.gate = nn.Parameter(torch.randn(D))

    def recurrence(self, u, h):
        gain = torch.sigmoid(self.gate)
        drive = gain * (h @ self.W.T) + u @ self.B.T + self.b
        return (1 - ALPHA) * h + ALPHA * torch.relu(drive + (torch.rand_like(drive) - 0.5))

    def truth(self):
        gain = 1 / (1 + np.exp(-host(self.gate)))
        return LeakyRateCell(
            gain[:, None] * host(self.W), host(self.B), host(self.b), "relu", alpha=LEAK
        )


class Looped(Written):
    """A sequence that is looped over inside, its states returned beside readouts."""

    def __init__(self):
        super().__init__()
        self.out = nn.Linear(D, 2)

    def states(self, u, h):
        made = []
        for step in range(u.shape[1]):
            h = self.recurrence(u[:, step], h)
            made.append(h)
        return torch.stack(made, dim=1)

    def forward(self, u, h):
        states = self.states(u, h)
        return self.out(states), states


class LastStateBesideReadouts(Looped):
    def forward(self, u, h):
        states = self.states(u, h)
        return self.out(states), states[:, -1]


class StatesAlone(Looped):
    def forward(self, u, h):
        return self.states(u, h)


class StatesAndTheLast(Looped):
    def forward(self, inputs, hidden):
        states = self.states(inputs, hidden)
        return states, states[:, -1]


class TimeFirst(Looped):
    def forward(self, u, h):
        states = self.states(u.transpose(0, 1), h).transpose(0, 1)
        return self.out(states), states


class LayersBesideOneStep(Looped):
    def forward(self, u, h):
        if u.ndim != 2 or h.ndim != 3:
            raise ValueError("u (n, m) and h (1, n, d) are wanted")
        h = self.recurrence(u, h[0])
        return self.out(h), h[None]


class LayersBesideSequences(Looped):
    def forward(self, u, h):
        if u.ndim != 3 or h.ndim != 3:
            raise ValueError("u (n, t, m) and h (1, n, d) are wanted")
        states = self.states(u, h[0])
        return self.out(states), states[:, -1][None]


CLASSES = [
    Written, Linears, DaleByAbs, DaleByRelu, LowRank, OwnTimes, ExcitatoryInhibitory, Gated, Looped,
    LastStateBesideReadouts, StatesAlone, StatesAndTheLast, TimeFirst, LayersBesideOneStep,
    LayersBesideSequences,
]  # fmt: skip


@pytest.mark.parametrize("kind", CLASSES)
def test_a_class_as_people_write_it_is_its_cell(kind):
    module = kind()
    before = copy.deepcopy(module.state_dict())
    drawn = torch.get_rng_state()
    system = sp.as_system(module, noise="off")
    truth = module.truth()
    assert type(system.dynamics) is type(truth)
    assert ", noise off, recognised: leaky" in repr(system)
    for name in ("W", "B", "b", "alpha"):
        wanted = np.broadcast_to(getattr(truth, name), getattr(system.dynamics, name).shape)
        np.testing.assert_allclose(getattr(system.dynamics, name), wanted, atol=1e-9)
    assert torch.equal(torch.get_rng_state(), drawn)
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())


@pytest.mark.parametrize("kind", [Written, Looped, LayersBesideOneStep])
def test_without_recognition_the_step_is_as_quiet(kind):
    module = kind()
    system = sp.as_system(module, noise="off", recognise=False)
    rng = np.random.default_rng(0)
    x, u = rng.standard_normal((5, D)), rng.standard_normal((5, M))
    truth = sp.as_system(module.truth())
    for read in (system, pickle.loads(pickle.dumps(system)), copy.deepcopy(system)):
        np.testing.assert_allclose(read.step(x, u), truth.step(x, u), atol=1e-14)
        np.testing.assert_allclose(read.jacobian(x, u), truth.jacobian(x, u), atol=1e-12)
    assert "noise off, torch autograd" in repr(system)


def test_noise_is_refused_with_the_way_to_leave_it_out():
    with pytest.raises(UnsupportedModelError, match=r"draws noise.*noise='off'"):
        sp.as_system(Written())
    with pytest.raises(ArgumentError, match="noise: got 'on'"):
        sp.as_system(Written(), noise="on")
    noisy = lambda x: np.tanh(x) + np.random.randn(*x.shape)  # noqa: E731, NPY002
    with pytest.raises(UnsupportedModelError, match=r"those of NumPy, .* must be left out"):
        sp.as_system(noisy, 2, noise="off")
    assert sp.as_system(np.tanh, 2, noise="off").recognised is not None
    assert repr(sp.as_system(nn.GRU(M, D), noise="off")) == repr(sp.as_system(nn.GRU(M, D)))


@pytest.mark.parametrize(
    "mask",
    [
        lambda h: (torch.rand_like(h) < 0.8) / 0.8,
        lambda h: torch.where(torch.rand(h.shape).gt(0.2), 1.0, 0.0),
        lambda h: torch.bernoulli(torch.full_like(h, 0.2)).bool() / 0.2,
        lambda h: torch.bernoulli(torch.full_like(h, 0.2)).to(torch.bool) / 0.2,
    ],
)
def test_a_mask_of_draws_is_refused(mask):
    with pytest.raises(UnsupportedModelError, match="makes a mask of numbers that it draws"):
        sp.as_system(lambda h: torch.tanh(h) * mask(h), 2, noise="off", framework="torch")


def in_place(name, *arguments, **named):
    return lambda x: getattr(torch.empty_like(x), name)(*arguments, **named)


OWN = torch.Generator()
DRAWS = {
    "randn": (lambda x: torch.randn(x.shape), 0.0),
    "randn of numbers": (lambda x: torch.randn(*x.shape, dtype=x.dtype), 0.0),
    "randn of a named size": (
        lambda x: torch.randn(size=x.shape, generator=torch.Generator()),
        0.0,
    ),
    "rand": (lambda x: torch.rand(x.shape), 0.5),
    "rand_like": (torch.rand_like, 0.5),
    "normal of numbers": (lambda x: torch.normal(2.0, 0.1, size=x.shape), 2.0),
    "normal of means": (lambda x: torch.normal(torch.full_like(x, 3.0), 0.1), 3.0),
    "normal of deviations": (lambda x: torch.normal(1.0, torch.ones_like(x)), 1.0),
    "normal of both": (lambda x: torch.normal(torch.ones_like(x), torch.ones_like(x)), 1.0),
    "normal_": (in_place("normal_", 4.0, std=2.0), 4.0),
    "uniform_": (in_place("uniform_", -1, 2), 0.5),
    "uniform_ by name": (in_place("uniform_", **{"from": 1, "to": 2}), 1.5),
    "exponential_": (in_place("exponential_", 2.0), 0.5),
    "log_normal_": (in_place("log_normal_", 0.0, 1.0), np.exp(0.5)),
    "geometric_": (in_place("geometric_", 0.25), 4.0),
    "bernoulli": (lambda x: torch.bernoulli(torch.full_like(x, 0.3)), 0.3),
    "bernoulli_": (in_place("bernoulli_", 0.3), 0.3),
    "poisson": (lambda x: torch.poisson(torch.full_like(x, 2.5)), 2.5),
    "a distribution": (lambda x: torch.distributions.Normal(1.0, 2.0).rsample(x.shape), 1.0),
    "a uniform one": (lambda x: torch.distributions.Uniform(1.0, 2.0).sample(x.shape), 1.5),
    "dropout": (lambda x: functional.dropout(x, 0.5, training=True) - x, 0.0),
    "dropout of a module": (lambda x: nn.Dropout(0.5)(x) - x, 0.0),
}


@pytest.mark.parametrize("name", DRAWS)
def test_each_draw_has_its_mean(name):
    draw, mean = DRAWS[name]
    system = sp.as_system(lambda x: 0.5 * x + draw(x), 2, noise="off", framework="torch")
    assert system.step(np.ones((1, 2))) == pytest.approx(0.5 + mean)
    drawn = torch.stack([draw(torch.ones(200, 200).double()) for _ in range(20)])
    assert drawn.std() > 0.01  # which is drawn again outside
    assert float(drawn.mean()) == pytest.approx(mean, abs=0.02)
