"""Weights kept as factors against their product: a step, a search, an enumeration.

    python benchmarks/low_rank.py

Leaky tanh networks of rank 2, x' = (1 - a) x + a (U V^T phi(x) + b). CPU time with the product
divided by that with the factors, for the same starts, and how many points both find.
"""

from __future__ import annotations

import networks  # sets one thread before NumPy is imported
import numpy as np

import stillpoint as sp
from stillpoint.cells import LeakyCell, LowRank

UNITS = 128, 512
STARTS = 128


def systems(d: int, rng: np.random.Generator) -> list[sp.System]:
    """Return the network with the product and with the factors."""
    m = rng.standard_normal((d, 2))
    factors = LowRank(m, (2 * m + 0.5 * rng.standard_normal((d, 2))) / d)
    rest = np.zeros((d, 0)), 0.05 * rng.standard_normal(d), np.full(d, 0.1)
    return [sp.as_system(LeakyCell(W, *rest)) for W in (factors.dense, factors)]


def main() -> None:
    """Measure and print the ratios."""
    rng = np.random.default_rng(0)
    for d in UNITS:
        both = systems(d, rng)
        x = 3 * rng.standard_normal((STARTS, 2)) @ both[1].dynamics.W.U.T
        for what, call, repeats in (
            ("step", lambda system, x=x: system.step(x), 20),
            (
                "search",
                lambda system, x=x: sp.find_fixed_points(system, x, rounds=0, progress=False),
                1,
            ),
            ("enumeration", sp.enumerate_fixed_points, 1),
        ):
            seconds, answers = zip(
                *(networks.cpu_seconds(lambda s=s, c=call: c(s), repeats=repeats) for s in both),
                strict=True,
            )
            points = "" if what == "step" else f", points {[_count(a) for a in answers]}"
            ratio = seconds[0] / seconds[1]
            print(f"{d} units, {what}: {seconds[1]:.4f} s, ratio {ratio:.1f}{points}")


def _count(answer: sp.FixedPoints | sp.proofs.Enumeration) -> int:
    return answer.n_points if isinstance(answer, sp.proofs.Enumeration) else len(answer)


if __name__ == "__main__":
    main()
