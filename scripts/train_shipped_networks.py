"""Train the networks that come with the package; run it to make the weight files again.

python scripts/train_shipped_networks.py [NAME ...]
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from stillpoint.tasks import FlipFlop
from stillpoint.tasks.networks import CELLS
from stillpoint.tasks.training import train

WEIGHTS = Path(__file__).parents[1] / "src" / "stillpoint" / "tasks" / "weights"

if __name__ == "__main__":
    task = FlipFlop(bits=3)
    for cell in sys.argv[1:] or CELLS:
        network = train(task, cell, units=16, max_steps=8000, stop_at=5e-4, seed=0).as_network()
        trials = task.sample(256, np.random.default_rng(1))
        accuracy = task.accuracy(network.run(trials.inputs)[1], trials)
        network.save(WEIGHTS / f"flip_flop_{cell}_16.npz")
        print(f"{cell}: accuracy {accuracy:.4f}")
