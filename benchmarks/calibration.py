"""How far the verdicts of the census can be trusted.

`find_all_fixed_points`, without its exhaustive searches, is let loose on networks whose points are
known, or found by searches that are much larger, under budgets from far too small to the default.
The table says how often each verdict was given and how often it was right: "incomplete" is right
where a point was missing, "no evidence" where none was. The rates at which "no evidence" was wrong
come with their 95 % intervals (Clopper and Pearson 1934). The truth is the proved number of points
where an exhaustive search comes to its end, and elsewhere the union of what was planted and of all
that was found in any search, so that a point that none ever reached is not held against a verdict.

    python benchmarks/calibration.py [--random N] [--conjunctions N] [--budgets 32 ...] [--truth N]

At full size it takes about ten minutes.
"""

from __future__ import annotations

import argparse
import sys
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import networks
import numpy as np
from conjunctions import conjunctions
from scipy.stats import beta

import stillpoint as sp
from stillpoint import StillpointWarning
from stillpoint.cells import GRUCell, LSTMCell, VanillaCell
from stillpoint.census import Completeness
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.search import find_all_fixed_points
from stillpoint.search.find_all import DEFAULT_MAX_STARTS
from stillpoint.tasks import load_network
from stillpoint.tasks.networks import SHIPPED

sys.path.append(str(Path(__file__).parent.parent / "tests"))
import zoo

BUDGETS = (32, 64, 128, 512, 2048, DEFAULT_MAX_STARTS)


def shipped() -> Iterator[tuple[str, sp.System]]:
    """Return the trained networks that come with the package, without input."""
    for name in SHIPPED:
        system = load_network(name).system
        yield "shipped", system.clamp(np.zeros(system.input_size))


