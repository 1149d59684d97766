"""Labels of attractors against truths that are known exactly, or to sixty digits.

Where orbits pass what is nearly an attractor, come to one very slowly, or nearly close, a label
that is proved or decided must be right; "still moving" is an honest answer. As orbits are pushed by
a millionth of their size, what some orbit from nearby comes to is right as well.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import mpmath as mp
import numpy as np
import pytest

import stillpoint as sp
from stillpoint.points import OrbitEnd

_DIGITS = 60
_NEARBY = (-1e-5, -1e-6, 0.0, 1e-6, 1e-5)
_NAMED = (OrbitEnd.POINT, OrbitEnd.CYCLE, OrbitEnd.CURVE)


def black_box(step: Callable, size: int, kind: str = "map") -> sp.System:
    return sp.as_system(step, state_size=size, kind=kind, recognise=False)


def on_plane(step: Callable) -> Callable:
    """Return a function of the plane that is one of complex numbers."""

    def moved(x):
        z = step(x[:, 0] + 1j * x[:, 1])
        return np.stack([z.real, z.imag], axis=1)

    return moved


def ends(system: sp.System, starts: np.ndarray) -> list[tuple[OrbitEnd, float, np.ndarray]]:
    """Return label, period and a state of what each orbit was said to end at, surely or not."""
    found = sp.find_attractors(system, starts=starts)
    surely = np.isin(found.evidence, ("proved", "decided"))
    return [
        (OrbitEnd(found.kind[k]), found.period[k] if surely[k] else np.nan, found.states[k, 0])
        for k in found.attractor
    ]


def named_surely(system: sp.System, starts: np.ndarray) -> list[tuple[OrbitEnd, float]]:
    """Return labels and periods of the attractors that are proved or decided."""
    found = sp.find_attractors(system, starts=starts)
    surely = np.isin(found.evidence, ("proved", "decided")) & np.isin(found.kind, _NAMED)
    return [(OrbitEnd(found.kind[k]), float(found.period[k])) for k in np.flatnonzero(surely)]


# -- what went wrong once ----------------------------------------------------------------------


def test_no_orbit_runs_away_behind_a_ghost():
    b = np.arctanh(np.sqrt(0.5)) - np.sqrt(2) - 1e-9  # beyond the fold of the upper point
    flow = black_box(lambda x: np.tanh(2 * x + b) - x, 1, "flow")
    starts = np.sqrt(0.5) + np.array([[-1e-6], [1e-6], [1e-3], [0.3]])
    labels = {kind for kind, *_ in ends(flow, starts)}
    assert labels <= {OrbitEnd.POINT, OrbitEnd.GHOST, OrbitEnd.MOVING}


@pytest.mark.slow
def test_steps_damp_no_slow_limit_cycle():
    def step(z):
        return z * (-0.2 * ((abs(z) ** 2 - 1) ** 2 - 1e-4) + 1j)

    starts = np.array([[1.002, 0.0], [0.9, 0.0]])  # the cycle at 0.99499 repels
    (above, *_), (below, *_) = ends(black_box(on_plane(step), 2, "flow"), starts)
    assert above in (OrbitEnd.CYCLE, OrbitEnd.MOVING)
    assert below == OrbitEnd.POINT


@pytest.mark.slow
def test_a_slow_cycle_is_no_closed_curve():
    slow = black_box(lambda x: -np.tanh((1 + 1e-6) * x), 1)
    assert {kind for kind, *_ in ends(slow, np.array([[2.4e-4]]))} <= {
        OrbitEnd.CYCLE,
        OrbitEnd.MOVING,
    }


def test_a_cycle_of_210_steps():
    sizes = [2, 3, 5, 7]
    W, first = np.zeros((17, 17)), 0
    for n in sizes:
        W[first : first + n, first : first + n] = np.roll(2 * np.eye(n), 1, axis=0)
        first += n
    start = np.where(np.isin(np.arange(17), np.cumsum([0, *sizes])), 0.5, -0.5)
    (told,) = named_surely(black_box(lambda x: np.tanh(x @ W.T), 17), start[None])
    assert told == (OrbitEnd.CYCLE, 210.0)


# -- families ----------------------------------------------------------------------------------


def roots(g: float, b: float) -> list[mp.mpf]:
    """Return the solutions of tanh(g x + b) = x."""

    def rise(x):
        return mp.tanh(g * x + b) - x

    turns = []
    if g > 1:
        s = mp.sqrt(1 - 1 / mp.mpf(g))
        turns = [(sign * mp.atanh(s) - b) / g for sign in (-1, 1)]
    edges = [mp.mpf(-2), *turns, mp.mpf(2)]
    return [
        mp.findroot(rise, pair, solver="anderson", tol=1e-100, maxsteps=400)
        for pair in pairwise(edges)
        if rise(pair[0]) * rise(pair[1]) < 0
    ]


def limits(g: float, b: float, x: float, known: list[mp.mpf]) -> list[float]:
    """Return where orbits from about x end: the next solution in the direction they take."""
    told = []
    for start in (mp.mpf(x) + aside for aside in _NEARBY):
        up = mp.tanh(g * start + b) > start
        told.append(
            min(r for r in known if r > start) if up else max(r for r in known if r < start)
        )
    return [float(end) for end in told]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["cell", "map", "flow", "turned"])
@pytest.mark.parametrize("seed", range(12))
def test_units_near_folds_and_pitchforks(form, seed):
    """Gaps of 1e-15 to 1e-2 before and beyond folds, rates down to 1e-7: 48 networks, 24 orbits."""
    rng = np.random.default_rng(seed)
    n = int(rng.choice([1, 2, 3]))
    g = rng.choice([1.2, 1.5, 2.0, 3.0], n)
    s = np.sqrt(1 - 1 / g)
    gap = 10.0 ** rng.uniform(-15, -2, n) * rng.choice([1, 1, -1], n)
    b = (g * s - np.arctanh(s) + gap) * rng.choice([-1, 1], n)
    slow = rng.random(n) < 0.25
    g = np.where(slow, 1 + 10.0 ** rng.uniform(-7, -2, n) * rng.choice([-1, 1], n), g)
    b[slow] = 0.0
    starts = rng.uniform(-1.2, 1.2, (24, n))
    passage = -np.sign(b) * s + rng.normal(size=(12, n)) * 10.0 ** rng.uniform(-8, -1, (12, n))
    starts[:12] = np.where(rng.random((12, n)) < 0.7, passage, starts[:12])
    turned = np.linalg.qr(rng.standard_normal((n, n)))[0] if form == "turned" else np.eye(n)
    system = {
        "cell": lambda: sp.as_system(sp.cells.VanillaCell(np.diag(g), np.zeros((n, 0)), b)),
        "map": lambda: black_box(lambda x: np.tanh(g * x + b), n),
        "flow": lambda: black_box(lambda x: np.tanh(g * x + b) - x, n, "flow"),
        "turned": lambda: black_box(lambda x: np.tanh(g * (x @ turned) + b) @ turned.T, n),
    }[form]()
    with mp.workdps(_DIGITS):
        known = [roots(gi, bi) for gi, bi in zip(g, b, strict=True)]
        for start, (kind, _, x) in zip(starts, ends(system, starts @ turned.T), strict=True):
            assert kind in (OrbitEnd.POINT, OrbitEnd.GHOST, OrbitEnd.MOVING, OrbitEnd.OPEN)
            for i, xi in enumerate(x @ turned if kind == OrbitEnd.POINT else []):
                right = limits(g[i], b[i], start[i], known[i])
                assert np.abs(xi - np.array(right)).min() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_weak_resonances(seed):
    """Whether z' = e^(i θ) z (1 + μ - |z|^2) + c conj(z)^(q-1) is locked, one equation in |z|^2."""
    rng = np.random.default_rng(seed)
    q = int(rng.integers(5, 10))
    p = int(rng.choice([p for p in range(1, q) if np.gcd(p, q) == 1]))
    mu, c = float(rng.choice([0.02, 0.1, 0.3])), 10.0 ** rng.uniform(-8, -2)
    aside = c * mu ** ((q - 2) / 2) * rng.choice([0, 0.3, 0.9, 1.1, 3, 30, 1000])
    with mp.workdps(_DIGITS):
        turn = complex(mp.expj(2 * mp.pi * p / q + mp.mpf(aside)))
        slip = mp.mpc(turn) * mp.expj(-2 * mp.pi * mp.mpf(p) / q)

        def height(s):
            return abs(1 - slip * (1 + mu - s)) ** 2 - mp.mpf(c) ** 2 * s ** (q - 2)

        is_locked = height(mp.findroot(lambda s: mp.diff(height, s), mp.mpf(mu))) < 0
    system = on_plane(lambda z: turn * z * (1 + mu - abs(z) ** 2) + c * np.conj(z) ** (q - 1))
    starts = np.sqrt(mu) * rng.choice([0.3, 1.0, 1.2], (4, 1)) * rng.standard_normal((4, 2))
    for kind, period in named_surely(black_box(system, 2), starts):
        assert kind == (OrbitEnd.CYCLE if is_locked else OrbitEnd.CURVE)
        assert not is_locked or period == q


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(12))
def test_turns_that_nearly_close(seed):
    rng = np.random.default_rng(seed)
    q = int(rng.integers(2, 40))
    p = int(rng.choice([p for p in range(1, q) if np.gcd(p, q) == 1]))
    angle, mu = 2 * np.pi * (p / q + 10.0 ** rng.uniform(-10, -3)), float(rng.choice([0.02, 0.3]))
    turned = on_plane(lambda z: np.exp(1j * angle) * z * (1 + mu - abs(z) ** 2))
    starts = 0.3 * rng.standard_normal((4, 2))
    told = named_surely(black_box(turned, 2), starts)
    assert {kind for kind, _ in told} <= {OrbitEnd.CURVE}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize("seed", range(8))
