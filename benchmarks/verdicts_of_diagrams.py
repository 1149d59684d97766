"""How often the verdict of a diagram is wrong: random networks of two units along random inputs.

All fixed points are known at 50 parameters from the signs of one equation on a fine grid: with
y = (artanh(x) - a x - c) / b the second equation is one in x alone. A network counts as missing
points where the grid has more than the branches, away from events.

    python benchmarks/verdicts_of_diagrams.py [NETWORKS]
"""

from __future__ import annotations

import sys
import warnings

import networks
import numpy as np

import stillpoint as sp
from stillpoint.cells import VanillaCell

# Grid for the first unit's drive, parameters that are looked at, and how near to events none is.
_GRID, _PARAMETERS, _BESIDE = 20_001, 50, 1e-5


def counted(W: np.ndarray, c: np.ndarray) -> int:
    """Return how many fixed points x = tanh(W x + c) has: changes of sign along the grid."""
    (a, b), (e, f) = W
    reach = np.abs(W[0]).sum() + abs(c[0])
    drive = np.linspace(-reach, reach, _GRID)
    x = np.tanh(drive)
    y = (drive - a * x - c[0]) / b
    sign = np.sign(y - np.tanh(e * x + f * y + c[1]))
    return int((sign[1:] * sign[:-1] < 0).sum())


def tried(rng: np.random.Generator, checks: int) -> tuple[int, bool]:
    """Return at how many parameters a random network's diagram lacks points, and what it says."""
    gain, length = rng.uniform(1.5, 5), rng.uniform(1, 4)
    W = rng.normal(size=(2, 2)) * gain / 1.4
    W[0, 1] = np.copysign(max(abs(W[0, 1]), 0.1), W[0, 1])
    B, b = rng.normal(size=(2, 1)), rng.normal(size=2) * 0.7
    system = sp.as_system(VanillaCell(W, B, b))
    points = sp.find_all_fixed_points(system, [-length], max_starts=64)
    path = sp.path([-length], [length], values=[-length, length])
    diagram = sp.follow_points(system, points, path, checks=checks)
    missing = 0
    for s in np.linspace(-length, length, _PARAMETERS):
        beside = np.abs(diagram.events.parameter - s).min(initial=np.inf) < _BESIDE
        missing += not beside and len(diagram.at(s)) < counted(W, B[:, 0] * s + b)
    return missing, "missing" in diagram.verdict


def main(n: int) -> None:
    warnings.simplefilter("ignore")
    rows = []
    for checks in (2, 5, 9):
        rng = np.random.default_rng(0)
        found = [tried(rng, checks) for _ in range(n)]
        lacking = [said for missing, said in found if missing]
        alarms = sum(said for missing, said in found if not missing)
        rows.append((checks, n, len(lacking), sum(lacking), alarms))
    networks.print_table(
        "Verdicts of diagrams, random tanh networks of two units",
        ("checks", "networks", "with points missing", "of these said so", "false alarms"),
        rows,
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
