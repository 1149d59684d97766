"""The census: published formulas worked out by hand, and the sentence that each case ends in."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import stillpoint as sp
from stillpoint.cells import LeakyCell, VanillaCell
from stillpoint.census import Completeness
from stillpoint.census.count import spread_of
from stillpoint.census.estimators import chao1, coverage_bound, good_turing
from stillpoint.points import Source

A = 0.9575040240772687  # tanh(2 a) = a


def units(d, gain=2.0, phi="tanh", b=0.0):
    """Return d independent units x' = phi(gain x + b)."""
    return sp.as_system(VanillaCell(gain * np.eye(d), np.zeros((d, 0)), np.full(d, b), phi=phi))


def signs(d, *values):
    return np.array(np.meshgrid(*[values] * d)).reshape(d, -1).T.astype(float)


def near(starts, times):
    """Return so many starts near each of some: equal ones count once."""
    return np.concatenate([starts + 1e-9 * k for k in range(times)])


def census_of(system, starts, times=1, **options):
    options = {"rounds": 0} | options
    return sp.find_fixed_points(system, near(starts, times), **options).census()


# -- Good-Turing and Chao1 -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hits", "coverage"),
    [
        ([5, 4, 1], 0.9),  # 1 - 1/10
        ([1, 1, 1, 1], 0.0),  # 1 - 4/4
        ([2, 2], 1.0),
        ([1, 2, 3, 1, 3], 0.8),  # 1 - 2/10
        ([], 0.0),
    ],
)
def test_good_turing_by_hand(hits, coverage):
    assert good_turing(np.array(hits, dtype=int)) == pytest.approx(coverage, abs=1e-15)


# For each list of hits: N hits in all, S points, f1 and f2 of them hit once and twice.
# Chao (1984), bias-corrected: S + A f1 (f1 - 1) / (2 (f2 + 1)), A = (N - 1) / N.
ESTIMATES = [
    ([9, 8, 12], 3.0),  # f1 = 0
    ([5, 4, 1], 3.0),  # f1 = 1
    ([1, 1, 2], 3 + 3 / 4 * 2 / 4),  # N = 4, f1 = 2, f2 = 1
    ([1, 1, 1, 7], 4 + 9 / 10 * 6 / 2),  # N = 10, f1 = 3, f2 = 0
    ([1, 1, 1, 1, 2, 2, 4], 7 + 11 / 12 * 12 / 6),  # N = 12, f1 = 4, f2 = 2
    ([1] * 5, 5 + 4 / 5 * 20 / 2),  # N = 5, f1 = 5, f2 = 0
]


@pytest.mark.parametrize(("hits", "estimate"), ESTIMATES, ids=str)
def test_chao1_by_hand(hits, estimate):
    assert chao1(np.array(hits))[0] == pytest.approx(estimate, rel=1e-14)


def published_interval(hits):
    """Return Chao's (1987) log-normal 95 % interval, with the variances that go with the estimate.

    With doubletons the variance is equation 6 of the EstimateS manual, without them equation 7,
    both with the factors (N - 1) / N of the estimate.
    """
    hits = np.asarray(hits)
    total, found = hits.sum(), len(hits)
    once, twice = (hits == 1).sum(), (hits == 2).sum()
    share = (total - 1) / total
    estimate = found + share * once * (once - 1) / (2 * (twice + 1))
    if twice:
        variance = (
            share * once * (once - 1) / (2 * (twice + 1))
            + share**2 * once * (2 * once - 1) ** 2 / (4 * (twice + 1) ** 2)
            + share**2 * once**2 * twice * (once - 1) ** 2 / (4 * (twice + 1) ** 4)
        )
    else:
        variance = (
            share * once * (once - 1) / 2
            + share**2 * once * (2 * once - 1) ** 2 / 4
            - share**2 * once**4 / (4 * estimate)
        )
    unseen = estimate - found
    spread = np.exp(1.96 * np.sqrt(np.log(1 + variance / unseen**2)))
    return found + unseen / spread, found + unseen * spread


