"""What is certified is true: adversaries, closed forms, and a second proof in exact arithmetic."""

from __future__ import annotations

import inspect
from dataclasses import fields, replace
from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

import reference
import stillpoint as sp
import zoo
from stillpoint._core.arrays import solve_rows
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, StackedCell, VanillaCell
from stillpoint.dynamics.transforms import Iterated
from stillpoint.errors import ArgumentError
from stillpoint.intervals import Interval
from stillpoint.intervals.linalg import determinant_sign, is_positive_definite, negative_eigenvalues
from stillpoint.intervals.spectrum import UNDECIDED, count_unstable
from stillpoint.proofs import Certificate, Finding, prove, prove_empty
from stillpoint.proofs.krawczyk import Krawczyk
from stillpoint.tasks import load_network

NONE = np.zeros((1, 0))
SEEDS = st.integers(0, 2**32 - 1)

# How exactly the second solution is known.
TRUTH = mp.mpf(10) ** -35


@pytest.fixture(autouse=True)
def _precisely():
    with mp.workdps(60):
        yield


def scalar(gain, b):
    return sp.as_system(VanillaCell(np.array([[gain]]), np.zeros((1, 0)), np.array([b])))


def found(system, n=200, spread=1.2, seed=0, u=None):
    states = np.random.default_rng(seed).uniform(-spread, spread, (n, system.state_size))
    return sp.find_fixed_points(system, states, u)


def moved_to(points, x):
    """Return the record with other states; the evidence stays that of the old ones."""
    return replace(points[: len(x)], xstar=np.array(x, dtype=np.float64))


def assert_same_certificate(left, right):
    for field in fields(Certificate):
        np.testing.assert_array_equal(getattr(left, field.name), getattr(right, field.name))


# -- networks whose points are known ---------------------------------------------------------------


@pytest.fixture(scope="module", params=["tanh", "gru", "lstm", "dale_leaky", "dale_elman"])
def shipped(request):
    network = load_network(request.param)
    system, rng = network.system, np.random.default_rng(0)
    pulses = (rng.random((64, 60, 3)) < 0.05) * rng.choice([-1.0, 1.0], (64, 60, 3))
    trajectories = system.simulate(np.zeros((64, system.state_size)), pulses)
    starts = sp.sample_states(trajectories, 600, noise=0.3)
    points = sp.find_fixed_points(system, starts, np.zeros(3), rounds=3)
    return network.cell, system, sp.certify(system, points)


def test_all_27_points_of_a_shipped_network_are_proved(shipped):
    _, _, points = shipped
    certificate = points.certificate
    assert len(points) == 27
    assert certificate.all_proved
    assert certificate.all_distinct
    np.testing.assert_array_equal(certificate.n_unstable_proved, points.n_unstable)
    np.testing.assert_array_equal(certificate.index_proved, points.index)
    assert certificate.index_proved.sum() == 1
    assert certificate.radius_exists.max() < 1e-11
    assert (certificate.radius_unique > 1e5 * certificate.radius_exists).all()
    assert (certificate.radius_exists == certificate.box.max(axis=1)).all()
    assert not certificate.radius_empty.any()
    assert set(certificate.reason) == set(certificate.stability_reason) == {Finding.PROVED}
    assert not certificate.is_estimate
    assert "all proved to exist, all distinct" in repr(points)


def test_the_exact_points_of_a_shipped_network_lie_in_their_boxes(shipped):
    cell, _, points = shipped
    if cell.state_size > 16:
        points = points[::9]
    for k in range(0, len(points), 3):
        assert_true(cell, points.xstar[k], points.inputs[k], points.certificate, k, count=False)


def assert_true(cell, x, u, certificate, k, *, count=True, again=False):
    """Assert that the exact point lies where row k of a certificate says, and is of its kind."""
    y = reference.solve(cell, x, u, digits=40)
    assert y is not None, "nothing is found where a point is certified"
    exact = reference.state_at(cell, y, u)
    for value, centre, radius in zip(exact, x, certificate.box[k], strict=True):
        excess = abs(value - mp.mpf(float(centre))) - mp.mpf(float(radius))
        assert excess <= TRUTH, "not in the box"
    distance = max(
        abs(a - mp.mpf(float(b))) for a, b in zip(y, reference.unknowns(cell, x), strict=True)
    )
    assert distance <= min(certificate.radius_exists[k], certificate.radius_unique[k]) + TRUTH
    if again:
        here = [float(v) for v in reference.unknowns(cell, x)]
        assert reference.proves_zero(cell, here, u, max(2 * certificate.radius_exists[k], 1e-60))
    if not count:
        return
    jacobian = reference.jacobian(cell, exact, u)
    proved = certificate.n_unstable_proved[k]
    if proved != UNDECIDED:
        assert reference.count_unstable(jacobian, cell.kind, digits=40) in (proved, None)
    if certificate.index_proved[k] != 0:
        motion = jacobian - mp.eye(len(x)) if cell.kind == "map" else jacobian
        assert mp.sign(mp.det(-motion)) == certificate.index_proved[k]


