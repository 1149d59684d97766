"""What a search costs beyond its linear algebra: its CPU time over that of a bare loop.

The bare loop forms as many Jacobians and solves as many linear systems as the search did, in
batches of the same sizes, and does nothing else: no residuals, no line search, no choice of rows,
no uniqueness, no polish, no spectra. `solve` is the solver loop alone, `search` is
`find_fixed_points` with everything.

    python benchmarks/overhead.py [--starts N] [--repeats N] [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import pstats

import networks
import numpy as np

from stillpoint import Status
from stillpoint.solvers import Newton, solve

TOLERANCE = 1e-24


def batch_sizes(steps: np.ndarray) -> list[int]:
    """Return how many rows were still at work at every step."""
    return [int((steps > step).sum()) for step in range(steps.max(initial=0))]


def bare_loop(case: networks.Case, sizes: list[int]) -> None:
    """Form and solve Newton's equations in batches of `sizes`, at the starts."""
    problem = case.system.dynamics.equilibrium_problem()
    y = problem.coordinates(case.states, case.inputs)
    residual = problem.residual(y, case.inputs)[..., None]
    for size in sizes:
        np.linalg.solve(problem.jacobian(y[:size], case.inputs[:size]), residual[:size])


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
    """Return one row of the table; the three take turns, so that all meet the same machine."""
    sizes = batch_sizes(newton_alone(case))
    rounds = np.array(
        [
            [
                networks.cpu_seconds(lambda: bare_loop(case, sizes))[0],
                networks.cpu_seconds(lambda: newton_alone(case))[0],
                networks.cpu_seconds(lambda: case.search(tol=TOLERANCE))[0],
            ]
            for _ in range(repeats + 1)
        ]
    )[1:]  # the first round warms up
    bare, solver, search = np.median(rounds, axis=0)
    times = (f"{1e3 * seconds:.1f}" for seconds in (bare, solver, search))
    ratios = np.median(rounds / rounds[:, :1], axis=0)
    return [case.name, sum(sizes), len(sizes), *times, ratios[1], ratios[2]]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--starts", type=int, default=1024)
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--profile", action="store_true", help="show where each search spends it")
    options = parser.parse_args()
    cases = networks.shipped_cases(options.starts)
    header = ["network", "Jacobians", "batches", "bare ms", "solve ms", "search ms"]
    networks.print_table(
        f"CPU time from {options.starts} starts, median of {options.repeats}",
        [*header, "solve/bare", "search/bare"],
        [measure(case, options.repeats) for case in cases],
    )
    for case in cases if options.profile else ():
        profile = cProfile.Profile()
        profile.runcall(case.search)
        print(f"\n{case.name}")
        pstats.Stats(profile).sort_stats("cumulative").print_stats(25)


if __name__ == "__main__":
    main()
