"""Scripts written for RNNToolkit's names: they run, and what they get is the network's own."""

from __future__ import annotations

import math
import pickle
import warnings

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.torch

import stillpoint as sp  # noqa: E402
from stillpoint import ArgumentError  # noqa: E402
from stillpoint.compat.rnntoolkit import (  # noqa: E402
    FixedPointCollection,
    FixedPointFinder,
    FixedPointFinderBase,
    FlowField,
    FlowFieldFinder,
    FlowFieldFinderBase,
    Linearization,
    angle_between,
    line_attractor_score,
    orthogonalize,
    projection,
    unit_vector,
)

MODULES = {"rnn": torch.nn.RNN, "gru": torch.nn.GRU, "lstm": torch.nn.LSTM}
each = pytest.mark.parametrize("kind", list(MODULES))


def network(kind="rnn", m=2, d=4, gain=1.0, double=False, **options):
    torch.manual_seed(3)
    rnn = MODULES[kind](m, d, batch_first=True, **options)
    with torch.no_grad():
        for weights in rnn.parameters():
            weights *= gain
    return rnn.double() if double else rnn


def state_size(rnn):
    return rnn.hidden_size * (2 if isinstance(rnn, torch.nn.LSTM) else 1)


def step(rnn, x, u):
    """One step of a torch module on rows, its own way."""
    h = x[None]
    if isinstance(rnn, torch.nn.LSTM):
        h = tuple(part.contiguous() for part in h.chunk(2, dim=-1))
    after = rnn(u[:, None, :], h)[1]
    return torch.cat(after, dim=-1)[0] if isinstance(after, tuple) else after[0]


