"""Slow manifolds whose course, drift and ends are known."""

from __future__ import annotations

from functools import cache

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import stillpoint as sp
from stillpoint import ArgumentError
from stillpoint.branches.ends import End
from stillpoint.branches.slow_manifold import corrector
from stillpoint.branches.slow_manifold._repr import ends
from stillpoint.cells import VanillaCell
from zoo import cosine_ring, half_line

# Smallest |1 - lambda| off the origin of the cosine ring (ground truth G3).
RING_GAPS = {6: 0.39, 8: 0.146, 10: 0.052, 12: 0.018}


def linear(values, seed=0, kind="map", library="numpy", inputs=0):
    """Return x' = A x + B u with the given real eigenvalues, A, and its right eigenvectors."""
    values = np.asarray(values, dtype=np.float64)
    rng = np.random.default_rng(seed)
    right = rng.normal(size=(len(values), len(values)))
    A = right @ np.diag(values) @ np.linalg.inv(right)
    B = rng.normal(size=(len(values), inputs))
    if library == "torch":
        torch = pytest.importorskip("torch")
        At, Bt = torch.asarray(A), torch.asarray(B)
        step = (lambda x, u: x @ At.T + u @ Bt.T) if inputs else (lambda x: x @ At.T)
        options = {"framework": "torch"}
    else:
        step = (lambda x, u: x @ A.T + u @ B.T) if inputs else (lambda x: x @ A.T)
        options = {}
    system = sp.as_system(
        step, state_size=len(values), input_size=inputs or None, kind=kind, **options
    )
    return system, A, right / np.linalg.norm(right, axis=0), B


@cache
def ring_of(n):
    """Return the cosine ring of n units, its fixed points and the manifold through them."""
    network = cosine_ring(n)
    system = sp.as_system(network.cell)
    points = sp.find_fixed_points(system, network.starts(300))
    assert len(points) == 2 * n + 1
    return system, points, sp.follow_slow_manifold(system, points)


@cache
def coarse_ring_of(n):
    """Return the same ring followed in steps twice as long as by default."""
    system, points, ring = ring_of(n)
    return sp.follow_slow_manifold(system, points, step_size=0.1 * np.linalg.norm(ring.states[0]))


# -- rings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", RING_GAPS)
def test_the_cosine_ring_closes_through_all_its_stable_points_and_saddles(n):
    _, points, ring = ring_of(n)
    assert ring.shape == "ring"
    assert ring.ends == (End.CLOSED, End.CLOSED)
    rests = ring.rests
    assert len(rests) == 2 * n
    assert (rests.attracts != np.roll(rests.attracts, 1)).all()
    step = np.linalg.norm(np.diff(ring.states, axis=0), axis=1).max()
    off_origin = points[np.linalg.norm(points.xstar, axis=1) > 0.1]
    arc, distance = ring.project(off_origin.xstar)
    assert distance.max() < 0.05 * step
    # The drift vanishes where the points are, and what attracts along the ring is stable.
    order = np.argsort(arc)
    apart = np.abs(arc[order, None] - rests.arc)
    nearest = np.argmin(np.minimum(apart, ring.extent - apart), axis=1)
    assert len(set(nearest)) == 2 * n
    np.testing.assert_allclose(rests.states[nearest], off_origin.xstar[order], atol=0.05 * step)
    np.testing.assert_array_equal(rests.attracts[nearest], off_origin.is_stable[order])


def test_a_ring_of_more_units_drifts_less_and_remembers_longer():
    manifolds = [ring_of(n)[2] for n in RING_GAPS]
    for shrinking in ([m.max_drift for m in manifolds], [1 / m.memory_time for m in manifolds]):
        assert (np.diff(shrinking) < 0).all()
    for ring, gap in zip(manifolds, RING_GAPS.values(), strict=True):
        assert np.abs(1 - ring.eigenvalues).max() == pytest.approx(gap, rel=0.06)
    assert all(0.5 < m.decay_time < 1.0 for m in manifolds)  # -1 / ln lambda, lambda about .22