@pytest.mark.parametrize("network", zoo.isolated(), ids=repr)
def test_every_point_of_the_zoo_is_proved_and_none_twice(network):
    system = network.system("numpy")
    points = sp.certify(system, found(system, 4000 if network.n_points > 40 else 600))
    certificate = points.certificate
    assert len(points) == network.n_points
    assert certificate.all_proved
    assert certificate.all_distinct
    np.testing.assert_array_equal(certificate.n_unstable_proved, points.n_unstable)
    assert tuple(np.bincount(certificate.n_unstable_proved)) == network.unstable
    np.testing.assert_array_equal(certificate.index_proved, points.index)
    assert certificate.index_proved.sum() == network.lefschetz
    known = points.nearest(network.points)
    distance = np.abs(network.points - points.xstar[known])
    assert (distance <= network.digits + certificate.box[known]).all()
    for k in range(0, len(points), max(1, len(points) // 4)):
        small = points.xstar.shape[1] <= 5
        x, u = points.xstar[k], points.inputs[k]
        assert_true(network.cell, x, u, certificate, k, count=small, again=small)


def test_a_second_proof_refuses_where_there_is_nothing():
    """The reference itself: Krawczyk's operator at 100 digits tells points from other states."""
    cell = VanillaCell(2 * np.eye(2), np.zeros((2, 0)), np.zeros(2))
    m = zoo.tanh_fixed_point(2.0)
    for centre, radius, answer in (
        ([m, 0.0], 1e-9, True),
        ([m, 1e-3], 1e-9, False),
        ([m, 1e-3], 1e-2, True),
        ([m, m], 2.0, False),
    ):
        assert reference.proves_zero(cell, centre, [], radius) == answer


def test_a_large_random_network_is_proved_as_quickly_as_a_small_one():
    d = 128
    W = 1.8 * np.random.default_rng(0).standard_normal((d, d)) / np.sqrt(d)
    system = sp.as_system(VanillaCell(W, np.zeros((d, 0)), np.zeros(d)))
    points = sp.certify(system, found(system, 60))
    certificate = points.certificate
    assert len(points) >= 3
    assert certificate.all_proved
    assert certificate.all_distinct
    assert certificate.radius_exists.max() < 1e-9
    np.testing.assert_array_equal(certificate.n_unstable_proved, points.n_unstable)
    for k in range(2):  # one exact Newton step is enough to see where the point is
        rest = [v.value for v in reference.step(system.dynamics, *exactly(points, k))]
        residual = np.array(
            [float(a - mp.mpf(float(b))) for a, b in zip(rest, points.xstar[k], strict=True)]
        )
        move = np.linalg.solve(np.eye(d) - points.jacobian[k], residual)
        assert (np.abs(move) <= certificate.box[k]).all()


def exactly(points, k):
    return reference.numbers(mp, points.xstar[k]), reference.numbers(mp, points.inputs[k])


# -- adversaries -----------------------------------------------------------------------------------


# Networks whose exact derivatives take long.
LARGE = ("stack", "clamped stack", "iterated")


def rough_point(cell, x, u):
    """Return a point by plain Newton steps in floating point, or None."""
    problem = cell.equilibrium_problem()
    y = problem.coordinates(x, u)
    with np.errstate(all="ignore"):  # gates that are closed to rounding lead nowhere
        for _ in range(40):
            y = y - solve_rows(problem.jacobian(y, u), problem.residual(y, u))
            if not np.abs(y).max() < 1e6:
                return None
    return problem.state(y, u)[0]


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
    assert (certificate.reason[~certificate.proved] != Finding.PROVED).all()
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
    assert np.isin(certificate.reason, [Finding.FAR, Finding.NO_CONTRACTION]).all()
    assert (certificate.reason == Finding.FAR).any()
    assert np.isnan(certificate.radius_exists).all()


@given(seed=SEEDS)
@settings(max_examples=12)
def test_points_of_other_weights_are_refused_or_right(seed):
    rng = np.random.default_rng(seed)
    network = zoo.planted(2)
    points = found(network.system("numpy"), 60)
    W = network.cell.W + 10.0 ** rng.uniform(-17, 1) * rng.normal(size=(2, 2))
    other = VanillaCell(W, np.zeros((2, 0)), np.zeros(2))
    certificate = prove(other, points.xstar, points.inputs)
    for k in np.flatnonzero(certificate.proved):
        assert_true(other, points.xstar[k], [], certificate, k)
    if (W != network.cell.W).any():
        with pytest.raises(ArgumentError, match="other weights"):
            sp.certify(sp.as_system(other), points)


@given(seed=SEEDS)
@settings(max_examples=40)
def test_a_cube_that_is_proved_empty_holds_no_point(seed):
    rng = np.random.default_rng(seed)
    networks = (zoo.planted(2), zoo.independent_units(2), zoo.cosine_ring(6), zoo.hopfield(2.0))
    network = networks[rng.integers(len(networks))]
    exact, d = network.cell.enclosed(), network.cell.state_size
    base = network.points[rng.integers(0, len(network.points), 30)]
    y = base + 10.0 ** rng.uniform(-9, 0.3, (30, 1)) * rng.uniform(-1, 1, (30, d))
    operator = Krawczyk.at(exact.equilibrium_problem(), y, np.zeros((30, 0)))
    distance = np.abs(y[:, None, :] - network.points).max(axis=2).min(axis=1)
    for share in (0.3, 0.9, 1.0 + 1e-6, 1.1, 3.0):
        empty = operator.excludes(share * distance)
        assert not empty[share * distance > distance + network.digits].any()
    alone = operator.existence()[0]
    assert not operator.excludes(alone)[np.isfinite(alone)].any()
    assert (operator.emptiness() <= distance + network.digits).all()


@given(seed=SEEDS)
@settings(max_examples=25)
def test_a_box_that_holds_one_point_holds_no_other(seed):
    """Newton's method in multiple precision from all over the cube ends at the same point."""
    rng = np.random.default_rng(seed)
    network = (zoo.planted(2), zoo.scalar(2.0, 0.999 * zoo.fold_of(2.0)[1]))[seed % 2]
    d = network.cell.state_size
    points = network.points[rng.integers(0, len(network.points), 3)]
    x = points + 10.0 ** rng.uniform(-12, -2) * rng.uniform(-1, 1, points.shape)
    certificate = prove(network.cell, x, np.zeros((3, 0)))
    for k in np.flatnonzero(certificate.proved):
        reach = certificate.radius_unique[k]
        one = reference.solve(network.cell, x[k], [])
        for _ in range(3):
            other = reference.solve(network.cell, x[k] + reach * rng.uniform(-1, 1, d), [])
            inside = other is not None and all(
                abs(a - mp.mpf(float(b))) <= reach for a, b in zip(other, x[k], strict=True)
            )
            if inside:
                assert max(abs(a - b) for a, b in zip(one, other, strict=True)) < 1e-40


# -- boxes that are too small or too wide ----------------------------------------------------------


def test_a_box_that_is_too_small_or_too_wide_proves_nothing():
    cell = VanillaCell(2 * np.eye(1), np.zeros((1, 0)), np.zeros(1))
    m = zoo.tanh_fixed_point(2.0)
    y = np.full((5, 1), m)
    y[1:, 0] += 1e-3
    operator = Krawczyk.at(cell.enclosed().equilibrium_problem(), y, np.zeros((5, 0)))
    radius = np.array([1e-18, 1e-9, 9e-4, 1.1e-3, 2.0])
    proved = operator.image(radius).max(axis=1) < radius
    assert proved.tolist() == [False, False, False, True, False]
    # three points lie within 2 of each, so no wider cube holds exactly one
    widest = operator.uniqueness(operator.existence()[0])
    assert (widest < m).all()
    assert (widest > 0.1).all()


# -- spectra ---------------------------------------------------------------------------------------


def with_eigenvalues(rng, d, kind):
    """A matrix with eigenvalues near the border: alone, in pairs, clustered, in Jordan blocks."""
    off = 10.0 ** rng.uniform(-12, -0.5) * rng.choice([-1, 1])
    blocks, size = [], 0
    while size < d:
        gap = off if rng.random() < 0.6 else rng.normal()
        style = rng.integers(0, 4)
        radius, angle = 1 + gap, rng.uniform(0, np.pi)
        if style == 0 or d - size == 1:
            sign = rng.choice([-1, 1]) if kind == "map" else 1
            blocks.append(np.array([[sign * radius if kind == "map" else gap]]))
        elif style == 1:
            a, b = (radius * np.cos(angle), radius * np.sin(angle)) if kind == "map" else (gap, 1)
            blocks.append(np.array([[a, b], [-b, a]]))
        else:
            n = int(rng.integers(2, d - size + 1))
            first = radius if kind == "map" else gap
            coupling = 1.0 if style == 2 else 10.0 ** rng.uniform(-9, 0)
            blocks.append(first * np.eye(n) + coupling * np.eye(n, k=1))
        size += len(blocks[-1])
    D = np.zeros((d, d))
    start = 0
    for block in blocks:
        D[start : start + len(block), start : start + len(block)] = block
        start += len(block)
    D += np.triu(rng.normal(size=(d, d)), 1) * rng.choice([0, 0, 1, 30])  # non-normal
    S = np.linalg.qr(rng.normal(size=(d, d)))[0]
    if rng.random() < 0.5:
        S = S @ np.diag(10.0 ** rng.uniform(-2, 2, d))
    return S @ D @ np.linalg.inv(S)


def interval_around(rng, A):
    style = rng.integers(0, 3)
    if style == 0:
        return Interval(A)
    share = 10.0 ** rng.uniform(-17, -1)
    return Interval(A, share * (np.abs(A) if style == 1 else rng.random(A.shape)))


def members(rng, interval, n=3):
    """Return exact matrices of an interval."""
    for _ in range(n):
        share = rng.choice([-1.0, 1.0, 0.0], interval.mid.shape)
        A = mp.matrix(interval.mid.tolist())
        for i, j in np.ndindex(share.shape):
            A[i, j] += mp.mpf(share[i, j]) * mp.mpf(float(interval.radius[i, j]))
        yield A


@pytest.mark.parametrize("kind", ["map", "flow"])
@given(seed=SEEDS, d=st.integers(1, 8))
@settings(max_examples=110)
def test_a_proved_count_of_eigenvalues_is_that_of_all_matrices(kind, seed, d):
    rng = np.random.default_rng(seed)
    matrix = interval_around(rng, with_eigenvalues(rng, d, kind))
    count = count_unstable(matrix[None], kind)[0]
    if count == UNDECIDED:
        return
    for A in members(rng, matrix, 1 + (d < 5)):
        assert reference.count_unstable(A, kind, digits=40) in (count, None)


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_most_counts_are_decided_and_defective_ones_too(kind):
    rng, decided = np.random.default_rng(0), []
    for _ in range(60):
        d = int(rng.integers(1, 9))
        A = with_eigenvalues(rng, d, kind)
        values = np.linalg.eigvals(A)
        growth = np.abs(values) - 1 if kind == "map" else values.real
        if np.abs(growth).min() > 1e-3:
            decided.append(count_unstable(Interval(A[None]), kind)[0] != UNDECIDED)
    assert np.mean(decided) > 0.6
    jordan = 0.5 * np.eye(4) + np.eye(4, k=1)
    apart = np.kron(np.eye(2), jordan) + np.diag([0.0] * 4 + [1.0] * 4)
    turned = apart if kind == "map" else apart - np.eye(8)
    assert count_unstable(Interval(turned[None]), kind).tolist() == [4]


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_eigenvalues_on_the_border_are_never_counted(kind):
    turn = np.array([[0.6, 0.8], [-0.8, 0.6]])  # not quite on the circle, but within rounding
    shift = 0.0 if kind == "map" else 1.0
    cases = [np.eye(1), -np.eye(1), np.eye(3), np.diag([1.0, 0.2]), np.ones((2, 2)) / 2, turn]
    if kind == "flow":
        spin = np.array([[0.0, 3.0], [-3.0, 0.0]])
        cases = [np.zeros((1, 1)), np.eye(3) - shift * np.eye(3), np.eye(2, k=1), spin]
    for A in cases:
        assert count_unstable(Interval(A[None]), kind).tolist() == [UNDECIDED]
    # an interval that reaches across the border, and entries that are not finite
    for A in (
        Interval(np.array([[0.9 - shift]]), np.array([[0.11]])),
        Interval(np.array([[np.nan]])),
        Interval(np.array([[np.inf]])),
        Interval(np.array([[0.5]]), np.array([[np.nan]])),
        Interval(np.array([[0.5]]), np.array([[np.inf]])),
    ):
        with np.errstate(all="ignore"):
            assert count_unstable(A[None], kind).tolist() == [UNDECIDED]


def rational_determinant(rows):
    """Return the determinant of a matrix of fractions, by elimination."""
    rows, sign = [list(row) for row in rows], Fraction(1)
    for k in range(len(rows)):
        pivot = next((i for i in range(k, len(rows)) if rows[i][k] != 0), None)
        if pivot is None:
            return Fraction(0)
        if pivot != k:
            rows[k], rows[pivot], sign = rows[pivot], rows[k], -sign
        for i in range(k + 1, len(rows)):
            share = rows[i][k] / rows[k][k]
            rows[i] = [a - share * b for a, b in zip(rows[i], rows[k], strict=True)]
        sign *= rows[k][k]
    return sign


def rational_members(rng, interval, symmetric, n=4):
    for _ in range(n):
        share = rng.choice([-1, 1, 0], interval.mid.shape)
        if symmetric:
            share = np.triu(share) + np.triu(share, 1).T
        yield [
            [Fraction(m) + int(s) * Fraction(r) for m, r, s in zip(*row, strict=True)]
            for row in zip(
                interval.mid.tolist(), interval.radius.tolist(), share.tolist(), strict=True
            )
        ]


@given(seed=SEEDS, d=st.integers(1, 6))
@settings(max_examples=250)
def test_a_proved_sign_of_a_determinant_is_that_of_all_matrices(seed, d):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(d, d)) if rng.random() < 0.6 else rng.integers(-3, 4, (d, d)) * 1.0
    if rng.random() < 0.4 and d > 1:  # nearly singular
        A[-1] = A[:-1].sum(axis=0) + 10.0 ** rng.uniform(-17, -1) * rng.normal(size=d)
    matrix = interval_around(rng, A * 10.0 ** rng.integers(-3, 3, (d, 1)))
    sign = determinant_sign(matrix)
    for rows in rational_members(rng, matrix, symmetric=False):
        exact = rational_determinant(rows)
        assert sign == 0 or sign * exact > 0
    if matrix.rad is None and abs(np.linalg.det(A)) > 1e-6:
        assert sign != 0


@given(seed=SEEDS, d=st.integers(1, 6))
@settings(max_examples=250)
def test_a_proved_inertia_is_that_of_all_symmetric_matrices(seed, d):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.normal(size=(d, d)))[0]
    values = rng.normal(size=d) * 10.0 ** rng.integers(-12, 2, d)
    A = Q @ np.diag(values) @ Q.T
    if rng.random() < 0.3:
        A = rng.integers(-2, 3, (d, d)) * 1.0
    A = 0.5 * (A + A.T)
    rad = np.zeros((d, d))
    if rng.random() < 0.6:
        rad = 10.0 ** rng.uniform(-16, -1) * rng.random((d, d))
        rad = np.maximum(rad, rad.T)
    matrix = Interval(A, rad)
    count = negative_eigenvalues(matrix)
    assert is_positive_definite(matrix) == (count == 0)
    if count is None:
        return
    for rows in rational_members(rng, matrix, symmetric=True, n=3):
        # Sylvester and Jacobi: sign changes of the leading minors, where none vanishes
        minors = [1] + [
            rational_determinant([row[:k] for row in rows[:k]]) for k in range(1, d + 1)
        ]
        assert minors[-1] != 0
        if all(minors):
            assert sum(a * b < 0 for a, b in pairwise(minors)) == count
        else:
            assert minors[-1] * (-1) ** count > 0


