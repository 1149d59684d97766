"""Estimates are those of the theorem where its constants are known."""

from __future__ import annotations

import numpy as np

import stillpoint as sp
from stillpoint.intervals.spectrum import UNDECIDED
from stillpoint.proofs import Certificate, ProofStatus, estimate


def estimated(target, *states):
    """Return the estimates for the zeros of x^2 - target near some states."""
    system = sp.as_system(lambda x: x + x * x - target, state_size=1)
    x, u = np.array(states, dtype=np.float64)[:, None], np.zeros((len(states), 0))
    nothing = Certificate.without_proof(x, u, ProofStatus.BLACK_BOX)
    return estimate(system.dynamics, x, u, nothing)


def test_radii_are_those_of_a_parabola():
    """|G^-1 (G(y) - G(z))| = |y - z| / |x|: eta = |x^2 - t| / (2 |x|) and omega = 1 / |x|."""
    answer = estimated(1.0, 1.001, 1.2, -1.2)
    x = np.array([1.001, 1.2, -1.2])
    eta, omega = np.abs(x**2 - 1) / np.abs(2 * x), 1 / np.abs(x)
    root = np.sqrt(1 - 2 * eta * omega)
    np.testing.assert_allclose(answer.radius_exists, (1 - root) / omega, rtol=1e-5)
    np.testing.assert_allclose(answer.radius_unique, (1 + root) / omega, rtol=1e-5)
    assert set(answer.reason) == {ProofStatus.ESTIMATED}
    assert not answer.proved.any()
    assert (answer.n_unstable_proved == UNDECIDED).all()
    # In one dimension they are exact: from x to either zero.
    np.testing.assert_allclose(answer.radius_exists, np.abs(np.abs(x) - 1), rtol=1e-5)
    np.testing.assert_allclose(answer.radius_unique, np.abs(x) + 1, rtol=1e-5)


def test_where_the_theorem_does_not_apply_nothing_is_estimated():
    answer = estimated(-1.0, 0.1, 1.0)  # x^2 = -1 has no solution
    assert np.isnan(answer.radius_exists).all()
    assert set(answer.reason) == {ProofStatus.BLACK_BOX}


def test_what_is_proved_is_left_as_it_is():
    cell = sp.cells.VanillaCell(0.5 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
    x, u = np.array([[0.0], [0.3]]), np.zeros((2, 0))
    proved = sp.proofs.prove(cell, x, u)
    answer = estimate(cell, x, u, proved)
    assert answer.proved.tolist() == [True, False]
    assert answer.radius_unique[0] == proved.radius_unique[0]
    assert answer.reason.tolist() == [ProofStatus.PROVED, ProofStatus.ESTIMATED]
    assert np.isnan(proved.radius_exists[1])  # the first record is not written into
