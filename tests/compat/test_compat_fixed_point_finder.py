"""Scripts written for FixedPointFinder's names: they run, and what they get is true."""

from __future__ import annotations

import os
import pickle
import struct
import warnings

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import (
    ArgumentError,
    FileFormatError,
    StillpointWarning,
    UnsupportedModelError,
)
from stillpoint.compat.fixed_point_finder import (
    FixedPointFinderTF,
    FixedPointFinderTorch,
    FixedPoints,
    plot_123d,
    plot_fixed_point,
    plot_fps,
)
from stillpoint.tasks import FlipFlop, load_network

ROWS = ("xstar", "x_init", "inputs", "F_xstar", "qstar", "dq", "n_iters", "J_xstar", "dFdu")
ROWS += ("eigval_J_xstar", "eigvec_J_xstar", "is_stable", "cond_id")


def ring(d):
    """Return f(input, h) of the networks whose points the original's tests keep on file."""
    M = np.array([-np.roll(np.linspace(-1, 1, d), -i) for i in range(d)])
    return lambda inputs, h: (h, np.tanh(h @ M + 0 * inputs))


# Points and spectral radii, the origin left out, of each network; with x also -x is fixed.
RINGS = {
    2: [((0.957504, -0.957504), 0.166372)],
    3: [((0.949796, -0.425502, -0.879894), 1.006406)],
    4: [
        ((0.962892, 0.525235, -0.962892, -0.525235), 1.047430),
        ((0.775516, -0.775516, 0.775516, -0.775516), 0.751559),
        ((0.877263, -0.569696, 0.339745, -0.789648), 1.315957),
        ((0.339745, -0.789648, 0.877263, -0.569696), 1.315957),
    ],
}


def normal(*shape, seed=0, scale=1.0):
    return scale * np.random.default_rng(seed).standard_normal(shape)


def found(model, *arguments, kind=FixedPointFinderTF, **hps):
    """Search in float64, whether or not some starts are lost on the way."""
    finder = kind(model, **({"verbose": False, "dtype": "float64"} | hps))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)
        return finder.find_fixed_points(*arguments)


@pytest.fixture(scope="module")
def memory():
    """A trained 3-bit memory: its network, the predictions on 128 trials, and its points."""
    network = load_network("tanh")
    trials = FlipFlop(steps=64, pulse_probability=0.5).sample(128, np.random.default_rng(0))
    hidden, output = network.run(trials.inputs)
    starts = sp.sample_states(hidden, 512, noise=0.5)
    unique_fps, all_fps = found(network.system, starts, np.zeros((1, 3)))
    return network, {"hidden": hidden, "output": output}, unique_fps, all_fps


# -- as many points as there are -----------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", "gru", "lstm", "dale_leaky", "dale_elman"])
def test_128_starts_are_enough_for_27_points(name, capsys):
    """From as many the original's Adam found 23 to 26 of a flip-flop's points."""
    network = load_network(name)
    trials = FlipFlop(steps=64).sample(64, np.random.default_rng(0))
    starts = sp.sample_states(network.run(trials.inputs)[0], 128, noise=0.1)
    conditions = np.arange(128)
    finder = FixedPointFinderTF(network.system, verbose=True, dtype="float64")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)
        unique, ends = finder.find_fixed_points(starts, np.zeros((1, 3)), cond_ids=conditions)
    assert (unique.n, ends.n) == (27, 128)
    np.testing.assert_array_equal(ends.x_init, starts)
    np.testing.assert_array_equal(ends.cond_id, conditions)
    assert set(unique.cond_id) <= set(conditions)
    n, told = len(finder.points.starts), capsys.readouterr().out
    assert n > 128
    assert f"27 unique fixed points from 128 starts and {n - 128} further ones" in told
    assert "by a state that the caller passed" in told
    assert finder.points.census().verdict in told


def test_settings_are_attributes_that_count():
    finder = FixedPointFinderTF(ring(2), verbose=False, dtype="float64")
    assert (finder.tol_unique, finder.max_n_unique, finder.verbose) == (1e-3, np.inf, False)
    starts = normal(40, 2)
    everything, _ = finder.find_fixed_points(starts, np.zeros((1, 1)))
    finder.max_n_unique = 1
    assert (everything.n, finder.find_fixed_points(starts, np.zeros((1, 1)))[0].n) == (3, 1)
    finder.max_n_unique, finder.tol_unique = np.inf, 5.0
    assert finder.find_fixed_points(starts, np.zeros((1, 1)))[0].n == 1
    finder.dtype, finder.do_compute_jacobians = "float32", False
    found, _ = finder.find_fixed_points(starts, np.zeros((1, 1)))
    assert found.xstar.dtype == np.float32
    assert found.J_xstar is None
    drawn = []
    for seed in (3, 4, 3):
        finder.random_seed = seed
        drawn.append(finder.sample_states(normal(2, 9, 2), 5))
    np.testing.assert_array_equal(drawn[0], drawn[2])
    assert not np.array_equal(drawn[0], drawn[1])
    with pytest.raises(ArgumentError, match="tol_unique"):
        finder.tol_unique = -1.0
    assert finder.tol_unique == 5.0
    with pytest.raises(AttributeError, match="no attribute 'tolerance'"):
        finder.tolerance  # noqa: B018


def test_settings_by_position_are_in_the_order_of_the_tool():
    finder = FixedPointFinderTorch(ring(2), 0.5, 7, 0.9, 3, verbose=False)
    assert (finder.lr_init, finder.lr_patience) == (0.5, 7)
    assert (finder.lr_factor, finder.lr_cooldown) == (0.9, 3)
    with pytest.raises(ArgumentError, match="lr_init: it is given twice"):
        FixedPointFinderTorch(ring(2), 0.5, lr_init=0.5)
    with pytest.raises(ArgumentError, match="got 5 by position, but 4 at most"):
        FixedPointFinderTorch(ring(2), 0.5, 7, 0.9, 3, 1e-12)


def test_nothing_is_printed_unless_it_is_asked_for(capsys):
    unique, _ = found(ring(2), normal(40, 2), np.zeros((1, 1)))
    assert unique.n == 3
    assert not capsys.readouterr().out
    adam = found(ring(2), normal(40, 2), np.zeros((1, 1)), solver="adam", verbose=True)
    assert len(adam[1].x_init) == 40
    assert "from 40 starts: " in capsys.readouterr().out


# -- a script --------------------------------------------------------------------------------------


