"""Planes hold what they say, and their coordinates are what they are named for."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, planes

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 6))


def test_three_points_lie_in_the_plane_through_them_and_the_first_axis_joins_two():
    plane = planes.through(X[:3])
    assert plane.distances(X[:3]) == pytest.approx(0, abs=1e-12)
    places = plane.transform(X[:3])
    assert places[0, 1] == pytest.approx(places[1, 1])
    gaps = np.linalg.norm(X[:3] - X[[1, 2, 0]], axis=1)
    assert np.linalg.norm(places - places[[1, 2, 0]], axis=1) == pytest.approx(gaps)


def test_readouts_are_the_coordinates_wherever_the_plane_lies():
    W, b = RNG.normal(size=(2, 6)), np.array([0.5, -1.0])
    for origin in (None, X[0]):
        plane = planes.readouts(W, b, origin=origin)
        assert plane.transform(X) == pytest.approx(X @ W.T + b)
        lifted = plane.inverse_transform(plane.transform(X))
        assert lifted @ W.T + b == pytest.approx(X @ W.T + b)
    assert plane.distances(X[0]) == pytest.approx(0, abs=1e-12)


def test_a_state_is_as_far_from_a_plane_as_from_its_nearest_state_there():
    plane = planes.readouts(RNG.normal(size=(2, 6)))
    there = plane.inverse_transform(RNG.normal(size=(2000, 2)) * 3)
    nearest = np.linalg.norm(X[:, None] - there[None], axis=2).min(axis=1)
    distances = plane.distances(X)
    assert (distances <= nearest).all()
    across = X - plane.inverse_transform(plane.transform(X))
    assert plane.share(across) == pytest.approx(0, abs=1e-12)
    assert plane.share(plane.inverse_transform([3.0, 1.0]) - plane.mean_) == pytest.approx(1)


def test_modes_stay_in_their_plane():
    A = RNG.normal(size=(6, 6))  # has complex modes
    system = sp.as_system(lambda x: x @ A.T, state_size=6, kind="flow")
    lin = sp.linearize(system, X[:1])
    pair = int(np.flatnonzero(lin.eigenvalues[0].imag > 0)[0])
    real = np.flatnonzero(lin.eigenvalues[0].imag == 0)
    for which in ([pair], [pair, pair + 1], real[:2].tolist()):
        plane = planes.modes(lin, which=which)
        moved = plane.components_ @ A.T
        assert plane.share(moved) == pytest.approx(1)
        assert plane.mean_.tolist() == X[0].tolist()


def test_the_selection_vector_reads_what_stays():
    A = np.diag([1.0, 0.3, 0.2]) + np.triu(RNG.normal(size=(3, 3)), 1)
    B = RNG.normal(size=(3, 2))
    system = sp.as_system(lambda x, u: x @ A.T + u @ B.T, state_size=3, input_size=2)
    plane = planes.selection(sp.linearize(system, np.zeros((1, 3)), np.zeros(2)), channel=1)
    selection = plane.components_[0]
    assert selection @ A == pytest.approx(selection)  # the left eigenvector of eigenvalue one
    rest = B[:, 1] - selection * (selection @ B[:, 1])
    assert plane.components_[1] == pytest.approx(rest / np.linalg.norm(rest))
    assert plane.names == ("selection vector", "input 1")


def test_a_slow_mode_beside_modes_that_oscillate_and_one_that_flips():
    A = np.zeros((4, 4))
    A[:2, :2] = 0.5 * np.array([[0, -1], [1, 0]])
    A[2, 2], A[3, 3] = 0.95, -0.999
    Q = RNG.normal(size=(4, 4))
    A = Q @ A @ np.linalg.inv(Q)
    system = sp.as_system(lambda x, u: x @ A.T + u, state_size=4, input_size=4)
    lin = sp.linearize(system, np.zeros((1, 4)), np.zeros(4))
    selection = planes.selection(lin).components_[0]
    assert selection @ A == pytest.approx(0.95 * selection)
    with pytest.raises(ArgumentError, match="mode"):
        planes.selection(lin, mode=int(np.flatnonzero(lin.eigenvalues[0].imag)[0]))


def test_along_a_slow_manifold_the_selection_is_its_own():
    A = np.array([[1.0, 0.5], [0.0, 0.2]])
    system = sp.as_system(lambda x, u: x @ A.T + u, state_size=2, input_size=2)
    line = sp.follow_slow_manifold(system, np.zeros((1, 2)), np.zeros(2), max_norm=2.0)
    plane = planes.selection(line, row=3)
    expected = line.selection[3, :, 0] / np.linalg.norm(line.selection[3])
    assert plane.components_[0] == pytest.approx(expected)
    assert plane.mean_.tolist() == line.states[3].tolist()


@pytest.mark.parametrize("kind", ["currents", "rates"])
def test_latent_coordinates_move_by_themselves(kind):
    U, V = RNG.normal(size=(2, 20, 2))
    cell = sp.cells.LeakyCell if kind == "currents" else sp.cells.LeakyRateCell
    system = sp.as_system(
        cell(
            W=U @ V.T / 20,
            B=RNG.normal(size=(20, 1)),
            b=RNG.normal(size=20),
            alpha=np.full(20, 0.3),
            phi="tanh",
        )
    )
    u = np.array([0.7])
    plane = planes.latent(system, u)
    inside = plane.inverse_transform(RNG.normal(size=(5, 2)))
    if kind == "currents":
        assert plane.distances(system.step(inside, u)) == pytest.approx(0, abs=1e-12)
        return
    across = RNG.normal(size=(5, 20))
    across -= across @ np.linalg.pinv(plane.components_) @ plane.components_
    one, other = (plane.transform(system.step(x, u)) for x in (inside, inside + across))
    assert one == pytest.approx(other)
    clamped = system.clamp(u)
    assert planes.latent(clamped).components_ == pytest.approx(plane.components_)


def test_no_plane_moves_by_itself_where_leaks_differ():
    U, V = RNG.normal(size=(2, 20, 2))
    for cell in (sp.cells.LeakyCell, sp.cells.LeakyRateCell):
        weights = {"W": U @ V.T, "B": np.zeros((20, 0)), "b": np.zeros(20), "phi": "tanh"}
        with pytest.raises(ArgumentError, match=r"leaks of 0\.1 to 0\.9"):
            planes.latent(sp.as_system(cell(**weights, alpha=np.linspace(0.1, 0.9, 20))))


def test_what_spans_no_plane_is_refused():
    zeros = np.zeros((3, 0))
    rank_one = sp.as_system(sp.cells.VanillaCell(np.ones((3, 3)), zeros, np.ones(3), "tanh"))
    lin = sp.linearize(rank_one, np.zeros((1, 3)))
    for call, name in [
        (lambda: planes.pca(np.zeros((4, 1))), "states"),
        (lambda: planes.through(X[[0, 0, 1]]), "states"),
        (lambda: planes.through(X[:4]), "states"),
        (lambda: planes.readouts(np.ones((2, 3))), "weights"),
        (lambda: planes.readouts(np.eye(2), bias=np.zeros(3)), "bias"),
        (lambda: planes.readouts(np.eye(2), origin=np.zeros(3)), "origin"),
        (lambda: planes.along(np.ones(3), 2 * np.ones(3)), "second"),
        (lambda: planes.along(np.zeros(3), np.ones(3)), "second"),
        (lambda: planes.along(np.ones(3), np.ones(2)), "second"),
        (lambda: planes.along([1, 0], [0, 1], names=["one"]), "names"),
        (lambda: planes.modes(lin, row=1), "row"),
        (lambda: planes.modes(lin, which=[0]), "which"),
        (lambda: planes.modes(lin, which=[0, 3]), "which"),
        (lambda: planes.selection(lin), "points"),
        (lambda: planes.latent(rank_one), "rank 1"),
        (lambda: planes.latent(sp.as_system(lambda x: x / (1 + x * x), state_size=3)), "system"),
    ]:
        with pytest.raises(ArgumentError, match=name):
            call()
