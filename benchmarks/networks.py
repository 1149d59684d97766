"""What the benchmarks share: one thread, networks with starts, CPU times and tables.

Import this before NumPy: it sets the number of threads that linear algebra may use, and that is
read when NumPy is loaded. Times are CPU seconds of this process; compare them within one run only.
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["VECLIB_MAXIMUM_THREADS"] = "1"

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

import stillpoint as sp
from stillpoint.tasks import FlipFlop, ReadoutNetwork, load_network

SHIPPED = ("tanh", "gru", "lstm")


@dataclass(frozen=True)
class Case:
    """A network and where searches in it start.

    Attributes
    ----------
    name
        For tables.
    system
        The network.
    states, inputs
        The starts, shapes (n, d) and (n, m).
    """

    name: str
    system: sp.System
    states: np.ndarray
    inputs: np.ndarray

    def search(self, **options: Any) -> sp.FixedPoints:
        """Return the fixed points that the starts lead to, without rounds unless they are asked."""
        options = {"rounds": 0, "progress": False} | options
        return sp.find_fixed_points(self.system, self.states, self.inputs, **options)


def flip_flop_case(
    name: str,
    network: ReadoutNetwork,
    *,
    n: int = 1024,
    noise: float = 0.5,
    seed: int = 0,
    pulse_probability: float = 0.2,
) -> Case:
    """Return a trained 3-bit flip-flop network with `n` noisy states of its trajectories."""
    task = FlipFlop(pulse_probability=pulse_probability)
    trials = task.sample(128, np.random.default_rng(seed))
    trajectories, _ = network.run(trials.inputs)
    states = sp.sample_states(trajectories, n, noise=noise, seed=seed)
    return Case(name, network.system, states, np.zeros((n, task.input_size)))


def shipped_cases(n: int = 1024, noise: float = 0.5, seed: int = 0) -> list[Case]:
    """Return the networks that come with the package, 16 units each."""
    return [
        flip_flop_case(f"{name}-16", load_network(name), n=n, noise=noise, seed=seed)
        for name in SHIPPED
    ]


def planted(size: int, n: int, noise: float = 0.35) -> Case:
    """Return a network of three bistable groups, and starts between and around its points.

    It stands for trained ones: weights of rank 3, noise beside them, 27 points. It has one
    input, which does nothing: a module of torch wants one.
    """
    rng = np.random.default_rng(0)
    groups = np.array_split(np.arange(size), 3)
    weights = noise / np.sqrt(size) * rng.standard_normal((size, size))
    for units in groups:
        weights[np.ix_(units, units)] += 1.5 / len(units)
    states = 0.3 * rng.standard_normal((n, size))
    for units in groups:
        states[:, units] += rng.uniform(-1, 1, (n, 1))
    system = sp.as_system(sp.cells.VanillaCell(weights, np.zeros((size, 1)), np.zeros(size)))
    return Case(f"planted {size}", system, states, np.zeros((n, 1)))


def random(size: int, n: int, gain: float = 1.5) -> Case:
    """Return a network of random weights with entries of variance gain^2 / size."""
    rng = np.random.default_rng(size)
    weights = gain / np.sqrt(size) * rng.standard_normal((size, size))
    system = sp.as_system(sp.cells.VanillaCell(weights, np.zeros((size, 0)), np.zeros(size)))
    states = rng.standard_normal((n, size))
    return Case(f"random {size}", system, states, np.zeros((n, 0)))


def cpu_seconds(function: Callable[[], Any], repeats: int = 1) -> tuple[float, Any]:
    """Return the least CPU time of several calls, and what the last call returned."""
    times = []
    for _ in range(repeats):
        begin = time.process_time()
        result = function()
        times.append(time.process_time() - begin)
    return min(times), result


def print_table(title: str, header: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """Print rows under a header, columns aligned, numbers with three digits."""
    cells = [[_text(value) for value in row] for row in rows]
    widths = [max(len(row[k]) for row in [list(header), *cells]) for k in range(len(header))]
    print(f"\n{title}\n")
    for row in [list(header), ["-" * width for width in widths], *cells]:
        first, *others = (f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True))
        print("  ".join([first.strip().ljust(widths[0]), *others]))


def _text(value: Any) -> str:
    if isinstance(value, (float, np.floating)):
        return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
    return str(value)
