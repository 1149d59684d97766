"""Limit cycles that were planted in random flows: how many are found, and what is found besides.

    python benchmarks/limit_cycles.py [--flows 12]

Seven of ten flows turn in a plane, where one or two circles are limit cycles, and shrink or grow in
the directions across it; half of them are bent by a polynomial change of coordinates, and all are
skewed by a linear one, which change neither periods nor multipliers. The others have no cycle:
gradients, damped rotations, and symmetric rate networks.
"""

from __future__ import annotations

import argparse
import warnings
from dataclasses import dataclass

import networks  # sets one thread before NumPy is imported
import numpy as np

import stillpoint as sp

# How well a period and the sizes of multipliers must agree with what was planted.
PERIOD, MULTIPLIER = 1e-7, 1e-5


@dataclass(frozen=True)
class Planted:
    """A flow, the period of its limit cycles, and the sizes of the multipliers of each."""

    flow: sp.System
    period: float
    multipliers: list[np.ndarray]

    def missed(self, cycles):
        """Return the multipliers of those that are not among cycles."""
        right = np.abs(cycles.period / self.period - 1) < PERIOD
        sizes = np.sort(np.abs(cycles.multipliers[right]), axis=1)[:, ::-1]
        apart = [np.abs(sizes - own).max(axis=1, initial=0.0) for own in self.multipliers]
        return [
            own
            for own, distance in zip(self.multipliers, apart, strict=True)
            if not (distance < MULTIPLIER * max(1.0, own.max())).any()
        ]


def planted(rng, d):
    """Return a flow with one or two limit cycles of one period."""
    radii = np.sort(rng.uniform(0.5, 1.5, rng.integers(1, 3)))
    if np.ptp(radii) < 0.25:
        radii = radii[:1]
    turn, gain = rng.uniform(0.3, 4), rng.choice([-1, 1]) * rng.uniform(0.1, 1)
    across = 0.3 * rng.standard_normal((d - 2, d - 2)) - np.eye(d - 2) * rng.uniform(0.3, 2)
    across *= rng.choice([1.0, -0.3], p=[0.7, 0.3])
    left, right = (np.linalg.qr(rng.standard_normal((d, d)))[0] for _ in range(2))
    skew, middle = left * rng.uniform(0.5, 2, d) @ right, rng.standard_normal(d)
    bend = rng.integers(2) * np.tril(0.3 * rng.standard_normal((d, d)), -1)
    straight = np.linalg.inv(skew)

    def unbent(y):
        z = np.zeros_like(y)
        for i in range(d):
            z[:, i] = y[:, i] - z[:, :i] ** 2 @ bend[i, :i]
        return z

    def step(x):
        z = unbent((x - middle) @ straight.T)
        grows = gain * np.prod([r**2 - (z[:, :2] ** 2).sum(axis=1) for r in radii], axis=0)
        around = z[:, :2] * grows[:, None] + turn * z[:, 1::-1] * [-1.0, 1.0]
        moved = np.concatenate([around, z[:, 2:] @ across.T], axis=1)
        return (moved + 2 * z * moved @ bend.T) @ skew.T

    period, known = 2 * np.pi / turn, np.exp(2 * np.pi / turn * np.linalg.eigvals(across).real)
    slopes = [-2 * r**2 * gain * np.prod([q**2 - r**2 for q in radii if q != r]) for r in radii]
    each = [np.sort(np.append(known, np.exp(slope * period)))[::-1] for slope in slopes]
    return Planted(sp.as_system(step, state_size=d, kind="flow"), period, each)


def without(rng, d):
    """Return a flow without limit cycles."""
    W, K = rng.standard_normal((2, d, d))
    damped, b = W - W.T - np.diag(rng.uniform(0.05, 0.5, d)), 0.3 * rng.standard_normal(d)

    def descends(x):
        return x @ (W + W.T) - 0.06 * (x @ K.T) ** 3 @ K - x**3

    def spirals_in(x):
        return x @ damped.T - 0.1 * x**3

    def remembers(x):
        return -x + 1.2 * np.tanh(x) @ (W + W.T) + b

    step = (descends, spirals_in, remembers)[rng.integers(3)]
    return Planted(sp.as_system(step, state_size=d, kind="flow"), np.nan, [])


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--flows", type=int, default=12)
    told, missed, false, empty, seconds = {True: 0, False: 0}, [], 0, 0, []
    for seed in range(options.parse_args().flows):
        rng = np.random.default_rng(seed)
        d = int(rng.choice([2, 2, 3, 6]))
        case = planted(rng, d) if rng.random() < 0.7 else without(rng, d)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            spent, cycles = networks.cpu_seconds(lambda c=case: sp.find_cycles(c.flow))
        for own in case.multipliers:
            told[bool(own.max() < 1)] += 1
        lost = case.missed(cycles)
        missed += lost
        false += len(cycles) - len(case.multipliers) + len(lost)
        empty += not case.multipliers
        seconds.append(spent)
    for attracts, noun in ((True, "attract"), (False, "repel")):
        lost = [own.max() for own in missed if bool(own.max() < 1) is attracts]
        found = told[attracts] - len(lost)
        ends = "".join(f"; missed one of multiplier {size:.3g}" for size in lost)
        print(f"{told[attracts]} planted cycles that {noun}: {found} found{ends}")
    print(f"{false} found that were not planted; {empty} of the {len(seconds)} flows have none")
    print(f"CPU time of a flow: median {np.median(seconds):.1f} s, longest {max(seconds):.1f} s")


if __name__ == "__main__":
    main()