# -- degenerate cases ------------------------------------------------------------------------------


def proof_at(cell, *states):
    x = np.array(states, dtype=np.float64).reshape(len(states), -1)
    return prove(cell, x, np.zeros((len(states), 0)))


def elman(W, b=None, phi="tanh"):
    W = np.atleast_2d(np.array(W, dtype=np.float64))
    b = np.zeros(len(W)) if b is None else np.array(b, dtype=np.float64)
    return VanillaCell(W, np.zeros((len(W), 0)), b, phi)


def test_a_pitchfork_and_a_fold_are_not_proved():
    """The point exists and is the only one, but it is a triple or a double zero."""
    states = [0.0, 1e-12, -1e-6, 1e-3]
    certificate = proof_at(elman(1.0), *states)
    assert not certificate.proved.any()
    assert certificate.reason[0] == Finding.SINGULAR
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
    assert set(certificate.reason) == {Finding.CONTINUUM}
    assert not certificate.radius_empty.any()
    a = [[a, 0.0, 0.0] for a in (0.0, 1e-300, 1e-9, 1.0, 7.3, 1e10)]
    assert not proof_at(zoo.half_line().cell, *a).proved.any()


def test_zero_weights_have_their_bias_for_a_point():
    for phi, value in (("tanh", np.tanh(0.3)), ("relu", 0.3), ("linear", 0.3)):
        certificate = proof_at(elman(np.zeros((2, 2)), [0.3, 0.3], phi), [value, value], [0.0, 0.0])
        assert certificate.proved.tolist() == [True, False]  # a constant map, whose value is far
        assert certificate.reason[1] == Finding.FAR
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
        assert certificate.stability_reason.tolist() == [Finding.KINK]
    # two half-lines of slopes 2 and 0: -1 + 2 x and 0 meet x in 0 and in 1
    certificate = proof_at(elman(2.0, [-1.0], "relu"), 0.0, 1.0, 0.5)
    assert certificate.proved.tolist() == [True, True, False]
    assert certificate.n_unstable_proved.tolist() == [0, 1, UNDECIDED]
    assert certificate.radius_unique[0] < 1
    # a leaky unit on its kink under weights of both signs
    for w, proved in ((0.9, True), (1.0, False), (1.1, False), (-0.9, True)):
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


