"""One GRU and one LSTM in every framework: the same points, the same census.

    python examples/frameworks.py

Takes the two flip-flop networks that come with the package, rounds their weights to numbers that
float32 holds exactly, writes them into the cells of every framework that is installed, and searches
each from the same starts. Keras is tried on its three backends, each in a process of its own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np

import stillpoint as sp
from stillpoint.cells import GRUCell, LSTMCell
from stillpoint.tasks import FlipFlop, load_network

D, M = 16, 3
GRID = 2.0**18
BACKENDS = ("tensorflow", "jax", "torch")
NETWORKS = {"GRU": GRUCell, "LSTM": LSTMCell}


def weights_of(name: str) -> dict[str, np.ndarray]:
    """Return the weights of a trained network, rounded so that float32 holds them exactly."""
    cell = load_network(name.lower()).cell
    return {k: np.round(v * GRID) / GRID for k, v in vars(cell).items() if v is not None}


def starts_of(system: sp.System) -> np.ndarray:
    """Return states of the task's trajectories, with noise."""
    trials = FlipFlop().sample(64, np.random.default_rng(0))
    states = system.simulate(np.zeros((64, system.state_size)), trials.inputs)
    return sp.sample_states(states, 1024, noise=0.5)


# -- the weights in every framework's cell --------------------------------------------------------


def as_function(name: str, w: dict[str, np.ndarray]) -> sp.System:
    """A plain function on NumPy arrays; its derivatives are central differences."""

    def sigmoid(a: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-a))

    def gru(h: np.ndarray, u: np.ndarray) -> np.ndarray:
        drive, recurrent = u @ w["B"].T + w["b"], h @ w["W"].T
        r, z = np.split(sigmoid((drive + recurrent)[:, : 2 * D]), 2, axis=1)
        n = np.tanh(drive[:, 2 * D :] + r * (recurrent[:, 2 * D :] + w["c"]))
        return (1 - z) * n + z * h

    def lstm(state: dict[str, np.ndarray], u: np.ndarray) -> dict[str, np.ndarray]:
        i, f, g, o = np.split(state["h"] @ w["W"].T + u @ w["B"].T + w["b"], 4, axis=1)
        c = sigmoid(f) * state["c"] + sigmoid(i) * np.tanh(g)
        return {"c": c, "h": sigmoid(o) * np.tanh(c)}

    if name == "GRU":
        return sp.as_system(gru, D, M, lefschetz=1)
    example = {"h": np.zeros(D), "c": np.zeros(D)}
    return sp.as_system(lstm, state=example, input_size=M, lefschetz=1)


def as_torch(name: str, w: dict[str, np.ndarray]) -> sp.System:
    """`nn.GRUCell` and `nn.LSTMCell`."""
    import torch

    cell = getattr(torch.nn, f"{name}Cell")(M, D)
    recurrent_bias = np.zeros(len(w["b"]))
    if name == "GRU":
        recurrent_bias[2 * D :] = w["c"]
    values = {"weight_hh": w["W"], "weight_ih": w["B"], "bias_ih": w["b"]}
    with torch.no_grad():
        for key, value in {**values, "bias_hh": recurrent_bias}.items():
            getattr(cell, key).copy_(torch.asarray(value))
    return sp.as_system(cell)


def as_nnx(name: str, w: dict[str, np.ndarray]) -> sp.System:
    """`flax.nnx.GRUCell` and `flax.nnx.OptimizedLSTMCell`, whose gates are stacked."""
    from flax import nnx

    if name == "GRU":
        cell = nnx.GRUCell(M, D, rngs=nnx.Rngs(0))
        cell.dense_h = nnx.Linear(D, 3 * D, rngs=nnx.Rngs(0))  # with a bias, for the candidate's
        cell.dense_h.bias[...] = np.concatenate([np.zeros(2 * D), w["c"]]).astype(np.float32)
        read, bias = cell.dense_i, cell.dense_i.bias
    else:
        cell = nnx.OptimizedLSTMCell(M, D, rngs=nnx.Rngs(0))
        read, bias = cell.dense_i, cell.dense_h.bias
    cell.dense_h.kernel[...] = w["W"].T.astype(np.float32)
    read.kernel[...] = w["B"].T.astype(np.float32)
    bias[...] = w["b"].astype(np.float32)
    return sp.as_system(cell)


