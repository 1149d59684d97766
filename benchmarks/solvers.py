"""The measurement behind the default chain of solvers.

Newton on the equilibrium form and Levenberg-Marquardt on the motion, each alone and one after the
other from the same starts, on trained networks, on random ones, and where there is no root: just
outside a saddle-node bifurcation, where a search should say so soon. `steps` and `CPU s` are for
all starts; `slow` counts starts that ended on a slow point.

    python scripts/train_sparse_gru.py out/sparse_gru.npz
    python benchmarks/solvers.py [--sparse-gru out/sparse_gru.npz] [--starts N]
    python benchmarks/solvers.py --hard 128 256 [--starts 64]

With `--hard`, random tanh networks of such sizes, where most rows of Newton's method and of a
descent are lost: with and without kicks in between. Points are counted with their mirror images.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from functools import partial

import networks
import numpy as np

import stillpoint as sp
from stillpoint import StillpointWarning
from stillpoint.cells import VanillaCell
from stillpoint.solvers import KickedNewton, LevenbergMarquardt, Newton, Solver
from stillpoint.tasks import ReadoutNetwork

CHAINS: dict[str, tuple[Solver, ...]] = {
    "Newton": (Newton(),),
    "LM": (LevenbergMarquardt(),),
    "Newton, then LM": (Newton(), LevenbergMarquardt()),
    "LM, then Newton": (LevenbergMarquardt(), Newton()),
}

HARD: dict[str, tuple[Solver, ...]] = {
    "Newton, then LM": (Newton(), LevenbergMarquardt()),
    "Newton, kicked, LM": (Newton(most_steps=25), KickedNewton(), LevenbergMarquardt()),
}


def random_case(
    size: int, gain: float, n: int, phi: str = "tanh", bias: float = 0.0
) -> networks.Case:
    """Return a network of random weights with entries of variance gain^2 / size."""
    rng = np.random.default_rng(size)
    weights = gain / np.sqrt(size) * rng.standard_normal((size, size))
    offsets = bias * rng.standard_normal(size)
    cell = VanillaCell(weights, np.zeros((size, 0)), offsets, phi)
    states = rng.standard_normal((n, size))
    return networks.Case(f"random {phi}-{size}", sp.as_system(cell), states, np.zeros((n, 0)))


def fold_case(n: int) -> networks.Case:
    """Return x' = x + u + x^2 just outside its fold: slow at x = 0, fixed nowhere, as u > 0."""
    system = sp.as_system(
        lambda x, u: x + u + x**2, 1, 1, jacobian=lambda x, _: 1 + 2 * x[:, :, None]
    )
    states = np.random.default_rng(0).uniform(-1, 1, (n, 1))
    return networks.Case("outside a fold", system, states, np.logspace(-8, -1, n)[:, None])


def cases(n: int, sparse_gru: str | None) -> Iterator[networks.Case]:
    """Return the networks."""
    yield from networks.shipped_cases(n)
    if sparse_gru:
        network = ReadoutNetwork.load(sparse_gru)
        yield networks.flip_flop_case("sparse gru-64", network, n=n, pulse_probability=0.1)
    yield random_case(64, 1.5, n)
    yield random_case(128, 1.5, n)
    yield random_case(64, 1.5, n, phi="relu", bias=1.0)
    yield fold_case(n)


def measure(case: networks.Case, name: str) -> list[object]:
    """Return one row of the table."""
    seconds, points = networks.cpu_seconds(lambda: case.search(solver=CHAINS[name]))
    status = points.starts.status
    share = 100 * (status == sp.Status.FIXED_POINT).mean()
    slow = int((status == sp.Status.SLOW_POINT).sum())
    mean_steps = f"{points.starts.steps.mean():.1f}"
    return [case.name, name, f"{share:.1f} %", slow, len(points), mean_steps, seconds]


def measure_hard(size: int, gain: float, n: int) -> list[list[object]]:
    """Return the rows of one hard network."""
    case, rows = random_case(size, gain, n), []
    for name, chain in HARD.items():
        seconds, points = networks.cpu_seconds(partial(case.search, solver=chain, orbits=False))
        share = 100 * (points.starts.status == sp.Status.FIXED_POINT).mean()
        both = np.concatenate([points.xstar, -points.xstar]).round(5) + 0.0
        found = len(np.unique(both, axis=0))
        rows.append([size, gain, name, f"{share:.0f} %", found, seconds, found / seconds])
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--starts", type=int, default=1024)
    parser.add_argument("--sparse-gru", metavar="PATH", help="from scripts/train_sparse_gru.py")
    parser.add_argument("--hard", type=int, nargs="+", metavar="UNITS", help="random networks")
    options = parser.parse_args()
    if options.hard:
        header = ["units", "gain", "solvers", "converged", "points", "CPU s", "points / s"]
        pairs = [(size, gain) for size in options.hard for gain in (1.5, 2.0)]
        rows = [row for pair in pairs for row in measure_hard(*pair, options.starts)]
        networks.print_table(f"From {options.starts} starts", header, rows)
        return
    warnings.simplefilter("ignore", StillpointWarning)  # outside a fold nothing converges
    networks.print_table(
        f"Chains of solvers from {options.starts} starts",
        ["network", "solvers", "converged", "slow", "points", "steps", "CPU s"],
        [measure(c, name) for c in cases(options.starts, options.sparse_gru) for name in CHAINS],
    )


if __name__ == "__main__":
    main()
