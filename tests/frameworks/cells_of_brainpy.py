"""BrainPy's and BrainState's recurrent cells."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import brainpy as bp
import brainpy.math as bm
import brainstate
import numpy as np
from framework_cells import Case, Network

D, M = 5, 3


class TwoPools(bp.DynamicalSystem):
    """Rates of two pools that inhibit each other, and adapt: two variables and dt."""

    def __init__(self, W, B):
        super().__init__()
        self.W, self.B = bm.TrainVar(W), bm.TrainVar(B)
        self.rates = bm.Variable(bm.zeros(4))
        self.adaptation = bm.Variable(bm.zeros(4))

    def update(self, x):
        share = bp.share["dt"]
        drive = self.W @ self.rates.value + self.B @ x - self.adaptation.value
        self.adaptation.value += share * (0.5 * self.rates.value - self.adaptation.value)
        self.rates.value += share * (bm.tanh(drive) - self.rates.value)


def _weights(rng: np.random.Generator) -> Callable[[Any], np.ndarray]:
    """Return an initializer that draws from `rng`, not from the framework's global state."""
    return lambda shape, *_: bm.as_jax(bm.asarray(rng.normal(size=shape), dtype=bm.float32))


def _stepped(model: Any, names: tuple[str, ...], variable: type, put: Callable[..., None]) -> Any:
    """Return the step of a cell whose variables are replaced by those of a batch."""

    def step(state, u):
        own = {name: getattr(model, name) for name in names}
        for name in names:
            put(model, name, variable(state[name]))
        try:
            model.update(u)
            return {name: bm.as_jax(getattr(model, name).value) for name in names}
        finally:
            for name, value in own.items():
                put(model, name, value)

    return step


def _brainpy(kind: str, **options: Any) -> Callable[[np.random.Generator], Network]:
    def make(rng):
        draw = _weights(rng)
        cell = getattr(bp.dyn, kind)(
            M, D, Wi_initializer=draw, Wh_initializer=draw, b_initializer=draw, **options
        )
        step = _stepped(cell, ("state",), bm.Variable, lambda m, name, v: m.setattr(name, v))
        return Network(cell, step, "jax")

    return make


def _brainstate(
    kind: str, names: tuple[str, ...], **options: Any
) -> Callable[[np.random.Generator], Network]:
    def make(rng):
        cell = getattr(brainstate.nn, kind)(M, D, w_init=_weights(rng), **options)
        for layer in cell.children():
            if "bias" in layer.weight.value:
                layer.weight.value = {**layer.weight.value, "bias": _weights(rng)(layer.out_size)}
        cell.init_state()
        return Network(cell, _stepped(cell, names, brainstate.HiddenState, setattr), "jax")

    return make


def _two_pools(rng: np.random.Generator) -> Network:
    W, B = _weights(rng)((4, 4)), _weights(rng)((4, M))
    model = TwoPools(W, B)

    def step(state, u):
        drive = state["rates"] @ W.T + u @ B.T - state["adaptation"]
        moved = {
            "rates": bm.as_jax(bm.tanh(drive)) - state["rates"],
            "adaptation": 0.5 * state["rates"] - state["adaptation"],
        }
        return {name: state[name] + bm.get_dt() * change for name, change in moved.items()}

    options = {"state": ("rates", "adaptation"), "input_size": M}
    return Network(model, step, "jax", options)


CASES = [
    Case("BrainPy", "RNNCell", _brainpy("RNNCell")),
    Case("BrainPy", "RNNCell, tanh", _brainpy("RNNCell", activation="tanh")),
    Case("BrainPy", "RNNCell, sigmoid", _brainpy("RNNCell", activation="sigmoid")),
    Case("BrainPy", "RNNCell, gelu", _brainpy("RNNCell", activation="gelu"), closed_form=False),
    Case("BrainPy", "GRUCell", _brainpy("GRUCell")),
    Case("BrainPy", "LSTMCell", _brainpy("LSTMCell")),
    Case("BrainPy", "LSTMCell, silu", _brainpy("LSTMCell", activation="silu"), closed_form=False),
    Case("BrainPy", "own DynamicalSystem", _two_pools, closed_form=False),
    Case("BrainState", "ValinaRNNCell", _brainstate("ValinaRNNCell", ("h",))),
    Case(
        "BrainState",
        "ValinaRNNCell, softplus",
        _brainstate("ValinaRNNCell", ("h",), activation="softplus"),
    ),
    Case("BrainState", "GRUCell", _brainstate("GRUCell", ("h",))),
    Case("BrainState", "MGUCell", _brainstate("MGUCell", ("h",))),
    Case("BrainState", "LSTMCell", _brainstate("LSTMCell", ("h", "c"))),
    Case("BrainState", "URLSTMCell", _brainstate("URLSTMCell", ("h", "c")), closed_form=False),
]
