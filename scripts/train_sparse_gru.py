"""Train a GRU of 64 units on the 3-bit flip-flop with rare pulses, a hard case for searches.

Long memories saturate the update gate: between pulses the network hardly moves, so I - J is
nearly singular at its fixed points, and searches on the plain motion fail from many starts. It
takes one or two minutes.

    python scripts/train_sparse_gru.py PATH.npz [--seed N]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch

from stillpoint.tasks import FlipFlop, ReadoutNetwork
from stillpoint.tasks.training import train

#: The task: a pulse at every tenth step of a channel, in trials of twice the usual length.
TASK = FlipFlop(bits=3, steps=128, pulse_probability=0.1)


@contextmanager
def one_thread() -> Iterator[None]:
    """Let torch use one thread: sums come out the same every time, and no slower at this size."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def train_sparse_gru(seed: int = 1, progress: bool | None = None) -> ReadoutNetwork:
    """Return the trained network."""
    with one_thread():
        trained = train(
            TASK,
            "gru",
            units=64,
            max_steps=1500,
            batch=32,
            rate=1e-2,
            stop_at=0.0,  # to the last step: the longer it trains, the nearer to singular
            seed=seed,
            progress=progress,
        )
    return trained.as_network()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("path", help="where the weights go, an .npz file")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    network = train_sparse_gru(options.seed)
    network.save(options.path)
    trials = TASK.sample(256, np.random.default_rng(1))
    accuracy = TASK.accuracy(network.run(trials.inputs)[1], trials)
    print(f"accuracy {accuracy:.4f}; wrote {options.path}")


if __name__ == "__main__":
    main()