def test_all_motion_on_the_ring_is_along_its_tangent():
    system, _, ring = ring_of(8)
    motion = np.einsum("kdp,kp->kd", ring.tangents, ring.drift)
    np.testing.assert_allclose(system.residual(ring.states), motion, atol=1e-8)
    lin = sp.linearize(system, ring.states)
    for k in (0, 40, 90):
        image = lin.A[k] @ ring.tangents[k]
        np.testing.assert_allclose(image, ring.tangents[k] * ring.eigenvalues[k].real, atol=1e-8)


def test_the_arc_of_the_ring_wraps_around():
    _, _, ring = ring_of(6)
    middle = (ring.states[0] + ring.states[-1]) / 2
    arc, distance = ring.project(np.stack([ring.states[0], middle]))
    assert arc[1] == pytest.approx((ring.arc[-1] + ring.extent) / 2)
    np.testing.assert_allclose(distance, 0, atol=1e-12)


@pytest.mark.parametrize("n", [6, 10])
def test_half_the_step_changes_extent_and_drift_by_less_than_a_percent(n):
    ring, coarse = ring_of(n)[2], coarse_ring_of(n)
    assert len(ring) > 1.3 * len(coarse)  # by default steps are half as long
    for name in ("extent", "mean_drift", "max_drift", "memory_time", "decay_time"):
        assert getattr(coarse, name) == pytest.approx(getattr(ring, name), rel=0.01)


@pytest.mark.parametrize("n", [6, 10])
def test_no_step_turns_far_where_there_is_no_kink(n):
    """Long steps on a smooth ring are halved until the slow direction turns by .2 at most."""
    ring = coarse_ring_of(n)
    assert ring.shape == "ring"
    tangents = ring.tangents[:, :, 0]
    turns = np.arccos(np.clip(np.sum(tangents * np.roll(tangents, -1, axis=0), axis=1), -1, 1))
    assert 0.1 < turns[:-1].max() <= 0.2 + 1e-9  # the last segment closes the ring


# -- lines -----------------------------------------------------------------------------------------


def test_a_half_line_of_relu_units_ends_at_its_kink_and_at_the_bound():
    system = sp.as_system(half_line().cell)
    line = sp.follow_slow_manifold(system, np.array([[1.0, 0.2, 0.1]]), max_norm=5.0)
    assert line.shape == "line"
    a = line.states[:, 0]
    np.testing.assert_allclose(line.states[:, 1:], 0, atol=1e-14)
    assert 0 < a.min() < 1e-3
    assert 4.9 < a.max() <= 5.0
    np.testing.assert_allclose(line.drift, 0, atol=1e-14)
    assert line.memory_time == np.inf
    assert len(line.rests) == 0
    assert "infinite: nothing drifts" in repr(line)
    by_side = line.ends if a[-1] > a[0] else line.ends[::-1]
    assert by_side == (End.NOT_SLOW, End.OUT_OF_BOUNDS)


@pytest.mark.parametrize(
    ("kind", "values"), [("map", (1.0, 0.6, -0.7, 0.1)), ("flow", (0.0, -0.5, -3.0, -1.0))]
)
@pytest.mark.parametrize("library", ["numpy", pytest.param("torch", marks=pytest.mark.torch)])
def test_a_linear_line_has_the_known_eigenvectors(kind, values, library):
    system, _, right, _ = linear(values, kind=kind, library=library)
    exact = library == "torch"
    line = sp.follow_slow_manifold(system, np.ones((1, 4)), max_norm=3.0)
    assert line.shape == "line"
    assert line.ends == (End.OUT_OF_BOUNDS, End.OUT_OF_BOUNDS)
    tangent = right[:, 0] * np.sign(right[:, 0] @ line.tangents[0, :, 0])
    left = np.linalg.inv(np.column_stack([tangent, right[:, 1:]]))[0]
    digits = 1e-10 if exact else 1e-7  # of a NumPy function the Jacobian is taken by differences
    straight = np.diff(line.states, axis=0)
    straight /= np.linalg.norm(straight, axis=1, keepdims=True)
    np.testing.assert_allclose(np.abs(straight @ tangent), 1, atol=digits)
    np.testing.assert_allclose(
        line.tangents[:, :, 0], np.tile(tangent, (len(line), 1)), atol=digits
    )
    np.testing.assert_allclose(line.selection[:, :, 0], np.tile(left, (len(line), 1)), atol=digits)
    slowest = 0.7 if kind == "map" else -0.5
    np.testing.assert_allclose(line.transverse, slowest, atol=digits)
    decay = -1 / np.log(0.7) if kind == "map" else 2.0
    assert line.decay_time == pytest.approx(decay, rel=1e-5)
    assert line.max_drift < 10 * digits


