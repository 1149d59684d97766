"""Polishing, putting together and several inputs: the evidence stays, and says what it is about."""

from __future__ import annotations

import numpy as np

import stillpoint as sp
from stillpoint.cells import VanillaCell
from stillpoint.census import Completeness
from stillpoint.points import Source

UNITS = sp.as_system(VanillaCell(2 * np.eye(2), np.zeros((2, 0)), np.array([0.1, 0.0])))
DRIVEN = sp.as_system(VanillaCell(np.full((1, 1), 2.0), np.ones((1, 1)), np.zeros(1)))


def starts(d: int, n: int = 300) -> np.ndarray:
    return np.random.default_rng(0).standard_normal((n, d))


def test_polished_points_keep_what_proves_them():
    points = sp.find_all_fixed_points(UNITS)
    assert points.census().completeness is Completeness.PROVED
    polished = sp.find_fixed_points(UNITS, points)
    assert polished.census().completeness is Completeness.PROVED
    assert polished.certificate.all_proved
    np.testing.assert_array_equal(polished.xstar, points.xstar)
    np.testing.assert_array_equal(polished.hits, points.hits + 1)
    assert (polished.starts.source[len(points.starts) :] == Source.KNOWN).all()


def test_polished_points_keep_hits_that_their_own_starts_do_not_add_to():
    points = sp.find_fixed_points(UNITS, starts(2))
    assert points.census().completeness is Completeness.NO_EVIDENCE
    polished = sp.find_fixed_points(UNITS, points)
    before, after = (p.census().tallies[0] for p in (points, polished))
    assert polished.census().completeness is Completeness.NO_EVIDENCE
    assert before.n_independent == after.n_independent
    rough = points[:]
    assert len(sp.find_fixed_points(UNITS, rough)) == len(points)


def test_points_that_are_proved_to_differ_stay_apart():
    fold = np.sqrt(0.5)
    b = np.arctanh(fold) - 2 * fold + 1e-13  # two points 4e-7 apart
    system = sp.as_system(VanillaCell(np.full((1, 1), 2.0), np.zeros((1, 0)), np.array([b])))
    points = sp.find_all_fixed_points(system)
    assert len(points) == 3
    assert len(sp.find_fixed_points(system, points)) == 3
    assert len(sp.FixedPoints.concatenate([points, points]).unique()) == 3


def test_equal_starts_are_one_piece_of_evidence():
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1)
    points = sp.find_fixed_points(system, starts(1, 60))
    assert points.census().completeness is Completeness.UNDECIDED
    for again in (points, sp.find_fixed_points(system, starts(1, 60))):
        (tally,) = sp.FixedPoints.concatenate([points, again] * 3).unique().census().tallies
        assert tally.n_starts == points.census().tallies[0].n_starts
        assert tally.completeness is Completeness.UNDECIDED
    other = sp.find_fixed_points(system, starts(1, 600))
    together = sp.FixedPoints.concatenate([points, other]).unique()
    assert together.census().completeness is Completeness.NO_EVIDENCE


def test_polishing_is_no_second_hit():
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1)
    points = sp.find_fixed_points(system, np.array([[0.9], [-0.9], [1e-9]]), rounds=0)
    before, after = (p.census() for p in (points, sp.find_fixed_points(system, points, rounds=0)))
    assert before.suggests_missing
    assert after.suggests_missing
    more = sp.find_fixed_points(system, points, rounds=1)
    noise = more.starts.source == Source.NOISE
    assert not noise.any()


def test_records_in_different_units_are_told_apart_by_the_finer():
    def driven(x, u):
        return u * np.tanh(3 * x / u)

    system = sp.as_system(driven, state_size=1, input_size=1, lefschetz=1)
    points = sp.find_all_fixed_points(system, [[-1.0], [1e-9]], max_starts=512)
    assert len(points) == 6
    assert [tally.n_points for tally in points.census().tallies] == [3, 3]
    several = [sp.find_fixed_points(system, u * starts(1), np.array([u])) for u in (1.0, 1e-9)]
    assert len(sp.FixedPoints.concatenate(several).unique()) == 6


def test_points_of_another_network_or_under_other_inputs_are_starts_only():
    points = sp.find_fixed_points(DRIVEN, starts(1), np.zeros(1))
    elsewhere = sp.find_fixed_points(DRIVEN, points, np.array([2.0]))
    assert (elsewhere.inputs == 2.0).all()
    assert len(elsewhere.starts) == len(points)
    other = sp.as_system(VanillaCell(np.full((1, 1), 2.1), np.ones((1, 1)), np.zeros(1)))
    assert len(sp.find_fixed_points(other, points).starts) == len(points)


def test_copies_are_no_missing_points():
    points = sp.find_fixed_points(UNITS, starts(2))
    both = sp.FixedPoints.concatenate([points, points])
    assert len(both) == 2 * len(points)
    (tally,) = both.census().tallies
    assert tally.index_sum == 1
    assert tally.n_points == len(points)
    assert both.census().completeness is Completeness.NO_EVIDENCE


def test_proofs_survive_company_without_proofs():
    points = sp.find_fixed_points(UNITS, starts(2))
    proved = sp.certify(UNITS, points)
    for several in ([proved, points], [points, proved]):
        both = sp.FixedPoints.concatenate(several)
        assert both.certificate.proved.sum() == len(points)
        assert both.unique().certificate.all_proved
    slow = sp.find_slow_points(UNITS, starts(2)[:40])
    both = sp.SlowPoints.concatenate([slow, sp.certify(UNITS, slow)])
    assert both.certificate.proved.sum() == (slow.label == "fixed point").sum()


def test_an_input_of_which_no_proof_was_asked_is_judged_without():
    one, other = (sp.find_fixed_points(DRIVEN, starts(1), np.array([u])) for u in (0.0, 0.1))
    both = sp.FixedPoints.concatenate([sp.certify(DRIVEN, one), other])
    assert [tally.unproved for tally in both.census().tallies] == [0, None]
    assert both.census().completeness is Completeness.NO_EVIDENCE
    assert "not asked" in repr(both)


def test_the_census_of_several_inputs_names_those_in_doubt():
    u = np.repeat([[0.0], [0.1], [0.2], [3.0]], 300, axis=0)
    known = sp.find_fixed_points(DRIVEN, starts(1, 1200), u)
    assert "in doubt" not in known.census().verdict
    assert known.census().doubtful.shape == (0, 1)
    few = np.concatenate([u[:900], u[900:902]])
    census = sp.find_fixed_points(DRIVEN, starts(1, 902), few).census()
    assert census.doubtful.tolist() == [[3.0]]
    assert census.verdict.endswith("in doubt under u = (+3.000)")
    table = census.to_dataframe()
    assert table["u0"].tolist() == [0.0, 0.1, 0.2, 3.0]
    assert table["completeness"].tolist()[-1] == "undecided"
    assert table["n_points"].tolist() == [3, 3, 3, 1]


def test_of_many_inputs_in_doubt_some_are_named_and_the_others_counted():
    u = np.concatenate([np.zeros((300, 1)), np.linspace(3, 4, 8)[:, None]])
    census = sp.find_fixed_points(DRIVEN, starts(1, 308), u).census()
    assert census.verdict.endswith("and 5 others")
    assert census.verdict.count("u = ") == 3
