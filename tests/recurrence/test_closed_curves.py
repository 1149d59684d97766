"""Closed curves of maps whose curves are known, and orbits that must not be taken for one."""

from __future__ import annotations

import os
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import root

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.points import OrbitEnd
from stillpoint.points.fourier import evaluated, resampled, slope, turned
from stillpoint.recurrence.closed_curves.along import bounded_solution
from stillpoint.recurrence.closed_curves.evidence import birkhoff_rotations
from stillpoint.recurrence.closed_curves.guesses import guesses
from stillpoint.recurrence.closed_curves.newton import Turn, solved

TURN = np.array([[np.cos(1.0), -np.sin(1.0)], [np.sin(1.0), np.cos(1.0)]])
RADIAN = 1 / (2 * np.pi)


def complex_map(step):
    """The map z' = step(z) of the plane."""

    def planar(x):
        z = step(x[:, 0] + 1j * x[:, 1])
        return np.stack([z.real, z.imag], axis=1)

    return sp.as_system(planar, state_size=2, recognise=False)


def circle_map(mu, sign=1.0):
    """The circle of radius sqrt(mu), which attracts, or repels where the sign is -1."""
    return complex_map(lambda z: np.exp(1j) * z * (1 + sign * (mu - np.abs(z) ** 2)))


def turning(gain):
    """x' = tanh(gain R x), R a rotation by one radian."""
    return sp.as_system(sp.cells.VanillaCell(gain * TURN, np.zeros((2, 0)), np.zeros(2)))


def ends(curves):
    return [OrbitEnd(ending).name for ending in curves.orbits.ending]


def test_a_circle_that_attracts():
    curves = sp.find_closed_curves(circle_map(0.1), [[0.1, 0.2], [-0.4, 0.0], [0.0, 0.0]])
    assert ends(curves) == ["CURVE", "CURVE", "POINT"]
    assert curves.reached.tolist() == [0, 0, -1]
    assert curves.hits.tolist() == [2]
    np.testing.assert_allclose(np.linalg.norm(curves.orbit(0), axis=1), np.sqrt(0.1), atol=1e-14)
    np.testing.assert_allclose(curves.rotation, [RADIAN], atol=1e-14)
    np.testing.assert_allclose(curves.birkhoff_rotation, [RADIAN], atol=1e-13)
    np.testing.assert_allclose(curves.normal_exponents, [[np.log(0.8)]], atol=1e-12)
    np.testing.assert_allclose(curves.tangent_exponent, [0.0], atol=1e-12)
    np.testing.assert_allclose(curves.period, [2 * np.pi], rtol=1e-12)
    assert curves.is_stable.tolist() == [True]


@pytest.mark.parametrize(
    ("gain", "rotation", "exponent"),
    [(1.5, 0.161397800798167, -0.96196083), (2.0, 0.1659815550088404, -1.94342103)],
)
def test_a_curve_with_many_modes(gain, rotation, exponent):
    curves = sp.find_closed_curves(turning(gain), [[0.1, 0.2]])
    assert abs(curves.rotation[0] - rotation) < 1e-12
    assert abs(curves.birkhoff_rotation[0] - curves.rotation[0]) < 1e-12
    assert abs(curves.normal_exponents[0, 0] - exponent) < 1e-7
    assert curves.rotation_error[0] < 1e-12
    assert curves.tail[0] < 1e-10
    # in the plane all exponents together are the mean of log |det J|
    J = turning(gain).jacobian(curves.orbit(0))
    assert abs(np.linalg.slogdet(J)[1].mean() - curves.normal_exponents[0, 0]) < 1e-9
    # it holds at angles that no node has
    angles = np.random.default_rng(0).uniform(size=500)
    wrong = Turn(turning(gain), np.zeros(0), curves.orbit(0), rotation + 1e-3)
    assert abs(birkhoff_rotations([wrong])[0] - rotation) < 1e-12  # the orbit does not know ρ
    after = turning(gain).step(curves.at(0, angles))
    assert np.abs(after - curves.at(0, angles + curves.rotation[0])).max() < 1e-11


