"""How many random GRUs are recognised as what they are, by units, inputs, weights and biases.

python benchmarks/recognition.py [--networks N] [--units D ...]
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Callable
from typing import Any

import networks
import numpy as np

import stillpoint as sp
from stillpoint.cells import GRUCell, ResetBeforeGRUCell

GAINS = (0.1, 0.3, 1.0, 2.5, 5.0)
BIASES = (0.0, 0.1, 1.0)
KINDS = {"GRU": GRUCell, "reset before": ResetBeforeGRUCell}


def drawn(kind: str, d: int, m: int, gain: float, bias: float, stored: bool, rng: Any) -> Any:
    """Return a cell of normal weights, kept as float32 stores them or as they are."""
    weights = [
        gain / np.sqrt(d) * rng.standard_normal((3 * d, d)),
        gain / np.sqrt(max(m, 1)) * rng.standard_normal((3 * d, m)),
        bias * rng.standard_normal(3 * d),
    ]
    if kind == "GRU":
        weights.append(bias * rng.standard_normal(d))
    if stored:
        weights = [part.astype(np.float32).astype(float) for part in weights]
    return KINDS[kind](*weights)


def by_hand(cell: Any) -> Callable[..., Any]:
    """Return the step of a cell, written in other words than its own."""
    parts = zip(*(np.split(part, 3) for part in (cell.W, cell.B, cell.b)), strict=True)
    (W_r, B_r, b_r), (W_z, B_z, b_z), (W_n, B_n, b_n) = parts

    def step(h: Any, u: Any = None) -> Any:
        u = np.zeros((len(h), 0)) if u is None else u
        r, z = (
            1 / (1 + np.exp(-(h @ W.T + u @ B.T + b)))
            for W, B, b in ((W_r, B_r, b_r), (W_z, B_z, b_z))
        )
        if isinstance(cell, GRUCell):
            drive = r * (h @ W_n.T + cell.c) + u @ B_n.T + b_n
        else:
            drive = (r * h) @ W_n.T + u @ B_n.T + b_n
        return (1 - z) * np.tanh(drive) + z * h

    return step if cell.input_size else lambda h: step(h)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--networks", type=int, default=2, help="of each kind, gain and bias")
    parser.add_argument("--units", type=int, nargs="+", default=[1, 2, 3, 5, 8, 16])
    options = parser.parse_args()
    rows: list[list[object]] = []
    for kind in KINDS:
        for stored in (True, False):
            for d in options.units:
                found: Counter[object] = Counter()
                seconds, rng = 0.0, np.random.default_rng(d)
                for gain in GAINS:
                    for bias in BIASES:
                        for _ in range(options.networks):
                            m = int(rng.integers(1 if d == 1 else 0, 4))
                            cell = drawn(kind, d, m, gain, bias, stored, rng)
                            step = by_hand(cell)
                            taken, system = networks.cpu_seconds(
                                lambda step=step, m=m: sp.as_system(step, d, m)  # noqa: B023
                            )
                            seconds += taken
                            found["all"] += 1
                            if system.recognised is None:
                                continue
                            x, u = rng.standard_normal((100, d)), rng.standard_normal((100, m))
                            off = np.abs(system.step(x, u) - cell.step(x, u)).max()
                            found["right" if off < 1e-11 else "wrong"] += 1
                            found["moderate"] += gain >= 0.3
                            same = type(system.dynamics) is type(cell)
                            found["exact"] += same and np.array_equal(system.dynamics.W, cell.W)
                n, moderate = found["all"], found["all"] * 4 // 5
                shares = f"{found['right']}/{n}", f"{found['moderate']}/{moderate}"
                exact = found["exact"] if stored else "-"
                rows.append([kind, stored, d, *shares, exact, found["wrong"], seconds / n])
    networks.print_table(
        "Random GRUs",
        ["kind", "float32", "units", "recognised", "gain >= .3", "exact", "wrong", "CPU s"],
        rows,
    )


if __name__ == "__main__":
    main()
