"""Equinox's recurrent cells, and modules of one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from framework_cells import Case, Network

D, M = 5, 3  # units, inputs


class Leaky(eqx.Module):
    """A leaky network written by hand; its state is one array."""

    W: jax.Array
    B: jax.Array
    leak: float
    hidden_size: int = eqx.field(static=True)
    input_size: int = eqx.field(static=True)

    def __init__(self, input_size, hidden_size, *, key):
        self.W = 0.7 * jax.random.normal(key, (hidden_size, hidden_size))
        self.B = jax.random.normal(key, (hidden_size, input_size))
        self.leak = 0.3
        self.hidden_size, self.input_size = hidden_size, input_size

    def __call__(self, input, h):  # noqa: A002
        return h + self.leak * (jnp.tanh(self.W @ h + self.B @ input) - h)


class Layers(eqx.Module):
    """Two cells on top of each other with dropout between them; its state is a dictionary."""

    bottom: eqx.nn.GRUCell
    top: eqx.nn.LSTMCell
    dropout: eqx.nn.Dropout

    def __init__(self, input_size, hidden_size, *, key):
        self.bottom = eqx.nn.GRUCell(input_size, hidden_size, key=key)
        self.top = eqx.nn.LSTMCell(hidden_size, hidden_size - 1, key=key)
        self.dropout = eqx.nn.Dropout(0.5)

    def __call__(self, input, state):  # noqa: A002
        h = self.bottom(input, state["bottom"])
        return {"top": self.top(self.dropout(h), state["top"]), "bottom": h}


LAYERS = {"bottom": np.zeros(D), "top": (np.zeros(D - 1), np.zeros(D - 1))}


def cell(module: Callable[..., Any], rng: np.random.Generator, **options: Any) -> Any:
    """Return a module with random weights in float32."""
    model = module(M, D, key=jax.random.key(0), **options)
    arrays, rest = eqx.partition(model, eqx.is_array)
    arrays = jax.tree.map(
        lambda a: jnp.asarray(0.7 * rng.normal(size=a.shape), dtype=np.float32), arrays
    )
    return eqx.combine(arrays, rest)


def _case(
    name: str,
    module: Callable[..., Any],
    *,
    closed_form: bool = True,
    told: dict[str, Any] | None = None,
    **options: Any,
) -> Case:
    def make(rng: np.random.Generator) -> Network:
        model = cell(module, rng, **options)
        own = jax.vmap(eqx.nn.inference_mode(model))
        return Network(model, lambda state, u: own(u, state), "jax", told or {})

    return Case("Equinox", name, make, closed_form)


CASES = [
    _case("GRUCell", eqx.nn.GRUCell),
    _case("GRUCell, no bias", eqx.nn.GRUCell, use_bias=False),
    _case("LSTMCell", eqx.nn.LSTMCell),
    _case("LSTMCell, no bias", eqx.nn.LSTMCell, use_bias=False),
    _case("Module, a leaky network", Leaky),
    _case(
        "Module, state in a nest",
        Layers,
        closed_form=False,
        told={"input_size": M, "state": LAYERS},
    ),
]