@pytest.mark.torch
@pytest.mark.parametrize("solver", ["newton", "adam"])
def test_the_example_of_the_documentation_runs_to_its_end(memory, solver, tmp_path):
    torch = pytest.importorskip("torch")
    from stillpoint.tasks.modules import to_module

    rnn = to_module(memory[0]).float()
    valid_predictions = memory[1]
    n_bits = valid_predictions["output"].shape[2]
    fpf_hps = {
        "max_iters": 10000,
        "lr_init": 1.0,
        "outlier_distance_scale": 10.0,
        "verbose": True,
        "super_verbose": True,
    }
    fpf = FixedPointFinderTorch(rnn, **fpf_hps, solver=solver)
    initial_states = fpf.sample_states(valid_predictions["hidden"], n_inits=1024, noise_scale=0.5)
    inputs = np.zeros([1, n_bits])
    unique_fps, all_fps = fpf.find_fixed_points(initial_states, inputs)
    assert (unique_fps.n, all_fps.n) == (27, 1024)
    assert unique_fps.is_stable.sum() == 8
    unstable = (np.abs(unique_fps.eigval_J_xstar) > 1).sum(axis=1)
    assert np.bincount(unstable).tolist() == [8, 12, 6, 1]
    assert unique_fps.qstar.max() < 1e-24
    with torch.no_grad():
        still = rnn(torch.zeros(27, 1, 3), torch.as_tensor(unique_fps.xstar)[None])[1][0]
    np.testing.assert_allclose(still, unique_fps.xstar, atol=1e-6)

    fig = plot_fps(
        unique_fps,
        valid_predictions["hidden"],
        plot_batch_idx=list(range(30)),
        plot_start_time=10,
    )
    assert fig.axes[0].name == "3d"
    unique_fps.save(tmp_path / "memory.fps")
    again = FixedPoints()
    again.restore(tmp_path / "memory.fps")
    assert all(fp in unique_fps for fp in again)


@pytest.mark.parametrize("d", RINGS)
@pytest.mark.parametrize("solver", ["newton", "adam"])
def test_the_networks_of_the_original_tests_have_the_points_on_file(d, solver):
    starts = normal(128, d, seed=d)
    unique, _ = found(ring(d), starts, np.zeros((1, 1)), solver=solver)
    truth = [(np.zeros(d), {2: 2.0, 3: 3**0.5, 4: 1.885618}[d])]
    truth += [(sign * np.array(x), radius) for x, radius in RINGS[d] for sign in (1, -1)]
    assert unique.n == len(truth)
    for x, radius in truth:
        (place,) = unique.find(FixedPoints(x[None], inputs=np.zeros((1, 1))))
        np.testing.assert_allclose(unique.xstar[place], x, atol=2e-6)
        assert abs(unique.eigval_J_xstar[place, 0]) == pytest.approx(radius, abs=2e-6)
        assert unique.is_stable[place] == (radius < 1)


# -- networks --------------------------------------------------------------------------------------


def torch_networks():
    torch = pytest.importorskip("torch")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return {
            "lstm": torch.nn.LSTM(2, 3, batch_first=True),
            "gru": torch.nn.GRU(2, 4, batch_first=False),
            "double": torch.nn.RNN(2, 4).double(),
            "cell": torch.nn.GRUCell(2, 4),
            "layers": torch.nn.GRU(2, 3, num_layers=2),
        }


@pytest.mark.torch
@pytest.mark.parametrize("name", ["lstm", "gru", "double", "cell", "layers"])
def test_torch_networks_of_every_kind_are_read_exactly(name):
    rnn = torch_networks()[name]
    system = sp.as_system(rnn)
    starts = normal(64, system.state_size)
    unique, ends = found(rnn, starts, np.zeros((1, 2)), kind=FixedPointFinderTorch)
    points = sp.find_fixed_points(system, starts, np.zeros(2), tol_unique=1e-3, progress=False)
    points = points.near(starts, 10.0)
    np.testing.assert_array_equal(unique.xstar, points.xstar)
    np.testing.assert_array_equal(unique.qstar, points.q)
    np.testing.assert_array_equal(unique.J_xstar, points.jacobian)
    np.testing.assert_array_equal(unique.dFdu, points.input_jacobian)
    np.testing.assert_array_equal(unique.eigval_J_xstar, points.eigenvalues)
    np.testing.assert_array_equal(unique.is_stable, points.is_stable)
    np.testing.assert_array_equal(ends.xstar, points.starts.end)
    assert unique.qstar.max() < 1e-28
    assert unique.xstar.dtype == np.float64
    assert unique.eigval_J_xstar.dtype == np.complex128


@pytest.mark.torch
def test_the_users_network_and_arrays_stay_as_they_are():
    rnn = torch_networks()["gru"].train()
    before = {name: p.detach().clone() for name, p in rnn.named_parameters()}
    starts = normal(8, 4)
    kept = starts.copy()
    _, ends = found(
        rnn, starts, np.zeros((1, 2)), kind=FixedPointFinderTorch, solver="adam", max_iters=30
    )
    assert rnn.training
    assert all(p.requires_grad and p.grad is None for p in rnn.parameters())
    assert all((p == before[name]).all() for name, p in rnn.named_parameters())
    np.testing.assert_array_equal(starts, kept)
    ends.x_init[:] = 0
    np.testing.assert_array_equal(starts, kept)


@pytest.mark.torch
def test_a_module_and_a_function_of_the_users_own():
    torch = pytest.importorskip("torch")
    W = torch.as_tensor(normal(3, 3))

    class Own(torch.nn.Module):
        def forward(self, inputs, h):
            return h, torch.tanh(h @ W + inputs)

    def own(inputs, h):
        return h, torch.tanh(h @ W + inputs)

    starts, inputs = normal(32, 3, seed=1), normal(1, 3, seed=2)
    results = [found(model, starts, inputs)[0].xstar for model in (Own(), own)]
    truth = found(lambda u, h: (h, np.tanh(h @ W.numpy() + u)), starts, inputs)[0]
    for xstar in results:
        np.testing.assert_allclose(xstar, truth.xstar, atol=1e-9)


def test_systems_and_cells_are_taken_as_they_are(memory):
    network, _, unique, _ = memory
    starts = unique.xstar + normal(27, 16, scale=1e-3)
    for model in (network.system, network.cell):
        again, _ = found(model, starts, np.zeros(3))
        np.testing.assert_allclose(again.xstar, unique.xstar, atol=1e-12)


def test_a_function_that_returns_no_pair_is_told_what_is_wanted():
    with pytest.raises(UnsupportedModelError, match=r"output, h_next = model\(inputs, h\)"):
        found(lambda inputs, h: np.tanh(h + inputs), np.zeros((2, 3)), np.zeros((1, 3)))


@pytest.mark.keras
def test_keras_cells_are_read_exactly(memory):
    keras = pytest.importorskip("keras")
    network, _, unique, ends = memory
    cell = keras.layers.SimpleRNNCell(16)
    cell.build((None, 3))
    cell.set_weights([network.cell.B.T, network.cell.W.T, network.cell.b])
    again, _ = found(cell, ends.x_init, np.zeros((1, 3)))
    assert again.n == 27
    np.testing.assert_allclose(again.xstar, unique.xstar, atol=1e-5)  # Keras keeps float32 weights
    np.testing.assert_array_equal(again.is_stable, unique.is_stable)


def test_a_session_is_refused_and_the_way_out_is_named():
    with pytest.raises(ArgumentError, match=r"sess: got object.*TensorFlow 1.*sess\.run"):
        FixedPointFinderTF(ring(2), object())
    assert FixedPointFinderTF(ring(2), None).hps.adam_hps == {"epsilon": 0.01}


@pytest.mark.parametrize("name", ["feed_dict", "alr_hps", "agnc_hps"])
def test_settings_of_other_packages_are_refused(name):
    with pytest.raises(ArgumentError, match=f"{name}: got.*must be empty"):
        FixedPointFinderTF(ring(2), **{name: {"initial_rate": 1.0}})


