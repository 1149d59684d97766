"""Scripts written for CANNs' slow-point names: they run, and what they get is true."""

from __future__ import annotations

import os
import pickle
import subprocess
import sys
import warnings
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, FileFormatError, StillpointWarning
from stillpoint.compat.canns import (
    FixedPointFinder,
    FixedPoints,
    PlotConfig,
    load_checkpoint,
    plot_fixed_points_2d,
    plot_fixed_points_3d,
    save_checkpoint,
)
from stillpoint.compat.canns.weights import read_weights
from stillpoint.compat.fixed_point_finder import FixedPoints as TheirTwin
from stillpoint.tasks import FlipFlop, load_network

NETWORK = load_network("tanh")
CONSTANT = np.zeros((1, 3), dtype=np.float32)
EXAMPLE = {
    "method": "joint",
    "max_iters": 5000,
    "lr_init": 0.02,
    "tol_q": 1e-4,
    "final_q_threshold": 1e-6,
    "tol_unique": 1e-2,
    "do_compute_jacobians": True,
    "do_decompose_jacobians": True,
    "outlier_distance_scale": 10.0,
    "verbose": True,
    "super_verbose": True,
}


def memory(inputs, hidden):
    """Run one step of a trained 3-bit memory, as CANNs' models are called."""
    cell = NETWORK.cell
    h = np.tanh(hidden @ cell.W.T + inputs[:, 0] @ cell.B.T + cell.b)
    return h[:, None], h


def found(model, *arguments, hps=None, **options):
    """Search in float64, whether or not some starts are lost on the way."""
    finder = FixedPointFinder(model, **({"verbose": False, "dtype": "float64"} | (hps or {})))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", StillpointWarning)
        return finder.find_fixed_points(*arguments, **options)


@pytest.fixture(scope="module")
def trajectories():
    trials = FlipFlop(steps=64, pulse_probability=0.5).sample(128, np.random.default_rng(42))
    return NETWORK.run(trials.inputs)[0]


@pytest.fixture(scope="module")
def points(trajectories):
    return found(memory, trajectories, CONSTANT, n_inits=1024, noise_scale=0.4)[0]


@pytest.fixture(autouse=True)
def close_figures():
    yield
    plt.close("all")


# -- a script --------------------------------------------------------------------------------------


