"""Folds, continua, kinks, and numbers at the ends of the range."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from certificate_cases import assert_true, elman, proof_at

import reference
import stillpoint as sp
import zoo
from stillpoint.cells import LeakyCell
from stillpoint.dynamics.transforms import Iterated
from stillpoint.intervals import Interval
from stillpoint.intervals.linalg import determinant_sign, negative_eigenvalues
from stillpoint.intervals.spectrum import UNDECIDED
from stillpoint.proofs import ProofStatus, prove, prove_empty


def test_a_pitchfork_and_a_fold_are_not_proved():
    """The point exists and is the only one, but it is a triple or a double zero."""
    states = [0.0, 1e-12, -1e-6, 1e-3]
    certificate = proof_at(elman(1.0), *states)
    assert not certificate.proved.any()
    assert certificate.reason[0] == ProofStatus.SINGULAR
    x, b = zoo.fold_of(2.0)
    assert not proof_at(elman(2.0, [b]), x, x + 1e-9, x - 1e-6).proved.any()
    assert not (prove_empty(elman(1.0), np.array(states)[:, None], np.zeros((4, 0))) > 1e-3).any()


@pytest.mark.parametrize("gain", [1 - 1e-9, 1 + 1e-9, 1 + 1e-6])
def test_just_beside_a_pitchfork_the_truth_is_told(gain):
    certificate = proof_at(elman(gain), 0.0, 1e-7, 1e-3)
    assert certificate.proved[0]
    assert certificate.n_unstable_proved[0] == (gain > 1)
    assert certificate.index_proved[0] == np.sign(1 - gain)
    if gain > 1:
        others = np.sqrt(3 * (gain - 1))
        assert certificate.radius_unique[0] < others
        assert proof_at(elman(gain), others).n_unstable_proved.tolist() == [0]
    for k in np.flatnonzero(certificate.proved):
        assert_true(elman(gain), np.array([[0.0], [1e-7], [1e-3]])[k], [], certificate, k)


def test_a_half_line_of_points_is_refused_as_a_continuum():
    system = zoo.half_line().system("numpy")
    points = sp.certify(
        system, sp.find_fixed_points(system, np.random.default_rng(0).random((9, 3)))
    )
    certificate = points.certificate
    assert not certificate.proved.any()
    assert points.on_continuum.all()
    assert set(certificate.reason) == {ProofStatus.CONTINUUM}
    assert not certificate.radius_empty.any()
    a = [[a, 0.0, 0.0] for a in (0.0, 1e-300, 1e-9, 1.0, 7.3, 1e10)]
    assert not proof_at(zoo.half_line().cell, *a).proved.any()


def test_zero_weights_have_their_bias_for_a_point():
    for phi, value in (("tanh", np.tanh(0.3)), ("relu", 0.3), ("linear", 0.3)):
        certificate = proof_at(elman(np.zeros((2, 2)), [0.3, 0.3], phi), [value, value], [0.0, 0.0])
        assert certificate.proved.tolist() == [True, False]  # a constant map, whose value is far
        assert certificate.reason[1] == ProofStatus.FAR
        assert certificate.n_unstable_proved[0] == 0
        assert certificate.radius_exists[0] < 1e-14
    silent = zoo.silent_lstm().cell
    assert proof_at(silent, np.zeros(6), np.full(6, 0.1)).proved.tolist() == [True, False]


def test_points_on_a_kink_are_proved_where_all_slopes_agree():
    """x' = max(0, w x): for w < 1 the point 0 is the only one, and lies on the kink."""
    for w in (0.5, -0.5):
        certificate = proof_at(elman(w, phi="relu"), 0.0)
        assert certificate.proved.tolist() == [True]
        assert certificate.index_proved.tolist() == [1]
        assert certificate.n_unstable_proved.tolist() == [UNDECIDED]  # of which Jacobian?
        assert certificate.stability_reason.tolist() == [ProofStatus.KINK]
    # two half-lines of slopes 2 and 0: -1 + 2 x and 0 meet x in 0 and in 1
    certificate = proof_at(elman(2.0, [-1.0], "relu"), 0.0, 1.0, 0.5)
    assert certificate.proved.tolist() == [True, True, False]
    assert certificate.n_unstable_proved.tolist() == [0, 1, UNDECIDED]
    assert certificate.radius_unique[0] < 1
    # a leaky unit on its kink under weights of both signs; for w = 1 a half-line stands still
    for w, proved in ((0.9, True), (1.0, False), (1.1, True), (-0.9, True)):
        cell = LeakyCell(np.array([[w]]), np.zeros((1, 0)), np.zeros(1), np.array([0.2]), "relu")
        certificate = proof_at(cell, 0.0)
        assert certificate.proved.tolist() == [proved], w


@pytest.mark.parametrize("bias", [1e-310, 5e-324, 1e-300, 1e-100, 1e100, 1e300, -1e300])
@pytest.mark.parametrize("phi", ["linear", "relu"])
def test_points_of_extreme_size_are_proved_or_refused_but_never_false(bias, phi):
    """x' = phi(x / 2 + b) has the point 2 b, or 0 where ReLU is silent."""
    cell, point = elman(0.5, [bias], phi), (0.0 if phi == "relu" and bias < 0 else 2 * bias)
    states = np.array([point, bias, 0.0, 1.0, 3 * bias, 1e-310])
    with np.errstate(all="ignore"):
        certificate = proof_at(cell, *states)
        empty = prove_empty(cell, states[:, None], np.zeros((6, 0)))
    assert certificate.proved[0]
    for k in range(6):
        distance = abs(Fraction(states[k]) - Fraction(point))
        if certificate.proved[k]:
            assert distance <= Fraction(certificate.radius_exists[k])
            assert certificate.n_unstable_proved[k] in (0, UNDECIDED)
        assert Fraction(empty[k]) <= distance


@pytest.mark.parametrize("times", [2, 3, 4])
def test_what_overflows_is_not_certified(times):
    """The point is (1e400, 1e200), which no floating-point state is near."""
    cell = Iterated(elman([[0.0, 1e200], [0.0, 0.0]], [0.0, 1e200], "relu"), times)
    with np.errstate(all="ignore"):
        certificate = proof_at(cell, [0.0, 0.0], [0.0, 1e200], [1e200, 1e200], [1e308, 1e200])
    far = ~certificate.proved | (certificate.radius_exists > 1e308)
    assert far.all()


def test_states_and_weights_at_the_end_of_the_range_raise_no_error():
    x = np.array([[1e308, -1e308], [1.7e308, 1.7e308], [0.0, 1e308]])
    u = np.zeros((3, 0))
    for phi in reference.PHI:
        for W in (np.full((2, 2), 1e308), np.array([[1e308, 1e308], [-1e308, 1e308]]), np.eye(2)):
            cell = elman(W, phi=phi)
            prove(cell, x, u)
            prove_empty(cell, x, u)
    with np.errstate(all="ignore"):
        big = Interval(np.array([[1e308, 1e308], [-1e308, 1e308]]))
        assert determinant_sign(big) in (0, 1)
        assert negative_eigenvalues(Interval(np.full((2, 2), 1e308))) in (None, 0)
