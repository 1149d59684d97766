"""The same step written for NumPy, torch and JAX: what a first and a second search cost.

JAX compiles in the first search; the second one must not. Functions are searched as they are, on
the framework's own derivatives, without being recognised. A NumPy function that is recognised has a
line of its own, whose first search includes that; then it costs what the line "cell" says. Orbits,
which the census of a cell asks for, are left out on all sides.

    python benchmarks/frameworks.py [--starts N] [--reservoir]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import networks
import numpy as np

import stillpoint as sp
from stillpoint.cells import GRUCell, VanillaCell
from stillpoint.frameworks.base import adapter

LIBRARIES = ("numpy", "torch", "jax")


def tanh_step(cell: VanillaCell, xp: Any) -> Callable[[Any, Any], Any]:
    """Return the step of a tanh network on the arrays of a library."""
    W, B, b = (xp.asarray(weights) for weights in (cell.W.T, cell.B.T, cell.b))
    return lambda x, u: xp.tanh(x @ W + u @ B + b)


def gru_step(cell: GRUCell, xp: Any) -> Callable[[Any, Any], Any]:
    """Return the step of a GRU on the arrays of a library."""
    d = cell.state_size
    W, B, b, c = (xp.asarray(weights) for weights in (cell.W.T, cell.B.T, cell.b, cell.c))

    def step(x: Any, u: Any) -> Any:
        recurrent, drive = x @ W, u @ B + b
        gates = 1 / (1 + xp.exp(-(recurrent + drive)[:, : 2 * d]))
        n = xp.tanh(drive[:, 2 * d :] + gates[:, :d] * (recurrent[:, 2 * d :] + c))
        return n + gates[:, d : 2 * d] * (x - n)

    return step


def namespace(library: str) -> Any:
    """Return the module with the functions of a library, in float64."""
    if library == "jax":
        import jax.numpy

        return _AsNumpyWhenMade(jax.numpy)
    return __import__(library)


class _AsNumpyWhenMade:
    """JAX's functions, with weights kept in NumPy: outside a step JAX would make them float32."""

    asarray = staticmethod(np.asarray)

    def __init__(self, module: Any) -> None:
        self.tanh, self.exp = module.tanh, module.exp


def measure(case: networks.Case, make: Callable[[Any, Any], Any]) -> list[list[object]]:
    """Return one row of the table for each way to give the network."""
    cell = case.system.dynamics
    d, m = cell.state_size, cell.input_size
    rows: list[list[object]] = []
    for library in ("cell", *LIBRARIES, "recognised"):
        reading = 0.0
        if library == "cell":
            own = case
        elif library == "recognised":
            step = make(cell, np)
            reading, system = networks.cpu_seconds(lambda step=step: sp.as_system(step, d, m))
            own = replace(case, system=system)
        else:
            adapter(library)  # imports the library, which takes no part in the time
            step = make(cell, namespace(library))
            own = replace(case, system=sp.as_system(step, d, m, framework=library, recognise=False))
        searching, _ = networks.cpu_seconds(lambda own=own: own.search(orbits=False))
        first = reading + searching
        second, points = networks.cpu_seconds(lambda own=own: own.search(orbits=False), repeats=3)
        rows.append([case.name, library, first, second, len(points), points.q.max()])
    of_cell = rows[0][3]
    return [[*row[:4], row[3] / of_cell, *row[4:]] for row in rows]


def groups_case(size: int, n: int) -> networks.Case:
    """Return a tanh network of three bistable groups, whose weights are noisy."""
    rng = np.random.default_rng(0)
    W = 0.35 / np.sqrt(size) * rng.standard_normal((size, size))
    for first in range(3):
        members = np.arange(size) % 3 == first
        W += 1.8 * np.outer(members, members) / members.sum()
    cell = VanillaCell(W, rng.standard_normal((size, 2)), 0.02 * rng.standard_normal(size))
    states = np.tanh(2 * rng.standard_normal((n, size)) @ W.T)
    return networks.Case(f"tanh-{size}", sp.as_system(cell), states, np.zeros((n, 2)))


def reservoir_case(size: int, radius: float, n: int) -> networks.Case:
    """Return an echo state network whose output is fed back through a hidden layer, in NumPy."""
    rng = np.random.default_rng(0)
    W = rng.standard_normal((size, size)) * (rng.random((size, size)) < 0.1)
    W *= radius / np.abs(np.linalg.eigvals(W)).max()
    back, out = 3 * rng.standard_normal((size, 3)), rng.standard_normal((3, size))
    b = 0.1 * rng.standard_normal(size)

    def step(x: Any) -> Any:
        feedback = np.tanh(x @ out.T / np.sqrt(size)) @ back.T / np.sqrt(size)
        return 0.7 * x + 0.3 * np.tanh(x @ W.T + feedback + b)

    states = rng.uniform(-1, 1, (n, size))
    for _ in range(100):
        states = step(states)
    states = states + 0.3 * rng.standard_normal(states.shape)
    system = sp.as_system(step, size, recognise=False)
    return networks.Case(f"reservoir {size}, radius {radius}", system, states, np.zeros((n, 0)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--starts", type=int, default=1024)
    parser.add_argument("--reservoir", action="store_true", help="also of 300 units, in NumPy")
    options = parser.parse_args()
    n = options.starts
    cases = [*networks.shipped_cases(n), groups_case(64, n)]
    steps = {"tanh-16": tanh_step, "gru-16": gru_step, "tanh-64": tanh_step}
    networks.print_table(
        "One search: CPU seconds",
        ["network", "given as", "first", "second", "second / cell", "points", "largest q"],
        [row for case in cases if case.name in steps for row in measure(case, steps[case.name])],
    )
    reservoirs = (
        [reservoir_case(300, radius, 32) for radius in (0.9, 1.3)] if options.reservoir else []
    )
    if reservoirs:
        networks.print_table(
            "NumPy reservoirs from 32 starts: CPU seconds",
            ["network", "search", "points"],
            [
                [case.name, seconds, len(points)]
                for case in reservoirs
                for seconds, points in [networks.cpu_seconds(case.search)]
            ],
        )


if __name__ == "__main__":
    main()
