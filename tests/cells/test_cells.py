"""The canonical cells against torch's modules, automatic and finite differences, and each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import jaxtyping
import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint._core.arrays import to_numpy
from stillpoint.cells import (
    GRUCell,
    LeakyCell,
    LeakyRateCell,
    LowRank,
    LSTMCell,
    ResetBeforeGRUCell,
    ShallowCell,
    StackedCell,
    VanillaCell,
)
from stillpoint.dynamics.activations import ACTIVATIONS
from stillpoint.solvers import LevenbergMarquardt, Newton, solve

D, M, N = 5, 3, 7  # units, inputs, rows

EXACT = 1e-12  # the same formula in another order of operations
DERIVED = 1e-10  # closed form against automatic differentiation
# Central differences at spacing 1e-5: truncation ~ (1e-5)^2, rounding ~ 1e-16 / 1e-5.
SPACING, DIFFERENCED = 1e-5, 1e-8

needs_torch = pytest.mark.torch


# -- random cells -------------------------------------------------------------------------------


def random_weights(seed: int, gain: float) -> Callable[..., np.ndarray]:
    """Return a function from a shape to weights whose rows have about length `gain`."""
    rng = np.random.default_rng(seed)
    return lambda *shape: gain * rng.standard_normal(shape) / np.sqrt(max(shape[-1], 1))


def vanilla(phi: str, seed: int = 0, gain: float = 1.5, d: int = D, m: int = M) -> VanillaCell:
    w = random_weights(seed, gain)
    return VanillaCell(w(d, d), w(d, m), w(d), phi)


def leaky(phi: str, seed: int = 0, gain: float = 1.5) -> LeakyCell:
    w = random_weights(seed, gain)
    return LeakyCell(w(D, D), w(D, M), w(D), np.linspace(0.05, 1.0, D), phi)


def leaky_rate(phi: str, seed: int = 0, gain: float = 1.5) -> LeakyRateCell:
    w = random_weights(seed, gain)
    return LeakyRateCell(w(D, D), w(D, M), w(D), phi, alpha=np.linspace(0.05, 1.0, D))


def low_rank(phi: str, kind: Any, seed: int = 0, gain: float = 1.5, rank: int = 2) -> Any:
    """Return a vanilla or leaky cell whose weights are kept as factors, `rank` columns."""
    w, leak = random_weights(seed, gain), np.linspace(0.05, 1.0, D)
    alpha = {} if kind is VanillaCell else {"alpha": leak}
    return kind(LowRank(w(rank, D).T, w(rank, D).T), w(D, M), w(D), phi=phi, **alpha)


def shallow(phi: str, seed: int = 0, gain: float = 1.5, h: int = 6) -> ShallowCell:
    w, A = random_weights(seed, gain), np.linspace(-1.2, 1.2, D)
    return ShallowCell(A, w(D, h), w(h, D), w(D, M), w(D), w(h), phi)


def hidden_layer(phi: str, seed: int = 0, gain: float = 1.5, h: int = 6) -> ShallowCell:
    """Return a cell with any linear part, and inputs that drive hidden units too."""
    w = random_weights(seed, gain)
    return ShallowCell(w(D, D) / 2, w(D, h), w(h, D), w(D, M), w(D), w(h), phi, w(h, M))


def gru(seed: int = 0, gain: float = 1.5, d: int = D, m: int = M) -> GRUCell:
    w = random_weights(seed, gain)
    return GRUCell(w(3 * d, d), w(3 * d, m), w(3 * d), w(d))


def reset_before_gru(seed: int = 0, gain: float = 1.5) -> ResetBeforeGRUCell:
    w = random_weights(seed, gain)
    return ResetBeforeGRUCell(w(3 * D, D), w(3 * D, M), w(3 * D))


def lstm(seed: int = 0, gain: float = 1.5, k: int = D, p: int | None = None, m: int = M) -> Any:
    w = random_weights(seed, gain)
    return LSTMCell(w(4 * k, p or k), w(4 * k, m), w(4 * k), None if p is None else w(p, k))


CELLS = {
    **{f"vanilla {phi}": vanilla(phi) for phi in ACTIVATIONS},
    **{f"leaky {phi}": leaky(phi) for phi in ACTIVATIONS},
    **{f"leaky rate {phi}": leaky_rate(phi) for phi in ACTIVATIONS},
    **{f"shallow {phi}": shallow(phi) for phi in ACTIVATIONS},
    **{f"hidden layer {phi}": hidden_layer(phi) for phi in ("tanh", "relu")},
    **{
        f"{kind.__name__} {phi}, low rank": low_rank(phi, kind)
        for phi in ("tanh", "relu", "softplus")
        for kind in (VanillaCell, LeakyCell, LeakyRateCell)
    },
    "rank of all units": low_rank("tanh", LeakyCell, rank=D),
    "GRU": gru(),
    "GRU, reset before": reset_before_gru(),
    "LSTM": lstm(),
    "LSTM with projection": lstm(p=2),
    "2 vanilla layers": StackedCell([vanilla("tanh", d=4), vanilla("relu", 1, m=4)]),
    "2 layers, low rank": StackedCell([low_rank("tanh", LeakyCell), vanilla("relu", 1, m=D)]),
    "3 GRU layers": StackedCell([gru(0), gru(1, d=3, m=D), gru(2, d=2, m=3)]),
    "2 LSTM layers": StackedCell([lstm(0), lstm(1, k=3, m=D)]),
    "2 LSTM layers with projection": StackedCell([lstm(0, p=2), lstm(1, p=2, m=2)]),
    "no inputs": vanilla("tanh", m=0),
    "one unit": gru(d=1, m=1),
}

each_cell = pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS.keys())


def rows(cell: Any, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Return random states and inputs of a cell."""
    rng = np.random.default_rng(seed)
    return rng.standard_normal((N, cell.state_size)), rng.standard_normal((N, cell.input_size))