# -- the record ------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def planted():
    system = zoo.planted(2).system("numpy")
    return system, found(system, 100)


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
    with pytest.warns(sp.errors.StillpointWarning, match="no start reached"):
        points = sp.find_fixed_points(system, np.zeros((3, 1)))
    assert len(sp.certify(system, points)) == 0
    assert (prove_empty(system.dynamics, np.array([[0.0], [1e5]]), np.zeros((2, 0))) > 0.5).all()


def test_copies_that_are_proved_to_be_one_point_are_merged(planted):
    system, points = planted
    near = replace(points, xstar=points.xstar * (1 + 1e-10))
    twice = sp.FixedPoints.concatenate([points, near, points[::-1]])
    merged = sp.certify(system, twice)
    assert len(merged) == len(points)
    assert merged.certificate.all_distinct
    np.testing.assert_array_equal(np.sort(merged.hits), np.sort(3 * points.hits))
    assert merged.hits.sum() == twice.hits.sum() == (merged.starts.point >= 0).sum()
    reached = merged.starts.point[merged.starts.point >= 0]
    np.testing.assert_array_equal(np.bincount(reached), merged.hits)
    # one alone for every exact point
    distance = np.abs(merged.xstar[:, None] - points.xstar).max(axis=2)
    assert ((distance < 1e-8).sum(axis=0) == 1).all()


