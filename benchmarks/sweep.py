"""What a sweep costs beside the calls that it makes, and whether its memory grows with networks.

The same search of the same networks, as CPU time: in a loop by hand, in one that asks each record
for its verdict as the table of a sweep does, by `sweep` with the records in memory, in a loop that
saves each record as well, and by `sweep` into a folder, in turns. A second sweep
into the folder does nothing again. Memory is the peak of a process that sweeps few or many networks
into a folder, and writes nothing else.

    python benchmarks/sweep.py [--networks N] [--starts N] [--turns N]
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

import stillpoint as sp
from stillpoint.tasks import load_network

MIB = 2**20


def networks(n: int) -> dict[str, sp.System]:
    """Return networks that differ a little from one that was trained."""
    cell, rng = load_network("tanh").cell, np.random.default_rng(0)
    kind = type(cell)
    return {
        f"network {k}": sp.as_system(
            kind(cell.W + 0.01 * rng.normal(size=cell.W.shape), cell.B, cell.b)
        )
        for k in range(n)
    }


def seconds(call: Callable[[], object]) -> float:
    """Return the CPU time of a call."""
    began = time.process_time()
    call()
    return time.process_time() - began


def overhead(n: int, starts: int, turns: int) -> None:
    """Print the cost of each way, the least of several turns."""
    systems = networks(n)
    options = {
        "states": np.random.default_rng(1).normal(size=(starts, 16)),
        "inputs": np.zeros(3),
        "progress": False,
    }

    def bare() -> None:
        for system in systems.values():
            sp.find_fixed_points(system, **options)

    def bare_judged() -> None:
        for system in systems.values():
            assert sp.find_fixed_points(system, **options).census().completeness

    with tempfile.TemporaryDirectory() as folder:
        count = iter(range(1_000_000))

        def bare_saved() -> None:
            for name, system in systems.items():
                points = sp.find_fixed_points(system, **options)
                assert points.census().completeness
                points.save(f"{folder}/{name}.nc")

        def swept() -> None:
            sp.sweep(systems, "find_fixed_points", **options)

        def swept_saved() -> None:
            sp.sweep(systems, "find_fixed_points", folder=f"{folder}/{next(count)}", **options)

        ways = {
            "by hand": bare,
            "with verdicts": bare_judged,
            "sweep": swept,
            "by hand, saved": bare_saved,
            "sweep, folder": swept_saved,
        }
        bare(), bare_saved()  # what is imported, and made once
        least = dict.fromkeys(ways, np.inf)
        for _ in range(turns):
            for name, call in ways.items():
                least[name] = min(least[name], seconds(call))
        swept_again = f"{folder}/again"
        sp.sweep(systems, "find_fixed_points", folder=swept_again, **options)
        again = seconds(
            lambda: sp.sweep(systems, "find_fixed_points", folder=swept_again, **options)
        )
    print(f"{n} networks, {starts} starts each; CPU time of a network, and per minute")
    for name, cost in least.items():
        print(f"  {name:<16}{1e3 * cost / n:8.1f} ms {60 * n / cost:8.0f}")
    print(f"  {'a second sweep':<16}{1e3 * again / n:8.1f} ms")
    judged = least["sweep"] / least["with verdicts"] - 1
    print(
        f"overhead in memory: {judged:+.1%}; {least['sweep'] / least['by hand'] - 1:+.1%} of bare"
    )
    print(f"overhead in a folder: {least['sweep, folder'] / least['by hand, saved'] - 1:+.1%}")


def peak_of(n: int) -> None:
    """Sweep into a folder, and print by how much the peak of memory rose after the first ones."""
    systems = networks(n)
    few = dict(list(systems.items())[:4])
    options = {"states": np.zeros((2048, 16)), "inputs": np.zeros(3), "rounds": 0, "orbits": False}
    with tempfile.TemporaryDirectory() as folder:
        sp.sweep(few, "find_fixed_points", folder=Path(folder) / "few", **options)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = sp.sweep(systems, "find_fixed_points", folder=Path(folder) / "all", **options)
        for record in found.values():
            assert len(record.starts) == 2048
        size = sum(p.stat().st_size for p in (Path(folder) / "all").iterdir())
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"  {n:4} networks: {(after - before) / 1024:6.1f} MiB more, {size / MIB:6.1f} MiB in files"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", type=int, default=20)
    parser.add_argument("--starts", type=int, default=512)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--peak", type=int, help="for the processes that this one starts")
    options = parser.parse_args()
    if options.peak:
        peak_of(options.peak)
        return
    overhead(options.networks, options.starts, options.turns)
    print("peak of memory, above that of a sweep of 4 networks", flush=True)
    for n in (20, 200):
        subprocess.run([sys.executable, __file__, "--peak", str(n)], check=True)


if __name__ == "__main__":
    main()
