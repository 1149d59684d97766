"""Steps with one rectified hidden layer are read from their kinks."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import ShallowCell

rng = np.random.default_rng(0)


def relu(a):
    return np.maximum(a, 0)


def network(kind, d, h, rng):
    """Return a step of (x, u) as it is written, and the cell that takes it."""

    def w(*shape):
        return rng.standard_normal(shape)

    A, B, b = rng.uniform(-0.9, 0.9, d), w(d, 2), w(d)
    to, of, c = w(d, h) / np.sqrt(h), w(h, d) / np.sqrt(d), w(h)
    W, unit = w(d, d) / np.sqrt(d), np.eye(d)
    B2, twice = w(h, 2), np.hstack([unit, -unit])
    if kind == "shallow":
        cell = ShallowCell(A, to, of, B, b, c)
        return lambda x, u: A * x + relu(x @ of.T + c) @ to.T + u @ B.T + b, cell
    if kind == "clipped":
        cell = ShallowCell.clipped(A, to, of, B, b, c)
        return (
            lambda x, u: A * x + (relu(x @ of.T + c) - relu(x @ of.T)) @ to.T + u @ B.T + b,
            cell,
        )
    if kind == "dendritic":
        slopes, t = w(3), w(3, d)
        cell = ShallowCell.dendritic(A, W, B, b, slopes, t)
        return (
            lambda x, u: (
                A * x
                + sum(a * relu(x - s) for a, s in zip(slopes, t, strict=True)) @ W.T
                + u @ B.T
                + b
            ),
            cell,
        )
    if kind == "leaky relu":
        cell = ShallowCell(0.1 * W, 0.9 * unit, W, 0.1 * B, 0.1 * b, b, B2=B)
        return lambda x, u: np.where((a := x @ W.T + u @ B.T + b) > 0, a, 0.1 * a), cell
    if kind == "hard tanh":
        both = np.vstack([W, W]), np.concatenate([b + 1, b - 1])
        cell = ShallowCell(
            np.full(d, 0.8),
            0.2 * twice,
            both[0],
            0 * B,
            np.full(d, -0.2),
            both[1],
            B2=np.vstack([B, B]),
        )
        return lambda x, u: 0.8 * x + 0.2 * np.clip(x @ W.T + u @ B.T + b, -1, 1), cell
    if kind == "absolute values":
        cell = ShallowCell(-W, 2 * unit, W, -B, -b, b, B2=B)
        return lambda x, u: np.abs(x @ W.T + u @ B.T + b), cell
    assert kind == "residual"
    cell = ShallowCell(np.ones(d), to, of, 0 * B, 0 * b, c, B2=B2)
    return lambda x, u: x + relu(x @ of.T + u @ B2.T + c) @ to.T, cell


KINDS = [
    *("shallow", "clipped", "dendritic"),
    *("leaky relu", "hard tanh", "absolute values", "residual"),
]


@pytest.mark.parametrize("size", [(1, 1), (1, 4), (2, 5), (3, 40), (10, 60)])
@pytest.mark.parametrize("kind", KINDS)
def test_hidden_units_are_found(kind, size):
    rng = np.random.default_rng(1)
    step, cell = network(kind, *size, rng)
    system = sp.as_system(step, size[0], 2)
    found = system.dynamics
    assert isinstance(found, ShallowCell), repr(system)
    x, u = 3 * rng.standard_normal((500, size[0])), rng.standard_normal((500, 2))
    for name in ("step", "jacobian", "input_jacobian"):
        np.testing.assert_allclose(
            getattr(found, name)(x, u), getattr(cell, name)(x, u), rtol=0, atol=2e-11, err_msg=name
        )
    assert len(found.c) == np.count_nonzero(found.W1.any(axis=0))
    assert found.W1.shape == cell.W1.shape or size[0] == 1  # where kinks may fall together


@pytest.mark.parametrize("kind", ["shallow", "clipped", "dendritic", "hard tanh"])
def test_the_linear_part_is_diagonal_where_that_can_be_told(kind):
    step, cell = network(kind, 8, 20, np.random.default_rng(2))
    found = sp.as_system(step, 8, 2).dynamics
    assert found.A.ndim == 1
    np.testing.assert_allclose(found.A, cell.A, rtol=0, atol=1e-12)
    assert found.maps_ball_into_itself == cell.maps_ball_into_itself


def test_clipped_units_keep_every_orbit():
    system = sp.as_system(network("clipped", 8, 20, np.random.default_rng(2))[0], 8, 2)
    assert system.dynamics.maps_ball_into_itself
    assert "PLRNN with 40 hidden units, relu" in repr(system)


def test_what_is_found_is_proved_complete():
    step, cell = network("shallow", 3, 9, np.random.default_rng(3))
    points = sp.find_all_fixed_points(sp.as_system(step, 3, 2), [0.5, -0.5])
    assert points.census().completeness.name == "PROVED"
    own = sp.find_all_fixed_points(sp.as_system(cell), [0.5, -0.5])
    assert len(points) == len(own) > 0
    np.testing.assert_allclose(points.xstar, own.xstar, rtol=0, atol=1e-9)


WEIGHTS = rng.standard_normal((3, 4, 4))


def two_layers(x):
    first = relu(x @ WEIGHTS[0].T + 0.3)
    return relu(first @ WEIGHTS[1].T - 0.2) @ WEIGHTS[2].T


LOOKALIKES = {
    "two hidden layers": two_layers,
    "a jump": lambda x: relu(x @ WEIGHTS[0].T) + (x[:, :1] > 0),
    "the largest": lambda x: np.maximum(x, x[:, ::-1] - 0.5 * x.max(axis=1, keepdims=True)),
    "a bend far out": lambda x: relu(x @ WEIGHTS[0].T + 1) - relu(x - 1e7),
    "softplus, sharp": lambda x: np.logaddexp(0, 1e3 * x) / 1e3 - 0.5,
    "a small wave": lambda x: relu(x @ WEIGHTS[0].T) + relu(x - 1) + 1e-11 * np.sin(x),
    "a product": lambda x: relu(x) * relu(x[:, ::-1] + 1),
}


@pytest.mark.parametrize("step", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_has_no_such_layer_stays_a_black_box(step):
    assert sp.as_system(step, 4).recognised is None


def test_three_kinks_that_nearly_meet_are_told_apart():
    """Between two of them lies a wedge that hardly any state visits."""
    near = np.array([[1.0, -0.99], [1.0, -0.9796], [1.0, -0.9804]])
    out = np.random.default_rng(0).standard_normal((3, 2))
    system = sp.as_system(lambda x: 0.5 * x + relu(x @ near.T) @ out + 0.1, 2)
    assert system.recognised is not None
    along = np.random.default_rng(1).uniform(-100, 100, (200, 1))
    wedge = along * [1.0, 1 / 0.98] + 1e-3 * np.random.default_rng(2).standard_normal((200, 2))
    own = 0.5 * wedge + relu(wedge @ near.T) @ out + 0.1
    np.testing.assert_allclose(
        system.dynamics.step(wedge, np.zeros((200, 0))), own, rtol=0, atol=1e-10
    )


def test_mean_centred_and_almost_linear_networks_are_proved_complete():
    """Brenner et al. (2022) centre rectified units; in Brenner et al. (2024) only some rectify."""
    rng = np.random.default_rng(4)
    A, W, b = rng.random(7) / 2, rng.standard_normal((7, 7)) / 5, rng.standard_normal(7)

    def centred(z):
        return A * z + relu(z - z.mean(axis=1, keepdims=True)) @ W.T + b

    def almost_linear(z):
        return A * z + np.hstack([z[:, :4], relu(z[:, 4:])]) @ W.T + b

    for step, words in (
        (centred, "PLRNN with 7 hidden units"),
        (almost_linear, "piecewise-linear network with 3 hidden units"),
    ):
        system = sp.as_system(step, 7)
        assert words in repr(system)
        points = sp.find_all_fixed_points(system)
        assert points.census().completeness.name == "PROVED"
        assert len(points)
        np.testing.assert_allclose(step(points.xstar), points.xstar, rtol=0, atol=1e-9)


@pytest.mark.torch
@pytest.mark.parametrize("form", ["rates", "currents"])
@pytest.mark.parametrize(
    "name", ["leaky_relu", "hardtanh", "relu6", "hardsigmoid", "threshold", "abs"]
)
def test_activations_of_straight_pieces(name, form):
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    layer, drive = torch.nn.Linear(40, 40), torch.nn.Linear(3, 40)
    phi = {
        "abs": torch.abs,
        "threshold": lambda a: torch.nn.functional.threshold(a, 0.25, 0.25),
    }.get(name) or getattr(torch.nn.functional, name)

    class Network(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer, self.drive = layer, drive

        def forward(self, u, h):
            if form == "rates":
                return h + 0.1 * (phi(self.layer(h) + self.drive(u)) - h)
            return h + 0.1 * (self.layer(phi(h)) + self.drive(u) - h)

    assert "hidden units, relu" in repr(sp.as_system(Network(), state_size=40, input_size=3))


def test_modules_and_jax_functions():
    torch, jnp = pytest.importorskip("torch"), pytest.importorskip("jax.numpy")

    class Shallow(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.A = torch.nn.Parameter(torch.rand(6))
            self.hidden, self.out = torch.nn.Linear(6, 20), torch.nn.Linear(20, 6)
            self.input = torch.nn.Linear(2, 6, bias=False)

        def forward(self, u, z):
            return self.A * z + self.out(torch.relu(self.hidden(z))) + self.input(u)

    torch.manual_seed(0)
    module = Shallow()
    system = sp.as_system(module, state_size=6, input_size=2)
    assert "PLRNN with 20 hidden units, relu" in repr(system)
    np.testing.assert_allclose(system.dynamics.A, module.A.detach().double(), rtol=0, atol=1e-12)
    W = rng.standard_normal((5, 5))
    bent = sp.as_system(lambda x: jnp.clip(x @ W.T, -1, 1), 5)
    assert "PLRNN with 10 hidden units, relu" in repr(bent)