def test_one_state_under_two_inputs_is_two_points():
    cell = VanillaCell(0.5 * np.eye(1), np.array([[0.0]]), np.zeros(1))
    system = sp.as_system(cell)
    points = sp.certify(
        system, sp.find_fixed_points(system, np.zeros((4, 1)), [[0], [1], [0], [1]])
    )
    assert points.inputs.ravel().tolist() == [0, 1]
    assert points.certificate.distinct.all()


@pytest.mark.parametrize("distance", [1e-6, 1e-9, 1e-11, 1e-12, 1e-13])
def test_points_nearer_than_the_tolerance_of_the_search_are_told_apart(distance):
    place, fold = zoo.fold_of(2.0)
    b = fold + np.sign(place) * distance
    points = sp.find_fixed_points(scalar(2.0, b), np.linspace(-1, 1, 41)[:, None])
    certified = sp.certify(scalar(2.0, b), points)
    assert len(certified) == 3
    assert certified.certificate.all_proved
    assert certified.certificate.all_distinct
    assert certified.certificate.n_unstable_proved.tolist() == [0, 0, 1]
    assert certified.certificate.index_proved.tolist() == [1, 1, -1]
    assert certified.hits.sum() == 41
    assert certified.provenance == points.provenance
    for k in range(3):
        assert_true(elman(2.0, [b]), certified.xstar[k], [], certified.certificate, k)