# -- settings --------------------------------------------------------------------------------------


def test_settings_have_the_names_and_defaults_of_old():
    shared = {
        "lr_init": 1.0,
        "lr_patience": 5,
        "lr_factor": 0.95,
        "lr_cooldown": 0,
        "tol_q": 1e-12,
        "tol_dq": 1e-20,
        "max_iters": 5000,
        "method": "joint",
        "do_rerun_q_outliers": False,
        "outlier_q_scale": 10.0,
        "do_exclude_distance_outliers": True,
        "outlier_distance_scale": 10.0,
        "tol_unique": 1e-3,
        "max_n_unique": np.inf,
        "do_compute_jacobians": True,
        "do_decompose_jacobians": True,
        "dtype": "float32",
        "random_seed": 0,
        "verbose": True,
        "super_verbose": False,
        "n_iters_per_print_update": 100,
    }
    assert FixedPointFinderTorch.default_hps() == shared
    defaults = FixedPointFinderTF.default_hps()
    defaults["adam_hps"]["epsilon"] = 1.0
    own = {"feed_dict": {}, "alr_hps": {}, "agnc_hps": {}, "adam_hps": {"epsilon": 0.01}}
    assert FixedPointFinderTF.default_hps() == shared | own


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tol_uniq": 1.0}, "tol_unique"),
        ({"solver": "bfgs"}, "'newton', 'adam'"),
        ({"method": "both"}, "'joint', 'sequential'"),
        ({"dtype": "float16"}, "'float32', 'float64'"),
        ({"adam_hps": {"lr": 1.0}}, "'epsilon', 'beta1', 'beta2'"),
    ],
)
def test_settings_that_do_not_exist_are_errors(wrong, message):
    with pytest.raises(ArgumentError, match=message):
        FixedPointFinderTF(ring(2), **wrong)


@pytest.mark.parametrize(
    "setting",
    [
        {"lr_init": 0.1},
        {"lr_factor": 0.5},
        {"lr_patience": 4},
        {"lr_cooldown": 7},
        {"tol_q": 1e-6},
        {"tol_dq": 1e-3},
        {"max_iters": 20},
        {"adam_hps": {"epsilon": 1.0}},
        {"adam_hps": {"beta1": 0.5}},
    ],
)
def test_adam_follows_every_one_of_its_settings(setting):
    starts, first = normal(16, 3), {"lr_patience": 0, "max_iters": 200}
    ends = [
        found(ring(3), starts, np.zeros((1, 1)), solver="adam", **(first | hps))[1]
        for hps in ({}, setting)
    ]
    assert (ends[0].n_iters != ends[1].n_iters).any() or (ends[0].xstar != ends[1].xstar).any()


def test_results_come_in_the_precision_that_was_asked_for(memory):
    system, starts = memory[0].system, memory[3].x_init
    single, _ = found(system, starts, np.zeros(3), dtype="float32", do_exclude_distance_outliers=0)
    double = memory[2]
    for name, value in single.filled().items():
        kind = {"f": np.float32, "c": np.complex64}.get(value.dtype.kind, value.dtype)
        assert value.dtype == kind, name
        np.testing.assert_allclose(value, getattr(double, name), rtol=1e-6, atol=1e-7)
    assert single.qstar.max() < 1e-24


def test_joint_works_on_all_starts_together_and_sequential_on_one_at_a_time():
    rows = []

    def model(inputs, h):
        rows.append(len(h))
        return h, np.tanh(2 * h + inputs)

    system = sp.as_system(
        lambda x, u: model(u, x)[1],
        1,
        1,
        jacobian=lambda x, u: (2 / np.cosh(2 * x + u) ** 2)[:, :, None],
        input_jacobian=lambda x, u: (1 / np.cosh(2 * x + u) ** 2)[:, :, None],
    )
    starts = np.array([[1.0], [-2.0], [0.2], [0.5], [3.0]])
    ends, calls = {}, {}
    for method in ("joint", "sequential"):
        for solver in ("newton", "adam"):
            rows.clear()
            hps = {"solver": solver, "method": method, "lr_init": 0.02}
            ends[method, solver] = found(system, starts, [[0.0]], **hps)[1]
            calls[method, solver] = rows.count(1)
    for solver in ("newton", "adam"):
        np.testing.assert_allclose(
            ends["joint", solver].xstar, ends["sequential", solver].xstar, atol=1e-5
        )
        assert calls["sequential", solver] >= ends["sequential", solver].n_iters.sum()
    assert calls["joint", "adam"] == 0
    assert len(set(ends["joint", "adam"].n_iters)) == 1
    assert len(set(ends["sequential", "adam"].n_iters)) > 1
    alone = found(system, starts[2:3], [[0.0]], solver="adam", lr_init=0.02)[1]
    assert alone.n_iters[0] == ends["sequential", "adam"].n_iters[2]
    assert alone.xstar[0] == ends["sequential", "adam"].xstar[2]


def test_what_did_not_converge_is_told_and_is_not_among_the_unique_points(memory):
    finder = FixedPointFinderTorch(memory[0].system, solver="adam", max_iters=3, verbose=False)
    with pytest.warns(StillpointWarning, match="of 128 starts 128 gave no fixed point") as told:
        unique, ends = finder.find_fixed_points(memory[3].x_init[:128], np.zeros((1, 3)))
    assert told[0].filename == __file__
    assert (unique.n, ends.n) == (0, 128)
    assert unique.J_xstar.shape == (0, 16, 16)
    assert FixedPoints.concatenate([unique, memory[2]]).n == 27
    np.testing.assert_allclose(
        ends.qstar, 0.5 * np.sum((ends.F_xstar - ends.xstar) ** 2, axis=1), rtol=1e-4
    )


def test_q_and_the_next_state_belong_to_the_state_they_stand_with(memory):
    network, _, unique, ends = memory
    for fps in (unique, ends):
        np.testing.assert_array_equal(fps.F_xstar, network.system.step(fps.xstar, fps.inputs))
        q = 0.5 * np.sum((fps.F_xstar - fps.xstar) ** 2, axis=1)
        np.testing.assert_allclose(fps.qstar, q, atol=1e-31)
        assert fps.n_iters.min() > 0
        assert np.isnan(fps.dq).all()


def test_few_identical_and_small_starts():
    for starts in (np.ones((1, 1)), np.ones((2, 1))):
        unique, ends = found(lambda u, h: (h, np.tanh(2 * h + u)), starts, np.zeros((1, 1)))
        assert (unique.n, ends.n) == (1, len(starts))
        assert unique.J_xstar.shape == (1, 1, 1)
        assert unique.eigvec_J_xstar.shape == (1, 1, 1)
        assert unique.xstar[0, 0] == pytest.approx(0.957504, abs=1e-6)


