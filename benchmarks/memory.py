"""Peak memory of a search from many starts, against the solvers' memory budget.

Every search runs in a process of its own, which loads its starts from a file, makes one small
search so that everything is imported, and then reads how far the large search raises the peak of
its resident memory. The arrays that the result holds for every start are no working memory and
are stated apart; `keep_starts=False` leaves a few thousand rows of them.

    python benchmarks/memory.py [--starts 1000000] [--large 10000]
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

# Units of a planted network.
PLANTED = 512


def peak() -> int:
    """Return the largest resident size of this process so far, in bytes."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def search(name: str, path: Path, keep: bool) -> dict[str, int]:
    """Search from the starts in a file; to be called in a fresh process."""
    is_shipped = name in networks.SHIPPED
    system = load_network(name).system if is_shipped else networks.planted(PLANTED, 1).system
    states, u = np.load(path), np.zeros(system.input_size)
    sp.find_fixed_points(system, states[:64], u, keep_starts=keep, progress=False).census()
    before = peak()
    points = sp.find_fixed_points(system, states, u, keep_starts=keep, progress=False)
    points.census()
    after = peak()
    columns = [getattr(points.starts, field.name) for field in fields(points.starts)]
    kept = sum(column.nbytes for column in columns if column is not None)
    return {"raised": after - before, "kept": kept, "points": len(points)}


def search_apart(name: str, path: Path, keep: bool) -> dict[str, int]:
    """Run `search` in a process of its own."""
    command = [
        sys.executable,
        __file__,
        "--child",
        name,
        str(path),
        *(["--few"] if not keep else []),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def measure(case: networks.Case, name: str, keep: bool) -> list[object]:
    """Return one row of the table, sizes in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "starts.npy"
        np.save(path, case.states)
        found = search_apart(name, path, keep)
    working = found["raised"] - found["kept"]
    return [
        case.name,
        len(case.states),
        "all" if keep else "few",
        found["points"],
        *(f"{size / MIB:.0f}" for size in (found["raised"], found["kept"], working)),
        f"{MEMORY_BUDGET / MIB:.0f}",
        "yes" if working <= MEMORY_BUDGET else "no",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--starts", type=int, default=100_000)
    parser.add_argument("--large", type=int, default=1_000, help="starts of 512 units")
    parser.add_argument("--few", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--child", nargs=2, metavar=("NETWORK", "PATH"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        name, path = options.child
        print(json.dumps(search(name, Path(path), not options.few)))
        return
    header = [
        "network",
        "starts",
        "kept",
        "points",
        "peak MiB",
        "kept MiB",
        "working MiB",
        "budget MiB",
    ]
    cases = [
        *zip(networks.shipped_cases(options.starts), networks.SHIPPED, strict=True),
        (networks.planted(PLANTED, options.large), "planted"),
    ]
    networks.print_table(
        "What a search adds to resident memory",
        [*header, "within"],
        [measure(case, name, keep) for case, name in cases for keep in (True, False)],
    )


if __name__ == "__main__":
    main()
