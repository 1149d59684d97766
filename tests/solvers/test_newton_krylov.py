"""Newton's method by products, and the Krylov subspaces under it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.cells import GRUCell, LeakyCell, LSTMCell, VanillaCell
from stillpoint.search.options import default_solvers
from stillpoint.solvers import Newton, NewtonKrylov, Status, solve
from stillpoint.solvers.krylov import arnoldi, gmres

FREE = NewtonKrylov(least_unknowns=1, most_products=40)


def matrices(n, d, seed, spread=0.3):
    rng = np.random.default_rng(seed)
    return np.eye(d) + spread * rng.standard_normal((n, d, d)) / np.sqrt(d)


def applied(A):
    return lambda v: np.einsum("nij,nj->ni", A, v)


def trained(d=48, seed=0):
    """Three bistable groups of units, and noise: a few outliers and a disc."""
    W = 0.2 / np.sqrt(d) * np.random.default_rng(seed).standard_normal((d, d))
    for units in np.array_split(np.arange(d), 3):
        W[np.ix_(units, units)] += 1.5 / len(units)
    return VanillaCell(W, np.zeros((d, 0)), np.zeros(d))


# -- subspaces -------------------------------------------------------------------------------------


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 12), st.integers(0, 10**6))
def test_gmres_solves_as_sharply_as_it_says(d, seed):
    A, b = matrices(3, d, seed), np.random.default_rng(seed).standard_normal((3, d))
    tolerance = np.array([1e-2, 1e-6, 1e-11])
    found = gmres(applied(A), b, tolerance, most=d)
    left = np.linalg.norm(applied(A)(found.x) - b, axis=1) / np.linalg.norm(b, axis=1)
    assert found.reached.all()
    assert (left <= 1.01 * tolerance + 1e-14).all()
    assert (found.products <= d).all()


def test_gmres_needs_as_many_products_as_there_are_different_eigenvalues():
    A = np.diag([1.0, 1.0, 2.0, 2.0, 3.0])[None]
    found = gmres(applied(A), np.ones((1, 5)), np.full(1, 1e-12), most=5)
    assert found.products.tolist() == [3]
    np.testing.assert_allclose(found.x, [[1, 1, 0.5, 0.5, 1 / 3]], atol=1e-14)


def test_gmres_says_where_it_does_not_arrive():
    A = np.stack(
        [np.eye(4), np.diag([1.0, 1, 1, 0]), np.full((4, 4), np.nan), np.roll(np.eye(4), 1, 0)]
    )
    b = np.zeros((4, 4))
    b[:, 0] = b[:, 3] = 1.0
    found = gmres(applied(A), b, np.full(4, 1e-10), most=2)
    assert found.reached.tolist() == [True, False, False, False]
    assert found.products.tolist() == [1, 2, 2, 2]
    np.testing.assert_allclose(found.x[0], b[0])


def test_a_right_hand_side_of_zero_has_the_solution_zero():
    found = gmres(applied(matrices(1, 4, 0)), np.zeros((1, 4)), np.full(1, 1e-10), most=4)
    assert found.reached.all()
    assert not found.x.any()


def test_arnoldi_spans_what_the_matrix_makes_of_a_vector():
    A = matrices(2, 9, 1)
    space = arnoldi(applied(A), np.ones((2, 9)), steps=5)
    for k in range(2):
        V = np.stack([vector[k] for vector in space.basis], axis=1)
        np.testing.assert_allclose(V.T @ V, np.eye(5), atol=1e-14)
        rest = A[k] @ V - V @ space.H[k]
        np.testing.assert_allclose(rest[:, :4], 0, atol=1e-14)
        np.testing.assert_allclose(np.linalg.norm(rest[:, 4]), space.last[k], atol=1e-14)


# -- the solver ------------------------------------------------------------------------------------


def cells():
    rng, d = np.random.default_rng(0), 12
    W = 1.2 / np.sqrt(d) * rng.standard_normal((d, d))
    yield "vanilla", VanillaCell(W, np.zeros((d, 1)), rng.standard_normal(d))
    yield "leaky", LeakyCell(W, np.zeros((d, 1)), rng.standard_normal(d), alpha=0.2)
    gates = rng.standard_normal((3 * d, d)) / np.sqrt(d)
    yield "GRU", GRUCell(gates, np.zeros((3 * d, 1)), rng.standard_normal(3 * d), np.zeros(d))
    gates = rng.standard_normal((4 * d, d)) / np.sqrt(d)
    yield "LSTM", LSTMCell(gates, np.zeros((4 * d, 1)), rng.standard_normal(4 * d))


@pytest.mark.parametrize(("name", "cell"), list(cells()))
def test_it_ends_where_newtons_method_does(name, cell):
    x = np.random.default_rng(1).standard_normal((20, cell.state_size))
    u = np.zeros((20, 1))
    ends = [
        solve(cell, x, u, [solver], tol=1e-24, max_steps=60, progress=False)
        for solver in (
            NewtonKrylov(least_unknowns=1, most_products=12, first_forcing=1e-3),
            Newton(),
        )
    ]
    assert (ends[0].status == Status.FIXED_POINT).mean() > 0.8
    both = (ends[0].status == Status.FIXED_POINT) & (ends[1].status == Status.FIXED_POINT)
    same = np.abs(ends[0].x - ends[1].x).max(axis=1) < 1e-9
    assert same[both].mean() > 0.8  # from far away inexact steps may lead elsewhere


def test_no_matrix_is_built_where_products_do():
    class Watched(VanillaCell):
        def jacobian(self, x, u):  # noqa: ARG002
            raise AssertionError("a Jacobian was built")

    cell = Watched(*(getattr(trained(), name) for name in "WBb"))
    x = np.random.default_rng(0).standard_normal((8, 48))
    end = solve(cell, x, np.zeros((8, 0)), [FREE], tol=1e-24, max_steps=60, progress=False)
    assert (end.status == Status.FIXED_POINT).all()


def test_rows_that_products_do_not_solve_take_newtons_own_steps():
    """A rotation of all units: GMRES has nothing before the last product."""
    d = 24
    cell = VanillaCell(1.5 * np.roll(np.eye(d), 1, axis=0), np.zeros((d, 0)), np.zeros(d))
    x = np.random.default_rng(0).standard_normal((6, d))
    few = NewtonKrylov(least_unknowns=1, most_products=2)
    problem = few.problem(cell)
    rows = few.start(problem, x, np.zeros((6, 0)))
    assert rows.with_matrix.all()
    ends = [
        solve(cell, x, np.zeros((6, 0)), [solver], tol=1e-24, max_steps=60, progress=False)
        for solver in (few, Newton())
    ]
    np.testing.assert_array_equal(ends[0].x, ends[1].x)
    np.testing.assert_array_equal(ends[0].steps, ends[1].steps)


def test_a_row_that_is_hard_does_not_slow_the_others():
    solver = NewtonKrylov(least_unknowns=1, most_products=2, first_forcing=0.5)
    cell = trained()
    rng = np.random.default_rng(0)
    x = np.concatenate([np.zeros((1, 48)) + 1e-3 * rng.standard_normal((1, 48)), np.ones((7, 48))])
    problem = solver.problem(cell)
    rows = solver.start(problem, x, np.zeros((8, 0)))
    for _ in range(6):
        rows = solver.update(problem, rows)
    assert len(set(rows.with_matrix.tolist())) >= 1
    assert (rows.q < 1e-20).all()


def test_few_unknowns_take_matrices():
    problem = NewtonKrylov().problem(trained())
    assert NewtonKrylov().start(problem, np.zeros((2, 48)), np.zeros((2, 0))).with_matrix.all()


def test_memory_counts_vectors_where_there_are_no_matrices():
    cell = trained()
    assert NewtonKrylov().numbers(cell) < Newton().numbers(cell)
    function = sp.as_system(np.tanh, state_size=48, recognise=False).dynamics
    assert NewtonKrylov().numbers(function) == Newton().numbers(function)


def test_it_is_the_default_of_many_units_with_products():
    many, few = trained(129).differentiated_quickly(), trained(48)
    assert isinstance(default_solvers(many)[0], NewtonKrylov)
    assert isinstance(default_solvers(few)[0], Newton)
    function = sp.as_system(np.tanh, state_size=129, recognise=False).dynamics
    assert isinstance(default_solvers(function)[0], Newton)


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ({"most_products": 0}, "most_products"),
        ({"least_unknowns": 0}, "least_unknowns"),
        ({"first_forcing": 0.0}, "first_forcing"),
        ({"first_forcing": 1.0}, "first_forcing"),
        ({"decrease": 2.0}, "decrease"),
        ({"most_steps": 0}, "most_steps"),
    ],
)
def test_settings_that_cannot_be_are_refused(options, word):
    with pytest.raises(ArgumentError, match=word):
        NewtonKrylov(**options)
