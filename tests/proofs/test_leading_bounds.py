"""Each term of the bounds on rates over boxes counts: wrong starts, wide weights, planted zeros."""

from __future__ import annotations

import numpy as np
import pytest
from enumeration_cases import assert_alike, vanilla
from leading_cases import PHI, coupled, form_of, split_of
from mpmath import mp, mpf

import stillpoint as sp
from stillpoint.dynamics import RateForm
from stillpoint.intervals import Interval
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.proofs.enumeration.bisection import Boxes, begin
from stillpoint.proofs.enumeration.leading import Leading
from stillpoint.proofs.enumeration.leading.lines import lines
from stillpoint.proofs.enumeration.leading.rates import Known, Rates
from stillpoint.proofs.enumeration.leading.splitting import (
    drives_around,
    splitting,
    steepest_slopes,
)
from stillpoint.proofs.enumeration.low_rank import slopes

pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")


def exact(values):
    return mp.matrix(np.asarray(values).tolist())


def rates_of(split, z, sign):
    """Return drives, r(z) and V^T r - z of W and c at `sign` times their radii, in sixty digits."""
    form, d = split.form, len(split.U)
    W, c = mp.matrix(d, d), mp.matrix(d, 1)
    for i in range(d):
        c[i] = mpf(form.c.mid[i]) + mpf(sign[i, 0]) * mpf(form.c.radius[i])
        for j in range(d):
            W[i, j] = mpf(form.matrix.mid[i, j]) + mpf(sign[i, j]) * mpf(form.matrix.radius[i, j])
    E, push, r = (
        W - exact(split.U) * exact(split.V).T,
        exact(split.U) * exact(z) + c,
        mp.zeros(d, 1),
    )
    for _ in range(220):
        r = (push + E * r).apply(PHI[form.phi])
    return push + E * r, r, exact(split.V).T * r - exact(z)


def any_start(rng, split, z, error):
    """Return rates, G and Q that are wrong by about `error`, and nothing known of the drives."""
    n, d = len(z), len(split.U)
    M = np.eye(d) - 0.7 * split.E.mid
    G = np.linalg.solve(M, 0.7 * split.U).T[None].repeat(n, 0)
    Q = np.linalg.solve(M.T, split.V).T[None].repeat(n, 0)
    noise = [error * rng.standard_normal(part.shape) for part in (G, Q)]
    rates = np.tanh(z @ split.U.T + split.form.c.mid) + error / 3 * rng.standard_normal((n, d))
    free = np.full((n, d), np.inf)
    return Known(-free, free, rates, G + noise[0], Q + noise[1], rates)


def check(split, box, known, steps, corners, sign):
    """Check a turn, and what it makes of p, at corners of boxes."""
    rates, z, rho = Rates(split), box.mid, box.radius
    turn = rates.turn(z, rho, rates.turn(z, rho, known, steps).known, steps)
    p = rates.linear(z, rho, turn)
    for row in range(len(z)):
        for corner in corners:
            at = z[row] + (1 - 1e-9) * rho[row] * corner
            dz = [mpf(a) - mpf(b) for a, b in zip(at, z[row], strict=True)]
            drives, r, excess = rates_of(split, at, sign)
            for i in range(len(drives)):
                assert turn.known.low[row, i] <= drives[i] <= turn.known.high[row, i]
                steps_along = (mpf(g) * s for g, s in zip(turn.known.G[row, :, i], dz, strict=True))
                assert abs(r[i] - turn.known.rates[row, i] - sum(steps_along)) <= turn.e[row, i]
            for i in range(split.size):
                along = sum(mpf(s) * step for s, step in zip(p.slope[row, :, i], dz, strict=True))
                room = np.abs(p.Q[row, i]) @ p.blur[row] + p.loose[row, i]
                assert abs(excess[i] - p.value[row, i] - along) <= room


def test_turns_from_any_start_hold_the_rates():
    """Any r0, G and Q are sound: wrong ones make every term count."""
    rng = np.random.default_rng(0)
    for _ in range(16):
        d = int(rng.integers(2, 5))
        cell = coupled(rng, d, k=1, rest=rng.choice([0.3, 0.6, 0.8]), gain=1.5, bias=0.5)
        D = np.exp(0.3 * rng.standard_normal(d))
        split = splitting(form_of(cell), 1, D, np.ones(d))
        if split.delta < 1:
            z = rng.uniform(-0.9, 0.9, (3, 1))
            box = Interval(z, np.full((3, 1), rng.choice([1e-1, 1e-3, 0.0])))
            known, steps = any_start(rng, split, z, rng.choice([0, 0.3])), int(rng.integers(0, 3))
            check(split, box, known, steps, (-1, 1), np.zeros((d, d)))


def test_radii_of_weights_and_offsets_count():
    rng = np.random.default_rng(1)
    for trial in range(12):
        cell = coupled(rng, 3, k=1, rest=0.5, gain=1.5, bias=0.3)
        W = Interval(cell.W, np.full((3, 3), 1e-4 * (trial % 3 != 1)))
        c = Interval(cell.b, np.full(3, 1e-4 * (trial % 3 != 0)))
        form = RateForm(W, c, "tanh", of_currents=False)
        split = splitting(form, 1, np.ones(3), np.ones(3))
        z = rng.uniform(-0.9, 0.9, (1, 1))
        for width in (0.0, 0.1):
            rates = np.tanh(z @ split.U.T + cell.b)
            sign = np.sign(rates) * rng.choice([1, -1], (3, 1)) * np.ones((3, 3))
            box = Interval(z, np.full((1, 1), width))
            check(split, box, any_start(rng, split, z, 0.0), 4, (-1, 1), sign)