def in_namespace(cell: Any, asarray: Callable[[np.ndarray], Any]) -> Any:
    """Return the same cell with its weights converted."""
    if isinstance(cell, StackedCell):
        return StackedCell([in_namespace(layer, asarray) for layer in cell.layers])
    return cell.with_weights(asarray)


def assert_close(actual: Any, expected: Any, tolerance: float) -> None:
    """Compare to a tolerance relative to the largest value, or absolute where that is below 1."""
    actual, expected = to_numpy(actual), to_numpy(expected)
    assert actual.shape == expected.shape
    scale = max(1.0, float(np.abs(expected).max(initial=0.0)))
    np.testing.assert_allclose(actual, expected, rtol=0, atol=tolerance * scale)


def differences(function: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    """Return the Jacobian of a row-wise function by central differences."""
    moves = SPACING * np.eye(x.shape[1])
    columns = [(function(x + move) - function(x - move)) / (2 * SPACING) for move in moves]
    return np.stack(columns, axis=2) if columns else np.zeros((*function(x).shape, 0))


def autodiff(function: Callable[[Any], Any], x: np.ndarray) -> np.ndarray:
    """Return the Jacobian of a row-wise function on tensors by torch."""
    import torch

    full = torch.autograd.functional.jacobian(function, torch.asarray(x))
    return np.einsum("nknd->nkd", full.numpy())


# -- the step -----------------------------------------------------------------------------------


FORMULAS = {
    "tanh": np.tanh,
    "relu": lambda a: np.maximum(a, 0),
    "sigmoid": lambda a: 1 / (1 + np.exp(-a)),
    "softplus": lambda a: np.log(1 + np.exp(a)),
    "linear": lambda a: a,
}


def test_every_activation_has_a_formula_here():
    assert FORMULAS.keys() == ACTIVATIONS.keys()


@pytest.mark.parametrize("phi", FORMULAS)
def test_vanilla_step_is_its_formula(phi):
    cell = vanilla(phi)
    x, u = rows(cell)
    expected = [FORMULAS[phi](cell.W @ xi + cell.B @ ui + cell.b) for xi, ui in zip(x, u)]  # noqa: B905
    assert_close(cell.step(x, u), np.array(expected), EXACT)


@pytest.mark.parametrize("phi", FORMULAS)
def test_leaky_step_is_its_formula(phi):
    cell = leaky(phi)
    x, u = rows(cell)
    drive = [cell.W @ FORMULAS[phi](xi) + cell.B @ ui + cell.b for xi, ui in zip(x, u)]  # noqa: B905
    expected = (1 - cell.alpha) * x + cell.alpha * np.array(drive)
    assert_close(cell.step(x, u), expected, EXACT)


@pytest.mark.parametrize("phi", FORMULAS)
def test_leaky_rate_step_is_its_formula(phi):
    cell = leaky_rate(phi)
    x, u = rows(cell)
    rates = [FORMULAS[phi](cell.W @ xi + cell.B @ ui + cell.b) for xi, ui in zip(x, u)]  # noqa: B905
    assert_close(cell.step(x, u), (1 - cell.alpha) * x + cell.alpha * np.array(rates), EXACT)


def with_linear_part(A: Any) -> ShallowCell:
    none, pair = np.zeros((2, 0)), np.ones((2, 2))
    return ShallowCell(np.array(A), 7 * pair, pair, none, np.ones(2), np.ones(2), "tanh")


@pytest.mark.parametrize("phi", FORMULAS)
def test_shallow_step_is_its_formula(phi):
    cell = shallow(phi)
    x, u = rows(cell)
    hidden = FORMULAS[phi](x @ cell.W2.T + cell.c)
    assert_close(cell.step(x, u), cell.A * x + hidden @ cell.W1.T + u @ cell.B.T + cell.b, EXACT)
    cell = hidden_layer(phi)
    hidden = FORMULAS[phi](x @ cell.W2.T + u @ cell.B2.T + cell.c)
    assert_close(cell.step(x, u), x @ cell.A.T + hidden @ cell.W1.T + u @ cell.B.T + cell.b, EXACT)


def test_piecewise_linear_networks_of_all_names_are_one():
    w, relu = random_weights(5, 1.5), FORMULAS["relu"]
    A, W, B, b = np.linspace(-1.2, 1.2, D), w(D, D), w(D, M), w(D)
    x, u = rows(vanilla("relu"))
    rest = A * x + u @ B.T + b
    assert_close(ShallowCell.plrnn(A, W, B, b).step(x, u), rest + relu(x) @ W.T, EXACT)
    assert_close(
        ShallowCell.plrnn(np.diag(A), W, B, b, "tanh").step(x, u), rest + np.tanh(x) @ W.T, EXACT
    )
    slopes, thresholds = np.array([1.0, -0.5, 2.0]), w(3, D)
    branches = sum(a * relu(x - t) for a, t in zip(slopes, thresholds, strict=True))
    dendritic = ShallowCell.dendritic(A, W, B, b, slopes, thresholds)
    assert_close(dendritic.step(x, u), rest + branches @ W.T, EXACT)
    to, of, c = w(D, 8), w(8, D), w(8)
    clipped = ShallowCell.clipped(A, to, of, B, b, c)
    hidden = relu(x @ of.T + c) - relu(x @ of.T)
    assert_close(clipped.step(x, u), rest + hidden @ to.T, EXACT)


@pytest.mark.parametrize(
    ("cell", "is_trapping"),
    [
        (ShallowCell.clipped([0.9], [[5.0]], [[3.0]], np.zeros((1, 0)), [1.0], [2.0]), True),
        (ShallowCell.clipped([1.0], [[5.0]], [[3.0]], np.zeros((1, 0)), [1.0], [2.0]), False),
        (ShallowCell.plrnn([0.5], [[0.4]], np.zeros((1, 0)), [1.0]), True),
        (ShallowCell.plrnn([0.5], [[-0.4]], np.zeros((1, 0)), [1.0], "softplus"), True),
        (ShallowCell.plrnn([0.5], [[0.6]], np.zeros((1, 0)), [1.0]), False),
        (ShallowCell.plrnn([-0.9], [[7.0]], np.zeros((1, 0)), [1.0], "tanh"), True),
        (ShallowCell.plrnn([-1.1], [[7.0]], np.zeros((1, 0)), [1.0], "sigmoid"), False),
        (with_linear_part([[0.5, 0.6], [0.6, 0.3]]), False),  # their largest eigenvalue is 1.008
        (with_linear_part([[0.5, 0.5], [0.5, 0.3]]), True),
    ],
)
def test_which_shallow_cells_keep_a_box(cell, is_trapping):
    system = sp.as_system(cell)
    assert cell.maps_ball_into_itself == is_trapping
    assert system.dynamics.interval_extension().maps_ball_into_itself == is_trapping
    x = np.array([[-1e4], [1e4]]) * np.ones(cell.state_size)
    for _ in range(400):
        x = system.step(x)
    assert (np.abs(x).max() < 1e3) == is_trapping


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: ShallowCell.plrnn(np.ones((2, 2)), np.eye(2), np.zeros((2, 0)), [0.0, 0.0]),
         "off its diagonal"),
        (lambda: ShallowCell.plrnn([1.0], np.eye(2), np.zeros((2, 0)), [0.0, 0.0]), "A of"),
        (lambda: ShallowCell.plrnn([1.0], 2.0, np.zeros((1, 0)), [0.0]), "of ShallowCell"),
        (lambda: ShallowCell.dendritic([1.0], [[1.0]], np.zeros((1, 0)), [0.0], [1.0], [1.0]),
         "slopes, thresholds"),
        (lambda: ShallowCell.clipped([1.0], [1.0], [[1.0]], np.zeros((1, 0)), [0.0], [1.0]),
         "W1, W2, c"),
    ],
)  # fmt: skip
def test_bad_piecewise_linear_networks_are_refused(make, words):
    with pytest.raises(ArgumentError, match=words):
        make()


