"""Fixed points of networks with a hidden layer, enumerated, against rational arithmetic."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

import stillpoint as sp
from stillpoint.cells import ShallowCell, VanillaCell


def solved(matrix, right):
    """Return the solution of a linear system over the rationals, None if it has not one alone."""
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(len(rows)):
        pivot = next((k for k in range(i, len(rows)) if rows[k][i]), None)
        if pivot is None:
            return None
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [value / rows[i][i] for value in rows[i]]
        for k in range(len(rows)):
            if k != i and rows[k][i]:
                rows[k] = [a - rows[k][i] * b for a, b in zip(rows[k], rows[i], strict=True)]
    return tuple(row[-1] for row in rows)


def points_of(cell):
    """Return all fixed points of a rectified cell; None where a region's system is singular."""
    A, W1, W2, b, c = (
        np.vectorize(Fraction)(part) for part in (cell.A, cell.W1, cell.W2, cell.b, cell.c)
    )
    found = set()
    for signs in itertools.product([0, 1], repeat=len(c)):
        active = np.array(signs)
        linear = A if A.ndim == 2 else np.diag(A)
        matrix = (W1 * active) @ W2 + linear - np.diag(np.full(len(b), Fraction(1)))
        x = solved(matrix.tolist(), (-(b + W1 @ (active * c))).tolist())
        if x is None:
            return None
        drive = W2 @ np.array(x) + c
        if all(a >= 0 if on else a <= 0 for a, on in zip(drive, active, strict=True)):
            found.add(x)
    return found


def network(rng, kind, *, whole):
    """Return a rectified network, of weights that are quarters if `whole`: kinks meet exactly."""

    def w(*shape):
        return rng.integers(-6, 7, shape) / 4 if whole else rng.standard_normal(shape)

    d, h = int(rng.integers(1, 4)), int(rng.integers(1, 4))
    none, b = np.zeros((d, 0)), w(d) * (rng.random() < 0.7)
    if kind == "shallow":
        return ShallowCell(w(d), w(d, h), w(h, d), none, b, w(h) * (rng.random() < 0.7))
    if kind == "any":
        return ShallowCell(w(d, d), w(d, h), w(h, d), none, b, w(h))
    if kind == "plrnn":
        return ShallowCell.plrnn(w(d), w(d, d), none, b)
    if kind == "clipped":
        return ShallowCell.clipped(w(d), w(d, 2), w(2, d), none, b, w(2))
    return ShallowCell.dendritic(w(d), w(d, d), none, b, w(2), w(2, d))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("kind", ["shallow", "any", "plrnn", "clipped", "dendritic"])
def test_rectified_networks_against_rational_arithmetic(kind, whole):
    rng, proofs = np.random.default_rng(len(kind) + whole), 0
    for _ in range(25):
        cell = network(rng, kind, whole=whole)
        found = sp.enumerate_fixed_points(sp.as_system(cell))
        if not found.is_proof:
            assert whole  # quarters make singular systems and degenerate kinks
            continue
        wanted = points_of(cell)
        if wanted is None:  # singular, but proved to have no solution where points can be
            continue
        proofs += 1
        assert len(found.states) == len(wanted)
        exact = np.array([[float(v) for v in x] for x in sorted(wanted)])
        order = np.lexsort(found.states.round(9).T[::-1])
        np.testing.assert_allclose(
            found.states[order], exact.reshape(-1, cell.state_size), rtol=1e-9, atol=1e-9
        )
    assert proofs >= (5 if whole else 20)


def test_a_network_that_rests_where_all_its_kinks_meet():
    """x' = 2 relu(x) - 3 relu(y), y' = relu(x) + relu(y) / 2 stands still at 0 alone."""
    cell = ShallowCell.plrnn(np.zeros(2), [[2.0, -3.0], [1.0, 0.5]], np.zeros((2, 0)), np.zeros(2))
    found = sp.enumerate_fixed_points(sp.as_system(cell))
    assert found.is_proof
    np.testing.assert_array_equal(found.states, [[0.0, 0.0]])


def test_few_latent_dimensions_and_many_hidden_units():
    """In two dimensions 60 lines leave some 1,800 regions, not 2^60."""
    rng = np.random.default_rng(0)
    cell = ShallowCell(
        np.array([0.5, -0.5]), rng.standard_normal((2, 60)) / 8, rng.standard_normal((60, 2)),
        np.zeros((2, 1)), np.zeros(2), rng.standard_normal(60),
    )  # fmt: skip
    system = sp.as_system(cell)
    found = sp.enumerate_fixed_points(system, [0.3])
    assert found.is_proof
    points = sp.find_all_fixed_points(system, [0.3], exhaustive=False, max_starts=2048)
    assert len(points) == len(found.states)
    wide = ShallowCell.plrnn(
        np.full(30, 0.5), rng.standard_normal((30, 30)), np.zeros((30, 0)), np.zeros(30)
    )
    assert "too many linear regions" in sp.enumerate_fixed_points(sp.as_system(wide)).reason