def test_a_planted_zero_is_never_left_out():
    """Boxes with a fixed point inside, or on their faces, keep or locate it."""
    rng = np.random.default_rng(2)
    for _ in range(24):
        d, k = int(rng.integers(3, 7)), int(rng.integers(1, 3))
        W = coupled(rng, d, k=k, rest=rng.choice([0.3, 0.7]), gain=rng.uniform(1, 3)).W
        rates = np.tanh(rng.standard_normal(d) * rng.choice([0.3, 1.0]))
        form = form_of(vanilla(W, np.arctanh(rates) - W @ rates))
        leading = Leading(form, split_of(form, k))
        zero, first = rates @ leading.split.V, begin(leading, leading.region)
        width = 10 ** rng.uniform(-6, -0.3, (60, 1)) * rng.uniform(0.2, 1, (60, k))
        side = rng.choice([0.0, 1.0, 0.5, 1e-3, 0.999], (60, k))
        lower, upper = zero - side * width - 1e-14, zero + (1 - side) * width + 1e-14
        boxes = Boxes(lower, upper, tuple(np.repeat(part, 60, 0) for part in first.memory))
        for _ in range(3):
            looked = leading.look(boxes)
            where, left = looked.zeros.where, looked.left
            located = (np.abs(where.mid - zero) <= where.radius + 1e-12).all(axis=1).any()
            holds = ((left.lower <= zero + 1e-13) & (zero - 1e-13 <= left.upper)).all(axis=1)
            assert located or holds.sum() >= len(boxes)
            boxes = left[holds]


def test_looking_at_no_boxes_finds_none():
    form = form_of(coupled(np.random.default_rng(0), 4, k=1))
    leading = Leading(form, split_of(form, 1))
    looked = leading.look(begin(leading, leading.region)[:0])
    assert len(looked.zeros) == len(looked.left) == len(looked.weight) == 0


def test_jacobians_hold_all_matrices_of_slopes():
    rng = np.random.default_rng(3)
    for trial in range(24):
        d, k = int(rng.integers(3, 6)), 1 + trial % 2
        form = form_of(coupled(rng, d, k=k, rest=rng.choice([0.3, 0.8]), gain=2.0, bias=0.5))
        split = split_of(form, k)
        leading = Leading(form, split)
        radius = np.full((4, k), rng.choice([0.3, 1e-2, 1e-5]))
        box = Interval(rng.uniform(-0.8, 0.8, (4, k)), radius)
        enclosed, known = leading.jacobian(box), leading._settled(box).known
        S = slopes("tanh", Interval.between(known.low, known.high))
        for row in np.flatnonzero(np.isfinite(enclosed.radius).all(axis=(1, 2))):
            for _ in range(20):
                s = S.mid[row] + rng.choice([-1, 1], d) * S.radius[row] * (1 - 1e-9)
                M = np.eye(d) - s[:, None] * split.E.mid
                J = split.V.T @ np.linalg.solve(M, s[:, None] * split.U) - np.eye(k)
                assert (enclosed.lower[row] - 1e-12 <= J).all()
                assert (enclosed.upper[row] + 1e-12 >= J).all()


@pytest.mark.parametrize(
    ("phi", "against", "drive"), [("softplus", 1.2, 2.0), ("sigmoid", 3.0, 6.0)]
)
def test_groups_that_inhibit_each_other_have_three_points(phi, against, drive):
    """One group wins, or the other, or none: proved, and found from two thousand starts."""
    W = -0.05 * np.abs(np.random.default_rng(0).standard_normal((10, 10)))
    W[:5, 5:] -= against
    W[5:, :5] -= against
    cell = vanilla(W, np.full(10, drive), phi)
    proof = enumerate_states(cell, np.zeros(cell.input_size))
    assert proof.method == "bisection in 1 leading direction"
    assert (proof.is_proof, proof.n_points) == (True, 3)
    starts = np.random.default_rng(1).uniform(0, 2.5, (2000, 10))
    alone = {"rounds": 0, "orbits": False}
    found = sp.find_fixed_points(sp.as_system(cell), starts, np.zeros(cell.input_size), **alone)
    assert_alike(found.xstar, proof.states)


def test_large_networks_without_low_rank_are_not_split():
    W = np.random.default_rng(0).standard_normal((101, 101)) / np.sqrt(101)
    proof = enumerate_states(vanilla(1.5 * W, np.zeros(101)), np.zeros(0))
    assert "101 units whose weights have no low rank are too many" in proof.reason


def test_slopes_of_the_region_are_those_of_its_drives():
    rng = np.random.default_rng(6)
    for _ in range(20):
        form = form_of(vanilla(0.4 * rng.standard_normal((5, 5)), 3 * rng.standard_normal(5)))
        around, drives = drives_around(form), form.bounds @ form.matrix.T + form.c
        steepest = steepest_slopes(form)
        assert (steepest >= np.minimum(slopes("tanh", around).upper, 1)).all()
        assert (around.lower < drives.lower).all()
        assert (around.upper > drives.upper).all()


@pytest.mark.parametrize("phi", ["tanh", "softplus", "relu"])
def test_no_slope_is_steeper_than_it_is_said(phi):
    rng = np.random.default_rng(7)
    low = rng.uniform(-4, 4, (200, 1))
    high = low + rng.choice([1e-6, 0.3, 2.0], (200, 1))
    steepest = lines(phi, low, high).steepest
    for share in np.linspace(0.01, 0.99, 9):
        a = low + share * (high - low)
        slope = {"tanh": 1 - np.tanh(a) ** 2, "softplus": 1 / (1 + np.exp(-a)), "relu": a > 0}[phi]
        assert (slope <= steepest + 1e-15).all()