def test_one_leak_serves_all_units():
    cell = leaky("tanh")
    for kind, alpha in ((LeakyCell, 0.25), (LeakyRateCell, np.float64(0.25)), (LeakyCell, 1)):
        one = kind(cell.W, cell.B, cell.b, alpha=alpha)
        np.testing.assert_array_equal(one.alpha, np.full(D, float(alpha)))
    for alpha, words in ((0.0, r"\(0, 1\]"), (True, "got bool"), (np.ones(2), r"shape \(2,\)")):
        with pytest.raises(ArgumentError, match=f"alpha of LeakyCell: .*{words}"):
            LeakyCell(cell.W, cell.B, cell.b, alpha=alpha)


@pytest.mark.parametrize("phi", ["sigmoid", "softplus"])
def test_activations_survive_huge_arguments(phi):
    """exp(1e4) is infinite; neither the value nor the slope may be."""
    activation = ACTIVATIONS[phi]
    a = np.array([-1e4, 1e4])
    with np.errstate(over="raise", invalid="raise"):
        value = activation.value(a)
        slope = activation.slope(a, value)
    assert value.tolist() == {"sigmoid": [0, 1], "softplus": [0, 1e4]}[phi]
    assert slope.tolist() == {"sigmoid": [0, 0], "softplus": [0, 1]}[phi]


