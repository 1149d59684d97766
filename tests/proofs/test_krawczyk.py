"""The operator itself, on equations whose zeros are known, at the edge of what is provable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from certificate_cases import SEEDS
from flint import arb, arb_mat, ctx
from hypothesis import given, settings

from stillpoint.cells import GRUCell, VanillaCell
from stillpoint.intervals import Interval
from stillpoint.proofs import prove
from stillpoint.proofs.existence import Cubes
from stillpoint.proofs.krawczyk import Equations, EquilibriumForm, Krawczyk


@pytest.fixture(autouse=True)
def _quiet():
    with np.errstate(all="ignore"):  # what is infinite or NaN proves nothing
        yield


@dataclass(frozen=True)
class Polynomials(Equations):
    """z_i^2 = target_i, coupled by an invertible matrix: zeros at all signs of the roots."""

    target: np.ndarray
    mixed: np.ndarray

    size, region, work = 2, None, 1

    def residual(self, z):
        return (z * z - self.target) @ self.mixed.T

    def jacobian(self, z):
        return Interval(self.mixed) @ ((2.0 * z)[:, None, :] * np.eye(2))

    def states(self, z):
        return z


def polynomials(rng):
    return Polynomials(np.array([1.0, 4.0]), np.eye(2) + 0.3 * rng.uniform(-1, 1, (2, 2)))


ZEROS = np.array([[s, 2.0 * t] for s in (1, -1) for t in (1, -1)])


@given(seed=SEEDS)
@settings(max_examples=40)
def test_boxes_hold_as_many_zeros_as_is_said(seed):
    rng = np.random.default_rng(seed)
    near = ZEROS[rng.integers(0, 4, 200)] + rng.uniform(-1, 1, (200, 2)) * 10.0 ** rng.uniform(
        -9, 0
    )
    radius = 10.0 ** rng.uniform(-9, 0.5, (200, 1)) * rng.uniform(0.1, 1, (200, 2))
    # Some boxes end exactly where a zero is.
    radius[::5] = np.abs(near - ZEROS[np.abs(near[:, None] - ZEROS).max(axis=2).argmin(axis=1)])[
        ::5
    ]
    operator = Krawczyk.on(polynomials(rng), Interval(near, radius))
    inside = (np.abs(near[:, None] - ZEROS) <= radius[:, None]).all(axis=2)
    count = inside.sum(axis=1)
    assert (count[operator.holds_one] == 1).all()
    assert (count[operator.holds_none] == 0).all()
    for rows in (operator.inverse, rng.normal(size=(200, 3, 2)), np.zeros((200, 1, 2))):
        assert (count[operator.excludes_zero(rows)] == 0).all()
    images = operator.images
    for box, zero in zip(*np.nonzero(inside), strict=True):
        assert (
            images.lower[box].max() == np.inf
            or ((images.lower[box] <= ZEROS[zero]) & (ZEROS[zero] <= images.upper[box])).all()
        )


def test_it_is_sharp_enough_to_be_of_use():
    zeros = ZEROS + 1e-12
    assert Krawczyk.on(polynomials(np.random.default_rng(0)), small(zeros, 0.2)).holds_one.all()
    off = small(ZEROS + 0.3, 0.2)
    operator = Krawczyk.on(polynomials(np.random.default_rng(0)), off)
    assert operator.excludes_zero(operator.inverse).all()
    assert not operator.holds_one.any()


def small(centres, radius):
    return Interval(centres, np.full_like(centres, radius))


def test_a_matrix_that_is_passed_is_taken():
    equations, boxes = polynomials(np.random.default_rng(0)), small(ZEROS, 0.1)
    assert not Krawczyk.on(equations, boxes, np.zeros((4, 2, 2))).holds_one.any()
    assert not Krawczyk.on(equations, boxes, np.full((4, 2, 2), np.nan)).holds_one.any()


@dataclass(frozen=True)
class Blurred(Equations):
    """z = 0, where rounding leaves a residual that is known to `blur` only."""

    computed: float
    blur: float

    size, region, work = 1, None, 1

    def residual(self, z):
        shape = z.shape
        return z + Interval(np.full(shape, self.computed), np.full(shape, self.blur))

    def jacobian(self, z):
        return Interval(np.ones((len(z), 1, 1)))

    def states(self, z):
        return z


@pytest.mark.parametrize(
    ("blur", "empty"), [(0.5, True), (0.99, True), (1.01, False), (2.0, False)]
)
def test_a_residual_within_its_rounding_excludes_nothing(blur, empty):
    """What was computed is 1e-9, and the zero may lie at the centre if that can be rounding."""
    cubes = Cubes.around(Blurred(1e-9, blur * 1e-9), np.zeros((1, 1)))
    assert cubes.hold_none(np.array([1e-15])).tolist() == [empty]
    operator = cubes.of(np.array([1e-15]))
    assert operator.holds_none.tolist() == [empty]
    assert operator.excludes_zero(np.ones((1, 1, 1))).tolist() == [empty]
    assert (cubes.emptiness() > 0).tolist() == [blur < 0.5]  # the smallest tried is 1e-9


def test_a_residual_within_its_rounding_proves_no_point_nearby():
    cubes = Cubes.around(Blurred(0.0, 1e-9), np.zeros((1, 1)))
    assert not cubes.of(np.array([0.9e-9])).holds_one.any()
    assert cubes.of(np.array([1.1e-9])).holds_one.all()
    radius, box = cubes.existence()
    assert radius[0] > 1e-9
    assert 1e-9 <= box[0, 0] < 1.001e-9


def test_a_box_whose_image_reaches_its_border_holds_nothing_for_certain():
    """z = 0 on boxes of radius 1 around 1: the zero lies on the border."""
    shifted = Cubes.around(Blurred(0.0, 0.0), np.array([[1.0], [1.0], [1.0]]))
    radius = np.array([1.0, 1.0 - 1e-9, 1.0 + 1e-9])
    assert shifted.of(radius).holds_one.tolist() == [False, False, True]
    assert shifted.hold_none(radius).tolist() == [False, True, False]


def test_the_widest_cubes_are_found_to_one_percent_of_their_exponent():
    """z^2 = 1 and w^2 = 4 from the zero (1, 2): I - C p' is (z - 1, (w - 2) / 2)."""
    cubes = Cubes.around(Polynomials(np.array([1.0, 4.0]), np.eye(2)), np.array([[1.0, 2.0]]))
    radius, _ = cubes.existence()
    assert radius[0] < 1e-14
    assert 0.6 < cubes.uniqueness(radius)[0] < 1.0
    # From (1.5, 2.5) the nearest zero is 0.5 away, and no cube of more is empty.
    aside = Cubes.around(Polynomials(np.array([1.0, 4.0]), np.eye(2)), np.array([[1.5, 2.5]]))
    assert 0.3 < aside.emptiness()[0] < 0.5
    assert cubes.emptiness().tolist() == [0.0]