def rows(n, size, dtype=torch.float32, seed=0):
    return torch.randn(n, size, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def plane_of(states):
    """Mean and two principal axes, by NumPy's own decomposition."""
    x = np.asarray(states, dtype=np.float64)
    return x.mean(axis=0), np.linalg.svd(x - x.mean(axis=0))[2][:2]


# -- fixed points ----------------------------------------------------------------------------------


@each
def test_what_is_found_stands_still(kind):
    rnn = network(kind, gain=3.0)
    d = state_size(rnn)
    finder = FixedPointFinder(rnn, verbose=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        unique, ends = finder.find_fixed_points(rows(40, d), torch.tensor([0.3, -0.2]))
    assert isinstance(unique, FixedPointCollection)
    assert unique.n >= 1
    assert ends.n == 40
    assert unique.xstar.dtype == torch.float32
    with torch.no_grad():
        moved = step(rnn, unique.xstar, unique.inputs) - unique.xstar
    assert moved.abs().max() < 1e-5
    assert torch.equal(ends.x_init, rows(40, d))
    assert (unique.inputs == torch.tensor([0.3, -0.2])).all()
    assert all(weights.requires_grad for weights in rnn.parameters())


def test_states_of_an_lstm_may_come_as_a_pair():
    rnn = network("lstm")
    h, c = rows(6, 4), rows(6, 4, seed=1)
    finder = FixedPointFinder(rnn, verbose=False)
    pair, flat = (
        finder.find_fixed_points(x, torch.zeros(2))[1].xstar
        for x in ((h, c), torch.cat([h, c], dim=1))
    )
    assert torch.equal(pair, flat)
    drawn = finder.sample_states((h[None], c[None]), 5)
    assert drawn.shape == (5, 8)
    assert all(any(torch.equal(x, y) for y in torch.cat([h, c], dim=1)) for x in drawn)
    A, _ = Linearization(rnn).jacobian(torch.zeros(2), (h[0], c[0]))
    assert A.shape == (8, 8)


def test_settings_by_position_by_name_and_afterwards():
    rnn = network()
    finder = FixedPointFinder(rnn, 1e-3, 7, verbose=False)
    assert (finder.lr_init, finder.lr_patience, finder.batch_first) == (1e-3, 7, True)
    assert finder.device == torch.device("cpu")
    finder.dtype = "float64"
    assert finder.torch_dtype == torch.float64
    assert finder.find_fixed_points(rows(3, 4), torch.zeros(2))[0].xstar.dtype == torch.float64
    assert isinstance(finder, FixedPointFinderBase)


def test_states_of_zeros_are_left_out_where_that_is_asked_for():
    finder = FixedPointFinder(network(d=2), verbose=False)
    states = torch.tensor([[0.0, 0.0], [1.0, -1.0], [0.0, 2.0]])
    drawn = finder.sample_states(states, 40, exclude_zero_tensors=True)
    assert drawn.shape == (40, 2)
    assert (drawn != 0).any(dim=1).all()
    assert {tuple(row) for row in drawn.tolist()} == {(1.0, -1.0), (0.0, 2.0)}
    with pytest.raises(ArgumentError, match="every state is zero"):
        finder.sample_states(torch.zeros(3, 2), 1, exclude_zero_tensors=True)


def test_outliers_in_q_and_in_distance():
    points = FixedPointCollection(torch.tensor([[0.0], [10.0]]), qstar=torch.tensor([0.1, 1.0]))
    kind = FixedPointFinder
    assert kind.identify_q_outliers(points, q_thresh=0.5).tolist() == [1]
    assert kind.identify_q_non_outliers(points, q_thresh=0.5).tolist() == [0]
    starts = torch.tensor([[0.0], [1.0], [10.0]])
    assert kind.get_init_non_distance_outliers(starts, dist_thresh=1.0).tolist() == [0, 1]
    assert kind.get_fp_non_distance_outliers(points, starts, 1.0).tolist() == [0]
    finder = kind(network(d=1), outlier_distance_scale=1.0, verbose=False)
    assert finder._exclude_distance_outliers(points, starts).xstar.tolist() == [[0.0]]
    assert finder._broadcast_nxd(torch.tensor([1.0, 2.0]), tile_n=3).tolist() == [[1.0, 2.0]] * 3
    assert finder._broadcast_nxd(torch.zeros(2, 3, 4)).shape == (6, 4)
    for wrong in (FixedPointCollection(torch.zeros(1, 1)), 3):
        with pytest.raises(AssertionError, match="fps"):
            kind.identify_q_outliers(wrong, 1.0)


@pytest.mark.parametrize("kind_of_error", [ArgumentError, AssertionError, ValueError, TypeError])
def test_errors_are_what_scripts_catch(kind_of_error):
    finder = FixedPointFinder(network(), verbose=False)
    with pytest.raises(kind_of_error, match=r"^ext_inputs: got"):
        finder.find_fixed_points(torch.zeros(2, 4), torch.zeros(3, 2))
    with pytest.raises(kind_of_error, match=r"^hyper-parameter: got 'lr'"):
        FixedPointFinder(network(), lr=1)


# -- linearisation ---------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("double", [False, True])
def test_linearisation_is_that_of_autograd(kind, double):
    rnn = network(kind, double=double)
    d, dtype = state_size(rnn), torch.float64 if double else torch.float32
    x, u, tol = rows(1, d, dtype)[0], rows(1, 2, dtype, seed=1)[0], 1e-12 if double else 1e-6
    lin = Linearization(rnn)
    A, B = lin.jacobian(u, x)
    wanted = torch.autograd.functional.jacobian(lambda u, x: step(rnn, x[None], u[None])[0], (u, x))
    assert A.dtype == B.dtype == dtype
    torch.testing.assert_close((B, A), wanted, rtol=0, atol=tol)
    dx, du = rows(5, d, dtype, seed=2), rows(1, 2, dtype, seed=3)[0]
    with torch.no_grad():
        expected = step(rnn, x[None], u[None]) + dx @ A.T + B @ du
    for predicted in (lin(u, x, du, dx), lin.forward(u, x, delta_input=du, delta_h=dx)):
        torch.testing.assert_close(predicted, expected, rtol=0, atol=tol)
    real, imag, vectors = lin.eigendecomposition(u, x)
    values = torch.complex(real, imag)
    torch.testing.assert_close(A.to(vectors) @ vectors, vectors * values, rtol=0, atol=10 * tol)
    at_zero = lin.eigendecomposition(h=x), lin.eigendecomposition(torch.zeros(2, dtype=dtype), x)
    assert torch.equal(at_zero[0][0], at_zero[1][0])
    assert torch.equal(at_zero[0][0], lin.eigendecomposition(x)[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda lin: lin.jacobian(torch.zeros(2), torch.zeros(2, 4)), "h: got 2 rows"),
        (lambda lin: lin.jacobian(torch.zeros(3), torch.zeros(4)), "input"),
        (lambda lin: lin.eigendecomposition(), "h: got None"),
        (lambda lin: lin(*map(torch.zeros, (2, 4, 2, 3))), "delta_h: got rows of 3"),
    ],
)
def test_what_does_not_fit_is_refused(call, message):
    with pytest.raises(AssertionError, match=message):
        call(Linearization(network()))


def test_linearisation_is_of_the_weights_that_the_network_has_now():
    rnn = torch.nn.RNN(1, 1, bias=False)
    lin = Linearization(rnn)
    rnn.weight_hh_l0.data.fill_(0.5)
    assert lin.jacobian(torch.zeros(1), torch.zeros(1))[0].item() == 0.5


@pytest.mark.parametrize("brainpy", [False, pytest.param(True, marks=pytest.mark.brainpy)])
def test_errors_are_pickled(brainpy):
    if brainpy:
        pytest.importorskip("brainpy")
    with pytest.raises(ArgumentError) as caught:
        FixedPointFinder(network(), lr=1)
    again = pickle.loads(pickle.dumps(caught.value))
    assert str(again) == str(caught.value)
    assert isinstance(again, AssertionError)


def test_rows_are_assigned_in_the_precision_of_the_container():
    points = FixedPointCollection(torch.tensor([[1, 2], [3, 4]]))
    assert points.xstar.dtype == torch.float32
    points[0] = FixedPointCollection(torch.tensor([[0.5, 0.7]], dtype=torch.float64))
    torch.testing.assert_close(points.xstar[0], torch.tensor([0.5, 0.7]))
    assert torch.equal(points[::-1].xstar, points.xstar.flip(0))
    empty = FixedPointCollection(torch.zeros(0, 2))
    empty.update(points)
    assert empty.n == 2
    joined = FixedPointCollection.concatenate([FixedPointCollection(torch.zeros(0, 2)), points])
    assert torch.equal(joined.xstar, points.xstar)


def test_arguments_are_named_as_the_method_names_them():
    finder = FixedPointFinder(network(), verbose=False)
    with pytest.raises(ArgumentError, match=r"^n_inits: "):
        finder.sample_states(torch.ones(2, 4), n_inits=-1)
    with pytest.raises(ArgumentError, match=r"^noise_scale: "):
        finder.sample_states(torch.ones(2, 4), n_inits=1, noise_scale="much")


# -- flow fields -----------------------------------------------------------------------------------


@each
@pytest.mark.parametrize("follow", [False, True])
def test_a_flow_is_that_of_the_network(kind, follow):
    rnn = network(kind)
    d = state_size(rnn)
    states, inputs = rows(9, d), rows(9, 2, seed=1)
    finder = FlowFieldFinder(rnn, states, 5, 0.5, 0.25, 0.1, -0.1, follow)
    mean, axes = plane_of(states)
    flows = finder.find_nonlinear_flow(states, inputs)
    assert len(flows) == 9
    for x, u, flow in zip(states, inputs, flows, strict=True):
        assert flow.grid.dtype == torch.float32
        grid = flow.grid.reshape(-1, 2).double().numpy()
        signs = np.sign(((finder.inverse_transform(torch.eye(2)).numpy() - mean) * axes).sum(1))
        along = axes * signs[:, None]
        centre = (x.numpy() - mean) @ along.T if follow else np.array([0.1, -0.1])
        half = np.array([0.5, 0.25])
        np.testing.assert_allclose(grid[[0, -1]], [centre - half, centre + half], atol=1e-5)
        on_plane = torch.as_tensor(grid @ along + mean).float()
        with torch.no_grad():
            after = step(rnn, on_plane, u.repeat(25, 1)).double().numpy()
        moved = (after - mean) @ along.T - grid
        found = torch.stack([flow.x_vels, flow.y_vels], dim=-1).reshape(-1, 2)
        np.testing.assert_allclose(found, moved, atol=1e-5)
        speed = np.linalg.norm(moved, axis=1)
        np.testing.assert_allclose(flow.speeds.ravel(), speed / speed.max(), atol=1e-4)


def test_a_linear_flow_is_that_of_the_linearisation():
    rnn = network(double=True)
    states, inputs, moved = (rows(3, n, torch.float64, seed=n) for n in (4, 2, 2))
    finder = FlowFieldFinder(rnn, states, num_points=4)
    lin = Linearization(rnn)
    for k, flow in enumerate(finder.find_linear_flow(states, inputs, moved)):
        grid = flow.grid.reshape(-1, 2)
        deviation = finder.inverse_transform(grid) - states[k]
        after = finder.transform(lin(inputs[k], states[k], moved[k], deviation))
        found = torch.stack([flow.x_vels, flow.y_vels], dim=-1).reshape(-1, 2)
        torch.testing.assert_close(found, after - grid, rtol=0, atol=1e-12)


def test_directions_may_span_the_plane_instead_of_components():
    axes = torch.tensor([[1.0, 0.0, 0.0, 0.0], [1.0, 2.0, 0.0, 0.0]])
    finder = FlowFieldFinder(network(), num_points=3, axes=axes)
    torch.testing.assert_close(finder.transform(finder.inverse_transform(rows(6, 2))), rows(6, 2))
    torch.testing.assert_close(finder.transform(rows(6, 4)), rows(6, 4) @ axes.T)
    assert isinstance(finder, FlowFieldFinderBase)


def test_the_plane_is_that_of_the_first_states_where_none_are_given():
    states = rows(8, 4)
    late, early = FlowFieldFinder(network(), 3), FlowFieldFinder(network(), states, 3)
    inputs = torch.zeros(8, 2)
    for one, other in zip(
        late.find_nonlinear_flow(states, inputs),
        early.find_nonlinear_flow(states, inputs),
        strict=True,
    ):
        assert torch.equal(one.x_vels, other.x_vels)


def test_both_orders_of_settings_are_known():
    states = rows(8, 4)
    later = FlowFieldFinder(network(), 7, 0.5, 0.25, 1.0, 2.0, states)
    named = FlowFieldFinder(
        network(), fit_states=states, num_points=7, x_offset=0.5, y_offset=0.25, x_center=1,
        y_center=2,
    )  # fmt: skip
    for finder in (later, named, FlowFieldFinder(network(), states, 7, 0.5, 0.25, 1.0, 2.0)):
        assert (finder.num_points, finder.x_offset, finder.y_offset) == (7, 0.5, 0.25)
        assert (finder.x_center, finder.y_center, finder.follow_traj) == (1.0, 2.0, False)
        assert torch.equal(finder.transform(states), later.transform(states))


def test_where_nothing_moves_every_speed_is_zero():
    still = sp.as_system(lambda x, u: x, state_size=2, input_size=1)
    finder = FlowFieldFinder(still, axes=torch.eye(2), num_points=3)
    (flow,) = finder.find_nonlinear_flow(torch.zeros(2), torch.zeros(1))
    assert not flow.speeds.any()
    assert not flow.x_vels.any()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"num_point": 3}, "hyper-parameter: got 'num_point'.*num_points"),
        ({"num_points": 1}, "num_points"),
        ({"x_offset": 0}, "x_offset"),
        ({"axes": torch.ones(2, 4)}, "axes: got shape"),
        ({"fit_states": torch.zeros(1, 4)}, "fit_states: got shape"),
    ],
)
def test_wrong_settings_of_flows_are_refused(options, message):
    with pytest.raises(AssertionError, match=message):
        FlowFieldFinder(network(), **options)


