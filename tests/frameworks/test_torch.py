"""The PyTorch adapter: modules and functions agree with torch itself, and are left as they were."""

from __future__ import annotations

import copy
import warnings
from collections import OrderedDict

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning, UnsupportedModelError
from stillpoint.frameworks.base import ModelSpec, adapter

torch = pytest.importorskip("torch")
from stillpoint.frameworks.torch import autograd  # noqa: E402

nn = torch.nn
pytestmark = pytest.mark.torch

D, M, N = 3, 2, 4  # units, inputs, rows

LAYERED = {
    f"{name}-{layers}{''.join('-' + str(value) for value in extra.values())}": (
        getattr(nn, name),
        {"num_layers": layers, **extra},
    )
    for name, extra in [
        ("RNN", {"nonlinearity": "tanh"}),
        ("RNN", {"nonlinearity": "relu"}),
        ("GRU", {}),
        ("LSTM", {}),
        ("LSTM", {"proj_size": 2}),
    ]
    for layers in (1, 2, 3)
}
CELLS = {
    "RNNCell-tanh": (nn.RNNCell, {"nonlinearity": "tanh"}),
    "RNNCell-relu": (nn.RNNCell, {"nonlinearity": "relu"}),
    "GRUCell": (nn.GRUCell, {}),
    "LSTMCell": (nn.LSTMCell, {}),
}


def built(module, *sizes, gain=1.0, seed=0, **options):
    """Return a module with weights that depend on `seed` alone; the global seed is put back."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = module(*sizes, **options)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(gain)
    return model


def random_rows(d, m, n=N, seed=1):
    generator = torch.Generator().manual_seed(seed)
    options = {"generator": generator, "dtype": torch.float64}
    return torch.randn((n, d), **options), torch.randn((n, m), **options)


def called(model, x, u):
    """Return one step of a layered module or a cell in float64, for flat states [h, c] by layer."""
    model = copy.deepcopy(model).double()
    if isinstance(model, nn.RNNCellBase):
        if not isinstance(model, nn.LSTMCell):
            return model(u, x)
        return torch.cat(model(u, tuple(x.chunk(2, dim=1))), dim=1)
    gated = isinstance(model, nn.LSTM)
    h_size = model.proj_size or model.hidden_size
    sizes = [h_size, model.hidden_size] * model.num_layers if gated else [h_size] * model.num_layers
    parts = [part.contiguous() for part in x.split(sizes, dim=1)]
    h = (torch.stack(parts[::2]), torch.stack(parts[1::2])) if gated else torch.stack(parts)
    _, new = model(u[:, None, :] if model.batch_first else u[None, :, :], h)
    if not gated:
        return torch.cat(list(new), dim=1)
    return torch.cat([part for pair in zip(*new, strict=True) for part in pair], dim=1)


def differentiated(step, x, u, with_respect_to):
    """Return the Jacobian of a row-wise step, one row at a time, by torch's own `jacobian`."""
    rows = []
    for k in range(len(x)):
        at = (x[k : k + 1], u[k : k + 1])
        whole = torch.autograd.functional.jacobian(step, at)[with_respect_to]
        rows.append(whole[0, :, 0, :])
    return torch.stack(rows)


def assert_same_step_and_jacobians(system, step, x, u, atol=1e-12):
    close = {"rtol": 0, "atol": atol}
    torch.testing.assert_close(system.step(x, u), step(x, u).detach(), **close)
    torch.testing.assert_close(system.jacobian(x, u), differentiated(step, x, u, 0), **close)
    torch.testing.assert_close(system.input_jacobian(x, u), differentiated(step, x, u, 1), **close)


# -- standard modules -----------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("batch_first", [True, False], ids=["batch-first", "time-first"])
@pytest.mark.parametrize("name", LAYERED)
def test_layered_modules_are_read_exactly(name, batch_first, bias, dtype):
    module, options = LAYERED[name]
    model = built(
        module, M, D, gain=1.5, batch_first=batch_first, bias=bias, dtype=dtype, **options
    )
    system = sp.as_system(model)
    x, u = random_rows(system.state_size, M)
    assert_same_step_and_jacobians(system, lambda x, u: called(model, x, u), x, u)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no-bias"])
@pytest.mark.parametrize("name", CELLS)
def test_cells_are_read_exactly(name, bias, dtype):
    module, options = CELLS[name]
    model = built(module, M, D, gain=1.5, bias=bias, dtype=dtype, **options)
    system = sp.as_system(model)
    x, u = random_rows(system.state_size, M)
    assert_same_step_and_jacobians(system, lambda x, u: called(model, x, u), x, u)


