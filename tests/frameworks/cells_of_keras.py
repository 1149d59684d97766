"""Keras' recurrent cells, on the backend that KERAS_BACKEND names."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import keras
import numpy as np
import pytest
from framework_cells import Case, Network
from keras import layers
from keras.src.backend.common import dtypes

BACKEND = keras.backend.backend()


def double_allowed():
    """Return a context in which the backend has float64."""
    if BACKEND != "jax":
        return contextlib.nullcontext()
    import jax

    return jax.enable_x64(True)


@contextlib.contextmanager
def all_digits():
    """Let Keras' functions keep float64 on JAX and torch, where they go through float32."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("float64", "complex128"):
            patch.setitem(dtypes.BIT64_TO_BIT32_DTYPE, name, name)
        yield


class Leaky(layers.Layer):
    """A cell as in the documentation of `keras.layers.RNN`, with a leak and without get_config."""

    def __init__(self, units, leak=0.5, **kwargs):
        super().__init__(**kwargs)
        self.units, self.leak, self.state_size = units, leak, units

    def build(self, input_shape):
        self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
        self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")

    def call(self, inputs, states):
        drive = keras.ops.tanh(inputs @ self.kernel + states[0] @ self.recurrent)
        new = states[0] + self.leak * (drive - states[0])
        return new, [new]


class Adapting(layers.Layer):
    """A cell of two variables of different sizes, a tuple, with a layer inside and dropout."""

    def __init__(self, units, **kwargs):
        super().__init__(**kwargs)
        self.units, self.state_size, self.output_size = units, (units, 1), units
        self.dense = layers.Dense(units, activation="tanh", dtype=self.dtype_policy)
        self.dropout = layers.Dropout(0.5, dtype=self.dtype_policy)

    def build(self, input_shape):
        self.dense.build((None, input_shape[-1] + self.units))

    def call(self, inputs, states, training=False):
        h, a = states
        drive = self.dense(keras.ops.concatenate([inputs, h], axis=-1) - a)
        new = self.dropout(drive, training=training)
        return 2 * new, (new, 0.9 * a + 0.1 * keras.ops.mean(new, axis=-1, keepdims=True))


class Doubled(layers.GRUCell):
    """A subclass that computes something else than its base."""

    def call(self, inputs, states, training=False):
        output, new = super().call(inputs, states, training=training)
        return output, keras.tree.map_structure(lambda h: 2 * h, new)


def built(layer, rng: np.random.Generator, shape=(None, 3), gain: float = 1.0):
    """Return a cell or layer with random weights, biases too."""
    layer.build(shape)
    layer.set_weights([gain * rng.normal(size=weight.shape) for weight in layer.weights])
    return layer


def _network(make: Callable[[], layers.Layer], rng: np.random.Generator) -> Network:
    with double_allowed():
        model = make()
        shape = (None, None, 3) if isinstance(model, layers.RNN) else (None, 3)
        cell = getattr(built(model, rng, shape), "cell", model)

    def step(state, u):
        # Keras takes the state of one variable bare or in a list; a cell of the user, in a list.
        bare = not isinstance(state, list | tuple)
        with all_digits():
            new = cell(u, [state] if bare else state)[1]
        return new[0] if bare and isinstance(new, list) else new

    return Network(model, step, BACKEND)


def _case(name: str, make: Callable[[], layers.Layer], *, closed_form: bool = True) -> Case:
    return Case("Keras", name, lambda rng: _network(make, rng), closed_form)


def _stack(*cells) -> layers.StackedRNNCells:
    return layers.StackedRNNCells(cells, dtype="float64")


DOUBLE = {"dtype": "float64"}

CASES = [
    *(
        _case(f"SimpleRNNCell, {phi}", lambda phi=phi: layers.SimpleRNNCell(5, phi, **DOUBLE))
        for phi in ("tanh", "relu", "sigmoid", "softplus", "linear")
    ),
    _case("SimpleRNNCell, no bias", lambda: layers.SimpleRNNCell(5, use_bias=False, **DOUBLE)),
    _case(
        "SimpleRNNCell, elu",
        lambda: layers.SimpleRNNCell(5, "elu", dropout=0.5, recurrent_dropout=0.5, **DOUBLE),
        closed_form=False,
    ),
    _case("SimpleRNN", lambda: layers.SimpleRNN(5, **DOUBLE)),
    _case("GRUCell", lambda: layers.GRUCell(5, **DOUBLE)),
    _case("GRUCell, no bias", lambda: layers.GRUCell(5, use_bias=False, **DOUBLE)),
    _case("GRUCell, reset_after=False", lambda: layers.GRUCell(5, reset_after=False, **DOUBLE)),
    _case(
        "GRUCell, reset_after=False, no bias",
        lambda: layers.GRUCell(5, reset_after=False, use_bias=False, **DOUBLE),
    ),
    _case(
        "GRUCell, hard_sigmoid",
        lambda: layers.GRUCell(5, recurrent_activation="hard_sigmoid", **DOUBLE),
        closed_form=False,
    ),
    _case("GRU", lambda: layers.GRU(5, return_sequences=True, dropout=0.5, **DOUBLE)),
    _case("LSTMCell", lambda: layers.LSTMCell(5, **DOUBLE)),
    _case("LSTMCell, no bias", lambda: layers.LSTMCell(5, use_bias=False, **DOUBLE)),
    _case(
        "LSTMCell, hard_sigmoid",
        lambda: layers.LSTMCell(5, recurrent_activation="hard_sigmoid", **DOUBLE),
        closed_form=False,
    ),
    _case("LSTM", lambda: layers.LSTM(5, unit_forget_bias=False, **DOUBLE)),
    _case(
        "StackedRNNCells",
        lambda: _stack(
            layers.LSTMCell(4, **DOUBLE),
            layers.GRUCell(3, **DOUBLE),
            layers.SimpleRNNCell(2, "relu", **DOUBLE),
        ),
    ),
    _case(
        "StackedRNNCells with a cell of the user",
        lambda: _stack(layers.LSTMCell(4, **DOUBLE), Leaky(3, **DOUBLE)),
        closed_form=False,
    ),
    _case(
        "RNN of StackedRNNCells",
        lambda: layers.RNN(_stack(layers.GRUCell(4, **DOUBLE), layers.LSTMCell(3, **DOUBLE))),
    ),
    _case("a leaky cell of the user", lambda: Leaky(5, leak=0.25, **DOUBLE)),
    _case("RNN of a user's leaky cell", lambda: layers.RNN(Leaky(5, **DOUBLE))),
    _case("a cell of two variables", lambda: Adapting(4, **DOUBLE), closed_form=False),
    _case("a subclass of GRUCell", lambda: Doubled(4, **DOUBLE), closed_form=False),
]
if BACKEND != "tensorflow":  # the others call Keras' functions, which have no float64 there
    CASES = [case for case in CASES if case.closed_form and "user" not in case.cell]
