"""Affine forms enclose: every state of a set, carried through a network's own text, stays in it."""

from __future__ import annotations

import numpy as np
import pytest
from mpmath import mp

from stillpoint import cells, tasks
from stillpoint.dynamics import activation
from stillpoint.dynamics.activations import sigmoid
from stillpoint.intervals import AffineForm, Interval

rng = np.random.default_rng(0)
NAMES = ("tanh", "gru", "lstm", "dale_leaky", "dale_elman")


def balls(centre, radius, n=2000, seed=0):
    """A form of balls around states, and states of them, most on their boundaries."""
    draw = np.random.default_rng(seed)
    rows, d = centre.shape
    R = radius * draw.standard_normal((rows, d, d)) / np.sqrt(d)
    z = draw.standard_normal((rows, n, d))
    z /= np.linalg.norm(z, axis=2, keepdims=True)
    z[:, ::4] *= draw.random((rows, len(z[0, ::4]), 1))
    return AffineForm.ellipsoid(centre, R), centre[:, None] + np.einsum("nij,ntj->nti", R, z)


def assert_holds(form, states):
    """No state is outside of the hull, of the hull in other coordinates, or further from zero."""
    turn = np.random.default_rng(1).standard_normal((form.shape[1], form.shape[1]))
    for seen, x in ((form, states), (form @ turn, states @ turn)):
        slack = 1e-13 * (1 + np.abs(x))
        assert (np.abs(x - seen.mid[:, None]) <= seen.radius[:, None] + slack).all()
    longest = np.linalg.norm(states, axis=2).max(axis=1)
    assert (longest <= form.length * (1 + 1e-13)).all()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("radius", "most"), [(0.02, 2), (0.3, 40), (3.0, 4)])
def test_sets_that_are_carried_hold_their_states(name, radius, most):
    network = tasks.load_network(name).cell
    exact, d = network.interval_extension(), network.state_size
    form, x = balls(rng.uniform(-1, 1, (3, d)), radius)
    u = rng.standard_normal((3, 3))
    for _ in range(4):
        form = AffineForm.of(exact.step(form, Interval(u)))
        flat = network.step(x.reshape(-1, d), u.repeat(x.shape[1], axis=0))
        x = flat.reshape(x.shape)
        assert_holds(form, x)
        before, form = form, form.remembered(most * d)
        assert_holds(form, x)
        assert (form.radius >= before.radius * (1 - 1e-12)).all()  # what is boxed is not dropped


def stacked():
    draw = np.random.default_rng(3)
    lower = cells.LeakyCell(
        draw.standard_normal((3, 3)),
        draw.standard_normal((3, 2)),
        draw.standard_normal(3),
        alpha=np.array([0.2, 0.5, 1.0]),
        phi="softplus",
    )
    upper = cells.ResetBeforeGRUCell(
        draw.standard_normal((6, 2)), draw.standard_normal((6, 3)), draw.standard_normal(6)
    )
    return cells.StackedCell([lower, upper])


@pytest.mark.parametrize(
    "network",
    [
        stacked(),
        cells.VanillaCell(rng.standard_normal((4, 4)), np.zeros((4, 2)), np.zeros(4), phi="relu"),
        cells.LSTMCell(*(rng.standard_normal(s) for s in ((12, 2), (12, 2), 12, (2, 3)))),
    ],
    ids=["stack", "relu", "projected"],
)
def test_other_networks_too(network):
    exact, d = network.interval_extension(), network.state_size
    form, x = balls(rng.uniform(-0.5, 0.5, (2, d)), 0.3)
    u = rng.standard_normal((2, 2))
    for _ in range(3):
        form = AffineForm.of(exact.step(form, Interval(u)))
        x = network.step(x.reshape(-1, d), u.repeat(x.shape[1], axis=0)).reshape(x.shape)
        assert_holds(form, x)
        form = form.remembered(10 * d)


def test_what_is_linear_loses_nothing():
    turn = np.array([[0.6, -0.8], [0.8, 0.6]])
    form = AffineForm.ellipsoid(np.zeros((1, 2)), np.eye(2)[None])
    for _ in range(100):
        form = ((form @ turn) * 0.5 + form @ (0.5 * turn)).remembered(4)
    assert form.radius == pytest.approx(np.ones((1, 2)), rel=1e-9)
    assert (form.radius >= 1).all()
    assert (form - form).radius.max() < 1e-12