def test_a_cell_gives_the_left_eigenvector_to_ten_digits():
    _, A, right, _ = linear((1.0, 0.6, 0.3), seed=2)
    high = np.full(3, 100.0)  # far from any kink
    cell = VanillaCell(A, np.zeros((3, 0)), high - A @ high, phi="relu")
    line = sp.follow_slow_manifold(sp.as_system(cell), high[None] + 1, max_length=3.0)
    left = np.linalg.inv(right)[0]
    left = left / (left @ line.tangents[0, :, 0])
    assert len(line) > 2
    np.testing.assert_allclose(line.selection[:, :, 0], np.tile(left, (len(line), 1)), atol=1e-10)
    np.testing.assert_allclose(line.transverse, 0.6, atol=1e-10)


def test_drift_and_times_of_a_leaky_line_are_exact():
    def leak(x):
        return x * np.array([0.99, 0.5])

    for dt, unit in ((None, 1.0), (0.02, 0.02)):
        system = sp.as_system(leak, state_size=2, dt=dt)
        line = sp.follow_slow_manifold(
            system, np.array([[1.0, 1.0]]), max_norm=2.0, step_size=0.125
        )
        assert line.shape == "line"
        place = line.states @ line.tangents[0, :, 0]
        np.testing.assert_allclose(line.drift[:, 0], -0.01 * place, atol=1e-9)
        reach = line.extent / 2
        assert line.mean_drift == pytest.approx(0.01 * reach / 2, rel=1e-2)
        assert line.memory_time == pytest.approx(400 * unit, rel=1e-2)
        assert line.decay_time == pytest.approx(-unit / np.log(0.5), rel=1e-6)
        assert len(line.rests) == 1
        assert line.rests.attracts[0]
        np.testing.assert_allclose(line.rests.states, 0, atol=1e-6)


@pytest.mark.parametrize(("gain", "n_rests"), [(0.99, 1), (1.02, 3)])
def test_a_tanh_integrator_drifts_slowly_on_both_sides_of_the_pitchfork(gain, n_rests):
    rng = np.random.default_rng(1)
    direction = rng.normal(size=20)
    direction /= np.linalg.norm(direction)
    cell = VanillaCell(gain * np.outer(direction, direction), np.zeros((20, 0)), np.zeros(20))
    system = sp.as_system(cell)
    line = sp.follow_slow_manifold(system, np.zeros((1, 20)), max_length=0.8)
    assert line.shape == "line"
    assert line.ends == (End.MAX_LENGTH, End.MAX_LENGTH)
    assert line.extent == pytest.approx(1.6, rel=1e-2)
    assert len(line.rests) == n_rests
    # Along the direction x' = tanh(g s v), so s' - s is about (g - 1) s - (g s)^3 sum(v^4) / 3.
    s = line.states @ direction
    cubic = (gain - 1) * s - (gain * s) ** 3 * np.sum(direction**4) / 3
    sign = np.sign(line.tangents[0, :, 0] @ direction)
    small = np.abs(s) < 0.3
    np.testing.assert_allclose(sign * line.drift[small, 0], cubic[small], atol=2e-4)
    assert line.decay_time == 0 or line.decay_time < 0.2  # rank one: all else is gone in one step