@pytest.mark.torch
def test_points_of_a_float32_network_are_told_apart_in_float64():
    """Two points 47e-9 apart, which float32 cannot tell: both are proved, neither is dropped."""
    torch = pytest.importorskip("torch")
    gain, offset = 36.0, mp.mpf(7e-13)
    place = mp.sqrt(1 - 1 / mp.mpf(gain))
    b = mp.atanh(place) - gain * place + offset
    parts = []  # b as a sum of float32 numbers of falling size
    for scale in (1.0, 2.0**-20, 2.0**-40):
        rest = b - sum(mp.mpf(p) * mp.mpf(s) for p, s in parts)
        parts.append((float(np.float32(float(rest / scale))), scale))
    cell = VanillaCell(
        torch.tensor([[gain]]), torch.tensor([[2.0**-20, 2.0**-40]]), torch.tensor([parts[0][0]])
    )
    system, u = sp.as_system(cell), np.array([parts[1][0], parts[2][0]])
    half = float(mp.sqrt(offset / (gain * place)))
    x = [float(place) + side * half for side in (-1, 1)]
    exact = [float(reference.solve(cell, [v], u)[0]) for v in x]
    assert 3e-8 < exact[1] - exact[0] < 6e-8
    certificate = prove(system.dynamics, np.array(exact)[:, None], np.tile(u, (2, 1)))
    assert certificate.proved.all()
    assert certificate.n_unstable_proved.tolist() == [1, 0]
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 9)[:, None], u)
    both = moved_to(sp.FixedPoints.concatenate([points[:1], points[:1]]), np.array(exact)[:, None])
    assert len(sp.certify(system, both)) == 2


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
        Certificate.concatenate([certified[:2].certificate, certified[2:].certificate]), certificate
    )
    joined = sp.FixedPoints.concatenate([certified[:2], certified[2:]])
    assert_same_certificate(joined.certificate, certificate)
    doubled = sp.FixedPoints.concatenate([certified, certified])
    assert doubled.certificate.all_proved
    assert not doubled.certificate.distinct.any()
    assert sp.FixedPoints.concatenate([certified, points]).certificate is None
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