def test_settings_of_flows_count_when_they_are_set():
    states = rows(8, 4)
    finder = FlowFieldFinder(network(), states, 3)
    inputs = torch.zeros(1, 2)
    finder.num_points, finder.x_offset = 5, 0.25
    (flow,) = finder.find_nonlinear_flow(states[:1], inputs)
    assert flow.grid.shape == (5, 5, 2)
    assert flow.grid[..., 0].max() == 0.25
    finder.axes = torch.eye(2, 4)
    assert torch.equal(finder.transform(states), states[:, :2])
    finder.axes = None
    torch.testing.assert_close(
        finder.transform(states), FlowFieldFinder(network(), states).transform(states)
    )
    with pytest.raises(AssertionError, match="num_points: got 1"):
        finder.num_points = 1
    assert finder.num_points == 5
    before = finder.transform(states)
    with pytest.raises(AssertionError, match="axes: got shape"):
        finder.axes = torch.ones(2, 4)
    assert finder.axes is None
    assert torch.equal(finder.transform(states), before)


def test_flows_need_an_input_for_each_state():
    finder = FlowFieldFinder(network(), rows(5, 4))
    with pytest.raises(AssertionError, match=r"inp: got 1 rows of 2, but \(5, 2\)"):
        finder.find_nonlinear_flow(rows(5, 4), torch.zeros(2))
    with pytest.raises(AssertionError, match="fit_states: none are known"):
        FlowFieldFinder(network()).inverse_transform(torch.zeros(2))


