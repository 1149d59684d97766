"""Equations of linear regions and latent states, at the edge of what is provable."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from enumeration_cases import NO_INPUT, few_patterns, low_rank, vanilla

from stillpoint.dynamics import RateForm
from stillpoint.intervals import Interval
from stillpoint.proofs.enumeration import enumerate_states
from stillpoint.proofs.enumeration import zeros as zeros_module
from stillpoint.proofs.enumeration.arrangement import all_patterns, sign_patterns
from stillpoint.proofs.enumeration.bisection import Boxes, bisect
from stillpoint.proofs.enumeration.contraction import is_contraction
from stillpoint.proofs.enumeration.linear_regions import survey, systems, undecided
from stillpoint.proofs.enumeration.low_rank import Latent, latent_of
from stillpoint.proofs.enumeration.zeros import Zeros
from stillpoint.proofs.krawczyk import Equations, Krawczyk


@pytest.fixture(autouse=True)
def _quiet():
    with np.errstate(all="ignore"):
        yield


def latent(W, b):
    """Return the equations of a rectified network, its rates for latent states."""
    W, b = np.array(W, dtype=np.float64), np.array(b, dtype=np.float64)
    return latent_of(RateForm(W, Interval(b), "relu", of_currents=False), len(W))


def test_a_solution_on_a_kink_is_looked_for_on_both_sides():
    """r = max(0, b - r / 2) at a drive that is zero to rounding: neither region is left out."""
    for b in (0.0, 5e-324, -5e-324, 1e-300, -1e-300):
        found = survey(latent([[-0.5]], [b]), all_patterns(1))
        assert len(found.zeros) == 1
        assert (found.singular, found.unclear) == (0, 0)


def test_a_fold_on_a_kink_is_unclear_in_its_regions():
    """s = max(0, 2 s + r - 1 + b), r = 1: no point for b > 0, two for b < 0, a fold for b = 0."""

    def at(b):
        return survey(latent([[0.5, 0.0], [1.0, 2.0]], [0.5, b - 1.0]), all_patterns(2))

    assert (len(at(0.0).zeros), at(0.0).unclear > 0) == (0, True)
    assert (len(at(-1.0).zeros), at(-1.0).unclear, at(-1.0).singular) == (2, 0, 0)
    assert (len(at(1.0).zeros), at(1.0).unclear, at(1.0).singular) == (0, 0, 0)
    near = at(-(2.0**-52))
    assert near.unclear > 0 or len(near.zeros) == 2


def test_the_point_at_zero_rates_is_exact_and_near_ones_are_others():
    """r = max(0, 2 r + b): one point for b = 0, however steep, and two, 0 and -b, below."""
    for b, number in ((0.0, 1), (-1.0, 2), (-1e-20, 2), (-1e-300, 2)):
        found = survey(latent([[2.0]], [b]), all_patterns(1))
        assert len(found.zeros) == number or found.unclear
        assert found.zeros.where.contains(np.zeros((1, 1))).any()
        assert (found.zeros.unresolved, found.singular) == (0, 0)
    assert len(survey(latent([[2.0]], [1e-20]), all_patterns(1)).zeros) == 0


def test_an_offset_that_may_be_zero_is_not_taken_for_zero():
    """r = max(0, c - r / 2) has its point at 2 c / 3, or at 0: near, but not known exactly."""
    blurred = Interval(np.zeros(1), np.full(1, 1e-12))
    form = RateForm(np.array([[-0.5]]), blurred, "relu", of_currents=False)
    found = survey(latent_of(form, 1), all_patterns(1))
    assert (len(found.zeros), found.unclear) == (1, 0)
    assert found.zeros.where.contains(np.array([[[0.0]], [[6e-13]]])).all()


def test_regions_whose_equations_are_singular_are_counted_unless_they_contradict():
    line = survey(latent([[1.0]], [0.0]), all_patterns(1))
    assert line.singular == 1
    for b in (1.0, -1.0):
        # r = r + b has no solution, but without a bound on r that is not known to the survey.
        assert survey(latent([[1.0]], [b]), all_patterns(1)).singular == 1
    bounded = latent([[0.0, 1.0], [0.0, 0.5]], [0.0, 0.0])
    A, b = systems(bounded, all_patterns(2))
    assert undecided(bounded, A[:0], b[:0]) == 0


def singular_system(offset):
    """Return z_0 - z_1 = 0 and z_0 - z_1 = offset, as a stack of one."""
    A = Interval(np.array([[[1.0, -1.0], [1.0, -1.0]]]))
    return A, Interval(np.array([[0.0, offset]]))


def test_a_singular_system_is_decided_where_it_contradicts_itself_by_more_than_rounding():
    inhibited = latent([[0.0, -1.0], [-1.0, 0.0]], [1.0, 1.0])
    assert inhibited.region is not None
    for offset, left in ((0.0, 1), (1e-17, 1), (0.5, 0), (-0.5, 0)):
        assert undecided(inhibited, *singular_system(offset)) == left
    unbounded = latent([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0])
    assert unbounded.region is None
    assert undecided(unbounded, *singular_system(0.5)) == 1


def with_remainder(phi="relu"):
    """Return W = U V^T + D with a large D, as a network and as equations in one latent state."""
    rng = np.random.default_rng(0)
    U, V = rng.normal(size=(4, 1)), rng.normal(size=(4, 1)) / 4
    D = 0.1 * rng.normal(size=(4, 4)) / 4
    W, c = U @ V.T + D, rng.normal(size=4)
    form = RateForm(W, Interval(c), phi, of_currents=False)
    # What rounding leaves of W - U V^T is far below 1e-9.
    return Latent(form, U, V, np.abs(D).sum(axis=1) + 1e-9), D


def test_hyperplanes_move_with_the_remainder_and_are_enclosed_in_every_region():
    """(I - D S)^-1 (U z + c) for all signs S of the drives."""
    equations, D = with_remainder()
    normals, offsets = equations.hyperplanes()
    for pattern in all_patterns(4):
        inverse = np.linalg.inv(np.eye(4) - D * pattern)
        assert normals.contains(inverse @ equations.U).all()
        assert offsets.contains(inverse @ equations.form.c.mid).all()


def test_systems_of_regions_enclose_those_with_the_remainder():
    equations, D = with_remainder()
    A, b = systems(equations, all_patterns(4))
    for k, pattern in enumerate(all_patterns(4)):
        S = np.diag(pattern.astype(np.float64))
        map_of = equations.V.T @ np.linalg.inv(np.eye(4) - S @ D) @ S
        assert A[k].contains(np.eye(1) - map_of @ equations.U).all()
        assert b[k].contains(map_of @ equations.form.c.mid).all()


@pytest.mark.parametrize("phi", ["tanh", "sigmoid", "softplus", "relu"])
def test_drives_far_out_are_enclosed_with_the_remainder(phi):
    """Rates of unbounded activations are large there, and so is D R(z)."""
    equations, D = with_remainder(phi)
    z = np.array([[-50.0], [0.0], [50.0]])
    rates = np.zeros((3, 4))
    for _ in range(200):
        drive = z @ equations.U.T + equations.form.c.mid + rates @ D.T
        rates = equations.form.activation.value(drive)
    assert equations.drive(Interval(z)).contains(drive).all()


def test_units_that_all_see_one_direction_do_not_span_the_latent_space():
    """Parallel hyperplanes have no vertex, so that visiting vertices visits no region."""
    form = RateForm(np.ones((8, 8)), Interval(np.arange(8.0)), "relu", of_currents=False)
    flat = Latent(form, np.array([[1.0, 0.0]] * 8), np.eye(8)[:, :2] / 2, np.zeros(8))
    with few_patterns(0):
        assert "do not span" in sign_patterns(flat, 10**6)


@pytest.mark.parametrize(("gain", "contracts"), [(0.999, True), (1.0, False), (1.001, False)])
def test_a_contraction_is_one_by_its_norm_alone(gain, contracts):
    """A rotation has norm 1 and |W| has the radius cos + sin > 1."""
    turn = gain * np.array([[0.6, 0.8], [-0.8, 0.6]])
    form = RateForm(turn, Interval(np.zeros(2)), "linear", of_currents=False)
    assert is_contraction(form) == contracts
    steep = RateForm(turn, Interval(np.zeros(2)), "tanh", of_currents=False)
    assert is_contraction(steep) == contracts


class Parabola(Equations):
    """z^2 = target on [-3, 3]."""

    size, work = 1, 1
    region = Interval(np.zeros(1), np.full(1, 3.0))

    def __init__(self, target):
        self.target = target

    def residual(self, z):
        return z * z - self.target

    def jacobian(self, z):
        return (2.0 * z)[:, :, None]

    def states(self, z):
        return z


@pytest.mark.parametrize(
    ("target", "zeros", "stuck"),
    [(1.0, 2, False), (-1.0, 0, False), (1e-6, 2, False), (0.0, 0, True), (2.25, 2, False)],
)
def test_bisection_counts_zeros_on_borders_and_keeps_what_it_cannot_decide(target, zeros, stuck):
    """Halving [-3, 3] cuts at 0, 1.5, ...: where the zeros of the last case are."""
    found = bisect(Parabola(target), Parabola.region, 10_000)
    assert len(found.open) == 0
    assert len(found.zeros) == zeros
    assert (len(found.stuck) > 0) == stuck
    if stuck:
        assert np.abs(found.stuck.intervals.mid).max() < 1e-6
    roots = np.sqrt(max(target, 0.0)) * np.array([-1.0, 1.0])
    where = found.zeros.where
    for root in roots[:zeros]:
        assert ((where.lower <= root) & (root <= where.upper)).any()


def test_a_budget_leaves_what_was_not_looked_at_open():
    found = bisect(Parabola(1.0), Parabola.region, 2)
    assert found.examined == 2
    assert len(found.open) > 0
    left = Boxes(found.open.lower, found.open.upper)
    for root in (-1.0, 1.0):
        known = found.zeros.covers(Interval(np.array([[root]]), np.zeros((1, 1)))).any()
        assert known or ((left.lower <= root) & (root <= left.upper)).any()


def test_both_halves_of_a_box_are_kept():
    box = Boxes(np.array([[0.0, 0.0]]), np.array([[4.0, 1.0]]))
    halves = box.halved(np.ones((1, 2)))
    assert halves.lower.tolist() == [[0.0, 0.0], [2.0, 0.0]]
    assert halves.upper.tolist() == [[2.0, 1.0], [4.0, 1.0]]
    assert box.halved(np.array([[1.0, 9.0]])).upper[0].tolist() == [4.0, 0.5]


def test_singular_linear_networks_prove_nothing():
    assert not enumerate_states(vanilla([[1.0]], 0.0, "linear"), NO_INPUT).is_proof
    assert not enumerate_states(vanilla([[1.0]], 1.0, "linear"), NO_INPUT).is_proof


def test_a_remainder_counts_in_the_whole_enumeration():
    """Weights of rank 2 to 1e-6: the list is that of the exact weights."""
    base = low_rank(12, 2, 3)
    W = base.W + 1e-7 * np.random.default_rng(0).normal(size=(12, 12))
    proof = enumerate_states(vanilla(W, base.b), NO_INPUT)
    assert proof.is_proof
    moved = np.tanh(proof.states @ W.T + base.b) - proof.states
    assert np.abs(moved).max() < 1e-12


@pytest.mark.parametrize(
    "cell", [vanilla([[2.0]], 0.1), vanilla([[0.0, -2.0], [-2.0, 0.0]], 1.0, "relu")]
)
def test_zeros_that_are_not_resolved_are_no_proof(cell, monkeypatch):
    assert enumerate_states(cell, NO_INPUT).is_proof
    monkeypatch.setattr(Zeros, "unresolved", 1)
    proof = enumerate_states(cell, NO_INPUT)
    assert (proof.is_proof, proof.left) == (False, 1)


class Line(Equations):
    """(z - 1) (z + 1) (z - 1.1) / 4 in one unknown, with slopes that are enclosed."""

    size, work, region = 1, 1, None

    def residual(self, z):
        return (z - 1.0) * (z + 1.0) * (z - 1.1) * 0.25

    def jacobian(self, z):
        return ((3.0 * (z * z) - 2.2 * z - 1.0) * 0.25)[:, :, None]

    def states(self, z):
        return z


def test_a_zero_is_refined_inside_its_box_only():
    """Two zeros are near each other: steps from a box that holds one may not end at the other."""
    for zero in (1.0, 1.1, -1.0):
        unique = Interval(np.array([[zero + 0.002]]), np.array([[0.006]]))
        assert Krawczyk.on(Line(), unique).holds_one.all()
        zeros = Zeros.located(Line(), unique, Krawczyk.on(Line(), unique).images)
        assert zeros.where.contains(np.array([[zero]])).all()
        assert zeros.where.radius[0, 0] < 1e-12
        assert zeros.where.is_inside(unique).all()


@dataclass(frozen=True)
class Offset(Equations):
    """z = 0, enclosed with an error, so that no box smaller than that holds one for certain."""

    size, work, region = 1, 1, None
    error: float

    def residual(self, z):
        return z + Interval(np.zeros(z.shape), np.full(z.shape, self.error))

    def jacobian(self, z):
        return Interval(np.ones((len(z), 1, 1)))

    def states(self, z):
        return z


def test_boxes_narrower_than_rounding_are_not_taken():
    """What is enclosed to 1e-5 only stays in a box of about 1e-5."""
    unique = Interval(np.array([[1e-3]]), np.array([[0.1]]))
    operator = Krawczyk.on(Offset(1e-5), unique)
    zeros = Zeros.located(Offset(1e-5), unique, operator.images)
    assert zeros.where.contains(np.zeros((1, 1))).all()
    assert 1e-5 <= zeros.where.radius[0, 0] < 1.1e-5


def test_a_box_around_a_wrong_end_is_not_taken(monkeypatch):
    """Steps that do not arrive end where small boxes hold no zero, and their images none either."""
    monkeypatch.setattr(zeros_module, "iterated", lambda equations, unique, where: unique.mid)
    unique = Interval(np.array([[1.102]]), np.array([[0.006]]))
    zeros = Zeros.located(Line(), unique, unique)
    assert zeros.where.contains(np.array([[1.1]])).all()
