"""Large networks: searches without matrices and whole spectra, against those with them.

Planted networks stand for trained ones: three bistable groups of tanh units (rank 3) and noise of
0.35 / sqrt(d), 27 points. A default search from 64 starts, rounds, orbits and the description of
all points included, is divided into the same search by factorisations with every eigenvalue
(`solver=`, `spectra="all"`), which is what smaller networks get. Last, a random network of gain
1.5, where products do not pay and Newton's own steps are to be chosen.

    python benchmarks/large.py [--units 512] [--alone 2048 4096] [--starts 64] [--random 256]
"""

from __future__ import annotations

import argparse
import resource
import sys
import time

import networks
import numpy as np

import stillpoint as sp
from stillpoint.solvers import LevenbergMarquardt, Newton

WITH_MATRICES = {"solver": (Newton(), LevenbergMarquardt()), "spectra": "all"}


def search(case: networks.Case, **options: object) -> sp.FixedPoints:
    """Return what a search of the defaults finds, rounds and orbits included."""
    return sp.find_fixed_points(case.system, case.states, case.inputs, progress=False, **options)


def same(left: sp.FixedPoints, right: sp.FixedPoints) -> str:
    """Return how many points both have, with the same labels."""
    found = left.compare(right)
    both = np.asarray(found.first), np.asarray(found.second)
    alike = (left.n_unstable[both[0]] == right.n_unstable[both[1]]).all()
    told = "" if alike else ", labels differ"
    return f"{len(both[0])} of {len(right)}{told}"


def peak() -> str:
    """Return the largest resident size of this process so far, in MiB."""
    unit = 1 if sys.platform == "darwin" else 1024
    return f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**20:.0f}"


def measure_alone(case: networks.Case) -> list[object]:
    """Return one row: how long a search takes and what it holds, where no other is feasible."""
    begin = time.perf_counter()
    seconds, points = networks.cpu_seconds(lambda: search(case))
    wall = time.perf_counter() - begin
    return [case.name, len(case.states), seconds, wall, len(points), peak()]


def measure(case: networks.Case, **options: object) -> list[object]:
    """Return one row: a default search against one with matrices."""
    free, points = networks.cpu_seconds(lambda: search(case, **options))
    dense, known = networks.cpu_seconds(lambda: search(case, **options, **WITH_MATRICES))
    return [case.name, len(case.states), free, dense, dense / free, same(points, known)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--units", type=int, nargs="*", default=[512])
    parser.add_argument("--alone", type=int, nargs="*", default=[2048])
    parser.add_argument("--random", type=int, nargs="*", default=[256])
    parser.add_argument("--starts", type=int, default=64)
    options = parser.parse_args()
    alone = [measure_alone(networks.planted(size, options.starts)) for size in options.alone]
    networks.print_table(
        "Large networks by themselves",
        ["network", "starts", "CPU s", "wall s", "points", "peak MiB"],
        alone,
    )
    networks.print_table(
        "Against factorisations and whole spectra",
        ["network", "starts", "CPU s", "with matrices", "ratio", "same points"],
        [
            *(measure(networks.planted(size, options.starts)) for size in options.units),
            *(measure(networks.random(size, options.starts), rounds=0) for size in options.random),
        ],
    )


if __name__ == "__main__":
    main()