def test_a_part_of_a_flow_is_indexed_like_a_matrix():
    x = torch.arange(12.0).reshape(3, 4)
    flow = FlowField(x, -x, torch.stack([x, x], dim=-1), x / 11)
    assert (len(flow), flow.grid_rows, flow.grid_columns, flow.state_size) == (12, 3, 4, 2)
    assert (flow.max_x_vel, flow.min_x_vel, flow.max_y_vel, flow.min_y_vel) == (11, 0, 0, -11)
    assert (flow.max_speed, flow.min_speed) == (1.0, 0.0)
    for index, wanted in [
        (1, x[1:2]),
        (-1, x[2:3]),
        ((0, 2), x[:1, 2:3]),
        ((slice(None), -1), x[:, 3:4]),
        ((slice(0, 2), slice(1, 3)), x[:2, 1:3]),
        ((2,), x[2:3]),
    ]:
        part = flow[index]
        assert torch.equal(part.x_vels, wanted)
        assert torch.equal(part.grid[..., 0], wanted)
    with pytest.raises(IndexError):
        flow[3]
    with pytest.raises(TypeError, match="idx: got 'a'"):
        flow["a"]
    with pytest.raises(AssertionError, match="two axes"):
        flow[0, 0, 0]
    with pytest.raises(AssertionError, match="grid: got shape"):
        FlowField(x, x, x, x)