@pytest.mark.parametrize("name", ["RNN-2-tanh", "GRU-2", "LSTM-2", "LSTM-2-2"])
def test_products_with_vectors_agree_with_the_jacobian(name):
    module, options = LAYERED[name]
    system = sp.as_system(built(module, M, D, gain=1.5, **options))
    x, u = random_rows(system.state_size, M)
    v, _ = random_rows(system.state_size, M, seed=2)
    jacobian = system.jacobian(x, u)
    close = {"rtol": 0, "atol": 1e-12}
    torch.testing.assert_close(
        system.jvp(x, u, v), torch.einsum("nij,nj->ni", jacobian, v), **close
    )
    torch.testing.assert_close(
        system.vjp(x, u, v), torch.einsum("nij,ni->nj", jacobian, v), **close
    )


def test_the_parts_of_an_lstm_are_named_layer_by_layer():
    one = sp.as_system(built(nn.LSTM, M, D, proj_size=2))
    assert {name: list(one.state_regions[name]) for name in one.state_regions} == {
        "h": [0, 1],
        "c": [2, 3, 4],
    }
    two = sp.as_system(built(nn.LSTM, M, D, num_layers=2))
    assert list(two.state_regions["layer1.c"]) == [9, 10, 11]


def test_a_simulation_is_the_modules_own_forward_pass():
    model = built(nn.GRU, M, D, batch_first=True, dtype=torch.float64)
    inputs = torch.randn((N, 7, M), generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    states = sp.as_system(model).simulate(torch.zeros((N, D), dtype=torch.float64), inputs)
    torch.testing.assert_close(states, model(inputs)[0].detach(), rtol=0, atol=1e-12)


def test_tensors_in_give_tensors_out_and_arrays_give_arrays():
    system = sp.as_system(built(nn.RNN, M, D))
    x, u = random_rows(D, M)
    assert isinstance(system.step(x, u), torch.Tensor)
    assert isinstance(system.step(x.numpy(), u.numpy()), np.ndarray)
    np.testing.assert_array_equal(system.step(x.numpy(), u.numpy()), system.step(x, u).numpy())


# -- modules that are called -----------------------------------------------------------------------


class BatchFirst(nn.Module):
    """3-D, batch first: input (n, t, m), h (1, n, d)."""

    def __init__(self, dropout=0.0):
        super().__init__()
        self.input_size, self.hidden_size = M, D
        self.rnn = nn.GRU(M, D, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.readout = nn.Linear(D, 2)

    def forward(self, inputs, h):
        states, h = self.rnn(self.dropout(inputs), h)
        return self.readout(states), h


class TimeFirst(nn.Module):
    """3-D, time first: input (t, n, m), h (1, n, d)."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(M, D)

    def forward(self, inputs, h):
        return self.rnn(inputs, h)


class TimeLoop(nn.Module):
    """3-D, time first, with a loop of its own that checks no shape."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRUCell(M, D)

    def forward(self, inputs, h):
        h = h[0]
        for u in inputs:
            h = self.rnn(u.expand(len(h), -1), h)
        return h, h[None]


class OneStep(nn.Module):
    """2-D: input (n, m), h (n, d)."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRUCell(M, D)

    def forward(self, inputs, h):
        h = self.rnn(inputs, h)
        return torch.sin(h), h


class Parametrized(nn.Module):
    """A leaky network written by hand, without a layer of torch."""

    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(2 * torch.randn(D, D))
        self.B = nn.Parameter(torch.randn(D, M))
        self.register_buffer("leak", torch.tensor(0.25))

    def forward(self, inputs, h):
        drive = torch.tanh(h @ self.W.T + inputs @ self.B.T)
        h = h + self.leak * (drive - h)
        return h, h


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("module", [BatchFirst, TimeFirst, TimeLoop, OneStep])
def test_a_called_module_is_the_gru_that_it_holds(module, dtype):
    model = built(module, gain=1.5).to(dtype)
    system = sp.as_system(model, state_size=D, input_size=M)
    x, u = random_rows(D, M)
    rnn = model.rnn
    assert_same_step_and_jacobians(system, lambda x, u: called(rnn, x, u), x, u)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_a_module_written_by_hand_works_for_any_number_of_rows(n):
    model = built(Parametrized)
    system = sp.as_system(model, state_size=D, input_size=M)
    own = copy.deepcopy(model).double()
    x, u = random_rows(D, M, n=n)
    assert_same_step_and_jacobians(system, lambda x, u: own(u, x)[1], x, u)


def test_sizes_are_read_from_the_module_where_it_has_them():
    system = sp.as_system(built(BatchFirst))
    assert (system.state_size, system.input_size) == (D, M)


def test_a_called_module_without_inputs():
    class Autonomous(nn.Module):
        def __init__(self):
            super().__init__()
            self.W = nn.Parameter(2 * torch.eye(2, dtype=torch.float64))

        def forward(self, _, h):
            h = torch.tanh(h @ self.W.T)
            return h, h

    system = sp.as_system(Autonomous(), state_size=2, input_size=0)
    points = sp.find_fixed_points(system, np.random.default_rng(0).normal(size=(100, 2)))
    assert len(points) == 9
    assert np.allclose(np.abs(points.xstar[points.is_stable]), 0.957504, atol=1e-6)


def test_a_called_module_that_ignores_its_inputs():
    class Deaf(nn.Module):
        def __init__(self):
            super().__init__()
            self.W = nn.Parameter(torch.eye(D, dtype=torch.float64))

        def forward(self, _, h):
            h = torch.tanh(h @ self.W.T)
            return h, h

    system = sp.as_system(Deaf(), **SIZES)
    x, u = random_rows(D, M)
    assert system.input_jacobian(x, u).shape == (N, D, M)
    assert not system.input_jacobian(x, u).any()


def test_a_subclass_of_a_standard_module_keeps_its_own_forward():
    class Half(nn.RNN):
        def forward(self, inputs, h):
            output, h = super().forward(inputs, h)
            return output, h / 2

    model = built(Half, M, D, batch_first=True, dtype=torch.float64)
    x, u = random_rows(D, M)
    halved = sp.as_system(model).step(x, u)
    torch.testing.assert_close(halved, called(model, x, u).detach(), rtol=0, atol=1e-12)


# -- functions -------------------------------------------------------------------------------------

W = np.array([[0.3, -1.2, 0.4], [1.1, 0.2, -0.7], [-0.5, 0.9, 1.3]])
B = np.array([[1.0, 0.2], [-0.3, 0.8], [0.5, -0.6]])


def numpy_step(x, u):
    return np.tanh(x @ W.T + u @ B.T)


def numpy_jacobian(x, u):
    return (1 - numpy_step(x, u) ** 2)[:, :, None] * W


def numpy_input_jacobian(x, u):
    return (1 - numpy_step(x, u) ** 2)[:, :, None] * B


def torch_step(x, u):
    return torch.tanh(x @ torch.as_tensor(W).T + u @ torch.as_tensor(B).T)


def torch_jacobian(x, u):
    return (1 - torch_step(x, u) ** 2)[:, :, None] * torch.as_tensor(W)


def torch_input_jacobian(x, u):
    return (1 - torch_step(x, u) ** 2)[:, :, None] * torch.as_tensor(B)


FUNCTIONS = {
    "torch": (torch_step, None, None, 1e-12),
    "torch-jacobian": (torch_step, torch_jacobian, torch_input_jacobian, 1e-12),
    "numpy": (numpy_step, None, None, 1e-10),
    "numpy-jacobian": (numpy_step, numpy_jacobian, numpy_input_jacobian, 1e-12),
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_and_their_derivatives(name):
    step, jacobian, input_jacobian, atol = FUNCTIONS[name]
    system = sp.as_system(
        step, state_size=D, input_size=M, jacobian=jacobian, input_jacobian=input_jacobian
    )
    x, u = (tensor.numpy() for tensor in random_rows(D, M))
    v, w = random_rows(D, D, seed=4)
    close = {"rtol": 0, "atol": atol}
    np.testing.assert_allclose(system.step(x, u), numpy_step(x, u), rtol=0, atol=1e-14)
    np.testing.assert_allclose(system.jacobian(x, u), numpy_jacobian(x, u), **close)
    np.testing.assert_allclose(system.input_jacobian(x, u), numpy_input_jacobian(x, u), **close)
    pushed = np.einsum("nij,nj->ni", numpy_jacobian(x, u), v)
    pulled = np.einsum("nij,ni->nj", numpy_jacobian(x, u), w)
    np.testing.assert_allclose(system.jvp(x, u, v.numpy()), pushed, **close)
    np.testing.assert_allclose(system.vjp(x, u, w.numpy()), pulled, **close)


def test_a_jacobian_that_is_given_is_the_one_that_is_used():
    called = []

    def jacobian(x, u):
        called.append(len(x))
        return torch_jacobian(x, u)

    system = sp.as_system(torch_step, state_size=D, input_size=M, jacobian=jacobian)
    called.clear()
    system.jacobian(*random_rows(D, M))
    assert called == [N]


@pytest.mark.parametrize("framework", ["torch", "numpy"])
def test_functions_of_the_state_alone(framework):
    tanh = {"torch": torch.tanh, "numpy": np.tanh}[framework]
    for step in (lambda x: tanh(2 * x), lambda x, _: tanh(2 * x)):
        system = sp.as_system(step, state_size=1, framework=framework)
        points = sp.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None])
        assert np.allclose(points.xstar[:, 0], [-0.957504, 0.957504, 0], atol=1e-6)


def test_a_function_may_write_into_what_it_is_given():
    def step(x, u):
        x += u
        return x.tanh_()

    system = sp.as_system(step, state_size=2, input_size=2)
    x, u = random_rows(2, 2)
    kept = x.clone()
    expected = torch.diag_embed(1 - torch.tanh(x + u) ** 2)
    torch.testing.assert_close(system.jacobian(x, u), expected, rtol=0, atol=1e-12)
    torch.testing.assert_close(system.step(x, u), torch.tanh(kept + u), rtol=0, atol=1e-12)
    assert torch.equal(x, kept)


def test_a_function_that_works_in_float32_only_says_so():
    with pytest.warns(StillpointWarning, match="float32"):
        system = sp.as_system(
            lambda x: torch.tanh(2 * x.float()), state_size=1, framework="torch", lefschetz=1
        )
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 11)[:, None])
    assert np.allclose(np.sort(points.xstar[:, 0]), [-0.957504, 0, 0.957504], atol=1e-5)
    assert points.provenance["tol"] == 1e-12


def test_a_function_that_ignores_its_inputs_or_its_state():
    fixed = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    system = sp.as_system(
        lambda x, _: fixed.repeat(len(x), 1), state_size=2, input_size=3, framework="torch"
    )
    x, u = random_rows(2, 3)
    assert system.jacobian(x, u).shape == (N, 2, 2)
    assert not system.jacobian(x, u).any()
    assert not system.input_jacobian(x, u).any()
    assert not system.jvp(x, u, x).any()
    assert not system.vjp(x, u, x).any()


# -- derivatives by torch --------------------------------------------------------------------------


class Cube(torch.autograd.Function):
    """x^3 computed in NumPy, forwards and backwards: it cannot be batched."""

    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.from_numpy(x.detach().numpy() ** 3)

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx, gradient):
        (x,) = ctx.saved_tensors
        return torch.from_numpy(3 * x.detach().numpy() ** 2 * gradient.numpy())


A = torch.tensor([[1.0, 2.0, 0.0], [0.0, -1.0, 0.5]], dtype=torch.float64)

ROW_FUNCTIONS = {
    "smooth": (lambda x: torch.sin(x @ A.T), lambda x: torch.cos(x @ A.T)[:, :, None] * A),
    "unbatched": (lambda x: Cube.apply(x) @ A.T, lambda x: 3 * x[:, None, :] ** 2 * A),
    "linear": (lambda x: x @ A.T, lambda x: A.expand(len(x), 2, 3)),
    "constant": (lambda x: A[:, 0].expand(len(x), 2), lambda x: torch.zeros(len(x), 2, 3).double()),
}


def in_mode(mode):
    return {
        "grad": torch.enable_grad,
        "no_grad": torch.no_grad,
        "inference_mode": torch.inference_mode,
    }[mode]()


MODES = ["grad", "no_grad", "inference_mode"]


def test_the_unbatched_operation_has_no_batching_rule():
    x = torch.ones((2, 3), dtype=torch.float64, requires_grad=True)
    basis = torch.ones((2, 2, 3), dtype=torch.float64)
    with pytest.raises(RuntimeError):
        torch.autograd.grad(Cube.apply(x), x, basis, is_grads_batched=True)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ROW_FUNCTIONS)
def test_differentiate(name, mode):
    function, jacobian = ROW_FUNCTIONS[name]
    x, _ = random_rows(3, 1)
    with in_mode(mode):
        got = autograd.differentiate(function, x.clone())
    assert not got.requires_grad
    torch.testing.assert_close(got, jacobian(x), rtol=0, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ROW_FUNCTIONS)
def test_push_forward(name, mode):
    function, jacobian = ROW_FUNCTIONS[name]
    x, _ = random_rows(3, 1)
    v, _ = random_rows(3, 1, seed=5)
    with in_mode(mode):
        got = autograd.linearise(function, x.clone())(v.clone())
    assert not got.requires_grad
    expected = torch.einsum("nij,nj->ni", jacobian(x), v)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("name", ROW_FUNCTIONS)
def test_pull_back(name, mode):
    function, jacobian = ROW_FUNCTIONS[name]
    x, _ = random_rows(3, 1)
    w, _ = random_rows(2, 1, seed=5)
    with in_mode(mode):
        got = autograd.pull_back(function, x.clone(), w.clone())
    assert not got.requires_grad
    expected = torch.einsum("nij,ni->nj", jacobian(x), w)
    torch.testing.assert_close(got, expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("build", [BatchFirst, Parametrized, lambda: nn.GRU(M, D)])
def test_the_callers_gradient_mode_changes_nothing(build, mode):
    model = built(build, gain=2.0)
    starts, _ = random_rows(D, M, n=64)

    def search():
        system = sp.as_system(model, state_size=D, input_size=M)
        return sp.find_fixed_points(system, starts, np.zeros(M)).xstar

    expected = search()
    with in_mode(mode):
        got = search()
        assert torch.is_grad_enabled() == (mode == "grad")
    np.testing.assert_array_equal(got, expected)


def test_a_function_without_batching_rule_is_searched():
    system = sp.as_system(lambda x: Cube.apply(x) + 0.75 * x, state_size=1, framework="torch")
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 31)[:, None])
    assert np.allclose(np.sort(points.xstar[:, 0]), [-0.5, 0, 0.5], atol=1e-12)


# -- refusals --------------------------------------------------------------------------------------


class MixesRows(nn.Module):
    """Subtracts the mean over the batch, as batch normalisation does while it trains."""

    def forward(self, inputs, h):
        h = torch.tanh(2 * (h - h.mean(dim=0, keepdim=True)) + inputs.sum(dim=1, keepdim=True))
        return h, h


class NormalisesBatches(nn.Module):
    """Batch normalisation that has no running statistics, so evaluation mode mixes rows too."""

    def __init__(self):
        super().__init__()
        self.norm = nn.BatchNorm1d(D, track_running_stats=False)

    def forward(self, inputs, h):
        h = torch.tanh(self.norm(h) + inputs.sum(dim=1, keepdim=True))
        return h, h


class Unitary(nn.Module):
    """A recurrent module with complex weights."""

    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.full((D, D), 0.2 + 0.3j, dtype=torch.complex128))

    def forward(self, inputs, h):
        h = torch.tanh((h.to(self.W.dtype) @ self.W).abs() + inputs.sum(dim=1, keepdim=True))
        return h, h


SIZES = {"state_size": D, "input_size": M}
REFUSED = {
    "bidirectional-rnn": (lambda: nn.RNN(M, D, bidirectional=True), {}, ["bidirectional", "RNN"]),
    "bidirectional-gru": (lambda: nn.GRU(M, D, bidirectional=True), {}, ["bidirectional", "GRU"]),
    "bidirectional-lstm": (lambda: nn.LSTM(M, D, bidirectional=True), SIZES, ["bidirectional"]),
    "convolution": (lambda: nn.Conv1d(M, D, 1), SIZES, ["Conv1d", "3 states", "2 inputs", "step"]),
    "linear": (lambda: nn.Linear(D, D), SIZES, ["Linear", "step(x, u)"]),
    "meta": (lambda: nn.GRU(M, D, device="meta"), {}, ["GRU", "meta", "load"]),
    "meta-called": (lambda: TimeFirst().to("meta"), SIZES, ["TimeFirst", "meta"]),
    "mixed-rows": (MixesRows, SIZES, ["MixesRows", "depends on the other rows"]),
    "batch-norm": (NormalisesBatches, SIZES, ["NormalisesBatches"]),
    "wrong-sizes": (TimeFirst, {"state_size": D + 1, "input_size": M}, ["TimeFirst", "4 states"]),
}


@pytest.mark.parametrize("name", REFUSED)
def test_modules_that_are_not_a_recurrent_step_are_refused(name):
    build, sizes, words = REFUSED[name]
    model = build()
    with pytest.raises(UnsupportedModelError) as caught:
        sp.as_system(model, **sizes)
    for word in ["model", *words]:
        assert word in str(caught.value)


def test_a_convolution_without_sizes_is_refused():
    with pytest.raises((UnsupportedModelError, ArgumentError), match="Conv1d"):
        sp.as_system(nn.Conv1d(M, D, 1))


@pytest.mark.parametrize("missing", ["state_size", "input_size"])
def test_a_module_that_does_not_tell_its_sizes_asks_for_them(missing):
    sizes = {name: size for name, size in SIZES.items() if name != missing}
    with pytest.raises(ArgumentError, match=rf"{missing}: got None.*TimeFirst.*{missing}=\.\.\."):
        sp.as_system(TimeFirst(), **sizes)


def test_sizes_may_be_of_any_integer_type():
    model = built(TimeFirst)
    dynamics, _ = adapter("torch").read_model(model, ModelSpec(np.int64(D), np.uint8(M)))
    assert (type(dynamics.state_size), dynamics.state_size) == (int, D)
    model.hidden_size, model.input_size = np.int32(D), np.int32(M)
    assert sp.as_system(model).state_size == D


@pytest.mark.parametrize("name", ["state_size", "input_size"])
def test_sizes_that_contradict_the_module_are_refused(name):
    with pytest.raises(ArgumentError, match=rf"{name}: got 9"):
        sp.as_system(nn.GRU(M, D), **{name: 9})


def test_complex_weights_of_a_standard_module_are_refused():
    model = nn.RNN(M, D)
    model.weight_hh_l0 = nn.Parameter(model.weight_hh_l0.detach().to(torch.complex64))
    with pytest.raises(UnsupportedModelError, match=r"weight_hh_l0.*complex"):
        sp.as_system(model)


def test_complex_weights_of_a_called_module_are_kept():
    module = Unitary()
    system = sp.as_system(module, **SIZES)
    x, u = np.random.default_rng(0).standard_normal((2, D)), np.ones((2, M))
    wanted = np.tanh(np.abs(x @ module.W.detach().numpy()) + M)
    np.testing.assert_allclose(system.step(x, u), wanted, atol=1e-14)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
@pytest.mark.parametrize("module", [nn.RNN, nn.GRU, nn.LSTM])
def test_weights_that_are_not_finite_are_refused(module, bad):
    model = module(M, D)
    with torch.no_grad():
        model.weight_hh_l0[0, 0] = bad
    with pytest.raises(
        ArgumentError, match=r"model: weight_hh_l0 of [RGL]\w+ holds NaN or infinite"
    ):
        sp.as_system(model)


def test_weights_of_a_called_module_that_are_not_finite_are_refused():
    model = built(Parametrized)
    with torch.no_grad():
        model.W[0, 0] = float("nan")
    with pytest.raises((ArgumentError, UnsupportedModelError), match=r"NaN|not finite"):
        sp.as_system(model, **SIZES)


def test_options_of_functions_are_refused_for_modules():
    with pytest.raises(ArgumentError, match=r"jacobian.*GRU tells this itself"):
        sp.as_system(nn.GRU(M, D), jacobian=torch_jacobian)


def test_a_packed_sequence_is_no_trajectory():
    packed = nn.utils.rnn.pack_padded_sequence(torch.zeros(2, 5, D), [5, 3], batch_first=True)
    with pytest.raises(ArgumentError, match=r"trajectories.*PackedSequence.*pad_packed_sequence"):
        sp.sample_states(packed, 3)


def test_a_packed_sequence_is_no_start():
    packed = nn.utils.rnn.pack_padded_sequence(torch.zeros(2, 5, D), [5, 3], batch_first=True)
    with pytest.raises(ArgumentError, match=r"states.*PackedSequence.*pad_packed_sequence"):
        sp.find_fixed_points(sp.as_system(nn.GRU(M, D)), packed)


def test_padded_trajectories_of_a_module_can_be_sampled():
    inputs = torch.zeros(2, 5, M)
    states = built(nn.GRU, M, D, batch_first=True)(inputs)[0]  # carries a graph
    assert sp.sample_states(states, 3).shape == (3, D)


# -- what happens to the user's module -------------------------------------------------------------


def snapshot(model):
    """Return everything about a module that a search could change, tensors as bytes."""

    def seen(tensor):
        if tensor is None:
            return None
        return (
            tensor.detach().numpy().tobytes(),
            tensor.dtype,
            tensor.device,
            tensor.requires_grad,
            tensor.data_ptr(),
            tensor._version,
            id(tensor.grad_fn),
        )

    tensors = {
        name: (id(tensor), seen(tensor), id(tensor.grad), seen(tensor.grad))
        for name, tensor in [*model.named_parameters(), *model.named_buffers()]
    }
    hooks = {
        (name, kind): [(key, id(hook)) for key, hook in getattr(module, kind).items()]
        for name, module in model.named_modules()
        for kind in vars(module)
        if "hooks" in kind and isinstance(getattr(module, kind), OrderedDict | dict)
    }
    modes = {name: module.training for name, module in model.named_modules()}
    attributes = {name: sorted(vars(module)) for name, module in model.named_modules()}
    return tensors, hooks, modes, attributes


class Normalised(nn.Module):
    """A module with everything that evaluation mode switches off, and running statistics."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRUCell(M, D)
        self.norm = nn.BatchNorm1d(M)
        self.dropout = nn.Dropout(0.5)

    def forward(self, inputs, h):
        h = self.rnn(self.dropout(self.norm(inputs)), h)
        return h, h


@pytest.mark.parametrize("training", [True, False], ids=["training", "evaluating"])
@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.RNN(M, D),
        lambda: nn.GRU(M, D, num_layers=2, dropout=0.5),
        lambda: nn.LSTM(M, D, proj_size=2),
        lambda: nn.GRUCell(M, D),
        BatchFirst,
        Parametrized,
        Normalised,
    ],
    ids=["RNN", "GRU", "LSTM", "GRUCell", "BatchFirst", "Parametrized", "Normalised"],
)
def test_a_search_leaves_the_module_bit_for_bit_as_it_was(build, training):
    model = built(build)
    model.train(training)
    parameters = list(model.parameters())
    sum((parameter**2).sum() for parameter in parameters).backward()  # gradients that must stay
    parameters[0].requires_grad_(False)
    model.register_forward_hook(lambda *_: None)
    model.register_full_backward_hook(lambda *_: None)
    before = snapshot(model)
    sizes = {} if isinstance(model, nn.RNNBase | nn.RNNCellBase) else SIZES
    system = sp.as_system(model, **sizes)
    starts, _ = random_rows(system.state_size, M, n=16)
    points = sp.find_fixed_points(system, starts, np.zeros(M))
    sp.linearize(system, points)
    system.jvp(starts, np.zeros(M), starts)
    assert len(points)
    assert snapshot(model) == before


