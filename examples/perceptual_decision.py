"""Train a network to decide, and see how it does it: with your own task, cell and leak.

    python examples/perceptual_decision.py [FOLDER] [--alpha 0.2] [--epochs 20] [--trials 100]

Trains 64 leaky rectified units on perceptual decisions (Yang and Wang 2020), then finds exact
fixed points, ghosts and the slow manifold without evidence, and what the network integrates.
`stillpoint demo decision` tells the same story at length, on a network that comes with the
package. Figures go to FOLDER, `out` by default.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.models import LeakyElmanRNN
from stillpoint.tasks import PerceptualDecision, ReadoutNetwork
from stillpoint.tasks.training import train

TAU = 100.0  # ms


def trained(task: PerceptualDecision, alpha: float, epochs: int) -> ReadoutNetwork:
    """Return a network after so many epochs of 64 batches of 16 trials."""
    options = {"batch": 16, "rate": 1e-3, "schedule": "constant", "stop_at": None}
    cell = LeakyElmanRNN(task.input_size, 64, alpha=alpha, seed=4)
    return train(task, cell, max_steps=64 * epochs, seed=4, **options).as_network()


def slow_manifold_of(system: sp.System, slow: sp.SlowPoints) -> sp.SlowManifold | None:
    """Return the slow line, or the sheet where two directions are slow; None where none is."""
    for dimension in (1, 2):
        try:
            return sp.follow_slow_manifold(system, slow, dimension=dimension)
        except ArgumentError as error:
            print(f"no slow manifold of dimension {dimension}: {error}\n")
    return None


def main(folder: Path, alpha: float, epochs: int, n_trials: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    task = PerceptualDecision(dt=alpha * TAU)
    network = trained(task, alpha, epochs)
    trials = task.sample(n_trials, np.random.default_rng(0))
    states, outputs = network.run(trials.inputs)
    print(f"accuracy at the decision: {task.accuracy(outputs, trials):.2f}\n")

    neutral = task.constant_input()  # fixation on, no evidence for either side
    slow = sp.find_slow_points(network.system, states.reshape(-1, 64), neutral)
    print(f"{slow}\n")
    lin = sp.linearize(network.system, slow)
    for label, times in zip(slow.label, lin.time_constants, strict=True):
        longest = np.sort(np.abs(times))[::-1][:3] * task.dt
        print(f"{label}: longest time constants {', '.join(f'{t:.0f}' for t in longest)} ms")

    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2)
    pca = sp.fit_pca(states)
    chosen = np.where(outputs[:, -1, 2] > outputs[:, -1, 1], "chose 2", "chose 1")
    sp.plots.slow_points(slow, states, trials_by=chosen, projection=pca, ax=left)
    manifold = slow_manifold_of(network.system, slow)
    if manifold is not None:
        print(f"\n{manifold}")
        gains = manifold.input_gain[manifold.present].mean(axis=0)  # one row per slow direction
        print(f"what it integrates of fixation, channel 1, channel 2: {gains.round(2).tolist()}")
        sp.plots.slow_manifold(manifold, projection=pca, ax=left)
    sp.plots.spectrum(lin, ax=right)
    figure.savefig(folder / "perceptual_decision.png", dpi=110)
    slow.save(folder / "perceptual_decision.nc")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("out"))
    parser.add_argument("--alpha", type=float, default=1.0, help="step over time constant")
    parser.add_argument("--epochs", type=int, default=20)
    parser.add_argument("--trials", type=int, default=100, help="whose states the search starts at")
    given = parser.parse_args()
    try:
        main(given.folder, given.alpha, given.epochs, given.trials)
    except ArgumentError as error:
        parser.error(str(error))