def test_inputs_are_measured_against_the_selection_vector():
    system, _, right, B = linear((0.995, 0.5, 0.2), inputs=2, seed=3)
    line = sp.follow_slow_manifold(system, np.zeros((1, 3)), np.zeros(2), max_norm=2.0)
    left = np.linalg.inv(right)[0]
    left *= np.sign(left @ line.tangents[0, :, 0])
    cosine = left @ B / np.linalg.norm(left) / np.linalg.norm(B, axis=0)
    angles = np.degrees(np.arccos(cosine))
    assert line.input_angles.shape == (len(line), 1, 2)
    np.testing.assert_allclose(line.input_angles[5, 0], angles, atol=1e-5)
    np.testing.assert_allclose(
        line.input_gain[5, 0], left @ B / (left @ line.tangents[0, :, 0]), atol=1e-6
    )


def test_a_silent_input_has_no_angle():
    cell = VanillaCell(np.diag([0.99, 0.4]), np.zeros((2, 1)), np.zeros(2))
    line = sp.follow_slow_manifold(
        sp.as_system(cell), np.zeros((1, 2)), np.zeros(1), max_length=0.2
    )
    assert np.isnan(line.input_angles).all()


# -- sheets ----------------------------------------------------------------------------------------


def test_two_unit_eigenvalues_make_a_flat_sheet():
    system, _, right, _ = linear((1.0, 1.0, 0.5, 0.2), seed=5)
    sheet = sp.follow_slow_manifold(
        system, np.ones((1, 4)), dimension=2, step_size=0.5, max_length=2.0
    )
    assert sheet.shape == "sheet"
    assert sheet.dimension == 2
    assert sheet.states.shape == (9, 9, 4)
    assert sheet.arc.shape == (9, 9, 2)
    assert sheet.extent == pytest.approx((4.0, 4.0), rel=1e-6)
    plane = np.linalg.qr(right[:, :2])[0]
    off = sheet.states - sheet.states @ plane @ plane.T
    np.testing.assert_allclose(off, 0, atol=1e-6)
    assert sheet.memory_time > 1e5
    assert sheet.ends == (End.MAX_LENGTH,) * 4
    dual = np.swapaxes(sheet.selection, -1, -2) @ sheet.tangents
    np.testing.assert_allclose(dual, np.tile(np.eye(2), (9, 9, 1, 1)), atol=1e-9)
    with pytest.raises(ArgumentError, match=r"^rests"):
        _ = sheet.rests


def test_a_curve_does_not_start_where_two_modes_are_equally_slow():
    system, *_ = linear((1.0, 1.0, 0.5, 0.2), seed=5)
    with pytest.raises(ArgumentError, match=r"^start: .*dimension=2"):
        sp.follow_slow_manifold(system, np.ones((1, 4)))


def test_a_ring_times_a_line_is_a_sheet_with_the_drift_of_both():
    """Eight units on a ring and one that leaks: the sheet is the product, whatever mixes them."""
    ring = cosine_ring(8)
    keep = 0.97

    def product(x):
        return np.concatenate([np.tanh(x[:, :8] @ ring.cell.W.T), keep * x[:, 8:]], axis=1)

    def jacobian(x, _):
        block = np.zeros((len(x), 9, 9))
        slope = 1 - np.tanh(x[:, :8] @ ring.cell.W.T) ** 2
        block[:, :8, :8] = slope[:, :, None] * ring.cell.W
        block[:, 8, 8] = keep
        return block

    system = sp.as_system(product, state_size=9, jacobian=jacobian)
    start = np.append(ring.points[1], 0.3)[None]
    sheet = sp.follow_slow_manifold(
        system, start, dimension=2, step_size=0.2, max_length=1.0, max_steps=20
    )
    alone = sp.follow_slow_manifold(sp.as_system(ring.cell), ring.points[1:2], max_length=1.5)
    there = sheet.states[sheet.present]
    assert len(there) == len(sheet) > 80
    assert alone.project(there[:, :8])[1].max() < 0.01
    assert np.ptp(there[:, 8]) > 1
    motion = np.einsum("kldp,klp->kld", sheet.tangents, sheet.drift)[sheet.present]
    np.testing.assert_allclose(system.residual(there), motion, atol=1e-8)
    np.testing.assert_allclose(motion[:, 8], (keep - 1) * there[:, 8], atol=1e-8)


# -- where it cannot begin or go on ----------------------------------------------------------------