def test_slope_at_the_kink_of_relu_is_zero():
    assert vanilla("relu", gain=0.0).jacobian(np.zeros((1, D)), np.zeros((1, M))).max() == 0


#: torch's recurrent modules with M inputs and D units: the class, and further options.
MODULES = {
    "RNN": ("RNN", {}),
    "RNN relu": ("RNN", {"nonlinearity": "relu"}),
    "RNN without bias": ("RNN", {"bias": False}),
    "RNN 3 layers": ("RNN", {"num_layers": 3}),
    "RNN batch first": ("RNN", {"batch_first": True}),
    "GRU": ("GRU", {}),
    "GRU without bias": ("GRU", {"bias": False}),
    "GRU 2 layers": ("GRU", {"num_layers": 2}),
    "LSTM": ("LSTM", {}),
    "LSTM without bias": ("LSTM", {"bias": False}),
    "LSTM 2 layers": ("LSTM", {"num_layers": 2}),
    "LSTM projected": ("LSTM", {"proj_size": 2}),
    "LSTM projected, 2 layers": ("LSTM", {"num_layers": 2, "proj_size": 2}),
    "RNNCell": ("RNNCell", {}),
    "GRUCell": ("GRUCell", {}),
    "LSTMCell": ("LSTMCell", {}),
}


def torch_module(name: str) -> Any:
    """Return one of `MODULES` with random weights in float64."""
    import torch

    kind, options = MODULES[name]
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return getattr(torch.nn, kind)(M, D, **options).double()


def torch_step(module: Any, x: Any, u: Any) -> Any:
    """Return one step of a torch module by calling it, the state packed bottom layer first."""
    import torch

    is_cell = not hasattr(module, "num_layers")
    layers = 1 if is_cell else module.num_layers
    is_lstm = "LSTM" in type(module).__name__
    memory = module.hidden_size if is_lstm else 0
    output = getattr(module, "proj_size", 0) or module.hidden_size
    state = x.reshape(len(x), layers, output + memory).transpose(0, 1).contiguous()
    parts = [part.contiguous() for part in torch.split(state, [output, memory], dim=2)]
    if is_cell:
        new = module(u, (parts[0][0], parts[1][0]) if is_lstm else parts[0][0])
        return torch.cat(new, dim=1) if is_lstm else new
    sequence = u[:, None] if module.batch_first else u[None]
    _, new = module(sequence, tuple(parts) if is_lstm else parts[0])
    new = torch.cat(new, dim=2) if is_lstm else new
    return new.transpose(0, 1).reshape(len(x), -1)


