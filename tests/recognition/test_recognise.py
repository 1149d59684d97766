"""Networks as people write them are recognised; what only looks alike is not."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import LeakyCell, LeakyRateCell, ShallowCell, VanillaCell

D, M = 12, 3
RATES = {
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softplus": lambda a: np.logaddexp(a, 0),
}
rng = np.random.default_rng(0)
W, B, b = rng.standard_normal((D, D)) / 2, rng.standard_normal((D, M)), rng.standard_normal(D) / 2


def stored(array: np.ndarray) -> np.ndarray:
    """Return weights as float32 stores them."""
    return array.astype(np.float32).astype(np.float64)


@pytest.mark.parametrize(
    "alpha", [1.0, 0.1, np.linspace(0.05, 1.0, D)], ids=["none", "one", "each"]
)
@pytest.mark.parametrize("phi", RATES)
@pytest.mark.parametrize("form", ["rates", "currents"])
def test_a_function_is_the_cell_that_it_computes(form, phi, alpha):
    f, exact = RATES[phi], [stored(weights) for weights in (W, B, b)]

    def step(x, u):
        W, B, b = exact
        if form == "rates":
            return (1 - alpha) * x + alpha * f(x @ W.T + u @ B.T + b)
        return (1 - alpha) * x + alpha * (f(x) @ W.T + u @ B.T + b)

    system = sp.as_system(step, D, M)
    kind = LeakyCell if form == "currents" else VanillaCell if np.all(alpha == 1) else LeakyRateCell
    assert type(system.dynamics) is kind
    assert system.dynamics.phi == phi
    for name, value in zip("WBb", exact, strict=True):
        np.testing.assert_allclose(getattr(system.dynamics, name), value, rtol=0, atol=1e-13)
    if phi != "softplus" and np.ndim(alpha) == 0:
        np.testing.assert_array_equal(system.dynamics.W, exact[0])
    if kind is not VanillaCell:
        np.testing.assert_allclose(system.dynamics.alpha, alpha, rtol=1e-14)
    assert repr(system).endswith(f"network, {phi})")


@pytest.mark.parametrize("phi", ["relu", "tanh", "softplus"])
@pytest.mark.parametrize("A", [np.linspace(-1.3, 1.3, D), np.ones(D)], ids=["any", "one"])
def test_a_piecewise_linear_network_with_any_diagonal(A, phi):
    system = sp.as_system(lambda z, u: A * z + RATES[phi](z) @ W.T + u @ B.T + b, D, M)
    assert isinstance(system.dynamics, ShallowCell)
    np.testing.assert_allclose(system.dynamics.A, A, atol=1e-12)
    np.testing.assert_allclose(system.dynamics.W1, W, atol=1e-11)
    assert repr(system).endswith(f"recognised: PLRNN, {phi})")


def test_a_linear_map_is_a_linear_network():
    system = sp.as_system(lambda x, u: 0.7 * x + 0.3 * (x @ W.T + u @ B.T + b), D, M)
    assert (type(system.dynamics), system.dynamics.phi) == (VanillaCell, "linear")
    np.testing.assert_allclose(system.dynamics.W, 0.7 * np.eye(D) + 0.3 * W, atol=1e-14)


@pytest.mark.parametrize("phi", RATES)
@pytest.mark.parametrize("d", [1, 2])
def test_few_units_are_enough(d, phi):
    weights = np.array([[1.5, -0.5], [0.25, -2.0]])[:d, :d]
    system = sp.as_system(lambda x: 0.5 * x + 0.5 * RATES[phi](x @ weights.T - 0.25), d)
    assert isinstance(system.dynamics, LeakyRateCell)
    np.testing.assert_allclose(system.dynamics.W, weights, atol=1e-13)


@pytest.mark.parametrize("phi", ["tanh", "sigmoid", "softplus", "relu"])
@pytest.mark.parametrize("alpha", [1.0, 0.2])
def test_biased_units_and_units_that_only_inputs_drive(alpha, phi):
    """Small states leave a biased unit saturated, and states alone tell nothing of the others."""
    rng = np.random.default_rng(3)
    biased = 3 * rng.choice([-1.0, 1.0], D)
    weights = rng.standard_normal((D, D)) / np.sqrt(D)
    weights[:3] = 0
    system = sp.as_system(
        lambda x, u: (1 - alpha) * x + alpha * RATES[phi](x @ weights.T + u @ B.T + biased), D, M
    )
    assert system.recognised is not None
    np.testing.assert_allclose(system.dynamics.W, weights, rtol=0, atol=1e-11)
    np.testing.assert_allclose(system.dynamics.b, biased, rtol=0, atol=1e-11)


def gelu(a):
    return 0.5 * a * (1 + np.tanh(0.79788456 * (a + 0.044715 * a**3)))


LOOKALIKES = {
    "gelu": lambda x, u: gelu(x @ W.T + b),
    "amplitude": lambda x, u: 0.8 * x + 0.3 * np.tanh(x @ W.T + b),
    "one unit off by 1e-9": lambda x, u: np.tanh(x @ W.T + b) + 1e-9 * np.eye(D)[0] * np.sin(x),
    "clipped far out": lambda x, u: np.tanh(x @ W.T + b) + 1e-6 * (np.abs(x) > 500),
    "a ceiling": lambda x, u: np.minimum(np.maximum(x @ W.T + b, 0), 6e4),
    "another network far out": lambda x, u: np.where(
        x.min(axis=1, keepdims=True) < -2500, -3000.0, np.tanh(x @ W.T + b)
    ),
    "inputs that multiply": lambda x, u: np.tanh(x @ W.T * (1 + u[:, :1]) + b),
    "a square of the input": lambda x, u: np.tanh(x @ W.T + u**2 @ B.T + b),
    "activations that differ": lambda x, u: np.hstack(
        [np.tanh(x @ W.T)[:, :6], np.maximum(x @ W.T, 0)[:, 6:]]
    ),
    "neighbours that divide": lambda x, u: np.tanh(x @ W.T) / (1 + 1e-3 * x[:, ::-1] ** 2),
    "dead zone": lambda x, u: np.tanh(np.where(np.abs(x) < 1e-4, 0, x) @ W.T),
    "noise of rounding": lambda x, u: np.tanh(x @ W.T) + 1e-11 * np.sin(1e3 * x),
}


@pytest.mark.parametrize("step", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_only_looks_alike_stays_a_black_box(step):
    system = sp.as_system(step, D, M)
    assert system.recognised is None
    assert repr(system).endswith("central differences)")


@pytest.mark.parametrize("size", [1e-6, 1e-9, 1e-12])
def test_a_network_in_small_units_is_not_taken_for_what_differs_by_less_than_1e12(size):
    small = sp.as_system(lambda x: size * np.tanh(x @ W.T / size), D)
    assert small.recognised is None
    rectified = sp.as_system(lambda x: np.maximum(x @ W.T + size * b, 0), D)
    if rectified.recognised is not None:
        np.testing.assert_allclose(rectified.dynamics.b, size * b, rtol=1e-3, atol=0)


@pytest.mark.parametrize("scale", [1e-9, 1e9])
def test_weights_of_any_size(scale):
    system = sp.as_system(lambda x, u: scale * np.maximum(x @ W.T + u @ B.T + b, 0), D, M)
    assert type(system.dynamics) is VanillaCell
    np.testing.assert_allclose(system.dynamics.W, scale * W, rtol=0, atol=1e-12 * scale)


def test_what_the_caller_says_of_a_function_is_kept():
    step = lambda x: np.tanh(x @ W.T)  # noqa: E731
    assert sp.as_system(step, D).recognised == "recognised: vanilla network, tanh"
    assert sp.as_system(step, D, recognise=False).recognised is None
    assert sp.as_system(step, D, lefschetz=1).recognised is None
    with pytest.raises(sp.ArgumentError, match="recognise: got 'yes'"):
        sp.as_system(step, D, recognise="yes")


def test_what_is_recognised_has_proofs_and_is_pickled():
    U, V = rng.standard_normal((2, 40, 2))
    system = sp.as_system(lambda x: 0.9 * x + 0.1 * np.tanh(x @ (U @ V.T / 10).T), 40)
    assert sp.find_all_fixed_points(system).census().completeness.name == "PROVED"
    again = pickle.loads(pickle.dumps(system))
    assert repr(again) == repr(system)


# -- modules ---------------------------------------------------------------------------------------


def modules():
    """Return recurrent modules as they are written, by name, with the kind of each."""
    import torch
    from torch import nn

    torch.manual_seed(0)

    class Written(nn.Module):
        """What these have in common: names that say how large they are."""

        def __init__(self):
            super().__init__()
            self.hidden_size, self.input_size = D, M
            self.input2h, self.h2h = nn.Linear(M, D), nn.Linear(D, D)
            self.weight = nn.Parameter(torch.randn(D, D) / D**0.5)

    class Sequences(Written):
        def forward(self, inputs, hidden=None):
            if hidden is None:
                hidden = torch.zeros(inputs.shape[1], D).to(inputs)
            outputs = []
            for u in inputs:
                new = torch.relu(self.input2h(u) + self.h2h(hidden))
                hidden = hidden * 0.8 + new * 0.2
                outputs.append(hidden)
            return torch.stack(outputs), hidden

    class Einsum(Written):
        def forward(self, u, h):
            h = torch.tanh(torch.einsum("ij,nj->ni", self.weight, h) + self.input2h(u))
            return h, h

    class Dale(Written):
        def __init__(self, positive):
            super().__init__()
            self.positive = positive
            self.register_buffer("signs", torch.diag((torch.arange(D) % 5 > 0).float() * 2 - 1))

        def forward(self, u, h):
            h = 0.9 * h + 0.1 * torch.relu(
                h @ (self.positive(self.weight) @ self.signs).T + u @ self.input2h.weight.T
            )
            return h, h

    class LowRank(Written):
        def forward(self, u, h):
            U, V = self.weight[:, :2], self.weight[:, 2:4]
            h = h + 0.2 * (-h + torch.tanh(h) @ V @ U.T + self.input2h(u))
            return h, h

    class EachTau(Written):
        def __init__(self):
            super().__init__()
            self.tau = nn.Parameter(torch.linspace(20.0, 200.0, D))

        def forward(self, u, h):
            a = 10.0 / self.tau
            h = (1 - a) * h + a * torch.sigmoid(self.h2h(h) + self.input2h(u))
            return h, h

    class NoBias(Written):
        def forward(self, u, h):
            h = torch.relu(h @ self.weight + u @ self.input2h.weight.T)
            return h, h

    class Buffer(Written):
        def __init__(self):
            super().__init__()
            self.register_buffer("alpha", torch.tensor(0.2))

        def forward(self, u, h):
            h = torch.lerp(
                h, nn.functional.softplus(self.h2h(h) + self.input2h(u)), self.alpha.to(h)
            )
            return h, h

    class Euler(Written):
        def forward(self, u, h):
            for _ in range(1):
                h = h + 0.1 * (-h + torch.tanh(self.h2h(h) + self.input2h(u)))
            return h, h

    class ExcitatoryInhibitory(Written):
        def forward(self, u, h):
            e, i = h[:, :9], h[:, 9:]
            w = self.weight.abs()
            drive = torch.cat(
                [e @ w[:9, :9].T - i @ w[:9, 9:].T, e @ w[9:, :9].T - i @ w[9:, 9:].T], 1
            )
            h = 0.5 * h + 0.5 * torch.relu(drive + self.input2h(u))
            return h, h

    class Gated(Written):
        def forward(self, u, h):
            gate = torch.sigmoid(self.weight[0])
            h = 0.7 * h + 0.3 * torch.tanh(gate * self.h2h(h) + self.input2h(u))
            return h, h

    rates, currents = "leaky rate network", "leaky current network"
    return {
        "sequences": (Sequences(), rates),
        "einsum": (Einsum(), "vanilla network"),
        "Dale by abs": (Dale(torch.abs), rates),
        "Dale by relu": (Dale(torch.relu), rates),
        "low rank": (LowRank(), currents),
        "tau of each unit": (EachTau(), rates),
        "no bias": (NoBias(), "vanilla network"),
        "alpha as a buffer": (Buffer(), rates),
        "Euler step": (Euler(), rates),
        "excitatory and inhibitory": (ExcitatoryInhibitory(), rates),
        "gated by a constant": (Gated(), rates),
    }


@pytest.mark.torch
def test_modules_as_people_write_them_are_recognised():
    import torch

    for name, (module, kind) in modules().items():
        system = sp.as_system(module)
        assert f"recognised: {kind}, " in repr(system), name
        x, u = rng.standard_normal((5, D)), rng.standard_normal((5, M))
        given = torch.asarray(u)[None] if name == "sequences" else torch.asarray(u)
        own = module.double()(given, torch.asarray(x))[1].detach().numpy()
        np.testing.assert_allclose(
            system.step(x, u), own, atol=1e-12 if "buffer" not in name else 3e-9
        )


@pytest.mark.torch
def test_weights_of_modules_are_those_that_are_stored():

    module, _ = modules()["sequences"]
    stored = module.h2h.weight.detach().double()
    cell = sp.as_system(module).dynamics
    assert np.array_equal(cell.W, stored.numpy())
    assert (cell.alpha == 0.2).all()