# -- what cannot be proved -------------------------------------------------------------------------


def test_functions_are_black_boxes():
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1, lefschetz=1)
    points = sp.certify(system, sp.find_fixed_points(system, np.linspace(-1, 1, 21)[:, None]))
    assert len(points) == 3
    assert not points.certificate.proved.any()
    assert not points.certificate.distinct.any()
    assert set(points.certificate.reason) == {Finding.BLACK_BOX}
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
    assert set(certified.certificate.reason) == {Finding.BLACK_BOX}


@pytest.mark.torch
def test_a_torch_module_is_proved_as_the_cell_that_it_is():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    for module in (torch.nn.RNN(2, 3), torch.nn.GRU(2, 3, num_layers=2), torch.nn.LSTM(2, 3)):
        system = sp.as_system(module).clamp([0.3, -0.2])
        points = sp.certify(system, found(system, 10))
        assert points.certificate.all_proved
        k = len(points) - 1
        assert_true(system.dynamics, points.xstar[k], [], points.certificate, k, count=False)


def test_estimates_say_that_they_are_estimates(planted):
    system = sp.as_system(lambda x: np.tanh(2 * x), state_size=1)
    points = sp.find_fixed_points(system, np.linspace(-1, 1, 21)[:, None])
    certificate = sp.certify(system, points, estimates=True).certificate
    assert not certificate.proved.any()
    assert not certificate.distinct.any()
    assert certificate.is_estimate
    assert set(certificate.reason) == {Finding.ESTIMATED}
    assert (certificate.radius_exists < 1e-10).all()
    assert (certificate.radius_unique > 1e-3).all()
    assert (certificate.n_unstable_proved == UNDECIDED).all()
    assert not certificate.index_proved.any()
    system, points = planted  # where there are proofs, nothing is estimated
    proved = sp.certify(system, points, estimates=True).certificate
    assert_same_certificate(proved, sp.certify(system, points).certificate)
    assert not proved.is_estimate