@needs_torch
@pytest.mark.parametrize("name", MODULES)
def test_step_and_jacobian_are_those_of_torch(name):
    import torch

    module = torch_module(name)
    system = sp.as_system(module)
    x, u = rows(system)
    with torch.no_grad():
        expected = torch_step(module, torch.asarray(x), torch.asarray(u))
    assert_close(system.step(x, u), expected, EXACT)
    in_state = autodiff(lambda y: torch_step(module, y, torch.asarray(u)), x)
    assert_close(system.jacobian(x, u), in_state, DERIVED)
    in_inputs = autodiff(lambda v: torch_step(module, torch.asarray(x), v), u)
    assert_close(system.input_jacobian(x, u), in_inputs, DERIVED)


# -- derivatives --------------------------------------------------------------------------------


@needs_torch
@each_cell
def test_derivatives_agree_with_automatic_ones(cell):
    import torch

    x, u = rows(cell)
    tensors = in_namespace(cell, torch.asarray)
    in_state = autodiff(lambda y: tensors.step(y, torch.asarray(u)), x)
    in_inputs = autodiff(lambda v: tensors.step(torch.asarray(x), v), u)
    assert_close(cell.jacobian(x, u), in_state, DERIVED)
    assert_close(cell.input_jacobian(x, u), in_inputs, DERIVED)


@each_cell
def test_derivatives_agree_with_differences(cell):
    x, u = rows(cell)
    assert_close(cell.jacobian(x, u), differences(lambda y: cell.step(y, u), x), DIFFERENCED)
    expected = differences(lambda v: cell.step(x, v), u)
    assert_close(cell.input_jacobian(x, u), expected, DIFFERENCED)


@each_cell
def test_products_are_those_of_the_jacobian(cell):
    x, u = rows(cell)
    v = np.random.default_rng(2).standard_normal(x.shape)
    jacobian = cell.jacobian(x, u)
    assert_close(cell.jvp(x, u, v), np.einsum("nij,nj->ni", jacobian, v), DERIVED)
    assert_close(cell.vjp(x, u, v), np.einsum("ni,nij->nj", v, jacobian), DERIVED)


@each_cell
def test_differentials_are_those_of_the_jacobians(cell):
    x, u = rows(cell)
    rng = np.random.default_rng(2)
    assert cell.is_matrix_free
    for problem in (cell, cell.residual_problem(), cell.equilibrium_problem()):
        y = x if problem is cell else problem.coordinates(x, u)
        v = rng.standard_normal(y.shape)
        expected = np.einsum("nij,nj->ni", problem.jacobian(y, u), v)
        assert_close(problem.differential(y, u)(v), expected, 1e-12)
    layers = cell.layers if isinstance(cell, StackedCell) else [cell]
    readers = [cell, *(layer.output_problem() for layer in layers)]
    for problem in readers:
        own = cell if problem is cell else layers[readers.index(problem) - 1]
        x, u = rows(own)
        y = x if problem is cell else problem.coordinates(x, u)
        w = rng.standard_normal(u.shape)
        expected = np.einsum("nij,nj->ni", problem.input_jacobian(y, u), w)
        assert_close(problem.input_differential(y, u)(w), expected, 1e-12)


# -- array libraries ----------------------------------------------------------------------------


def outputs(cell: Any, x: Any, u: Any, v: Any) -> dict[str, Any]:
    """Return everything that a cell computes."""
    problem = cell.equilibrium_problem()
    y = problem.coordinates(x, u)
    return {
        "step": cell.step(x, u),
        "jacobian": cell.jacobian(x, u),
        "input_jacobian": cell.input_jacobian(x, u),
        "jvp": cell.jvp(x, u, v),
        "vjp": cell.vjp(x, u, v),
        "pushed": problem.differential(y, u)(v[:, : y.shape[1]]),
        "state": problem.state(y, u),
        "residual": problem.residual(y, u),
        "residual_jacobian": problem.jacobian(y, u),
        "gradient": problem.gradient(y, u, problem.residual(y, u)),
    }


def holds_factors(cell: Any) -> bool:
    layers = cell.layers if isinstance(cell, StackedCell) else [cell]
    return any(isinstance(getattr(layer, "W", None), LowRank) for layer in layers)


@pytest.mark.parametrize("library", ["array_api_strict", pytest.param("torch", marks=needs_torch)])
@each_cell
def test_every_array_library_gives_the_same_numbers(cell, library):
    if library == "array_api_strict" and holds_factors(cell):
        library = "numpy"  # its operators take nothing but its own arrays
    asarray = pytest.importorskip(library).asarray
    x, u = rows(cell)
    v = np.random.default_rng(2).standard_normal(x.shape)
    expected = outputs(cell, x, u, v)
    computed = outputs(in_namespace(cell, asarray), asarray(x), asarray(u), asarray(v))
    for name, value in computed.items():
        assert type(value) is type(asarray(x)), name
        assert_close(value, expected[name], EXACT)