@pytest.mark.parametrize("hits", [hits for hits, _ in ESTIMATES if hits.count(1) > 1], ids=str)
def test_the_interval_of_chao1_is_the_published_one(hits):
    assert chao1(np.array(hits))[1] == pytest.approx(published_interval(hits), rel=1e-12)


def test_an_interval_worked_out_with_pencil_and_paper():
    """N = 4, S = 3, f1 = 2, f2 = 1: estimate 3.375, variance 3/8 + 81/128 + 9/256."""
    variance = 0.375 + 0.6328125 * 2 * 9 / 18 + 0.03515625
    # second term: (3/4)^2 * 2 * 3^2 / (4 * 2^2) = 0.6328125; third: (9/16) * 4 * 1 / (4 * 16)
    spread = np.exp(1.96 * np.sqrt(np.log(1 + variance / 0.375**2)))
    expected = (3 + 0.375 / spread, 3 + 0.375 * spread)
    assert chao1(np.array([1, 1, 2]))[1] == pytest.approx(expected, rel=1e-12)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40))
def test_estimates_are_ordered_and_do_not_depend_on_the_order(hits):
    hits = np.array(hits)
    estimate, (low, high) = chao1(hits)
    assert len(hits) <= low <= estimate <= high
    assert 0 <= good_turing(hits) <= 1
    assert chao1(hits[::-1]) == chao1(hits)
    if not (hits == 1).any():
        assert (estimate, low, high) == (len(hits),) * 3
        assert good_turing(hits) == 1


# -- the tally of a search -------------------------------------------------------------------------


@pytest.mark.parametrize("d", [1, 2, 3])
def test_a_complete_search(d):
    census = census_of(units(d), signs(d, -1, 0, 1), times=2)
    (tally,) = census.tallies
    assert (tally.n_points, tally.n_starts) == (3**d, 2 * 3**d)
    assert tally.index_sum == tally.lefschetz == 1
    assert tally.index_agrees
    assert tally.unpaired == 0
    assert (tally.singletons, tally.least_hits, tally.coverage) == (0, 2, 1.0)
    assert tally.chao1_interval == (3**d, 3**d)
    assert (tally.missing_at_least, tally.degenerate, tally.continuum) == (0, 0, 0)
    assert not tally.suggests_missing
    assert not census.suggests_missing


def test_the_verdict_on_a_complete_search():
    census = census_of(units(3), signs(3, -1, 0, 1), times=9)
    assert census.verdict == (
        "27 fixed points: 8 stable, 12 + 6 + 1 with 1, 2, 3 unstable directions; "
        "index sum 1 as it must be; every point was reached at least 9 times: "
        "of starts like these at most 1.2 % would reach a point that is not known"
    )
    assert repr(census) == census.verdict


def test_the_verdict_on_missing_points_by_index():
    """Starts at the corners reach the 8 stable points alone; 8 is not 1."""
    census = census_of(units(3), signs(3, -1, 1), times=5)
    assert census.verdict == (
        "8 fixed points: 8 stable; index sum 8, not 1 as it must be; "
        "every point was reached at least 5 times: at least 7 points are missing"
    )
    assert census.suggests_missing
    assert census.tallies[0].missing_at_least == 7


def test_one_missing_point_is_spoken_of_in_the_singular():
    census = census_of(units(1), signs(1, -1, 1), times=2)
    assert census.verdict.endswith(": at least 1 point is missing")


@pytest.mark.parametrize("seed", range(4))
def test_the_bound_by_index_is_never_more_than_what_is_missing(seed):
    """Whatever subset of the 27 points is found, at least |sum - 1| others exist, and do."""
    everything = A * signs(3, -1, 0, 1)
    chosen = np.random.default_rng(seed).permutation(27)[: 5 + 5 * seed]
    census = census_of(units(3), everything[chosen])
    (tally,) = census.tallies
    assert tally.n_points == len(chosen)
    assert tally.missing_at_least <= 27 - len(chosen)
    indices = np.prod(np.where(everything[chosen] == 0, -1, 1), axis=1)
    assert tally.index_sum == indices.sum()


