"""The search from starts: what is found, how each start ended, and what Ctrl-C leaves."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stillpoint as sp
from search_cases import A, assert_same, rooted, starts, three_cubed
from stillpoint import StillpointWarning, solvers
from stillpoint._core.grouping import group, representatives, smallest_gap
from stillpoint.cells import VanillaCell
from stillpoint.points import Source
from stillpoint.solvers import Status
from stillpoint.tasks import load_network


@pytest.fixture(scope="module")
def points():
    return sp.find_fixed_points(three_cubed(), starts(600))


# -- the search ------------------------------------------------------------------------------------


def test_all_points_of_three_independent_units(points):
    assert len(points) == 27
    assert set(np.round(points.xstar / A, 9).ravel().tolist()) == {-1, 0, 1}
    assert np.bincount(points.n_unstable).tolist() == [8, 12, 6, 1]
    assert points.q.max() <= 1e-24
    assert points.index.sum() == 1


def test_points_are_sorted_by_unstable_directions_then_position(points):
    keys = [(k, *np.round(x, 6)) for k, x in zip(points.n_unstable, points.xstar, strict=True)]
    assert keys == sorted(keys)


def test_points_are_sorted_by_input_first():
    system = sp.as_system(lambda x, u: np.tanh(2 * x + u), state_size=1, input_size=1)
    inputs = np.tile([[0.1], [-2.0], [0.0]], (40, 1))
    points = sp.find_fixed_points(system, starts(120, d=1), inputs)
    assert points.inputs[:, 0].tolist() == [-2.0, *[0.0] * 3, *[0.1] * 3]
    assert points.n_unstable.tolist() == [0, 0, 0, 1, 0, 0, 1]


def test_the_evidence_belongs_to_the_point(points):
    system = three_cubed()
    np.testing.assert_array_equal(points.jacobian, system.jacobian(points.xstar))
    residual = system.residual(points.xstar)
    np.testing.assert_array_equal(points.q, 0.5 * np.sum(residual**2, axis=1))
    expected = np.sort(2 * (1 - points.xstar**2), axis=1)[:, ::-1]
    np.testing.assert_allclose(points.eigenvalues.real, expected, rtol=0, atol=1e-12)
    assert points.mirrored.all()
    assert not points.on_continuum.any()
    assert points.input_jacobian.shape == (27, 3, 0)


@pytest.mark.parametrize("n", [1, 2, 7])
def test_the_smallest_sizes_work(n):
    system = sp.as_system(VanillaCell(np.full((1, 1), 2.0), np.zeros((1, 0)), np.zeros(1)))
    points = sp.find_fixed_points(system, np.full((n, 1), 0.7), rounds=0)
    assert points.xstar.shape == (1, 1)
    assert points.inputs.shape == (1, 0)
    assert points.hits.tolist() == [n]
    assert points.xstar[0, 0] == pytest.approx(A, abs=1e-12)
    assert len(points.starts) == n


@pytest.mark.parametrize("copies", [1, 2])
def test_identical_starts_are_not_lost_to_a_distance_rule(copies):
    system = rooted(0.5)
    where = np.full((copies, 1), 0.25)
    found = sp.find_fixed_points(system, where)
    for points in (found, found.near(where, 1.0), found.near(where, 10.0)):
        np.testing.assert_allclose(points.xstar, [[0.5]], rtol=0, atol=1e-14)


def test_one_input_serves_all_starts():
    system = sp.as_system(lambda x, u: np.tanh(x / 2 + u), state_size=2, input_size=2)
    one = sp.find_fixed_points(system, starts(10, d=2), [0.3, -0.2])
    all_rows = sp.find_fixed_points(system, starts(10, d=2), np.tile([0.3, -0.2], (10, 1)))
    assert_same(one, all_rows)
    assert one.hits.tolist() == [10]


def test_the_same_state_under_two_inputs_is_two_points():
    system = sp.as_system(lambda x, u: x / 2 + 0 * u, state_size=1, input_size=1)
    points = sp.find_fixed_points(system, starts(10, d=1), np.arange(10)[:, None] % 2)
    assert points.inputs.tolist() == [[0], [1]]
    assert points.hits.tolist() == [5, 5]


def test_a_flow_is_stable_where_the_real_parts_are_negative():
    """dx/dt = x - x^3 has points -1, 0 and 1, with slopes -2, 1 and -2."""
    system = sp.as_system(lambda x: x - x**3, state_size=1, kind="flow")
    points = sp.find_fixed_points(system, np.linspace(-2, 2, 41)[:, None])
    np.testing.assert_allclose(points.xstar[:, 0], [-1, 1, 0], atol=1e-12)
    assert points.is_stable.tolist() == [True, True, False]
    assert points.index.tolist() == [1, 1, -1]


def test_what_is_only_observed_to_stand_still_is_no_fixed_point():
    drift = sp.as_system(lambda x: x - 1.0, state_size=1).observe("relu")
    with pytest.warns(StillpointWarning, match="observed coordinates stand still"):
        points = sp.find_fixed_points(drift, [[-3.0], [-4.0]])
    assert len(points) == 0
    assert points.starts.counts() == {Status.OBSERVED_ONLY: 2}


# -- one row for every start -----------------------------------------------------------------------


def test_every_start_has_a_row(points):
    rows = points.starts
    assert len(rows) == 600
    np.testing.assert_array_equal(rows.states, starts(600))
    assert sum(rows.counts().values()) == 600
    reached = rows.status == Status.FIXED_POINT
    assert reached.any()
    assert (rows.point[reached] >= 0).all()
    assert (rows.point[~reached] == -1).all()
    assert (rows.q[reached] <= 1e-24).all()
    np.testing.assert_array_equal(
        np.bincount(rows.point[reached], minlength=len(points)), points.hits
    )
    distance = np.linalg.norm(rows.end[reached] - points.xstar[rows.point[reached]], axis=1)
    assert distance.max() < 1e-9


def test_rows_that_do_not_converge_are_kept_with_their_end():
    """x' = x + x^2 + 0.1 has no fixed point, x' = x / 2 has one: the input chooses."""
    system = sp.as_system(
        lambda x, u: u * (x + x**2 + 0.1) + (1 - u) * x / 2, state_size=1, input_size=1
    )
    points = sp.find_fixed_points(system, starts(20, d=1), np.arange(20)[:, None] % 2)
    rows = points.starts
    assert len(points) == 1
    assert (rows.status[::2] == Status.FIXED_POINT).all()
    assert not (rows.status[1::2] == Status.FIXED_POINT).any()
    motion = system.residual(rows.end, rows.inputs)
    np.testing.assert_allclose(rows.q, 0.5 * motion[:, 0] ** 2, rtol=1e-12, atol=1e-30)
    assert (rows.q[1::2] >= 0.005 - 1e-12).all()


def test_a_search_that_finds_nothing_says_so_once():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        points = sp.find_fixed_points(sp.as_system(lambda x: x + 1, state_size=2), starts(5, d=2))
    assert [warning.category for warning in caught] == [StillpointWarning]
    assert "no start reached a fixed point; of 5 starts 5 " in str(caught[0].message)
    assert len(points) == 0
    assert points.xstar.shape == (0, 2)
    assert points.jacobian.shape == (0, 2, 2)
    assert repr(points).startswith("no fixed points\nStarts: 5")
    assert "Next: find_slow_points(system, points.starts.states" in repr(points)
    assert points.census().verdict == "no fixed points were found"
    assert points.smallest_gap == np.inf
    assert len(points.stable) == len(points.saddles) == len(list(points)) == 0


def test_a_search_that_finds_something_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sp.find_fixed_points(rooted(-1, 0, 1), np.array([[0.1], [np.sqrt(1 / 3)]]))


def test_unconverged_rows_are_never_points():
    """One step is not enough; with the same starts the field's tools return 128 'points'."""
    with pytest.warns(StillpointWarning, match="of 128 starts 128 used up its steps"):
        points = sp.find_fixed_points(
            three_cubed(), starts(128), max_steps=1, solver=solvers.Newton(), rounds=0
        )
    assert len(points) == 0
    assert points.starts.counts() == {Status.MAX_STEPS: 128}


