"""Train many flip-flop networks, and ask what they have in common.

    python examples/population.py [FOLDER] [--networks N] [--jobs N] [--steps N] [--bits N]

Networks of three kinds of cells, of several sizes and seeds, are trained by a pool of processes. A
well trained one keeps each bit apart, so that its fixed points and what leads where are those of a
cube: 8 corners, 12 edges, 6 faces, and the middle. How many are so, how many are not, and which of
their machines goes wrong after which pulses? Everything is kept in FOLDER, `population` unless it
is named, so a second run begins where the first one ended.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from itertools import product
from pathlib import Path

import numpy as np

import stillpoint as sp
from stillpoint.tasks import FlipFlop, ReadoutNetwork

CELLS = ("tanh", "gru", "lstm")
UNITS = (8, 16, 24)


def train(name: str, path: Path, bits: int, steps: int) -> None:
    """Train the network that a name such as gru_16_0 means, unless it is there."""
    from stillpoint.tasks.training import train

    if path.exists():
        return
    cell, units, seed = name.split("_")
    task = FlipFlop(bits=bits, steps=32)
    trained = train(
        task,
        cell,
        int(units),
        max_steps=steps,
        batch=64,
        rate=1e-2,
        seed=int(seed),
        progress=False,
    )
    trained.as_network().save(path)


def network_in(path: Path) -> sp.System:
    """Return the recurrent part of a network that was trained."""
    return ReadoutNetwork.load(path).system


def read_machine(system: sp.System, points: sp.FixedPoints, weights: Path) -> sp.Automaton:
    """Return the machine that memories and pulses on the channels form, with what is read out."""
    network = ReadoutNetwork.load(weights)
    unit = np.eye(system.input_size)
    pulses = np.concatenate([unit, -unit])
    return sp.read_automaton(system, points, pulses, readout=network.read_out, prove=False)


def has_edges_of_a_cube(graph: sp.AttractorGraph, bits: int) -> bool:
    """Whether memories, and the saddles with one unstable direction between them, form a cube."""
    import networkx as nx

    found = nx.Graph()
    found.add_nodes_from(graph.attractors.tolist())
    for saddle in np.flatnonzero(graph.n_unstable == 1):
        if len(ends := graph.targets(saddle)) == 2:
            found.add_edge(*ends.tolist())
    return nx.is_isomorphic(found, nx.hypercube_graph(bits))


def cube(bits: int) -> sp.AttractorGraph:
    """Return what leads where in bits that know nothing of each other."""
    cell = sp.cells.VanillaCell(2 * np.eye(bits), np.zeros((bits, 0)), np.zeros(bits))
    return sp.connect(sp.as_system(cell), sp.find_all_fixed_points(sp.as_system(cell)))


def told(word: tuple[int, ...], bits: int) -> str:
    """Return what tells a machine from the task's: +1 is a positive pulse on channel 1."""
    pulses = " ".join(f"{'+' if k < bits else '-'}{k % bits + 1}" for k in word)
    return f"goes wrong after {pulses}" if pulses else "lacks the memory that the task begins with"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("population"))
    parser.add_argument("--networks", type=int, default=40)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--bits", type=int, default=3)
    options = parser.parse_args()
    folder, bits = options.folder, options.bits
    folder.mkdir(parents=True, exist_ok=True)
    seeds = range(-(-options.networks // (len(CELLS) * len(UNITS))))
    every = product(seeds, UNITS, CELLS)
    names = [f"{cell}_{units}_{seed}" for seed, units, cell in every][: options.networks]
    weights = {name: folder / f"{name}.npz" for name in names}

    os.environ.setdefault("OMP_NUM_THREADS", "1")  # for the processes: one thread each
    spawn = multiprocessing.get_context("spawn")
    clock = time.monotonic()
    with ProcessPoolExecutor(options.jobs, mp_context=spawn) as pool:
        jobs = [pool.submit(train, name, weights[name], bits, options.steps) for name in names]
        for job in jobs:
            job.result()
        print(f"trained: {len(names)} networks, {time.monotonic() - clock:.0f} s")

        clock, u = time.monotonic(), np.zeros(bits)
        systems = {name: partial(network_in, weights[name]) for name in names}
        sweep = partial(sp.sweep, systems, executor=pool)
        points = sweep("find_all_fixed_points", folder=folder / "points", inputs=u, max_starts=1024)
        graphs = sweep("connect", folder=folder / "graphs", points=points)
        machines = sweep(read_machine, folder=folder / "machines", points=points, weights=weights)
        print(f"swept: three verbs, {time.monotonic() - clock:.0f} s")
    print(points)

    ideal, task = cube(bits), FlipFlop(bits=bits).automaton()
    edges = {name: has_edges_of_a_cube(graph, bits) for name, graph in graphs.items()}
    whole = {name: sp.compare(graph, ideal).graph.is_isomorphic for name, graph in graphs.items()}
    print("\nmemories and the saddles between them form a cube; and all points are those of one")
    for cell in (*CELLS, ""):
        own = [name for name in graphs if name.startswith(cell)]
        counts = (sum(found[name] for name in own) for found in (edges, whole))
        print("  {:<5}{:4}{:4} of {}".format(cell or "all", *counts, len(own)))

    wrong = {name: result for name, machine in machines.items()
             if not (result := machine.compare(task))}  # fmt: skip
    print(f"\nthe machine of the task: {len(machines) - len(wrong)} of {len(machines)} networks")
    for name, result in wrong.items():
        print(f"  {name:<10} {told(result.word, bits)}")
    for name, why in {**points.errors, **graphs.errors, **machines.errors}.items():
        print(f"  {name}: {why}")

    clock = time.monotonic()
    files = {name: [points.path(name), graphs.path(name)] for name in graphs}
    distances = sp.compare_all(files)
    print(f"\n{distances}\n{len(files)} networks compared in {time.monotonic() - clock:.0f} s")
    draw(distances, folder / "population.png")


def draw(distances: sp.NetworkDistances, path: Path) -> None:
    """Draw the networks by their spectra and by the shape of their points."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4.5), layout="constrained")
    for axes, aspect in zip(figure.subplots(1, 2), ("spectra", "shape"), strict=True):
        if len(distances.known_in(aspect)) > 1:  # points that are alone have no shape
            sp.plots.networks(distances, aspect, legend=aspect == "shape", ax=axes)
    figure.savefig(path, dpi=150)
    print(f"saved: {path}")


if __name__ == "__main__":
    main()