def test_the_verdict_on_points_reached_only_once():
    starts = np.vstack([signs(1, -1, 0, 1), near(signs(1, 0, 1), 2)[2:]])
    census = census_of(units(1), starts)
    (tally,) = census.tallies
    assert tally.singletons == 1
    assert tally.coverage == pytest.approx(0.8)
    assert "1 point was reached only once (Chao1 estimates 3 points, 3 to " in census.verdict
    assert census.verdict.endswith(": points may be missing; search from more starts")
    assert census.suggests_missing


@pytest.mark.parametrize("phi", ["relu", "softplus", "linear"])
def test_the_verdict_where_the_index_sum_is_not_known(phi):
    grows = units(1, gain=1.5, phi=phi, b=-3.0)  # no bounded region is kept
    census = census_of(grows, signs(1, 0, 6), times=2)
    (tally,) = census.tallies
    assert tally.lefschetz is None
    assert tally.index_agrees is None
    sums = {"relu": 0, "softplus": 0, "linear": -1}  # a stable point and an unstable, or that alone
    assert f"index sum {sums[phi]}, but what it must be is not known for this map" in census.verdict
    assert census.verdict.endswith(": the hits do not suggest that a point is missing")
    assert not census.suggests_missing


def test_a_black_box_says_that_it_does_not_know_unless_it_is_told():
    for told, known in ((None, False), (1, True)):
        system = sp.as_system(lambda x: np.tanh(2 * x), 1, lefschetz=told, recognise=False)
        census = census_of(system, signs(1, -1, 0, 1), times=2)
        assert ("as it must be;" in census.verdict) == known
        assert ("not known for this map" in census.verdict) == (not known)


@pytest.mark.parametrize(("kind", "singular"), [("map", "I - J"), ("flow", "J")])
def test_a_flow_is_called_a_flow(kind, singular):
    told = f"what it must be is not known for this {kind}"
    assert told in replace(WHOLE, kind=kind, lefschetz=None).verdict
    told = "; 1 point is degenerate, so"
    assert told in replace(WHOLE, kind=kind, degenerate=1).verdict
    told = f"a continuum of fixed points ({singular} is singular at 3 of the 3"
    assert told in replace(WHOLE, kind=kind, continuum=3).verdict
    system = sp.as_system(lambda x: -x if kind == "flow" else x / 2, state_size=1, kind=kind)
    assert sp.find_fixed_points(system, signs(1, 1)).census().tallies[0].kind == kind


def test_the_verdict_on_mirror_images_that_were_not_found():
    """Of 0 and the pair +-a only 0 and +a are found; the index would say so too, if it could."""
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1)
    census = census_of(system, signs(1, 0, 1), times=3)
    (tally,) = census.tallies
    assert tally.unpaired == 1
    assert tally.unpaired
    assert tally.missing_at_least == 1
    assert "mirror images of 1 point are fixed but not found" in census.verdict
    assert census.verdict.endswith(": at least 1 point is missing")


def test_mirror_images_mean_nothing_without_the_symmetry():
    census = census_of(units(1, b=0.2), signs(1, -1, 0, 1), times=2)
    (tally,) = census.tallies
    assert tally.n_points == 3
    assert tally.unpaired == 0
    assert not census.suggests_missing


def test_topology_sees_what_the_hits_do_not():
    """Every point found was reached often, and yet points are missing."""
    (tally,) = census_of(units(2), signs(2, -1, 1), times=100).tallies
    assert tally.coverage == 1
    assert tally.chao1 == 4
    assert tally.missing_at_least == 3