# -- the equilibrium form -----------------------------------------------------------------------


RESTING = {
    "vanilla tanh": vanilla("tanh", seed=11, gain=4.0),
    "leaky tanh": leaky("tanh", seed=3, gain=4.0),
    "leaky rate tanh": leaky_rate("tanh", seed=3, gain=4.0),
    "vanilla tanh, low rank": low_rank("tanh", VanillaCell, seed=2, gain=4.0),
    "leaky tanh, low rank": low_rank("tanh", LeakyCell, seed=2, gain=4.0),
    "leaky rate tanh, low rank": low_rank("tanh", LeakyRateCell, seed=2, gain=4.0),
    "shallow tanh": shallow("tanh", seed=3, gain=3.0),
    "hidden layer tanh": hidden_layer("tanh", seed=3, gain=3.0),
    "GRU": gru(seed=0, gain=3.0),
    "LSTM": lstm(seed=4, gain=5.0),
    "LSTM with projection": lstm(seed=7, gain=3.0, p=4),
}

each_resting_cell = pytest.mark.parametrize("cell", RESTING.values(), ids=RESTING.keys())


def resting_states(cell: Any) -> tuple[sp.FixedPoints, np.ndarray]:
    """Return fixed points of a cell without drive, found by Levenberg-Marquardt on the motion.

    That solver does not use the equilibrium form.
    """
    rng = np.random.default_rng(0)
    states = rng.uniform(-1.5, 1.5, (400, cell.state_size))
    solver = LevenbergMarquardt()
    points = sp.find_fixed_points(sp.as_system(cell), states, np.zeros(M), solver=solver)
    return points, np.zeros((len(points), M))


@each_resting_cell
def test_the_equilibrium_form_vanishes_at_fixed_points_of_the_step(cell):
    points, u = resting_states(cell)
    problem = cell.equilibrium_problem()
    y = problem.coordinates(points.xstar, u)
    assert len(points) >= 3
    assert np.abs(problem.residual(y, u)).max() < EXACT


@each_resting_cell
def test_zeros_of_the_equilibrium_form_are_fixed_points_of_the_step(cell):
    """Newton's method sees that form alone."""
    x, u = np.repeat(rows(cell)[0], 20, axis=0), np.zeros((20 * N, M))
    x = x + np.random.default_rng(3).standard_normal(x.shape)
    end = solve(cell, x, u, [Newton()], tol=1e-24, max_steps=200)
    rest = end.x[end.status == sp.Status.FIXED_POINT]
    assert len(rest) > N
    assert_close(cell.step(rest, u[: len(rest)]), rest, 2e-12)  # q <= 1e-24 allows 1.4e-12


@each_resting_cell
def test_the_equilibrium_form_keeps_the_index(cell):
    """sign det(-J_eq) = sign det(I - J): gates and leaks divided out are positive factors."""
    points, u = resting_states(cell)
    problem = cell.equilibrium_problem()
    at_rest = problem.jacobian(problem.coordinates(points.xstar, u), u)
    motion = np.eye(cell.state_size) - cell.jacobian(points.xstar, u)
    expected = np.linalg.slogdet(motion)[0]
    assert set(expected) == {-1.0, 1.0}, "the test needs points of both signs"
    np.testing.assert_array_equal(np.linalg.slogdet(-at_rest)[0], expected)


@each_cell
def test_the_equilibrium_form_has_the_jacobian_of_its_residual(cell):
    x, u = rows(cell)
    problem = cell.equilibrium_problem()
    y = problem.coordinates(x, u)
    expected = differences(lambda z: problem.residual(z, u), y)
    assert_close(problem.jacobian(y, u), expected, DIFFERENCED)


@needs_torch
@each_cell
def test_the_equilibrium_form_has_the_automatic_jacobian_of_its_residual(cell):
    import torch

    x, u = rows(cell)
    problem = cell.equilibrium_problem()
    tensors = in_namespace(cell, torch.asarray).equilibrium_problem()
    y = problem.coordinates(x, u)
    expected = autodiff(lambda z: tensors.residual(z, torch.asarray(u)), y)
    assert_close(problem.jacobian(y, u), expected, DERIVED)
    residual = problem.residual(y, u)
    gradient = np.einsum("nr,nrk->nk", residual, expected)
    assert_close(problem.gradient(y, u, residual), gradient, DERIVED)


