"""Small networks, and all their fixed points in rational arithmetic."""

from __future__ import annotations

from itertools import product

import numpy as np
from flint import fmpq, fmpq_mat
from scipy.optimize import linprog

from stillpoint.cells import (
    LeakyCell,
    LeakyRateCell,
    VanillaCell,
)
from stillpoint.proofs.enumeration import arrangement, enumerate_states

NO_INPUT = np.zeros(0)


def vanilla(W, b=None, phi="tanh"):
    """Return x' = phi(W x + b)."""
    W = np.array(W, dtype=np.float64)
    b = np.zeros(len(W)) if b is None else np.broadcast_to(b, len(W)).astype(np.float64)
    return VanillaCell(W, np.zeros((len(W), 0)), b, phi)


def leaky(cell):
    """Return the leaky network with the same rates as a vanilla one, and leaks that differ."""
    return LeakyCell(cell.W, cell.B, cell.b, np.linspace(0.1, 0.9, len(cell.b)), cell.phi)


def leaky_rate(cell):
    """Return the leaky network with the same rates as a vanilla one, for a state."""
    alpha = np.linspace(0.1, 0.9, len(cell.b))
    return LeakyRateCell(cell.W, cell.B, cell.b, cell.phi, alpha=alpha)


def low_rank(d, rank, seed, phi="tanh", gain=2.0, bias=0.1):
    """Return a network with random weights of low rank that has a few points."""
    rng = np.random.default_rng(seed)
    M = rng.standard_normal((d, rank))
    N = rng.standard_normal((d, rank)) + gain * M
    return vanilla(2 * M @ N.T / d, bias * rng.standard_normal(d), phi)


def index_sum(cell, states):
    """Return the sum of sign det(I - J)."""
    jacobian = cell.jacobian(states, np.zeros((len(states), cell.input_size)))
    return int(np.sign(np.linalg.det(np.eye(cell.state_size) - jacobian)).sum())


def assert_alike(states, expected, digits=1e-9):
    """Check that two lists of points are the same, in any order."""
    assert states.shape == expected.shape
    distance = np.abs(states[:, None] - expected[None]).max(axis=2)
    assert (distance.min(axis=0, initial=np.inf) < digits).all()
    assert (distance.min(axis=1, initial=np.inf) < digits).all()


def assert_at_rest(cell, states):
    u = np.zeros((len(states), cell.input_size))
    np.testing.assert_allclose(cell.step(states, u), states, rtol=1e-11, atol=1e-11)


def ctln(edges):
    """Return x' = max(0, W x + 1) of a graph: -0.75 along an edge j -> i, -1.5 without."""
    edges = np.asarray(edges, dtype=bool)
    W = np.where(edges, -0.75, -1.5) * (1 - np.eye(len(edges)))
    return vanilla(W, 1.0, "relu")


class few_patterns:  # noqa: N801
    """Below so many patterns they are listed without geometry."""

    def __init__(self, most):
        self.most = most

    def __enter__(self):
        self.before, arrangement._FEW = arrangement._FEW, self.most

    def __exit__(self, *_):
        arrangement._FEW = self.before


def rational_points(W, b) -> tuple[list, bool]:
    """Return all fixed points of x' = max(0, W x + b) exactly, and whether some form a line.

    Every support is tried: off it rates are zero and drives are not positive, on it the rates
    solve a linear system. A singular system with solutions that obey the signs is a continuum.
    """
    n, points, lines = len(W), set(), False
    exact_W, exact_b = [[rational(w) for w in row] for row in W], [rational(v) for v in b]
    for support in product((False, True), repeat=n):
        on = [i for i in range(n) if support[i]]
        rows = [[(i == j) - exact_W[i][j] for j in on] for i in on]
        rates = solve_rationally(rows, [exact_b[i] for i in on])
        if rates == "many":
            lines |= has_solutions(np.array(W), np.array(b), np.array(support))
        elif rates is not None:
            state = [fmpq(0)] * n
            for i, rate in zip(on, rates, strict=True):
                state[i] = rate
            drives = [sum(exact_W[i][j] * state[j] for j in on) + exact_b[i] for i in range(n)]
            if all(state[i] >= 0 if support[i] else drives[i] <= 0 for i in range(n)):
                points.add(tuple(state))
    return [[int(v.p) / int(v.q) for v in point] for point in points], lines


def rational(value):
    """Return a floating-point number exactly."""
    return fmpq(*float(value).as_integer_ratio())


def has_solutions(W, b, on):
    """Return whether fixed points have these signs, by a linear program."""
    identity = np.eye(len(b))
    equal = np.where(on[:, None], identity - W, identity)
    return linprog(
        np.zeros(len(b)), A_ub=W[~on], b_ub=-b[~on], A_eq=equal, b_eq=np.where(on, b, 0.0)
    ).success


def solve_rationally(rows, right):
    """Return the solution, None if there is none, or "many"."""
    n = len(rows)
    if n == 0:
        return []
    reduced, rank = fmpq_mat([[*row, value] for row, value in zip(rows, right, strict=True)]).rref()
    if rank and not any(reduced[rank - 1, j] for j in range(n)):
        return None
    return "many" if rank < n else [reduced[i, n] for i in range(n)]


def check_against_rationals(W, b):
    """Compare a proof with the truth; return whether there was a proof."""
    points, lines = rational_points(W, b)
    rates = vanilla(W, b, "relu")
    for cell in (rates, leaky(rates), leaky_rate(rates)):
        proof = enumerate_states(cell, NO_INPUT)
        if not proof.is_proof:
            continue
        assert not lines
        rates = proof.states if isinstance(cell, VanillaCell) else np.maximum(proof.states, 0)
        assert_alike(rates, np.array(points).reshape(-1, len(b)))
    return proof.is_proof