def test_inputs_may_differ_and_conditions_stay_with_their_points():
    starts, ids = np.full((4, 1), 0.5), np.array([7, 7, 3, 3])
    inputs = np.array([[0.0], [0.0], [1.0], [1.0]])
    unique, ends = found(lambda u, h: (h, 0.5 * h + u), starts, inputs, ids)
    np.testing.assert_allclose(unique.xstar[:, 0], [0.0, 2.0], atol=1e-12)
    assert unique.inputs[:, 0].tolist() == [0.0, 1.0]
    assert unique.cond_id.tolist() == [7, 3]
    assert ends.cond_id.tolist() == ids.tolist()
    with pytest.raises(ArgumentError, match=r"cond_ids: got shape \(3,\), but \(4,\)"):
        found(lambda u, h: (h, 0.5 * h + u), starts, inputs, ids[:3])


def test_points_far_from_the_starts_are_left_out_only_where_asked():
    def model(inputs, h):  # fixed at 0 and 100
        return h, np.where(np.abs(h) < 50, 0.5 * h, 100 + 0.5 * (h - 100)) + inputs

    starts = np.append(np.linspace(-1, 1, 30), 60.0)[:, None]
    near, ends = found(model, starts, [[0.0]])
    assert (near.n, ends.n) == (1, 31)
    assert abs(near.x_init[0, 0]) <= 1  # one of the starts that led there
    assert found(model, starts, [[0.0]], do_exclude_distance_outliers=False)[0].n == 2
    assert found(model, starts, [[0.0]], outlier_distance_scale=100.0)[0].n == 2


def test_at_most_so_many_points_are_kept(memory):
    system, starts = memory[0].system, memory[3].x_init
    few = [
        found(system, starts, np.zeros(3), max_n_unique=5, random_seed=seed)[0]
        for seed in (0, 0, 1)
    ]
    assert [fps.n for fps in few] == [5, 5, 5]
    assert all(fp in memory[2] for fp in few[2])
    np.testing.assert_array_equal(few[0].xstar, few[1].xstar)
    assert (few[0].xstar != few[2].xstar).any()


def test_jacobians_are_computed_and_decomposed_where_asked(memory):
    system, starts = memory[0].system, memory[3].x_init
    bare, _ = found(system, starts, np.zeros(3), do_compute_jacobians=False)
    assert bare.J_xstar is bare.dFdu is bare.eigval_J_xstar is bare.is_stable is None
    raw, _ = found(system, starts, np.zeros(3), do_decompose_jacobians=False)
    assert not raw.has_decomposed_jacobians
    raw.decompose_jacobians(do_batch=False, str_prefix="\t")
    np.testing.assert_array_equal(raw.eigval_J_xstar, memory[2].eigval_J_xstar)
    np.testing.assert_array_equal(raw.is_stable, memory[2].is_stable)
    with pytest.raises(ArgumentError, match="do_compute_jacobians=True"):
        bare.decompose_jacobians()


def test_starts_with_a_large_q_are_searched_on_from_where_they_ended(memory):
    system, starts = memory[0].system, memory[3].x_init[:40]
    short = {"solver": "adam", "max_iters": 150, "tol_q": 1e-16, "lr_init": 0.03}
    before, ends = found(system, starts, np.zeros(3), **short)
    after, again = found(
        system, starts, np.zeros(3), **short, do_rerun_q_outliers=True, outlier_q_scale=2.0
    )
    outliers = ends.qstar > 2 * np.median(ends.qstar)
    assert 0 < outliers.sum() < 40
    assert (again.n_iters[outliers] > 150).all()
    np.testing.assert_array_equal(again.xstar[~outliers], ends.xstar[~outliers])
    np.testing.assert_array_equal(again.x_init, ends.x_init)
    assert np.median(again.qstar[outliers]) < 1e-3 * np.median(ends.qstar[outliers])
    assert after.n >= before.n


# -- samples and predictions -----------------------------------------------------------------------


def test_samples_are_states_that_were_valid_with_noise_where_asked():
    trajectories, inputs = normal(5, 7, 3), normal(5, 7, 2, seed=1)
    valid = np.zeros((5, 7))
    valid[2, 3:5] = 1
    fpf = FixedPointFinderTorch(ring(3), random_seed=4)
    drawn = fpf.sample_states(trajectories, 2, valid_bxt=valid)
    assert sorted(map(tuple, drawn)) == sorted(map(tuple, trajectories[2, 3:5]))
    pushed, states = fpf.sample_inputs_and_states(inputs, trajectories, 30)
    for u, x in zip(pushed, states, strict=True):
        (place,) = np.argwhere((trajectories == x).all(axis=2))
        np.testing.assert_array_equal(u, inputs[tuple(place)])
    noisy = fpf.sample_states(np.zeros((4, 100, 50)), 400, noise_scale=0.3)
    assert noisy.std() == pytest.approx(0.3, rel=0.05)
    again = FixedPointFinderTorch(ring(3), random_seed=4)
    np.testing.assert_array_equal(again.sample_states(trajectories, 2, valid), drawn)
    assert (again.sample_states(trajectories, 9) != again.sample_states(trajectories, 9)).any()


def test_updates_of_a_linear_network_are_predicted_exactly():
    A, B = normal(3, 3, scale=0.3), normal(2, 3, seed=1)
    fpf = FixedPointFinderTorch(lambda u, h: (h, h @ A + u @ B), verbose=False, dtype="float64")
    fps, _ = fpf.find_fixed_points(normal(4, 3), np.array([[0.0, 1.0]]))
    fps = FixedPoints.concatenate([fps, fpf.find_fixed_points(normal(4, 3), [1.0, 0.0])[0]])
    states, inputs = normal(5, 3, seed=2), normal(5, 2, seed=3)
    predicted, exact = fpf.approximate_updates(states, inputs, fps)
    assert (predicted.shape, exact.shape) == ((2, 5, 3), (5, 3))
    np.testing.assert_allclose(exact, states @ A + inputs @ B)
    np.testing.assert_allclose(predicted, np.stack([exact, exact]), atol=1e-9)
    alone = fpf.approximate_updates(states, inputs[:1], fps[1], do_compute_exact_update=False)
    np.testing.assert_allclose(alone[0], states @ A + inputs[0] @ B, atol=1e-9)


def test_predictions_are_of_first_order_around_each_point(memory):
    network, _, unique, _ = memory
    fpf = FixedPointFinderTorch(network.system)
    for size, error in ((1e-3, 1e-5), (1e-4, 1e-7)):
        states = unique.xstar + size * normal(27, 16)
        predicted, exact = fpf.approximate_updates(states, size * normal(27, 3), unique)
        assert np.abs(predicted[np.arange(27), np.arange(27)] - exact).max() < error


# -- the container ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "rows"),
    [
        (1, [1]),
        (-1, [26]),
        (np.int64(2), [2]),
        (slice(3, 9, 2), [3, 5, 7]),
        ([4, 2], [4, 2]),
        (np.arange(27) > 24, [25, 26]),
        ([], []),
    ],
)
def test_indexing_keeps_every_field_and_its_dimensions(memory, index, rows):
    unique = memory[2]
    part = unique[index]
    assert type(part) is FixedPoints
    assert (part.n, part.n_states, part.n_inputs, len(part)) == (len(rows), 16, 3, len(rows))
    for name in part.filled():
        np.testing.assert_array_equal(getattr(part, name), getattr(unique, name)[rows])
    if rows:
        part.xstar[:] = 0
        assert unique.xstar[rows].any()
        copied = FixedPoints(unique.xstar)
        copied.xstar[:] = 0
        assert unique.xstar[rows].any()