def rotation(angle, radius):
    c, s = radius * np.cos(angle), radius * np.sin(angle)
    A = np.array([[c, -s, 0], [s, c, 0], [0, 0, 0.1]])
    return sp.as_system(lambda x: x @ A.T, state_size=3)


def test_a_slow_rotation_is_no_direction():
    with pytest.raises(ArgumentError, match=r"^start: .*complex pair"):
        sp.follow_slow_manifold(rotation(0.3, 0.99), np.zeros((1, 3)))


def test_a_fast_system_has_no_slow_manifold_and_the_message_says_how_fast():
    system = sp.as_system(lambda x: x * np.array([0.3, 0.1]), state_size=2)
    with pytest.raises(ArgumentError, match=r"^start: .* 0\.3, 0\.1.*1\.91 times"):
        sp.follow_slow_manifold(system, np.zeros((1, 2)))
    with pytest.raises(ArgumentError, match=r"^start: .*at least one step"):
        sp.follow_slow_manifold(system, np.zeros((1, 2)), min_separation=1.5)


def test_the_slowest_of_several_starts_is_taken():
    """A tanh integrator that leaks: the slow mode is slowest at the origin."""
    cell = VanillaCell(np.diag([0.98, 0.3]), np.zeros((2, 0)), np.zeros(2))
    starts = np.array([[0.9, 0.0], [0.01, 0.0], [0.5, 0.2]])
    line = sp.follow_slow_manifold(sp.as_system(cell), starts, max_length=0.3)
    np.testing.assert_allclose(line.states[line.origin], [0.01, 0.0], atol=1e-6)


def test_a_path_that_uses_up_its_steps_says_so():
    system = sp.as_system(lambda x: x * np.array([1.0, 0.3]), state_size=2)
    line = sp.follow_slow_manifold(system, np.zeros((1, 2)), max_steps=7, step_size=0.25)
    assert len(line) == 15
    assert line.ends == (End.MAX_STEPS, End.MAX_STEPS)
    assert End.MAX_STEPS.sentence in repr(line)


def test_a_single_unit_that_integrates_is_a_line():
    system = sp.as_system(lambda x: x, state_size=1)
    line = sp.follow_slow_manifold(system, np.ones((1, 1)), max_norm=2.0)
    assert line.memory_time == np.inf
    assert line.decay_time == 0


HALVES = {"state_size": 2}
GOOD = {"start": np.zeros((1, 2))}


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"start": np.zeros((0, 2))}, "start: got no state"),
        ({"start": np.zeros(2)}, "start: got shape"),
        ({"start": np.full((1, 2), np.nan)}, "start"),
        ({"step_size": 0}, "step_size"),
        ({"step_size": -0.1}, "step_size"),
        ({"step_size": np.inf}, "step_size"),
        ({"max_steps": 0}, "max_steps"),
        ({"max_length": 0.0}, "max_length"),
        ({"min_separation": 0.5}, "min_separation"),
        ({"min_separation": np.nan}, "min_separation"),
        ({"max_norm": 0.0}, "max_norm"),
        ({"dimension": 3}, "dimension"),
        ({"dimension": True}, "dimension"),
        ({"inputs": np.zeros(3)}, "inputs"),
    ],
)
def test_wrong_arguments_are_named(arguments, named):
    system = sp.as_system(lambda x: x * np.array([0.99, 0.3]), state_size=2)
    with pytest.raises(ArgumentError, match=f"^{named}"):
        sp.follow_slow_manifold(system, **GOOD | arguments)


def test_starts_of_several_inputs_are_refused():
    system = sp.as_system(lambda x, u: x * np.array([0.99, 0.3]) + u, state_size=2, input_size=1)
    with pytest.raises(ArgumentError, match=r"^inputs: .*2 different"):
        sp.follow_slow_manifold(system, np.zeros((2, 2)), np.array([[0.0], [1.0]]))
    points = sp.find_fixed_points(system, np.zeros((2, 2)), np.array([[0.0], [0.01]]))
    with pytest.raises(ArgumentError, match=r"^inputs: .*2 different"):
        sp.follow_slow_manifold(system, points)
    line = sp.follow_slow_manifold(system, points[points.inputs[:, 0] > 0], max_steps=3)
    np.testing.assert_array_equal(line.inputs, [0.01])