# -- several inputs --------------------------------------------------------------------------------

DRIVEN = sp.as_system(VanillaCell(np.full((1, 1), 2.0), np.eye(1), np.zeros(1)))


def test_the_census_is_taken_input_by_input():
    starts = near(signs(1, -1, 0, 1), 4)
    inputs = np.repeat([[2.0], [0.1]], 6, axis=0)
    census = sp.find_fixed_points(DRIVEN, starts, inputs).census()
    assert [tally.inputs.tolist() for tally in census.tallies] == [[0.1], [2.0]]
    assert [tally.n_points for tally in census.tallies] == [3, 1]
    assert [tally.index_sum for tally in census.tallies] == [1, 1]
    assert [tally.n_starts for tally in census.tallies] == [6, 6]
    assert census.verdict == "4 points under 2 inputs: 2 undecided"
    assert not census.suggests_missing


def test_one_doubtful_input_is_enough():
    starts = near(signs(1, -1, 1), 4)  # under 0.1 the point in between is missed
    inputs = np.repeat([[2.0], [0.1]], 4, axis=0)
    census = sp.find_fixed_points(DRIVEN, starts, inputs, rounds=0).census()
    assert census.suggests_missing
    assert "points are missing under u = (+0.100)" in census.verdict


def test_an_input_without_any_point_has_a_tally_too():
    system = sp.as_system(
        lambda x, u: np.where(u > 0, x + 1 + x**2, x / 2), state_size=1, input_size=1
    )
    points = sp.find_fixed_points(system, np.zeros((4, 1)) + 0.3, [[0.0], [0.0], [1.0], [1.0]])
    census = points.census()
    assert [tally.n_points for tally in census.tallies] == [1, 0]
    assert census.tallies[1].verdict == "no fixed points were found"
    assert census.suggests_missing


# -- degenerate points, continua, selections -------------------------------------------------------


def test_the_verdict_on_a_continuum():
    """x' = max(0, x): every x >= 0 is fixed."""
    census = census_of(units(1, gain=1.0, phi="relu"), np.linspace(0.5, 3, 20)[:, None])
    assert census.verdict == (
        "a continuum of fixed points (I - J is singular at 20 of the 20 states found): "
        "counting them means nothing"
    )
    assert census.tallies[0].continuum == 20
    assert census.tallies[0].index_agrees is None


def test_the_verdict_on_an_isolated_degenerate_point():
    """x' = tanh(x): the pitchfork itself."""
    points = sp.find_fixed_points(units(1, gain=1.0), np.array([[0.3], [-0.2]]))
    (tally,) = points.census().tallies
    assert tally.degenerate == 1
    assert tally.continuum == 0
    assert tally.index_agrees is None
    assert "1 point is degenerate, so the index sum is not defined" in tally.verdict


@pytest.mark.parametrize("select", [lambda p: p.stable, lambda p: p[:3], lambda p: p[[0]]])
def test_a_selection_says_nothing_on_completeness(select):
    points = sp.find_fixed_points(units(2), near(signs(2, -1, 0, 1), 3))
    census = select(points).census()
    assert census.is_selection
    assert census.suggests_missing
    assert census.verdict.startswith("this is a selection of the points that were found")


def test_a_subsample_is_a_selection():
    points = sp.find_fixed_points(units(2), near(signs(2, -1, 0, 1), 3)).subsample(4)
    census = points.census()
    assert census.is_selection
    assert "take the census of the whole set" in census.verdict


def test_a_search_that_found_nothing_has_a_census():
    with pytest.warns(sp.StillpointWarning):
        points = sp.find_fixed_points(sp.as_system(lambda x: x + 1, state_size=1), [[0.0]])
    census = points.census()
    assert census.verdict == "no fixed points were found"
    assert census.suggests_missing
    assert census.tallies[0].coverage == 0


# -- the index -------------------------------------------------------------------------------------


