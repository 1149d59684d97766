"""The linearised dynamics: spectra, time constants and predictions with known answers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.cells import LeakyCell, LSTMCell, VanillaCell
from stillpoint.local import MARGIN, index, is_stable, n_unstable


def linear(A, B=None, **options):
    """Return the linearisation of x' = A x + B u (or dx/dt) at the origin."""
    A = np.asarray(A, dtype=float)
    B = np.zeros((len(A), 0)) if B is None else np.asarray(B, dtype=float)
    system = sp.as_system(
        lambda x, u: x @ A.T + u @ B.T,
        state_size=len(A),
        input_size=B.shape[1],
        jacobian=lambda x, _: np.tile(A, (len(x), 1, 1)),
        input_jacobian=lambda x, _: np.tile(B, (len(x), 1, 1)),
        **options,
    )
    return sp.linearize(system, np.zeros((1, len(A))), np.zeros(B.shape[1]))


def of_matrices(*matrices, kind="map", dt=None, regions=None):
    """Return a linearisation whose Jacobians are the given ones, one per row."""
    A = np.array(matrices, dtype=float)
    n, d = A.shape[:2]
    system = sp.as_system(
        lambda x, u: np.einsum("nij,nj->ni", A[u[:, 0].astype(int)], x),
        state_size=d,
        input_size=1,
        jacobian=lambda _, u: A[u[:, 0].astype(int)],
        input_jacobian=lambda x, _: np.zeros((*x.shape, 1)),
        kind=kind,
        dt=dt,
        regions=regions,
    )
    return sp.linearize(system, np.zeros((n, d)), np.arange(n)[:, None])


def rotation(angle, radius=1.0):
    c, s = radius * np.cos(angle), radius * np.sin(angle)
    return np.array([[c, -s], [s, c]])


def block_diagonal(*blocks):
    d = sum(len(block) for block in blocks)
    A, at = np.zeros((d, d)), 0
    for block in blocks:
        A[at : at + len(block), at : at + len(block)] = block
        at += len(block)
    return A


def network(d=4, m=2, seed=0):
    """Return a tanh network with weights that depend on the seed."""
    rng = np.random.default_rng(seed)
    cell = VanillaCell(rng.normal(size=(d, d)), rng.normal(size=(d, m)), rng.normal(size=d))
    return sp.as_system(cell, regions={"A": [2, 0], "B": [3, 1]}), rng


# -- eigenvalues and eigenvectors ------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_eigenvalues_are_sorted_by_what_counts(kind):
    """The modulus for a map, the real part for a flow; of a pair the positive angle first."""
    A = block_diagonal([[0.5]], [[-1.5]], rotation(1.0, 1.2), [[0.9]])
    values = of_matrices(A, kind=kind).eigenvalues[0]
    pair = 1.2 * np.exp(1j * np.array([1.0, -1.0]))
    expected = {"map": [-1.5, *pair, 0.9, 0.5], "flow": [0.9, *pair, 0.5, -1.5]}[kind]
    np.testing.assert_allclose(values, expected, atol=1e-12)


@given(st.integers(1, 6), st.integers(0, 2**32 - 1), st.sampled_from(["map", "flow"]))
@settings(deadline=None, max_examples=40)
def test_eigenpairs_belong_together(d, seed, kind):
    A = np.random.default_rng(seed).normal(size=(3, d, d))
    lin = of_matrices(*A, kind=kind)
    growth = np.abs(lin.eigenvalues) if kind == "map" else lin.eigenvalues.real
    assert (np.diff(growth, axis=1) <= 1e-9).all()
    scaled = lin.right * lin.eigenvalues[:, None, :]
    np.testing.assert_allclose(A @ lin.right, scaled, atol=1e-9)
    np.testing.assert_allclose(np.linalg.norm(lin.right, axis=1), 1, atol=1e-12)
    rows = np.conj(np.swapaxes(lin.left, 1, 2))
    np.testing.assert_allclose(rows @ lin.right, np.tile(np.eye(d), (3, 1, 1)), atol=1e-6)
    tolerance = 1e-6 * (1 + np.abs(rows).max())
    np.testing.assert_allclose(rows @ A, lin.eigenvalues[:, :, None] * rows, atol=tolerance)


