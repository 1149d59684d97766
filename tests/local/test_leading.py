"""Leading eigenvalues, and what they decide, against all eigenvalues."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stillpoint as sp
from stillpoint.cells import VanillaCell
from stillpoint.local import LARGE, Decision, LeadingModes, linearize_large, linearize_rows
from stillpoint.local import leading as module
from stillpoint.local.factored import Factored, factored_condition, factored_resolution
from stillpoint.local.resolution import resolution_at


def linear(A, kind="map"):
    """A linear system with a known Jacobian."""
    if kind == "map":
        return sp.as_system(VanillaCell(A, np.zeros((len(A), 0)), np.zeros(len(A)), "linear"))
    return sp.as_system(
        lambda x: x @ A.T, state_size=len(A), kind="flow", recognise=False,
        jacobian=lambda x, _: np.broadcast_to(A, (len(x), *A.shape)),
    )  # fmt: skip


def at_origin(system):
    return np.zeros((1, system.state_size)), np.zeros((1, 0))


def planted(d, outliers, radius, seed=0):
    """A disc of this radius with some outliers, in a basis that is not orthogonal."""
    rng = np.random.default_rng(seed)
    A = radius / np.sqrt(d) * rng.standard_normal((d, d))
    k = len(outliers)
    A[:k] = 0
    A[:k, :k] = outliers
    S = np.eye(d) + 0.3 * rng.standard_normal((d, d)) / np.sqrt(d)
    return S @ A @ np.linalg.inv(S)


PAIR = np.array([[0.9, -0.9], [0.9, 0.9]])


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize(
    ("outliers", "count"),
    [(np.diag([1.5, -1.2, 0.9]), 2), (PAIR, 2), (np.diag([0.8, 0.5]), 0), (np.diag([3.0]), 1)],
)
def test_the_number_of_unstable_directions_is_that_of_all_eigenvalues(outliers, count, kind):
    A = planted(80, outliers, 0.4)
    if kind == "flow":
        A = A - np.eye(80)
        count = int((np.linalg.eigvals(A).real > 0).sum())
    system = linear(A, kind)
    lin = linearize_large(system, *at_origin(system))
    assert lin.n_unstable.tolist() == [count]
    assert lin.leading.decision.tolist() == [Decision.BOUND]
    assert lin.is_stable.tolist() == [count == 0]
    whole = linearize_rows(system, *at_origin(system))
    assert whole.n_unstable.tolist() == [count]
    known = lin.leading.converged[0]
    np.testing.assert_allclose(
        np.abs(lin.leading_eigenvalues[0][known]),
        np.abs(whole.eigenvalues[0, : len(known)][known]),
        rtol=1e-6,
    )
    np.testing.assert_allclose(lin.eigenvalues, whole.eigenvalues, atol=1e-9)
    np.testing.assert_array_equal(lin.jacobian, whole.jacobian)


@settings(max_examples=25, deadline=None)
@given(st.integers(3, 40), st.floats(0.1, 1.3), st.integers(0, 10**6))
def test_what_is_decided_is_right(d, radius, seed):
    A = radius / np.sqrt(d) * np.random.default_rng(seed).standard_normal((d, d))
    system = linear(A)
    lin = linearize_large(system, *at_origin(system))
    moduli = np.abs(np.linalg.eigvals(A))
    if lin.n_unstable[0] >= 0:
        assert lin.n_unstable[0] == (moduli > 1).sum()
    for value, residual in zip(lin.leading.eigenvalues[0], lin.leading.residuals[0], strict=True):
        if np.isfinite(value):  # the smallest singular value of A - value is at most the residual
            least = np.linalg.svd(A - value * np.eye(d), compute_uv=False)[-1]
            assert least <= residual + 1e-12


def test_all_others_lie_within_the_bound():
    A = planted(60, np.diag([1.5, 1.2]), 0.5)
    system = linear(A)
    leading = linearize_large(system, *at_origin(system)).leading
    moduli = np.sort(np.abs(np.linalg.eigvals(A)))[::-1]
    beyond = (moduli > leading.others[0]).sum()
    assert 1 > leading.others[0] >= moduli[leading.converged[0].sum()]
    assert beyond <= leading.converged[0].sum()


def test_an_error_that_moves_an_eigenvalue_over_the_border_leaves_it_open():
    A = planted(60, np.diag([1.001]), 0.3)
    system = linear(A)
    lin = linearize_large(system, *at_origin(system))
    assert lin.n_unstable.tolist() == [1]
    assert lin.leading.tolerates[0] * np.linalg.norm(A) < 0.001
    less = sp.local.less_certain(lin, np.array([1e-2]))
    assert less.n_unstable.tolist() == [-1]
    assert less.is_stable.tolist() == [False]


def test_what_leading_eigenvalues_leave_open_all_of_them_decide():
    """A long chain: norms of its powers grow far, though every eigenvalue is 0.5."""
    d = 30
    A = 0.5 * np.eye(d) + np.eye(d, k=1)
    system = linear(A)
    lin = linearize_large(system, *at_origin(system))
    whole = linearize_rows(system, *at_origin(system))
    assert lin.leading.decision[0] != Decision.BOUND
    assert lin.n_unstable.tolist() == whole.n_unstable.tolist()


def test_nothing_is_said_where_even_that_takes_too_long(monkeypatch):
    monkeypatch.setattr(module, "_ALL_WITHIN", 10)
    system = linear(np.eye(12))  # on the border
    lin = linearize_large(system, *at_origin(system))
    assert lin.leading.decision.tolist() == [Decision.OPEN]
    assert lin.n_unstable.tolist() == [-1]


def test_arpack_decides_where_a_few_products_do_not(monkeypatch):
    monkeypatch.setattr(module, "_PRODUCTS", 3)
    A = planted(100, np.diag([1.4, -1.3, 1.2, 1.1]), 0.4)
    system = linear(A)
    lin = linearize_large(system, *at_origin(system))
    assert lin.n_unstable.tolist() == [4]
    assert lin.leading.decision.tolist() == [Decision.BOUND]
    np.testing.assert_allclose(np.abs(lin.leading_eigenvalues[0, :4]), [1.4, 1.3, 1.2, 1.1])


def test_a_jacobian_that_is_not_finite_says_nothing():
    system = sp.as_system(
        lambda x: x, state_size=3, recognise=False,
        jacobian=lambda x, _: np.full((len(x), 3, 3), np.nan if x[0, 0] > 0 else 0.5),
    )  # fmt: skip
    lin = linearize_large(system, np.ones((1, 3)), np.zeros((1, 0)))
    assert lin.n_unstable.tolist() == [-1]


# -- one factorisation -----------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 15), st.integers(0, 10**6))
def test_a_factorisation_knows_sign_condition_and_inverse(d, seed):
    A = np.random.default_rng(seed).standard_normal((d, d))
    lu = Factored(A.copy())
    assert lu.sign == np.sign(np.linalg.det(A))
    exact = max(np.linalg.norm(A, 1), 1) * np.linalg.norm(np.linalg.inv(A), 1)
    assert exact / 3 <= lu.condition <= 1.0001 * exact
    assert lu.least <= 1.0001 * np.linalg.svd(A, compute_uv=False)[-1] * 3
    b = np.random.default_rng(seed).standard_normal((d, 2))
    np.testing.assert_allclose(A @ lu.solve(b), b, atol=1e-8 * lu.condition)
    np.testing.assert_allclose(A.T @ lu.solve(b, transposed=True), b, atol=1e-8 * lu.condition)


def test_a_singular_matrix_has_no_sign_and_no_inverse():
    lu = Factored(np.ones((3, 3)))
    assert lu.sign == 0
    assert lu.condition == np.inf
    assert np.isnan(lu.solve(np.ones((3, 1)))).all()


@pytest.mark.parametrize("name", ["tanh", "gru", "lstm"])
def test_points_are_known_as_sharply_as_by_singular_values(name):
    system = sp.tasks.load_network(name).system
    x = np.random.default_rng(0).uniform(-1, 1, (200, system.state_size))
    points = sp.find_fixed_points(system, x, np.zeros(3), rounds=0, orbits=False)
    x, u = points.xstar, points.inputs
    sharp = resolution_at(system.dynamics, x, u)
    found, index = factored_resolution(system.dynamics, x, u)
    assert index.tolist() == points.index.tolist()
    assert (found.kantorovich < sp.local.DEGENERATE).tolist() == [True] * len(points)
    ratio = found.condition / sharp.condition
    assert ((ratio > 0.1) & (ratio < 50)).all()
    assert (found.jacobian_error < 1e-9).all()


def test_conditions_are_estimated_where_they_may_be_large():
    d = 300
    steep = np.full(d, 0.5)
    steep[0] = 1 - 1e-9
    for diagonal, ill in ((np.full(d, 0.5), False), (steep, True)):
        cell = VanillaCell(np.diag(diagonal), np.zeros((d, 0)), np.zeros(d), "linear")
        condition = factored_condition(cell, np.zeros((2, d)), np.zeros((2, 0)))
        assert (condition > 1e8).tolist() == [ill] * 2
    assert d > LARGE


def test_records_of_leading_modes_are_put_together_with_gaps():
    few = linearize_large(linear(0.5 * np.eye(3)), np.zeros((1, 3)), np.zeros((1, 0))).leading
    assert len(LeadingModes.joined([few, few])) == 2
    assert "Jacobian" in repr(few)