def known() -> Iterator[tuple[str, sp.System]]:
    """Return networks whose points are known, and those planted in W = artanh(V) V^-1."""
    for network in [*zoo.isolated(), *map(zoo.independent_units, (4, 5))]:
        yield "zoo", network.system("numpy")
    for seed in range(12):
        V = np.random.default_rng(seed).uniform(-1, 1, (3 + seed // 3, 3 + seed // 3))
        yield "planted", tanh(np.arctanh(V) @ np.linalg.inv(V))


def ctln(n: int, rng: np.random.Generator, edges: float) -> sp.System:
    """Return a combinatorial threshold-linear network (Curto et al. 2019) of a random graph."""
    W = np.where(rng.random((n, n)) < edges, -1 + 0.25, -1 - 0.5)
    np.fill_diagonal(W, 0)
    return sp.as_system(VanillaCell(W, np.zeros((n, 0)), np.ones(n), "relu"))


def tanh(W: np.ndarray, b: np.ndarray | float = 0.0) -> sp.System:
    """Return x' = tanh(W x + b)."""
    return sp.as_system(VanillaCell(W, np.zeros((len(W), 0)), np.zeros(len(W)) + b))


def gated(cell: type, gates: int, d: int, gain: float, rng: np.random.Generator) -> sp.System:
    """Return a GRU or LSTM of random weights with entries of variance gain^2 / d."""
    W = gain / np.sqrt(d) * rng.standard_normal((gates * d, d))
    more = {"c": 0.3 * rng.standard_normal(d)} if cell is GRUCell else {}
    return sp.as_system(
        cell(W, np.zeros((gates * d, 0)), 0.3 * rng.standard_normal(gates * d), **more)
    )


def patterns(d: int, stored: int, gain: float, rng: np.random.Generator) -> sp.System:
    """Return a network that stores random patterns, with random weights beside them."""
    xi = rng.choice((-1.0, 1.0), (stored, d))
    return tanh(gain / d * xi.T @ xi + 0.3 * rng.standard_normal((d, d)) / np.sqrt(d))


def random(count: int) -> Iterator[tuple[str, sp.System]]:
    """Return so many random networks, of six kinds in turn."""
    for seed in range(count):
        rng = np.random.default_rng(seed)
        d = int(rng.integers(4, 33))
        gain = rng.uniform(1.2, 3)
        W = gain / np.sqrt(d) * rng.standard_normal((d, d))
        kind = ("tanh, odd", "tanh, biased", "symmetric", "patterns", "gated", "CTLN")[seed % 6]
        if kind == "tanh, odd":
            yield kind, tanh(W)
        elif kind == "tanh, biased":
            yield kind, tanh(W, rng.uniform(0.01, 0.5) * rng.standard_normal(d))
        elif kind == "symmetric":
            n = min(d, 12)
            yield kind, tanh((W + W.T)[:n, :n] * np.sqrt(d / n) / 2, 0.1 * rng.standard_normal(n))
        elif kind == "patterns":
            yield kind, patterns(d + 16, int(rng.integers(1, 5)), gain, rng)
        elif kind == "gated":
            cell, gates = ((GRUCell, 3), (LSTMCell, 4))[seed // 6 % 2]
            yield kind, gated(cell, gates, int(rng.integers(4, 17)), 2 * gain, rng)
        else:
            yield kind, ctln(int(rng.integers(3, 10)), rng, rng.uniform(0, 0.7))


def needing_several_units(count: int) -> Iterator[tuple[str, sp.System, np.ndarray]]:
    """Return networks with a point that needs several units at once, and a state near it."""
    for _, _, system, pattern in conjunctions(count):
        yield "conjunctions", system, pattern


def truth_of(
    system: sp.System, found: list[sp.FixedPoints], planted: Sequence[np.ndarray], n: int
) -> int:
    """Return how many points there are: proved, or planted and in all searches together.

    Two of the searches are large ones from `n` random states.
    """
    proof = enumerate_states(system.dynamics, np.zeros(0))
    if proof.is_proof:
        return proof.n_points
    d, rng = system.state_size, np.random.default_rng(10**6)
    size = np.exp(rng.uniform(np.log(1e-2), np.log(2), (n, 1)))
    near = [state[None] for state in planted]
    for states in (*near, rng.uniform(-1, 1, (n, d)), size * rng.standard_normal((n, d))):
        found.append(sp.find_fixed_points(system, states, rounds=1, max_steps=50, progress=False))
    return len(sp.FixedPoints.concatenate(found).unique())


def clopper_pearson(wrong: int, n: int) -> tuple[float, float]:
    """Return the 95 % interval of a share of which `wrong` in `n` were seen."""
    low = beta.ppf(0.025, wrong, n - wrong + 1) if wrong else 0.0
    high = beta.ppf(0.975, wrong + 1, n - wrong) if wrong < n else 1.0
    return float(low), float(high)


def print_markdown(header: list[str], rows: list[list[str]]) -> None:
    for row in [header, ["---"] * len(header), *rows]:
        print(f"| {' | '.join(row)} |")


def calibrate(options: argparse.Namespace) -> dict[tuple[str, int, Completeness, bool], int]:
    """Return how often each verdict was given, by kind, budget and whether the set was complete."""
    counts: Counter[tuple[str, int, Completeness, bool]] = Counter()
    several = needing_several_units(options.conjunctions)
    cases = [*shipped(), *known(), *random(options.random), *several]
    for k, (kind, system, *planted) in enumerate(cases):
        found = [
            find_all_fixed_points(
                system, max_starts=budget, exhaustive=False, seed=k, progress=False
            )
            for budget in options.budgets
        ]
        truth = truth_of(system, found.copy(), planted, options.truth)
        for budget, points in zip(options.budgets, found, strict=True):
            verdict = points.census().completeness
            counts[kind, budget, verdict, len(points) == truth] += 1
            if verdict is Completeness.NO_EVIDENCE and len(points) != truth:
                print(
                    f"wrong: {kind} {k}, budget {budget}: {len(points)} of {truth}", file=sys.stderr
                )
    return counts


def report(counts: dict[tuple[str, int, Completeness, bool], int], which: int, name: str) -> None:
    """Print one row for each kind of network, or for each budget."""
    groups: dict[object, Counter[tuple[Completeness, bool]]] = defaultdict(Counter)
    for key, count in counts.items():
        groups[key[which]][key[2:]] += count
    rows = []
    for group, given in groups.items():
        right = given[Completeness.NO_EVIDENCE, True]
        wrong = given[Completeness.NO_EVIDENCE, False]
        low, high = clopper_pearson(wrong, right + wrong) if right + wrong else (0.0, 1.0)
        rate = f"{wrong} ({100 * low:.1f}-{100 * high:.1f} %)" if right + wrong else ""
        missing = given[Completeness.INCOMPLETE, False]
        rows.append(
            [
                str(group),
                str(given.total()),
                f"{right + wrong}",
                rate,
                f"{missing + given[Completeness.INCOMPLETE, True]}",
                str(given[Completeness.INCOMPLETE, True]),
                str(given[Completeness.UNDECIDED, True] + given[Completeness.UNDECIDED, False]),
                str(given[Completeness.UNDECIDED, False]),
            ]
        )
    header = [name, "searches", "no evidence", "of them wrong (95 %)", "incomplete"]
    print_markdown([*header, "of them wrong", "undecided", "of them with points missing"], rows)
    print()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--random", type=int, default=156, help="random networks")
    parser.add_argument("--conjunctions", type=int, default=32, help="networks of that kind")
    parser.add_argument("--budgets", type=int, nargs="+", default=BUDGETS)
    parser.add_argument("--truth", type=int, default=2048, help="starts of a search for the truth")
    options = parser.parse_args()
    warnings.simplefilter("ignore", StillpointWarning)  # small budgets may find nothing
    seconds, counts = networks.cpu_seconds(lambda: calibrate(options))
    report(counts, 1, "budget")
    report(counts, 0, "networks")
    print(f"{sum(counts.values())} searches, {seconds / 60:.0f} minutes")


if __name__ == "__main__":
    main()