def test_points_are_found_by_state_and_input():
    fps = FixedPoints(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 6e-4]]), inputs=np.zeros((3, 1)))
    assert fps.find(fps[0]).tolist() == [0, 2]
    assert fps[1] in fps
    assert FixedPoints(np.zeros((1, 2)), inputs=np.ones((1, 1))) not in fps
    assert FixedPoints(np.zeros((1, 3)), inputs=np.zeros((1, 1))) not in fps
    diagonal = FixedPoints(np.array([[1.0009, 0.0009]]), inputs=np.zeros((1, 1)))
    assert diagonal not in fps  # 1.27e-3 away, though less than 1e-3 in every coordinate
    with pytest.raises(ArgumentError, match="fp: got"):
        fps.find(fps)
    for foreign in (3, None, np.zeros((1, 2))):
        assert foreign not in fps
        assert fps.find(foreign).size == 0


def test_unique_points_do_not_depend_on_the_order_and_have_the_smallest_q():
    x = np.repeat(normal(6, 3), 4, axis=0) + 1e-5 * normal(24, 3, seed=1)
    q = np.random.default_rng(2).random(24)
    fps = FixedPoints(x, qstar=q, n_iters=np.arange(24))
    unique = fps.get_unique()
    assert unique.n == 6
    best = np.arange(0, 24, 4) + q.reshape(6, 4).argmin(axis=1)
    assert unique.n_iters.tolist() == best.tolist()
    order = np.random.default_rng(3).permutation(24)
    assert set(fps[order].get_unique().n_iters) == set(best)


def test_assigning_joining_and_updating(memory):
    unique = memory[2]
    fps = unique[:5]
    fps[1:3] = unique[10:12]
    np.testing.assert_array_equal(fps.xstar, unique.xstar[[0, 10, 11, 3, 4]])
    np.testing.assert_array_equal(fps.eigvec_J_xstar, unique.eigvec_J_xstar[[0, 10, 11, 3, 4]])
    fps.update(unique[20])
    assert fps.n == 6
    assert fps[5] in unique
    joined = FixedPoints.concatenate([FixedPoints(tol_unique=0.5), unique[:2], unique[2]])
    np.testing.assert_array_equal(joined.J_xstar, unique.J_xstar[:3])
    assert joined.tol_unique == 0.5
    assert [fp.n for fp in unique[:3]] == [1, 1, 1]
    with pytest.raises(ArgumentError, match="got no container"):
        FixedPoints.concatenate([])
    with pytest.raises(ArgumentError, match=r"it lacks n_iters"):
        fps[0] = FixedPoints(unique.xstar[:1])
    assert np.isfinite(fps.J_xstar).all()
    fps[0] = FixedPoints(unique.xstar[:1], n_iters=[3], is_stable=[True])
    np.testing.assert_array_equal(np.isnan(fps.J_xstar).all(axis=(1, 2)), np.arange(6) == 0)
    with pytest.raises(ArgumentError, match="qstar: got 3 rows, but 2 are wanted"):
        FixedPoints(np.zeros((2, 2)), qstar=np.zeros(3))


def test_an_empty_container_takes_what_it_is_given(memory):
    unique = memory[2]
    fps = FixedPoints(tol_unique=0.1)
    for fp in (unique[0], unique[1], unique[0]):
        if fp not in fps:
            fps.update(fp)
    assert (fps.n, fps.n_states, fps.tol_unique) == (2, 16, 0.1)
    np.testing.assert_array_equal(fps.J_xstar, unique.J_xstar[:2])
    fps.update(FixedPoints())
    assert fps.n == 2
    fps.J_xstar[:] = 0
    assert unique.J_xstar[:2].any()
    assert FixedPoints.concatenate([FixedPoints(), FixedPoints()]).n == 0


def test_rows_of_nan_are_there_to_be_assigned_to(memory):
    unique = memory[2]
    fps = FixedPoints(do_alloc_nan=True, n=4, n_states=16, n_inputs=3, verbose=True)
    assert (fps.n, fps.n_states, fps.n_inputs, fps.xstar.dtype) == (4, 16, 3, np.float32)
    assert all(np.isnan(value).all() for value in fps.filled().values())
    fps[1] = unique[5]
    np.testing.assert_allclose(fps.J_xstar[1], unique.J_xstar[5], rtol=1e-6, atol=1e-6)
    fps.decompose_jacobians()
    assert np.isfinite(fps.eigval_J_xstar).all(axis=1).tolist() == [False, True, False, False]
    assert type(fps[1:]) is FixedPoints
    assert FixedPoints(unique.xstar, n=99, verbose=False).n == 27
    for wrong, told in (
        ({"n": 4, "n_states": 2}, "n_inputs: got None"),
        ({"xstar": np.zeros((1, 2)), "n": 1}, "do_alloc_nan: got xstar as well"),
    ):
        with pytest.raises(ArgumentError, match=told):
            FixedPoints(do_alloc_nan=True, **wrong)


def test_containers_that_know_different_things_are_not_joined(memory):
    unique = memory[2]
    fps, bare = unique[:2], FixedPoints(unique.xstar, inputs=unique.inputs, qstar=unique.qstar)
    with pytest.raises(ArgumentError, match=r"new_fps: x_init, .*J_xstar.* known in one"):
        fps.update(bare)
    joined = FixedPoints.concatenate([bare, fps])
    assert joined.n == bare.n + 2
    assert set(joined.filled()) == {"xstar", "inputs", "qstar"}
    with pytest.raises(ArgumentError, match="no field that all of these"):
        FixedPoints.concatenate([fps, FixedPoints(cond_id=[1])])
    for join in (fps.update, lambda other: FixedPoints.concatenate([other, fps])):
        with pytest.raises(ArgumentError, match=r"but a (list of )?containers? is wanted"):
            join([1])
    assert (fps.n, len(fps.filled())) == (2, len(unique.filled()))
    wide = FixedPoints(np.zeros((1, 3)))
    with pytest.raises(ArgumentError, match=r"new_fps: xstar has rows of shape \(3,\), but \(2,\)"):
        FixedPoints(np.zeros((1, 2))).update(wide)


def test_only_as_many_points_as_there_are_places_are_assigned():
    fps = FixedPoints(np.zeros((3, 2)))
    fps[1:] = FixedPoints(np.ones((1, 2)))
    assert fps.xstar.tolist() == [[0, 0], [1, 1], [1, 1]]
    for wrong, told in (
        (FixedPoints(np.ones((2, 2))), "fps: got 2 points for 3 places"),
        (FixedPoints(np.ones((3, 1))), r"fps: xstar has rows of shape \(1,\), but \(2,\)"),
        (np.ones((3, 2)), "fps: got ndarray, but a container is wanted"),
    ):
        with pytest.raises(ArgumentError, match=told):
            fps[:] = wrong