def test_nothing_of_the_caller_changes():
    system, points, _ = ring_of(6)
    before = points.xstar.copy()
    sp.follow_slow_manifold(system, points, max_steps=3)
    np.testing.assert_array_equal(points.xstar, before)


# -- the record ------------------------------------------------------------------------------------


def test_a_manifold_comes_back_from_its_file(tmp_path):
    _, _, ring = ring_of(6)
    again = sp.load(ring.save(tmp_path / "ring.nc"))
    assert isinstance(again, sp.SlowManifold)
    assert repr(again) == repr(ring)
    np.testing.assert_array_equal(again.states, ring.states)
    np.testing.assert_array_equal(again.eigenvalues, ring.eigenvalues)
    assert (again.ends, again.kind, again.dt, again.origin) == (ring.ends, "map", None, 0)


def lorenz(x):
    return np.stack(
        [10 * (x[:, 1] - x[:, 0]), x[:, 0] * (28 - x[:, 2]) - x[:, 1],
         x[:, 0] * x[:, 1] - 8 / 3 * x[:, 2]], axis=1,
    )  # fmt: skip


def test_the_axis_of_lorenz_repels():
    """Beside it lambda^2 + 11 lambda + 10 (z - 27) = 0, with a positive root where z < 27."""
    system = sp.as_system(lorenz, state_size=3, kind="flow")
    axis = sp.follow_slow_manifold(system, np.array([[0.0, 0.0, 1.0]]))
    z, n = axis.states[:, 2], len(axis)
    np.testing.assert_allclose(axis.states[:, :2], 0, atol=1e-12)
    np.testing.assert_allclose(axis.transverse, (-11 + np.sqrt(1201 - 40 * z)) / 2, rtol=1e-6)
    assert (
        repr(axis)
        .splitlines()[0]
        .endswith(f"in 3 states, repels transversally at {n} of {n} nodes")
    )
    assert f"repels transversally at {n} of {n} nodes</b>" in axis._repr_html_()


@pytest.mark.parametrize(
    ("kind", "values", "told"),
    [
        ("map", (1.0, 0.5), "41 nodes, attracting"),
        ("map", (1.0, 1.5), "repels transversally at 41 of 41 nodes"),
        ("map", (1.0, -1.5), "repels transversally at 41 of 41 nodes"),
        ("flow", (0.0, -0.5), "41 nodes, attracting"),
        ("flow", (0.0, 0.5), "repels transversally at 41 of 41 nodes"),
        ("map", (1.0,), "41 nodes"),  # there is nothing beside it
    ],
)
def test_a_line_says_whether_it_attracts(kind, values, told):
    system = sp.as_system(lambda x: x * np.array(values), state_size=len(values), kind=kind)
    line = sp.follow_slow_manifold(system, np.zeros((1, len(values))), max_length=1.0)
    assert repr(line).splitlines()[0].endswith(f"state{'s' * (len(values) > 1)}, {told}")


@pytest.mark.parametrize("kind", ["map", "flow"])
def test_a_line_says_at_how_many_nodes_it_repels(kind):
    """z stays, y grows where z > 1: its eigenvalue is z, of the flow z - 1."""
    shift = 0 if kind == "map" else 1
    system = sp.as_system(
        lambda x: np.stack([(x[:, 1] - shift) * x[:, 0], (1 - shift) * x[:, 1]], axis=1),
        state_size=2,
        kind=kind,
    )
    line = sp.follow_slow_manifold(system, np.array([[0.0, 0.813]]), max_length=0.6)
    repels = int((line.states[:, 1] > 1).sum())
    assert 0 < repels < len(line)
    assert f"repels transversally at {repels} of {len(line)} nodes" in repr(line).splitlines()[0]


def test_a_sheet_counts_the_nodes_that_it_has():
    system = sp.as_system(lambda x: x * np.array([1.0, 1.0, 1.2]), state_size=3)
    sheet = sp.follow_slow_manifold(
        system, np.zeros((1, 3)), dimension=2, max_norm=1.0, step_size=0.3
    )
    n = int(sheet.present.sum())
    assert n < sheet.present.size
    assert f"repels transversally at {n} of {n} nodes" in repr(sheet).splitlines()[0]