@pytest.mark.parametrize("name", ["tanh", "sigmoid", "softplus", "relu"])
@pytest.mark.parametrize("centre", [-30.0, -1.0, 0.0, 0.3, 5.0])
@pytest.mark.parametrize("radius", [0.0, 1e-12, 1e-3, 0.5, 4.0, 100.0])
def test_a_function_stays_within_its_line_and_rest(name, centre, radius):
    """Compared with multiple precision, for every z of a grid."""
    exact = {
        "tanh": mp.tanh,
        "sigmoid": lambda a: 1 / (1 + mp.exp(-a)),
        "softplus": lambda a: mp.log(1 + mp.exp(a)),
        "relu": lambda a: max(a, mp.mpf(0)),
    }[name]
    form = AffineForm.ellipsoid(np.array([[centre]]), np.array([[[radius]]]))
    value = activation(name).value(form)
    assert isinstance(value, AffineForm)
    with mp.workdps(40):
        for z in np.linspace(-1, 1, 41):
            line = mp.mpf(value.mid[0, 0]) + mp.mpf(value.G[0, 0, 0]) * mp.mpf(z)
            off = abs(exact(mp.mpf(centre) + mp.mpf(radius) * mp.mpf(z)) - line)
            assert off <= mp.mpf(value.rest[0, 0])
    if radius == 1e-3 and name != "relu":  # and no wider than the curvature asks for
        assert value.rest[0, 0] < 0.3 * radius**2


def test_products_hold_all_products():
    form, x = balls(rng.uniform(-1, 1, (3, 4)), 0.5)
    W = rng.standard_normal((4, 4))
    for product, exact in (
        (form * (form @ W), x * (x @ W)),
        (sigmoid(form) * form, sigmoid(x) * x),
        (form * Interval(np.full(4, 2.0), np.full(4, 0.1)), x * 2.07),
        (1.0 - form, 1.0 - x),
    ):
        assert_holds(product, exact)


def test_forms_of_different_steps_are_not_mixed():
    form, _ = balls(np.zeros((1, 2)), 1.0)
    with pytest.raises(ValueError, match="different steps"):
        form + form.remembered(10)


def test_an_overflow_is_told():
    form = AffineForm.ellipsoid(np.full((1, 1), 1e200), np.full((1, 1, 1), 1e200))
    with np.errstate(all="ignore"):
        assert not np.isfinite((form * form).length).any()


def sampled(form, n=400, seed=0):
    """Values of a form at states z of a box, and at corners of e."""
    draw = np.random.default_rng(seed)
    z = draw.uniform(-1, 1, (len(form), n, form.G.shape[1]))
    z[:, ::3] = np.sign(z[:, ::3])
    e = np.sign(draw.uniform(-1, 1, (len(form), n, form.shape[1])))
    return form.mid[:, None] + z @ form.G + e * form.rest[:, None], z


def random_box(draw, rows=6, d=5, k=3):
    size = 10 ** draw.uniform(-6, 0.7, (rows, 1, 1))
    G = size * draw.standard_normal((rows, k, d))
    return AffineForm.box(2 * draw.standard_normal((rows, d)), G, 0.2 * size[:, 0] * np.ones(d))


def cut(form, draw):
    """Return the form between bounds, and which of its values lie there."""
    ends = np.sort(draw.uniform(-1, 1, (2, *form.shape)) * form.radius + form.mid, axis=0)
    bounded = draw.random(form.shape) < 0.7
    low, high = np.where(bounded, ends[0], -np.inf), np.where(bounded, ends[1], np.inf)
    return form.within(low, high), lambda x: (x >= low[:, None]) & (x <= high[:, None])


def assert_is_read_of(form, values, z, seen):
    """Where `seen`, values lie in the hull, and within the rest of what z says."""
    slack = 1e-14 * (1 + np.abs(values))
    low, high = form.lower[:, None] - slack, form.upper[:, None] + slack
    assert (~seen | ((values >= low) & (values <= high))).all()
    around = form.rest[:, None] + np.abs(form.G[:, z.shape[2] :]).sum(axis=1)[:, None] + slack
    off = np.abs(values - form.mid[:, None] - z @ form.G[:, : z.shape[2]])
    assert (~seen | (off <= around)).all()


FUNCTIONS = {
    "tanh": activation("tanh").value,
    "sigmoid": sigmoid,
    "softplus": activation("softplus").value,
    "relu": activation("relu").value,
    "reciprocal": lambda a: 1.0 / a,
}


@pytest.mark.parametrize("name", FUNCTIONS)
def test_forms_that_are_known_better_hold_functions_of_their_values(name):
    draw = np.random.default_rng(1)
    for _ in range(30):
        form = random_box(draw)
        if name == "reciprocal":
            form = form + (form.radius + 10.0 ** draw.uniform(-2, 1) - form.mid)
        x, z = sampled(form)
        form, seen = cut(form, draw)
        assert_is_read_of(form, x, z, seen(x))
        assert_is_read_of(FUNCTIONS[name](form), FUNCTIONS[name](x), z, seen(x))