@pytest.mark.parametrize("phi", [pytest.param("tanh", marks=pytest.mark.slow), "sigmoid"])
def test_smooth_networks_against_a_search(phi):
    rng, several = np.random.default_rng(3), 0
    for _ in range(12):
        d, h = int(rng.integers(1, 4)), int(rng.integers(1, 5))
        cell = ShallowCell(
            rng.uniform(-0.9, 0.9, d), 2 * rng.standard_normal((d, h)),
            2 * rng.standard_normal((h, d)), np.zeros((d, 0)), 0.3 * rng.standard_normal(d),
            rng.standard_normal(h), phi,
        )  # fmt: skip
        system = sp.as_system(cell)
        found = sp.enumerate_fixed_points(system)
        points = sp.find_all_fixed_points(system, exhaustive=False, max_starts=1024)
        assert found.is_proof
        assert len(found.states) == len(points)
        assert points.certificate.proved.all()
        assert points.index.sum() == system.dynamics.lefschetz == 1
        several += len(points) > 1
    assert phi == "sigmoid" or several


def test_units_that_grow_by_themselves():
    """x' = 1.5 x - 2 tanh(x) rests at 0 and where x = 4 tanh(x); x' = x + ... has no known box."""
    none, one = np.zeros((1, 0)), np.ones((1, 1))
    growing = ShallowCell.plrnn([1.5], -2 * one, none, [0.0], "tanh")
    found = sp.enumerate_fixed_points(sp.as_system(growing))
    assert found.is_proof
    np.testing.assert_allclose(np.sort(found.states[:, 0]), [-3.997, 0, 3.997], atol=1e-3)
    keeping = ShallowCell.plrnn([1.0], one, none, [0.5], "tanh")
    assert "no box is known" in sp.enumerate_fixed_points(sp.as_system(keeping)).reason


@pytest.mark.parametrize("seed", range(4))
def test_the_state_of_a_zero_that_is_alone_in_a_wide_box(seed):
    """One step proves it, many lead to it."""
    rng, none = np.random.default_rng(seed), np.zeros((1, 0))
    for _ in range(20):
        w, b = -(10 ** rng.uniform(0, 2.5, (1, 1))), 30 * rng.standard_normal(1)
        to, of = 2 * rng.standard_normal((2, 1, 1))
        A = rng.choice([0.5, 0.9, 0.99, 1.5], 1)
        for cell in (
            VanillaCell(w, none, b),
            ShallowCell(A, to, of, none, rng.standard_normal(1), rng.standard_normal(1), "tanh"),
        ):
            system = sp.as_system(cell)
            found = sp.enumerate_fixed_points(system)
            if found.is_proof:
                size = max(1.0, np.abs(found.states).max(), -w.max())
                assert np.abs(system.residual(found.states)).max() < 1e-12 * size


def test_linear_and_unbounded_networks():
    linear = ShallowCell(
        np.array([0.5]), np.array([[2.0]]), np.array([[-1.0]]), np.ones((1, 1)), np.ones(1),
        np.zeros(1), "linear",
    )  # fmt: skip
    found = sp.enumerate_fixed_points(sp.as_system(linear), [4.0])
    assert found.is_proof
    np.testing.assert_allclose(found.states, [[2.0]])
    softplus = ShallowCell.plrnn([0.5], [[0.6]], np.zeros((1, 0)), [1.0], "softplus")
    assert "no box is known" in sp.enumerate_fixed_points(sp.as_system(softplus)).reason


def test_a_part_and_a_clamped_network_are_enumerated():
    rng = np.random.default_rng(1)
    w = rng.standard_normal
    cell = ShallowCell(w(3) / 2, w((3, 4)), w((4, 3)), w((3, 2)), w(3), w(4))
    system, u = sp.as_system(cell), w(2)
    whole = sp.enumerate_fixed_points(system, u)
    clamped = sp.enumerate_fixed_points(system.clamp(u))
    assert whole.is_proof
    np.testing.assert_array_equal(clamped.states, whole.states)
    part = system.restrict(units=[2, 0])
    held = np.concatenate([u, [0.7]])
    x = sp.enumerate_fixed_points(part, held)
    assert x.is_proof
    assert len(x.states)
    full = part.to_full(x.states, held)
    moved = system.step(full, u)
    np.testing.assert_allclose(moved[:, [2, 0]], x.states, atol=1e-12)
