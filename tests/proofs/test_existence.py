"""Points that are known are proved and lie where it is said, by a second proof as well."""

from __future__ import annotations

import numpy as np
import pytest
from certificate_cases import NONE, assert_true, exactly, found
from mpmath import mp

import reference
import stillpoint as sp
import zoo
from stillpoint.cells import GRUCell, LSTMCell, StackedCell, VanillaCell
from stillpoint.proofs import ProofStatus, prove
from stillpoint.tasks import load_network


@pytest.fixture(scope="module", params=["tanh", "gru", "lstm", "dale_leaky", "dale_elman"])
def shipped(request):
    network = load_network(request.param)
    system, rng = network.system, np.random.default_rng(0)
    pulses = (rng.random((64, 60, 3)) < 0.05) * rng.choice([-1.0, 1.0], (64, 60, 3))
    trajectories = system.simulate(np.zeros((64, system.state_size)), pulses)
    starts = sp.sample_states(trajectories, 600, noise=0.3)
    points = sp.find_fixed_points(system, starts, np.zeros(3), rounds=3)
    return network.cell, system, sp.certify(system, points)


def test_all_27_points_of_a_shipped_network_are_proved(shipped):
    _, _, points = shipped
    certificate = points.certificate
    assert len(points) == 27
    assert certificate.all_proved
    assert certificate.all_distinct
    np.testing.assert_array_equal(certificate.n_unstable_proved, points.n_unstable)
    np.testing.assert_array_equal(certificate.index_proved, points.index)
    assert certificate.index_proved.sum() == 1
    assert certificate.radius_exists.max() < 1e-11
    assert (certificate.radius_unique > 1e5 * certificate.radius_exists).all()
    assert (certificate.radius_exists == certificate.box.max(axis=1)).all()
    assert not certificate.radius_empty.any()
    assert set(certificate.reason) == set(certificate.stability_reason) == {ProofStatus.PROVED}
    assert not (certificate.reason == ProofStatus.ESTIMATED).any()
    assert "all proved to exist, all distinct" in repr(points)


def test_the_exact_points_of_a_shipped_network_lie_in_their_boxes(shipped):
    cell, _, points = shipped
    if cell.state_size > 16:
        points = points[::9]
    for k in range(0, len(points), 3):
        assert_true(cell, points.xstar[k], points.inputs[k], points.certificate, k, count=False)