def test_changing_the_module_afterwards_does_not_change_the_system():
    for model in (built(nn.GRU, M, D, dtype=torch.float64), built(Parametrized).double()):
        system = sp.as_system(model, **SIZES)
        x, u = random_rows(D, M)
        before = system.step(x, u)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.zero_()
        torch.testing.assert_close(system.step(x, u), before, rtol=0, atol=0)


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.RNN(M, D, num_layers=2, dropout=0.9),
        lambda: nn.GRU(M, D, num_layers=2, dropout=0.9),
        lambda: nn.LSTM(M, D, num_layers=3, dropout=0.9),
        lambda: BatchFirst(dropout=0.9),
        Normalised,
    ],
    ids=["RNN", "GRU", "LSTM", "called", "batch-norm"],
)
def test_a_module_in_training_mode_is_analysed_as_in_evaluation_mode(build):
    model = built(build)
    sizes = {} if isinstance(model, nn.RNNBase) else SIZES
    evaluated = sp.as_system(copy.deepcopy(model).eval(), **sizes)
    system = sp.as_system(model.train(), **sizes)
    assert all(module.training for module in model.modules())
    x, u = random_rows(system.state_size, M)
    for method in ("step", "jacobian", "input_jacobian"):
        once, again = getattr(system, method)(x, u), getattr(system, method)(x, u)
        assert torch.equal(once, again)
        assert torch.equal(once, getattr(evaluated, method)(x, u))