@each_cell
def test_a_unitwise_form_is_the_motion_up_to_positive_factors(cell):
    """(1 - z)(n - h) for a GRU, alpha times the pull for a leaky cell: never another sign."""
    problem = cell.output_problem()
    if not problem.unitwise:
        assert isinstance(cell, LSTMCell | StackedCell)  # fewer unknowns, or layers at rest
        return
    x, u = rows(cell)
    factor = (cell.step(x, u) - x) / problem.residual(x, u)
    assert factor.min() > 0
    assert factor.max() <= 1 + EXACT


@pytest.mark.parametrize("p", [None, 2])
def test_the_lstm_lifts_its_output_to_the_whole_state(p):
    """c = i g / (1 - f) is where the memory stands still while h does."""
    cell = lstm(p=p)
    x, u = rows(cell)
    problem = cell.equilibrium_problem()
    h = problem.coordinates(x, u)
    np.testing.assert_array_equal(h, x[:, list(cell.parts["h"])])
    state = problem.state(h, u)
    memory = list(cell.parts["c"])
    np.testing.assert_array_equal(state[:, list(cell.parts["h"])], h)
    assert_close(cell.step(state, u)[:, memory], state[:, memory], EXACT)


def test_the_lstm_recovers_fixed_points_from_their_outputs():
    cell = RESTING["LSTM"]
    points, u = resting_states(cell)
    problem = cell.equilibrium_problem()
    lifted = problem.state(problem.coordinates(points.xstar, u), u)
    assert_close(lifted, points.xstar, 1e-10)


def test_the_leak_moves_no_fixed_point_and_scales_the_determinant():
    """det(I - J_leaky) is the product of the leaks times det(I - J) without a leak."""
    cell = RESTING["leaky tanh"]
    points, u = resting_states(cell)
    unleaked = replace(cell, alpha=np.ones(D))
    assert_close(unleaked.step(points.xstar, u), points.xstar, 1e-10)
    leaky_det = np.linalg.det(np.eye(D) - cell.jacobian(points.xstar, u))
    full_det = np.linalg.det(np.eye(D) - unleaked.jacobian(points.xstar, u))
    np.testing.assert_allclose(leaky_det, np.prod(cell.alpha) * full_det, rtol=1e-9)


# -- layout ----------------------------------------------------------------------------------


def test_parts_of_stacked_lstms_are_named_layer_by_layer():
    parts = CELLS["2 LSTM layers"].parts
    assert {name: (span.start, span.stop) for name, span in parts.items()} == {
        "layer0": (0, 10),
        "layer0.h": (0, 5),
        "layer0.c": (5, 10),
        "layer1": (10, 16),
        "layer1.h": (10, 13),
        "layer1.c": (13, 16),
    }


@pytest.mark.parametrize("phi", ACTIVATIONS)
@pytest.mark.parametrize("gain", [0.5, 2.0])
def test_the_index_sum_is_known_of_bounded_activations_and_of_weak_weights(phi, gain):
    W, nothing, alpha = gain * np.eye(D), np.zeros((D, 0)), np.full(D, 0.3)
    expected = 1 if phi in ("tanh", "sigmoid") or gain < 1 else None
    above = VanillaCell(W, np.eye(D), np.zeros(D), phi)
    assert VanillaCell(W, nothing, np.zeros(D), phi).lefschetz == expected
    assert LeakyCell(W, nothing, np.zeros(D), alpha, phi).lefschetz == expected
    rates = LeakyRateCell(W, nothing, np.zeros(D), phi, alpha=alpha)
    assert rates.lefschetz == expected
    below = VanillaCell(np.eye(D), np.eye(D), np.zeros(D), "tanh")
    assert StackedCell([below, above]).lefschetz == expected


# -- bad weights --------------------------------------------------------------------------------


@pytest.fixture
def unchecked() -> Iterator[None]:
    """Switch off the annotation checks of the tests: users meet the errors without them."""
    jaxtyping.config.update("jaxtyping_disable", True)
    yield
    jaxtyping.config.update("jaxtyping_disable", False)