def test_a_cube_that_is_unique_is_found_where_nothing_wider_works():
    cubes = Cubes.around(Blurred(0.0, 1e-3), np.zeros((1, 1)))
    assert cubes.uniqueness(np.array([2.0])).tolist() == [2.0]
    parabolas = Cubes.around(Polynomials(np.array([1.0, 4.0]), np.eye(2)), np.array([[1.0, 2.0]]))
    assert parabolas.uniqueness(np.array([0.9999])).tolist() == [0.9999]


def test_cubes_far_out_are_as_wide_as_their_centre():
    """z = 0 everywhere: every cube that holds it is proved, and the widest tried is 2 |y|."""
    cubes = Cubes.around(Blurred(0.0, 0.0), np.array([[0.0], [1e3]]))
    widest = cubes.uniqueness(np.array([1e-3, 1.001e3]))
    assert 1.8 < widest[0] < 2.0
    assert 1.9e3 < widest[1] < 2e3
    assert cubes.emptiness()[0] == 0
    assert 8e2 < cubes.emptiness()[1] < 1e3


def test_combinations_by_the_inverse_exclude_what_single_equations_do_not():
    """Each equation vanishes somewhere in the cube, but their difference does not."""
    mixed = Polynomials(np.array([1.0, 4.0]), np.array([[1.0, 1.0], [1.0, 1.5]]))
    cubes = Cubes.around(mixed, np.array([[1.3, 1.75]]))
    radius = np.array([0.1])
    assert not cubes.of(radius).holds_none.any()
    assert cubes.hold_none(radius).all()


class Opposed(Equations):
    """x + 1e-3 = 0 and 1e-3 - x = 0: a slow point, whose Jacobian is singular."""

    size, region, work = 2, None, 1

    def residual(self, z):
        return z[:, :1] * np.array([1.0, -1.0]) + 1e-3

    def jacobian(self, z):
        return Interval(np.tile([[1.0, 0.0], [-1.0, 0.0]], (len(z), 1, 1)))

    def states(self, z):
        return z


def test_the_combination_along_the_residual_excludes_zeros_around_a_slow_point():
    cubes, radius = Cubes.around(Opposed(), np.zeros((1, 2))), np.array([1e-2])
    assert not cubes.of(radius).holds_none.any()
    assert cubes.hold_none(radius).all()
    assert cubes.emptiness()[0] > 1.6  # the widest but one that is tried


def test_the_first_cube_that_works_is_kept_whatever_other_rows_need():
    blur = np.array([0.0, 1e-6])

    class Mixed(Blurred):
        def residual(self, z):
            return z + Interval(np.zeros(z.shape), blur[:, None])

        def jacobian(self, z):
            wide = np.array([0.0, 0.6])[:, None, None]
            return Interval(np.ones((len(z), 1, 1)), wide)

    radius, box = Cubes.around(Mixed(0.0, 0.0), np.zeros((2, 1))).existence()
    assert radius[0] < 1.1e-300  # the first that is tried
    assert box[0, 0] < 1e-300
    assert radius[1] > 1e-6