@pytest.mark.parametrize("alpha", [1.0, 0.5, 0.01])
@pytest.mark.parametrize("seed", range(3))
def test_the_index_sum_does_not_depend_on_the_leak(alpha, seed):
    rng = np.random.default_rng(seed)
    W, b = 2 * rng.normal(size=(3, 3)), 0.1 * rng.normal(size=3)
    cell = LeakyCell(W, np.zeros((3, 0)), b, alpha=np.full(3, alpha))
    points = sp.find_fixed_points(sp.as_system(cell), 3 * rng.normal(size=(400, 3)), rounds=3)
    (tally,) = points.census().tallies
    assert tally.index_sum == 1
    assert len(points) % 2 == 1
    determinants = np.linalg.det(np.eye(3) - points.jacobian)
    np.testing.assert_array_equal(points.index, np.sign(determinants))


@given(st.lists(st.integers(1, 5), min_size=9, max_size=9))
def test_the_tally_reads_the_hits_of_the_record(hits):
    points = replace(NINE, hits=np.array(hits))
    (tally,) = points.census().tallies
    assert tally.n_starts == sum(hits)
    assert tally.singletons == hits.count(1)
    assert tally.least_hits == min(hits)
    assert tally.coverage == good_turing(np.array(hits))
    assert (tally.chao1, tally.chao1_interval) == chao1(np.array(hits))
    assert tally.suggests_missing == (1 in hits)


NINE = sp.find_fixed_points(units(2), signs(2, -1, 0, 1), rounds=0)


@pytest.mark.parametrize(("found", "parity"), [((1, -1, 0), True), ((1, -1), False), ((1,), True)])
def test_the_number_of_points_is_odd(found, parity):
    """One unit of gain 2 has three points, of index 1, -1 and 1."""
    (tally,) = census_of(units(1), signs(1, *found), times=3).tallies
    assert tally.n_points == len(found)
    assert ((tally.n_points - tally.lefschetz) % 2 == 0) is parity
    assert tally.index_agrees is (sum(1 if k else -1 for k in found) == 1)


# -- completeness ----------------------------------------------------------------------------------

# One unit of gain 2, its three points reached 200 times each: all that there is, by all evidence.
(WHOLE,) = census_of(units(1), signs(1, -1, 0, 1), times=200).tallies


def test_a_complete_set_that_was_reached_often():
    assert WHOLE.completeness is Completeness.NO_EVIDENCE
    assert WHOLE.verdict.endswith(
        ": of starts like these at most 0.5 % would reach a point that is not known"
    )
    assert WHOLE.coverage_at_least == pytest.approx(1 - 3 / 600, abs=1e-4)


@pytest.mark.parametrize(
    ("change", "completeness", "words"),
    [
        ({"index_sum": 0}, "INCOMPLETE", "at least 1 point is missing"),
        ({"unpaired": 2}, "INCOMPLETE", "at least 2 points are missing"),
        ({"chao1_interval": (4.0, 9.0), "singletons": 2}, "INCOMPLETE", "as the hits say"),
        ({"chao1_interval": (3.9, 9.0), "singletons": 2}, "UNDECIDED", "nothing else suggests"),
        ({"singletons": 1}, "UNDECIDED", "1 point was reached only once"),
        ({"unseen": 1}, "UNDECIDED", "1 point was never reached"),
        ({"singletons": 1, "least_hits": 1}, "UNDECIDED", "search from more starts"),
        ({"lefschetz": None}, "UNDECIDED", "the hits do not suggest"),
        ({"degenerate": 1, "index_sum": 2}, "UNDECIDED", "1 point is degenerate"),
        ({"on_kink": 1, "index_sum": 2}, "UNDECIDED", "kinks meet 1 point"),
        ({"continuum": 3}, "UNDECIDED", "a continuum of fixed points"),
        ({"coverage_at_least": 0.9}, "UNDECIDED", "600 starts that converged are few"),
        ({"unproved": 2}, "UNDECIDED", "points could not be proved"),
        ({"unproved": 0, "all_distinct": False}, "UNDECIDED", "not all are proved to be distinct"),
        ({"unproved": 0, "all_distinct": True}, "NO_EVIDENCE", "of starts like these at most"),
        ({"blurred": 1}, "UNDECIDED", "counted as one at 1 point"),
        ({"spread": 0.09}, "UNDECIDED", "the starts lie close together"),
        ({"n_points": 0, "lefschetz": None, "chao1_interval": (0, 0)}, "UNDECIDED", "no fixed"),
        ({"n_points": 0, "index_sum": 0}, "INCOMPLETE", "at least 1 point is missing"),
    ],
    ids=str,
)
def test_each_piece_of_evidence_decides(change, completeness, words):
    tally = replace(WHOLE, **change)
    assert tally.completeness.name == completeness
    assert words in tally.verdict