@pytest.mark.brainpy
def test_the_example_of_the_documentation_runs_to_its_end(tmp_path, capsys):
    bp = pytest.importorskip("brainpy")
    import brainpy.math as bm
    import jax
    import jax.numpy as jnp

    class FlipFlopRNN(bp.DynamicalSystem):
        def __init__(self, n_inputs, n_hidden, n_outputs, seed=0):
            super().__init__()
            k1, k2, k3 = jax.random.split(jax.random.PRNGKey(seed), 3)
            self.w_ih = bm.Variable(jax.random.normal(k1, (n_inputs, n_hidden)) * 0.1)
            self.w_hh = bm.Variable(jax.random.normal(k2, (n_hidden, n_hidden)) * 0.5)
            self.b_h = bm.Variable(jnp.zeros(n_hidden))
            self.w_out = bm.Variable(jax.random.normal(k3, (n_hidden, n_outputs)) * 0.1)
            self.b_out = bm.Variable(jnp.zeros(n_outputs))
            self.h0 = bm.Variable(jnp.zeros(n_hidden))

        def step(self, x_t, h):
            return jnp.tanh(x_t @ self.w_ih.value + h @ self.w_hh.value + self.b_h.value)

        def __call__(self, inputs, hidden=None):
            h = jnp.tile(self.h0.value, (inputs.shape[0], 1)) if hidden is None else hidden
            if inputs.shape[1] == 1:
                h_next = self.step(inputs[:, 0, :], h)
                return (h_next @ self.w_out.value + self.b_out.value)[:, None, :], h_next

            def scan_fn(h_prev, x_t):
                h_next = self.step(x_t, h_prev)
                return h_next, (h_next @ self.w_out.value + self.b_out.value, h_next)

            _, (outputs, hiddens) = jax.lax.scan(scan_fn, h, inputs.transpose(1, 0, 2))
            return outputs.transpose(1, 0, 2), hiddens.transpose(1, 0, 2)

    def train(rnn):
        cell = NETWORK.cell
        rnn.w_ih.value, rnn.w_hh.value = jnp.array(cell.B.T), jnp.array(cell.W.T)
        rnn.b_h.value = jnp.array(cell.b)
        rnn.w_out.value, rnn.b_out.value = jnp.array(NETWORK.C.T), jnp.array(NETWORK.a)

    checkpoint_path = str(tmp_path / "flipflop_rnn_3_bit_checkpoint.msgpack")
    for attempt in range(2):  # the script is run twice; the second time it finds the checkpoint
        rnn = FlipFlopRNN(n_inputs=3, n_hidden=16, n_outputs=3, seed=attempt)
        if load_checkpoint(rnn, checkpoint_path):
            assert attempt == 1
        else:
            assert attempt == 0
            train(rnn)
            save_checkpoint(rnn, checkpoint_path)
    trials = FlipFlop(steps=64, pulse_probability=0.5).sample(128, np.random.default_rng(42))
    outputs, hiddens = rnn(jnp.array(trials.inputs))
    assert FlipFlop().accuracy(np.array(outputs), trials) > 0.99
    hiddens_np = np.array(hiddens)

    finder = FixedPointFinder(rnn, **EXAMPLE)
    unique_fps, all_fps = finder.find_fixed_points(
        state_traj=hiddens_np,
        inputs=np.zeros((1, 3), dtype=np.float32),
        n_inits=1024,
        noise_scale=0.4,
    )
    assert (unique_fps.n, all_fps.n) == (27, 1024)
    assert unique_fps.is_stable.sum() == 8
    assert unique_fps.qstar.max() < 1e-24
    _, still = rnn(jnp.zeros((27, 1, 3)), jnp.array(unique_fps.xstar))
    np.testing.assert_allclose(still, unique_fps.xstar, atol=2e-6)
    unique_fps.print_summary()
    assert "27 fixed points: 8 stable" in capsys.readouterr().out
    for i in range(10):
        assert (np.abs(unique_fps.eigval_J_xstar[i, 0]) < 1) == unique_fps.is_stable[i]

    config_2d = PlotConfig(
        title="FlipFlop Fixed Points (3_bit - 2D PCA)",
        xlabel="PC 1",
        ylabel="PC 2",
        figsize=(10, 8),
        save_path=str(tmp_path / "2d.png"),
        show=False,
    )
    plot_fixed_points_2d(unique_fps, hiddens_np, config=config_2d)
    config_3d = PlotConfig(
        title="FlipFlop Fixed Points (3_bit - 3D PCA)",
        figsize=(12, 10),
        save_path=str(tmp_path / "3d.png"),
        show=False,
    )
    plot_fixed_points_3d(
        unique_fps, hiddens_np, config=config_3d, plot_batch_idx=list(range(30)), plot_start_time=10
    )
    for name in ("2d.png", "3d.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")


def test_with_adam_the_example_ends_near_true_points_alone(trajectories, points):
    finder = FixedPointFinder(NETWORK.system, **EXAMPLE, solver="adam")
    unique, ends = finder.find_fixed_points(trajectories, CONSTANT, n_inits=1024, noise_scale=0.4)
    distance = np.linalg.norm(unique.xstar[:, None] - points.xstar, axis=2).min(axis=1)
    assert 24 <= unique.n <= 28
    assert distance.max() < EXAMPLE["tol_unique"]
    assert np.median(distance) < 1e-6
    assert unique.qstar.max() < EXAMPLE["final_q_threshold"]
    assert len(set(ends.n_iters)) == 1


# -- networks --------------------------------------------------------------------------------------


