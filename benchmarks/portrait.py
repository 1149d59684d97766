"""What the parts of a portrait of flip-flop networks take, beside the search for points.

    python benchmarks/portrait.py [NAME ...]

For each network: the search for all points and their proofs in CPU seconds, and how many times as
long each verb takes that stands on them. The bars are counts: of 24 connections and of 48
transitions for pulses of 1 and of 5 steps, how many are proved. One thread, one after the other.
"""

from __future__ import annotations

import argparse
import time

import networks  # noqa: F401  sets one thread before NumPy is imported
import numpy as np

import stillpoint as sp
from stillpoint.tasks import FlipFlop, load_network

NAMES = ("tanh", "gru", "lstm", "dale_elman", "dale_leaky")


def timed(call):
    begun = time.process_time()
    result = call()
    return result, time.process_time() - begun


def tell(name, task):
    """Return the seconds of the search, and of all that stands on it; and what is proved."""
    network, rest = load_network(name), np.zeros(3)
    system = network.system
    points, search = timed(lambda: sp.find_all_fixed_points(system, rest))
    known, first = timed(lambda: sp.find_attractors(system, rest, points))
    graph, second = timed(lambda: sp.connect(system, points, known))
    proved, third = timed(lambda: graph.certify(system))
    took, told = [first, second, third], []
    for steps in (1, 5):
        options = {"duration": steps, "readout": network.read_out}
        machine, seconds = timed(
            lambda options=options: sp.read_automaton(system, points, task.pulses, **options)
        )
        took.append(seconds)
        told.append(f"{int(machine.proved.sum())} of {machine.table.size} transitions")
        told.append("the task's machine" if machine.compare(task) else "another machine")
    kicks, last = timed(lambda: sp.smallest_kicks(system, graph))
    edges = int((proved.evidence == "proved").sum())
    head = f"proved: {edges} of {int((graph.side != 0).sum())} connections, "
    return search, [*took, last], head + ", ".join([*told, f"{len(kicks)} kicks"])


def main(names):
    task = FlipFlop().automaton()
    heads = ("attractors", "connect", "certify", "pulses of 1", "pulses of 5", "kicks")
    print(f"{'network':<11}{'search, s':>10}" + "".join(f"{head:>13}" for head in heads))
    for name in names:
        search, took, told = tell(name, task)
        ratios = "".join(f"{seconds / search:>12.2f}x" for seconds in took)
        print(f"{name:<11}{search:>10.2f}{ratios}\n{'':<11}{told}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=NAMES)
    main(parser.parse_args().names)