def test_sums_and_products_of_forms_that_are_known_better_hold_those_of_their_values():
    draw = np.random.default_rng(2)
    for trial in range(60):
        first, second = random_box(draw), random_box(draw)
        second = AffineForm.box(second.mid, second.G, second.rest * (trial % 2))
        x, z = sampled(first, seed=trial)
        y = second.mid[:, None] + z @ second.G
        y += np.sign(draw.uniform(-1, 1, y.shape)) * second.rest[:, None]
        (first, in_first), (second, in_second) = cut(first, draw), cut(second, draw)
        seen = in_first(x) & in_second(y)
        assert_is_read_of(first + second, x + y, z, seen)
        assert_is_read_of(first * second, x * y, z, seen)
        assert_is_read_of(-first, -x, z, in_first(x))
        assert_is_read_of(first[:, 1:], x[:, :, 1:], z, in_first(x)[:, :, 1:])
        blurred = Interval(second.mid, second.rest)
        y = second.mid[:, None] + np.sign(draw.uniform(-1, 1, y.shape)) * second.rest[:, None]
        assert_is_read_of(first * blurred, x * y, z, in_first(x))
        weights = draw.standard_normal((5, 4))
        assert_is_read_of(first @ weights, x @ weights, z, in_first(x).all(axis=2, keepdims=True))


def test_a_rest_that_is_not_worth_generators_is_not_lost():
    draw = np.random.default_rng(4)
    for _ in range(20):
        form = random_box(draw)
        form = AffineForm.box(form.mid, form.G, 1e-7 * form.radius)
        x, z = sampled(form)
        weights = draw.standard_normal((5, 4))
        assert_is_read_of(form @ weights, x @ weights, z, np.ones((6, 1, 1), dtype=bool))


def test_products_are_seen_from_the_middles_of_hulls():
    """Of numbers between 0 and 2 and between 0 and 3 the second order is 1.5 at most."""
    wide = AffineForm.box(np.full((1, 1), 1.0), np.full((1, 1, 1), 10.0), np.zeros((1, 1)))
    first, second = (wide.within(np.zeros((1, 1)), np.full((1, 1), top)) for top in (2.0, 3.0))
    assert (first * second).rest[0, 0] < 1.5 + 1e-9
    assert (first * second).lower[0, 0] > -1e-9
    assert (first * second).upper[0, 0] < 6 + 1e-9


def test_lines_touch_where_slopes_are_theirs():
    """Of tanh and the sigmoid the rest is half of what the line leaves on both sides."""
    for function, scale in ((FUNCTIONS["tanh"], 1.0), (FUNCTIONS["sigmoid"], 2.0)):
        for low, high in ((-3.0, 1.0), (0.5, 4.0), (-8.0, 8.0), (-0.1, 0.2)):
            half = 0.5 * scale * (high - low)
            at = np.full((1, 1), 0.5 * scale * (high + low))
            form = function(AffineForm.box(at, np.full((1, 1, 1), half), np.zeros((1, 1))))
            a = np.linspace(scale * low, scale * high, 20001)
            off = function(a) - form.G[0, 0, 0] / half * a
            assert form.rest[0, 0] < 0.5 * (off.max() - off.min()) * (1 + 1e-4) + 1e-12


def test_pieces_may_end_anywhere():
    """Where a slope is the line's is only a hint: any place will do, if not as well."""
    draw = np.random.default_rng(5)
    tanh = activation("tanh").value
    for _ in range(20):
        form = random_box(draw)
        x, z = sampled(form)
        at = form.mid + draw.choice([-2, -1, 0, 0.3, 1], (2, *form.shape)) * form.radius
        through = form.through(tanh, lambda a: 1 - tanh(a) * tanh(a), lambda _, at=at: at)
        assert_is_read_of(through, np.tanh(x), z, np.ones((6, 1, 1), dtype=bool))


def test_nothing_is_known_of_reciprocals_of_what_may_be_zero():
    form = AffineForm.box(np.full((1, 1), 0.5), np.ones((1, 1, 1)), np.zeros((1, 1)))
    with np.errstate(all="ignore"):
        assert not np.isfinite((1.0 / form).upper).any()
        below = 1.0 / (form - 3.0)
    assert below.lower[0, 0] <= -1 / 1.5
    assert below.upper[0, 0] >= -1 / 3.5


def test_what_is_known_is_the_form_where_it_says_more():
    wide = AffineForm.box(np.zeros((1, 2)), np.ones((1, 1, 2)), np.array([[1.0, 0.01]]))
    form = wide.within(np.array([[-0.5, -0.5]]), np.array([[0.1, 0.1]]))
    assert form.G[0, 0].tolist() == [0.0, 1.0]
    assert form.rest[0, 0] < 0.3 + 1e-9
    nothing = wide.within(np.full((1, 2), np.nan), np.full((1, 2), np.inf))
    assert nothing.radius.tolist() == wide.radius.tolist()
    endless = AffineForm.box(wide.mid, wide.G, np.full((1, 2), np.inf))
    with np.errstate(all="ignore"):
        endless = endless.within(np.full((1, 2), -np.inf), np.full((1, 2), np.inf))
    assert endless.lower.tolist() == [[-np.inf, -np.inf]]
    assert endless.upper.tolist() == [[np.inf, np.inf]]
    assert not np.isnan(endless.mid).any()