@pytest.mark.jax
def test_functions_of_every_library_are_read(trajectories, points):
    jnp = pytest.importorskip("jax.numpy")
    cell = NETWORK.cell
    W, B, b = (np.asarray(a) for a in (cell.W.T, cell.B.T, cell.b))

    def in_jax(inputs, hidden):
        h = jnp.tanh(hidden @ W + inputs[:, 0] @ B + b)
        return h[:, None], h

    for model, options in ((in_jax, {}), (NETWORK.system, {"n_inits": 512})):
        drawn = {"n_inits": 1024, "noise_scale": 0.4} | options
        unique, _ = found(model, trajectories, CONSTANT, **drawn)
        assert unique.n >= 25
        assert all(fp in points for fp in unique)
        np.testing.assert_allclose(unique.xstar[:8], points.xstar[:8], atol=1e-10)


def test_results_are_those_of_stillpoint_in_the_precision_that_was_asked_for(trajectories):
    system = NETWORK.system
    unique, ends = found(system, trajectories, CONSTANT, n_inits=200, noise_scale=0.4)
    truth = sp.find_fixed_points(
        system, ends.x_init, np.zeros(3), tol_unique=1e-3, progress=False
    ).near(ends.x_init, 10.0)
    np.testing.assert_array_equal(unique.xstar, truth.xstar)
    np.testing.assert_array_equal(unique.J_xstar, truth.jacobian)
    np.testing.assert_array_equal(unique.is_stable, truth.is_stable)
    assert unique.eigval_J_xstar.dtype == np.complex128
    single, _ = found(system, trajectories, CONSTANT, 200, 0.4, hps={"dtype": "float32"})
    assert (single.xstar.dtype, single.eigval_J_xstar.dtype) == (np.float32, np.complex64)
    np.testing.assert_array_equal(single.is_stable, truth.is_stable)