def test_the_tolerance_is_obeyed():
    loose = sp.find_fixed_points(three_cubed(), starts(50), tol=1e-6, solver=solvers.Newton())
    exact = sp.find_fixed_points(three_cubed(), starts(50), solver=solvers.Newton())
    assert 1e-24 < loose.starts.q[loose.starts.status == Status.FIXED_POINT].max() <= 1e-6
    assert loose.starts.steps.sum() < exact.starts.steps.sum()
    assert loose.provenance["tol"] == 1e-6
    assert exact.provenance["tol"] == 1e-24


# -- options ---------------------------------------------------------------------------------------


def test_rounds_find_what_the_first_starts_missed():
    corners = A * np.array(np.meshgrid(*[[-1, 1]] * 3)).reshape(3, -1).T
    few = sp.find_fixed_points(three_cubed(), np.tile(corners, (20, 1)), rounds=0)
    assert len(few) == 8
    assert few.census().tallies[0].missing_at_least == 7
    more = sp.find_fixed_points(three_cubed(), np.tile(corners, (20, 1)), rounds=10)
    assert len(more) == 27
    assert not more.census().suggests_missing
    assert len(more.starts) > 160
    assert len(more.starts) % 160 == 0
    np.testing.assert_array_equal(more.starts.states[:160], np.tile(corners, (20, 1)))


