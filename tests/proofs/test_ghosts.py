"""Around a slow point it is proved that there is no fixed point."""

from __future__ import annotations

import numpy as np
import pytest
from certificate_cases import assert_same_certificate, elman, scalar
from mpmath import mp

import reference
import stillpoint as sp
import zoo


@pytest.mark.parametrize("distance", [1e-9, 1e-6, 1e-4, 1e-2])
def test_around_a_ghost_it_is_proved_that_there_is_no_point(distance):
    place, fold = zoo.fold_of(2.0)
    b = fold - np.sign(place) * distance
    slow = sp.find_slow_points(scalar(2.0, b), np.linspace(-1, 1, 41)[:, None])
    certified = sp.certify(scalar(2.0, b), slow)
    certificate, ghost = certified.certificate, certified.label == "ghost"
    assert len(certified) == len(slow)
    np.testing.assert_array_equal(certificate.proved, ~ghost)
    assert (certificate.radius_empty > 0).tolist() == ghost.tolist()
    assert "no fixed point around 1 of 1 others" in repr(certified)
    assert certified.ghosts.certificate.radius_empty[0] == certificate.radius_empty[ghost][0]
    # |F(x) - x| stays positive all over the cube, by its exact minimum where F' = 1
    x, reach = certified.xstar[ghost][0, 0], certificate.radius_empty[ghost][0]
    for t in np.linspace(-1, 1, 401):
        at = mp.mpf(x) + mp.mpf(t) * mp.mpf(reach)
        assert (mp.tanh(2 * at + mp.mpf(b)) - at) * -np.sign(place) > 0
    only = reference.solve(elman(2.0, [b]), certified.xstar[~ghost][0], [])
    assert abs(only[0] - mp.mpf(x)) > reach


def test_slow_points_keep_their_certificate(tmp_path):
    place, fold = zoo.fold_of(2.0)
    system = scalar(2.0, fold - np.sign(place) * 1e-4)
    slow = sp.certify(system, sp.find_slow_points(system, np.linspace(-1, 1, 41)[:, None]))
    loaded = sp.load(slow.save(tmp_path / "slow.nc"))
    assert_same_certificate(loaded.certificate, slow.certificate)
    assert_same_certificate(slow[::-1][::-1].certificate, slow.certificate)
    unknown = sp.as_system(lambda x: np.tanh(2 * x - 0.5329), state_size=1, recognise=False)
    boxed = sp.certify(unknown, sp.find_slow_points(unknown, np.linspace(-1, 1, 41)[:, None]))
    assert not boxed.certificate.radius_empty.any()
    assert not boxed.certificate.proved.any()