def test_eigenvectors_are_columns():
    """For this matrix the rows of `right` are no eigenvectors."""
    lin = of_matrices([[2.0, 1.0], [0.0, 0.5]])
    assert lin.eigenvalues[0].real.tolist() == [2.0, 0.5]
    np.testing.assert_allclose(np.abs(lin.right[0][:, 0]), [1, 0], atol=1e-15)
    slow = np.array([1.0, -1.5]) / np.hypot(1.0, 1.5)
    np.testing.assert_allclose(np.abs(lin.right[0][:, 1]), np.abs(slow), atol=1e-15)


def test_left_eigenvectors_read_out_the_modes():
    """The amplitude of mode k in a state is left_k^H x, and it is multiplied by lambda_k."""
    lin = of_matrices(np.random.default_rng(0).normal(size=(5, 5)))
    x = np.random.default_rng(1).normal(size=5)
    amplitudes = np.conj(lin.left[0]).T @ x
    np.testing.assert_allclose(lin.right[0] @ amplitudes, x, atol=1e-12)
    after = np.conj(lin.left[0]).T @ (lin.A[0] @ x)
    np.testing.assert_allclose(after, lin.eigenvalues[0] * amplitudes, atol=1e-12)


@pytest.mark.parametrize("d", [2, 3])
def test_a_defective_matrix_has_no_left_eigenvectors(d):
    jordan = 0.5 * np.eye(d) + np.eye(d, k=1)
    lin = of_matrices(jordan, np.eye(d))
    assert np.isnan(lin.left[0]).all()
    np.testing.assert_array_equal(lin.left[1], np.eye(d))
    np.testing.assert_allclose(lin.eigenvalues[0], 0.5, atol=1e-4)
    assert np.isfinite(lin.right).all()


def test_all_is_double_precision():
    system, _ = network()
    lin = sp.linearize(system, np.zeros((2, 4), dtype=np.float32), np.zeros(2, dtype=np.float32))
    assert lin.eigenvalues.dtype == lin.right.dtype == lin.left.dtype == np.complex128
    assert lin.A.dtype == lin.B.dtype == lin.value.dtype == np.float64


# -- stability -------------------------------------------------------------------------------------

# Jacobian, unstable directions and stability as a map, then as a flow. The largest real part says
# the wrong thing of the maps that are marked.
STABILITY = {
    "contraction": ([[0.5]], 0, True, 1, False),
    "growth": ([[1.5]], 1, False, 1, False),
    "negative-real": ([[-1.5]], 1, False, 0, True),  # max Re = -1.5
    "alternating": ([[-0.5]], 0, True, 0, True),
    "complex-pair": (rotation(1.5, 1.3), 2, False, 2, False),  # max Re = 0.09
    "complex-left": (rotation(2.5, 1.3), 2, False, 0, True),  # max Re = -1.04
    "inside": (rotation(0.3, 0.9), 0, True, 2, False),
    "mixed": (block_diagonal(rotation(2.0, 1.1), [[0.99]], [[-2.0]]), 3, False, 1, False),
    "on-the-circle": (rotation(1.0), 0, False, 2, False),
    "fold": ([[1.0]], 0, False, 1, False),
    "flip": ([[-1.0]], 0, False, 0, True),
    "within-margin": ([[1 + MARGIN / 2]], 0, False, 1, False),
    "beyond-margin": ([[1 + 2 * MARGIN]], 1, False, 1, False),
}


@pytest.mark.parametrize("name", STABILITY)
def test_moduli_decide_for_maps_and_real_parts_for_flows(name):
    A, map_unstable, map_stable, flow_unstable, flow_stable = STABILITY[name]
    as_map, as_flow = of_matrices(A), of_matrices(A, kind="flow")
    assert (as_map.n_unstable[0], as_map.is_stable[0]) == (map_unstable, map_stable)
    assert (as_flow.n_unstable[0], as_flow.is_stable[0]) == (flow_unstable, flow_stable)
    assert n_unstable(as_map.eigenvalues, "map") == [map_unstable]
    assert is_stable(as_flow.eigenvalues, "flow") == [flow_stable]


@pytest.mark.parametrize("seed", range(5))
def test_stability_is_what_the_linear_map_does(seed):
    """All states shrink under the powers of A, or some grow."""
    A = 0.8 * np.random.default_rng(seed).normal(size=(3, 3))
    power = np.linalg.norm(np.linalg.matrix_power(A, 400))
    assert of_matrices(A).is_stable[0] == (power < 1)