def test_a_count_of_two_is_wrong_by_one_and_not_by_chance():
    """Chao1 alone calls a set incomplete where its whole interval lies above what was found."""
    hits = np.array([1] * 8 + [30])
    _, (low, _) = chao1(hits)
    tally = replace(WHOLE, n_points=9, chao1_interval=(low, low + 50), singletons=8)
    assert low > 10
    assert tally.completeness is Completeness.INCOMPLETE


def test_starts_in_one_place_say_nothing_of_others():
    """tanh(3 x + 0.3) has three points; 1,024 starts around one of them see no other."""
    system = units(1, 3.0, b=0.3)
    (upper,) = sp.find_fixed_points(system, np.ones((1, 1))).xstar
    near = np.random.default_rng(0).uniform(-0.01, 0.01, (1024, 1))
    (tally,) = census_of(system, upper + near).tallies
    assert (tally.n_points, tally.index_agrees, tally.singletons) == (1, True, 0)
    assert tally.completeness is Completeness.UNDECIDED
    assert "the starts lie close together" in tally.verdict
    (wide,) = census_of(system, 100 * near).tallies
    assert (wide.n_points, wide.completeness) == (3, Completeness.NO_EVIDENCE)


@given(scale=st.floats(1e-9, 1e9), shift=st.floats(-3, 3))
def test_the_spread_is_one_of_any_unit_and_origin(scale, shift):
    starts, points = np.array([[0.0, 3.0], [0.0, -3.0]]), np.array([[4.0, 0.0], [-4.0, 0.0]])
    assert spread_of(scale * (starts + shift), scale * (points + shift)) == pytest.approx(0.75)
    assert spread_of(scale * starts, scale * points[:1]) == pytest.approx(0.75)


def test_the_spread_where_there_is_nothing_to_compare():
    none, zero, one = np.zeros((0, 1)), np.zeros((2, 1)), np.array([[0.0], [1.0]])
    assert spread_of(none, one) == spread_of(one, none) == spread_of(zero, zero[:1]) == 0
    assert spread_of(one, zero[:1]) == np.inf


def test_starts_around_known_points_do_not_spread_either():
    points = sp.find_fixed_points(units(1), np.array([[A], [A], [-A], [0.0]]), rounds=0)
    source = np.array([Source.GIVEN, Source.GIVEN, Source.MIXTURE, Source.MIXTURE])
    theirs = replace(points, starts=replace(points.starts, source=source))
    assert points.census().tallies[0].spread > 0.5
    assert theirs.census().tallies[0].spread == 0


def test_ends_that_lie_apart_and_count_as_one_are_doubt():
    """With a coarse `tol_unique` the 27 points of three units are one, and its index is right."""
    starts = np.random.default_rng(0).uniform(-1, 1, (2000, 3))
    (tally,) = census_of(units(3), starts, tol_unique=10).tallies
    assert (tally.n_points, tally.index_agrees, tally.blurred) == (1, True, 1)
    assert tally.completeness is Completeness.UNDECIDED
    assert "tol_unique is large for that" in tally.verdict
    (tally,) = census_of(units(3), starts).tallies
    assert (tally.n_points, tally.blurred) == (27, 0)
    assert tally.completeness is Completeness.NO_EVIDENCE


