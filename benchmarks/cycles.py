"""Cycles of a ring of units against a plain multistart on F^k, and published counts of SCYFI.

    python benchmarks/cycles.py [--units 5]

The ring x_i' = tanh(2 x_(i-1)) of N units has 3^gcd(N, k) fixed points of F^k. The plain search
gives F^k(x) - x and its Jacobian to the hybrid Powell method of SciPy, from random states, for
at least as long as ours took. All runs follow each other in one thread; times are CPU seconds of
this run, to be read as ratios.
"""

from __future__ import annotations

import argparse
import time
from math import gcd

import networks  # sets one thread before NumPy is imported
import numpy as np
from scipy.optimize import root

import stillpoint as sp

# Published: diagonal, weights between two units, second bias, period, cycles of that period
# (tests of SCYFI, Eisenmann, Monfared, Göring and Durstewitz 2023).
SCYFI = [
    ((0.8377689000000008, 0.96461297), (-0.6437499999999996, 0.52505308), -0.97931491, 16, 2),
    ((0.9777689, 0.96461297), (-0.6437499999999996, 0.52505308), -0.97931491, 40, 2),
    ((0.9777689, 0.96461297), (-0.14375, 0.675053080000001), -0.97931491, 83, 2),
]


def multistart(system, k, seconds):
    """Return the distinct fixed points of F^k that a plain search finds, and its starts."""
    rng, d, found, n = np.random.default_rng(0), system.state_size, [], 0
    power, none = system.iterate(k).dynamics, np.zeros((1, 0))
    begun = time.process_time()
    while time.process_time() - begun < seconds:
        n += 1
        end = root(
            lambda x: power.step(x[None], none)[0] - x,
            rng.uniform(-1, 1, d),
            jac=lambda x: power.jacobian(x[None], none)[0] - np.eye(d),
        )
        x = end.x
        if end.success and all(np.abs(x - other).max() > 1e-6 for other in found):
            found.append(x)
    return found, n


def ring(n):
    return sp.as_system(
        sp.cells.VanillaCell(np.roll(2 * np.eye(n), 1, axis=0), np.zeros((n, 0)), np.zeros(n))
    )


def pair(diagonal, weights, bias):
    W = np.array([[0.0, weights[0]], [weights[1], 0.0]])
    b = np.array([0.37298253, bias])
    return sp.as_system(sp.cells.ShallowCell.plrnn(diagonal, W, np.zeros((2, 0)), b))


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--units", type=int, default=5)
    print("ring            points     found   proved  plain search, at least as long")
    for n in range(2, options.parse_args().units + 1):
        truth = 3 ** gcd(n, n)
        seconds, cycles = networks.cpu_seconds(lambda n=n: sp.find_cycles(ring(n), periods=n))
        found, starts = multistart(ring(n), n, seconds)
        proved = int(cycles.period[cycles.proved].sum())
        print(
            f"N = k = {n}   {truth:10} {cycles.n_points[-1]:9} {proved:8}"
            f"  {len(found)} from {starts} starts; ours {cycles.completeness[-1]}, {seconds:.1f} s"
        )
    print("\ntwo rectified units: cycles of one period, published and found")
    for *network, period, published in SCYFI:
        seconds, cycles = networks.cpu_seconds(
            lambda network=network, period=period: sp.find_cycles(
                pair(*network), periods=period, max_starts=256
            )
        )
        of_it = cycles.of_period(period)
        print(
            f"period {period}: {published} published, {len(of_it)} found, "
            f"{int(of_it.proved.sum())} proved, {seconds:.1f} s"
        )


if __name__ == "__main__":
    main()