def test_importing_the_package_imports_no_framework():
    code = (
        "import sys, stillpoint.compat.canns, stillpoint.compat.fixed_point_finder;"
        "print([m for m in ('torch', 'jax', 'brainpy', 'keras', 'flax') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"


# -- settings --------------------------------------------------------------------------------------


def test_settings_have_the_names_and_defaults_of_old():
    defaults = FixedPointFinder.default_hps()
    assert defaults["final_q_threshold"] == 1e-8
    assert (defaults["lr_init"], defaults["lr_patience"], defaults["lr_factor"]) == (1.0, 5, 0.95)
    assert (defaults["tol_q"], defaults["tol_dq"], defaults["tol_unique"]) == (1e-12, 1e-20, 1e-3)
    assert (defaults["max_iters"], defaults["dtype"]) == (5000, "float32")
    with pytest.raises(ArgumentError, match="final_q_threshold"):
        FixedPointFinder(memory, final_q=1.0)
    with pytest.raises(ArgumentError, match="'newton', 'adam'"):
        FixedPointFinder(memory, solver="sgd")


def test_unique_points_have_a_smaller_q_than_the_threshold(trajectories):
    def found_below(threshold):
        options = {"final_q_threshold": threshold}
        return found(memory, trajectories, CONSTANT, 300, 0.4, hps=options)[0]

    q = found_below(0.0).qstar
    assert (q < 1e-8).all()
    assert found_below(1e-8).n == len(q)
    middle = float(np.median(q))  # rounding decides where it lies
    assert 0 < (q < middle).sum() < len(q)
    np.testing.assert_array_equal(found_below(middle).qstar, q[q < middle])


def test_starts_are_states_that_were_valid_with_noise_where_asked(trajectories):
    valid = np.zeros((128, 64), dtype=bool)
    valid[5, 10:40] = True
    _, ends = found(memory, trajectories, CONSTANT, n_inits=30, valid_bxt=valid)
    drawn, allowed = (sorted(map(tuple, x)) for x in (ends.x_init, trajectories[5, 10:40]))
    assert drawn == allowed
    finders = [FixedPointFinder(memory, verbose=False, dtype="float64") for _ in range(2)]
    draws = [
        finder.find_fixed_points(trajectories, CONSTANT, 20)[1].x_init
        for finder in (*finders, finders[0])
    ]
    np.testing.assert_array_equal(draws[0], draws[1])
    assert (draws[0] != draws[2]).any()
    _, noisy = found(lambda u, h: (u, 0.5 * h), np.zeros((4, 9, 40)), [[0.0]], 500, 0.4)
    assert noisy.x_init.std() == pytest.approx(0.4, rel=0.05)


def test_conditions_stay_with_their_points():
    inputs = np.repeat([[0.0], [1.0]], 5, axis=0)
    ids = np.repeat([7, 3], 5)
    model = lambda u, h: (h, 0.5 * h + u[:, 0])  # noqa: E731
    unique, ends = found(model, np.ones((2, 5, 1)), inputs, n_inits=10, cond_ids=ids)
    assert unique.cond_id.tolist() == [7, 3]
    assert ends.cond_id.tolist() == ids.tolist()
    with pytest.raises(ArgumentError, match=r"cond_ids: got shape \(10,\), but \(4,\)"):
        found(model, np.ones((2, 5, 1)), inputs[:4], n_inits=4, cond_ids=ids)


def test_what_did_not_converge_is_told(trajectories):
    finder = FixedPointFinder(memory, solver="adam", max_iters=3, verbose=False)
    with pytest.warns(StillpointWarning, match="of 50 starts 50 gave no fixed point") as told:
        unique, ends = finder.find_fixed_points(trajectories, CONSTANT, 50)
    assert told[0].filename == __file__
    assert (unique.n, ends.n) == (0, 50)
    fig = plot_fixed_points_2d(unique, trajectories, PlotConfig(show=False))
    assert not fig.axes[0].collections


def test_the_container_takes_positions_in_the_order_of_the_tool(points):
    by_position = FixedPoints(
        points.xstar, points.F_xstar, points.x_init, points.inputs, points.qstar
    )
    for name in ("xstar", "F_xstar", "x_init", "inputs", "qstar"):
        np.testing.assert_array_equal(getattr(by_position, name), getattr(points, name))
    assert FixedPoints(inputs=points.inputs).n_inputs == 3


def test_the_container_is_the_twin_of_the_other_one(points):
    assert type(points[:3]) is FixedPoints
    assert set(vars(points)) == set(vars(TheirTwin())) - {"verbose"}
    assert points[4] in TheirTwin(points.xstar, inputs=points.inputs)


# -- figures ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [2, 3])
def test_figures_follow_their_configuration(points, trajectories, dimensions, tmp_path):
    draw = {2: plot_fixed_points_2d, 3: plot_fixed_points_3d}[dimensions]
    path = tmp_path / "figure.pdf"
    config = PlotConfig("title", "x", "y", (4, 3), True, str(path), show=False)
    fig = draw(points, trajectories, config, plot_batch_idx=[3, 5], plot_start_time=10)
    ax = fig.axes[0]
    assert (ax.get_title(), ax.get_xlabel(), ax.get_ylabel()) == ("title", "x", "y")
    assert fig.get_size_inches().tolist() == [4, 3]
    labels = [text.get_text() for text in ax.get_legend().get_texts()]
    assert labels[0] == "8 stable"
    sizes = _lengths(ax, dimensions)
    assert sizes[:2] == [54, 54]
    assert set(sizes[2:]) == {2}
    assert sum(len(cloud.get_offsets()) for cloud in ax.collections) == 27
    assert path.read_bytes().startswith(b"%PDF")
    theirs = SimpleNamespace(**(vars(config) | {"show_legend": False, "save_path": None}))
    bare = draw(points, trajectories, theirs).axes[0]
    assert bare.get_legend() is None
    assert sum(length == 64 for length in _lengths(bare, dimensions)) == 30


def _lengths(ax, dimensions):
    return [
        len((line.get_data_3d() if dimensions == 3 else line.get_data())[0]) for line in ax.lines
    ]


def test_a_figure_is_shown_where_that_is_wanted(points, trajectories, monkeypatch):
    shown = []
    monkeypatch.setattr(plt, "show", lambda: shown.append(1))
    plot_fixed_points_2d(points, trajectories, PlotConfig(show=False))
    assert not shown
    fig = plot_fixed_points_3d(points, trajectories)
    assert shown
    assert "3D" in fig.axes[0].get_title()
    assert fig.axes[0].get_zlabel() == "PC 3"


@pytest.mark.parametrize("draw", [plot_fixed_points_2d, plot_fixed_points_3d])
def test_points_are_drawn_with_what_is_known_of_them(points, trajectories, draw):
    config = PlotConfig(show=False)
    told = FixedPoints(xstar=points.xstar, is_stable=points.is_stable)
    for fps, labels in (
        (told, ["8 stable", "19 unstable"]),
        (FixedPoints(points.xstar), ["27 of unknown stability"]),
    ):
        ax = draw(fps, trajectories, config).axes[0]
        assert [cloud.get_label() for cloud in ax.collections] == labels
        assert sum(len(cloud.get_offsets()) for cloud in ax.collections) == 27
    for nothing in (FixedPoints(), 3):
        with pytest.raises(AssertionError, match="fixed_points"):
            draw(nothing, trajectories, config)


def test_a_figure_is_saved_as_the_settings_say(points, trajectories, tmp_path):
    path = str(tmp_path / "figure.png")
    settings = {"figsize": (2, 1), "save_path": path, "show": False, "save_dpi": 50}
    plot_fixed_points_2d(points, trajectories, PlotConfig.for_static_plot(**settings))
    assert plt.imread(path).shape[:2] == (50, 100)
    settings["savefig_kwargs"] = {"transparent": True}
    fig = plot_fixed_points_2d(points, trajectories, PlotConfig(**settings, rasterized=True))
    assert plt.imread(path)[0, 0, 3] == 0
    assert all(line.get_rasterized() for line in fig.axes[0].lines)
    moving = PlotConfig.for_animation(100, kwargs={"cmap": "jet"})
    assert (moving.time_steps_per_second, moving.to_matplotlib_kwargs()) == (100, {"cmap": "jet"})


# -- checkpoints -----------------------------------------------------------------------------------


class Module:
    """Weights as plain attributes, and modules inside, as BrainPy and BrainState have them."""

    def __init__(self, **members):
        vars(self).update(members)

    def nodes(self):
        raise AssertionError


def module(seed=0, **shapes):
    rng = np.random.default_rng(seed)
    own = shapes or {"w_ih": (3, 4), "b": (4,)}
    model = Module(**{k: rng.standard_normal(v).astype(np.float32) for k, v in own.items()})
    if not shapes:
        model.cell = Module(w_hh=rng.standard_normal((4, 4)), size=(4, np.float32(4.0)))
        model.layers = [{"w": rng.random(2)}, Module(w=rng.random(3), parent=model)]
        model.w_initializer = rng.random((seed + 1, 2))
        model.names = np.array(["a"])
    return model


def values(model):
    return {name: np.array(value) for name, value in read_weights(model).items()}


def check_equal(model, other):
    kept, loaded = values(model), values(other)
    assert set(kept) == set(loaded)
    for name, value in kept.items():
        np.testing.assert_array_equal(loaded[name], value)
        assert loaded[name].dtype == value.dtype


def test_every_weight_comes_back(tmp_path):
    model, other = module(seed=0), module(seed=1)
    path = tmp_path / "new" / "folders" / "model.msgpack"
    assert set(values(model)) == {"w_ih", "b", "cell.w_hh", "layers.0.w", "layers.1.w"}
    assert load_checkpoint(other, path) is False
    shared, before = other.b, other.b.copy()
    save_checkpoint(model, str(path))
    assert load_checkpoint(other, str(path)) is True
    check_equal(model, other)
    np.testing.assert_array_equal(shared, before)  # who else holds the array keeps it


def of_brainpy(batch, seed, **options):
    """Return networks of BrainPy's cells, in training mode, or with weights that are arrays."""
    jax = pytest.importorskip("jax")
    with jax.disable_jit():  # else every weight is a program to compile
        return made_of_brainpy(batch, seed, **options)


def made_of_brainpy(batch, seed, **options):
    bp = pytest.importorskip("brainpy")
    bm = bp.math
    bm.random.seed(seed)
    options |= {"mode": bm.training_mode} if batch else {}

    class Net(bp.DynamicalSystem):
        def __init__(self):
            super().__init__()
            self.cell = bp.dyn.LSTMCell(3, 4, **options)
            self.out = bp.dnn.Dense(4, 2, b_initializer=bp.init.Normal(), **options)
            self.norm = bp.dnn.BatchNorm1d(4, mode=bm.training_mode)
            self.norm.running_mean[:] = bm.random.random(4)
            self.own = bm.Variable(bm.random.random(4))
            self.noise = bm.random.RandomState(seed)

    nets = [
        bp.dyn.RNNCell(3, 4, **options),
        bp.dyn.GRUCell(3, 4, **options),
        bp.Sequential(bp.dyn.GRUCell(3, 4, **options), bp.dnn.Dense(4, 2, **options)),
        Net(),
    ]
    for net in nets if batch else ():
        bp.reset_state(net, batch)
    return nets


@pytest.mark.brainpy
@pytest.mark.parametrize("batches", [(0, 0), (5, 2), (5, 0), (0, 5)])
def test_brainpys_networks_come_back_whatever_their_batch(batches, tmp_path):
    pairs = zip(of_brainpy(batches[0], 0), of_brainpy(batches[1], 1), strict=True)
    for model, other in pairs:
        kept = {name: variable.value for name, variable in hidden_of(other).items()}
        assert len(values(model)) >= 3
        save_checkpoint(model, tmp_path / "model")
        assert load_checkpoint(other, tmp_path / "model") is True
        check_equal(model, other)
        assert all(variable.value is kept[name] for name, variable in hidden_of(other).items())


def hidden_of(model):
    found = model.vars(method="relative")
    return {name: variable for name, variable in found.items() if name.endswith("state")}


@pytest.mark.brainpy
def test_a_loaded_cell_of_brainpy_makes_the_steps_of_the_saved_one(tmp_path):
    pytest.importorskip("brainpy")
    (_, model, *_), (_, other, *_) = of_brainpy(0, 0), of_brainpy(0, 1)
    save_checkpoint(model, tmp_path / "model")
    load_checkpoint(other, tmp_path / "model")
    x, u = np.ones((1, 4)), np.ones((1, 3))
    np.testing.assert_array_equal(*(sp.as_system(m).step(x, u) for m in (model, other)))
    assert type(other.Wi) is type(model.Wi)
    assert type(other.b) is type(model.b)


@pytest.mark.brainpy
@pytest.mark.parametrize("kind", ["ValinaRNNCell", "GRUCell", "LSTMCell"])
def test_cells_of_brainstate_come_back_whatever_their_batch(kind, tmp_path):
    bs = pytest.importorskip("brainstate")
    cells = [getattr(bs.nn, kind)(3, 4) for _ in range(2)]
    for cell, batch in zip(cells, (5, 2), strict=True):
        cell.extra = np.random.default_rng(batch).random(2)
        bs.nn.init_all_states(cell, batch)
    path = tmp_path / "model"
    before = values(cells[1])
    assert set(before) >= {"extra"}
    save_checkpoint(cells[0], path)
    assert load_checkpoint(cells[1], path) is True
    check_equal(*cells)
    assert any((before[name] != value).any() for name, value in values(cells[1]).items())
    assert cells[1].h.value.shape == (2, 4)


@pytest.mark.torch
def test_models_of_other_libraries_are_refused(tmp_path):
    torch = pytest.importorskip("torch")
    with pytest.raises(ArgumentError, match="model: GRUCell shows no weights"):
        save_checkpoint(torch.nn.GRUCell(2, 3), tmp_path / "model")


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ({"w_ih": (3, 4), "b": (4,), "w_out": (4, 3), "b_out": (3,)}, "lacks b_out, w_out"),
        ({"w_ih": (3, 4), "b": (4,)}, r"also holds cell\.w_hh, layers\.0\.w, layers\.1\.w"),
        ({"w_ih": (3, 5), "b": (4,)}, r"w_ih has shape \(3, 4\) instead of \(3, 5\)"),
    ],
)
def test_a_checkpoint_of_another_model_is_refused_and_nothing_is_loaded(shapes, message, tmp_path):
    save_checkpoint(module(), tmp_path / "model")
    other = module(seed=1, **shapes)
    before = values(other)
    with pytest.raises(FileFormatError, match=message):
        load_checkpoint(other, tmp_path / "model")
    for name, value in before.items():
        np.testing.assert_array_equal(values(other)[name], value)


