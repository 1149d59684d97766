"""Gated units as people write them are recognised; what only looks alike is not."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import GRUCell, ResetBeforeGRUCell
from stillpoint.recognition.gated.levenberg_marquardt import levenberg_marquardt
from stillpoint.recognition.least_squares import separate_least_squares, trimmed_least_squares

D, M = 6, 2
NAMES = {GRUCell: "GRU", ResetBeforeGRUCell: "GRU, reset before the product"}


def sigmoid(a):
    return 1 / (1 + np.exp(-a))


def drawn(kind, d, m, *, gain=2.0, bias=0.3, seed=0, stored=True):
    """Return a cell of random weights, as float32 stores them if that is wanted."""
    rng = np.random.default_rng(seed)
    shapes = {"W": (3 * d, d), "B": (3 * d, m), "b": (3 * d,)}
    sizes = {"W": gain / np.sqrt(d), "B": gain / np.sqrt(max(m, 1)), "b": bias}
    if kind is GRUCell:
        shapes["c"], sizes["c"] = (d,), bias
    weights = {name: sizes[name] * rng.standard_normal(shape) for name, shape in shapes.items()}
    if stored:
        weights = {name: w.astype(np.float32).astype(float) for name, w in weights.items()}
    return kind(**weights)


def written(cell, *, kept=True, gate=sigmoid, phi=np.tanh):
    """Return the step of a cell by hand, with z for what is kept or for what is taken up."""
    (W_r, W_z, W_n), (B_r, B_z, B_n), (b_r, b_z, b_n) = (
        np.split(weights, 3) for weights in (cell.W, cell.B, cell.b)
    )

    def step(h, u=None):
        u = np.zeros((len(h), 0)) if u is None else u
        r = sigmoid(h @ W_r.T + u @ B_r.T + b_r)
        if isinstance(cell, GRUCell):
            n = phi(u @ B_n.T + b_n + r * (h @ W_n.T + cell.c))
        else:
            n = phi((r * h) @ W_n.T + u @ B_n.T + b_n)
        z = gate(h @ W_z.T + u @ B_z.T + b_z if kept else -(h @ W_z.T + u @ B_z.T + b_z))
        return z * h + (1 - z) * n if kept else (1 - z) * h + z * n

    return step if cell.input_size else lambda h: step(h)


def weights_of(cell):
    return {name: getattr(cell, name) for name in ("W", "B", "b", "c") if hasattr(cell, name)}


@pytest.mark.parametrize("kept", [True, False], ids=["z keeps", "z takes up"])
@pytest.mark.parametrize("bias", [0.0, 0.3])
@pytest.mark.parametrize(("d", "m"), [(3, 0), (6, 2), (16, 0)])
@pytest.mark.parametrize("kind", NAMES)
def test_a_function_is_the_cell_that_it_computes(kind, d, m, bias, kept):
    cell = drawn(kind, d, m, bias=bias)
    system = sp.as_system(written(cell, kept=kept), d, m)
    assert type(system.dynamics) is kind
    assert repr(system).endswith(f"; recognised: {NAMES[kind]})")
    for name, wanted in weights_of(cell).items():
        np.testing.assert_array_equal(getattr(system.dynamics, name), wanted, err_msg=name)


@pytest.mark.parametrize("gain", [0.5, 1.0, 2.5])
@pytest.mark.parametrize("kind", NAMES)
def test_weights_that_nothing_stored_are_known_to_rounding(kind, gain):
    cell = drawn(kind, D, M, gain=gain, stored=False)
    system = sp.as_system(written(cell), D, M)
    for name, wanted in weights_of(cell).items():
        found = getattr(system.dynamics, name)
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-11, err_msg=name)


@pytest.mark.slow
@pytest.mark.parametrize("kind", NAMES)
def test_sixty_four_units(kind):
    cell = drawn(kind, 64, 3)
    system = sp.as_system(written(cell), 64, 3)
    for name, wanted in weights_of(cell).items():
        np.testing.assert_array_equal(getattr(system.dynamics, name), wanted, err_msg=name)


def test_a_trained_network_is_the_cell_that_it_is():
    cell = sp.tasks.load_network("gru").system.dynamics
    system = sp.as_system(written(cell), cell.state_size, cell.input_size)
    assert system.recognised == "recognised: GRU"
    for name, wanted in weights_of(cell).items():
        np.testing.assert_allclose(getattr(system.dynamics, name), wanted, rtol=0, atol=1e-11)


def test_what_is_recognised_is_searched_as_its_cell_has_proofs_and_is_pickled():
    cell = drawn(GRUCell, D, 0, gain=4.0)
    system, truth = sp.as_system(written(cell), D), sp.as_system(cell)
    states = np.random.default_rng(0).uniform(-1, 1, (64, D))
    points, wanted = (sp.find_fixed_points(s, states, rounds=0) for s in (system, truth))
    np.testing.assert_array_equal(points.xstar, wanted.xstar)
    assert sp.certify(system, points).certificate.proved.all()
    assert repr(pickle.loads(pickle.dumps(system))) == repr(system)


AFTER, BEFORE = drawn(GRUCell, D, M), drawn(ResetBeforeGRUCell, D, M)
STEP = written(AFTER)
LOOKALIKES = {
    "a gate that is never open": written(AFTER, gate=lambda a: 0.9 * sigmoid(a)),
    "a gate that is a little off": written(AFTER, gate=lambda a: sigmoid(a + 1e-9 * np.sin(a))),
    "a piecewise linear gate": written(AFTER, gate=lambda a: np.clip(0.2 * a + 0.5, 0, 1)),
    "a gate of tanh of arctan": written(BEFORE, gate=lambda a: 0.5 + np.arctan(a) / np.pi),
    "rectified candidates": written(AFTER, phi=lambda a: np.maximum(a, 0)),
    "candidates of another size": written(BEFORE, phi=lambda a: 0.9 * np.tanh(a)),
    "sigmoid candidates": written(BEFORE, phi=sigmoid),
    "coupled units": lambda h, u: STEP(h, u) + 1e-3 * np.roll(np.tanh(h), 1, axis=1),
    "noise": lambda h, u: STEP(h, u) + 1e-11 * np.sin(1e3 * h),
    "two steps": lambda h, u: STEP(STEP(h, u), u),
    "another network far out": lambda h, u: np.where(
        h.min(axis=1, keepdims=True) < -2500, -1.0, STEP(h, u)
    ),
    "a little off near rest": lambda h, u: (
        STEP(h, u) + 1e-10 * (np.abs(h).max(axis=1, keepdims=True) < 3e-3)
    ),
    "inputs squared": lambda h, u: STEP(h, u**2),
}


@pytest.mark.parametrize("step", LOOKALIKES.values(), ids=LOOKALIKES)
def test_what_only_looks_alike_stays_a_black_box(step):
    assert sp.as_system(step, D, M).recognised is None


def test_black_boxes_that_keep_no_state_are_given_up_soon():
    calls = []
    W = np.random.default_rng(0).standard_normal((D, D))

    def step(h):
        calls.append(len(h))
        return np.sin(h @ W.T)

    sp.as_system(step, D)
    recognised = len(calls)
    calls.clear()
    sp.as_system(step, D, recognise=False)
    assert recognised - len(calls) < 40


def test_equations_that_do_not_fit_are_left_out():
    rng = np.random.default_rng(0)
    known, truth = rng.standard_normal((2, 40, 3)), rng.standard_normal((2, 3))
    wanted = np.einsum("knp,kp->kn", known, truth)
    wanted[:, :8] += np.geomspace(1e-9, 1.0, 8)
    weights = np.ones(wanted.shape)
    start = separate_least_squares(known, wanted, weights)
    assert np.abs(start - truth).max() > 1e-3
    found = trimmed_least_squares(known, wanted, weights, start, np.inf)
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-13)
    few = trimmed_least_squares(known[:, 6:10], wanted[:, 6:10], weights[:, 6:10], start, np.inf)
    assert np.isnan(few).all()


def test_every_problem_comes_to_its_own_rest():
    t = np.linspace(0, 1, 20)
    truth = np.array([[2.0, -1.0], [0.5, 3.0], [1.0, 0.0]])

    def evaluate(rows, y):
        size, rate = y[:, :1], y[:, 1:]
        value = size * np.exp(rate * t)
        wanted = truth[rows, :1] * np.exp(truth[rows, 1:] * t)
        return wanted - value, np.stack([value / size, value * t], axis=2)

    found, off = levenberg_marquardt(evaluate, np.ones((3, 2)))
    np.testing.assert_allclose(found, truth, rtol=0, atol=1e-10)
    assert (off < 1e-12).all()


@pytest.mark.torch
def test_a_module_as_people_write_it_is_recognised():
    import torch
    from torch import nn

    class Written(nn.Module):
        def __init__(self):
            super().__init__()
            self.hidden_size, self.input_size = D, M
            self.gates, self.candidate = nn.Linear(D + M, 2 * D), nn.Linear(D + M, D)

        def forward(self, u, h):
            z, r = torch.sigmoid(self.gates(torch.cat([u, h], dim=1))).chunk(2, dim=1)
            n = torch.tanh(self.candidate(torch.cat([u, r * h], dim=1)))
            h = z * n + (1 - z) * h
            return h, h

    torch.manual_seed(0)
    module = Written()
    system = sp.as_system(module)
    assert system.recognised.endswith("recognised: GRU, reset before the product")
    stored = module.candidate.weight.detach().double().numpy()[:, M:]
    assert np.abs(system.dynamics.W[2 * D :] - stored).max() < 1e-9