def test_the_repr_tells_what_a_scientist_asks():
    text = repr(ring_of(8)[2])
    for words in ("ring of length 17", "8 attract, 8 repel", "per step", "returned to its start"):
        assert words in text


def test_a_sheet_that_closes_one_way_also_says_how_it_ends_the_other_way():
    closed = ends((End.CLOSED, End.CLOSED), (End.MAX_STEPS, End.NOT_SLOW))
    assert closed.startswith(f"{End.CLOSED.sentence}; {End.CLOSED.sentence}; across, mostly: ")
    assert ends((End.CLOSED, End.CLOSED), ()) == "returned to its start"


# -- the figure ------------------------------------------------------------------------------------


@pytest.mark.parametrize("dimensions", [2, 3])
def test_the_figure_colours_the_curve_by_its_drift(dimensions):
    system, _, ring = ring_of(6)
    before = dict(mpl.rcParams)
    paths = system.simulate(ring.states[::20], steps=15)
    ax = Figure().add_subplot(projection="3d" if dimensions == 3 else None)
    drawn = sp.plots.slow_manifold(ring, paths, dimensions=dimensions, ax=ax)
    assert len(drawn["trajectories"]) == len(paths)
    colours = drawn["manifold"].get_array()
    assert len(colours) == len(ring)  # one segment for every node: it closes
    middle = (ring.drift[:, 0] + np.roll(ring.drift[:, 0], -1)) / 2
    np.testing.assert_allclose(colours, middle)
    assert drawn["manifold"].get_clim() == (-ring.max_drift, ring.max_drift)
    assert len(drawn["rests"]) == 2
    if dimensions == 2:
        assert [len(cloud.get_offsets()) for cloud in drawn["rests"]] == [6, 6]
        flat = sp.fit_pca(paths).transform(ring.states)
        np.testing.assert_allclose(drawn["manifold"].get_segments()[4], flat[4:6])
        assert ax.dataLim.contains(*flat[0])
    assert dict(mpl.rcParams) == before


def test_a_sheet_is_drawn_node_by_node():
    system, *_ = linear((1.0, 0.999, 0.4), seed=2)
    sheet = sp.follow_slow_manifold(system, np.zeros((1, 3)), dimension=2, max_steps=3)
    drawn = sp.plots.slow_manifold(sheet, ax=Figure().add_subplot())
    assert len(drawn["manifold"].get_offsets()) == len(sheet)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"dimensions": 4}, "dimensions"),
        ({"dimensions": 3, "ax": Figure().add_subplot()}, "ax"),
        ({"projection": object()}, "projection"),
        ({"projection": sp.fit_pca(np.eye(4))}, "projection"),
        ({"trajectories": np.zeros((3, 6))}, "trajectories"),
        ({"trajectories": np.zeros((3, 5, 4))}, "trajectories"),
    ],
)
def test_wrong_arguments_of_the_figure_are_named(options, named):
    with pytest.raises(ArgumentError, match=f"^{named}"):
        sp.plots.slow_manifold(ring_of(6)[2], **{"ax": Figure().add_subplot()} | options)


@pytest.mark.parametrize("p", [1, 2])
def test_frames_are_turned_as_little_as_possible(p):
    rng = np.random.default_rng(p)
    columns, frame = rng.normal(size=(6, p)), np.linalg.qr(rng.normal(size=(6, p)))[0]
    nearest = corrector._nearest_frame(columns, frame)
    np.testing.assert_allclose(nearest.T @ nearest, np.eye(p), atol=1e-14)
    np.testing.assert_allclose(nearest @ (nearest.T @ columns), columns, atol=1e-13)
    left, _, right = np.linalg.svd(nearest.T @ frame)
    np.testing.assert_allclose(left @ right, np.eye(p), atol=1e-13)
    opposite = corrector._nearest_frame(-columns, frame)
    np.testing.assert_allclose(opposite, nearest, atol=1e-13)
