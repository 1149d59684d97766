"""Flax's recurrent cells, of both its libraries, and cells of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import linen, nnx
from framework_cells import Case, Network

D, M = 5, 3  # units, inputs


def randomized(tree: Any, rng: np.random.Generator) -> Any:
    """Return a nest of float32 arrays with other values; biases are not zero."""
    return jax.tree.map(
        lambda a: (
            jnp.asarray(0.7 * rng.normal(size=a.shape), dtype=np.float32)
            if jnp.issubdtype(a.dtype, jnp.floating)
            else a
        ),
        tree,
    )


# -- nnx ------------------------------------------------------------------------------------------


class OwnNNXCell(nnx.RNNCellBase):
    """A cell of one's own: a leaky unit and a trace of it, in a dictionary."""

    def __init__(self, *, rngs):
        self.in_features = M
        self.recurrent = nnx.Linear(D, D, rngs=rngs)
        self.read = nnx.Linear(M, D, rngs=rngs)
        self.dropout = nnx.Dropout(0.5, rngs=rngs)

    def __call__(self, carry, inputs):
        drive = self.recurrent(self.dropout(jnp.tanh(carry["v"]))) + self.read(inputs)
        v = 0.8 * carry["v"] + 0.2 * (drive - carry["trace"])
        return {"v": v, "trace": 0.9 * carry["trace"] + 0.1 * v}, v

    def initialize_carry(self, input_shape, rngs=None, carry_init=None):  # noqa: ARG002
        zeros = jnp.zeros((*input_shape[:-1], D))
        return {"v": zeros, "trace": zeros}

    @property
    def num_feature_axes(self):
        return 1


def nnx_cell(cell: type, rng: np.random.Generator, **options: Any) -> nnx.Module:
    """Return a cell of nnx with random weights in float32."""
    sizes = () if cell is OwnNNXCell else (M, D)
    model = cell(*sizes, rngs=nnx.Rngs(0), **options)
    nnx.update(model, randomized(nnx.state(model, nnx.Param), rng))
    return model


def _nnx(name: str, cell: type, *, closed_form: bool = True, **options: Any) -> Case:
    def make(rng: np.random.Generator) -> Network:
        model = nnx_cell(cell, rng, **options)
        own = nnx.clone(model)
        own.eval()
        return Network(model, lambda carry, u: own(carry, u)[0], "jax")

    return Case("Flax nnx", name, make, closed_form)


def _nnx_rnn(name: str, cell: type) -> Case:
    def make(rng: np.random.Generator) -> Network:
        model = nnx.RNN(nnx_cell(cell, rng), return_carry=True)

        def step(carry: Any, u: Any) -> Any:
            layer = nnx.clone(model)  # a call changes its random streams
            return layer(u[:, None, :], initial_carry=carry)[0]

        return Network(model, step, "jax")

    return Case("Flax nnx", name, make)


# -- linen ----------------------------------------------------------------------------------------


class OwnLinenCell(linen.RNNCellBase):
    """A cell of one's own: a GRU inside, and a slow average of it."""

    features: int = D

    @linen.compact
    def __call__(self, carry, inputs):
        fast, slow = carry
        fast, _ = linen.GRUCell(self.features, name="gru")(fast, inputs + slow[..., :M])
        slow = slow + 0.1 * (linen.Dense(self.features, name="average")(fast) - slow)
        return (fast, slow), slow

    @linen.nowrap
    def initialize_carry(self, rng, input_shape):  # noqa: ARG002
        zeros = jnp.zeros((*input_shape[:-1], self.features))
        return zeros, zeros

    @property
    def num_feature_axes(self):
        return 1


def linen_cell(
    cell: Callable[..., Any], rng: np.random.Generator, **options: Any
) -> tuple[linen.Module, dict[str, Any]]:
    """Return a cell of linen and random variables in float32."""
    model = cell(features=D, **options)
    carry = model.initialize_carry(jax.random.key(0), (M,))
    variables = model.init(jax.random.key(0), carry, jnp.zeros(M))
    return model, randomized(variables, rng)