def test_a_point_of_a_search_is_judged_by_moduli():
    """x' = tanh(-2 x): the origin flips with -2, which no real part betrays."""
    flip = sp.as_system(VanillaCell(np.full((1, 1), -2.0), np.zeros((1, 0)), np.zeros(1)))
    points = sp.find_fixed_points(flip, [[0.4]])
    assert points.n_unstable.tolist() == [1]
    assert not points.is_stable[0]
    assert points.index.tolist() == [1]


@given(st.integers(1, 5), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_the_index_is_the_parity_of_real_modes_beyond_one(d, seed):
    A = 1.5 * np.random.default_rng(seed).normal(size=(d, d))
    beyond = int(np.sum((np.abs(np.linalg.eigvals(A).imag) == 0) & (np.linalg.eigvals(A).real > 1)))
    lin = of_matrices(A)
    assert lin.index[0] == (-1) ** beyond
    assert index(A[None] - np.eye(d)) == lin.index
    assert of_matrices(A - np.eye(d), kind="flow").index[0] == lin.index[0]


def test_the_condition_number_is_that_of_the_motion():
    lin = of_matrices(np.diag([0.5, 0.9]), np.diag([1.0, 0.5]), np.zeros((2, 2)))
    np.testing.assert_allclose(lin.motion_condition[[0, 2]], [5, 1], rtol=1e-12)
    assert np.isinf(lin.motion_condition[1])
    as_flow = of_matrices(np.diag([2.0, -8.0]), kind="flow")
    np.testing.assert_allclose(as_flow.motion_condition, [4], rtol=1e-12)
    np.testing.assert_array_equal(as_flow.motion_jacobian, as_flow.A)


# -- time constants and frequencies ----------------------------------------------------------------


@pytest.mark.parametrize("dt", [None, 1.0, 0.01])
def test_time_constants_of_a_map(dt):
    """exp(-dt/tau) per step: tau = 20 dt, and 5 dt of growth."""
    step = dt or 1.0
    lin = of_matrices(np.diag([np.exp(-1 / 20), np.exp(1 / 5)]), dt=dt)
    np.testing.assert_allclose(lin.time_constants[0], [-5 * step, 20 * step], rtol=1e-12)
    assert not lin.frequencies.any()


@pytest.mark.parametrize("dt", [None, 0.01])
def test_a_decaying_rotation_of_a_map(dt):
    """One turn in 40 steps, an e-fold in 25."""
    step = dt or 1.0
    lin = of_matrices(rotation(2 * np.pi / 40, np.exp(-1 / 25)), dt=dt)
    np.testing.assert_allclose(lin.time_constants[0], [25 * step] * 2, rtol=1e-12)
    expected = np.array([1, -1]) / (40 * step)
    np.testing.assert_allclose(lin.frequencies[0], expected, rtol=1e-12)


def test_a_flip_has_the_frequency_of_half_a_cycle_per_step():
    lin = of_matrices([[-0.5]], dt=0.1)
    np.testing.assert_allclose(np.abs(lin.frequencies), [[5.0]])


@pytest.mark.parametrize("dt", [None, 0.01])
def test_a_decaying_rotation_of_a_flow(dt):
    """3 turns per unit time, an e-fold in 0.2; the step of the simulation does not matter."""
    omega = 2 * np.pi * 3
    lin = of_matrices([[-5.0, -omega], [omega, -5.0]], kind="flow", dt=dt)
    np.testing.assert_allclose(lin.time_constants[0], [0.2, 0.2], rtol=1e-12)
    np.testing.assert_allclose(lin.frequencies[0], [3, -3], rtol=1e-12)


def test_a_flow_and_its_euler_map_agree_for_a_short_step():
    omega = 2.0
    A = np.array([[-0.5, -omega], [omega, -0.5]])
    flow = sp.as_system(lambda x: x @ A.T, state_size=2, kind="flow")
    slow = sp.linearize(flow, np.zeros((1, 2)))
    fast = sp.linearize(flow.euler(1e-5), np.zeros((1, 2)))
    np.testing.assert_allclose(fast.time_constants, slow.time_constants, rtol=1e-3)
    np.testing.assert_allclose(fast.frequencies, slow.frequencies, rtol=1e-3)


def test_modes_that_neither_grow_nor_shrink_and_those_that_vanish():
    lin = of_matrices(np.diag([1.0, 0.0]))
    assert np.isinf(lin.time_constants[0, 0])
    assert lin.time_constants[0, 1] == 0
    assert np.isinf(of_matrices([[0.0]], kind="flow").time_constants).all()


def test_time_constants_of_a_leaky_unit_are_its_own():
    """alpha = dt / tau: a unit without recurrence decays with tau, to first order in dt."""
    tau, dt = 0.1, 1e-5
    cell = LeakyCell(np.zeros((1, 1)), np.zeros((1, 0)), np.zeros(1), alpha=np.array([dt / tau]))
    lin = sp.linearize(sp.as_system(cell, dt=dt), np.zeros((1, 1)))
    assert lin.time_constants[0, 0] == pytest.approx(tau, rel=1e-3)


def test_repeating_a_map_repeats_its_step():
    system = sp.as_system(lambda x: 0.9 * x, state_size=1, dt=0.1)
    once = sp.linearize(system, np.zeros((1, 1)))
    thrice = sp.linearize(system.iterate(3), np.zeros((1, 1)))
    np.testing.assert_allclose(thrice.eigenvalues.real, [[0.9**3]], rtol=1e-9)
    np.testing.assert_allclose(thrice.time_constants, once.time_constants, rtol=1e-9)


# -- blocks and participation ----------------------------------------------------------------------


def test_rows_are_to_and_columns_are_from():
    """Unit 1 is driven by unit 0 and by input 1, and nothing else is driven by anything."""
    A, B = np.zeros((3, 3)), np.zeros((3, 2))
    A[1, 0], B[1, 1] = 0.7, 0.3
    lin = linear(A, B)
    np.testing.assert_array_equal(lin.A[0], A)
    np.testing.assert_array_equal(lin.B[0], B)
    system = sp.as_system(VanillaCell(A, B, np.zeros(3)))
    at_rest = sp.linearize(system, np.zeros((1, 3)), np.zeros(2))
    np.testing.assert_array_equal(at_rest.A[0], A)
    np.testing.assert_array_equal(at_rest.B[0], B)


def test_blocks_keep_the_order_that_is_asked_for():
    system, rng = network()
    x, u = rng.normal(size=(3, 4)), rng.normal(size=(3, 2))
    lin = sp.linearize(system, x, u)
    whole = system.jacobian(x, u)
    np.testing.assert_array_equal(lin.A, whole)
    np.testing.assert_array_equal(lin.block("A", "B"), whole[:, [2, 0]][:, :, [3, 1]])
    np.testing.assert_array_equal(lin.block("B", "A"), whole[:, [3, 1]][:, :, [2, 0]])
    np.testing.assert_array_equal(
        lin.block(["B", "A"], ["A", "B"]), whole[:, [3, 1, 2, 0]][:, :, [2, 0, 3, 1]]
    )
    np.testing.assert_array_equal(lin.block(["A"], "A"), lin.block("A", ["A"]))


def test_the_parts_of_an_lstm_are_blocks():
    rng = np.random.default_rng(0)
    cell = LSTMCell(rng.normal(size=(12, 3)), rng.normal(size=(12, 2)), rng.normal(size=12))
    lin = sp.linearize(sp.as_system(cell), rng.normal(size=(2, 6)), np.zeros(2))
    np.testing.assert_array_equal(lin.block("c", "h"), lin.A[:, 3:, :3])
    forgetting = lin.block("c", "c")
    diagonal = np.einsum("nii->ni", forgetting)
    assert ((diagonal > 0) & (diagonal < 1)).all()
    np.testing.assert_array_equal(forgetting, diagonal[:, :, None] * np.eye(3))


def test_the_units_that_are_held_are_an_input_region():
    system, rng = network()
    x, u = rng.normal(size=(2, 4)), rng.normal(size=(2, 2))
    part = system.restrict("A")
    lin = sp.linearize(part, x[:, [2, 0]], np.hstack([u, x[:, [1, 3]]]))
    whole = system.jacobian(x, u)
    np.testing.assert_allclose(lin.A, whole[:, [2, 0]][:, :, [2, 0]], atol=1e-14)
    np.testing.assert_allclose(lin.block("A", "held"), whole[:, [2, 0]][:, :, [1, 3]], atol=1e-14)


def test_unknown_regions_are_refused():
    system, _ = network()
    lin = sp.linearize(system, np.zeros((1, 4)), np.zeros(2))
    with pytest.raises(ArgumentError, match=r"region: got 'C'.*'A', 'B'"):
        lin.block("A", "C")
    with pytest.raises(ArgumentError, match=r"region: got 'C'"):
        lin.participation("C")


@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=40)
def test_participation_shares_every_mode_out(d, seed):
    rng = np.random.default_rng(seed)
    cut = int(rng.integers(1, d))
    order = rng.permutation(d).tolist()
    lin = of_matrices(
        *rng.normal(size=(2, d, d)), regions={"first": order[:cut], "rest": order[cut:]}
    )
    first, rest = lin.participation("first"), lin.participation("rest")
    assert first.shape == (2, d)
    assert ((first >= 0) & (first <= 1 + 1e-12)).all()
    np.testing.assert_allclose(first + rest, 1, atol=1e-9)