@pytest.mark.parametrize("name", ["tanh", "gru", "lstm", "dale_leaky", "dale_elman"])
def test_few_starts_are_enough_where_the_evidence_asks_for_more(name):
    """27 points of a 3-bit flip-flop, of which states of 64 trials lead to 12 to 24."""
    system = load_network(name).system
    stimuli = np.random.default_rng(0).choice([-1.0, 0.0, 1.0], (64, 50, 3), p=[0.1, 0.8, 0.1])
    trials = system.simulate(np.zeros((64, system.state_size)), stimuli)
    for noise in (0.1, 0.5):
        states = sp.sample_states(trials, 128, noise=noise)
        kept = sp.find_fixed_points(system, states, np.zeros(3), rounds=0)
        points = sp.find_fixed_points(system, states, np.zeros(3))
        assert len(kept) < len(points) == 27
        np.testing.assert_array_equal(points.starts.states[:128], kept.starts.states)
        assert set(points.starts.source[128:]) > {Source.NOISE, Source.BOX}


def test_no_rounds_are_added_where_nothing_speaks_for_more():
    """Where all is found, of a continuum, of one start, and of points that are polished."""
    system, scattered = three_cubed(), starts(600)
    complete = sp.find_fixed_points(system, scattered)
    assert len(complete.starts) == 600
    ring = sp.as_system(lambda x: x / np.linalg.norm(x, axis=1, keepdims=True), state_size=2)
    assert len(sp.find_fixed_points(ring, starts(20, d=2)).starts) == 20
    assert len(sp.find_fixed_points(system, scattered[:1]).starts) == 1
    few = sp.find_fixed_points(system, scattered[:9], rounds=0)
    assert few.census().suggests_missing
    assert len(sp.find_fixed_points(system, few, np.zeros(0)).starts) == len(few)


def test_rounds_are_added_under_the_inputs_that_lack_points_alone():
    cell = VanillaCell(np.array([[2.0]]), np.ones((1, 1)), np.zeros(1))
    inputs = np.repeat([[0.0], [3.0]], 8, axis=0)
    states = np.tile(np.linspace(0.5, 1.5, 8)[:, None], (2, 1))
    points = sp.find_fixed_points(sp.as_system(cell), states, inputs)
    added = points.starts.inputs[16:]
    assert len(added)
    assert not added.any()
    assert (points.inputs == 0).sum() == 3


def test_rounds_depend_on_the_seed_alone():
    def search(seed):
        return sp.find_fixed_points(three_cubed(), starts(20), rounds=2, seed=seed)

    first, again, other = search(1), search(1), search(2)
    assert_same(first, again)
    np.testing.assert_array_equal(first.starts.states, again.starts.states)
    np.testing.assert_array_equal(first.starts.states[:20], other.starts.states[:20])
    assert not np.array_equal(first.starts.states[20:40], other.starts.states[20:40])


