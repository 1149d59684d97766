"""How far proofs of completeness reach: networks, methods, boxes or regions, and seconds.

python benchmarks/exhaustive.py
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from stillpoint.cells import GRUCell, LSTMCell, VanillaCell
from stillpoint.dynamics.base import Dynamics
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.tasks import load_network

sys.path.append(str(Path(__file__).parent.parent / "tests"))
import zoo


def cases() -> Iterator[tuple[str, Dynamics]]:
    """Return networks of every kind that can be proved, and some that are too large."""
    rng = np.random.default_rng(0)
    yield "5 independent tanh units", zoo.independent_units(5).cell
    yield "cosine ring of 12", zoo.cosine_ring(12).cell
    yield "5 planted points", zoo.planted(5).cell
    for d in (4, 6, 8):
        yield f"random tanh, {d} units, gain 2", vanilla(gaussian(rng, d, d, 2.0), 0.1, rng)
    for rank in (1, 2, 3):
        yield f"tanh, 100 units, rank {rank}", vanilla(low_rank(rng, 100, rank, 20.0), 0.3, rng)
    yield "tanh, 1000 units, rank 2", vanilla(low_rank(rng, 1000, 2, 20.0), 0.3, rng)
    yield "ReLU, 128 units, rank 2", vanilla(low_rank(rng, 128, 2, 3.0), 0.3, rng, "relu")
    yield "threshold-linear graph, 7 units", graph(7, rng)
    yield "threshold-linear graph, 14 units", graph(14, rng)
    for d in (3, 6):
        weights, biases = gaussian(rng, 3 * d, d, 3.0), 0.1 * rng.standard_normal((4, d))
        yield (
            f"GRU, {d} units",
            GRUCell(weights, np.zeros((3 * d, 0)), biases[:3].ravel(), biases[3]),
        )
    for d in (2, 3):
        weights, biases = gaussian(rng, 4 * d, d, 3.0), 0.1 * rng.standard_normal(4 * d)
        yield f"LSTM, {d} units", LSTMCell(weights, np.zeros((4 * d, 0)), biases)
    for d, rank in ((60, 2), (128, 3), (1000, 2)):
        W = low_rank(rng, d, rank, 6.0)
        yield f"ReLU, {d} units, rank {rank}, no bias", relu(W, np.zeros(d))
        yield f"ReLU, {d} units, rank {rank}, a bias in its columns", relu(W, W[:, 0])
    yield "ReLU, 128 units, rank 3", vanilla(low_rank(rng, 128, 3, 6.0), 0.3, rng, "relu")
    for name in ("tanh", "gru", "decision"):
        system = load_network(name).system
        yield f"trained network {name}", system.clamp(np.zeros(system.input_size)).dynamics


def vanilla(W: np.ndarray, bias: float, rng: np.random.Generator, phi: str = "tanh") -> VanillaCell:
    return VanillaCell(W, np.zeros((len(W), 0)), bias * rng.standard_normal(len(W)), phi)


def relu(W: np.ndarray, b: np.ndarray) -> VanillaCell:
    return VanillaCell(W, np.zeros((len(W), 0)), b, "relu")


def gaussian(rng: np.random.Generator, rows: int, columns: int, gain: float) -> np.ndarray:
    return gain / np.sqrt(columns) * rng.standard_normal((rows, columns))


def low_rank(rng: np.random.Generator, d: int, rank: int, gain: float) -> np.ndarray:
    """Return U V^T with V correlated with U, so that there are several points."""
    U = rng.standard_normal((d, rank))
    return gain / d * U @ (0.3 * U + rng.standard_normal((d, rank))).T


def graph(n: int, rng: np.random.Generator) -> VanillaCell:
    """Return a combinatorial threshold-linear network (Curto et al. 2019) of a random graph."""
    W = np.where(rng.random((n, n)) < 0.4, -1 + 0.25, -1 - 0.5)
    np.fill_diagonal(W, 0)
    return VanillaCell(W, np.zeros((n, 0)), np.ones(n), "relu")


def main() -> None:
    print("| network | points | method | boxes or regions | seconds |\n|---|---|---|---|---|")
    for name, dynamics in cases():
        clock = time.perf_counter()
        proof = enumerate_states(dynamics, np.zeros(dynamics.input_size))
        seconds = time.perf_counter() - clock
        points = str(proof.n_points) if proof.is_proof else f"no proof ({proof.n_points})"
        told = proof.method if proof.is_proof else f"{proof.method}: {proof.reason}"
        print(f"| {name} | {points} | {told} | {proof.examined:,} | {seconds:.2f} |", flush=True)


if __name__ == "__main__":
    main()
