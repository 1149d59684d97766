"""Lyapunov spectra against the bare matrix products, and against QR at every step.

    python benchmarks/lyapunov.py [--units 500] [--steps 400]

All run the same chaotic network, one after the other, in one thread; what is printed are ratios of
CPU times within this run, and by how much the exponents differ.
"""

from __future__ import annotations

import argparse
import time

import networks  # sets one thread before NumPy is imported
import numpy as np

import stillpoint as sp


def products(system, x, steps):
    """Return the CPU time of bare products of Jacobians with deviations, and nothing else."""
    V = np.linalg.qr(np.random.default_rng(0).standard_normal((x.shape[1],) * 2))[0]
    jacobians = [system.dynamics.jacobian(x, np.zeros((1, 0)))[0]] * steps
    begun = time.process_time()
    for J in jacobians:
        V = J @ V
        V /= np.abs(V).max()  # nothing overflows
    return time.process_time() - begun


def plain(system, x, steps):
    """Return the exponents by the loop that people write: QR at every step."""
    V = np.linalg.qr(np.random.default_rng(0).standard_normal((x.shape[1],) * 2))[0]
    logs = np.zeros(x.shape[1])
    for _ in range(steps):
        V = system.dynamics.jacobian(x, np.zeros((1, 0)))[0] @ V
        x = system.dynamics.step(x, np.zeros((1, 0)))
        V, R = np.linalg.qr(V)
        logs += np.log(np.abs(np.diag(R)))
    return logs / steps


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--units", type=int, default=500)
    options.add_argument("--steps", type=int, default=400)
    asked = options.parse_args()
    rng, d = np.random.default_rng(1), asked.units
    W = rng.standard_normal((d, d)) * 2 / np.sqrt(d)
    system = sp.as_system(sp.cells.VanillaCell(W, np.zeros((d, 0)), np.zeros(d)))
    x = system.simulate(rng.standard_normal((1, d)) / 2, steps=500)[:, -1]
    ours, whole = networks.cpu_seconds(
        lambda: sp.lyapunov(system, x, steps=asked.steps, transient=50)
    )
    later = system.simulate(x, steps=50)[:, -1]
    usual, theirs = networks.cpu_seconds(lambda: plain(system, later, asked.steps))
    bare = products(system, x, asked.steps)
    few, first = networks.cpu_seconds(
        lambda: sp.lyapunov(system, x, k=10, steps=asked.steps, transient=50)
    )
    print(f"{d} units, {asked.steps} steps; CPU time in units of the bare products:")
    print(f"  whole spectrum   {ours / bare:5.2f}   (QR every {whole.interval} steps)")
    print(f"  QR at every step {usual / bare:5.2f}")
    print(f"  first ten        {few / bare:5.2f}   (QR every {first.interval} steps)")
    apart = np.abs(np.sort(theirs)[::-1] - whole.exponents).max()
    print(f"  largest difference of an exponent from QR at every step: {apart:.1e}")


if __name__ == "__main__":
    main()