def multistable(build):
    """Return a module of three nearly independent units with three equilibria each."""
    model = built(build, seed=3)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            parameter.mul_(0.05)  # float32 numbers that no float64 rounding would give
            if "weight_hh" in name:
                d = parameter.shape[1]
                gain = {1: 2.0, 3: 3.0, 4: 6.0}[parameter.shape[0] // d]
                parameter[2 * d * (parameter.shape[0] > d) :][:d] += gain * torch.eye(d)
    return model


@pytest.mark.parametrize(
    "build",
    [
        lambda: nn.RNN(M, D),
        lambda: nn.GRU(M, D),
        lambda: nn.LSTM(M, D),
        lambda: nn.GRUCell(M, D),
        lambda: nn.LSTMCell(M, D),
        BatchFirst,
        OneStep,
    ],
    ids=["RNN", "GRU", "LSTM", "GRUCell", "LSTMCell", "BatchFirst", "OneStep"],
)
def test_a_float32_model_has_the_same_points_as_its_float64_cast(build):
    single = multistable(build)
    double = copy.deepcopy(single).double()
    sizes = {} if isinstance(single, nn.RNNBase | nn.RNNCellBase) else SIZES
    systems = [sp.as_system(model, **sizes) for model in (single, double)]
    starts = np.random.default_rng(0).uniform(-1, 1, size=(2000, systems[0].state_size))
    found = [sp.find_fixed_points(system, starts, np.zeros(M)) for system in systems]
    np.testing.assert_array_equal(found[0].xstar, found[1].xstar)
    np.testing.assert_array_equal(found[0].jacobian, found[1].jacobian)
    assert len(found[0]) == 27
    assert found[0].q.max() <= 1e-24


@pytest.mark.parametrize("gain", [1.0, 1.5, 3.0])
@pytest.mark.parametrize("module", [BatchFirst, OneStep])
def test_a_called_module_has_the_points_of_the_gru_that_it_holds(module, gain):
    """A GRU far outside its cube moves by less than rounding; nothing there is a fixed point."""
    model = built(module, gain=gain)
    starts = np.random.default_rng(0).normal(size=(200, D))
    expected = sp.find_fixed_points(sp.as_system(model.rnn), starts, np.zeros(M))
    points = sp.find_fixed_points(sp.as_system(model, **SIZES), starts, np.zeros(M))
    assert np.abs(points.xstar).max() < 1
    np.testing.assert_allclose(points.xstar, expected.xstar, rtol=0, atol=1e-10)
    assert not points.on_continuum.any()


def test_starts_in_float32_are_not_changed():
    starts = random_rows(D, M, n=32)[0].float().requires_grad_(True)
    kept = starts.detach().clone()
    points = sp.find_fixed_points(sp.as_system(built(nn.GRU, M, D)), starts, np.zeros(M))
    assert torch.equal(starts, kept)
    assert starts.grad is None
    assert np.array_equal(points.starts.states, kept.double().numpy())


def test_nothing_is_said_that_is_not_needed():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        system = sp.as_system(built(BatchFirst), **SIZES)
        sp.find_fixed_points(system, random_rows(D, M)[0], np.zeros(M))


@pytest.mark.parametrize("kind", [nn.RNN, nn.GRU, nn.LSTM])
def test_stacked_layers_are_searched_in_their_equilibrium_form(kind):
    """Its zeros are those of the step, its Jacobian that of its residual, and it has the index."""
    torch.manual_seed(3)
    module = kind(2, 5, num_layers=2, batch_first=True).double()
    with torch.no_grad():
        for name, weight in module.named_parameters():
            weight *= 3 if name.startswith("weight_hh") else 1
    on_host = sp.as_system(module).dynamics
    layers = [layer.with_weights(torch.as_tensor) for layer in on_host.layers]
    cell = sp.cells.StackedCell(layers)
    states = np.random.default_rng(0).normal(size=(200, cell.state_size))
    points = sp.find_fixed_points(sp.as_system(module), states, np.zeros(2))
    assert len(points) >= 1
    x, u = torch.as_tensor(points.xstar), torch.zeros(len(points), 2, dtype=torch.float64)
    problem = cell.equilibrium_problem()
    y = problem.coordinates(x, u)
    assert y.shape == (len(points), 10)
    torch.testing.assert_close(problem.state(y, u), x, rtol=0, atol=1e-12)
    assert problem.residual(y, u).abs().max() < 1e-12
    away = y + 0.3
    by_torch = autograd.differentiate(lambda z: problem.residual(z, u), away)
    torch.testing.assert_close(problem.jacobian(away, u), by_torch, rtol=0, atol=1e-12)
    sign = torch.linalg.slogdet(-problem.jacobian(y, u)).sign
    np.testing.assert_array_equal(sign.numpy(), points.index)


def test_saturated_gates_of_stacks_and_black_boxes_make_no_points():
    """Strong recurrent weights close gates far out, where the step moves nothing to rounding."""
    torch.manual_seed(1)
    stack = nn.GRU(2, 12, num_layers=2, batch_first=True).double()
    cell = nn.GRUCell(2, 12).double()
    with torch.no_grad():
        for module in (stack, cell):
            for name, weight in module.named_parameters():
                weight *= 5 if name.startswith("weight_hh") else 1
    black_box = sp.as_system(lambda x, u: cell(u, x), 12, 2, framework="torch")
    for system in (sp.as_system(stack), black_box):
        starts = np.random.default_rng(0).normal(size=(128, system.state_size))
        points = sp.find_fixed_points(system, starts, np.zeros(2))
        assert len(points) >= 1
        assert np.abs(points.xstar).max() <= 1
        assert not points.on_continuum.any()


def test_the_table_tells_of_starts_that_failed():
    system = sp.as_system(lambda x: x + np.tanh(x) * (1 + (x > 2) * x), state_size=1)
    points = sp.find_fixed_points(system, np.array([[0.5], [40.0]]), max_steps=4, rounds=0)
    assert len(points) == 1
    assert "of 2 starts 1 used up its steps" in repr(points)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
@pytest.mark.parametrize("module", [nn.GRU(M, D), BatchFirst()], ids=["standard", "called"])
def test_half_precision_is_refused(module, dtype):
    with pytest.raises(UnsupportedModelError, match=r"float16, whose numbers are too coarse"):
        sp.as_system(copy.deepcopy(module).to(dtype), D, M)


def test_cells_on_a_cpu_are_read_into_numpy_and_answer_in_torch():
    """Torch's small linear algebra is slower; what the caller sees is the caller's library."""
    system = sp.as_system(nn.GRU(2, 5, num_layers=2, batch_first=True))
    assert all(type(layer.W) is np.ndarray for layer in system.dynamics.layers)
    x = torch.zeros(3, system.state_size, dtype=torch.float64)
    assert isinstance(system.jacobian(x, torch.zeros(2)), torch.Tensor)
    assert type(system.jacobian(x.numpy(), np.zeros(2))) is np.ndarray
