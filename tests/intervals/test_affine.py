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
