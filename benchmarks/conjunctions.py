"""Stable points that a start sees only where several units have their values at once.

Each network has a pattern that holds itself once the network is near it, in p units at once, and
that nothing leads to from elsewhere. `find_all_fixed_points` searches for it with its defaults. The
table says, by p and by how near is near, how often the census had no evidence of missing points,
and in brackets how often it was wrong there because the pattern had not been found.

    python benchmarks/conjunctions.py [--networks N] [--starts N]

The default takes some minutes.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator

import networks
import numpy as np

import stillpoint as sp
from stillpoint.cells import VanillaCell
from stillpoint.search.find_all import DEFAULT_MAX_STARTS

UNITS = (1, 2, 3, 4)
HALF_WIDTHS = (0.2, 0.1, 0.05, 0.02)


def conjunction(p: int, half: float, rng: np.random.Generator) -> tuple[sp.System, np.ndarray]:
    """Return a network, and a state near its planted point.

    A switch is on while each of p units lies within `half` of 0.5, which two steep units tell, and
    while it is on those p units go there; else they rest elsewhere. Ten more units listen and are
    not heard: with them no search is exhaustive.
    """
    switch, n = 3 * p, 3 * p + 11
    above, below = np.arange(p, 3 * p, 2), np.arange(p + 1, 3 * p, 2)
    on, rest = np.arctanh(0.5) - 0.25, rng.uniform(-0.6, 0.0, p)
    off = np.arctanh(rest) - 0.5 * rest
    W, b = np.zeros((n, n)), np.zeros(n)
    W[range(p), range(p)], W[:p, switch], b[:p] = 0.5, (on - off) / 2, (on + off) / 2
    for tells, edge in ((above, 0.5 - half), (below, 0.5 + half)):
        W[tells, range(p)], b[tells] = 6 / half, -6 / half * edge
    W[switch, above], W[switch, below], b[switch] = 5, -5, -5 * (2 * p - 1)
    W[switch + 1 :, switch + 1 :] = 0.5 / np.sqrt(10) * rng.standard_normal((10, 10))
    W[switch + 1 :, : switch + 1] = 0.1 * rng.standard_normal((10, switch + 1))
    pattern = np.zeros(n)
    pattern[:p], pattern[above], pattern[below], pattern[switch] = 0.5, 1, -1, 1
    return sp.as_system(VanillaCell(W, np.zeros((n, 0)), b)), pattern


def conjunctions(count: int) -> Iterator[tuple[int, float, sp.System, np.ndarray]]:
    """Return so many of these networks, each p and half-width in turn."""
    kinds = [(p, half) for p in UNITS for half in HALF_WIDTHS]
    for seed in range(count):
        p, half = kinds[seed % len(kinds)]
        yield p, half, *conjunction(p, half, np.random.default_rng(seed))


def measure(count: int, max_starts: int) -> Counter[tuple[int, float, str]]:
    """Return how often each p and half-width got each verdict, and how often it was wrong."""
    counts: Counter[tuple[int, float, str]] = Counter()
    for seed, (p, half, system, pattern) in enumerate(conjunctions(count)):
        planted = sp.find_fixed_points(system, pattern[None], progress=False)
        points = sp.find_all_fixed_points(system, max_starts=max_starts, seed=seed, progress=False)
        found = len(sp.FixedPoints.concatenate([points, planted]).unique()) == len(points)
        verdict = points.census().completeness
        counts[p, half, verdict.name] += 1
        counts[p, half, "starts"] += len(points.starts)
        if not found:
            counts[p, half, f"{verdict.name} wrong"] += 1
    return counts


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--networks", type=int, default=144)
    parser.add_argument("--starts", type=int, default=DEFAULT_MAX_STARTS)
    options = parser.parse_args()
    seconds, counts = networks.cpu_seconds(lambda: measure(options.networks, options.starts))
    rows = []
    for p in UNITS:
        told = [
            [counts[p, half, name] for name in ("NO_EVIDENCE", "NO_EVIDENCE wrong")]
            for half in HALF_WIDTHS
        ]
        told.append([sum(column) for column in zip(*told, strict=True)])
        rows.append([str(p), *(f"{given} ({wrong})" for given, wrong in told)])
    title = "verdicts of no evidence, and how many of them were wrong"
    networks.print_table(title, ["p", *(f"half-width {half}" for half in HALF_WIDTHS), "all"], rows)
    totals: Counter[str] = Counter()
    for (_, _, name), count in counts.items():
        totals[name] += count
    print(dict(totals))
    print(f"{options.networks} networks, {seconds / 60:.1f} minutes")


if __name__ == "__main__":
    main()
