"""Files that Keras wrote, against the layers that they were saved from."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, UnsupportedModelError

keras = pytest.importorskip("keras")
layers = keras.layers
pytestmark = [
    pytest.mark.keras,
    pytest.mark.filterwarnings("ignore:You are saving", "ignore:__array__ impl"),  # by Keras
]

FORMATS = ("net.keras", "net.h5", "net.weights.h5")


def model_of(*parts):
    """Return a model with random weights, biases too."""
    model = keras.Sequential([keras.Input((None, 3)), *parts])
    rng = np.random.default_rng(0)
    model.set_weights([rng.normal(size=weight.shape) for weight in model.weights])
    return model


def saved(tmp_path, name, model):
    (model.save_weights if "weights" in name else model.save)(tmp_path / name)
    return tmp_path / name


def assert_same_steps(system, layer):
    """Against what reads the layer, which is tested against Keras; weights are float32."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("stillpoint.frameworks.keras.adapter.check_canonical", lambda *_: None)
        expected = sp.as_system(layer)
    assert type(system.dynamics) is type(expected.dynamics)
    x = np.random.default_rng(1).normal(size=(7, expected.state_size))
    u = np.random.default_rng(2).normal(size=(7, expected.input_size))
    assert np.abs(system.step(x, u) - expected.step(x, u)).max() < 1e-15


LAYERS = {
    "SimpleRNN": (lambda: layers.SimpleRNN(4), {"phi": "tanh"}),
    "SimpleRNN, relu": (lambda: layers.SimpleRNN(4, "relu", use_bias=False), {"phi": "relu"}),
    "GRU": (lambda: layers.GRU(4), {}),
    "GRU, reset before": (lambda: layers.GRU(4, reset_after=False), {}),
    "GRU, no bias": (lambda: layers.GRU(4, use_bias=False), {"cell": "gru"}),
    "GRU, reset before, no bias": (
        lambda: layers.GRU(4, reset_after=False, use_bias=False),
        {"cell": "reset_before_gru"},
    ),
    "LSTM": (lambda: layers.LSTM(4), {}),
    "LSTM, no bias": (lambda: layers.LSTM(4, use_bias=False), {}),
    "RNN of a cell": (lambda: layers.RNN(layers.GRUCell(4, reset_after=True)), {}),
}


@pytest.mark.parametrize("name", LAYERS)
@pytest.mark.parametrize("file", FORMATS)
def test_a_file_has_the_steps_of_its_layer(file, name, tmp_path):
    make, told = LAYERS[name]
    layer = make()
    path = saved(tmp_path, file, model_of(layer, layers.Dense(2)))
    if "weights" not in file:
        assert_same_steps(sp.read_weights(path), layer)  # the configuration tells
    assert_same_steps(sp.as_system(path, **told), layer)


def test_keras_agrees_itself(tmp_path):
    layer = layers.GRU(4, return_sequences=True)
    model = model_of(layer)
    system = sp.read_weights(saved(tmp_path, "net.keras", model))
    u = np.random.default_rng(0).normal(size=(5, 6, 3)).astype(np.float32)
    expected = np.asarray(keras.ops.convert_to_numpy(model(u)))
    assert np.abs(system.simulate(np.zeros((5, 4)), u)[:, -6:] - expected).max() < 1e-5


@pytest.mark.parametrize("file", FORMATS)
def test_several_layers_are_listed_and_chosen_by_their_names(file, tmp_path):
    below = layers.GRU(4, return_sequences=True, name="below")
    above = layers.LSTM(5, name="above")
    path = saved(tmp_path, file, model_of(below, above))
    with pytest.raises(ArgumentError, match=r"prefix: got None.*'(below|above)\."):
        sp.read_weights(path)
    assert_same_steps(sp.read_weights(path, prefix="below"), below)
    assert_same_steps(sp.read_weights(path, prefix="above"), above)


def test_weights_alone_leave_open_what_a_model_tells(tmp_path):
    path = saved(tmp_path, "net.weights.h5", model_of(layers.SimpleRNN(4)))
    with pytest.raises(ArgumentError, match="phi: got None"):
        sp.read_weights(path)
    path = saved(tmp_path, "gru.weights.h5", model_of(layers.GRU(4, use_bias=False)))
    with pytest.raises(ArgumentError, match="cell: got None"):
        sp.read_weights(path)


class Doubled(layers.GRU):
    """A layer that may compute something else than its base."""


REFUSED = {
    "both ends": lambda: layers.Bidirectional(layers.LSTM(4), merge_mode="sum"),
    "go_backwards": lambda: layers.GRU(4, go_backwards=True),
    "'hard_sigmoid' and 'tanh'": lambda: layers.GRU(4, recurrent_activation="hard_sigmoid"),
    "'elu', which is none of tanh": lambda: layers.SimpleRNN(4, "elu"),
    "its class, Doubled, is not one of Keras' own": lambda: Doubled(4),
}


@pytest.mark.parametrize("file", FORMATS[:2])
@pytest.mark.parametrize("words", REFUSED)
def test_what_has_no_known_step_is_refused(words, file, tmp_path):
    with pytest.raises(UnsupportedModelError, match=words):
        sp.read_weights(saved(tmp_path, file, model_of(REFUSED[words]())))


def test_what_the_file_tells_is_not_to_be_contradicted(tmp_path):
    path = saved(tmp_path, "net.keras", model_of(layers.SimpleRNN(4)))
    with pytest.raises(ArgumentError, match="phi: got 'relu', but the file says 'tanh'"):
        sp.read_weights(path, phi="relu")
