"""Products with Jacobians, of transforms and of functions, against the Jacobians themselves."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, VanillaCell
from stillpoint.solvers.deflated_newton import Deflated

D, M = 5, 2
RNG = np.random.default_rng(0)
LEAKY = LeakyCell(RNG.standard_normal((D, D)), np.eye(D)[:, :M], np.ones(D), alpha=0.3)
GRU = GRUCell(*(RNG.standard_normal((3 * D, k)) for k in (D, M)), np.ones(3 * D), np.ones(D))
LSTM = LSTMCell(*(RNG.standard_normal((4 * D, k)) for k in (D, M)), np.ones(4 * D))
CELLS = {"leaky": LEAKY, "GRU": GRU, "LSTM": LSTM}
TRANSFORMS = {
    "clamp": lambda s: s.clamp([0.5, -0.5]),
    "restrict": lambda s: s.restrict(units=[3, 0, 4]),
    "iterate": lambda s: s.iterate(3),
    "held": lambda s: s.restrict(units=[1, 2], holding=np.ones(s.state_size)),
    "scaled": lambda s: sp.search.units.Units(2.0 ** np.arange(s.state_size)).of(s),
}


def assert_products(problem, y, u):
    v = np.random.default_rng(1).standard_normal(y.shape)
    expected = np.einsum("nij,nj->ni", problem.jacobian(y, u), v)
    np.testing.assert_allclose(problem.differential(y, u)(v), expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("transform", TRANSFORMS)
@pytest.mark.parametrize("cell", CELLS)
def test_products_of_transforms_are_those_of_their_jacobians(cell, transform):
    dynamics = TRANSFORMS[transform](sp.as_system(CELLS[cell])).dynamics
    rng = np.random.default_rng(2)
    x = rng.standard_normal((4, dynamics.state_size))
    u = rng.standard_normal((4, dynamics.input_size))
    assert dynamics.is_matrix_free
    for problem in (dynamics, dynamics.residual_problem(), dynamics.equilibrium_problem()):
        assert_products(problem, x if problem is dynamics else problem.coordinates(x, u), u)


def test_products_of_a_flow_and_of_its_euler_steps():
    flow = sp.as_system(
        lambda x: np.tanh(x) - x**3, state_size=3, kind="flow",
        jacobian=lambda x, _: (1 / np.cosh(x) ** 2 - 3 * x**2)[:, :, None] * np.eye(3),
    )  # fmt: skip
    x, u = np.random.default_rng(3).standard_normal((4, 3)), np.zeros((4, 0))
    for dynamics in (flow.dynamics, flow.euler(0.1).dynamics):
        assert not dynamics.is_matrix_free
        for problem in (dynamics, dynamics.residual_problem()):
            assert_products(problem, x, u)


def test_products_of_deflated_equations():
    cell = VanillaCell(2 * np.eye(3), np.zeros((3, 0)), np.zeros(3))
    known = np.array([[0.0, 0.0, 0.0], [0.9, 0.0, -0.9]])
    deflated = Deflated(cell.equilibrium_problem(), known)
    assert_products(deflated, np.random.default_rng(4).standard_normal((4, 3)), np.zeros((4, 0)))


@pytest.mark.torch
def test_products_of_a_black_box_of_torch_record_its_graph_once():
    import torch

    calls, W = [], torch.tensor(np.random.default_rng(5).standard_normal((3, 3)))

    def step(x, u):
        calls.append(len(x))
        return torch.tanh(x @ W.T + 0.1 * x**2)

    system = sp.as_system(step, state_size=3, recognise=False, framework="torch")
    x, u = torch.tensor(np.random.default_rng(6).standard_normal((4, 3))), torch.zeros(4, 0)
    apply = system.dynamics.differential(x, u)
    before = len(calls)
    for seed in range(3):
        v = torch.tensor(np.random.default_rng(seed).standard_normal((4, 3)))
        expected = torch.einsum("nij,nj->ni", system.dynamics.jacobian(x, u), v)
        torch.testing.assert_close(apply(v), expected, rtol=1e-12, atol=1e-12)
    assert len(calls) == before + 3  # those of the Jacobians
