"""How many trained networks are proved complete: freshly trained flip-flop networks, 2 to 4 bits.

python benchmarks/complete.py [seeds] [tanh, gru or lstm]
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

_SIZES = {
    "tanh": ((2, 8), (2, 16), (3, 12), (3, 16), (3, 24), (4, 24), (4, 32)),
    "gru": ((2, 4), (2, 6), (2, 8), (2, 12), (3, 12), (3, 16), (3, 24), (4, 24)),
    "lstm": ((2, 4), (2, 6), (2, 8)),
}
_SHIPPED = {
    "tanh": ("tanh", "dale_elman", "dale_leaky", "context", "sine"),
    "gru": ("gru",),
    "lstm": ("lstm",),
}


def main(seeds: int, cell: str) -> None:
    print("| network | points | method | boxes | CPU seconds |\n|---|---|---|---|---|")
    for name in _SHIPPED[cell]:
        tell(f"shipped {name}", load_network(name).system)
    for bits, units in _SIZES[cell]:
        for seed in range(seeds):
            network = train(FlipFlop(bits=bits), cell, units=units, seed=seed, progress=False)
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
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 2, (sys.argv[2:] or ["tanh"])[0])
