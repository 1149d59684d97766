"""The Keras adapter: what is special beside the steps that test_framework_cells.py compares."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import warnings

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, StillpointWarning, UnsupportedModelError
from stillpoint._core.arrays import to_numpy
from stillpoint.frameworks.base import ModelSpec, adapter
from stillpoint.tasks import FlipFlop, load_network

keras = pytest.importorskip("keras")
from cells_of_keras import BACKEND, Adapting, Doubled, Leaky, built, double_allowed  # noqa: E402

layers = keras.layers
pytestmark = pytest.mark.keras


def rng(seed=0):
    return np.random.default_rng(seed)


@contextlib.contextmanager
def any_precision():
    """Let a cell be read in float32: on JAX and torch many of Keras' functions know no other."""
    with warnings.catch_warnings():
        if BACKEND != "tensorflow":
            warnings.simplefilter("ignore", StillpointWarning)
        yield


def on_host(tensor):
    return to_numpy(getattr(tensor, "value", tensor))


def snapshot(cell):
    """Return everything about a cell that reading it could change."""
    return [
        (
            (layer.name, layer.built, layer.trainable, layer.dtype_policy.name),
            getattr(layer, "dropout", None),
            getattr(layer, "_dropout_mask", None),
            [(id(weight), on_host(weight).tobytes()) for weight in layer.weights],
        )
        for layer in cell._flatten_layers()
    ]


# -- a trained network -----------------------------------------------------------------------------


def test_a_trained_gru_has_the_points_of_the_network_it_came_from():
    network = load_network("gru")
    r_z_n = [np.split(values, 3) for values in (network.cell.W, network.cell.B, network.cell.b)]
    W, B, b = (np.concatenate([z, r, n]) for r, z, n in r_z_n)
    d = network.cell.state_size
    recurrent = np.concatenate([np.zeros(2 * d), network.cell.c])
    with double_allowed():
        layer = built(layers.GRU(d, dtype="float64"), rng(), (None, None, 3))
        layer.set_weights([B.T, W.T, np.stack([b, recurrent])])
    states, _ = network.run(FlipFlop().sample(128, rng()).inputs)
    starts = sp.sample_states(states, 1024, noise=0.75 * states.std())
    found, expected = (
        sp.find_fixed_points(system, starts, np.zeros(3), rounds=5)
        for system in (sp.as_system(layer), network.system)
    )
    assert len(found) == len(expected) == 27
    distances = np.abs(found.xstar[:, None] - expected.xstar).max(axis=2)
    assert distances.min(axis=1).max() < 1e-8


# -- states ----------------------------------------------------------------------------------------


def test_states_are_split_as_keras_keeps_them():
    lstm = sp.as_system(built(layers.LSTMCell(4), rng(), gain=0.3))
    assert list(lstm.state_regions) == ["h", "c"]
    h, c = sp.find_fixed_points(lstm, np.zeros((1, 8)), np.zeros(3)).unpack()
    assert h.shape == c.shape == (1, 4)
    cells = [layers.GRUCell(4), layers.LSTMCell(2)]
    stack = sp.as_system(built(layers.StackedRNNCells(cells), rng()))
    rows = rng().normal(size=(5, 8))
    first, (h, c) = stack.unpack(rows)
    np.testing.assert_array_equal(np.concatenate([first, h, c], axis=1), rows)
    assert "layer1.c" in stack.state_regions


def test_a_stack_of_one_cell():
    with any_precision():
        system = sp.as_system(built(layers.StackedRNNCells([Leaky(4)]), rng()))
    alone = built(Leaky(4), rng())
    with any_precision():
        expected = sp.as_system(alone)
    x, u = rng(1).normal(size=(5, 4)), rng(2).normal(size=(5, 3))
    np.testing.assert_allclose(system.step(x, u), expected.step(x, u), rtol=0, atol=1e-6)


# -- cells that are called -------------------------------------------------------------------------