def test_uncoupled_regions_own_their_modes():
    A = block_diagonal(rotation(1.0, 1.5), [[0.9]], [[0.2]])
    lin = of_matrices(A, regions={"ring": [0, 1], "line": [2, 3]})
    np.testing.assert_allclose(lin.participation("ring"), [[1, 1, 0, 0]], atol=1e-12)
    np.testing.assert_allclose(lin.participation("line"), [[0, 0, 1, 1]], atol=1e-12)


def test_participation_is_not_the_eigenvector_alone():
    """Unit 1 is driven hard by unit 0 but does not drive it back: its own mode stays its own."""
    lin = of_matrices([[0.9, 0.0], [50.0, 0.1]], regions={"driver": [0], "driven": [1]})
    np.testing.assert_allclose(lin.participation("driver"), [[1, 0]], atol=1e-12)
    assert np.abs(lin.right[0, 1, 0]) > 0.99  # although the driven unit moves most


# -- non-normality ---------------------------------------------------------------------------------


@given(st.integers(1, 6), st.integers(0, 2**32 - 1))
@settings(deadline=None, max_examples=30)
def test_normal_matrices_have_no_departure(d, seed):
    rng = np.random.default_rng(seed)
    raw = rng.normal(size=(d, d))
    orthogonal = np.linalg.qr(raw)[0]
    lin = of_matrices(raw + raw.T, raw - raw.T, orthogonal, np.diag(raw[0]))
    np.testing.assert_allclose(lin.non_normality, 0, atol=1e-6)