def test_rounds_end_when_nothing_is_missing():
    system = sp.as_system(lambda x: x / 2, state_size=1, lefschetz=1)
    assert len(sp.find_fixed_points(system, starts(10, d=1), rounds=50).starts) == 20


def test_rounds_keep_the_number_of_starts_under_each_input():
    system = sp.as_system(lambda x, u: np.tanh(2 * x + u), state_size=1, input_size=1)
    inputs = np.array([[0.1]] * 5 + [[2.0]] * 9)
    points = sp.find_fixed_points(system, starts(14, d=1), inputs, rounds=1)
    for given_input, count in ((0.1, 5), (2.0, 9)):
        assert (points.starts.inputs[14:] == given_input).sum() == count


def test_searches_do_not_depend_on_the_order_of_the_starts(points):
    order = np.random.default_rng(5).permutation(600)
    shuffled = sp.find_fixed_points(three_cubed(), starts(600)[order])
    assert_same(shuffled, points, exactly=False)
    np.testing.assert_array_equal(shuffled.starts.point, points.starts.point[order])
    np.testing.assert_array_equal(shuffled.starts.status, points.starts.status[order])


@pytest.mark.parametrize("chunk", [1, 7, 599, 600, 10_000])
def test_the_chunk_size_does_not_matter(points, chunk):
    if chunk == 1:
        points, n = sp.find_fixed_points(three_cubed(), starts(50)), 50
    else:
        n = 600
    chunked = sp.find_fixed_points(three_cubed(), starts(n), chunk=chunk)
    assert_same(chunked, points, exactly=False)
    np.testing.assert_array_equal(chunked.starts.point, points.starts.point)
    np.testing.assert_array_equal(chunked.starts.status, points.starts.status)


def test_the_provenance_says_what_was_done(points):
    assert points.provenance["weights_sha256"] == three_cubed().fingerprint()
    assert points.provenance["call"] == "find_fixed_points"
    assert "Newton" in points.provenance["solvers"]
    chosen = sp.find_fixed_points(three_cubed(), starts(600), seed=8, rounds=1, max_steps=77)
    expected = {"seed": 8, "rounds": 1, "max_steps": 77}
    assert {name: chosen.provenance[name] for name in expected} == expected
    assert {
        "python",
        "platform",
        "stillpoint",
        "numpy",
        "scipy",
        "time",
    } <= chosen.provenance.keys()
    other = sp.find_fixed_points(three_cubed(), starts(300))
    assert other.provenance["starts_sha256"] != chosen.provenance["starts_sha256"]


# -- Ctrl-C ----------------------------------------------------------------------------------------


class Interrupted:
    """x' = tanh(2 x), whose k-th call is stopped by the user."""

    def __init__(self):
        self.calls = 0
        self.stop_at = np.inf

    def __call__(self, x, _):
        self.calls += 1
        if self.calls == self.stop_at:
            raise KeyboardInterrupt
        return np.tanh(2 * x)


def interruptible(stop_at, **options):
    """Return the search and the number of calls it took; the count begins with the search."""
    step = Interrupted()
    system = sp.as_system(
        step, state_size=1, jacobian=lambda x, _: 2 / np.cosh(2 * x[:, :, None]) ** 2
    )
    step.calls, step.stop_at = 0, stop_at
    where = np.linspace(-1, 1, 24)[:, None]
    return sp.find_fixed_points(system, where, chunk=4, **options), step.calls