GOOD = {
    VanillaCell: {"W": np.eye(2), "B": np.zeros((2, 1)), "b": np.zeros(2)},
    LeakyCell: {"W": np.eye(2), "B": np.zeros((2, 1)), "b": np.zeros(2), "alpha": np.ones(2)},
    LeakyRateCell: {"W": np.eye(2), "B": np.zeros((2, 1)), "b": np.zeros(2), "alpha": np.ones(2)},
    ShallowCell: {
        "A": np.ones(2),
        "W1": np.ones((2, 3)),
        "W2": np.ones((3, 2)),
        "B": np.zeros((2, 1)),
        "b": np.zeros(2),
        "c": np.zeros(3),
    },
    GRUCell: {"W": np.ones((6, 2)), "B": np.zeros((6, 1)), "b": np.zeros(6), "c": np.zeros(2)},
    ResetBeforeGRUCell: {"W": np.ones((6, 2)), "B": np.zeros((6, 1)), "b": np.zeros(6)},
    LSTMCell: {"W": np.ones((8, 1)), "B": np.zeros((8, 1)), "b": np.zeros(8), "P": np.ones((1, 2))},
}
WEIGHTS = [(make, name) for make, weights in GOOD.items() for name in weights]


@pytest.mark.parametrize("make", GOOD)
def test_good_weights_are_accepted(make):
    assert make(**GOOD[make]).input_size == 1


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize(("make", "name"), WEIGHTS)
def test_a_weight_of_the_wrong_shape_is_refused(make, name):
    """Its name is in the message, or that of a weight which then disagrees with it."""
    weight = GOOD[make][name]
    bad = np.concatenate([weight, weight, weight])
    with pytest.raises(ArgumentError, match=rf"of {make.__name__}: got shape .* is wanted"):
        make(**GOOD[make] | {name: bad})


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("kind", ["number", "list", "array without axes", "complex array"])
@pytest.mark.parametrize("make", GOOD)
def test_what_is_no_real_array_is_refused(make, kind):
    bias = GOOD[make]["b"]
    bad = {
        "number": 0.5,
        "list": bias.tolist(),
        "array without axes": np.array(0.5),
        "complex array": bias + 1j,
    }
    with pytest.raises(ArgumentError, match=f"b of {make.__name__}"):
        make(**GOOD[make] | {"b": bad[kind]})


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize(("make", "name"), WEIGHTS)
def test_a_weight_that_is_not_finite_is_refused_by_name(make, name, value):
    bad = GOOD[make][name].copy()
    bad.flat[-1] = value
    with pytest.raises(ArgumentError, match=f"{name} of {make.__name__}: holds NaN or infinite"):
        make(**GOOD[make] | {name: bad})


@pytest.mark.parametrize("make", [LeakyCell, LeakyRateCell])
@pytest.mark.parametrize("alpha", [0.0, -0.1, 1.0001])
def test_a_leak_outside_its_interval_is_refused(make, alpha):
    with pytest.raises(ArgumentError, match=rf"alpha of {make.__name__}: .*\(0, 1\]"):
        make(**GOOD[make] | {"alpha": np.array([0.5, alpha])})


@pytest.mark.parametrize("make", [VanillaCell, LeakyCell, LeakyRateCell])
def test_an_unknown_activation_is_refused_with_a_suggestion(make):
    with pytest.raises(ArgumentError, match=r"phi: got 'tahn'.* Did you mean 'tanh'\?"):
        make(**GOOD[make], phi="tahn")


@pytest.mark.usefixtures("unchecked")
@pytest.mark.parametrize("make", GOOD)
def test_integer_weights_do_not_round_the_states(make):
    """Whole numbers typed as weights must not turn states into whole numbers."""
    whole = {name: weight.astype(int) for name, weight in GOOD[make].items()}
    try:
        cell = make(**whole)
    except ArgumentError as error:
        assert "float" in str(error)  # noqa: PT017
        return
    system = sp.as_system(cell)
    x = np.full((1, system.state_size), 0.3)
    expected = sp.as_system(make(**GOOD[make])).step(x, np.zeros(1))
    assert_close(system.step(x, np.zeros(1)), expected, EXACT)


def test_layers_that_do_not_fit_are_refused():
    with pytest.raises(ArgumentError, match="a layer with 3 inputs stands on one with 5 outputs"):
        StackedCell([vanilla("tanh"), vanilla("tanh")])


def test_a_projected_layer_hands_up_its_output_alone():
    with pytest.raises(ArgumentError, match="a layer with 5 inputs stands on one with 2 outputs"):
        StackedCell([lstm(p=2), lstm(m=5)])


def test_a_stack_without_layers_is_refused():
    with pytest.raises(ArgumentError, match="layers"):
        StackedCell([])