@pytest.mark.parametrize("d", [2, 3, 6])
def test_nilpotent_matrices_depart_fully(d):
    lin = of_matrices(np.triu(np.random.default_rng(d).normal(size=(d, d)), 1), np.eye(d, k=1))
    np.testing.assert_allclose(lin.non_normality, 1, atol=1e-12)


def test_the_departure_of_henrici_by_hand():
    """[[1, 3], [0, 2]]: |A|^2 = 14, the eigenvalues take 5 of it."""
    lin = of_matrices([[1.0, 3.0], [0.0, 2.0]], np.zeros((2, 2)))
    np.testing.assert_allclose(lin.non_normality, [np.sqrt(9 / 14), 0], rtol=1e-12)


# -- prediction ------------------------------------------------------------------------------------


def test_the_error_of_the_prediction_is_of_second_order():
    system, rng = network()
    x, u = rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
    dx, du = rng.normal(size=(5, 4)), rng.normal(size=(5, 2))
    lin = sp.linearize(system, x, u)
    errors = []
    for size in (1e-2, 1e-3, 1e-4):
        exact = system.step(x + size * dx, u + size * du)
        errors.append(np.abs(lin.predict(size * dx, size * du) - exact).max())
    orders = np.log10(errors[:-1]) - np.log10(errors[1:])
    np.testing.assert_allclose(orders, 2, atol=0.15)
    np.testing.assert_array_equal(lin.predict(0 * dx), system.step(x, u))


def test_the_prediction_of_a_linear_system_is_exact():
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(3, 3)), rng.normal(size=(3, 2))
    lin = linear(A, B)
    dx, du = rng.normal(size=(7, 1, 3)), rng.normal(size=(7, 1, 2))
    np.testing.assert_allclose(lin.predict(dx, du), dx @ A.T + du @ B.T, atol=1e-12)
    np.testing.assert_allclose(lin.predict(dx), dx @ A.T, atol=1e-12)