def test_folds_of_cycles(kind, seed):
    """Circles about to be born, 1e-15 to 1e-3 away, or just born: all else ends at the middle."""
    rng = np.random.default_rng(seed)
    gap = 10.0 ** rng.uniform(-15, -3) * rng.choice([-1, 1])
    angle = np.exp(1j * rng.uniform(0.5, 2))

    def shrinks(z):
        return 0.2 * ((abs(z) ** 2 - 1) ** 2 + gap) / (1 + abs(z) ** 4)

    steps = {
        "map": lambda z: angle * z * (1 - shrinks(z)),
        "flow": lambda z: z * (1j * np.angle(angle) - shrinks(z)),
    }
    near = 1 + rng.normal(size=4) * 10.0 ** rng.uniform(-7, -2, 4)
    radius = np.concatenate([near, rng.uniform(0.3, 1.5, 4)])
    starts = np.stack([radius, np.zeros(8)], axis=1)
    inner = np.inf if gap > 0 else np.sqrt(1 - np.sqrt(-gap))
    for r, (label, period, _) in zip(
        radius, ends(black_box(on_plane(steps[kind]), 2, kind), starts), strict=True
    ):
        if r > inner + 1e-5:
            assert label != OrbitEnd.POINT
        if r < inner - 1e-5:
            assert label != OrbitEnd.CYCLE or np.isnan(period)
            assert label != OrbitEnd.CURVE or np.isnan(period)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(8))