def as_linen(name: str, w: dict[str, np.ndarray]) -> sp.System:
    """`flax.linen.GRUCell` and `flax.linen.LSTMCell`, whose gates have a dense layer each."""
    from flax import linen

    gates = "rzn" if name == "GRU" else "ifgo"
    W, B, b = (np.split(w[key], len(gates)) for key in "WBb")
    recurrent = {f"h{gate}": {"kernel": W[k].T} for k, gate in enumerate(gates)}
    read = {f"i{gate}": {"kernel": B[k].T} for k, gate in enumerate(gates)}
    biased = read if name == "GRU" else recurrent
    for layer, bias in zip(biased.values(), b, strict=True):
        layer["bias"] = bias
    if name == "GRU":
        recurrent["hn"]["bias"] = w["c"]
    cell = getattr(linen, f"{name}Cell")(features=D)
    return sp.as_system(cell, params={"params": recurrent | read})


def as_equinox(name: str, w: dict[str, np.ndarray]) -> sp.System:
    """`equinox.nn.GRUCell` and `equinox.nn.LSTMCell`."""
    import equinox as eqx
    import jax

    cell = getattr(eqx.nn, f"{name}Cell")(M, D, key=jax.random.key(0))
    fields = {"weight_hh": "W", "weight_ih": "B", "bias": "b"}
    fields |= {"bias_n": "c"} if name == "GRU" else {}
    values = [w[key].astype(np.float32) for key in fields.values()]
    return sp.as_system(eqx.tree_at(lambda m: [getattr(m, f) for f in fields], cell, values))


def as_brainpy(name: str, w: dict[str, np.ndarray]) -> sp.System:
    """`brainpy.dyn.LSTMCell`; its GRU is of another kind, so the GRU is a system of one's own."""
    import brainpy as bp
    import brainpy.math as bm

    if name == "LSTM":
        order = np.r_[:D, 2 * D : 3 * D, D : 2 * D, 3 * D : 4 * D]  # i, f, g, o to i, g, f, o
        bias = w["b"] - np.repeat([0.0, 1.0, 0.0, 0.0], D)  # BrainPy adds 1 to the forget gate
        weights = {"Wi": w["B"][order].T, "Wh": w["W"][order].T, "b": bias[order]}
        initial = {f"{key}_initializer": bm.asarray(value) for key, value in weights.items()}
        return sp.as_system(bp.dyn.LSTMCell(M, D, **initial))

    class GRU(bp.DynamicalSystem):
        def __init__(self) -> None:
            super().__init__()
            self.W, self.B = bm.TrainVar(w["W"].T), bm.TrainVar(w["B"].T)
            self.b, self.c = bm.TrainVar(w["b"]), bm.TrainVar(w["c"])
            self.h = bm.Variable(bm.zeros(D))

        def update(self, u: Any) -> Any:
            drive, recurrent = u @ self.B + self.b, self.h @ self.W
            r, z = bm.split(bm.sigmoid((drive + recurrent)[..., : 2 * D]), 2, axis=-1)
            n = bm.tanh(drive[..., 2 * D :] + r * (recurrent[..., 2 * D :] + self.c))
            self.h.value = (1 - z) * n + z * self.h
            return self.h.value

    return sp.as_system(GRU(), state=("h",), input_size=M)


