"""Train the networks that come with the package; run it to make the weight files again.

    python scripts/train_shipped_networks.py [NAME ...]

Names are those of `stillpoint.tasks.networks.load_network`.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from stillpoint.models import (
    Connection,
    Connectome,
    InputRegion,
    LeakyElmanRNN,
    MultiRegionRNN,
    RecurrentRegion,
)
from stillpoint.tasks import ContextIntegration, FlipFlop, PerceptualDecision, SineWave, Task
from stillpoint.tasks.modules import new_module
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


def wave_network(units: int) -> nn.Module:
    """Return an untrained tanh network whose activity turns by itself for a while."""
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        module = new_module("tanh", 1, units)
        nn.init.normal_(module.weight_hh_l0, std=1.2 / units**0.5)
        nn.init.normal_(module.weight_ih_l0)
        return module


def trained_on_waves() -> tuple[Task, TrainedNetwork]:
    """Train on longer and longer trials: the phase at the end of a long one is hard to learn."""
    module = wave_network(40)
    for steps, max_steps, rate in ((30, 2000, 3e-3), (80, 3000, 2e-3), (200, 4000, 1e-3)):
        task = SineWave(n_frequencies=6, lowest=0.1, highest=0.5, steps=steps)
        result = train(task, module, max_steps=max_steps, batch=64, rate=rate, stop_at=None)
        module = result.module
    return task, result


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
    if name == "sine":
        return trained_on_waves()
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