def test_predictions_are_batched_in_state_and_input():
    system, rng = network()
    x, u = rng.normal(size=(3, 4)), rng.normal(size=(3, 2))
    lin = sp.linearize(system, x, u)
    dx, du = rng.normal(size=(5, 6, 3, 4)), rng.normal(size=(6, 3, 2))
    together = lin.predict(dx, du)
    assert together.shape == (5, 6, 3, 4)
    for k in range(5):
        for j in range(6):
            np.testing.assert_allclose(together[k, j], lin.predict(dx[k, j], du[j]), atol=1e-14)


@pytest.mark.parametrize("shape", [(1, 4), (4,), (5, 1, 4)])
def test_one_deviation_serves_all_states(shape):
    """Whatever broadcasts to (..., n, d) is accepted."""
    system, rng = network()
    lin = sp.linearize(system, rng.normal(size=(3, 4)), np.zeros(2))
    dx = rng.normal(size=shape)
    whole = np.broadcast_to(dx, np.broadcast_shapes(shape, (3, 4)))
    np.testing.assert_allclose(lin.predict(dx), lin.predict(whole), atol=1e-14)


# -- where it comes from ---------------------------------------------------------------------------


def test_the_points_of_a_search_bring_their_inputs():
    system, rng = network()
    points = sp.find_fixed_points(system, rng.normal(size=(20, 4)), [0.5, -0.2])
    lin = sp.linearize(system, points)
    np.testing.assert_array_equal(lin.states, points.xstar)
    np.testing.assert_array_equal(lin.inputs, points.inputs)
    np.testing.assert_array_equal(lin.A, points.jacobian)
    np.testing.assert_array_equal(lin.B, points.input_jacobian)
    np.testing.assert_array_equal(lin.eigenvalues, points.eigenvalues)
    other = sp.linearize(system, points, [0.0, 0.0])
    assert not np.array_equal(other.A, lin.A)


def test_any_state_can_be_linearised_and_none():
    system, rng = network()
    lin = sp.linearize(system, rng.normal(size=(3, 4)), np.zeros(2))
    assert len(lin) == 3
    assert repr(lin) == "Linearization(map, 3 states of size 4)"
    none = sp.linearize(system, np.zeros((0, 4)), np.zeros(2))
    assert len(none) == 0
    for name in (
        "eigenvalues",
        "time_constants",
        "frequencies",
        "n_unstable",
        "is_stable",
        "index",
        "motion_condition",
        "non_normality",
        "left",
    ):
        assert len(getattr(none, name)) == 0
    assert none.participation("A").shape == (0, 4)


def test_dt_and_kind_come_from_the_system():
    flow = sp.as_system(lambda x: -x, state_size=1, kind="flow", dt=0.5)
    lin = sp.linearize(flow, [[0.0]])
    assert (lin.kind, lin.dt) == ("flow", 0.5)
    assert lin.is_stable[0]
    as_map = sp.linearize(flow.euler(0.25), [[0.0]])
    assert (as_map.kind, as_map.dt) == ("map", 0.25)
    np.testing.assert_allclose(as_map.eigenvalues, [[0.75]], atol=1e-9)


def test_errors_of_eigenvalues_hold_for_perturbed_matrices():
    rng = np.random.default_rng(0)
    A = rng.standard_normal((6, 6)) + 20 * np.triu(rng.standard_normal((6, 6)), 1)
    lin = sp.linearize(sp.as_system(lambda x: x @ A.T, state_size=6), np.zeros((1, 6)))
    lin = replace(lin, jacobian_error=np.full(1, 1e-10))
    for _ in range(100):
        E = rng.standard_normal((6, 6))
        E *= 1e-10 * np.linalg.norm(A) / np.linalg.norm(E)
        distance = np.abs(np.linalg.eigvals(A + E)[:, None] - lin.eigenvalues[0])
        assert (distance <= lin.eigenvalue_errors[0]).any(axis=1).all()
    assert (lin.eigenvalue_errors < 1e-5).all()


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_an_eigenvalue_nearer_to_the_border_than_its_error_decides_nothing(kind):
    slope = (1.0 if kind == "map" else 0.0) - 1e-6
    line = sp.as_system(lambda x: slope * x, state_size=1, kind=kind)
    lin = sp.linearize(line, np.zeros((1, 1)))
    assert lin.is_stable.tolist() == [True]
    for error in (1e-5 / abs(slope), np.inf):
        vague = replace(lin, jacobian_error=np.full(1, error))
        assert vague.n_unstable.tolist() == [-1]
        assert vague.is_stable.tolist() == [False]
