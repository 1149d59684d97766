"""Networks bisected in their leading directions, against sixty digits and independent searches."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from enumeration_cases import NO_INPUT, assert_alike, assert_at_rest, index_sum, leaky, vanilla
from leading_cases import PHI, coupled, form_of, split_of
from mpmath import mp, mpf

import stillpoint as sp
from stillpoint.census import Completeness
from stillpoint.intervals import Interval
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.proofs.enumeration.bisection import begin, bisect
from stillpoint.proofs.enumeration.leading import Leading, choose
from stillpoint.proofs.enumeration.leading.lines import lines
from stillpoint.proofs.enumeration.leading.rates import Rates
from stillpoint.proofs.enumeration.leading.splitting import as_tanh, splitting
from stillpoint.proofs.enumeration.zeros import Zeros
from stillpoint.tasks import load_network


def precise_rates(split, z):
    """Return r(z) of exact factors, in sixty digits."""
    W = mp.matrix(split.form.matrix.mid.tolist())
    U, V = mp.matrix(split.U.tolist()), mp.matrix(split.V.tolist())
    c, z = mp.matrix(split.form.c.mid.tolist()), mp.matrix(z.tolist())
    E, push = W - U * V.T, U * z + c
    rates = mp.zeros(len(c), 1)
    for _ in range(260):
        rates = (push + E * rates).apply(PHI[split.form.phi])
    drives = push + E * rates
    excess = V.T * rates - z
    return drives, rates, excess


@pytest.mark.parametrize("phi", PHI)
def test_lines_lie_beside_the_activation(phi):
    rng = np.random.default_rng(0)
    low = rng.uniform(-6, 6, (60, 1)) * rng.choice([1e-9, 1e-3, 0.1, 1.0], (60, 1))
    high = low + rng.choice([0.0, 1e-12, 1e-6, 0.3, 2.0, 8.0], (60, 1))
    line = lines(phi, low, high)
    for k in range(60):
        slope, middle, room = (mpf(float(part[k, 0])) for part in line[:3])
        most = mpf(0)
        for share in np.linspace(0, 1, 41):
            a = mpf(float(low[k, 0])) + mpf(float(share)) * mpf(float(high[k, 0] - low[k, 0]))
            a = min(a, mpf(float(high[k, 0])))
            most = max(most, abs(PHI[phi](a) - middle - slope * a))
        assert most <= room
        assert room <= 1.1 * most + mpf(2e-12)  # and no further than they must


def test_first_enclosures_and_turns_hold_the_rates():
    rng = np.random.default_rng(1)
    for phi in ("tanh", "softplus", "relu"):
        for width in (0.3, 1e-2, 1e-5, 1e-11):
            cell = coupled(rng, 5, rest=0.8, phi=phi, gain=0.8 if phi != "tanh" else 2.0)
            form = form_of(cell)
            split = splitting(form, 2, np.ones(5), np.ones(5))
            assert split.delta < 1
            rates, leading = Rates(split), Leading(form_of(cell), split)
            z0 = rng.uniform(-0.8, 0.8, (1, 2))
            box = Interval(z0, np.full((1, 2), width))
            turn, p, slope = leading._settled(box), leading.residual(box), leading.jacobian(box)
            linear = rates.linear(box.mid, box.radius, turn)
            ends = []
            for corner in ((-1, -1), (1, 1), (1, -1), (0, 0), (0.3, -0.7)):
                at = z0[0] + width * (1 - 1e-4) * np.array(corner)
                drives, r, excess = precise_rates(split, at)
                ends.append((at, excess))
                moved = at - z0[0]
                for i in range(5):
                    assert turn.known.low[0, i] <= drives[i] <= turn.known.high[0, i]
                    near = turn.known.rates[0, i] + sum(
                        mpf(float(turn.known.G[0, j, i])) * mpf(float(moved[j])) for j in range(2)
                    )
                    assert abs(r[i] - near) <= turn.e[0, i]
                for i in range(2):
                    assert p.lower[0, i] <= excess[i] <= p.upper[0, i]
                    told = linear.value[0, i] + sum(
                        mpf(float(linear.slope[0, j, i])) * mpf(float(moved[j])) for j in range(2)
                    )
                    room = np.abs(linear.Q[0, i]) @ linear.blur[0] + linear.loose[0, i]
                    assert abs(excess[i] - told) <= room
            (top, high), (bottom, low) = ends[1], ends[0]
            for i in range(2):  # a slope between two points is one of the enclosed
                step = [mpf(float(top[j])) - mpf(float(bottom[j])) for j in range(2)]
                across = [
                    sum(mpf(float(e[0, i, j])) * step[j] for j in range(2))
                    for e in (slope.lower, slope.upper)
                ]
                assert across[0] <= high[i] - low[i] <= across[1]


def test_the_remainder_of_the_weights_is_enclosed_and_its_norm_bounded():
    rng = np.random.default_rng(2)
    for phi in ("tanh", "sigmoid"):
        cell = coupled(rng, 6, phi=phi, gain=3.0)
        form = as_tanh(form_of(cell))
        split = splitting(form, 2, np.exp(rng.standard_normal(6)), np.full(6, 0.9))
        U, V = mp.matrix(split.U.tolist()), mp.matrix(split.V.tolist())
        W = mp.matrix(form.matrix.mid.tolist())
        E = W - U * V.T
        for i in range(6):
            for j in range(6):
                assert abs(E[i, j] - mpf(float(split.E.mid[i, j]))) <= split.E.radius[i, j]
        scaled = (0.9 * split.D)[:, None] * split.E.mid / split.D
        exact = np.linalg.norm(scaled, 2)
        assert exact * (1 - 1e-14) <= split.delta <= exact * (1 + 1e-9)
        x = rng.standard_normal((200, 6)) / split.D
        x /= np.linalg.norm(split.D * x, axis=1)[:, None]
        assert (np.abs(x @ split.E.mid.T) <= split.reach).all()


def test_a_box_is_left_out_only_where_there_is_no_zero():
    """Every box that is dropped is sampled, and none holds a zero that bisection knows."""
    rng = np.random.default_rng(3)
    cell = coupled(rng, 8, gain=2.5, rest=0.7)
    leading = choose(form_of(cell), 3).equations
    every = bisect(leading, leading.region, 10**5)
    assert not len(every.open)
    assert not len(every.stuck)
    zeros = every.zeros.where.mid
    boxes, found = begin(leading, leading.region), Zeros.none(leading.size)
    while len(boxes):
        looked = leading.look(boxes)
        left, found = looked.left, found.joined(looked.zeros)
        for zero in zeros:
            inside = ((boxes.lower <= zero) & (zero <= boxes.upper)).all(axis=1)
            kept = ((left.lower <= zero) & (zero <= left.upper)).all(axis=1)
            held = found.covers(Interval(zero[None])).any()
            assert kept.any() or held or not inside.any()
        boxes = left.halved(looked.weight) if len(left) else left


@pytest.mark.parametrize("phi", ["tanh", "sigmoid"])
def test_small_networks_have_the_points_that_plain_bisection_proves(phi):
    rng = np.random.default_rng(4)
    for trial in range(3):
        d = int(rng.integers(3, 6))
        cell = coupled(
            rng, d, k=1 + trial % 2, gain=rng.uniform(1, 3) * (4 if phi != "tanh" else 1)
        )
        cell = vanilla(cell.W, cell.b - (cell.W.sum(axis=1) / 2 if phi != "tanh" else 0), phi)
        plain = enumerate_states(cell, NO_INPUT)
        chosen = choose(form_of(cell), d - 1)
        assert plain.is_proof
        assert chosen is not None
        found = bisect(chosen.equations, chosen.equations.region, 10**5)
        assert not (len(found.open) + len(found.stuck) + found.zeros.unresolved)
        states = chosen.equations.states(found.zeros.where.mid)
        assert_alike(states, plain.states)
        currents = choose(form_of(leaky(cell)), d - 1).equations
        found = bisect(currents, currents.region, 10**5)
        assert_at_rest(leaky(cell), currents.states(found.zeros.where.mid))


def planted(rng, d):
    """Return a network with a pitchfork or fold nearly at a random place, and its exact number."""
    lam = 1 + rng.choice([-1, 1]) * 10.0 ** rng.uniform(-5, -1)
    Q = np.linalg.qr(rng.standard_normal((d, d)))[0]
    return vanilla(lam * np.outer(Q[0], Q[0]) + 0.3 * np.outer(Q[1], Q[2])), lam


def near_a_pitchfork(seeds):
    """Count the proofs, all of which must be right."""
    proved = 0
    for seed in seeds:
        cell, lam = planted(np.random.default_rng(seed), 9)
        proof = enumerate_states(cell, NO_INPUT, budget=20_000)
        proved += proof.is_proof
        if proof.is_proof:
            assert index_sum(cell, proof.states) == 1
            assert_at_rest(cell, proof.states)
            assert (proof.n_points == 1) == (lam < 1) or proof.n_points == 3
    return proved


def test_near_pitchforks_nothing_false_is_proved():
    assert near_a_pitchfork(range(4)) >= 2


@pytest.mark.slow
def test_near_many_pitchforks_and_folds_nothing_false_is_proved():
    assert near_a_pitchfork(range(100, 400)) >= 200
    assert near_folds(300) >= 150


def near_folds(n):
    """One unit r = tanh(w r + c) coupled to eight that follow: 1 or 3 points, by a closed form."""
    rng, proved = np.random.default_rng(5), 0
    for _ in range(n):
        w = rng.uniform(1.2, 3)
        r = np.sqrt(1 - 1 / w)
        fold = np.arctanh(r) - w * r  # -c at the fold, in absolute value
        c = abs(fold) * (1 + rng.choice([-1, 1]) * 10.0 ** rng.uniform(-6, -1))
        W = np.zeros((9, 9))
        W[0, 0] = w
        W[1:, 0] = rng.standard_normal(8)
        W[1:, 1:] = 0.2 * rng.standard_normal((8, 8)) / np.sqrt(8)
        proof = enumerate_states(vanilla(W, np.r_[c, np.zeros(8)]), NO_INPUT)
        proved += proof.is_proof
        if proof.is_proof:
            assert proof.n_points == (3 if c < abs(fold) else 1)
    return proved


def test_near_folds_nothing_false_is_proved():
    assert near_folds(4) >= 2


def test_regional_slopes_prove_what_global_ones_do_not():
    """Units that are driven far from zero have small slopes where fixed points are."""
    rng = np.random.default_rng(6)
    W = np.zeros((9, 9))
    W[0, 0], W[1:, 1:] = 2.0, rng.uniform(-0.35, 0.35, (8, 8))
    W[1:, 1:] += 0.9 * np.eye(8)
    cell = vanilla(W, np.r_[0.0, np.full(8, 5.0)])
    proof = enumerate_states(cell, NO_INPUT)
    assert (proof.is_proof, proof.n_points) == (True, 3)
    form = form_of(cell)
    global_split = splitting(form, 1, np.ones(9), np.ones(9))
    assert global_split.delta > 1 > choose(form, 8).equations.split.delta


def test_outside_the_region_of_the_slopes_nothing_is_proved():
    rng = np.random.default_rng(7)
    cell = coupled(rng, 5, rest=0.5)
    split = split_of(form_of(cell), 2)
    leading = Leading(form_of(cell), replace(split, steepest=np.full(5, 0.99)))
    inside, outside = np.zeros((1, 2)), 30 + np.zeros((1, 2))
    assert np.isfinite(leading.residual(Interval(inside)).radius).all()
    assert not np.isfinite(leading.residual(Interval(outside)).radius).any()


@pytest.fixture(scope="module")
def tanh_16():
    system = load_network("tanh").system
    return system, sp.enumerate_fixed_points(system, np.zeros(3))


def test_the_trained_network_is_proved_complete(tanh_16):
    system, proof = tanh_16
    assert proof.verdict.startswith("proved: exactly 27 fixed points (bisection in ")
    assert proof.examined < 10_000
    points = sp.find_all_fixed_points(system, np.zeros(3))
    assert len(points) == 27
    assert points.census().completeness is Completeness.PROVED


def test_budget_executor_and_interruption(tanh_16, monkeypatch):
    system, proof = tanh_16
    few = sp.enumerate_fixed_points(system, np.zeros(3), budget=100)
    assert not few.is_proof
    assert "boxes would have to be examined" in few.reason
    with ThreadPoolExecutor(2) as pool:
        twin = sp.enumerate_fixed_points(system, np.zeros(3), executor=pool)
    assert_alike(twin.states, proof.states)
    assert twin.is_proof
    look, count = Leading.look, [0]

    def interrupted(self, boxes, *, locate=True):
        count[0] += locate
        if count[0] > 15:
            raise KeyboardInterrupt
        return look(self, boxes, locate=locate)

    monkeypatch.setattr(Leading, "look", interrupted)
    stopped = sp.enumerate_fixed_points(system, np.zeros(3))
    assert not stopped.is_proof
    assert stopped.reason.startswith("interrupted after")


@pytest.mark.slow
def test_the_trained_network_with_dales_law_is_proved_complete():
    system = load_network("dale_elman").system
    proof = sp.enumerate_fixed_points(system, np.zeros(3), budget=500_000)
    assert proof.is_proof
    assert proof.n_points == 27
