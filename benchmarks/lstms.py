"""How long LSTMs of 20 to 50 units take, and what it saves that Newton's method gives up early.

Six LSTMs are trained for some seconds on flip-flops of 2 or 3 bits. As they are, every start
reaches a point. Random recurrent weights that are added make them as hard as networks that were
trained on harder tasks: up to half of the starts are lost, on which most of the time goes. Each is
searched for all points as by default, where Newton's method hands rows on after 25 steps, and with
as many steps as the search allows.

    python benchmarks/lstms.py [--steps 400]
"""

from __future__ import annotations

import argparse

import networks
import numpy as np
import torch

import stillpoint as sp
from stillpoint.search.options import descent
from stillpoint.solvers import Newton
from stillpoint.tasks import FlipFlop
from stillpoint.tasks.training import train

# Units, bits, and the size of the added weights, times the square root of the units.
NETWORKS = (
    (20, 2, 0.0),
    (50, 3, 0.0),
    (20, 2, 0.3),
    (40, 2, 1.0),
    (25, 3, 1.0),
    (50, 3, 2.0),
)


def network(units: int, bits: int, added: float, steps: int) -> sp.System:
    """Return a trained LSTM with random weights added."""
    task, told = FlipFlop(bits=bits, steps=40), {"batch": 48, "rate": 1e-2, "stop_at": None}
    module = train(task, "lstm", units, max_steps=steps, progress=False, **told).module
    weights = module.weight_hh_l0
    noise = np.random.default_rng(0).standard_normal(tuple(weights.shape)) / np.sqrt(units)
    with torch.no_grad():
        weights += torch.as_tensor(added * noise, dtype=weights.dtype)
    return sp.as_system(module)


def measure(units: int, bits: int, added: float, steps: int) -> list[object]:
    """Return one row of the table; the two searches take turns."""
    system, u = network(units, bits, added, steps), np.zeros(bits)
    patient = (Newton(), descent(system.dynamics))
    taken: dict[str, list[float]] = {"default": [], "patient": []}
    for _ in range(2):
        for name, solver in (("default", None), ("patient", patient)):
            seconds, points = networks.cpu_seconds(
                lambda solver=solver: sp.find_all_fixed_points(
                    system, u, solver=solver, progress=False
                )
            )
            taken[name].append(seconds)
            if solver is None:
                found = points
    default, patient_time = (min(times) for times in taken.values())
    share = f"{100 * found.hits.sum() / found.starts.total:.0f} %"
    told = len(found), len(points), share
    return [units, bits, added, default, patient_time, patient_time / default, *told]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--steps", type=int, default=400, help="of training")
    options = parser.parse_args()
    measure(8, 2, 0.0, 1)  # imports
    networks.print_table(
        "All fixed points of LSTMs, CPU seconds",
        ["units", "bits", "added", "default", "patient", "ratio", "points", "patient", "arrived"],
        [measure(*told, options.steps) for told in NETWORKS],
    )


if __name__ == "__main__":
    main()