# -- helpers ---------------------------------------------------------------------------------------


def test_vectors():
    a, b = torch.tensor([3.0, 4.0]), torch.tensor([-4.0, 3.0])
    torch.testing.assert_close(unit_vector(a), torch.tensor([0.6, 0.8]))
    assert torch.equal(unit_vector(torch.zeros(2)), torch.zeros(2))
    for size in (1e19, 1e-25):
        torch.testing.assert_close(unit_vector(size * a), torch.tensor([0.6, 0.8]))
    assert angle_between(a, b).item() == pytest.approx(math.pi / 2)
    assert angle_between(a, 7 * a).item() == pytest.approx(0.0, abs=1e-3)
    assert angle_between(a, torch.zeros(2)).item() == pytest.approx(math.pi / 2)
    torch.testing.assert_close(projection(a, torch.tensor([2.0, 0.0])), torch.tensor([3.0, 0.0]))
    torch.manual_seed(0)
    several = torch.randn(3, 5)
    basis = torch.stack(orthogonalize(*several))
    gram = basis @ basis.T
    torch.testing.assert_close(gram, torch.diag(gram.diag()), rtol=0, atol=1e-5)
    assert torch.equal(basis[0], several[0])
    assert torch.linalg.matrix_rank(torch.cat([basis, several])) == 3
    with pytest.raises(AssertionError, match="v1"):
        orthogonalize(3)


def test_the_score_of_a_line_attractor_is_the_ratio_of_time_constants():
    score, first, second = line_attractor_score(0.99, 0.5, tau=10.0)
    assert (first, second) == (pytest.approx(0.01), pytest.approx(0.5))
    assert score == pytest.approx(math.log2(50))
    assert line_attractor_score(1.0, 0.5, 1.0)[0] == math.inf
