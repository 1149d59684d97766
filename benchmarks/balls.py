"""What a search could save by stopping in balls from which Newton's method is proved to converge.

In a box around a known point x* in which |C (G(y) - G(x*))| < 1/3 for the Jacobian G of the
equations and C = G(x*)^-1, Newton's method, full steps or shorter ones, goes to x* and nowhere
else. Intervals prove the largest such cube around each point. From there on the updates of a row
could be spared, if all points were known from the first start on. Beside it stands the same with
the largest |C (G(y) - G(x*))| met at corners of the cube, which proves nothing, and what is left of
both for a whole search, by the solver's share of its time.

    python benchmarks/balls.py [--starts 100000]
"""

from __future__ import annotations

import argparse
from collections.abc import Callable

import networks
import numpy as np

import stillpoint as sp
from stillpoint._core.arrays import take_record
from stillpoint.intervals import Interval
from stillpoint.solvers import Newton, solve

TOLERANCE = 1e-24

# Corners of a cube at which the Jacobian is looked at.
CORNERS = 20


def largest(holds: Callable[[np.ndarray], np.ndarray], n: int) -> np.ndarray:
    """Return the largest radius up to 1 for which something holds, by bisection, row by row."""
    low, high = np.zeros(n), np.ones(n)
    for _ in range(25):
        middle = (low + high) / 2
        held = holds(middle)
        low, high = np.where(held, middle, low), np.where(held, high, middle)
    return low


def radii(case: networks.Case, points: sp.FixedPoints, y: np.ndarray) -> dict[str, np.ndarray]:
    """Return the radius of the cube around every point, proved and estimated."""
    dynamics, u, n = case.system.dynamics, points.inputs, len(points)
    plain, exact = (d.equilibrium_problem() for d in (dynamics, dynamics.interval_extension()))
    slope = plain.jacobian(y, u)
    inverse, rng = np.linalg.inv(slope), np.random.default_rng(0)

    def change(apart: np.ndarray) -> np.ndarray:
        return (np.abs(inverse) @ apart).sum(axis=2).max(axis=1)

    def proved(radius: np.ndarray) -> np.ndarray:
        box = exact.jacobian(Interval(y, radius[:, None] + np.zeros_like(y)), Interval(u))
        return change(np.abs(box.mid - slope) + box.radius) < 1 / 3

    def met(radius: np.ndarray) -> np.ndarray:
        worst = np.zeros(n)
        for _ in range(CORNERS):
            corner = y + radius[:, None] * rng.choice([-1.0, 1.0], y.shape)
            turned = np.abs(inverse @ (plain.jacobian(corner, u) - slope)).sum(axis=2)
            worst = np.maximum(worst, turned.max(axis=1))
        return worst < 1 / 3

    return {"proved": largest(proved, n), "estimated": largest(met, n)}


def spared(case: networks.Case, y: np.ndarray, radius: dict[str, np.ndarray]) -> dict[str, float]:
    """Return the share of row updates that follow the first state within a cube."""
    newton, dynamics = Newton(), case.system.dynamics
    problem = newton.problem(dynamics)
    rows = newton.start(problem, problem.coordinates(case.states, case.inputs), case.inputs)
    updates, after = 0, dict.fromkeys(radius, 0)
    within = {name: np.zeros(len(rows.y), dtype=bool) for name in radius}
    while len(going := np.flatnonzero((rows.q > TOLERANCE) & ~rows.stalled)):
        rows = take_record(rows, going)
        nearest = ((y**2).sum(axis=1) - 2 * rows.y @ y.T).argmin(axis=1)
        away = np.abs(rows.y - y[nearest]).max(axis=1, initial=0.0)
        for name, reach in radius.items():
            within[name] = within[name][going] | (away < reach[nearest])
            after[name] += int(within[name].sum())
        updates += len(going)
        rows = newton.update(problem, rows)
    return {name: count / updates for name, count in after.items()}


def measure(case: networks.Case) -> list[object]:
    """Return one row of the table."""
    points = case.search(rounds=4, orbits=False)
    problem = case.system.dynamics.equilibrium_problem()
    y = problem.coordinates(points.xstar, points.inputs)
    radius = radii(case, points, y)
    told = {"tol": TOLERANCE, "max_steps": 200, "progress": False}
    args = case.system.dynamics, case.states, case.inputs, [Newton()]
    alone = networks.cpu_seconds(lambda: solve(*args, **told))[0]
    whole = networks.cpu_seconds(lambda: case.search(rounds=0, orbits=False))[0]
    share, saved = min(1.0, alone / whole), spared(case, y, radius)
    gains = [1 / (1 - share * part) for part in saved.values()]
    middle = [f"{np.median(radius[name]):.4f}" for name in saved]
    return [case.name, len(points), *middle, *saved.values(), share, *gains]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--starts", type=int, default=100_000)
    options = parser.parse_args()
    header = ["network", "points", "radius, proved", "estimated", "spared, proved", "estimated"]
    networks.print_table(
        "What stopping in balls around known points could save, if all were known beforehand",
        [*header, "solver's share", "at most, proved", "estimated"],
        [measure(case) for case in networks.shipped_cases(options.starts)],
    )


if __name__ == "__main__":
    main()