def test_ctrl_c_returns_what_has_finished():
    whole, calls = interruptible(np.inf)
    for stop_at in range(2, calls // 2):  # the first looks at how large states are
        with pytest.warns(StillpointWarning, match="interrupted; of 24 starts") as caught:
            points, _ = interruptible(stop_at)
        assert len(caught) == 1
        rows = points.starts
        assert len(rows) == 24
        finished = rows.status == Status.FIXED_POINT
        assert set(rows.status[~finished]) == {Status.INTERRUPTED}
        np.testing.assert_array_equal(rows.end[finished], whole.starts.end[finished])
        assert points.hits.sum() == finished.sum()
        if finished.any():
            assert len(points) >= 1
            assert whole.nearest(points.xstar).size == len(points)
    assert finished.any()


def test_ctrl_c_loses_nothing_at_any_moment():
    """Also while points are polished and looked at: what is found comes back, with a warning."""
    _, calls = interruptible(np.inf)
    lost, silent = [], []
    for stop_at in range(calls // 2, calls + 1):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                interruptible(stop_at)
            except KeyboardInterrupt:
                lost.append(stop_at)
                continue
        if not any("interrupted" in str(warning.message) for warning in caught):
            silent.append(stop_at)
    assert (lost, silent) == ([], [])


def test_ctrl_c_in_a_follow_up_round_keeps_the_first():
    _, calls = interruptible(np.inf)
    _, all_calls = interruptible(np.inf, rounds=1)
    seen = set()
    for stop_at in range(calls + 1, all_calls, 5):
        with pytest.warns(StillpointWarning, match="interrupted"):
            points, _ = interruptible(stop_at, rounds=5)
        assert len(points) == 3
        assert (points.starts.status[:24] == Status.FIXED_POINT).all()
        seen.add(len(points.starts))
        assert (
            len(points.starts) == 24
            or Status.INTERRUPTED in points.starts.status[24:]
            or (points.starts.status[24:] == Status.FIXED_POINT).all()
        )
    assert seen == {24, 48}


# -- uniqueness ------------------------------------------------------------------------------------


def partition(labels):
    return {frozenset(np.flatnonzero(labels == k).tolist()) for k in np.unique(labels)}


def chains(points, tolerance):
    """The definition, written down: states in one chain of hops no longer than the tolerance."""
    n = len(points)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    linked = distance <= tolerance
    for _ in range(n):
        linked = linked @ linked
    return {frozenset(np.flatnonzero(row).tolist()) for row in linked}


clouds = st.integers(1, 3).flatmap(
    lambda d: st.lists(
        st.lists(st.integers(-6, 6), min_size=d, max_size=d), min_size=1, max_size=25
    )
)


@given(clouds, st.floats(0.1, 3.7), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=60)
def test_grouping_is_the_one_by_chains_in_any_order(cloud, tolerance, random):
    points = np.array(cloud, dtype=float)
    if np.min(np.abs(tolerance**2 - np.arange(200))) < 1e-6:
        tolerance += 0.01  # distances on the edge are a matter of rounding
    labels = group(points, tolerance)
    assert partition(labels) == chains(points, tolerance)
    order = np.array(random.sample(range(len(points)), len(points)))
    shuffled = np.empty_like(labels)
    shuffled[order] = group(points[order], tolerance)
    assert partition(shuffled) == partition(labels)


@given(st.lists(st.tuples(st.integers(0, 5), st.floats(0, 1)), min_size=1, max_size=30))
def test_the_smallest_q_represents(rows):
    labels, q = (np.array(column) for column in zip(*rows, strict=True))
    chosen = representatives(labels, q)
    assert labels[chosen].tolist() == sorted(set(labels.tolist()))
    for row in chosen:
        assert q[row] == q[labels == labels[row]].min()


@given(
    st.integers(1, 3),
    st.integers(0, 2**32 - 1),
    st.floats(1e-3, 1e3),
    st.randoms(use_true_random=False),
)
@settings(deadline=None, max_examples=30)
def test_noisy_copies_are_merged_and_points_apart_are_not(d, seed, scale, random):
    rng = np.random.default_rng(seed)
    tolerance = 1e-6 * scale
    lattice = scale * rng.permutation(np.arange(8))[:, None] * np.ones(d)
    copies = np.repeat(lattice, 9, axis=0)
    copies = copies + 0.1 * tolerance * rng.uniform(-1, 1, size=copies.shape)
    expected = np.repeat(np.arange(8), 9)
    order = np.array(random.sample(range(72), 72))
    assert partition(group(copies[order], tolerance)) == partition(expected[order])


@pytest.mark.parametrize("gap", [6e-4, 1e-5])
@pytest.mark.parametrize("offset", [0.0, 1.0, -0.3])
def test_points_close_together_are_kept_apart(gap, offset):
    system = rooted(offset, offset + gap, offset - 0.5)
    where = np.concatenate([np.linspace(-0.6, 0.6, 101), np.linspace(-gap, 2 * gap, 100)])
    points = sp.find_fixed_points(system, offset + where[:, None])
    expected = offset + np.array([-0.5, 0, gap])
    np.testing.assert_allclose(np.sort(points.xstar[:, 0]), expected, rtol=0, atol=1e-9)
    assert points.smallest_gap == pytest.approx(gap, rel=1e-4)


@pytest.mark.parametrize("size", [1.0, 1e2, 1e4])
def test_points_close_together_are_kept_apart_where_another_unit_is_large(size):
    """Two points 6e-4 apart in one unit; another unit rests at a large value."""
    gap = 6e-4

    def step(x, _):
        a, b = x[:, :1], x[:, 1:]
        return np.concatenate([a - a * (a - gap) * 100, size + 0.5 * (b - size)], axis=1)

    system = sp.as_system(step, state_size=2)
    where = np.concatenate([starts(40, scale=gap, d=1), np.full((40, 1), size)], axis=1)
    points = sp.find_fixed_points(system, where)
    np.testing.assert_allclose(np.sort(points.xstar[:, 0]), [0, gap], rtol=0, atol=1e-8)


def test_a_far_point_does_not_merge_near_ones():
    """Points 0 and 6e-4, and one at 1e4: the far one must not coarsen the others."""
    far, gap = 1e4, 6e-4
    system = sp.as_system(
        lambda x, u: np.where(u > 0, far + (x - far) / 2, x - 100 * x * (x - gap)),
        state_size=1,
        input_size=1,
    )
    where = np.array([[-gap], [2 * gap], [far + 1]])
    points = sp.find_fixed_points(system, where, np.array([[0.0], [0.0], [1.0]]))
    np.testing.assert_allclose(np.sort(points.xstar[:, 0]), [0, gap, far], atol=1e-9)


def test_ten_thousand_copies_are_one_point():
    system = sp.as_system(lambda x: x / 2 + 0.3, state_size=2)
    points = sp.find_fixed_points(system, starts(10_000, d=2))
    assert len(points) == 1
    assert points.hits.tolist() == [10_000]


def exact_identity(x, _):
    return np.tile(np.eye(x.shape[1]), (len(x), 1, 1))


@pytest.mark.parametrize("jacobian", [exact_identity, None], ids=["exact", "by-differences"])
@pytest.mark.parametrize("d", [1, 2])
def test_a_continuum_is_neither_one_point_nor_a_list_of_points(d, jacobian):
    """Every state of x' = x is fixed."""
    system = sp.as_system(lambda x: x.copy(), state_size=d, jacobian=jacobian)
    points = sp.find_fixed_points(system, starts(1000, d=d))
    assert len(points) > 900
    assert points.on_continuum.all()
    assert points.is_degenerate.all()
    assert (points.index == 0).all()
    assert repr(points).startswith("a continuum of fixed points: ")
    assert f"{len(points)} states found" in repr(points)


def test_a_plane_whose_eigenvalues_repeat_is_a_continuum():
    rng = np.random.default_rng(9)
    for _ in range(5):
        h = rng.choice([-1.0, 1.0], 7)
        attracting = sp.as_system(lambda x, h=h: -(x @ h)[:, None] * h / 7, 7, kind="flow")
        assert sp.find_fixed_points(attracting, rng.standard_normal((6, 7))).on_continuum.all()


def test_the_next_point_is_no_continuum():
    system = sp.as_system(lambda x: 1e-8 * x - x**5, 1, kind="flow")  # zeros 0.01 apart
    points = sp.find_fixed_points(system, np.linspace(-0.02, 0.02, 400)[:, None])
    assert not points.on_continuum.any()
    assert points.is_stable.sum() == 2


def test_no_image_of_a_degenerate_point_is_missing():
    with pytest.warns(sp.StillpointWarning, match="float32"):
        system = sp.as_system(lambda x: np.tanh(x.astype(np.float32)), 1)
    points = sp.find_fixed_points(system, np.random.default_rng(0).standard_normal((300, 1)))
    assert points.is_degenerate.all()
    assert points.census().tallies[0].missing_at_least == 0


def test_an_isolated_degenerate_point_is_no_continuum():
    """x' = x + x^3 has a triple root at 0, and -1."""
    system = sp.as_system(lambda x: x + x**3 * (x + 1), state_size=1)
    points = sp.find_fixed_points(system, np.array([[-1.2], [0.3], [-0.2]]))
    assert not points.on_continuum.any()
    np.testing.assert_allclose(np.sort(points.xstar[:, 0]), [-1, 0], atol=1e-3)


@given(
    st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=2, unique=True),
)
@settings(max_examples=50, deadline=None)
def test_the_smallest_gap(cloud):
    points = np.array(cloud, dtype=float)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    np.fill_diagonal(distance, np.inf)
    assert smallest_gap(points) == pytest.approx(distance.min())


def test_the_smallest_gap_of_a_search(points):
    assert points.smallest_gap == pytest.approx(A, abs=1e-12)
    assert points[:1].smallest_gap == np.inf


# -- sampling --------------------------------------------------------------------------------------


def trajectories():
    """States that say where they come from: (trial, time)."""
    trial, time = np.meshgrid(np.arange(6.0), np.arange(50.0), indexing="ij")
    return np.stack([trial, time], axis=2)


def test_states_are_drawn_without_replacement_while_there_are_enough():
    path = trajectories()
    drawn = sp.sample_states(path, 300)
    assert len(np.unique(drawn, axis=0)) == 300
    assert sp.sample_states(path, 301).shape == (301, 2)


def test_flat_states_can_be_drawn():
    flat = trajectories().reshape(-1, 2)
    np.testing.assert_array_equal(sp.sample_states(flat, 9), sp.sample_states(trajectories(), 9))


def test_the_draw_depends_on_the_seed_alone():
    path = trajectories()
    np.random.seed(0)  # noqa: NPY002
    first = sp.sample_states(path, 20, noise=0.1, seed=3)
    np.random.seed(1)  # noqa: NPY002
    np.testing.assert_array_equal(first, sp.sample_states(path, 20, noise=0.1, seed=3))
    assert not np.array_equal(first, sp.sample_states(path, 20, noise=0.1, seed=4))


def test_a_generator_goes_on():
    rng = np.random.default_rng(3)
    first = sp.sample_states(trajectories(), 20, seed=rng)
    second = sp.sample_states(trajectories(), 20, seed=rng)
    np.testing.assert_array_equal(first, sp.sample_states(trajectories(), 20, seed=3))
    assert not np.array_equal(first, second)


def test_noise_is_gaussian_in_units_of_the_state():
    drawn = sp.sample_states(np.zeros((10, 10, 50)), 2000, noise=0.3)
    assert drawn.std() == pytest.approx(0.3, rel=0.02)
    assert abs(drawn.mean()) < 0.005
    assert np.abs(np.corrcoef(drawn.T) - np.eye(50)).max() < 0.12


def test_noise_does_not_change_which_states_are_drawn():
    path = 1000 * trajectories()
    clean = sp.sample_states(path, 50)
    noisy = sp.sample_states(path, 50, noise=1.0)
    assert 0 < np.abs(noisy - clean).max() < 6


def test_where_restricts_the_draw():
    path = trajectories()
    late = path[:, :, 1] >= 45
    drawn = sp.sample_states(path, 30, where=late)
    assert (drawn[:, 1] >= 45).all()
    assert len(np.unique(drawn, axis=0)) == 30
    assert (sp.sample_states(path, 100, where=late)[:, 1] >= 45).all()


def test_inputs_stay_with_their_states():
    path = trajectories()
    inputs = np.stack([100 * path[:, :, 0] + path[:, :, 1]] * 3, axis=2)
    states, drive = sp.sample_states(path, 40, inputs=inputs, noise=0.01, where=path[:, :, 0] > 2)
    assert drive.shape == (40, 3)
    np.testing.assert_array_equal(drive[:, 0], drive[:, 2])
    np.testing.assert_array_equal(drive[:, 0] // 100, states[:, 0].round())
    np.testing.assert_array_equal(drive[:, 0] % 100, states[:, 1].round())


def test_trajectories_are_not_changed():
    path = trajectories()
    sp.sample_states(path, 10, noise=5.0)[:] = 7
    np.testing.assert_array_equal(path, trajectories())