def test_files_that_are_no_checkpoints_are_refused(tmp_path):
    path = tmp_path / "model"
    save_checkpoint(module(), path)
    whole = path.read_bytes()
    assert b"numpy" not in whole  # as a pickle would say
    np.savez(tmp_path / "objects.npz", w_ih=np.array([{}]))
    objects = (tmp_path / "objects.npz").read_bytes()
    for data in (b"", whole[: len(whole) // 2], pickle.dumps({"w_ih": 1}), objects):
        path.write_bytes(data)
        with pytest.raises(FileFormatError, match="holds no checkpoint"):
            load_checkpoint(module(), path)


@pytest.mark.brainpy
def test_checkpoints_of_canns_are_read(tmp_path):
    bp = pytest.importorskip("brainpy")

    class Network(bp.DynamicalSystem):
        def __init__(self, seed):
            super().__init__()
            bp.math.random.seed(seed)
            self.w = bp.math.Variable(bp.math.random.rand(2))
            self.out = bp.dnn.Dense(3, 2, mode=bp.math.training_mode)
            self.rnn = bp.dyn.RNNCell(2, 3, mode=bp.math.TrainingMode(1))

    saved, path = Network(1), tmp_path / "old.msgpack"
    bp.checkpoints.save_pytree(str(path), bp.save_state(saved), overwrite=True, verbose=False)
    wanted = {name: np.array(value) for name, value in read_weights(saved).items()}
    other = Network(2)  # whose modules have other numbers
    assert not np.array_equal(read_weights(other)["w"], wanted["w"])
    for model in (saved, other):
        assert load_checkpoint(model, path)
        for name, value in read_weights(model).items():
            np.testing.assert_array_equal(value, wanted[name])
    assert any(value.any() for value in wanted.values())


@pytest.mark.brainpy
def test_checkpoints_of_brainstate_are_read_without_hidden_states(tmp_path):
    brainstate = pytest.importorskip("brainstate")
    msgpack_save = pytest.importorskip("braintools").file.msgpack_save

    class Network(brainstate.nn.Module):
        def __init__(self, d=3):
            super().__init__()
            self.lin = brainstate.nn.Linear(2, d)
            self.h = brainstate.HiddenState(np.full(4, 7.0, np.float32))

    saved, other, path = Network(), Network(), tmp_path / "old.msgpack"
    msgpack_save(str(path), brainstate.graph.states(saved).to_nest())
    other.h.value = np.zeros(5, np.float32)  # of another batch
    assert load_checkpoint(other, path)
    for name, value in read_weights(other).items():
        np.testing.assert_array_equal(value, read_weights(saved)[name])
    assert not other.h.value.any()
    with pytest.raises(FileFormatError, match=r"lin.weight.weight has shape \(2, 3\) instead"):
        load_checkpoint(Network(5), path)
    path.write_bytes(path.read_bytes()[:-5])
    with pytest.raises(FileFormatError, match="holds no checkpoint, neither of"):
        load_checkpoint(other, path)


def test_a_failed_save_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    path = tmp_path / "model"
    save_checkpoint(module(), path)
    before = path.read_bytes()

    def fails(file, **_):
        file.write(b"half")
        raise OSError("the disk is full")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(OSError, match="disk"):
        save_checkpoint(module(seed=1), path)
    assert path.read_bytes() == before
    assert os.listdir(tmp_path) == ["model"]


def test_models_that_show_no_numbers_are_told(tmp_path):
    odd = module(b=())
    odd.b = np.zeros(2, dtype=[("a", "f4")])
    for model in (object(), Module(names=np.array(["a"])), odd):
        with pytest.raises(ArgumentError, match="model: "):
            save_checkpoint(model, tmp_path / "model")
    assert not os.listdir(tmp_path)


def test_settings_by_position_are_in_the_order_of_the_tool():
    finder = FixedPointFinder(lambda u, h: (None, h), "joint", 100, 1e-9, verbose=False)
    assert (finder.method, finder.max_iters, finder.tol_q) == ("joint", 100, 1e-9)