def test_points_with_inputs_are_not_compared_with_points_without():
    bare, driven = FixedPoints(np.zeros((1, 2))), FixedPoints(np.zeros((1, 2)), inputs=[[0.0]])
    with pytest.raises(ArgumentError, match="fp: it has no inputs, but the points here have some"):
        driven.find(bare)
    with pytest.raises(ArgumentError, match="fp: it has inputs, but the points here have none"):
        assert driven in bare
    assert FixedPoints(np.zeros((1, 2)), inputs=np.zeros((1, 0))) in bare
    assert FixedPoints(np.zeros((1, 1)), inputs=np.zeros((1, 2))) not in driven


def test_transforming_moves_states_by_the_offset_and_directions_not(memory):
    unique = memory[2]
    U, offset = normal(16, 2), np.array([3.0, -1.0])
    flat = unique.transform(U, offset)
    for name in ("xstar", "x_init", "F_xstar"):
        np.testing.assert_allclose(getattr(flat, name), getattr(unique, name) @ U + offset)
    np.testing.assert_allclose(flat.eigvec_J_xstar[3], U.T @ unique.eigvec_J_xstar[3])
    np.testing.assert_array_equal(flat.eigval_J_xstar, unique.eigval_J_xstar)
    np.testing.assert_allclose(flat.dFdu[3], U.T @ unique.dFdu[3])
    assert flat.J_xstar is None
    assert (flat.n_states, unique.n_states) == (2, 16)


def test_decomposing_sorts_by_modulus_and_puts_eigenvectors_in_columns():
    J = normal(5, 4, 4)
    J[2, 1, 1] = np.nan
    J[3] = np.diag([-1.5, 1.2, 0.3, 0.1])
    J[4] = np.diag([-0.5, 0.9, 0.3, 0.1])
    fps = FixedPoints(np.zeros((5, 4)), J_xstar=J)
    fps.decompose_jacobians()
    assert np.isnan(fps.eigval_J_xstar[2]).all()
    assert fps.eigval_J_xstar.dtype == np.complex128
    for k in (0, 1, 3, 4):
        values, vectors = fps.eigval_J_xstar[k], fps.eigvec_J_xstar[k]
        assert (np.diff(np.abs(values)) <= 1e-12).all()
        np.testing.assert_allclose(J[k] @ vectors, vectors * values, atol=1e-12)
    np.testing.assert_allclose(fps.eigval_J_xstar[3], [-1.5, 1.2, 0.3, 0.1])
    assert fps.is_stable[2:].tolist() == [False, False, True]


def test_the_summary_says_what_was_found(memory, capsys):
    memory[2].print_summary()
    told = capsys.readouterr().out
    assert "27 fixed points: 8 stable, 12 + 6 + 1 with 1, 2, 3 unstable directions" in told
    assert "q: from" in told
    FixedPoints().print_summary()
    assert "0 points" in capsys.readouterr().out


def test_drawing_shows_the_trials_and_modes_that_were_asked_for(memory):
    hidden, unique = memory[1]["hidden"], memory[2]
    fig = unique.plot(hidden, plot_batch_idx=[3, 5], plot_start_time=10, plot_stop_time=30)
    ax = fig.axes[0]
    sizes = [len(line.get_data_3d()[0]) for line in ax.lines]
    assert sizes == [20, 20] + [2] * (12 + 2 * 6 + 3)
    assert sum(len(cloud.get_offsets()) for cloud in ax.collections) == 27
    saddle = np.flatnonzero(~unique.is_stable)[0]
    pca = sp.fit_pca(hidden, 3)
    vector = unique.eigvec_J_xstar[saddle, :, 0].real
    length = 2 * 0.25 * abs(unique.eigval_J_xstar[saddle, 0])
    ends = np.array(ax.lines[2].get_data_3d()).T
    np.testing.assert_allclose(
        np.linalg.norm(ends[1] - ends[0]), length * np.linalg.norm(pca.directions(vector))
    )
    small, _ = found(ring(2), normal(20, 2), [[0.0]])
    assert small.plot(fig=fig) is fig
    assert fig.axes[1].name == "rectilinear"


def test_points_are_drawn_without_jacobians(memory):
    unique = memory[2]
    bare = FixedPoints(unique.xstar, is_stable=unique.is_stable)
    for fps, count in ((bare, 2), (FixedPoints(unique.xstar), 1)):
        ax = fps.plot(memory[1]["hidden"], plot_batch_idx=[0]).axes[0]
        assert len(ax.lines) == 1
        assert len(ax.collections) == count
        assert sum(len(cloud.get_offsets()) for cloud in ax.collections) == 27


def test_one_point_is_drawn_with_its_largest_modes(memory):
    from matplotlib.figure import Figure

    unique, pca = memory[2], sp.fit_pca(memory[1]["hidden"], 3)
    ax = Figure().add_subplot(projection="3d")
    saddle = unique[np.flatnonzero(~unique.is_stable)[0]]
    plot_fixed_point(ax, saddle, pca, scale=0.5, linewidth=2)
    count = int((abs(saddle.eigval_J_xstar) > 1).sum())
    assert len(ax.lines) == count + 1
    ends = np.array(ax.lines[0].get_data_3d()).T
    half = 0.5 * abs(saddle.eigval_J_xstar[0, 0]) * saddle.eigvec_J_xstar[0, :, 0].real
    wanted = pca.transform(saddle.xstar + np.outer([-1, 0, 1], half))
    np.testing.assert_allclose(ends, wanted, atol=1e-5)
    assert ax.lines[0].get_color() == "r"
    plot_fixed_point(ax, saddle, pca, do_plot_unstable_fps=False)
    assert len(ax.lines) == count + 1
    stable = unique[np.flatnonzero(unique.is_stable)[0]]
    plot_fixed_point(ax, stable, pca, do_plot_stable_modes=True, max_n_modes=2)
    assert len(ax.lines) == count + 1 + 3
    flat = Figure().add_subplot()
    plot_fixed_point(flat, FixedPoints(np.ones((1, 2))), None)
    plot_123d(flat, np.zeros((3, 1)))
    assert [line.get_marker() for line in flat.lines] == [".", "None"]
    for wrong, message in (
        (lambda: plot_fixed_point(ax, unique, pca), "fp: got 27 points"),
        (lambda: plot_fixed_point(ax, stable, None), "pca: got None"),
        (lambda: plot_123d(flat, np.zeros((3, 3))), "ax: got"),
        (lambda: plot_123d(ax, np.zeros((3, 4))), "z: got shape"),
    ):
        with pytest.raises(ArgumentError, match=message):
            wrong()


# -- files -----------------------------------------------------------------------------------------


def test_saved_points_come_back_as_they_were(memory, tmp_path):
    unique = memory[2][:]
    unique.cond_id = np.arange(27)
    unique.tol_unique = 0.25
    unique.save(tmp_path / "points.fps")
    again = FixedPoints()
    again.restore(tmp_path / "points.fps")
    for name in ROWS:
        np.testing.assert_array_equal(getattr(again, name), getattr(unique, name))
        assert getattr(again, name).dtype == getattr(unique, name).dtype
    assert (again.tol_unique, again.dtype) == (0.25, np.float64)
    assert (tmp_path / "points.fps").read_bytes().startswith(b"\x89HDF")
    transformed = unique.transform(normal(16, 2))
    transformed.save(tmp_path / "points.fps")
    again.restore(tmp_path / "points.fps")
    assert again.J_xstar is None
    np.testing.assert_array_equal(again.eigvec_J_xstar, transformed.eigvec_J_xstar)