def test_estimates_of_degenerate_points_claim_nothing():
    for system in (scalar(1.0, 0.0), zoo.half_line().system("numpy")):
        starts = np.random.default_rng(0).random((9, system.state_size))
        points = sp.find_fixed_points(system, starts)
        certificate = sp.certify(system, points, estimates=True).certificate
        assert not certificate.proved.any()
        finite = np.isfinite(certificate.radius_unique)
        assert (certificate.reason[finite] == Finding.ESTIMATED).all()
        assert (certificate.radius_unique[finite] < 1.0).all()


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
    unknown = sp.as_system(lambda x: np.tanh(2 * x - 0.5329), state_size=1)
    boxed = sp.certify(unknown, sp.find_slow_points(unknown, np.linspace(-1, 1, 41)[:, None]))
    assert not boxed.certificate.radius_empty.any()
    assert not boxed.certificate.proved.any()


# -- what a certificate is about -------------------------------------------------------------------


def test_the_memory_of_an_lstm_is_not_taken_from_the_state():
    """Uniqueness is stated in h; a state with the right h and a wrong c lies far from its point."""
    rng = np.random.default_rng(3)
    cell = LSTMCell(rng.normal(size=(8, 2)), np.zeros((8, 0)), rng.normal(size=8))
    y = reference.solve(cell, np.zeros(4), [])
    x = np.array([[float(v) for v in reference.state_at(cell, y, [])]] * 2)
    x[1, 2:] += 0.5
    certificate = prove(cell, x, np.zeros((2, 0)))
    assert certificate.proved.tolist() == [True, False]
    assert certificate.radius_exists[0] < 1e-13
    assert certificate.reason[1] == Finding.FAR


def test_saturated_gates_do_not_stand_for_points():
    """z is one to the last digit, so h' = h in floating point; the candidate says otherwise."""
    d = 2
    b = np.array([0.0, 0.0, 50.0, 50.0, 0.5, -0.5])
    cell = GRUCell(np.zeros((6, d)), np.zeros((6, 0)), b, np.zeros(d))
    x = np.array([[0.1, 0.2], [np.tanh(0.5), np.tanh(-0.5)]])
    np.testing.assert_allclose(cell.step(x, np.zeros((2, 0))), x, rtol=1e-15)
    certificate = prove(cell, x, np.zeros((2, 0)))
    assert certificate.proved.tolist() == [False, True]
    assert certificate.reason[0] == Finding.FAR  # the box has grown to the only point
    assert certificate.radius_exists[1] < 1e-14
    memory = LSTMCell(np.zeros((4, 1)), np.zeros((4, 0)), np.array([-30.0, 40.0, 0.3, 5.0]))
    certificate = prove(memory, np.array([[0.0, 0.0]]), NONE)
    for k in np.flatnonzero(certificate.proved):
        assert_true(memory, np.zeros(2), [], certificate, k, count=False)


def test_layers_are_proved_together():
    rng = np.random.default_rng(8)
    layers = [reference.vanilla(rng, d=2, m=1), reference.lstm(rng, k=2, m=2)]
    cell = StackedCell([*layers, reference.gru(rng, d=2, m=2)])
    y = reference.solve(cell, np.zeros(8), [0.3])
    x = np.array([[float(v) for v in reference.state_at(cell, y, [0.3])]])
    certificate = prove(cell, x, np.array([[0.3]]))
    assert certificate.proved.all()
    assert_true(cell, x[0], [0.3], certificate, 0, again=True)


def test_reasons_have_sentences():
    assert all(finding.sentence for finding in Finding)
    nothing = Certificate.without_proof(3, 2, Finding.NOT_TRIED)
    assert (len(nothing), nothing.all_proved, nothing.all_distinct) == (3, False, False)


def test_copies_of_proved_points_that_are_merged_are_proved_to_be_distinct():
    """Two records of one search put together: each point is there twice, and then once."""
    system = zoo.independent_units(2).system("numpy")
    points = sp.certify(system, found(system))
    twice = sp.FixedPoints.concatenate([points, points])
    assert not twice.certificate.distinct.any()
    once = twice.unique()
    assert len(once) == 9
    assert once.certificate.all_distinct


@pytest.mark.parametrize("estimates", ["yes", None, 1])
def test_estimates_are_wanted_or_not(estimates):
    system = zoo.independent_units(1).system("numpy")
    certify = inspect.unwrap(sp.certify)  # its own checks, not those of the type checker
    with pytest.raises(ArgumentError, match="estimates: got"):
        certify(system, found(system, 20), estimates=estimates)