def as_keras(name: str, w: dict[str, np.ndarray]) -> sp.System:
    """`keras.layers.GRUCell` and `keras.layers.LSTMCell`."""
    import keras

    cell = getattr(keras.layers, f"{name}Cell")(D)
    cell.build((None, M))
    order = np.r_[D : 2 * D, :D, 2 * D : 3 * D] if name == "GRU" else np.arange(4 * D)
    bias = w["b"][order]  # Keras stacks z before r
    if name == "GRU":
        bias = np.stack([bias, np.concatenate([np.zeros(2 * D), w["c"]])])
    cell.set_weights([w["B"][order].T, w["W"][order].T, bias])
    return sp.as_system(cell)


WAYS: dict[str, tuple[str, Callable[[str, dict[str, np.ndarray]], sp.System]]] = {
    "NumPy function": ("numpy", as_function),
    "PyTorch": ("torch", as_torch),
    "Flax nnx": ("flax", as_nnx),
    "Flax linen": ("flax", as_linen),
    "Equinox": ("equinox", as_equinox),
    "BrainPy": ("brainpy", as_brainpy),
}


# -- the table ------------------------------------------------------------------------------------


@cache
def known(name: str) -> tuple[np.ndarray, sp.FixedPoints]:
    """Return starts, and the points to which they lead the canonical cell of the same weights."""
    reference = sp.as_system(NETWORKS[name](**weights_of(name)))
    starts = starts_of(reference)
    return starts, sp.find_fixed_points(reference, starts, np.zeros(M), rounds=5)


def row(name: str, way: str, system: sp.System) -> list[str]:
    """Search one system and compare it with the canonical cell of the same weights."""
    starts, expected = known(name)
    begin = time.perf_counter()
    points = sp.find_fixed_points(system, starts, np.zeros(M), rounds=5)
    seconds = time.perf_counter() - begin
    gap = np.linalg.norm(points.xstar - expected.xstar[expected.nearest(points.xstar)], axis=1)
    counts = "/".join(map(str, np.bincount(points.n_unstable)))
    census = points.census()
    index_sum = census.tallies[0].index_sum
    known_as = type(system.dynamics).__name__.replace("FunctionDynamics", "itself")
    return [
        name,
        way,
        known_as,
        str(len(points)),
        counts,
        str(index_sum),
        "yes" if census.suggests_missing else "no",
        f"{gap.max():.0e}",
        f"{points.q.max():.0e}",
        f"{seconds:.2f}",
    ]


HEADER = [
    "network",
    "framework",
    "read as",
    "points",
    "unstable 0/1/2/3",
    "index sum",
    "missing?",
    "distance",
    "largest q",
    "seconds",
]


def keras_rows() -> list[list[str]]:
    """Return the rows of Keras on the backend of this process."""
    way = f"Keras on {os.environ['KERAS_BACKEND']}"
    return [row(name, way, as_keras(name, weights_of(name))) for name in NETWORKS]


def keras_elsewhere(backend: str) -> list[list[str]]:
    """Return the rows of Keras on a backend, from a process that has it."""
    done = subprocess.run(
        [sys.executable, __file__, "--keras"],
        env={**os.environ, "KERAS_BACKEND": backend, "TF_CPP_MIN_LOG_LEVEL": "3"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print one row for each network and framework."""
    rows: list[list[str]] = []
    for way, (library, build) in WAYS.items():
        if find_spec(library) is None:
            print(f"{way}: {library} is not installed", file=sys.stderr)
            continue
        rows += [row(name, way, build(name, weights_of(name))) for name in NETWORKS]
    for backend in BACKENDS if find_spec("keras") else ():
        if find_spec(backend) is not None:
            rows += keras_elsewhere(backend)
    rows.sort(key=lambda cells: cells[0])
    widths = [max(map(len, column)) for column in zip(HEADER, *rows, strict=True)]
    for cells in [HEADER, *rows]:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)))


if __name__ == "__main__":
    if sys.argv[1:] == ["--keras"]:
        print(json.dumps(keras_rows()))
    else:
        main()