def test_a_failed_save_leaves_the_old_file(memory, tmp_path, monkeypatch):
    path = tmp_path / "points.fps"
    memory[2].save(path)
    before = path.read_bytes()

    def fails(*_, **__):
        raise OSError("the disk is full")

    monkeypatch.setattr("xarray.Dataset.dump_to_store", fails)
    with pytest.raises(OSError, match="disk"):
        memory[2][:3].save(path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["points.fps"]


TRUTH = {
    "xstar": np.array([[-0.957504, 0.957504], [0.0, 0.0], [0.957504, -0.957504]], np.float32),
    "inputs": np.zeros((3, 1)),
    "qstar": np.array([0.0, 5.2e-20, 0.0], np.float32),
    "n_iters": np.array([455, 455, 455]),
    "eigval_J_xstar": np.array([[0.166, 0.0], [2.0, 0.0], [0.166, 0.0]], np.complex64),
    "cond_id": np.full(3, np.nan, np.float32),
    "tol_unique": 0.001,
    "dtype": np.float32,
    "n": 3,
    "verbose": False,
    "n_inputs": None,
}


def as_python_2(value):
    """Return a value as the opcodes that Python 2's cPickle writes for it at protocol 2."""
    if value is None or isinstance(value, bool):
        return {None: b"N", True: b"\x88", False: b"\x89"}[value]
    if isinstance(value, int):
        return b"J" + struct.pack("<i", value)
    if isinstance(value, float):
        return b"G" + struct.pack(">d", value)
    if isinstance(value, str | bytes):  # one type in Python 2: bytes
        raw = value.encode() if isinstance(value, str) else value
        short = len(raw) < 256
        return (b"U" + bytes([len(raw)]) if short else b"T" + struct.pack("<i", len(raw))) + raw
    if isinstance(value, tuple):
        return b"(" + b"".join(map(as_python_2, value)) + b"t"
    if isinstance(value, dict):
        return b"}(" + b"".join(as_python_2(k) + as_python_2(v) for k, v in value.items()) + b"u"
    if isinstance(value, np.dtype):
        made = b"cnumpy\ndtype\n" + as_python_2((value.str[1:], 0, 1)) + b"R"
        return made + as_python_2((3, "<", None, None, None, -1, -1, 0)) + b"b"
    if isinstance(value, np.ndarray):
        parts = b"(cnumpy\nndarray\n" + as_python_2((0,)) + as_python_2("b") + b"t"
        made = b"cnumpy.core.multiarray\n_reconstruct\n" + parts + b"R"
        state = (1, value.shape, value.dtype, False, value.tobytes())
        return made + as_python_2(state) + b"b"
    return f"cnumpy\n{value.__name__}\n".encode()


def of_python_2(value=None, body=None):
    return b"\x80\x02" + (as_python_2(value) if body is None else body) + b"."


# Protocol 0 is text; this is the form of the files in the original's repository.
TEXT = rb"""(dp1
S'xstar'
p2
cnumpy.core.multiarray
_reconstruct
p3
(cnumpy
ndarray
p4
(I0
tS'b'
tRp5
(I1
(I1
I2
tcnumpy
dtype
p6
(S'f4'
I0
I1
tRp7
(I3
S'<'
NNNI-1
I-1
I0
tbI00
S'\xfc\x1eu\xbf\xfc\x1eu?'
tbsS'dtype'
p8
cnumpy
float32
p9
sS'tol_unique'
p10
F0.01
s."""


def restored(data, tmp_path):
    (tmp_path / "old.fps").write_bytes(data)
    fps = FixedPoints()
    fps.restore(tmp_path / "old.fps")
    return fps


def check_truth(fps):
    for name in ("xstar", "inputs", "qstar", "n_iters", "eigval_J_xstar"):
        np.testing.assert_array_equal(getattr(fps, name), TRUTH[name])
        assert getattr(fps, name).dtype == TRUTH[name].dtype
    assert fps.cond_id is None
    assert fps.J_xstar is None
    assert (fps.n, fps.n_states, fps.n_inputs, fps.tol_unique) == (3, 2, 1, 0.001)
    assert np.dtype(fps.dtype) == np.float32
    fps.xstar[:] = 0  # arrays of its own


def test_files_that_python_2_pickled_are_read(tmp_path):
    check_truth(restored(of_python_2(TRUTH), tmp_path))
    instance = b"cFixedPoints\nFixedPoints\n)\x81" + as_python_2(TRUTH) + b"b"
    check_truth(restored(of_python_2(body=instance), tmp_path))
    text = restored(TEXT, tmp_path)
    np.testing.assert_allclose(text.xstar, [[-0.957504, 0.957504]], atol=1e-6)
    assert text.tol_unique == 0.01


def test_points_of_an_old_file_are_compared_with_new_ones(tmp_path):
    """The original's own test: what it keeps on file is found, and what is found is on file."""
    truth = restored(of_python_2(TRUTH), tmp_path)
    unique, _ = found(ring(2), normal(64, 2), np.zeros((1, 1)), dtype="float32")
    assert all(fp in truth for fp in unique)
    assert all(fp in unique for fp in truth)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_files_that_python_3_pickled_are_read(protocol, tmp_path):
    check_truth(restored(pickle.dumps(TRUTH, protocol), tmp_path))
    odd = {
        "xstar": np.arange(6.0).reshape(3, 2).astype(">f8"),
        "J_xstar": np.asfortranarray(normal(3, 2, 2)),
        "is_stable": np.array([True, False, True]),
        "tol_unique": np.float64(0.5),
        "dtype": np.dtype("float64"),
    }
    fps = restored(pickle.dumps(odd, protocol), tmp_path)
    for name in ("xstar", "J_xstar", "is_stable"):
        np.testing.assert_array_equal(getattr(fps, name), odd[name])
    assert fps.xstar.dtype == np.float64
    assert (fps.tol_unique, fps.dtype) == (0.5, np.float64)


class Harmful:
    def __reduce__(self):
        return os.mkdir, ("harm",)


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_code_that_a_pickle_names_is_not_run(protocol, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = pickle.dumps({**TRUTH, "x_init": Harmful()}, protocol)
    with pytest.raises(FileFormatError, match=r"old\.fps names (posix|nt)\.mkdir, but only NumPy"):
        restored(data, tmp_path)
    assert not (tmp_path / "harm").exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (of_python_2(body=b"cnumpy\nload\n(U\x01xtR"), "names numpy.load"),
        (of_python_2(body=b"c__builtin__\neval\n(U\x011tR"), "names __builtin__.eval"),
        (of_python_2(body=b"cFixedPoints\nos.system\n."), "names FixedPoints.os.system"),
        (pickle.dumps({"xstar": np.array([[None]])}), "type 'O8'"),
        (pickle.dumps({"xstar": np.zeros((1, 1), [("a", "f4")])}), "type 'V4'"),
        (pickle.dumps({"dtype": np.float32}), "holds no FixedPoints"),
        (pickle.dumps({"xstar": [[1.0]]}), "holds xstar as list, but an array"),
        (pickle.dumps({"xstar": np.ones((1, 1)), "qstar": 0.5}), "holds qstar as float"),
        (pickle.dumps({"xstar": np.ones((1, 1)), "dq": np.float32(0.5)}), "holds dq as float32"),
        (pickle.dumps({"xstar": np.ones((1, 1)), "dq": np.array(0.5)}), "holds dq as ndarray"),
        (pickle.dumps([1, 2]), "neither a file"),
        (of_python_2(TRUTH)[:-40], "neither a file"),
        (b"no pickle", "neither a file"),
        (b"", "neither a file"),
        (b"\x89HDF\r\n\x1a\n cut off", "damaged"),
    ],
)
def test_files_that_hold_something_else_are_refused(data, message, tmp_path):
    (tmp_path / "old.fps").write_bytes(data)
    fps = FixedPoints(np.ones((1, 1)))
    with pytest.raises(FileFormatError, match=message):
        fps.restore(tmp_path / "old.fps")
    assert fps.xstar.tolist() == [[1.0]]