@pytest.mark.parametrize("make", [Leaky, Adapting, Doubled, lambda d: layers.GRUCell(d, "elu")])
def test_a_float32_cell_is_called_in_the_best_precision_there_is(make):
    cell = built(make(4), rng())
    with any_precision():
        system = sp.as_system(cell)
    assert BACKEND != "tensorflow" or system.dynamics.arrays.resolution < 1e-15
    x, u = rng(1).normal(size=(5, system.state_size)), rng(2).normal(size=(5, 3))
    kept = keras.tree.map_structure(
        lambda part: keras.ops.convert_to_tensor(part, "float32"), system.unpack(x)
    )
    states = kept if isinstance(kept, list | tuple) else [kept]
    new = cell(keras.ops.convert_to_tensor(u, "float32"), states)[1]
    flat = np.concatenate([on_host(part) for part in new], axis=1)
    np.testing.assert_allclose(system.step(x, u), flat, rtol=0, atol=1e-5)
    shifted = x + 1e-3 * (np.arange(system.state_size) == 0)
    slope = (system.step(shifted, u) - system.step(x, u)) / 1e-3
    np.testing.assert_allclose(system.jacobian(x, u)[:, :, 0], slope, rtol=0, atol=2e-2)


def test_a_cell_that_casts_to_float32_says_so():
    class Casting(Leaky):
        def call(self, inputs, states):
            output, (new,) = super().call(inputs, states)
            return output, [keras.ops.cast(new, "float32")]

    with pytest.warns(StillpointWarning, match="float32"):
        sp.as_system(built(Casting(4), rng()))


@pytest.mark.parametrize(
    "make",
    [
        lambda: layers.GRUCell(4, dropout=0.5, recurrent_dropout=0.5),
        lambda: layers.SimpleRNNCell(4, "elu", dropout=0.5, recurrent_dropout=0.5),
        lambda: layers.StackedRNNCells([layers.LSTMCell(4), Leaky(3)]),
        lambda: Adapting(4),
    ],
    ids=["GRUCell", "elu", "stack", "user"],
)
def test_the_cell_is_left_as_it_was(make):
    cell = built(make(), rng())
    before, policy = snapshot(cell), keras.config.dtype_policy().name
    with any_precision():
        system = sp.as_system(cell)
    x = rng(1).normal(size=(5, system.state_size))
    system.jacobian(x, np.zeros(3))
    step = system.step(x, np.zeros(3))
    np.testing.assert_array_equal(step, system.step(x, np.zeros(3)))
    assert snapshot(cell) == before
    assert keras.config.dtype_policy().name == policy
    cell.set_weights([0 * np.ones(weight.shape) for weight in cell.weights])
    np.testing.assert_array_equal(step, system.step(x, np.zeros(3)))


def test_reading_a_cell_draws_no_random_numbers():
    code = """if True:
        import random, warnings, keras, stillpoint
        cell = keras.layers.SimpleRNNCell(2, "elu", dropout=0.5)
        cell.build((None, 1))
        state = random.getstate()
        warnings.simplefilter("ignore")
        stillpoint.as_system(cell)
        assert random.getstate() == state
    """  # a process of its own, as the type checker of the tests draws some
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.skipif(BACKEND != "jax", reason="Keras' tanh goes through float32 on JAX")
def test_lost_digits_are_noticed():
    with double_allowed():
        cell = built(Leaky(4, dtype="float64"), rng())
    with pytest.warns(StillpointWarning, match="float32"):
        sp.as_system(cell)


def test_a_configuration_that_does_not_tell_all_is_noticed():
    class Forgetful(Leaky):
        def get_config(self):
            return {"units": self.units}

    with pytest.raises(UnsupportedModelError, match="get_config hold all arguments"):
        sp.as_system(built(Forgetful(4, leak=0.1), rng()))


class Noisy(Leaky):
    """A cell with noise of its own, however it is called."""

    def __init__(self, units, **options):
        super().__init__(units, **options)
        self.seed = keras.random.SeedGenerator(3)

    def call(self, inputs, states):
        _, (new,) = super().call(inputs, states)
        new = new + keras.random.normal(new.shape, seed=self.seed, dtype=new.dtype)
        return new, [new]


def test_noise_is_refused_and_its_seed_stays():
    cell = built(Noisy(4), rng())
    before = on_host(cell.seed.state).tolist()
    with pytest.raises(UnsupportedModelError, match=r"Noisy returned two different .*noise"):
        sp.as_system(cell)
    assert on_host(cell.seed.state).tolist() == before


def test_sizes_may_be_of_any_integer_type():
    with any_precision():
        dynamics, _ = adapter("keras").read_model(
            built(Leaky(4), rng()), ModelSpec(None, np.int64(3))
        )
    assert (type(dynamics.input_size), dynamics.input_size) == (int, 3)


