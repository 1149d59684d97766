"""What cannot be proved says so."""

from __future__ import annotations

import numpy as np
import pytest
from certificate_cases import assert_same_certificate, found, scalar

import stillpoint as sp
import zoo
from stillpoint import ArgumentError
from stillpoint.intervals.spectrum import UNDECIDED
from stillpoint.proofs import ProofStatus


def test_functions_are_black_boxes():
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1)
    points = sp.certify(system, sp.find_fixed_points(system, np.linspace(-1, 1, 21)[:, None]))
    assert len(points) == 3
    assert not points.certificate.proved.any()
    assert not points.certificate.distinct.any()
    assert set(points.certificate.reason) == {ProofStatus.BLACK_BOX}
    assert np.isnan(points.certificate.box).all()
    assert "cannot be enclosed" in repr(points)


@pytest.mark.torch
def test_a_module_with_a_forward_of_its_own_is_a_black_box():
    torch = pytest.importorskip("torch")

    class Own(torch.nn.RNN):
        def forward(self, inputs, state=None):
            output, state = super().forward(inputs, state)
            return output, state * 0.5

    module = Own(1, 2).double()
    try:
        system = sp.as_system(module).clamp([0.0])
    except ArgumentError:
        return  # refused at the door, so nothing is proved
    certified = sp.certify(system, found(system, 10))
    assert not certified.certificate.proved.any()
    assert set(certified.certificate.reason) == {ProofStatus.BLACK_BOX}


def test_estimates_say_that_they_are_estimates(planted):
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, recognise=False)
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 21)[:, None])
    certificate = sp.certify(system, points, estimates=True).certificate
    assert not certificate.proved.any()
    assert not certificate.distinct.any()
    assert (certificate.reason == ProofStatus.ESTIMATED).any()
    assert set(certificate.reason) == {ProofStatus.ESTIMATED}
    assert (certificate.radius_exists < 1e-10).all()
    assert (certificate.radius_unique > 1e-3).all()
    assert (certificate.n_unstable_proved == UNDECIDED).all()
    assert not certificate.index_proved.any()
    system, points = planted  # where there are proofs, nothing is estimated
    proved = sp.certify(system, points, estimates=True).certificate
    assert_same_certificate(proved, sp.certify(system, points).certificate)
    assert not (proved.reason == ProofStatus.ESTIMATED).any()


def test_estimates_of_degenerate_points_claim_nothing():
    for system in (scalar(1.0, 0.0), zoo.half_line().system("numpy")):
        starts = np.random.default_rng(0).random((9, system.state_size))
        points = sp.find_fixed_points(system, starts)
        certificate = sp.certify(system, points, estimates=True).certificate
        assert not certificate.proved.any()
        finite = np.isfinite(certificate.radius_unique)
        assert (certificate.reason[finite] == ProofStatus.ESTIMATED).all()
        assert (certificate.radius_unique[finite] < 1.0).all()
