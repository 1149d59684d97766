"""Would a homotopy in the gain find points that a search does not? Random tanh networks.

The one point at a small gain is followed to the gain asked for, with all branches that cross it;
the points there are compared with those of a search.

    python benchmarks/homotopy.py [SEEDS]
"""

from __future__ import annotations

import sys
import time

import networks
import numpy as np

import stillpoint as sp
from stillpoint.cells import VanillaCell

_UNITS, _SMALL = 32, 0.5
_GAINS, _BIASES = (1.5, 2.0, 3.0), (0.0, 0.5)


def tried(seed: int, gain: float, bias: float) -> tuple[int, int, int, float]:
    """Return points of the search, of the homotopy, those new in it, and its share of the time."""
    rng = np.random.default_rng(seed)
    W, b = (
        rng.standard_normal((_UNITS, _UNITS)) / np.sqrt(_UNITS),
        bias * rng.standard_normal(_UNITS),
    )

    def make(g: float) -> sp.System:
        return sp.as_system(VanillaCell(g * W, np.zeros((_UNITS, 0)), b))

    begin = time.process_time()
    points = sp.find_all_fixed_points(make(gain), max_starts=4096, progress=False)
    middle = time.process_time()
    low = sp.find_all_fixed_points(make(_SMALL), max_starts=64, progress=False)
    diagram = sp.follow_points(make(_SMALL), low, sp.family(make, _SMALL, gain), checks=0)
    known = diagram.at(gain).xstar
    share = (time.process_time() - middle) / (middle - begin)
    apart = np.linalg.norm(points.xstar[points.nearest(known)] - known, axis=1)
    return len(points), len(known), int((apart > 1e-6).sum()), share


def main(n: int) -> None:
    rows = []
    for bias in _BIASES:
        for gain in _GAINS:
            found = np.array([tried(seed, gain, bias) for seed in range(n)])
            search, homotopy, new = found[:, :3].sum(axis=0).astype(int)
            rows.append((bias, gain, n, search, homotopy, new, f"{np.median(found[:, 3]):.2f}"))
    networks.print_table(
        f"Homotopy in the gain from {_SMALL}, random tanh networks of {_UNITS} units",
        ("bias", "gain", "networks", "search", "homotopy", "new in it", "its time / search"),
        rows,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 6)
