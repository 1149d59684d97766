"""Train the networks that come with the package; run it to make the weight files again.

    python scripts/train_shipped_networks.py [NAME ...]

Names are those of `stillpoint.tasks.networks.load_network`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from stillpoint.models import (
    Connection,
    Connectome,
    InputRegion,
    LeakyElmanRNN,
    MultiRegionRNN,
    RecurrentRegion,
)
from stillpoint.tasks import ContextIntegration, FlipFlop, PerceptualDecision, Task
from stillpoint.tasks.networks import SHIPPED
from stillpoint.tasks.training import TrainedNetwork, train

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


def trained(name: str) -> tuple[Task, TrainedNetwork]:
    """Return a network's task and the trained network."""
    if name == "decision":
        decision = PerceptualDecision()
        options = {"max_steps": 1280, "batch": 16, "rate": 1e-3, "schedule": "constant"}
        return decision, train(
            decision, LeakyElmanRNN(3, 64, seed=4), stop_at=None, seed=4, **options
        )
    if name == "context":
        context = ContextIntegration()
        return context, train(context, "tanh", 64, max_steps=3000, rate=2e-3, stop_at=None)
    dale = name.startswith("dale_")
    cell: Any = dale_network(name.removeprefix("dale_")) if dale else name
    flip_flop = FlipFlop(bits=3)
    return flip_flop, train(flip_flop, cell, 16, max_steps=8000, stop_at=5e-4)


if __name__ == "__main__":
    for name in sys.argv[1:] or SHIPPED:
        task, result = trained(name)
        network = result.as_network()
        trials = task.sample(4096, np.random.default_rng(1))
        accuracy = task.accuracy(network.run(trials.inputs)[1], trials)
        network.save(WEIGHTS / f"{SHIPPED[name]}.npz")
        print(f"{name}: accuracy {accuracy:.4f}, last loss {result.losses[-1]:.2e}")
