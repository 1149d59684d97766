"""Peak memory of a search from many starts, against the solvers' memory budget.

Every search runs in a process of its own, which loads its starts from a file, makes one small
search so that everything is imported, and then reads how far the large search raises the peak of
its resident memory. The arrays that the result holds for every start are no working memory and
are stated apart.

    python benchmarks/memory.py [--starts N]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from dataclasses import fields
from pathlib import Path

import networks
import numpy as np

import stillpoint as sp
from stillpoint.solvers import MEMORY_BUDGET
from stillpoint.tasks import load_network

MIB = 2**20


def peak() -> int:
    """Return the largest resident size of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def search(name: str, path: Path) -> dict[str, int]:
    """Search from the starts in a file; to be called in a fresh process."""
    system = load_network(name).system
    states = np.load(path)
    sp.find_fixed_points(system, states[:64], np.zeros(3), rounds=0, progress=False)
    before = peak()
    points = sp.find_fixed_points(system, states, np.zeros(3), rounds=0, progress=False)
    after = peak()
    kept = sum(getattr(points.starts, field.name).nbytes for field in fields(points.starts))
    return {"raised": after - before, "kept": kept, "points": len(points)}


def search_apart(name: str, path: Path) -> dict[str, int]:
    """Run `search` in a process of its own."""
    command = [sys.executable, __file__, "--child", name, str(path)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def measure(case: networks.Case, name: str) -> list[object]:
    """Return one row of the table, sizes in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "starts.npy"
        np.save(path, case.states)
        found = search_apart(name, path)
    working = found["raised"] - found["kept"]
    return [
        case.name,
        len(case.states),
        found["points"],
        *(f"{size / MIB:.0f}" for size in (found["raised"], found["kept"], working)),
        f"{MEMORY_BUDGET / MIB:.0f}",
        "yes" if working <= MEMORY_BUDGET else "no",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--starts", type=int, default=100_000)
    parser.add_argument("--child", nargs=2, metavar=("NETWORK", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, path = options.child
        print(json.dumps(search(name, Path(path))))
        return
    header = ["network", "starts", "points", "peak MiB", "kept MiB", "working MiB", "budget MiB"]
    cases = zip(networks.shipped_cases(options.starts), networks.SHIPPED, strict=True)
    networks.print_table(
        "What a search adds to resident memory",
        [*header, "within"],
        [measure(case, name) for case, name in cases],
    )


if __name__ == "__main__":
    main()
