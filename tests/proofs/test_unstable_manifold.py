"""Pieces of unstable manifolds are where they are said to be: parabolas, and what is no saddle."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillpoint._core.arrays import namespace
from stillpoint.cells import VanillaCell
from stillpoint.intervals import Interval
from stillpoint.proofs.unstable_manifold import Saddles, _Blocks, _keeps, _slopes


@dataclass(frozen=True, eq=False)
class Parabola(VanillaCell):
    """(x, y) -> (m x + k y, r y + c x^2): for k = 0 it keeps y = c x^2 / (m^2 - r)."""

    m: float = 2.0
    k: float = 0.0
    r: float = 0.5
    c: float = 1.0

    def step(self, x, u):  # noqa: ARG002
        first, second = x[:, :1], x[:, 1:]
        bend = first * first * self.c
        return namespace(x).concat([first * self.m + second * self.k, second * self.r + bend], 1)

    def jacobian(self, x, u):  # noqa: ARG002
        one = x[:, :1] * 0.0 + 1.0
        top = [one * self.m, one * self.k]
        bottom = [x[:, :1] * (2 * self.c), one * self.r]
        rows = [namespace(x).concat(row, 1)[:, None, :] for row in (top, bottom)]
        return namespace(x).concat(rows, 1)


@pytest.fixture(autouse=True)
def _no_warnings():
    with np.errstate(all="ignore"):  # as the verbs do
        yield


def parabola(**numbers):
    cell = Parabola(np.eye(2), np.zeros((2, 0)), np.zeros(2), **numbers)
    return cell.interval_extension()


def saddle(exact, x=(0.0, 0.0), box=0.0, direction=(1.0, 0.0)):
    none = np.zeros((1, 0))
    return Saddles.of(exact, np.array([x]), none, np.full((1, 2), box), np.array([direction]))


def inside(sets, x):
    """Whether a state lies in an ellipse c + G z + e, up to rounding."""
    away, G = np.asarray(x) - sets.mid[0], sets.G[0].T
    z, *_ = np.linalg.lstsq(G, away, rcond=None)
    left = np.abs(away - G @ z) - sets.rest[0]
    return np.linalg.norm(z[: sets.n_ball]) <= 1 + 1e-9 and left.max() < 1e-12


@pytest.mark.parametrize("m", [2.0, -2.0, 1.2])
@pytest.mark.parametrize("reach", [0.05, 0.01, 1e-5])
def test_a_known_manifold_lies_in_its_sections(m, reach):
    exact = parabola(m=m)
    curve = saddle(exact).curves(exact, np.array([reach]))
    h = 1.0 / (m * m - 0.5)
    assert 2 * h * reach <= curve.slope[0] < 8 * h * reach  # the steepest, and not much more
    for side in (1, -1):
        section = curve.pieces(curve.ends, np.array([side]))
        assert inside(section, [side * reach, h * reach**2])
        assert not inside(section, [side * reach, 10 * h * reach**2])
        assert not inside(section, [-side * reach, h * reach**2])


@given(
    st.floats(1.05, 3), st.floats(-0.9, 0.9), st.floats(-1, 1), st.floats(-1, 1), st.floats(-1, 1),
    st.sampled_from([1e-3, 1e-2, 0.05]),
)  # fmt: skip
def test_a_saddle_may_be_anywhere_in_its_box(m, r, c, dx, dy, reach):
    """States near the saddle stand for it; the curve is where it is, and not where they are."""
    exact, box = parabola(m=m, r=r, c=c), 1e-4
    one = saddle(exact, (box * dx, box * dy), box)
    curve = one.curves(exact, np.array([reach]))
    if not np.isfinite(curve.slope[0]):
        return
    h = c / (m * m - r)
    assert curve.slope[0] >= abs(2 * h * reach) * (1 - 1e-9)
    for side in (1, -1):
        section = curve.pieces(curve.ends, np.array([side]))
        # Where the parabola meets the line of all x with u = side * reach.
        normal = np.linalg.inv(one.P[0])[0]
        low, high = side * reach - 0.01, side * reach + 0.01
        for _ in range(80):
            x = 0.5 * (low + high)
            u = normal @ (np.array([x, h * x * x]) - one.centre[0])
            low, high = (x, high) if u < side * reach else (low, x)
        assert inside(section, [x, h * x * x])


@pytest.mark.parametrize(
    ("numbers", "direction"),
    [
        ({"m": 0.9, "r": 0.5}, (1.0, 0.0)),  # nothing leaves it
        ({"m": 1.0, "r": 0.5}, (1.0, 0.0)),
        ({"m": 1.5, "r": 3.0}, (1.0, 0.0)),  # what is across leaves it faster
        ({"m": 1.5, "r": 1.5}, (1.0, 0.0)),
        ({"m": 2.0, "r": 0.5}, (0.0, 1.0)),  # the stable direction
        ({"m": 1.001, "r": 0.5, "k": 0.2, "c": 40.0}, (1.0, 0.0)),  # curved too much
    ],
)
def test_what_is_no_such_curve_is_not_proved(numbers, direction):
    exact = parabola(**numbers)
    one = saddle(exact, direction=direction)
    for reach in (0.1, 0.01):
        assert not np.isfinite(one.curves(exact, np.array([reach])).slope[0])


def test_a_curve_that_leaves_its_box_is_not_proved():
    """The cone must fit between top and bottom of the box where Jacobians were looked at."""
    exact = parabola()
    one, a = saddle(exact), np.array([0.05])
    blocks = one._blocks(exact, a, np.ones(1))
    slope = _slopes(blocks, np.ones(1))
    assert np.isfinite(slope[0])
    assert not np.isfinite(_slopes(blocks, 0.5 * slope)[0])


@pytest.mark.parametrize("name", ["m", "k", "q", "r"])
def test_each_bound_counts(name):
    """With one of them worse by as much as there is room, nothing is proved."""
    exact = parabola(k=0.1)
    blocks = saddle(exact)._blocks(exact, np.array([0.05]), np.ones(1))
    assert np.isfinite(_slopes(blocks, np.ones(1))[0])
    worse = {"m": 1.0, "k": 8.0, "q": 2.0, "r": 2.5}[name]
    assert not np.isfinite(_slopes(blocks._replace(**{name: np.array([worse])}), np.ones(1))[0])


@given(
    st.floats(1, 3), st.floats(0, 2), st.floats(1e-9, 1), st.floats(0, 3),
    st.sampled_from([1e-12, 1e-3, 0.1, 1.0, None]), st.sampled_from([-1e-15, 0.0, 1e-15, 1e-3]),
)  # fmt: skip
def test_both_inequalities_hold_in_rational_numbers(m, k, q, r, slope, off):
    """Also where the slope is that for which they are equations, or that but for rounding."""
    if slope is None:
        gap = m - r
        root = np.sqrt(max(gap * gap - 4 * k * q, 0))
        slope = float(np.clip(2 * q / (gap + root) * (1 + off), 1e-12, 1e6))
    numbers = [np.array([float(value)]) for value in (m, k, q, r, 0.0)]
    proved = _keeps(_Blocks(*numbers, np.zeros(1, dtype=bool)), np.array([slope]))[0]
    m, k, q, r, slope = (Fraction(float(value)) for value in (m, k, q, r, slope))
    stretch = m - k * slope
    assert not proved or (stretch > 1 and q + r * slope <= slope * stretch)
    if stretch > 1 + 1e-9 and q + r * slope < slope * stretch * (1 - Fraction(1e-9)):
        assert proved


@pytest.mark.parametrize("most", [0.01, 0.5])
def test_bounds_of_blocks_hold_over_the_box(most):
    """All Jacobians of the box, those at its corners too, and hardly more."""
    exact = parabola(k=1.0, c=3.0, r=-0.5)
    one, a = saddle(exact, box=1e-3), np.array([0.05])
    blocks = one._blocks(exact, a, np.array([most]))
    inverse, high = np.linalg.inv(one.P[0]), most * a[0] + one.off_s[0]
    corners = []
    for u, s in product((-1, 1), repeat=2):
        x = one.P[0] @ [u * (a[0] + one.off_u[0]), s * high]
        corners.append(inverse @ np.array([[2.0, 1.0], [6.0 * x[0], -0.5]]) @ one.P[0])
    corners = np.array(corners)
    size, room = np.abs(corners).max(axis=0), 1 - 1e-9
    assert corners[:, 0, 0].min() * room - 0.05 < blocks.m[0] <= corners[:, 0, 0].min() / room
    assert size[0, 0] * room <= blocks.most[0]
    assert size[0, 1] * room <= blocks.k[0]
    assert size[1, 0] * room <= blocks.q[0]
    assert size[1, 1] * room <= blocks.r[0]
    assert not blocks.turns[0]


def test_a_box_of_the_saddle_makes_pieces_wider():
    exact, a = parabola(), np.array([0.01])
    exactly, about = (saddle(exact, box=box).curves(exact, a) for box in (0.0, 1e-3))
    one = np.ones(1, dtype=int)
    assert about.slope > exactly.slope
    wide = about.pieces(about.ends, one).radius.max()
    assert wide > 1e-3 + about.slope[0] * 0.011 * (1 - 1e-9)
    assert about.domains.lower < exactly.domains.lower - 0.9e-3
    assert about.domains.upper > exactly.domains.upper + 0.9e-3


def test_sides_of_a_saddle_that_may_be_further_out_are_not_known():
    """Where it lies at u = 0.01, the state at u = 0.005 is one of its other side."""
    exact, a = parabola(), np.array([0.005])
    assert np.isinf(saddle(exact, (-0.01, 0.0), 0.01).curves(exact, a).slope[0])
    assert np.isfinite(saddle(exact, (-0.004, 0.0), 0.004).curves(exact, a).slope[0])


@given(st.floats(1.05, 3), st.booleans(), st.floats(-1, 1), st.floats(1e-9, 1e-6))
def test_no_orbit_leaps_over_its_domain(m, turns, c, begin):
    """On each side every orbit of the curve has a state in it, also where sides change."""
    exact = parabola(m=-m if turns else m, c=c)
    curve = saddle(exact).curves(exact, np.array([0.02]))
    domain = curve.domains
    for side in (1, -1):
        if not np.isfinite(curve.slope[0]):
            return
        u, seen = side * begin, False
        while abs(u) < 0.1:
            on_side = u * side > 0
            seen |= bool(on_side and domain.lower[0] <= abs(u) <= domain.upper[0])
            u *= -m if turns else m
        assert seen
    assert domain.upper[0] / domain.lower[0] < 1.3 * m ** (2 if turns else 1)


def test_coordinates_that_are_not_proved_regular_prove_nothing():
    exact = parabola()
    one = saddle(exact)
    lost = Saddles(
        one.centre, one.P, Interval(one.inverse.mid, np.full((1, 2, 2), np.inf)), one.inputs,
        one.off_u, one.off_s,
    )  # fmt: skip
    assert not np.isfinite(lost.curves(exact, np.array([0.01])).slope[0])
