"""Certificates as records: selections, files, arguments."""

from __future__ import annotations

import inspect
from dataclasses import fields

import numpy as np
import pytest
from certificate_cases import assert_same_certificate, elman, found, scalar

import stillpoint as sp
import zoo
from stillpoint import ArgumentError
from stillpoint.proofs import Certificate, ProofStatus, prove_empty
from stillpoint.tasks import load_network


def test_no_points_and_one_point(planted):
    system, points = planted
    none = sp.certify(system, points[:0])
    assert len(none) == len(none.certificate) == 0
    assert none.certificate.all_proved
    one = sp.certify(system, points[:1])
    assert one.certificate.proved.tolist() == one.certificate.distinct.tolist() == [True]
    assert one.is_selection


def test_a_search_that_finds_nothing_is_certified_as_nothing():
    system = sp.as_system(elman(1.0, [1.0], "linear"))
    with pytest.warns(sp.StillpointWarning, match="no start reached"):
        points = sp.find_fixed_points(system, np.zeros((3, 1)))
    assert len(sp.certify(system, points)) == 0
    assert (prove_empty(system.dynamics, np.array([[0.0], [1e5]]), np.zeros((2, 0))) > 0.5).all()


def test_selections_and_files_keep_the_certificate(planted, tmp_path):
    system, points = planted
    certified = sp.certify(system, points)
    certificate = certified.certificate
    for which in (slice(None, None, -1), slice(1, 3), [2, 0], certified.is_stable, 1):
        part = certified[which]
        rows = np.atleast_1d(np.arange(len(certified))[which])
        assert_same_certificate(part.certificate, certificate.take(rows))
        assert len(part.certificate) == len(part)
    for k, one in enumerate(certified):
        assert_same_certificate(one.certificate, certificate.take(np.array([k])))
    assert_same_certificate(
        Certificate.joined([certified[:2].certificate, certified[2:].certificate]), certificate
    )
    joined = sp.FixedPoints.concatenate([certified[:2], certified[2:]])
    assert_same_certificate(joined.certificate, certificate)
    doubled = sp.FixedPoints.concatenate([certified, certified])
    assert doubled.certificate.all_proved
    assert not doubled.certificate.distinct.any()
    beside = sp.FixedPoints.concatenate([certified, points]).certificate
    assert beside.proved.tolist() == [True] * len(certified) + [False] * len(points)
    loaded = sp.load(certified.save(tmp_path / "points.nc"))
    assert_same_certificate(loaded.certificate, certificate)
    for field in fields(Certificate):
        name = field.name
        assert getattr(loaded.certificate, name).dtype.kind == getattr(certificate, name).dtype.kind
    again = sp.certify(system, loaded)
    assert_same_certificate(again.certificate, certificate)
    assert sp.load(points.save(tmp_path / "plain.nc")).certificate is None
    assert "certificate" not in points.to_dataframe().columns


def test_certifying_twice_changes_nothing(planted):
    system, points = planted
    once = sp.certify(system, points)
    assert_same_certificate(sp.certify(system, once).certificate, once.certificate)
    np.testing.assert_array_equal(sp.certify(system, once).xstar, points.xstar)


def test_nothing_is_changed_in_place():
    network = load_network("gru")
    system = network.system
    before = {name: getattr(network.cell, name).copy() for name in ("W", "B", "b", "c")}
    points = found(system, 30, u=np.zeros(3))
    rows = {f.name: getattr(points, f.name) for f in fields(points)}
    copies = {n: v.copy() for n, v in rows.items() if isinstance(v, np.ndarray)}
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    for estimates in (False, True):
        sp.certify(system, points, estimates=estimates)
    assert points.certificate is None
    for name, was in copies.items():
        np.testing.assert_array_equal(getattr(points, name), was)
    for name, was in before.items():
        np.testing.assert_array_equal(getattr(network.cell, name), was)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert np.geterr() == {"divide": "warn", "over": "warn", "under": "ignore", "invalid": "warn"}


def test_wrong_arguments_raise_at_the_door(planted):
    system, points = planted
    certify = inspect.unwrap(sp.certify)  # without the checker of annotations
    for bad in (None, "tanh", system.dynamics, zoo.planted(2).cell):
        with pytest.raises(ArgumentError, match="system: got"):
            certify(bad, points)
    for bad in (None, points.xstar, [points], points.certificate):
        with pytest.raises(ArgumentError, match="points: got"):
            certify(system, bad)
    with pytest.raises(ArgumentError, match="states and"):
        sp.certify(scalar(2.0, 0.0), points)
    with pytest.raises(ArgumentError, match="other weights"):
        sp.certify(sp.as_system(elman(zoo.planted(2).cell.W * (1 + 1e-15))), points)


def test_reasons_have_sentences():
    assert all(finding.sentence for finding in ProofStatus)
    nothing = Certificate.without_proof(np.zeros((3, 2)), np.zeros((3, 0)), ProofStatus.NOT_TRIED)
    assert (len(nothing), nothing.all_proved, nothing.all_distinct) == (3, False, False)


@pytest.mark.parametrize("estimates", ["yes", None, 1])
def test_estimates_are_wanted_or_not(estimates):
    system = zoo.independent_units(1).system("numpy")
    certify = inspect.unwrap(sp.certify)  # its own checks, not those of the type checker
    with pytest.raises(ArgumentError, match="estimates: got"):
        certify(system, found(system, 20), estimates=estimates)
