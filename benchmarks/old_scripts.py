"""The documented example of each old tool, under its old names: the default search against Adam.

Each row is the example of a tool on a trained network that comes with this package: its starts and
settings, once as the names of `stillpoint.compat` search by default, once with the tool's own
method (`solver="adam"`, `solver="original"`). A returned point is true if Newton's method moves it
by less than 1e-3 and ends on a point that a search in rounds from 1024 starts knows. BrainPy's
example is a line attractor: there, a point is true if its loss is below the example's tolerance.

    python benchmarks/old_scripts.py [--quick]
"""

from __future__ import annotations

import networks  # first: it sets the number of threads

# isort: split
import argparse
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from against_adam import count_true

from stillpoint.compat import brainpy, canns, fixed_point_finder, mrnntorch, rnntoolkit
from stillpoint.tasks import load_network

QUICK_STEPS = 500

# What BrainPy's tutorial asks for, and how much slower than its inputs its network forgets.
TOLERANCE, LEAK = 1e-5, 1e-4


def rnn_of(case: networks.Case) -> torch.nn.RNN:
    """Return a tanh network as torch's own module."""
    cell: Any = case.system.dynamics
    d, m = cell.B.shape
    rnn = torch.nn.RNN(m, d, batch_first=True).double()
    weights = {"hh": cell.W, "ih": cell.B}
    with torch.no_grad():
        for name, matrix in weights.items():
            getattr(rnn, f"weight_{name}_l0").copy_(torch.as_tensor(matrix))
        rnn.bias_hh_l0.copy_(torch.as_tensor(cell.b))
        rnn.bias_ih_l0.zero_()
    return rnn


def regions_of(case: networks.Case, leaky: bool) -> Any:
    """Return a network of an excitatory and an inhibitory region under mRNNTorch's names."""
    cell: Any = case.system.dynamics
    told = {"activation": "tanh", "rec_constrained": False, "inp_constrained": False}
    if leaky:
        alpha = float(np.unique(cell.alpha).item())
        rnn = mrnntorch.mRNN(**told, dt=100 * alpha, tau=100)
    else:
        rnn = mrnntorch.ElmanmRNN(**told)
    rnn.add_recurrent_region("exc", 21, learnable_bias=True)
    rnn.add_recurrent_region("inh", 9, "neg", learnable_bias=True)
    rnn.add_input_region("inp", 3)
    for to in ("exc", "inh"):
        rnn.add_input_connection("inp", to)
        for source in ("exc", "inh"):
            rnn.add_recurrent_connection(source, to)
    rnn.finalize_connectivity()
    rnn.double()
    rnn.W_rec, rnn.W_inp = torch.as_tensor(cell.W), torch.as_tensor(cell.B)
    with torch.no_grad():
        rnn.network.bias_offset.copy_(torch.as_tensor(cell.b))
    return rnn


def examples(quick: bool) -> list[tuple[str, networks.Case, Callable[[str], np.ndarray]]]:
    """Return name, network and search of each example; the search is told its solver."""

    def steps(n: int) -> int:
        return min(n, QUICK_STEPS) if quick else n

    quiet = {"verbose": False, "dtype": "float64"}
    gru, tanh = (
        networks.flip_flop_case(name, load_network(name), n=1024) for name in ("gru", "tanh")
    )

    def golub(solver: str) -> np.ndarray:
        settings = {"lr_init": 1.0, "max_iters": steps(5000), **quiet}
        finder = fixed_point_finder.FixedPointFinderTorch(gru.system, solver=solver, **settings)
        return finder.find_fixed_points(gru.states, np.zeros((1, 3)))[0].xstar

    def from_canns(solver: str) -> np.ndarray:
        settings = {"max_iters": steps(5000), "lr_init": 0.02, "tol_q": 1e-4, "tol_unique": 1e-2}
        finder = canns.FixedPointFinder(
            gru.system, solver=solver, final_q_threshold=1e-6, **settings, **quiet
        )
        return finder.find_fixed_points(gru.states[None], np.zeros((1, 3)), n_inits=1024)[0].xstar

    small = {"tol_unique": 1e-2, "lr_init": 1e-4, "max_iters": steps(35_000), **quiet}

    def toolkit(solver: str) -> np.ndarray:
        finder = rnntoolkit.FixedPointFinder(rnn_of(tanh), solver=solver, **small)
        starts = torch.as_tensor(tanh.states[:128])
        return finder.find_fixed_points(starts, torch.zeros(3))[0].xstar.numpy()

    found = [
        ("FixedPointFinder, GRU, 1024 starts", gru, golub),
        ("CANNs, GRU, 1024 starts", gru, from_canns),
        ("RNNToolkit, nn.RNN, 128 starts", tanh, toolkit),
    ]
    for name, kind in (
        ("dale_leaky", mrnntorch.mFixedPointFinder),
        ("dale_elman", mrnntorch.emFixedPointFinder),
    ):
        case = networks.flip_flop_case(name, load_network(name), n=1024)

        def region(solver: str, case: Any = case, kind: Any = kind) -> np.ndarray:
            rnn = regions_of(case, kind is mrnntorch.mFixedPointFinder)
            finder = kind(rnn, solver=solver, **small)
            starts = torch.as_tensor(case.states[:128])
            return finder.find_fixed_points(starts, torch.zeros(3))[0].xstar.numpy()

        found.append((f"mRNNTorch, {name}, 128 starts", case, region))
    return found


def line_attractor(solver: str, steps: int) -> tuple[int, int]:
    """Return how many points BrainPy's finder keeps of a line, and how many are slow enough."""
    rng = np.random.default_rng(0)
    u = rng.standard_normal(32) / np.sqrt(32)
    u /= np.linalg.norm(u)
    W = (1 - LEAK) * np.outer(u, u)
    candidates = rng.uniform(-1, 1, (500, 1)) * u + 0.02 * rng.standard_normal((500, 32))
    finder = brainpy.SlowPointFinder(
        lambda h: W @ h, f_type="discrete", verbose=False, solver=solver
    )
    finder.find_fps_with_gd_method(candidates, tolerance=TOLERANCE, num_opt=steps)
    finder.filter_loss(TOLERANCE)
    finder.keep_unique(0.03)
    return finder.num_fps, int((finder.losses < TOLERANCE).sum())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--quick", action="store_true", help=f"Adam stops after {QUICK_STEPS}")
    quick = parser.parse_args().quick
    warnings.simplefilter("ignore")
    rows: list[list[object]] = []
    for name, case, search in examples(quick):
        known = case.search(rounds=5).xstar
        base = 0.0
        for solver in ("newton", "adam"):
            seconds, x = networks.cpu_seconds(lambda s=solver, f=search: f(s))
            base = base or seconds
            true = f"{count_true(case, np.asarray(x, float), known)}/{len(known)}"
            rows.append([name, solver, seconds, seconds / base, len(x), true])
    base = 0.0
    for solver in ("newton", "original"):
        steps = QUICK_STEPS if quick else 10_000
        seconds, kept = networks.cpu_seconds(lambda s=solver, n=steps: line_attractor(s, n))
        base = base or seconds
        rows.append(["BrainPy, line, 500 candidates", solver, seconds, seconds / base, *kept])
    networks.print_table(
        f"Examples of the old tools{' (quick)' if quick else ''}",
        ["example", "solver", "CPU s", "ratio", "returned", "true"],
        rows,
    )


if __name__ == "__main__":
    main()