def test_what_holds_at_nodes_alone_is_not_believed():
    """With 16 modes the equation holds at its nodes, to rounding, and ρ is 3e-6 off."""
    path = turning(2.0).simulate(np.array([[0.1, 0.2]]), steps=3000)[0, 1000:]
    nodes, rho = next(guesses(path))
    whole = solved(Turn(turning(2.0), np.zeros(0), nodes, rho), 1e-12, 512)
    turn = replace(whole, nodes=resampled(whole.nodes, 33))

    def at_nodes(unknowns):
        tried = replace(turn, nodes=unknowns[:-1].reshape(33, 2), rho=unknowns[-1])
        return np.append(tried.gaps.ravel(), tried.nodes[0, 1] - turn.nodes[0, 1])

    found = root(at_nodes, np.append(turn.nodes.ravel(), turn.rho), tol=1e-14).x
    turn = replace(turn, nodes=found[:-1].reshape(33, 2), rho=found[-1])
    assert turn.missed < 1e-13
    assert 1e-6 < abs(turn.rho - 0.1659815550088404) < 1e-5
    assert replace(turn, nodes=resampled(turn.nodes, 67)).missed > 1e-4
    assert solved(turn, 1e-12, 16) is None
    assert solved(turn, 1e-12, 512).error < 1e-12
    few = sp.find_closed_curves(turning(2.0), [[0.1, 0.2]], max_modes=32)
    assert len(few) == 0
    assert ends(few) == ["MOVING"]


@pytest.mark.parametrize("radius", [0.222, 0.2236, 0.225])
def test_a_circle_that_repels_is_found_from_beside_it(radius):
    curves = sp.find_closed_curves(circle_map(0.05, -1.0), [[radius, 0.0]])
    np.testing.assert_allclose(curves.rotation, [RADIAN], atol=1e-13)
    np.testing.assert_allclose(curves.normal_exponents, [[np.log(1.1)]], atol=1e-12)
    assert curves.n_unstable.tolist() == [1]
    assert np.isnan(curves.birkhoff_rotation).all()
    assert ends(curves) in (["POINT"], ["DIVERGED"])
    without = sp.find_closed_curves(circle_map(0.05, -1.0), [[radius, 0.0]], repelling=False)
    assert len(without) == 0


