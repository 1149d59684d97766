"""The records of points: choosing, joining, reading."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import stillpoint as sp
from search_cases import A, assert_same, rooted, starts, three_cubed
from stillpoint import ArgumentError, StillpointWarning
from stillpoint._core.pca import as_projection
from stillpoint.cells import VanillaCell
from stillpoint.solvers import Status


@pytest.fixture(scope="module")
def points():
    return sp.find_fixed_points(three_cubed(), starts(600))


# -- the record as a sequence ----------------------------------------------------------------------

INT_TYPES = [int, *(np.dtype(code).type for code in "bhilqBHILQ"), np.intp]


@pytest.mark.parametrize("kind", INT_TYPES)
def test_ints_of_every_type_index(points, kind):
    one = points[kind(26)]
    assert isinstance(one, sp.FixedPoints)
    assert len(one) == 1
    np.testing.assert_array_equal(one.xstar, points.xstar[26:])
    if np.issubdtype(np.dtype(kind), np.signedinteger):
        np.testing.assert_array_equal(points[kind(-1)].xstar, points.xstar[26:])
        np.testing.assert_array_equal(points[kind(-27)].xstar, points.xstar[:1])
    with pytest.raises(IndexError, match="point 27 of 27"):
        points[kind(27)]


def test_a_small_int_indexes_many_points():
    grid = np.linspace(0, 1, 200)[:, None]
    many = sp.find_fixed_points(sp.as_system(lambda x: x.copy(), state_size=1), grid)
    assert len(many) == 200
    for k in (np.int8(127), np.int8(-128), np.uint8(199)):
        np.testing.assert_array_equal(many[k].xstar[0], many.xstar[int(k)])


def test_a_zero_dimensional_array_indexes(points):
    np.testing.assert_array_equal(points[np.array(3)].xstar, points.xstar[3:4])


@pytest.mark.parametrize(
    "which",
    [
        slice(None),
        slice(2, 20, 3),
        slice(None, None, -1),
        slice(100, 200),
        [3, 1, 2],
        [-1, 0],
        [],
        (4, 5),
        range(3),
        np.array([5, 5, -2], dtype=np.int16),
        np.arange(27) % 2 == 0,
        np.zeros(27, dtype=bool),
    ],
    ids=str,
)
def test_slices_lists_and_masks_index_as_in_numpy(points, which):
    rows = np.arange(27)[list(which) if isinstance(which, tuple | range) else which]
    rows = rows.astype(int) if len(rows) else np.zeros(0, dtype=int)
    if isinstance(which, list) and not which:
        rows = np.zeros(0, dtype=int)
    chosen = points[which]
    for name in ("xstar", "q", "hits", "jacobian", "eigenvalues", "index", "is_stable"):
        np.testing.assert_array_equal(getattr(chosen, name), getattr(points, name)[rows])
    assert len(chosen.starts) == 600


def test_indexing_keeps_track_of_the_starts(points):
    chosen = points[[4, 2]]
    for new, old in ((0, 4), (1, 2)):
        np.testing.assert_array_equal(chosen.starts.point == new, points.starts.point == old)
    assert (chosen.starts.point >= 0).sum() == points.hits[[4, 2]].sum()


def test_reordering_is_no_selection_but_leaving_out_is(points):
    assert not points[::-1].is_selection
    assert not points[::-1].census().is_selection
    assert points[:26].is_selection
    assert points[:26][::-1].is_selection
    assert points[:26].census().is_selection


def test_a_record_is_left_as_it_was(points):
    before = points.xstar.tobytes(), points.starts.point.tobytes()
    chosen = points[[1, 2]]
    chosen.xstar[:] = 7
    chosen.starts.point[:] = 7
    points[:].xstar[:] = 7
    assert (points.xstar.tobytes(), points.starts.point.tobytes()) == before


def test_iteration_gives_one_point_at_a_time(points):
    singles = list(points)
    assert len(singles) == 27
    assert all(len(single) == 1 for single in singles)
    np.testing.assert_array_equal(np.vstack([s.xstar for s in singles]), points.xstar)


@pytest.mark.parametrize(
    ("rows", "is_whole"),
    [
        (slice(None), True),
        ([2, 0, 1], True),
        ([0, 0, 0], False),  # as many rows as there are points
        ([0, 1, 2, 2], False),
        ([0, 1], False),
    ],
)
def test_a_selection_is_whole_where_every_point_is_in_it_once(rows, is_whole):
    three = sp.find_fixed_points(rooted(-1, 0, 1), np.linspace(-1.2, 1.2, 30)[:, None])
    assert len(three) == 3
    chosen = three[rows]
    assert chosen.is_selection is not is_whole
    assert chosen.census().is_selection is not is_whole


def test_stable_points_and_saddles_share_the_points_out(points):
    assert len(points.stable) == 8
    assert len(points.saddles) == 18
    assert len(points.repellers) == 1
    assert points.stable.is_stable.all()
    assert set(points.saddles.n_unstable) == {1, 2}
    assert points.repellers.n_unstable.tolist() == [3]


def test_concatenate_and_unique_undo_each_other(points):
    twice = sp.FixedPoints.concatenate([points, points])
    assert len(twice) == 54
    assert len(twice.starts) == 1200
    np.testing.assert_array_equal(twice.starts.point[600:], points.starts.point + 27)
    once = twice.unique()
    np.testing.assert_array_equal(once.xstar, points.xstar)
    np.testing.assert_array_equal(once.hits, 2 * points.hits)
    np.testing.assert_array_equal(once.starts.point[:600], points.starts.point)
    np.testing.assert_array_equal(once.starts.point[600:], points.starts.point)
    assert not once.census().is_selection


def test_unique_of_unique_points_changes_nothing(points):
    assert_same(points.unique(), points)


def test_concatenating_marks_the_starts_that_reached_nothing():
    system = sp.as_system(lambda x: x / 2, state_size=1)
    some = sp.find_fixed_points(system, starts(3, d=1))
    with pytest.warns(StillpointWarning):
        none = sp.find_fixed_points(sp.as_system(lambda x: x + 1, state_size=1), starts(2, d=1))
    both = sp.FixedPoints.concatenate([none, some])
    assert both.starts.point.tolist() == [-1, -1, 0, 0, 0]
    assert sp.FixedPoints.concatenate([some, none]).starts.point.tolist() == [0, 0, 0, -1, -1]


def test_unique_takes_a_tolerance(points):
    assert len(points.unique(tolerance=1.0)) == 1
    assert points.unique(tolerance=1.0).hits.sum() == points.hits.sum()
    smallest = points.unique(tolerance=1.0)
    assert smallest.q[0] == points.q.min()


def test_the_nearest_point(points):
    order = np.random.default_rng(1).permutation(27)
    noisy = points.xstar[order] + 0.05 * starts(27)
    np.testing.assert_array_equal(points.nearest(noisy), order)
    with pytest.raises(ArgumentError, match="none"):
        points[:0].nearest(noisy)


class Fitted:
    """What scikit-learn leaves behind."""

    def __init__(self, components, mean):
        self.components_, self.mean_ = components, mean


def test_points_in_the_coordinates_of_a_projection(points):
    components, mean = starts(2), starts(1)[0]
    got = as_projection(Fitted(components, mean)).transform(points.xstar)
    np.testing.assert_allclose(got, (points.xstar - mean) @ components.T, atol=1e-12)
    pca = sp.fit_pca(points.xstar, n_components=2)
    np.testing.assert_allclose(
        pca.transform(points.xstar).var(axis=0), [points.xstar[:, 0].var()] * 2
    )


def test_the_table_of_pandas(points):
    system = sp.as_system(lambda x, u: np.tanh(2 * x + u), state_size=1, input_size=1)
    driven = sp.find_fixed_points(system, starts(30, d=1), [0.25])
    frame = driven.to_dataframe()
    assert len(frame) == 3
    assert frame["x0"].tolist() == driven.xstar[:, 0].tolist()
    assert frame["u0"].tolist() == [0.25] * 3
    assert frame["hits"].sum() == 30
    table = points.to_dataframe()
    assert table["n_unstable"].value_counts().to_dict() == {1: 12, 0: 8, 2: 6, 3: 1}
    assert table["kind"].value_counts().to_dict() == {"saddle": 18, "stable": 8, "repeller": 1}
    np.testing.assert_allclose(table["time_constant"][26], -1 / np.log(2.0))
    assert "proof" not in table
    proved = sp.certify(three_cubed(), points).to_dataframe()
    assert set(proved["proof"]) == {"proved"}
    assert (proved["radius"] < 1e-12).all()
    assert len(points[:0].to_dataframe()) == 0


# -- choosing -------------------------------------------------------------------------------------


def test_near_leaves_out_far_points():
    system = rooted(-1, 0, 1, 50)
    where = np.array([[-0.9], [0.05], [1.1], [49.5]])
    everything = sp.find_fixed_points(system, where, rounds=0)
    assert len(everything) == 4
    centre = where.mean()
    reach = np.abs(where - centre).mean()
    assert 1.5 * reach < 50 - centre
    chosen = everything.near(where, 1.5)
    np.testing.assert_allclose(np.sort(chosen.xstar[:, 0]), [-1, 0, 1], atol=1e-12)
    assert chosen.starts.counts() == {Status.FIXED_POINT: 4}
    assert chosen.starts.point[3] == -1
    assert chosen.census().is_selection


def test_near_that_leaves_nothing_out_changes_nothing(points):
    same = points.near(points.starts.states, 100.0)
    assert_same(same, points)
    assert not same.census().is_selection


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda p: p.near(np.zeros((4, 2)), 1.0), ["states", "(4, 2)", "(k, 3)"]),
        (lambda p: p.near(np.zeros((0, 3)), 1.0), ["states", "(0, 3)", "at least one"]),
        (lambda p: p.near(np.zeros((1, 3)), -1), ["factor", "-1", "positive"]),
        (lambda p: p.subsample(0), ["n", "0", "at least 1"]),
    ],
)
def test_choosing_names_wrong_arguments(points, call, words):
    with pytest.raises(ArgumentError) as caught:
        call(points)
    assert all(word in str(caught.value) for word in words)


@pytest.mark.parametrize("most", [1, 5, 26])
def test_a_subsample_is_a_random_subset(points, most):
    chosen = points.subsample(most)
    assert len(chosen) == most
    rows = points.nearest(chosen.xstar)
    assert len(set(rows)) == most
    assert (np.diff(rows) > 0).all()  # in reading order
    np.testing.assert_array_equal(chosen.hits, points.hits[rows])
    assert (chosen.starts.point >= 0).sum() == chosen.hits.sum()
    assert len(chosen.starts) == len(points.starts)
    assert "selection" in chosen.census().verdict
    assert chosen.census().suggests_missing


def test_the_subset_depends_on_the_seed_alone():
    def subset(seed):
        return sp.find_fixed_points(three_cubed(), starts(300)).subsample(5, seed)

    assert_same(subset(3), subset(3))
    assert any(not np.array_equal(subset(3).xstar, subset(k).xstar) for k in range(4, 8))


def test_no_code_reads_the_provenance(points, tmp_path):
    bare = replace(points, provenance={})
    assert repr(bare) == repr(points)
    assert bare.unique().census().verdict == points.census().verdict
    certified = sp.certify(three_cubed(), bare)
    assert certified.certificate.all_proved
    assert len(sp.load(certified.save(tmp_path / "points.nc"))) == len(points)
    assert sp.linearize(three_cubed(), bare) is bare.linearization
    with pytest.raises(ArgumentError, match="whole system"):
        bare.to_full()
    for draw in (sp.plots.fixed_points, sp.plots.spectrum, sp.plots.search_summary):
        draw(bare)
    assert len(bare.to_dataframe()) == len(bare)
    assert "stillpoint" in bare.citation()


# -- what a scientist reads ------------------------------------------------------------------------


def test_notebooks_show_static_html(points):
    certified = sp.certify(three_cubed(), points[:2])
    html = certified._repr_html_()
    assert "<b>2 fixed points: 2 stable</b>" in html
    assert html.count("<tr>") == 3 + len(certified.provenance)
    assert "±" in html
    assert "<details><summary>provenance</summary>" in html
    assert certified.provenance["weights_sha256"] in html
    assert "<script" not in html
    assert "&lt;" not in points[:0]._repr_html_()
    assert "no fixed points" in points[:0]._repr_html_()
    assert "<b>Starts: 600</b>" in points.starts._repr_html_()


def test_the_repr_of_many_points(points):
    lines = repr(points).splitlines()
    assert lines[0] == ("27 fixed points: 8 stable, 12 + 6 + 1 with 1, 2, 3 unstable directions")
    assert len(lines) == 2 + 27
    assert "(-0.958, -0.958, -0.958)" in lines[2]
    assert "2.0000" in lines[-1]


@pytest.mark.parametrize(
    ("kind", "dt", "headings", "entries"),
    [
        ("map", None, ("max|λ|", "τ (steps)"), ("0.9000", "9.49")),  # -1 / ln .9
        ("map", 2.0, ("max|λ|", "τ"), ("0.9000", "19")),
        ("flow", None, ("max Re λ", "τ"), ("-0.2500", "4")),
    ],
)
def test_the_table_tells_stability_and_the_slowest_time(kind, dt, headings, entries):
    step = {"map": lambda x: x * [0.9, -0.5], "flow": lambda x: x * [-0.25, -3.0]}[kind]
    system = sp.as_system(step, state_size=2, kind=kind, dt=dt)
    fixed = sp.find_fixed_points(system, starts(3, d=2))
    slow = sp.find_slow_points(system, starts(3, d=2))
    for record, n in ((fixed, 2), (slow, 1)):  # the slow ones have their dwell time instead
        _, heading, row = repr(record).splitlines()
        assert " ".join(headings[:n]) in " ".join(heading.split())
        assert " ".join(entries[:n]) in " ".join(row.split())
        shown = (*headings[:n], *entries[:n])
        assert all(f">{cell}</td>" in record._repr_html_() for cell in shown)


def test_the_continuum_of_a_flow_is_one_of_its_own_jacobian():
    system = sp.as_system(lambda x: x * [0.0, -1.0], state_size=2, kind="flow")
    points = sp.find_fixed_points(system, starts(5, d=2))
    told = f"a continuum of fixed points: J is singular at {len(points)} of the {len(points)}"
    assert repr(points).startswith(told)


def test_the_repr_of_one_point(points):
    assert repr(points[0]).splitlines()[0] == "1 fixed point: 1 stable"
    assert repr(points[-1]).splitlines()[0] == "1 fixed point: 1 with 3 unstable directions"


def test_a_long_repr_is_cut():
    system = sp.as_system(VanillaCell(2 * np.eye(4), np.zeros((4, 0)), np.zeros(4)))
    grid = A * np.array(np.meshgrid(*[[-1, 0, 1]] * 4)).reshape(4, -1).T
    lines = repr(sp.find_fixed_points(system, grid)).splitlines()
    assert lines[0].startswith("81 fixed points: 16 stable, 32 + 24 + 8 + 1 with 1, 2, 3, 4")
    assert lines[-1] == "  ... and 41 more"
    assert len(lines) == 2 + 40 + 1


def test_the_repr_of_wide_states_and_of_the_starts():
    system = sp.as_system(lambda x: x / 2, state_size=9)
    points = sp.find_fixed_points(system, starts(3, d=9))
    assert repr(points).splitlines()[-1].endswith(", ...)")
    assert repr(points.starts) == "Starts: 3\n        3 reached a fixed point"


def test_taken_points_are_those_of_an_index():
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1)
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 50)[:, None])
    for rows in ([0, 1], points.is_stable):
        assert repr(points.take(rows)) == repr(points[rows])
        assert points.take(rows).census().is_selection