def test_limit_cycles_that_pass_a_saddle(seed):
    """A level h of the energy of Duffing's oscillator, whose period is an elliptic integral."""
    rng = np.random.default_rng(seed)
    h = float(10.0 ** rng.uniform(-14, -2) * rng.choice([-1, 1]))
    gain = float(rng.choice([0.3, 1.0, 3.0]))

    def step(x):
        place, speed = x.T
        energy = speed**2 / 2 - place**2 / 2 + place**4 / 4
        return np.stack([speed, place - place**3 - gain * speed * (energy - h)], axis=1)

    with mp.workdps(_DIGITS):
        s = mp.sqrt(1 + 4 * mp.mpf(h))
        period = 4 / mp.sqrt(s) * mp.ellipk((1 + s) / (2 * s))
        if h < 0:
            period = 2 * mp.sqrt(2 / (1 + s)) * mp.ellipk(2 * s / (1 + s))
    starts = rng.standard_normal((3, 2)) * [1, 0.5]
    for kind, own in named_surely(black_box(step, 2, "flow"), starts):
        assert kind == OrbitEnd.CYCLE
        assert own == pytest.approx(float(period), rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("power", np.arange(-9.0, -2.0))
@pytest.mark.parametrize("side", [-1, 1])
def test_intermittency_is_no_cycle(power, side):
    """Near the window of period three: what is said to be a cycle is one, and attracts."""
    r = float(1 + np.sqrt(8) + side * 10.0**power)
    logistic = black_box(lambda x: r * x * (1 - x), 1)
    found = sp.find_attractors(logistic, starts=np.array([[0.3], [0.52], [0.7]]))
    for k in np.flatnonzero(np.isin(found.kind, _NAMED)):
        assert found.kind[k] == OrbitEnd.CYCLE
        with mp.workdps(_DIGITS):
            x, slope = mp.mpf(found.states[k, 0, 0]), mp.mpf(1)
            begun = x
            for _ in range(int(found.period[k])):
                x, slope = r * x * (1 - x), slope * r * (1 - 2 * x)
            assert abs(slope) < 1
            assert abs(x - begun) < 1e-9
