"""Small networks, searches on them, and what a certificate has to fulfil."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
from hypothesis import strategies as st
from mpmath import mp

import reference
import stillpoint as sp
from stillpoint._core.arrays import solve_rows
from stillpoint.cells import VanillaCell
from stillpoint.intervals.spectrum import UNDECIDED
from stillpoint.proofs import Certificate, prove
from stillpoint.proofs.existence import Cubes
from stillpoint.proofs.krawczyk import EquilibriumForm

NONE = np.zeros((1, 0))


SEEDS = st.integers(0, 2**32 - 1)


# How exactly the second solution is known.
TRUTH = mp.mpf(10) ** -35


def scalar(gain, b):
    return sp.as_system(VanillaCell(np.array([[gain]]), np.zeros((1, 0)), np.array([b])))


def found(system, n=200, spread=1.2, seed=0, u=None):
    states = np.random.default_rng(seed).uniform(-spread, spread, (n, system.state_size))
    return sp.find_fixed_points(system, states, u)


def cubes_around(cell, y):
    """Return the cubes around states of a cell without inputs."""
    problem = cell.interval_extension().equilibrium_problem()
    return Cubes.around(EquilibriumForm(problem, np.zeros((len(y), 0)), y.shape[1]), y)


def moved_to(points, x):
    """Return the record with other states; the evidence stays that of the old ones."""
    some = points[: len(x)]
    moved = replace(some.linearization, states=np.array(x, dtype=np.float64))
    return replace(some, linearization=moved)


def assert_same_certificate(left, right):
    for name in ("distinct", *(field.name for field in fields(Certificate))):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


def assert_true(cell, x, u, certificate, k, *, count=True, again=False):
    """Assert that the exact point lies where row k of a certificate says, and is of its kind."""
    y = reference.solve(cell, x, u, digits=40)
    assert y is not None, "nothing is found where a point is certified"
    exact = reference.state_at(cell, y, u)
    for value, centre, radius in zip(exact, x, certificate.box[k], strict=True):
        excess = abs(value - mp.mpf(float(centre))) - mp.mpf(float(radius))
        assert excess <= TRUTH, "not in the box"
    assert certificate.box[k].max() == certificate.radius_exists[k]
    here = reference.unknowns(cell, x)
    if reference.latent_factors(cell) is None:  # else the radius is also one of states, and smaller
        distance = max(abs(a - mp.mpf(float(b))) for a, b in zip(y, here, strict=True))
        assert distance <= certificate.radius_unique[k] + TRUTH
    if again:
        assert reference.proves_zero(
            cell, [float(v) for v in here], u, max(2 * certificate.radius_exists[k], 1e-60)
        )
    if not count:
        return
    jacobian = reference.jacobian(cell, exact, u)
    proved = certificate.n_unstable_proved[k]
    if proved != UNDECIDED:
        assert reference.count_unstable(jacobian, cell.kind, digits=40) in (proved, None)
    if certificate.index_proved[k] != 0:
        motion = jacobian - mp.eye(len(x)) if cell.kind == "map" else jacobian
        assert mp.sign(mp.det(-motion)) == certificate.index_proved[k]


def exactly(points, k):
    return reference.numbers(mp, points.xstar[k]), reference.numbers(mp, points.inputs[k])


def rough_point(cell, x, u):
    """Return a point by plain Newton steps in floating point, or None."""
    problem = cell.equilibrium_problem()
    y = problem.coordinates(x, u)
    with np.errstate(all="ignore"):  # gates that are closed to rounding lead nowhere
        for _ in range(40):
            y = y - solve_rows(problem.jacobian(y, u), problem.residual(y, u))
            if not np.abs(y).max() < 1e6:
                return None
    return problem.state(y, u)[0]


def proof_at(cell, *states):
    x = np.array(states, dtype=np.float64).reshape(len(states), -1)
    return prove(cell, x, np.zeros((len(states), 0)))


def elman(W, b=None, phi="tanh"):
    W = np.atleast_2d(np.array(W, dtype=np.float64))
    b = np.zeros(len(W)) if b is None else np.array(b, dtype=np.float64)
    return VanillaCell(W, np.zeros((len(W), 0)), b, phi)