def test_rows_have_inputs_of_their_own():
    cell = VanillaCell(0.5 * np.eye(1), np.eye(1), np.zeros(1), "linear")  # x = 2 u
    u = np.array([[1.0], [2.0], [3.0]])
    form = EquilibriumForm(cell.interval_extension().equilibrium_problem(), u, 1)
    cubes = Cubes.around(form, 2 * u)
    assert cubes.of(np.full(3, 0.1)).holds_one.all()
    assert cubes.take(np.array([2, 0])).of(np.full(2, 0.1)).holds_one.all()
    assert not Cubes.around(form, 2 * u[::-1]).of(np.full(3, 0.1)).holds_one[[0, 2]].any()
    np.testing.assert_array_equal(form.states(2 * u), 2 * u)
    one = EquilibriumForm(form.problem, u[:1], 1, Interval(np.zeros(1), np.ones(1)))
    assert Krawczyk.on(one, small(2 * u, 0.1)).holds_one.tolist() == [True, False, False]
    assert one.take(np.array([0])).region is one.region
    assert one.work == 64


def test_a_certificate_starts_from_the_cube_that_was_proved(monkeypatch):
    monkeypatch.setattr(Cubes, "_widest", lambda self, widest, low, holds: widest)
    cell, x, none = (
        VanillaCell(0.5 * np.eye(1), np.zeros((1, 0)), np.ones(1)),
        0.9,
        np.zeros((1, 0)),
    )
    for _ in range(60):
        x = np.tanh(0.5 * x + 1.0)
    form = EquilibriumForm(cell.interval_extension().equilibrium_problem(), none, 1)
    radius, _ = Cubes.around(form, np.array([[x]])).existence()
    assert prove(cell, np.array([[x]]), none).radius_unique.tolist() == radius.tolist()


def test_stability_is_that_under_the_input_of_the_row():
    """The first row is no point; under its input the other would be stable."""
    cell, x = VanillaCell(2.0 * np.eye(1), np.eye(1), np.zeros(1)), -0.1
    for _ in range(60):  # the inverse map leads to the unstable point
        x = 0.5 * (np.arctanh(x) - 0.1)
    certificate = prove(cell, np.array([[0.0], [x]]), np.array([[50.0], [0.1]]))
    assert certificate.proved.tolist() == [False, True]
    assert certificate.n_unstable_proved.tolist() == [-1, 1]


# -- against another library -----------------------------------------------------------------------


def ball(mid, rad):
    return arb(float(mid), float(rad))


def matrix_of(interval):
    """Return an interval matrix as one of balls."""
    return arb_mat(
        [
            [ball(m, r) for m, r in zip(mids, rads, strict=True)]
            for mids, rads in zip(interval.mid, interval.radius, strict=True)
        ]
    )


@given(seed=SEEDS)
@settings(max_examples=30)
def test_an_image_holds_that_of_balls_at_a_point_and_is_about_as_wide(seed):
    """m - C p(m) + (I - C A) (m' - m) for exact members A of p'(Y) and m' of Y."""
    rng = np.random.default_rng(seed)
    d = int(rng.integers(1, 4))
    if rng.random() < 0.5:
        cell = VanillaCell(1.5 * rng.normal(size=(d, d)), np.zeros((d, 0)), rng.normal(size=d))
    else:
        cell = GRUCell(*(rng.normal(size=s) for s in ((3 * d, d), (3 * d, 0), 3 * d, d)))
    form = EquilibriumForm(cell.interval_extension().equilibrium_problem(), np.zeros((1, 0)), d)
    boxes = small(rng.normal(size=(1, d)), 10.0 ** rng.uniform(-8, 0))
    operator = Krawczyk.on(form, boxes)
    before, ctx.prec = ctx.prec, 200
    try:
        slopes, C = matrix_of(operator.slopes[0]), matrix_of(Interval(operator.inverse[0]))
        value = matrix_of(Interval(operator.value.mid.T, operator.value.radius.T))
        around = arb_mat([[ball(0, r)] for r in boxes.radius[0]])
        eye = arb_mat([[int(i == j) for j in range(d)] for i in range(d)])
        exact = (eye - C * slopes) * around - C * value
        offset = operator.offset
        for k in range(d):
            ours = ball(offset.mid[0, k], offset.radius[0, k])
            assert ours.contains(exact[k, 0].mid())
            narrower = exact[k, 0].rad() * arb(1 - 1e-6) - arb(1e-25)
            assert arb(float(offset.radius[0, k])) > narrower
            assert arb(float(offset.radius[0, k])) < exact[k, 0].rad() * arb(1.01) + arb(1e-13)
    finally:
        ctx.prec = before
