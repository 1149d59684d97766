"""What a search costs beyond its linear algebra: its CPU time over that of a bare loop by hand.

The bare loop is what a user would write for a network of tanh units: it takes as many steps, forms
as many Jacobians and solves as many linear systems as Newton's method did, in batches of the same
sizes, and does nothing else: no line search, no choice of rows, no uniqueness, no polish, no
spectra. `solve` is the solver loop alone, `search` is `find_fixed_points` with everything, `torch`
the same search of the same network as a module, over `search`.

    python benchmarks/overhead.py [--starts N] [--repeats N] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats
from dataclasses import replace

import networks
import numpy as np
import torch

import stillpoint as sp
from stillpoint import Status
from stillpoint.solvers import Newton, solve

TOLERANCE = 1e-24


def batch_sizes(steps: np.ndarray) -> list[int]:
    """Return how many rows were still at work at every step."""
    return [int((steps > step).sum()) for step in range(steps.max(initial=0))]


def bare_loop(case: networks.Case, sizes: list[int]) -> None:
    """Form and solve Newton's equations of h = tanh(W h + B u + b) in batches, at the starts."""
    cell = case.system.dynamics
    d = len(cell.b)
    for size in sizes:
        x = case.states[:size]
        image = np.tanh(x @ cell.W.T + case.inputs[:size] @ cell.B.T + cell.b)
        jacobian = (1 - image * image)[:, :, None] * cell.W
        jacobian.reshape(size, -1)[:, :: d + 1] -= 1
        np.linalg.solve(jacobian, (x - image)[..., None])


def as_module(case: networks.Case) -> networks.Case:
    """Return the same network as a module of torch."""
    cell = case.system.dynamics
    module = torch.nn.RNN(cell.input_size, len(cell.b), batch_first=True).double()
    with torch.no_grad():
        module.weight_hh_l0.copy_(torch.as_tensor(cell.W))
        module.weight_ih_l0.copy_(torch.as_tensor(cell.B))
        module.bias_ih_l0.copy_(torch.as_tensor(cell.b))
        module.bias_hh_l0.zero_()
    return replace(case, system=sp.as_system(module))


def newton_alone(case: networks.Case) -> np.ndarray:
    """Return the steps of every start, all of which Newton must have brought to rest."""
    outcome = solve(
        case.system.dynamics,
        case.states,
        case.inputs,
        [Newton()],
        tol=TOLERANCE,
        max_steps=200,
        progress=False,
    )
    left = int((outcome.status != Status.FIXED_POINT).sum())
    if left:
        print(f"{case.name}: {left} starts need a second solver, which the bare loop leaves out")
    return outcome.steps


def measure(case: networks.Case, repeats: int) -> list[object]:
    """Return one row of the table; the four take turns, so that all meet the same machine."""
    sizes, module = batch_sizes(newton_alone(case)), as_module(case)
    rounds = np.array(
        [
            [
                networks.cpu_seconds(lambda: bare_loop(case, sizes))[0],
                networks.cpu_seconds(lambda: newton_alone(case))[0],
                networks.cpu_seconds(lambda: case.search(tol=TOLERANCE))[0],
                networks.cpu_seconds(lambda: module.search(tol=TOLERANCE))[0],
            ]
            for _ in range(repeats + 1)
        ]
    )[1:]  # the first round warms up
    times = [f"{1e3 * seconds:.1f}" for seconds in np.median(rounds, axis=0)[:3]]
    ratios = np.median(rounds / rounds[:, :1], axis=0)
    torch_ratio = np.median(rounds[:, 3] / rounds[:, 2])
    return [case.name, sum(sizes), len(sizes), *times, ratios[1], ratios[2], torch_ratio]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--starts", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--profile", action="store_true", help="show where each search spends it")
    options = parser.parse_args()
    cases = [
        networks.shipped_cases(options.starts)[0],
        networks.planted(64, options.starts),
        networks.planted(256, 64),
        networks.planted(512, 64),
    ]
    header = ["network", "Jacobians", "batches", "bare ms", "solve ms", "search ms"]
    networks.print_table(
        f"CPU time from {options.starts} starts, median of {options.repeats}",
        [*header, "solve/bare", "search/bare", "torch/NumPy"],
        [measure(case, options.repeats if case.states.shape[1] < 100 else 2) for case in cases],
    )
    for case in cases if options.profile else ():
        profile = cProfile.Profile()
        profile.runcall(case.search)
        print(f"\n{case.name}")
        pstats.Stats(profile).sort_stats("cumulative").print_stats(25)


if __name__ == "__main__":
    main()
