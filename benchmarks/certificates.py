"""How long proofs take, relative to the search that finds the points, in one run.

    python benchmarks/certificates.py [--large]

`--large` adds random tanh networks of 128 and 512 units.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import stillpoint as sp
from stillpoint.cells import VanillaCell
from stillpoint.tasks import FlipFlop, load_network

SHIPPED = ("tanh", "gru", "lstm", "dale_leaky", "dale_elman")
REPEATS = 5


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--large", action="store_true", help="random networks of 128 and 512 units")
    large = parser.parse_args().large
    print("| network | points | proved | stability proved | search s | proofs s | ratio |")
    print("|---|---|---|---|---|---|---|")
    for name in SHIPPED:
        network = load_network(name)
        task = FlipFlop()
        states, _ = network.run(task.sample(256, np.random.default_rng(0)).inputs)
        starts = sp.sample_states(states, 1024, noise=0.75 * float(states.std()))
        report(f"flip-flop {name}", network.system, starts, np.zeros(3), rounds=5)
    for units in (128, 512) if large else ():
        rng = np.random.default_rng(units)
        weights = 1.5 * rng.standard_normal((units, units)) / np.sqrt(units)
        cell = VanillaCell(weights, np.zeros((units, 0)), 0.1 * rng.standard_normal(units))
        starts = rng.uniform(-1, 1, (32 if units < 500 else 8, units))
        report(f"random tanh {units}", sp.as_system(cell), starts, None, repeats=1)


def report(
    name: str,
    system: sp.System,
    starts: np.ndarray,
    inputs: np.ndarray | None,
    rounds: int = 0,
    repeats: int = REPEATS,
) -> None:
    """Print one line: the medians of several searches and proofs, taken in turns."""
    searches, proofs = [], []
    for _ in range(repeats):
        clock = time.perf_counter()
        points = sp.find_fixed_points(system, starts, inputs, rounds=rounds, progress=False)
        searches.append(time.perf_counter() - clock)
        clock = time.perf_counter()
        certificate = sp.certify(system, points).certificate
        proofs.append(time.perf_counter() - clock)
    search, proof = np.median(searches), np.median(proofs)
    counted = int((certificate.n_unstable_proved >= 0).sum())
    print(
        f"| {name} | {len(points)} | {int(certificate.proved.sum())} | {counted} | {search:.3f} | "
        f"{proof:.3f} | {proof / search:.2f} |"
    )


if __name__ == "__main__":
    main()