def test_a_class_without_keywords_is_copied():
    class Plain(Leaky):
        def __init__(self, units):
            super().__init__(units)

    with any_precision():
        assert sp.as_system(built(Plain(4), rng())).state_size == 4


# -- what is no cell -------------------------------------------------------------------------------


class Mixing(Leaky):
    def call(self, inputs, states):  # noqa: ARG002
        new = states[0] - keras.ops.mean(states[0], axis=0)
        return new, [new]


def whole_model():
    inputs = keras.Input((None, 3))
    return keras.Model(inputs, layers.Dense(1)(layers.GRU(4, name="memory")(inputs)))


def coarse_gru():
    return layers.GRUCell(4, dtype="float16", recurrent_initializer="zeros")


REFUSED = {
    "not built": (lambda: layers.GRUCell(4), r"cell\.build"),
    "stack not built": (lambda: layers.RNN([layers.GRUCell(4), Leaky(3)]), r"layer\.build"),
    "bidirectional": (lambda: layers.Bidirectional(layers.GRU(4)), "both ends"),
    "backwards": (lambda: layers.GRU(4, go_backwards=True), r"model\.cell"),
    "no cell": (lambda: layers.Dense(4), "no recurrent cell"),
    "model": (whole_model, r"get_layer\('memory'\)"),
    "float16": (lambda: built(coarse_gru(), rng()), "kernel of GRUCell is float16"),
    "bfloat16": (lambda: built(Leaky(4, dtype="bfloat16"), rng()), "kernel of Leaky is bfloat16"),
    "mixing": (lambda: built(Mixing(4), rng()), "mixes the rows"),
}


@pytest.mark.parametrize(("make", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_cell_is_refused(make, message):
    with pytest.raises(UnsupportedModelError, match=message):
        sp.as_system(make())


@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("make", [layers.GRUCell, Leaky], ids=["read", "called"])
def test_cells_of_mixed_precision_are_analysed_as_what_they_store(make, policy):
    mixed, full = (built(make(4, dtype=dtype), rng()) for dtype in (policy, "float32"))
    with any_precision():
        system, expected = sp.as_system(mixed), sp.as_system(full)
    assert system.dynamics.arrays == expected.dynamics.arrays
    x, u = rng(1).normal(size=(5, 4)), rng(2).normal(size=(5, 3))
    np.testing.assert_array_equal(system.step(x, u), expected.step(x, u))
    assert mixed.dtype_policy.name == policy


def test_wrong_arguments_are_named():
    cell = built(layers.GRUCell(4), rng())
    with pytest.raises(ArgumentError, match="state_size: got 3"):
        sp.as_system(cell, state_size=3)
    with pytest.raises(ArgumentError, match="state: GRUCell tells this itself"):
        sp.as_system(cell, state=np.zeros(4))
    broken = built(Leaky(4), rng())
    broken.set_weights([np.nan * np.ones(weight.shape) for weight in broken.weights])
    with pytest.raises(ArgumentError, match="NaN"):
        sp.as_system(broken)


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_a_cell_whose_call_was_replaced_is_refused(dropout):
    cell = built(layers.GRUCell(3, dropout=dropout, recurrent_dropout=dropout), rng())
    sp.as_system(cell)
    assert (cell.dropout, cell.recurrent_dropout) == (dropout, dropout)
    assert getattr(cell, "_dropout_mask", None) is None
    plain = cell.call
    cell.call = lambda inputs, states, training=False: plain(2 * inputs, states, training)
    with pytest.raises(UnsupportedModelError, match=r"a call of this GRUCell takes another step"):
        sp.as_system(cell)


def test_what_is_known_of_a_called_cell_is_taken():
    with any_precision():
        assert sp.as_system(built(Leaky(3), rng()), lefschetz=1).lefschetz == 1
    with pytest.raises(ArgumentError, match=r"lefschetz: GRUCell tells this itself"):
        sp.as_system(built(layers.GRUCell(3), rng()), lefschetz=1)


def test_a_layer_with_a_call_of_its_own_is_not_its_cell():
    class Squashing(layers.GRU):
        def call(self, sequence, **options):
            return super().call(keras.ops.tanh(sequence), **options)

    with pytest.raises(UnsupportedModelError, match=r"Squashing has a `call` of its own"):
        sp.as_system(built(Squashing(3), rng(), (None, None, 3)))
