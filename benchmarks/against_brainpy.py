"""The default search against BrainPy's own SlowPointFinder, from the same candidates.

BrainPy is installed from PyPI and runs as its tutorial sets it (Adam at rate 1e-3, 10,000 steps,
losses below 1e-4 kept, unique within .03, outliers beyond .1 left out), and with its defaults. Its
losses are means over units; q is 1/2 |F(x) - x|^2, computed in float64 at what it returns. A
returned point counts as true if Newton's method moves it by less than 1e-3 and ends on a point
that a search in rounds knows.

    python benchmarks/against_brainpy.py [--quick] [--starts N]
"""

from __future__ import annotations

import networks  # first: it sets the number of threads

# isort: split
import argparse
import os

os.environ.setdefault("XLA_FLAGS", "--xla_cpu_multi_thread_eigen=false")

import brainpy as bp
import brainpy.math as bm
import numpy as np
from against_adam import count_true, half_squares

QUICK_STEPS = 1000


def their_step(case: networks.Case):
    """Return the step of a tanh network without input as a function of BrainPy's arrays."""
    cell = case.system.dynamics
    W, b = bm.asarray(cell.W.T), bm.asarray(cell.b)
    return lambda h: bm.tanh(h @ W + b)


def as_tutorial(case: networks.Case, steps: int) -> np.ndarray:
    """Return the points that BrainPy's finder keeps with the tutorial's settings."""
    finder = bp.analysis.SlowPointFinder(their_step(case), f_type="discrete", verbose=False)
    finder.find_fps_with_gd_method(
        candidates=bm.asarray(case.states),
        tolerance=1e-6,
        num_batch=200,
        num_opt=steps,
        optimizer=bp.optim.Adam(lr=1e-3),
    )
    finder.filter_loss(1e-4)
    finder.keep_unique(0.03)
    finder.exclude_outliers(0.1)
    return np.asarray(finder.fixed_points, dtype=np.float64)


def by_defaults(case: networks.Case, steps: int) -> np.ndarray:
    """Return the points that BrainPy's finder keeps with its defaults."""
    finder = bp.analysis.SlowPointFinder(their_step(case), f_type="discrete", verbose=False)
    finder.find_fps_with_gd_method(candidates=bm.asarray(case.states), num_opt=steps)
    finder.filter_loss()
    finder.keep_unique()
    return np.asarray(finder.fixed_points, dtype=np.float64)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--starts", type=int, default=1024)
    parser.add_argument("--quick", action="store_true", help=f"Adam stops after {QUICK_STEPS}")
    options = parser.parse_args()
    case = networks.shipped_cases(options.starts)[0]
    known = case.search(rounds=5).xstar
    steps = QUICK_STEPS if options.quick else 10_000
    methods = {
        "stillpoint, one pass": (lambda: case.search().xstar, 5),
        "stillpoint, rounds": (lambda: case.search(rounds=5).xstar, 3),
        "BrainPy, tutorial": (lambda: as_tutorial(case, steps), 1),
        "BrainPy, defaults": (lambda: by_defaults(case, steps), 1),
    }
    rows: list[list[object]] = []
    for name, (method, repeats) in methods.items():
        seconds, x = networks.cpu_seconds(method, repeats)
        q = half_squares(case, x)
        true = f"{count_true(case, x, known)}/{len(known)}"
        base = rows[0][1] if rows else seconds
        spread = [np.median(q), q.max()] if len(x) else ["-", "-"]
        rows.append([name, seconds, seconds / base, len(x), true, *spread])
    networks.print_table(
        f"{case.name} from {options.starts} candidates{' (quick)' if options.quick else ''}",
        ["method", "CPU s", "ratio", "returned", "true", "median q", "largest q"],
        rows,
    )


if __name__ == "__main__":
    main()
