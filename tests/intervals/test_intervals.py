"""Interval arithmetic encloses: compared with rational numbers and with multiple precision."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

import reference
from stillpoint.dynamics import activation
from stillpoint.dynamics.activations import sigmoid
from stillpoint.intervals import EPS, Interval, functions, increasing, upward
from stillpoint.intervals.functions import ULPS, tanh
from stillpoint.intervals.interval import as_interval

LARGEST, NORMAL = np.finfo(np.float64).max, 2.0**-1022
EDGES = [
    *(0.0, -0.0, 5e-324, -5e-324, 1e-310, NORMAL, -NORMAL, 1e-300, 1.6e-162, 2e-161, -3e-155),
    *(1.0, -1.0, 1 + EPS, 1 - EPS / 2, 1 / 3, 2.0**53 + 2, 1e16, -1e17, 1e155, 1e160, -1e300),
    *(LARGEST, -LARGEST, LARGEST / 2),
]
numbers = st.one_of(
    st.sampled_from(EDGES),
    st.floats(-10, 10),
    st.floats(allow_nan=False, allow_infinity=False),
)
shares = st.one_of(st.sampled_from([0.0, 1e-320, EPS, 1e-9, 0.5, 1.0, 2.0]), st.floats(0, 3))


@st.composite
def intervals(draw, size=4):
    """Numbers with radii relative to them or to one, some exact as a whole."""
    mid = np.array(draw(st.lists(numbers, min_size=size, max_size=size)))
    if draw(st.integers(0, 4)) == 0:
        return Interval(mid)
    share = np.array(draw(st.lists(shares, min_size=size, max_size=size)))
    with np.errstate(all="ignore"):
        rad = np.where(np.arange(size) % 2 == draw(st.integers(0, 1)), share * np.abs(mid), share)
    return Interval(mid, np.minimum(rad, LARGEST))


@pytest.fixture(autouse=True)
def _quiet():
    with np.errstate(all="ignore"), mp.workdps(60):
        yield


def samples(interval, k, n=5):
    """Exact rational numbers of the k-th interval: both ends, the middle, and between."""
    mid, rad = Fraction(float(interval.mid.flat[k])), Fraction(float(interval.radius.flat[k]))
    return [
        mid + share * rad for share in (Fraction(-1), 1, 0, Fraction(1, 3), Fraction(-7, 8))[:n]
    ]


def holds(interval, k, exact):
    """Whether the k-th interval holds an exact number; one without finite bounds holds all."""
    mid, rad = float(interval.mid.flat[k]), float(interval.radius.flat[k])
    if not (np.isfinite(mid) and np.isfinite(rad)):
        return True
    if isinstance(exact, Fraction | int):
        return abs(Fraction(exact) - Fraction(mid)) <= Fraction(rad)
    return abs(exact - mp.mpf(mid)) <= mp.mpf(rad)


# -- arithmetic ------------------------------------------------------------------------------------

OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
}


@pytest.mark.parametrize("name", OPERATIONS)
@given(a=intervals(), b=intervals())
@settings(max_examples=150)
def test_an_operation_encloses_the_results_of_all_numbers(name, a, b):
    operation = OPERATIONS[name]
    answer = operation(a, b)
    for k in range(4):
        for x, y in product(samples(a, k), samples(b, k)):
            if not (name == "/" and y == 0):
                assert holds(answer, k, operation(x, y)), (x, y)
        if name == "/" and min(samples(b, k)) <= 0 <= max(samples(b, k)):
            assert not np.isfinite(answer.radius[k])


@pytest.mark.parametrize("name", OPERATIONS)
@given(a=intervals(), number=numbers)
@settings(max_examples=40)
def test_numbers_and_arrays_are_exact_intervals(name, a, number):
    operation = OPERATIONS[name]
    for plain in (number, np.full(4, number), np.float64(number)):
        for answer, exact in (
            (operation(a, plain), lambda x: operation(x, Fraction(number))),
            (operation(plain, a), lambda x: operation(Fraction(number), x)),
        ):
            assert isinstance(answer, Interval)
            for k in range(4):
                for x in samples(a, k):
                    try:
                        wanted = exact(x)
                    except ZeroDivisionError:
                        continue
                    assert holds(answer, k, wanted)


def test_a_division_by_very_small_numbers_loses_nothing_to_underflow():
    """Squares of these numbers are subnormal, so that they have few digits."""
    rng = np.random.default_rng(0)
    mid = 10 ** rng.uniform(-163, -150, 2000)
    below = Interval(mid, mid * 10 ** rng.uniform(-20, -0.5, 2000))
    answer = 1.0 / below
    for k in range(2000):
        assert all(holds(answer, k, 1 / x) for x in samples(below, k, 2))


@given(a=intervals())
@settings(max_examples=200)
def test_a_square_is_that_of_one_number(a):
    square = a * a
    for k in range(4):
        assert all(holds(square, k, x * x) for x in samples(a, k))
        assert not square.mid[k] < 0
    moderate = np.abs(a.magnitude) < 1e150
    assert (square.upper[moderate] <= a.magnitude[moderate] ** 2 * (1 + 1e-12) + 1e-300).all()
    slack = 4 * EPS * square.upper[moderate] + 3 * NORMAL
    assert (square.lower[moderate] >= -slack).all()  # and not as if it were a * b


@given(a=intervals())
@settings(max_examples=150)
def test_bounds_are_on_the_safe_side(a):
    for k in range(4):
        ends = samples(a, k)
        for name, bound in {"lower": min(ends), "upper": max(ends)}.items():
            value = getattr(a, name)[k]
            if np.isfinite(value):
                safe = Fraction(float(value)) <= bound if name == "lower" else value >= bound
                assert safe, name
            else:  # an overflow is on the safe side as well
                assert value == (-np.inf if name == "lower" else np.inf)
        largest = a.magnitude[k]
        assert not np.isfinite(largest) or Fraction(float(largest)) >= max(map(abs, ends))
        if a.excludes_zero[k]:
            assert min(ends) > 0 or max(ends) < 0
    np.testing.assert_array_equal((-a).mid, -a.mid)


@given(a=intervals(), others=st.lists(numbers, min_size=4, max_size=4))
@settings(max_examples=150)
def test_contains_is_said_only_of_numbers_inside(a, others):
    near = np.where(np.arange(4) % 2 == 0, others, a.mid + a.radius)
    for values in (near, np.nextafter(near, np.inf), a.mid, np.full(4, np.nan)):
        inside = a.contains(values)
        for k in np.flatnonzero(inside):
            assert abs(Fraction(float(values[k])) - Fraction(float(a.mid[k]))) <= Fraction(
                float(a.radius[k])
            )
    assert a.contains(a.mid).all()
    assert Interval(np.ones(1), np.ones(1)).contains(np.array([0.5])).all()


@given(a=intervals(), b=intervals())
@settings(max_examples=100)
def test_between_holds_everything_between_its_bounds(a, b):
    low, high = np.minimum(a.mid, b.mid), np.maximum(a.mid, b.mid)
    answer = Interval.between(low, high)
    for k in range(4):
        middle = (Fraction(float(low[k])) + Fraction(float(high[k]))) / 2
        assert all(holds(answer, k, Fraction(float(v))) for v in (low[k], high[k]))
        assert holds(answer, k, middle)


# -- products of matrices --------------------------------------------------------------------------

SHAPES = [
    *(((2, 3), (3, 2)), ((1, 4), (4, 3)), ((2, 3), (3,)), ((3,), (3, 2))),
    *(((2, 2, 3), (3, 2)), ((3, 3), (2, 3, 1)), ((2, 3, 3), (2, 3, 2)), ((2, 1), (1, 2))),
    *(((1, 2, 2), (3, 2, 2)), ((2, 0), (0, 3)), ((1, 40), (40, 1))),
]
STYLES = ("plain", "spread", "cancelling", "subnormal", "huge", "huge and subnormal", "sparse")


def matrix(rng, shape, style, second=False):
    values = rng.normal(size=shape)
    if style == "spread":
        values *= 10.0 ** rng.integers(-20, 20, shape)
    elif style == "cancelling":  # large terms of both signs whose sum is small
        values = np.round(values, 2) + 1e8 * rng.integers(-1, 2, shape)
    elif style == "subnormal":
        values *= 10.0 ** rng.integers(-323, -150, shape)
    elif style == "huge":
        values *= 10.0 ** rng.integers(100, 170, shape)
    elif style == "huge and subnormal":
        values *= 10.0 ** (rng.integers(-323, -280, shape) if second else 300)
    elif style == "sparse":
        values *= rng.random(shape) < 0.3
    kind = rng.integers(0, 4)
    if kind == 0:
        return Interval(values)
    if kind == 1:
        return Interval(values, np.abs(values) * 10.0 ** rng.uniform(-17, 1, shape))
    if kind == 2:
        return Interval(values, 10.0 ** rng.uniform(-320, 1, shape))
    return Interval(values, np.where(rng.random(shape) < 0.5, 0.0, rng.random(shape)))


def member(rng, interval):
    """Exact rational numbers, one of every interval."""
    mid, rad = interval.mid.ravel().tolist(), interval.radius.ravel().tolist()
    share = [Fraction(int(k), 4) for k in rng.choice([-4, 4, -4, 4, 0, 3], len(mid))]
    exact = [Fraction(m) + s * Fraction(r) for m, r, s in zip(mid, rad, share, strict=True)]
    return np.array(exact, dtype=object).reshape(interval.shape)


@pytest.mark.parametrize("style", STYLES)
@given(seed=st.integers(0, 2**32 - 1), shapes=st.sampled_from(SHAPES))
@settings(max_examples=60)
def test_a_product_of_matrices_encloses_all_products(style, seed, shapes):
    rng = np.random.default_rng(seed)
    a, b = matrix(rng, shapes[0], style), matrix(rng, shapes[1], style, second=True)
    answer = a @ b
    for product_ in (answer, functions.matmul(a, b)):
        for _ in range(2):
            exact = np.asarray(np.matmul(member(rng, a), member(rng, b)), dtype=object)
            assert exact.shape == np.shape(product_.mid)
            for k, value in enumerate(exact.ravel()):
                assert holds(product_, k, value or 0)
    plain = np.asarray(b.mid)
    exact = np.asarray(np.matmul(member(rng, a), member(rng, Interval(plain))), dtype=object)
    assert all(holds(a @ plain, k, value or 0) for k, value in enumerate(exact.ravel()))
    exact = np.asarray(np.matmul(member(rng, Interval(a.mid)), member(rng, b)), dtype=object)
    assert all(holds(a.mid @ b, k, value or 0) for k, value in enumerate(exact.ravel()))


@given(seed=st.integers(0, 2**32 - 1), style=st.sampled_from(STYLES))
@settings(max_examples=60)
def test_rearranging_changes_no_number(seed, style):
    rng = np.random.default_rng(seed)
    a, b = matrix(rng, (3, 4), style), matrix(rng, (3, 4), style)
    joined = functions.concat([a, b, np.zeros((3, 1))], axis=1)
    taken = functions.take(joined, np.array([8, 0, 5, 5]), axis=1)
    for axis_of, whole in ((lambda v: v, joined), (lambda v: v.T, joined.T)):
        np.testing.assert_array_equal(
            axis_of(whole.mid), np.concatenate([a.mid, b.mid, np.zeros((3, 1))], 1)
        )
        np.testing.assert_array_equal(
            axis_of(whole.radius), np.concatenate([a.radius, b.radius, np.zeros((3, 1))], 1)
        )
    np.testing.assert_array_equal(taken.mid, joined.mid[:, [8, 0, 5, 5]])
    np.testing.assert_array_equal(taken.radius, joined.radius[:, [8, 0, 5, 5]])
    part = a[1:, ::2] + b[:2, None, 1::2][:, 0]
    for _ in range(3):
        x, y = member(rng, a), member(rng, b)
        exact = x[1:, ::2] + y[:2, 1::2]
        assert all(holds(part, k, v) for k, v in enumerate(exact.ravel()))
        total = a[0] + a[1] + a[2] + b[0]
        exact = x[0] + x[1] + x[2] + y[0]
        assert all(holds(total, k, v) for k, v in enumerate(exact))
    wide = functions.broadcast_to(a[0], (2, 4))
    np.testing.assert_array_equal(wide.radius, np.broadcast_to(a.radius[0], (2, 4)))
    assert (len(a), a.ndim, a.shape, a.device) == (3, 2, (3, 4), "cpu")
    assert (functions.ones_like(a).mid == 1).all()
    assert not functions.zeros_like(a).mid.any()
    assert functions.astype(a, np.float64) is functions.asarray(a) is a
    np.testing.assert_array_equal(functions.eye(3).mid, np.eye(3))


@given(value=st.floats(0, 1e300), count=st.integers(1, 60))
@settings(max_examples=100)
def test_upward_covers_that_many_roundings(value, count):
    assert Fraction(upward(value, count)) >= Fraction(value) * (1 + count * Fraction(EPS) / 2)


# -- overflow and what is not a number -------------------------------------------------------------

BROKEN = [
    *((np.nan, 0.0), (np.nan, None), (1.0, np.nan), (0.0, np.nan), (1.0, np.inf), (0.0, np.inf)),
    *((np.inf, np.inf), (-np.inf, np.inf), (np.inf, np.nan), (-np.inf, np.nan)),
]


def broken(mid, rad):
    return Interval(np.array([mid]), None if rad is None else np.array([rad]))


def bounds_something(interval):
    """Whether some interval claims finite bounds."""
    with np.errstate(all="ignore"):
        return bool((np.isfinite(interval.mid) & np.isfinite(interval.radius)).any())


@pytest.mark.parametrize("pair", BROKEN, ids=str)
def test_what_is_not_bounded_bounds_nothing_afterwards(pair):
    a, fine = broken(*pair), Interval(np.array([2.0]), np.array([0.5]))
    for answer in (
        a + fine,
        fine - a,
        a * fine,
        fine * a,
        a / fine,
        a * a,
    ):
        assert not bounds_something(answer)
    row = functions.concat([a, fine])[None, :]
    assert not bounds_something(row @ np.ones((2, 1)))
    assert not bounds_something(row @ row.T)
    assert not a.excludes_zero[0]
    assert not np.isfinite(a.magnitude[0])
    assert not np.isfinite(a.lower[0])
    assert not np.isfinite(a.upper[0])


@pytest.mark.parametrize("pair", BROKEN, ids=str)
@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid", "softplus", "linear"])
def test_activations_of_what_is_not_bounded_keep_within_their_range_or_bound_nothing(name, pair):
    a, phi = broken(*pair), activation(name)
    value = phi.value(a)
    slope = phi.slope(a, value)
    ranges = {"tanh": (-1, 1), "sigmoid": (0, 1)}
    for result, bounds in ((value, ranges.get(name)), (slope, (0, 1)), (phi.value(value), None)):
        if name == "linear" and result is slope:
            continue
        if bounds is not None and bounds_something(result):
            assert result.lower[0] <= bounds[0]
            assert result.upper[0] >= bounds[1]
        if bounds is None and name in ("relu", "softplus", "linear"):
            assert not bounds_something(result)


def test_an_overflow_of_finite_numbers_bounds_nothing():
    big = Interval(np.array([1e200, -1e200]), np.array([1e190, 1.0]))
    for answer in (big * big[::-1], big * 1e200, big * big):
        assert not bounds_something(answer)
    row = Interval(np.array([[1e200] * 8 + [-1e200] * 8]))
    for answer in (row @ row.T, row @ -row.T, row @ Interval(np.ones((16, 1)) * 1e200)):
        exact = sum(Fraction(float(v)) ** 2 for v in row.mid[0])
        assert not bounds_something(answer) or exact == 0
    relu = activation("relu").value
    assert not bounds_something(relu(relu(big * big[::-1] + big * big)))


# -- elementary functions --------------------------------------------------------------------------

POINTS = [
    *(0.0, 5e-324, 1e-310, 1e-300, 1e-170, 1e-160, 1e-20, 1e-9, 1e-4, 0.1, 0.5, 0.549, 0.55, 1.0),
    *(2.0, 5.0, 18.7, 19.06, 22.0, 36.7, 37.5, 40.0, 100.0, 700.0, 708.4, 709.78, 710.0, 744.44),
    *(745.0, 745.2, 746.0, 1e4, 1e16, 1e155, 1e308, LARGEST),
]


def exactly(name, x):
    """Return an activation and its slope at a float, in multiple precision."""
    x = mp.mpf(float(x))
    if abs(x) > 1e5:  # exp(-x) has more than 40000 digits before its first
        saturated = {"tanh": (mp.sign(x), 0), "sigmoid": (int(x > 0), 0)}
        ramp = (x, 1) if x > 0 else (mp.mpf(0), 0)
        return saturated.get(name, ramp)
    e = mp.exp(-abs(x))
    s = 1 / (1 + e) if x >= 0 else e / (1 + e)
    if name == "tanh":
        t = mp.tanh(x)
        return t, 4 * e * e / (1 + e * e) ** 2
    if name == "sigmoid":
        return s, e / (1 + e) ** 2
    if name == "softplus":
        return max(x, mp.mpf(0)) + mp.log1p(e), s
    return max(x, mp.mpf(0)), int(x > 0)


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "relu"])
@given(
    mids=st.lists(
        st.one_of(
            st.sampled_from([s * p for p in POINTS for s in (1, -1)]),
            st.floats(-60, 60),
            st.floats(-760, 760),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        min_size=8,
        max_size=8,
    ),
    widths=st.lists(shares, min_size=8, max_size=8),
    exact=st.booleans(),
)
@settings(max_examples=60)
def test_activations_enclose_values_in_multiple_precision(name, mids, widths, exact):
    mid, phi = np.array(mids), activation(name)
    a = Interval(mid) if exact else Interval(mid, np.array(widths))
    value = phi.value(a)
    slope = phi.slope(a, value)
    for k in range(8):
        ends = (a.mid[k], a.mid[k] - a.radius[k] / 2, a.mid[k] + a.radius[k] / 2)
        for x in ends:
            if abs(Fraction(float(x)) - Fraction(float(mid[k]))) > Fraction(float(a.radius[k])):
                continue
            exact_value, exact_slope = exactly(name, x)
            assert holds(value, k, exact_value), x
            assert holds(slope, k, exact_slope), x


@pytest.mark.parametrize(("low", "high"), [(-1.0, 0.0), (0.0, 1.0), (-1.0, 1.0), (0.0, 1e-320)])
def test_the_slope_of_relu_holds_both_sides_of_a_kink(low, high):
    a = Interval.between(np.array([low]), np.array([high]))
    slope = activation("relu").slope(a, a)
    assert slope.lower[0] <= 0
    assert slope.upper[0] >= 1


def measured_error(function, exact, arguments):
    """Return the largest relative error, in units of EPS, where the result is a normal number."""
    results, worst = function(np.array(arguments)), 0.0
    for x, found in zip(arguments, results, strict=True):
        true = exact(mp.mpf(float(x)))
        if abs(true) > NORMAL:
            worst = max(worst, float(abs(mp.mpf(float(found)) - true) / abs(true) / EPS))
        else:
            assert abs(mp.mpf(float(found)) - true) < NORMAL / 2**40
    return worst


def test_the_library_is_more_accurate_than_is_assumed_of_it():
    """Half of what is assumed, at places where rational approximations change over."""
    rng = np.random.default_rng(0)
    size = 10.0 ** rng.uniform(-300, 2.8, 1500)
    ordinary = np.concatenate([rng.uniform(-1, 1, 1500), rng.uniform(-25, 25, 2500)])
    every = [p for p in POINTS if p < 750]
    near = np.nextafter(np.array(every), 1.0)
    both = np.concatenate([size, -size, ordinary, every, near, -near])
    assert measured_error(np.tanh, mp.tanh, both) < ULPS / 2
    falling = -np.abs(np.concatenate([both, rng.uniform(-745, 0, 2500)]))
    assert measured_error(np.exp, mp.exp, falling) < ULPS / 2
    shrunk = np.exp(falling)
    assert measured_error(np.log1p, mp.log1p, shrunk[shrunk > 0]) < ULPS / 2
    assert measured_error(sigmoid, reference.sigmoid_of, falling[::3]) < 8
    softplus = activation("softplus").value
    exact = lambda a: max(a, mp.mpf(0)) + mp.log1p(mp.exp(-abs(a)))  # noqa: E731
    assert measured_error(softplus, exact, both[::3]) < 16


def test_results_do_not_depend_on_the_place_in_the_array():
    """Vectorised loops and their remainders may differ in the last digit, but not in the bound."""
    x = np.random.default_rng(1).uniform(-5, 5, 67)
    whole = tanh(Interval(x))
    for k in range(67):
        one = tanh(Interval(x[k : k + 1]))
        assert abs(one.mid[0] - whole.mid[k]) <= one.rad[0] + whole.rad[k]


def test_a_declared_function_is_widened_by_what_it_may_lose():
    poor = increasing(ulps=100)(lambda a: a * (1 + 90 * EPS))
    x = np.array([1.0, -2.0, 1e-310, 1e300])
    answer = poor(Interval(x))
    assert all(holds(answer, k, Fraction(float(v))) for k, v in enumerate(x))
    np.testing.assert_array_equal(poor(x), x * (1 + 90 * EPS))


def test_an_array_becomes_an_exact_interval():
    one = as_interval([1, 2])
    assert one.rad is None
    assert one.mid.dtype == np.float64
    assert as_interval(one) is one
    assert as_interval(np.float32(0.1)).mid[0] == float(np.float32(0.1))


def test_no_operation_changes_its_arguments():
    rng = np.random.default_rng(0)
    a, b = (Interval(rng.normal(size=(3, 3)), rng.random((3, 3))) for _ in range(2))
    before = [part.copy() for part in (a.mid, a.rad, b.mid, b.rad)]
    total = a
    total += b
    total = a @ b - b * a / (b * b + 1.0)
    total = functions.tanh(total)
    for part, was in zip((a.mid, a.rad, b.mid, b.rad), before, strict=True):
        np.testing.assert_array_equal(part, was)


# -- the cells' own text ---------------------------------------------------------------------------


def inside(rng, box):
    """Return an exact state of a box, as multiple-precision numbers."""
    share = rng.choice([-1.0, 1.0, 0.0, rng.uniform(-1, 1)], len(box.mid))
    return [
        mp.mpf(m) + mp.mpf(s) * mp.mpf(r)
        for m, s, r in zip(box.mid.tolist(), share.tolist(), box.radius.tolist(), strict=True)
    ]


def assert_holds(interval, exact):
    """Assert that the intervals of one row hold exact numbers."""
    exact = list(exact)
    assert interval.mid[0].size == len(exact)
    row = interval[0]
    for k, value in enumerate(exact):
        assert holds(row, k, value), (k, value)


@pytest.mark.parametrize("case", reference.CASES)
@given(seed=st.integers(0, 2**32 - 1), width=st.sampled_from([None, 1e-17, 1e-8, 0.1, 2.0]))
@settings(max_examples=10)
def test_a_cell_of_a_box_encloses_the_cell_of_every_state(case, seed, width):
    rng = np.random.default_rng(seed)
    cell = reference.CASES[case](rng)
    x, u = rng.normal(size=cell.state_size), rng.normal(size=cell.input_size)
    rad = None if width is None else width * rng.random((1, cell.state_size))
    box, inputs = Interval(x[None], rad), Interval(u[None])
    exact, form = cell.interval_extension(), cell.interval_extension().equilibrium_problem()
    y_box = form.coordinates(box, inputs)
    found = [
        exact.step(box, inputs),
        exact.jacobian(box, inputs),
        exact.input_jacobian(box, inputs),
        form.residual(y_box, inputs),
        form.jacobian(y_box, inputs),
        form.state(y_box, inputs),
        exact.residual_problem().jacobian(box, inputs),
    ]
    for _ in range(2):
        state = inside(rng, box[0])
        moved = reference.numbers(mp, state, variable=True)
        fixed = reference.numbers(mp, u)
        after = reference.step(cell, moved, fixed)
        y = reference.unknowns(cell, state)
        rest = reference.equations(cell, reference.numbers(mp, y, variable=True), fixed)
        motion = reference.matrix_of(after)
        if cell.kind == "map":
            motion = motion - mp.eye(len(x))
        assert_holds(found[0], (v.value for v in after))
        assert_holds(found[1], reference.matrix_of(after))
        assert_holds(found[2], reference.input_jacobian(cell, state, u))
        assert_holds(found[3], (v.value for v in rest))
        assert_holds(found[4], reference.matrix_of(rest))
        assert_holds(found[5], reference.state_at(cell, y, u))
        assert_holds(found[6], motion)


@pytest.mark.parametrize("case", reference.CASES)
def test_enclosures_of_a_point_are_as_narrow_as_rounding(case):
    """What encloses everything proves nothing, so the boxes must not be wide either."""
    rng = np.random.default_rng(5)
    cell = reference.CASES[case](rng)
    x, u = rng.normal(size=(4, cell.state_size)), rng.normal(size=(4, cell.input_size))
    step = cell.interval_extension().step(Interval(x), Interval(u))
    scale = 1 + np.abs(step.mid).max() + 50 * np.abs(x).max()
    assert step.radius.max() < 1e-10 * scale
    np.testing.assert_allclose(step.mid, cell.step(x, u), rtol=1e-9, atol=1e-9)
