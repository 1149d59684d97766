"""Jacobians of a multi-region network, and a search in some of its regions.

    python benchmarks/jacobians.py

(a) Jacobians of a 100-unit network at 1,000 states: the closed form against
`torch.autograd.functional.jacobian` called row by row. (b) A search in a region of 50 units whose
other 50 are held, against a search in a whole network of 50 units: CPU time of both per start and
step.
"""

from __future__ import annotations

import networks  # sets one thread before NumPy is imported
import numpy as np
import torch

import stillpoint as sp
from stillpoint.models import Connection, Connectome, InputRegion, MultiRegionRNN, RecurrentRegion

STATES = 1000
ROWS_BY_AUTOGRAD = 20


def network(sizes: dict[str, int]) -> MultiRegionRNN:
    """Return a leaky network of regions that all project to each other."""
    connectome = Connectome(
        [RecurrentRegion(name, size) for name, size in sizes.items()],
        [InputRegion("in", 3)],
        [Connection(src, dst) for src in sizes for dst in sizes],
        [Connection("in", dst) for dst in sizes],
    )
    options = {"dale": False, "spectral_radius": 1.5, "dtype": torch.float64}
    return MultiRegionRNN(connectome, "tanh", **options)


def by_autograd(model: MultiRegionRNN, states: torch.Tensor) -> None:
    """Take Jacobians one state at a time, as is usual."""
    inputs = torch.zeros(1, 1, 3, dtype=torch.float64)
    for state in states:
        torch.autograd.functional.jacobian(lambda x: model(inputs, x)[0][0, 0], state[None, :])


def main() -> None:
    """Measure and print both ratios."""
    torch.set_num_threads(1)
    rng = np.random.default_rng(0)
    model = network({"a": 50, "b": 50})
    system = sp.as_system(model)
    states = torch.as_tensor(rng.normal(size=(STATES, 100)))
    inputs = torch.zeros(STATES, 3, dtype=torch.float64)
    ours, _ = networks.cpu_seconds(lambda: system.dynamics.jacobian(states, inputs), repeats=5)
    rows, _ = networks.cpu_seconds(lambda: by_autograd(model, states[:ROWS_BY_AUTOGRAD]))
    theirs = rows * STATES / ROWS_BY_AUTOGRAD
    print(f"Jacobians at {STATES} states: {ours:.4f} s; row by row {theirs:.2f} s")
    print(f"  ratio {theirs / ours:.0f}")

    def search(part: sp.System, starts: np.ndarray, drive: np.ndarray) -> float:
        seconds, points = networks.cpu_seconds(
            lambda: sp.find_fixed_points(part, starts, drive, rounds=0, progress=False), repeats=3
        )
        return seconds / points.starts.steps.sum()

    part = system.restrict("a")
    whole = sp.as_system(network({"a": 50}))
    starts = rng.normal(size=(256, 50))
    held = search(part, starts, np.zeros(part.input_size))
    full = search(whole, starts, np.zeros(3))
    print(f"search per start and step: held {held * 1e6:.0f} us, full {full * 1e6:.0f} us")
    print(f"  ratio {held / full:.2f}")


if __name__ == "__main__":
    main()
