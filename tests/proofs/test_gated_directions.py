"""Gated networks are bisected in a few directions: what is left out, what is proved, and where."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from enumeration_cases import assert_alike, assert_at_rest
from gated_cases import KINDS, NO_INPUT, form_of, gru
from mpmath import mp, mpf

import stillpoint as sp
import stillpoint.proofs.enumeration.leading.slices as slices_module
from stillpoint.cells import GRUCell
from stillpoint.census import Completeness
from stillpoint.intervals import Interval
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.proofs.enumeration.bisection import Boxes, begin, bisect
from stillpoint.proofs.enumeration.leading import choose_slices
from stillpoint.proofs.enumeration.leading.sliced import Sliced, sliced
from stillpoint.proofs.enumeration.leading.slices import Held, Slices
from stillpoint.proofs.krawczyk import EquilibriumForm
from stillpoint.tasks import load_network

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def directions(rng, d, k):
    """Return directions that are neither orthogonal nor short, and others that are dual or not."""
    V = rng.standard_normal((d, k))
    return V, np.linalg.pinv(V).T + rng.choice([0.0, 0.1]) * rng.standard_normal((d, k))


def repeated(held, n):
    return Held(*(np.repeat(part, n, axis=0) for part in held))


def root_of(cell, h):
    """Return the fixed point of a GRU near h, in forty digits."""
    d = len(h)
    W, b, c = (mp.matrix(np.asarray(part).tolist()) for part in (cell.W, cell.b, cell.c))

    def image(y):
        drive = W * y
        gate = [1 / (1 + mp.exp(-drive[i] - b[i])) for i in range(d)]
        at = range(2 * d, 3 * d)
        return [
            mp.tanh(b[j] + r * (drive[j] + c[i]))
            for i, (j, r) in enumerate(zip(at, gate, strict=True))
        ]

    with mp.workdps(40):
        found = mp.findroot(
            lambda *y: [a - b for a, b in zip(image(mp.matrix(y)), y, strict=True)],
            [mpf(value) for value in h],
        )
        return list(found)


def holds(held, row, y, V):
    """Whether bounds hold a state, and the form does at some e, in forty digits."""
    with mp.workdps(40):
        if not all(held.low[row, i] <= y[i] <= held.high[row, i] for i in range(len(y))):
            return False
        z = [sum(mpf(V[i, j]) * y[i] for i in range(len(y))) for j in range(V.shape[1])]
        off = []
        for i, value in enumerate(y):
            along = sum(
                mpf(held.G[row, j, i]) * (z[j] - mpf(held.z0[row, j])) for j in range(len(z))
            )
            off.append(value - mpf(held.y0[row, i]) - along)
        back = mp.inverse(mp.matrix(held.H[row].T.tolist()))
        for i in range(len(y)):
            e = sum(back[i, j] * off[j] for j in range(len(y)))
            if abs(e) > 1 + sum(abs(back[i, j]) * held.loose[row, j] for j in range(len(y))):
                return False
        return True


def may_vanish(p, row, y, z, V):
    """Whether V^T y - z, nearly linear in z, is 0 at a state; NaN excludes nothing."""
    with mp.workdps(40):
        dz = [
            sum(mpf(V[i, j]) * y[i] for i in range(len(y))) - mpf(z[j]) for j in range(V.shape[1])
        ]
        room = np.abs(p.Q[row]) @ p.blur[row] + p.loose[row]
        values = [
            mpf(p.value[row, j]) + sum(mpf(p.slope[row, i, j]) * dz[i] for i in range(len(dz)))
            for j in range(len(dz))
        ]
        return not any(abs(value) > most for value, most in zip(values, room, strict=True))


@pytest.mark.parametrize("width", [0.3, 1e-3, 1e-9, 0.0])
def test_turns_hold_the_fixed_point_to_rounding(width):
    """In sixty turns the boxes shrink to rounding, and its every term counts."""
    rng = np.random.default_rng(int(1e3 * width) + 1)
    for _ in range(6):
        d = int(rng.integers(2, 5))
        cell, h = gru(rng, d, gain=rng.choice([0.5, 1.5, 20.0]))
        y = root_of(cell, h)
        V, X = directions(rng, d, int(rng.integers(1, d)))
        slices = Slices(form_of(cell), V, X)
        held = repeated(slices.whole(), 3)
        z = h @ V + 0.9 * width * rng.uniform(-1, 1, (3, V.shape[1]))
        rho = np.full_like(z, width + 1e-14)
        for turn in range(12):
            looked = slices.turn(z, rho, held)
            held = looked.held
            assert not looked.empty.any()
            for row in range(3):
                assert holds(held, row, y, V)
                assert may_vanish(looked.p, row, y, z[row], V)
            if turn == 5:  # a smaller box, of which the same is known
                z, rho = z + 0.3 * (h @ V - z), 0.7 * rho + 1e-14


@pytest.mark.parametrize("error", [0.0, 0.3])
def test_turns_from_any_start_hold_the_fixed_point(error, monkeypatch):
    """Whatever y0, G, H, what is loose and N were: wrong ones make every term count."""
    rng = np.random.default_rng(9)
    exact = slices_module.approximate_inverse
    wrong = lambda M: exact(M) * (1 + error * rng.standard_normal(M.shape))  # noqa: E731
    monkeypatch.setattr(slices_module, "approximate_inverse", wrong)
    for _ in range(40):
        d, n = int(rng.integers(2, 5)), 4
        cell, h = gru(rng, d, gain=rng.uniform(0.5, 2))
        y, k = root_of(cell, h), int(rng.integers(1, d))
        V, X = directions(rng, d, k) if rng.random() < 0.5 else 2 * [np.eye(d)[:, :k]]
        slices, size = Slices(form_of(cell), V, X), 10.0 ** rng.uniform(-4, -1)
        z0, z = h @ V + size * rng.choice([-1, 1], (2, n, k))
        G = rng.choice([0.0, 1.0]) * rng.standard_normal((n, k, d))
        H = size * rng.choice([0.1, 1.0]) * (np.eye(d) + 0.2 * rng.standard_normal((n, d, d)))
        loose = size * rng.choice([0.0, 0.3, 1.0], (n, d)) + 1e-13
        e, aside = rng.choice([-1, 1, 0.3], (2, n, d))
        y0 = h - ((h @ V - z0)[:, None] @ G + e[:, None] @ H)[:, 0] - (loose - 1e-13) * aside
        held = Held(z0, y0, G, H, loose, np.full((n, d), -1.0), np.ones((n, d)))
        rho = np.full((n, k), size + 1e-13)
        assert all(holds(slices.bounds(z, rho, held), row, y, V) for row in range(n))
        for _ in range(2):
            turn = slices.turn(z, rho, held)
            held = turn.held
            assert all(holds(held, row, y, V) for row in range(n))
            assert all(may_vanish(turn.p, row, y, z[row], V) for row in range(n))


@pytest.mark.parametrize("kind", KINDS)
def test_a_planted_zero_is_never_left_out(kind):
    """Boxes with a fixed point inside, or on their faces, keep or locate it."""
    rng = np.random.default_rng(3)
    for _ in range(5):
        d = int(rng.integers(2, 6))
        cell, h = KINDS[kind](rng, d, gain=rng.uniform(0.5, 3))
        k = int(rng.integers(1, d))
        equations = Sliced(form_of(cell), rng.standard_normal((d, k)))
        zero, first = h @ equations.V, begin(equations, equations.region)
        width = 10 ** rng.uniform(-6, 0.5, (40, 1)) * rng.uniform(0.2, 1, (40, k))
        side = rng.choice([0.0, 1.0, 0.5, 1e-3, 0.999], (40, k))
        lower, upper = zero - side * width - 1e-13, zero + (1 - side) * width + 1e-13
        boxes = Boxes(lower, upper, tuple(np.repeat(part, 40, 0) for part in first.memory))
        for _ in range(3):
            looked = equations.look(boxes)
            where, left = looked.zeros.where, looked.left
            located = (np.abs(where.mid - h) <= where.radius + 1e-11).all(axis=1).any()
            inside = ((left.lower <= zero + 1e-12) & (zero - 1e-12 <= left.upper)).all(axis=1)
            around = equations.places(left)
            inside &= (np.abs(around.mid - h) <= around.radius + 1e-12).all(axis=1)
            assert located or inside.sum() >= len(boxes)
            boxes = left[inside]


@pytest.mark.parametrize("kind", KINDS)
def test_small_networks_have_the_points_that_plain_bisection_proves(kind):
    rng = np.random.default_rng(4)
    for _ in range(4):
        d = int(rng.integers(2, 4))
        cell, h = KINDS[kind](rng, d, gain=rng.uniform(1, 2))
        plain = enumerate_states(cell, NO_INPUT)
        assert plain.is_proof
        assert np.abs(plain.states[:, :d] - h).max(axis=1).min() < 1e-10
        for k in range(1, d):
            equations = Sliced(form_of(cell), directions(rng, d, k)[0])
            found = bisect(equations, equations.region, 2_000)
            states = equations.states(found.zeros.where.mid)
            assert len(states) <= plain.n_points
            if not len(found.open) + len(found.stuck) + found.zeros.unresolved:
                assert_alike(states, plain.states)
        chosen = choose_slices(form_of(cell), d - 1)
        if chosen is not None:
            assert len(chosen.equations.region) < d


def folded(rng, d):
    """One unit h = tanh(b + sigmoid(v h + a) (w h + c)) near a fold, coupled to others that follow.

    b is that of the fold but for a small part.
    """
    w, v, a, c = rng.uniform(2, 6), rng.normal(), rng.normal(), 0.3 * rng.normal()
    h = np.linspace(-0.999, 0.999, 4001)
    b = np.arctanh(h) - (w * h + c) / (1 + np.exp(-v * h - a))
    turning = np.flatnonzero(np.diff(np.sign(np.diff(b)))) + 1
    if not len(turning):
        return None
    at = b[rng.choice(turning)]
    at = at + abs(at) * rng.choice([-1, 1]) * 10.0 ** rng.uniform(-5, -1)
    W, biases = np.zeros((3, d, d)), np.zeros((3, d))
    W[:, 1:, 0] = 0.5 * rng.standard_normal((3, d - 1))
    W[:, 1:, 1:] = 0.3 * rng.standard_normal((3, d - 1, d - 1)) / np.sqrt(d)
    W[0, 0, 0], W[2, 0, 0], biases[0, 0], biases[2, 0] = v, w, a, at
    recurrent = np.r_[c, 0.3 * rng.standard_normal(d - 1)]
    alone = GRUCell(W[:, :1, 0], np.zeros((3, 0)), biases[:, 0], recurrent[:1])
    return GRUCell(W.reshape(-1, d), np.zeros((3 * d, 0)), biases.ravel(), recurrent), alone


def near_folds(n, seed):
    """Count the proofs in directions, all of which must tell the number of the unit alone."""
    rng, proved = np.random.default_rng(seed), 0
    for _ in range(n):
        made = folded(rng, 9)
        if made is None:
            continue
        whole, alone = made
        proof, one = (
            enumerate_states(whole, NO_INPUT, budget=20_000),
            enumerate_states(alone, NO_INPUT),
        )
        if proof.is_proof:
            assert "leading" in proof.method
            assert_at_rest(whole, proof.states)
            proved += 1
            if one.is_proof:
                assert proof.n_points == one.n_points
    return proved


def test_near_folds_nothing_false_is_proved():
    assert near_folds(6, seed=5) >= 3


@pytest.mark.slow
def test_near_many_folds_nothing_false_is_proved():
    assert near_folds(300, seed=6) >= 200


def test_where_nothing_is_solved_nothing_is_left_out():
    """Where every state is fixed, H - B is singular."""
    still = SimpleNamespace(residual=lambda y, u: 0.0 * y + 0.0 * u[:, :0].mid.sum())
    form = EquilibriumForm(still, np.zeros((1, 0)), 3, Interval(np.zeros(3), np.ones(3)))
    slices = Slices(form, np.eye(3)[:, :1], np.eye(3)[:, :1])
    turn = slices.turn(np.zeros((1, 1)), np.full((1, 1), 0.1), slices.whole())
    assert np.isnan(turn.p.Q).any()
    assert not turn.empty.any()
    assert (turn.held.high[0, 1:] >= 1).all()
    endless = slices.whole()._replace(loose=np.full((1, 3), np.inf))
    assert np.isnan(slices.turn(np.zeros((1, 1)), np.full((1, 1), 0.1), endless).p.Q).all()
    looked = Sliced(form, np.eye(3)[:, :1]).look(
        begin(Sliced(form, np.eye(3)[:, :1]), form.region[:1])
    )
    assert len(looked.left) == 1


def test_a_slice_with_several_zeros_is_not_done_with_one():
    """Of two units with three points each, the slice beside one of them holds three."""
    W = np.concatenate([np.zeros((4, 2)), 8 * np.eye(2)])
    cell = GRUCell(W, np.zeros((6, 0)), np.zeros(6), np.zeros(2))
    equations = Sliced(form_of(cell), np.eye(2)[:, :1])
    whole = begin(equations, equations.region)
    slice_of = Boxes(np.full((1, 1), -1e-3), np.full((1, 1), 1e-3), whole.memory)
    zeros, proved = equations._zeros(slice_of)
    assert (len(zeros), proved.tolist()) == (0, [False])
    held = Held(*whole.memory)._replace(low=np.full((1, 2), -1e-3), high=np.full((1, 2), 1e-3))
    zeros, proved = equations._zeros(Boxes(slice_of.lower, slice_of.upper, tuple(held)))
    assert (len(zeros), proved.tolist()) == (1, [True])


def test_looking_at_no_boxes_finds_none():
    equations = Sliced(form_of(gru(np.random.default_rng(0), 3)[0]), np.eye(3)[:, :1])
    looked = equations.look(begin(equations, equations.region)[:0])
    assert (len(looked.zeros), len(looked.left)) == (0, 0)


def test_directions_in_which_nothing_settles_are_not_offered():
    """Nine units of which each has three points, whatever the others do."""
    d = 9
    W = np.concatenate([np.zeros((2 * d, d)), 8 * np.eye(d)])
    cell = GRUCell(W, np.zeros((3 * d, 0)), np.r_[np.full(d, 3.0), np.zeros(2 * d)], np.zeros(d))
    assert not list(sliced(form_of(cell), 3))
    proof = enumerate_states(cell, NO_INPUT)
    assert not proof.is_proof
    assert "too many" in proof.reason


@pytest.fixture(scope="module")
def gru_16():
    system = load_network("gru").system
    return system, sp.enumerate_fixed_points(system, np.zeros(3))


def test_the_trained_network_is_proved_complete(gru_16):
    system, proof = gru_16
    assert proof.verdict.startswith("proved: exactly 27 fixed points (bisection in ")
    assert proof.examined < 15_000
    starts = np.random.default_rng(0).uniform(-1, 1, (600, 16))
    points = sp.find_fixed_points(system, starts, np.zeros(3))
    assert_alike(points.xstar, proof.states)


@pytest.mark.slow
def test_the_search_takes_the_proof():
    points = sp.find_all_fixed_points(load_network("gru").system, np.zeros(3))
    assert len(points) == 27
    assert points.census().completeness is Completeness.PROVED