@given(st.lists(st.integers(1, 50), min_size=1, max_size=30))
def test_the_bound_on_the_coverage_is_below_the_estimate(hits):
    hits = np.array(hits)
    assert 0 <= coverage_bound(hits) <= good_turing(hits)
    assert coverage_bound(hits, 0.99) <= coverage_bound(hits)
    assert coverage_bound(10 * hits) > coverage_bound(hits) or (hits == 1).all()


@pytest.mark.parametrize("n", [10, 100, 1000])
def test_without_singletons_the_bound_is_the_rule_of_three(n):
    """(1 - p)^n = .05 for the share p that n starts miss with probability .05."""
    bound = coverage_bound(np.array([n // 2, n - n // 2]))
    assert bound**n == pytest.approx(0.05, rel=1e-9)


def test_starts_around_known_points_do_not_count():
    """Of four hits of each point three come from mixtures: by the others it was seen once."""
    points = sp.find_fixed_points(units(1), near(signs(1, -1, 0, 1), 4))
    source = np.where(np.arange(12) < 3, Source.NOISE, Source.MIXTURE)
    theirs = replace(points, starts=replace(points.starts, source=source))
    (before,), (after,) = points.census().tallies, theirs.census().tallies
    assert (before.n_independent, before.singletons, before.unseen) == (12, 0, 0)
    assert (after.n_independent, after.singletons, after.unseen) == (3, 3, 0)
    assert (after.n_starts, after.least_hits, after.coverage) == (12, 4, 0)
    alone = replace(points, starts=replace(points.starts, source=np.full(12, Source.MIXTURE)))
    (tally,) = alone.census().tallies
    assert (tally.n_independent, tally.unseen, tally.chao1) == (0, 3, 0)
    assert tally.completeness is Completeness.UNDECIDED
    assert "3 points were never reached by independent starts" in tally.verdict


def test_hits_are_counted_per_source_in_a_selection_too():
    points = sp.find_fixed_points(units(1), near(signs(1, -1, 0, 1), 4))
    source = np.where(np.arange(12) < 3, Source.GIVEN, Source.MIXTURE)
    one = replace(points, starts=replace(points.starts, source=source))[[1]]
    assert one.census().tallies[0].n_independent == 1


def test_the_weakest_set_decides():
    starts = near(signs(1, -1, 1), 200)  # under 0.1 the point in between is missed
    inputs = np.repeat([[2.0], [0.1]], 200, axis=0)
    census = sp.find_fixed_points(DRIVEN, starts, inputs, rounds=0).census()
    assert [tally.completeness.name for tally in census.tallies] == ["INCOMPLETE", "NO_EVIDENCE"]
    assert census.completeness is Completeness.INCOMPLETE
    whole = Completeness.weakest([Completeness.PROVED, Completeness.NO_EVIDENCE])
    assert whole is Completeness.NO_EVIDENCE


def test_of_a_selection_nothing_is_said():
    points = sp.find_fixed_points(units(1), near(signs(1, -1, 0, 1), 200))
    assert points.census().completeness is Completeness.NO_EVIDENCE
    assert points.stable.census().completeness is Completeness.UNDECIDED


@pytest.mark.parametrize(
    ("n_points", "completeness"), [(3, "PROVED"), (2, "INCOMPLETE"), (4, "UNDECIDED")]
)
def test_an_exhaustive_search_decides(n_points, completeness):
    tally = replace(WHOLE, n_points=n_points, index_sum=n_points - 2, proved_points=3)
    tally = replace(tally, unproved=0, all_distinct=True)
    assert tally.completeness.name == completeness
    assert "an exhaustive search proves that there are " in tally.verdict