def _linen(
    name: str,
    cell: Callable[..., Any],
    *,
    closed_form: bool = True,
    told: dict[str, Any] | None = None,
    **options: Any,
) -> Case:
    def make(rng: np.random.Generator) -> Network:
        model, variables = linen_cell(cell, rng, **options)

        def step(carry: Any, u: Any) -> Any:
            return model.apply(variables, carry, u)[0]

        return Network(model, step, "jax", {"params": variables, **(told or {})})

    return Case("Flax linen", name, make, closed_form)


def _linen_rnn(name: str, cell: Callable[..., Any]) -> Case:
    def make(rng: np.random.Generator) -> Network:
        model = linen.RNN(cell(features=D), return_carry=True)
        variables = randomized(model.init(jax.random.key(0), jnp.zeros((1, 1, M))), rng)

        def step(carry: Any, u: Any) -> Any:
            return model.apply(variables, u[:, None, :], initial_carry=carry)[0]

        return Network(model, step, "jax", {"params": variables})

    return Case("Flax linen", name, make)


_ACTIVATIONS = {
    "relu": jax.nn.relu,
    "sigmoid": jax.nn.sigmoid,
    "softplus": jax.nn.softplus,
    "identity": jax.nn.identity,
}
_HARD = {"gate_fn": jax.nn.hard_sigmoid, "closed_form": False}

CASES = [
    _nnx("SimpleCell", nnx.SimpleCell, dtype=None),
    _nnx("SimpleCell, residual", nnx.SimpleCell, dtype=None, residual=True),
    *(
        _nnx(f"SimpleCell, {name}", nnx.SimpleCell, dtype=None, activation_fn=phi)
        for name, phi in _ACTIVATIONS.items()
    ),
    _nnx("SimpleCell, gelu", nnx.SimpleCell, dtype=None, activation_fn=nnx.gelu, closed_form=False),
    _nnx("GRUCell", nnx.GRUCell),
    _nnx("GRUCell, hard gates", nnx.GRUCell, **_HARD),
    _nnx("GRUCell, relu", nnx.GRUCell, activation_fn=nnx.relu, closed_form=False),
    _nnx("LSTMCell", nnx.LSTMCell),
    _nnx("LSTMCell, hard gates", nnx.LSTMCell, **_HARD),
    _nnx("OptimizedLSTMCell", nnx.OptimizedLSTMCell),
    _nnx("OptimizedLSTMCell, hard gates", nnx.OptimizedLSTMCell, **_HARD),
    _nnx_rnn("RNN of GRUCell", nnx.GRUCell),
    _nnx_rnn("RNN of LSTMCell", nnx.LSTMCell),
    _nnx("RNNCellBase, a subclass", OwnNNXCell, closed_form=False),
    _linen("SimpleCell", linen.SimpleCell),
    _linen("SimpleCell, residual", linen.SimpleCell, residual=True),
    *(
        _linen(f"SimpleCell, {name}", linen.SimpleCell, activation_fn=phi)
        for name, phi in _ACTIVATIONS.items()
    ),
    _linen("SimpleCell, gelu", linen.SimpleCell, activation_fn=linen.gelu, closed_form=False),
    _linen("GRUCell", linen.GRUCell),
    _linen("GRUCell, hard gates", linen.GRUCell, **_HARD),
    _linen("MGUCell", linen.MGUCell),
    _linen("MGUCell, no reset gate", linen.MGUCell, reset_gate=False),
    _linen("MGUCell, hard gates", linen.MGUCell, **_HARD),
    _linen("LSTMCell", linen.LSTMCell),
    _linen("LSTMCell, hard gates", linen.LSTMCell, **_HARD),
    _linen("OptimizedLSTMCell", linen.OptimizedLSTMCell),
    _linen("OptimizedLSTMCell, hard gates", linen.OptimizedLSTMCell, **_HARD),
    _linen_rnn("RNN of GRUCell", linen.GRUCell),
    _linen_rnn("RNN of LSTMCell", linen.LSTMCell),
    _linen("RNNCellBase, a subclass", OwnLinenCell, closed_form=False, told={"input_size": M}),
]
