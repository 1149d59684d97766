"""How many trained networks are proved complete: freshly trained flip-flop networks, 2 to 4 bits.

python benchmarks/complete.py [seeds]
"""

from __future__ import annotations

import sys
import time

import numpy as np

import stillpoint as sp
from stillpoint.tasks import FlipFlop, load_network
from stillpoint.tasks.training import train

# Boxes for each proof, some thirty microseconds each.
_BOXES = 1_500_000

_SIZES = ((2, 8), (2, 16), (3, 12), (3, 16), (3, 24), (4, 24), (4, 32))


def main(seeds: int) -> None:
    print("| network | points | method | boxes | CPU seconds |\n|---|---|---|---|---|")
    for name in ("tanh", "dale_elman", "dale_leaky", "context", "sine", "gru"):
        tell(f"shipped {name}", load_network(name).system)
    for bits, units in _SIZES:
        for seed in range(seeds):
            network = train(FlipFlop(bits=bits), "tanh", units=units, seed=seed, progress=False)
            tell(f"{bits} bits, {units} units, seed {seed}", network.as_network().system)


def tell(name: str, system: sp.System) -> None:
    clock = time.process_time()
    proof = sp.enumerate_fixed_points(
        system, np.zeros(system.input_size), budget=_BOXES, progress=False
    )
    seconds = time.process_time() - clock
    points = str(proof.n_points) if proof.is_proof else f"no proof ({proof.n_points})"
    told = proof.method if proof.is_proof else f"{proof.method}: {proof.reason}"
    print(f"| {name} | {points} | {told} | {proof.examined:,} | {seconds:.1f} |", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2)
