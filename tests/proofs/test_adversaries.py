"""No state is certified falsely."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from certificate_cases import SEEDS, assert_true, found, rough_point
from hypothesis import given, settings

import reference
import stillpoint as sp
import zoo
from stillpoint import ArgumentError
from stillpoint.cells import VanillaCell
from stillpoint.intervals.spectrum import UNDECIDED
from stillpoint.proofs import ProofStatus, prove, prove_empty

# Networks whose exact derivatives take long.
LARGE = ("stack", "clamped stack", "iterated")


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(case, marks=[pytest.mark.slow] if case in LARGE else [])
        for case in reference.CASES
    ],
)
@given(seed=SEEDS)
@settings(max_examples=4)
def test_no_state_is_certified_falsely(case, seed):
    """Random states, states near points, and points a little shifted, of networks of every kind."""
    rng = np.random.default_rng(seed)
    cell = reference.CASES[case](rng)
    d, u = cell.state_size, rng.normal(size=cell.input_size)
    x = rng.normal(size=(4, d)) * 10.0 ** rng.integers(-3, 2, (4, 1))
    for guess in (x[0], np.zeros(d)):
        near = rough_point(cell, guess[None], u[None])
        if near is not None:
            far = 10.0 ** rng.uniform(-14, 0, (4, 1)) * rng.normal(size=(4, d))
            ulp = near + np.spacing(near) * rng.integers(-3, 4, d)
            x = np.vstack([x, near, ulp, near + 1e-6, near - 1e-6 * rng.random(d), near + far])
    certificate = prove(cell, x, np.tile(u, (len(x), 1)))
    for k in rng.permutation(np.flatnonzero(certificate.proved))[: 8 if d < 6 else 2]:
        assert_true(cell, x[k], u, certificate, k)
    assert (certificate.reason[~certificate.proved] != ProofStatus.PROVED).all()
    assert not certificate.index_proved[~certificate.proved].any()
    assert (certificate.n_unstable_proved[~certificate.proved] == UNDECIDED).all()
    empty = prove_empty(cell, x, np.tile(u, (len(x), 1)))
    assert (
        not empty[certificate.proved].any()
        or not (empty[certificate.proved] > certificate.radius_exists[certificate.proved]).any()
    )


@given(seed=SEEDS)
@settings(max_examples=25)
def test_of_all_states_of_independent_units_only_those_near_points_are_proved(seed):
    """27 points in closed form; a box that is proved holds exactly one of them."""
    rng = np.random.default_rng(seed)
    network = zoo.independent_units(3)
    x = rng.uniform(-1.5, 1.5, (40, 3))
    x[10:] = network.points[rng.integers(0, 27, 30)]
    x[10:] += 10.0 ** rng.uniform(-16, 0, (30, 1)) * rng.uniform(-1, 1, (30, 3))
    u = np.zeros((40, 0))
    certificate = prove(network.cell, x, u)
    distance = np.abs(x[:, None, :] - network.points).max(axis=2)
    empty = prove_empty(network.cell, x, u)
    assert (empty <= distance.min(axis=1) + 1e-14).all()
    for k in np.flatnonzero(certificate.proved):
        assert (distance[k] <= certificate.radius_exists[k] + 1e-14).sum() == 1
        assert (distance[k] <= certificate.radius_unique[k] - 1e-14).sum() == 1
    near = distance.min(axis=1) < 1e-8
    assert certificate.proved[near].all()  # and it is not for want of answers
    assert not certificate.proved[distance.min(axis=1) > 1e-7].any()
    assert (empty[distance.min(axis=1) > 0.2] > 0).mean() > 0.5 or not near.any()


@pytest.mark.parametrize("shift", [1e-6, 1e-4, 1e-2])
def test_a_shifted_point_is_refused(shift):
    """A fixed point is near and could be proved, but it is not the state that was passed."""
    points = found(zoo.planted(3).system("numpy"), 400)
    cell, (n, d) = zoo.planted(3).cell, points.xstar.shape
    direction = np.random.default_rng(1).choice([-1.0, 1.0], (n, d))
    certificate = prove(cell, points.xstar + shift * direction, np.zeros((n, 0)))
    assert not certificate.proved.any()
    assert np.isin(certificate.reason, [ProofStatus.FAR, ProofStatus.NO_CONTRACTION]).all()
    assert (certificate.reason == ProofStatus.FAR).any()
    assert np.isnan(certificate.radius_exists).all()


@cache
def planted_points():
    network = zoo.planted(2)
    return network, found(network.system("numpy"), 60)


@given(seed=SEEDS)
@settings(max_examples=12)
def test_points_of_other_weights_are_refused_or_right(seed):
    rng = np.random.default_rng(seed)
    network, points = planted_points()
    W = network.cell.W + 10.0 ** rng.uniform(-17, 1) * rng.normal(size=(2, 2))
    other = VanillaCell(W, np.zeros((2, 0)), np.zeros(2))
    certificate = prove(other, points.xstar, points.inputs)
    for k in np.flatnonzero(certificate.proved):
        assert_true(other, points.xstar[k], [], certificate, k)
    if (W != network.cell.W).any():
        with pytest.raises(ArgumentError, match="other weights"):
            sp.certify(sp.as_system(other), points)
