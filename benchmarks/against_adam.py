"""The default search against Adam on the mean of q, the field's method, from the same starts.

Two settings of Adam: FixedPointFinder's defaults (rate 1, factor .95 after 2 steps without
progress, until every row has q < 1e-12), and those of RNNToolkit's notebooks (rate 1e-4, factor
.25 after 10 steps, until every row has q < 1e-10). Distinct end states are returned, as those
tools do. One counts as true if Newton's method moves it by less than 1e-3 and ends on a point
that a search in rounds knows. Every column is one run.

    python benchmarks/against_adam.py [--quick] [--starts N] [NETWORK ...]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass

import networks
import numpy as np
from scipy.spatial import cKDTree

from stillpoint._core.grouping import group, representatives
from stillpoint.solvers import Adam, Newton, Plateau, solve

QUICK_STEPS = 1000


@dataclass(frozen=True)
class Setting:
    """How a tool sets Adam, when it stops, and which end states it takes for one point."""

    name: str
    adam: Adam
    tol: float
    max_steps: int
    tol_unique: float


SETTINGS = (
    Setting("FixedPointFinder", Adam(1.0, Plateau(0.95, 2), 1e-20), 1e-12, 10_000, 1e-3),
    Setting("RNNToolkit", Adam(1e-4, Plateau(0.25, 10, 1e-10), 1e-18), 1e-10, 35_000, 0.1),
)


@dataclass(frozen=True)
class Answer:
    """The distinct states that a method returns, and what it did to get there."""

    x: np.ndarray
    converged: float
    steps: int


def by_default(case: networks.Case) -> Answer:
    """Search as `find_fixed_points` does, spectra and all."""
    points = case.search()
    return Answer(points.xstar, (points.starts.point >= 0).mean(), points.starts.steps.max())


def by_adam(case: networks.Case, setting: Setting, max_steps: int) -> Answer:
    """Descend the mean of q and merge the end states."""
    outcome = solve(
        case.system.dynamics,
        case.states,
        case.inputs,
        [setting.adam],
        tol=setting.tol,
        max_steps=max_steps,
        progress=False,
    )
    q = half_squares(case, outcome.x)
    kept = representatives(group(outcome.x, setting.tol_unique), q)
    return Answer(outcome.x[kept], (q < setting.tol).mean(), outcome.steps.max())


def half_squares(case: networks.Case, x: np.ndarray) -> np.ndarray:
    """Return q at every state."""
    return 0.5 * (case.system.residual(x, case.inputs[: len(x)]) ** 2).sum(axis=1)


def count_true(case: networks.Case, x: np.ndarray, known: np.ndarray) -> int:
    """Return how many known points lie within 1e-3 of `x` and are where Newton leads from it."""
    polished = solve(
        case.system.dynamics,
        x,
        case.inputs[: len(x)],
        [Newton()],
        tol=1e-24,
        max_steps=100,
        progress=False,
    ).x
    distance, nearest = cKDTree(known).query(polished)
    true = (np.linalg.norm(polished - x, axis=1) < 1e-3) & (distance < 1e-6)
    return len(np.unique(nearest[true]))


def measure(case: networks.Case, quick: bool) -> list[list[object]]:
    """Return one row of the table for each method."""
    known = case.search(rounds=5).xstar
    methods: list[tuple[str, Callable[[], Answer]]] = [("default", lambda: by_default(case))]
    for setting in SETTINGS:
        steps = QUICK_STEPS if quick else setting.max_steps
        methods.append((f"Adam as {setting.name}", lambda s=setting, k=steps: by_adam(case, s, k)))
    rows: list[list[object]] = []
    for name, method in methods:
        seconds, answer = networks.cpu_seconds(method, repeats=5 if name == "default" else 1)
        base = rows[0][2] if rows else seconds
        true = f"{count_true(case, answer.x, known)}/{len(known)}"
        share = f"{100 * answer.converged:.0f} %"
        rows.append(
            [case.name, name, seconds, seconds / base, answer.steps, share, len(answer.x), true]
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("network", nargs="*", help="tanh, gru, lstm; all if left out")
    parser.add_argument("--starts", type=int, default=1024)
    parser.add_argument("--quick", action="store_true", help=f"Adam stops after {QUICK_STEPS}")
    options = parser.parse_args()
    wanted = [f"{name}-16" for name in options.network or networks.SHIPPED]
    cases = [case for case in networks.shipped_cases(options.starts) if case.name in wanted]
    networks.print_table(
        f"One search from {options.starts} starts{' (quick)' if options.quick else ''}",
        ["network", "method", "CPU s", "ratio", "steps", "converged", "returned", "true"],
        [row for case in cases for row in measure(case, options.quick)],
    )


if __name__ == "__main__":
    main()