def test_a_saddle_curve_in_a_larger_space():
    def step(x):
        plane = (x[:, :2] @ TURN.T) * (1.1 - (x[:, :2] ** 2).sum(axis=1, keepdims=True))
        return np.hstack([plane, 1.2 * x[:, 2:3], 0.5 * x[:, 3:] + 0.3 * x[:, :1]])

    system = sp.as_system(step, state_size=4, recognise=False)
    curves = sp.find_closed_curves(system, [[0.3, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(curves.rotation, [RADIAN], atol=1e-13)
    np.testing.assert_allclose(curves.normal_exponents[0], np.log([1.2, 0.8, 0.5]), atol=1e-6)


def test_a_curve_in_two_pieces():
    def step(x):
        plane = (x[:, :2] @ TURN.T) * (1.1 - (x[:, :2] ** 2).sum(axis=1, keepdims=True))
        return np.hstack([plane, -np.tanh(2 * x[:, 2:])])

    system = sp.as_system(step, state_size=3, recognise=False)
    curves = sp.find_closed_curves(system, [[0.3, 0.0, 0.5], [0.1, 0.1, -0.2], [0.3, 0.1, 0.0]])
    assert curves.n_components.tolist() == [2, 1]
    assert curves.hits.tolist() == [2, 1]
    np.testing.assert_allclose(curves.rotation, [2 * RADIAN, RADIAN], atol=1e-13)
    np.testing.assert_allclose(curves.period, [2 * np.pi] * 2, rtol=1e-12)
    flip = np.log(2 * (1 - 0.9575040240772688**2))
    np.testing.assert_allclose(curves.normal_exponents[0], [np.log(0.8), flip], atol=1e-9)
    np.testing.assert_allclose(curves.normal_exponents[1], [np.log(2), np.log(0.8)], atol=1e-9)
    one = sp.find_closed_curves(system, [[0.3, 0.0, 0.5]], max_components=1)
    assert len(one) == 0


def locked(detuning):
    """Near the resonance 1/5: within its tongue two cycles of five steps, beside it a curve."""
    turn = np.exp(1j * (2 * np.pi / 5 + detuning))
    return complex_map(lambda z: turn * z * (1.1 - np.abs(z) ** 2) + 0.05 * z.conj() ** 4)


def test_a_locked_orbit_is_a_cycle_and_beside_it_there_is_a_curve():
    inside = sp.find_closed_curves(locked(1e-3), [[0.3, 0.0], [0.1, 0.1]])
    assert len(inside) == 0
    assert ends(inside) == ["CYCLE"] * 2
    assert inside.orbits.period.tolist() == [5.0, 5.0]
    beside = sp.find_closed_curves(locked(3e-3), [[0.3, 0.0], [0.1, 0.1]])
    assert ends(beside) == ["CURVE"] * 2
    assert beside.n_components.tolist() == [1]
    assert beside.resonance.tolist() == [[1, 5]]
    np.testing.assert_allclose(beside.resonance_distance, beside.rotation - 0.2, atol=1e-15)
    assert abs(beside.birkhoff_rotation - beside.rotation)[0] < 1e-7


def test_what_is_no_curve_is_called_none():
    henon = sp.as_system(
        lambda x: np.stack([1 - 1.4 * x[:, 0] ** 2 + x[:, 1], 0.3 * x[:, 0]], axis=1),
        state_size=2,
        recognise=False,
    )
    chaos = sp.find_closed_curves(henon, [[0.1, 0.1]], transient=100)
    assert (len(chaos), ends(chaos)) == (0, ["MOVING"])
    for middle in (0.0, 5.0):
        spiral = complex_map(
            lambda z, m=middle: m + np.exp(1j) * (z - m) * (0.998 - np.abs(z - m) ** 2)
        )
        slow = sp.find_closed_curves(spiral, [[middle + 0.1, 0.1]])
        assert (len(slow), ends(slow)) == (0, ["POINT"])
    angles = 2 * np.pi * np.arange(9) / 9
    speck = 5 + 1e-8 * np.stack([np.cos(angles), np.sin(angles)], axis=1)  # too small to tell
    turns = sp.as_system(lambda x: 5 + (x - 5) @ TURN.T, state_size=2, recognise=False)
    assert solved(Turn(turns, np.zeros(0), speck, RADIAN), 1e-6, 64) is None
    rational = sp.find_closed_curves(
        complex_map(lambda z: np.exp(2j * np.pi / 7) * z * (1.1 - np.abs(z) ** 2)), [[0.1, 0.1]]
    )
    assert (len(rational), ends(rational)) == (0, ["CYCLE"])


def test_a_torus_is_no_curve():
    def step(x):
        pairs = x.reshape(-1, 2, 2)
        z = pairs[..., 0] + 1j * pairs[..., 1]
        z = np.exp(1j * np.array([1.0, np.sqrt(2)])) * z * (1.1 - np.abs(z) ** 2)
        return np.stack([z.real, z.imag], axis=2).reshape(-1, 4)

    system = sp.as_system(step, state_size=4, recognise=False)
    curves = sp.find_closed_curves(system, [[0.3, 0.0, 0.2, 0.2]], transient=200)
    assert ends(curves) == ["MOVING"]
    # curves on which one of the two stands still are there, and repel
    assert not curves.is_stable.any()


def test_the_direction_of_a_curve_is_that_of_the_smaller_rotation():
    back = complex_map(lambda z: np.exp(-1j) * z * (1.1 - np.abs(z) ** 2))
    curves = sp.find_closed_curves(back, [[0.1, 0.2]])
    np.testing.assert_allclose(curves.rotation, [RADIAN], atol=1e-13)
    other = Turn(back, np.zeros(0), np.roll(curves.orbit(0)[::-1], 1, axis=0), 1 - RADIAN)
    assert abs(solved(other, 1e-12, 64).rho - RADIAN) < 1e-13
    after = back.step(curves.orbit(0))
    assert np.abs(after - curves.at(0, np.arange(45) / 45 + RADIAN)).max() < 1e-12


def test_the_strongest_line_may_be_a_multiple():
    angle = 2 * np.pi * 0.31 * np.arange(1500)
    knot = np.stack([np.cos(angle), np.sin(angle), 9 * np.cos(3 * angle), 9 * np.sin(3 * angle)], 1)
    _, rho = next(guesses(knot))
    assert min(abs(rho - 0.31), abs(1 - rho - 0.31)) < 1e-8


def test_curves_are_kept_under_their_inputs():
    system = sp.as_system(
        lambda x, u: (x @ TURN.T) * (1 + u - (x**2).sum(axis=1, keepdims=True)),
        state_size=2,
        input_size=1,
        recognise=False,
    )
    starts, inputs = np.full((4, 2), 0.2), [[0.2], [0.1], [0.2], [-0.1]]
    curves = sp.find_closed_curves(system, starts, inputs)
    assert curves.inputs.ravel().tolist() == [0.1, 0.2]
    assert curves.reached.tolist() == [1, 0, 1, -1]
    assert curves.take([1]).reached.tolist() == [0, -1, 0, -1]
    idle = sp.as_system(
        lambda x, u: (x @ TURN.T) * (1.1 + 0 * u - (x**2).sum(axis=1, keepdims=True)),
        state_size=2,
        input_size=1,
        recognise=False,
    )
    assert len(sp.find_closed_curves(idle, starts[:2], [[0.0], [1.0]])) == 2
    sizes = [np.linalg.norm(curves.orbit(row), axis=1).mean() for row in (0, 1)]
    np.testing.assert_allclose(sizes, np.sqrt([0.1, 0.2]), atol=1e-12)


def test_equations_along_a_curve_have_one_bounded_solution():
    rng = np.random.default_rng(0)
    smooth = resampled(rng.standard_normal((5, 3, 3)), 27)
    e = resampled(rng.standard_normal((5, 3)), 27)
    for scale in (0.1, 3.0):  # summed by doubling, and solved at once
        n = bounded_solution(scale * smooth, e, 0.3)
        left = turned(n, 0.3) - (scale * smooth @ n[:, :, None])[:, :, 0] - e
        assert np.abs(left).max() < (1e-5 if scale < 1 else 1e-9)
    assert bounded_solution(3.0 * smooth, e, 0.3, contracts=True) is None


def test_polynomials_in_the_angle():
    theta = np.arange(15) / 15
    curve = np.stack([np.sin(2 * np.pi * theta), np.cos(6 * np.pi * theta)], axis=1)
    at = np.array([0.123, 0.9])
    wanted = np.stack([np.sin(2 * np.pi * at), np.cos(6 * np.pi * at)], axis=1)
    np.testing.assert_allclose(evaluated(curve, at), wanted, atol=1e-13)
    np.testing.assert_allclose(evaluated(turned(curve, 0.2), at - 0.2), wanted, atol=1e-13)
    rising = np.stack(
        [2 * np.pi * np.cos(2 * np.pi * at), -6 * np.pi * np.sin(6 * np.pi * at)], axis=1
    )
    np.testing.assert_allclose(evaluated(slope(curve), at), rising, atol=1e-11)
    np.testing.assert_allclose(resampled(resampled(curve, 45), 15), curve, atol=1e-13)


def test_curves_survive_their_file(tmp_path):
    curves = sp.find_closed_curves(circle_map(0.1), [[0.1, 0.2], [0.0, 0.0]])
    again = sp.load(curves.save(tmp_path / "curves.nc"))
    assert repr(again) == repr(curves)
    assert np.array_equal(again.states, curves.states, equal_nan=True)
    assert again.reached.tolist() == curves.reached.tolist()
    assert len(again.to_dataframe()) == 1
    assert "Das" in again.citation()
    none = sp.find_closed_curves(circle_map(0.1), [[0.0, 0.0]])
    assert repr(sp.load(none.save(tmp_path / "none.nc"))) == repr(none)
    assert len(none.to_dataframe()) == 0
    line = sp.as_system(lambda x: np.tanh(-2 * x), state_size=1, recognise=False)
    on_a_line = sp.find_closed_curves(line, [[0.5]])
    assert ends(on_a_line) == ["CYCLE"]
    assert len(on_a_line.to_dataframe()) == 0


@pytest.mark.skipif(
    "STILLPOINT_CHECK_ANNOTATIONS" in os.environ, reason="the checks of annotations come first"
)
def test_what_does_not_fit_is_refused():
    flow = sp.as_system(lambda x: -x, state_size=2, kind="flow")
    with pytest.raises(ArgumentError, match=r"^system: .*find_cycles"):
        sp.find_closed_curves(flow, [[0.0, 0.0]])
    system = circle_map(0.1)
    wrong = {
        "starts": {"starts": np.zeros((0, 2))},
        "transient": {"transient": -1},
        "max_components": {"max_components": 0},
        "max_modes": {"max_modes": 0},
        "repelling": {"repelling": 1},
        "tol": {"tol": 0.0},
    }
    for name, argument in wrong.items():
        with pytest.raises(ArgumentError, match=rf"^{name}: "):
            sp.find_closed_curves(system, **({"starts": [[0.1, 0.2]]} | argument))
    curves = sp.find_closed_curves(system, [[0.1, 0.2]])
    with pytest.raises(ArgumentError, match=r"^row: "):
        curves.orbit(1)
    with pytest.raises(ArgumentError, match=r"^angles: "):
        curves.at(0, [[0.0]])
