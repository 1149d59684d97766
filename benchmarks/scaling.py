"""How the time of a search grows with the number of units and of starts; a figure for the docs.

Planted networks of tanh units (27 points). Of many sizes they are searched as by default, with
rounds, orbits and the description of every point, the same with matrices and whole spectra at any
size, and by the default solvers alone; from many starts in one pass. The fastest of several runs
counts, as other load only adds. Exponents are fitted to the larger half of each curve.

    python benchmarks/scaling.py [--quick] [--out docs/images/scaling.png]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import networks
import numpy as np

import stillpoint as sp
from stillpoint.search.options import default_solvers
from stillpoint.solvers import LevenbergMarquardt, Newton, solve

UNITS = (16, 32, 64, 128, 256, 512, 1024)
STARTS = (64, 256, 1024, 4096, 16384, 65536)

# Starts of the networks of many sizes, and units of those with many starts, up to the second.
FEW = 64
SIZES = {16: 65536, 64: 16384, 256: 4096}

# By factorisations and with every eigenvalue, up to 256 units.
MATRICES = {"solver": (Newton(), LevenbergMarquardt()), "spectra": "all"}
DENSE = 5

# Searches are repeated until they took as many seconds together, or so many times.
ENOUGH, REPEATS = 2.0, 5


def search(case: networks.Case, **options: object) -> float:
    """Return the CPU time of a search."""
    told = {"progress": False} | options
    return least_seconds(
        lambda: sp.find_fixed_points(case.system, case.states, case.inputs, **told)
    )


def solvers_alone(case: networks.Case) -> float:
    """Return the CPU time of the default solvers on the starts."""
    dynamics = case.system.dynamics
    told = {"tol": 1e-24, "max_steps": 200, "progress": False}
    solvers = default_solvers(dynamics)
    return least_seconds(lambda: solve(dynamics, case.states, case.inputs, solvers, **told))


def least_seconds(call: Callable[[], object]) -> float:
    """Return the CPU time of a call, the least of several where it is short."""
    taken = [networks.cpu_seconds(call)[0]]
    while sum(taken) < ENOUGH and len(taken) < REPEATS:
        taken.append(networks.cpu_seconds(call)[0])
    return min(taken)


def exponent(x: tuple[int, ...], y: list[float]) -> float:
    """Return the slope of a line through the larger half of a curve, in logarithms."""
    half = len(x) // 2
    return float(np.polyfit(np.log(x[half:]), np.log(y[half:]), 1)[0])


def draw(curves: dict[str, list[tuple[str, tuple[int, ...], list[float]]]], out: Path) -> None:
    """Draw each curve into its panel."""
    import matplotlib as mpl  # after `networks`, which sets the number of threads

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(1, 2, figsize=(9, 3.6), layout="constrained", sharey=True)
    for ax, (title, lines) in zip(axes, curves.items(), strict=True):
        for k, (name, x, y) in enumerate(lines):
            slope = f"{name}: exponent {exponent(x, y):.1f}"
            ax.loglog(x, y, marker="osD^"[k % 4], lw=1, ms=4, label=slope)
        ax.set(xlabel=title)
        ax.legend(frameon=False, fontsize=8)
        ax.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("CPU seconds")
    figure.savefig(out, dpi=120)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help="without the largest of each curve")
    parser.add_argument("--out", type=Path, help="write the figure there")
    options = parser.parse_args()
    units = UNITS[:-1] if options.quick else UNITS
    search(networks.planted(16, FEW))  # imports
    cases = [networks.planted(size, FEW) for size in units]
    curves = {
        f"units ({FEW} starts)": [
            ("search", units, [search(case) for case in cases]),
            ("with matrices", units[:DENSE], [search(c, **MATRICES) for c in cases[:DENSE]]),
            ("solvers alone", units, [solvers_alone(case) for case in cases]),
        ],
        "starts (one pass)": [],
    }
    for size, most in SIZES.items():
        starts = tuple(n for n in STARTS if n <= most // (4 if options.quick else 1))
        once = {"rounds": 0, "orbits": False}
        taken = [search(networks.planted(size, n), **once) for n in starts]
        curves["starts (one pass)"].append((f"{size} units", starts, taken))
    for title, lines in curves.items():
        rows = [[name, n, t] for name, x, y in lines for n, t in zip(x, y, strict=True)]
        networks.print_table(f"CPU time by {title}", ["curve", title, "CPU s"], rows)
        for name, x, y in lines:
            print(f"{name}: exponent {exponent(x, y):.2f}")
    if options.out:
        draw(curves, options.out)


if __name__ == "__main__":
    main()