@pytest.mark.parametrize("network", zoo.isolated(), ids=repr)
def test_every_point_of_the_zoo_is_proved_and_none_twice(network):
    system = network.system("numpy")
    points = sp.certify(system, found(system, 4000 if network.n_points > 40 else 600))
    certificate = points.certificate
    assert len(points) == network.n_points
    assert certificate.all_proved
    assert certificate.all_distinct
    np.testing.assert_array_equal(certificate.n_unstable_proved, points.n_unstable)
    assert tuple(np.bincount(certificate.n_unstable_proved)) == network.unstable
    np.testing.assert_array_equal(certificate.index_proved, points.index)
    assert certificate.index_proved.sum() == network.lefschetz
    known = points.nearest(network.points)
    distance = np.abs(network.points - points.xstar[known])
    assert (distance <= network.digits + certificate.box[known]).all()
    for k in range(0, len(points), max(1, len(points) // 4)):
        small = points.xstar.shape[1] <= 5
        x, u = points.xstar[k], points.inputs[k]
        assert_true(network.cell, x, u, certificate, k, count=small, again=small)


def test_a_second_proof_refuses_where_there_is_nothing():
    """The reference itself: Krawczyk's operator at 100 digits tells points from other states."""
    cell = VanillaCell(2 * np.eye(2), np.zeros((2, 0)), np.zeros(2))
    m = zoo.tanh_fixed_point(2.0)
    for centre, radius, answer in (
        ([m, 0.0], 1e-9, True),
        ([m, 1e-3], 1e-9, False),
        ([m, 1e-3], 1e-2, True),
        ([m, m], 2.0, False),
    ):
        assert reference.proves_zero(cell, centre, [], radius) == answer


@pytest.mark.slow
def test_a_large_random_network_is_proved_as_quickly_as_a_small_one():
    d = 128
    W = 1.8 * np.random.default_rng(0).standard_normal((d, d)) / np.sqrt(d)
    system = sp.as_system(VanillaCell(W, np.zeros((d, 0)), np.zeros(d)))
    points = sp.certify(system, found(system, 60))
    certificate = points.certificate
    assert len(points) >= 3
    assert certificate.all_proved
    assert certificate.all_distinct
    assert certificate.radius_exists.max() < 1e-9
    np.testing.assert_array_equal(certificate.n_unstable_proved, points.n_unstable)
    for k in range(2):  # one exact Newton step is enough to see where the point is
        rest = [v.value for v in reference.step(system.dynamics, *exactly(points, k))]
        residual = np.array(
            [float(a - mp.mpf(float(b))) for a, b in zip(rest, points.xstar[k], strict=True)]
        )
        move = np.linalg.solve(np.eye(d) - points.jacobian[k], residual)
        assert (np.abs(move) <= certificate.box[k]).all()


@pytest.mark.torch
def test_a_torch_module_is_proved_as_the_cell_that_it_is():
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    for module in (torch.nn.RNN(2, 3), torch.nn.GRU(2, 3, num_layers=2), torch.nn.LSTM(2, 3)):
        system = sp.as_system(module).clamp([0.3, -0.2])
        points = sp.certify(system, found(system, 10))
        assert points.certificate.all_proved
        k = len(points) - 1
        assert_true(system.dynamics, points.xstar[k], [], points.certificate, k, count=False)


def test_the_memory_of_an_lstm_is_not_taken_from_the_state():
    """Uniqueness is stated in h; a state with the right h and a wrong c lies far from its point."""
    rng = np.random.default_rng(3)
    cell = LSTMCell(rng.normal(size=(8, 2)), np.zeros((8, 0)), rng.normal(size=8))
    y = reference.solve(cell, np.zeros(4), [])
    x = np.array([[float(v) for v in reference.state_at(cell, y, [])]] * 2)
    x[1, 2:] += 0.5
    certificate = prove(cell, x, np.zeros((2, 0)))
    assert certificate.proved.tolist() == [True, False]
    assert certificate.radius_exists[0] < 1e-13
    assert certificate.reason[1] == ProofStatus.FAR


def test_saturated_gates_do_not_stand_for_points():
    """z is one to the last digit, so h' = h in floating point; the candidate says otherwise."""
    d = 2
    b = np.array([0.0, 0.0, 50.0, 50.0, 0.5, -0.5])
    cell = GRUCell(np.zeros((6, d)), np.zeros((6, 0)), b, np.zeros(d))
    x = np.array([[0.1, 0.2], [np.tanh(0.5), np.tanh(-0.5)]])
    np.testing.assert_allclose(cell.step(x, np.zeros((2, 0))), x, rtol=1e-15)
    certificate = prove(cell, x, np.zeros((2, 0)))
    assert certificate.proved.tolist() == [False, True]
    assert certificate.reason[0] == ProofStatus.FAR  # the box has grown to the only point
    assert certificate.radius_exists[1] < 1e-14
    memory = LSTMCell(np.zeros((4, 1)), np.zeros((4, 0)), np.array([-30.0, 40.0, 0.3, 5.0]))
    certificate = prove(memory, np.array([[0.0, 0.0]]), NONE)
    for k in np.flatnonzero(certificate.proved):
        assert_true(memory, np.zeros(2), [], certificate, k, count=False)


def test_layers_are_proved_together():
    rng = np.random.default_rng(8)
    layers = [reference.vanilla(rng, d=2, m=1), reference.lstm(rng, k=2, m=2)]
    cell = StackedCell([*layers, reference.gru(rng, d=2, m=2)])
    y = reference.solve(cell, np.zeros(8), [0.3])
    x = np.array([[float(v) for v in reference.state_at(cell, y, [0.3])]])
    certificate = prove(cell, x, np.array([[0.3]]))
    assert certificate.proved.all()
    assert_true(cell, x[0], [0.3], certificate, 0, again=True)