def test_files_of_other_results_and_missing_ones_are_told(memory, tmp_path):
    points = sp.find_fixed_points(memory[0].system, np.zeros((1, 16)), np.zeros(3))
    with pytest.raises(FileFormatError, match=r"stillpoint\.load"):
        FixedPoints().restore(points.save(tmp_path / "points.nc"))
    with pytest.raises(FileNotFoundError):
        FixedPoints().restore(tmp_path / "none.fps")


def test_states_of_an_lstm_may_come_as_a_pair():
    system = load_network("lstm").system
    d = system.state_size // 2
    h, c = np.tanh(normal(20, d)), normal(20, d, seed=1)
    pair, flat = (
        found(system, x, np.zeros(3), max_n_unique=3)[1].xstar for x in ((h, c), np.hstack([h, c]))
    )
    np.testing.assert_array_equal(pair, flat)
    finder = FixedPointFinderTF(system, verbose=False)
    drawn = finder.sample_states((h[None], c[None]), 7)
    assert all((np.hstack([h, c]) == row).all(axis=1).any() for row in drawn)


def test_outliers_in_q_and_in_distance():
    points = FixedPoints(np.array([[0.0], [10.0]]), qstar=np.array([0.1, 1.0]))
    kind, starts = FixedPointFinderTorch, np.array([[0.0], [1.0], [10.0]])
    np.testing.assert_array_equal(kind.identify_q_outliers(points, q_thresh=0.5), [1])
    np.testing.assert_array_equal(kind.identify_q_non_outliers(points, q_thresh=0.5), [0])
    np.testing.assert_array_equal(kind.get_init_non_distance_outliers(starts, 1.0), [0, 1])
    for near in (kind.get_fp_non_distance_outliers, kind.identify_distance_non_outliers):
        np.testing.assert_array_equal(near(points, starts, 1.0), [0])
    with pytest.raises(ArgumentError, match="fps: its qstar is not known"):
        kind.identify_q_outliers(FixedPoints(starts), 1.0)


@pytest.mark.parametrize("kind", [AssertionError, TypeError, ValueError, KeyError])
def test_errors_are_what_scripts_catch(kind):
    with pytest.raises(kind, match=r"^hyper-parameter: got 'tol'"):
        FixedPointFinderTorch(np.tanh, tol=1)
    with pytest.raises(kind, match=r"^fps: got int"):
        FixedPoints(np.zeros((1, 1)))[0] = 3
    with pytest.raises(kind, match=r"^fps: got"):
        plot_fps(3)


def test_a_container_of_nan_takes_all_that_is_known(memory):
    unique, ends = memory[2], memory[3]
    sizes = {"n_states": unique.n_states, "n_inputs": unique.n_inputs}
    fps = FixedPoints(do_alloc_nan=True, n=3, **sizes, dtype=np.float64, dtype_complex=complex)
    assert set(fps.filled()) == set(FixedPoints.row_fields())
    assert not fps.has_decomposed_jacobians
    fps[0], fps[1] = unique[4], ends[7]
    for name, value in unique[4].filled().items():
        np.testing.assert_array_equal(getattr(fps, name)[0], value[0])
    np.testing.assert_array_equal(fps.xstar[1], ends.xstar[7])
    assert np.isnan(fps.eigval_J_xstar[1]).all()
    assert np.isnan(fps.xstar[2]).all()
    assert repr(fps) == "FixedPoints(3 points)"


def test_a_container_is_copied_by_its_fields(memory, capsys):
    unique = memory[2]
    copy = FixedPoints(**unique.kwargs)
    for name, value in unique.filled().items():
        np.testing.assert_array_equal(getattr(copy, name), value)
    assert (copy.tol_unique, copy.dtype) == (unique.tol_unique, unique.dtype)
    assert unique[0].is_single_fixed_point
    assert not unique.is_single_fixed_point
    unique.print_shapes()
    assert f"xstar: {unique.xstar.shape}" in capsys.readouterr().out.splitlines()
    copy.assert_valid_shapes()
    copy.qstar = copy.qstar[:3]
    with pytest.raises(AssertionError, match="qstar: got 3 rows"):
        copy.assert_valid_shapes()
    fields = [unique.filled()[name] for name in ROWS[:4]]
    by_position = FixedPoints(*fields)
    np.testing.assert_array_equal(by_position.F_xstar, unique.F_xstar)
    wide = FixedPoints(unique.xstar, J_xstar=unique.J_xstar, dtype_complex=np.complex128)
    wide.decompose_jacobians()
    assert wide.eigval_J_xstar.dtype == np.complex128
    with pytest.raises(ArgumentError, match="dtype_complex: got float32"):
        FixedPoints(dtype_complex=np.float32)


def test_what_is_not_known_is_neither_stable_nor_decomposed_twice(memory, tmp_path):
    unique = memory[2]
    sizes = {"n_states": unique.n_states, "n_inputs": unique.n_inputs}
    fps = FixedPoints(do_alloc_nan=True, n=2, **sizes, dtype=np.float64, dtype_complex=complex)
    bare = unique[1].filled() | dict.fromkeys(("eigval_J_xstar", "eigvec_J_xstar", "is_stable"))
    fps[0], fps[1] = unique[0], FixedPoints(**bare)
    assert np.isnan(fps.is_stable).tolist() == [False, True]
    fps.save(tmp_path / "part.nc")
    again = FixedPoints()
    again.restore(tmp_path / "part.nc")
    np.testing.assert_array_equal(again.is_stable, fps.is_stable)
    with pytest.raises(ArgumentError, match="state_traj: got None, but 2 points"):
        fps.plot()
    fps.decompose_jacobians()
    np.testing.assert_allclose(fps.eigval_J_xstar, unique.eigval_J_xstar[:2], atol=1e-6)
    np.testing.assert_array_equal(fps.is_stable, unique.is_stable[:2])
    fps.J_xstar, fps.is_stable = None, np.array([1.0, np.nan])
    drawn = fps.plot(memory[1]["hidden"]).axes[0].collections
    assert [cloud.get_label() for cloud in drawn] == ["1 stable", "1 of unknown stability"]
