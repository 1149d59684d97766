"""Train the networks that come with the package; run it to make the weight files again.

    python scripts/train_shipped_networks.py [NAME ...]

Names are those of `stillpoint.tasks.load_network`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from stillpoint.models import Connection, Connectome, InputRegion, MultiRegionRNN, RecurrentRegion
from stillpoint.tasks import FlipFlop
from stillpoint.tasks.networks import SHIPPED
from stillpoint.tasks.training import train

WEIGHTS = Path(__file__).parents[1] / "src" / "stillpoint" / "tasks" / "weights"


def dale_network(form: str) -> MultiRegionRNN:
    """Return an untrained network of 21 excitatory and 9 inhibitory units."""
    regions = ("exc", "inh")
    connectome = Connectome(
        recurrent_regions=[
            RecurrentRegion("exc", 21, "pos", learnable_bias=True),
            RecurrentRegion("inh", 9, "neg", learnable_bias=True),
        ],
        input_regions=[InputRegion("in", 3)],
        recurrent_connections=[
            Connection(src, dst, 0.9 if (src, dst) == ("exc", "exc") else None)
            for src in regions
            for dst in regions
        ],
        input_connections=[Connection("in", dst) for dst in regions],
    )
    options = {"dt": 1.0, "tau": 2.0, "dale_inputs": False, "spectral_radius": 1.0}
    return MultiRegionRNN(connectome, "tanh", form=form, **options)


if __name__ == "__main__":
    task = FlipFlop(bits=3)
    for name in sys.argv[1:] or SHIPPED:
        dale = name.startswith("dale_")
        cell: Any = dale_network(name.removeprefix("dale_")) if dale else name
        network = train(task, cell, units=16, max_steps=8000, stop_at=5e-4, seed=0).as_network()
        trials = task.sample(256, np.random.default_rng(1))
        accuracy = task.accuracy(network.run(trials.inputs)[1], trials)
        network.save(WEIGHTS / f"{SHIPPED[name]}.npz")
        print(f"{name}: accuracy {accuracy:.4f}")
