"""A network is the same in volts and in nanovolts: points, labels, census and figures of merit."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, System
from stillpoint.cells import VanillaCell
from stillpoint.points import OrbitEnd

rng = np.random.default_rng(0)
W = np.array([[2.0, -0.6, 0.0], [-0.5, 1.8, 0.3], [0.2, 0.0, 1.5]])
STARTS = 1.5 * rng.standard_normal((1500, 3))

#: Sizes of the state: all units alike, or each its own, volts beside hertz.
SIZES = [1e-9, 1e-6, 1e-3, 1e3, 1e9, np.array([1e-9, 1.0, 1e9]), np.array([70e-3, 1e2, 1e-12])]


def tanh(size: float | np.ndarray, kind: str = "map") -> System:
    """Return tanh units of which a state of `size` is what is one elsewhere, without a cell."""
    if kind == "map":
        return sp.as_system(lambda x: size * np.tanh(x / size @ W.T), 3, lefschetz=1)
    return sp.as_system(
        lambda x: size * np.tanh(x / size @ W.T) - x, 3, lefschetz=1, kind="flow", dt=0.1
    )


def same(found: sp.FixedPoints, wanted: sp.FixedPoints, size: float | np.ndarray) -> None:
    """Check that points are the others, in other units."""
    assert len(found) == len(wanted)
    match = wanted.nearest(found.xstar / size)
    assert sorted(match) == list(range(len(wanted)))
    np.testing.assert_allclose(found.xstar / size, wanted.xstar[match], rtol=0, atol=1e-9)
    for name in ("n_unstable", "is_stable", "index", "is_degenerate", "mirrored", "on_continuum"):
        np.testing.assert_array_equal(getattr(found, name), getattr(wanted, name)[match])
    np.testing.assert_allclose(found.eigenvalues, wanted.eigenvalues[match], atol=1e-6)
    assert found.census().completeness == wanted.census().completeness


@pytest.mark.parametrize("kind", ["map", "flow"])
@pytest.mark.parametrize("size", SIZES, ids=str)
def test_points_do_not_depend_on_the_units(size, kind):
    wanted = sp.find_fixed_points(tanh(1.0, kind), STARTS)
    found = sp.find_fixed_points(tanh(size, kind), STARTS * size)
    assert len(wanted) > 5
    same(found, wanted, size)
    slopes = 1 - np.tanh(found.xstar / size @ W.T) ** 2
    jacobian = slopes[:, :, None] * (np.ones(3) * size)[:, None] * W / size
    jacobian = jacobian - np.eye(3) if kind == "flow" else jacobian
    unit = np.ones(3) * size
    in_units = found.jacobian * unit / unit[:, None]
    np.testing.assert_allclose(in_units, jacobian * unit / unit[:, None], atol=1e-6)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_a_search_without_starts_sees_the_units(size):
    wanted = sp.find_all_fixed_points(tanh(1.0), max_starts=2048)
    same(sp.find_all_fixed_points(tanh(size), max_starts=2048), wanted, size)


@pytest.mark.parametrize("dt", [None, 0.1])
@pytest.mark.parametrize("size", [1e-9, 1e-4, 1e9])
def test_a_search_of_a_flow_without_starts_sees_the_units(size, dt):
    def flow(size: float) -> System:
        step = lambda x: size * np.tanh(x / size @ W.T) - x  # noqa: E731
        return sp.as_system(step, 3, lefschetz=1, kind="flow", dt=dt)

    wanted = sp.find_all_fixed_points(flow(1.0), max_starts=1024)
    same(sp.find_all_fixed_points(flow(size), max_starts=1024), wanted, size)


@pytest.mark.parametrize("size", [[6e-4, 20.0, 0.03], [1.0, 30.0, 3e-3], [3e-5, 2.5, 1.0]], ids=str)
def test_variables_of_neighbouring_sizes_lose_nothing(size):
    # With half as many starts a point may be hit once in one unit and twice in another, and the
    # verdicts differ by that chance.
    wanted = sp.find_fixed_points(tanh(1.0), STARTS[:800])
    same(sp.find_fixed_points(tanh(np.array(size)), STARTS[:800] * size), wanted, np.array(size))


@pytest.mark.parametrize("width", [1e-3, 1e-5, 1e-6, 1e-8, 1e-12])
def test_ordinary_starts_in_a_small_network_give_no_wrong_label(width):
    motion = lambda x: width * np.tanh(2 * x / width)  # noqa: E731
    starts = np.concatenate([np.random.default_rng(0).standard_normal((30, 1)), [[0.0]]])
    of_map = sp.find_fixed_points(sp.as_system(motion, 1), starts)
    assert of_map.n_unstable.tolist() == [0, 0, 1]
    for system in (
        sp.as_system(lambda x: motion(x) - x, 1, kind="flow"),
        sp.as_system(lambda x: 0.5 * x + motion(x), 1),
    ):
        points = sp.find_fixed_points(system, starts)
        middle = np.abs(points.xstar[:, 0]) < 0.05 * width
        assert not points.is_stable[middle].any()
        assert not (points.n_unstable[middle] == 0).any()
        assert not (points.index[middle] == 1).any()


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_a_rectified_cell_is_proved_complete_in_any_unit(size):
    inhibiting = np.array([[0.5, -1.2], [-1.2, 0.5]])
    system = sp.as_system(VanillaCell(inhibiting, np.zeros((2, 0)), np.full(2, size), "relu"))
    points = sp.find_fixed_points(system, size * np.random.default_rng(1).standard_normal((100, 2)))
    assert points.n_unstable.tolist() == [0, 0, 1]
    assert sp.find_all_fixed_points(system).census().completeness.name == "PROVED"


@pytest.mark.parametrize("own", [np.ones(3), np.array([1.0, 1e-6, 1e6])], ids=str)
@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_a_cycle_of_rectified_units_is_seen_in_any_unit(size, own):
    def inhibiting(size: np.ndarray) -> System:
        weights = -2 * (np.ones((3, 3)) + np.eye(3)[[1, 2, 0]])
        cell = VanillaCell(size[:, None] * weights / size, np.zeros((3, 0)), size, "relu")
        return sp.as_system(cell)

    wanted = sp.find_all_fixed_points(inhibiting(np.ones(3)), exhaustive=False)
    found = sp.find_all_fixed_points(inhibiting(size * own), exhaustive=False)
    same(found, wanted, size * own)
    assert found.census().completeness.name == "NO_EVIDENCE"
    assert (found.orbits.ending == OrbitEnd.CYCLE).sum() > 10
    assert found.scale.max() / (size * own.max()) < 100


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_slow_points_do_not_depend_on_the_units(size):
    def near_a_fold(c: float) -> System:
        return sp.as_system(lambda x: c * np.tanh(2 * x / c + 0.54), state_size=1)

    starts = np.linspace(-1, 1, 20)[:, None]
    wanted = sp.find_slow_points(near_a_fold(1.0), starts)
    found = sp.find_slow_points(near_a_fold(size), size * starts)
    assert found.label.tolist() == wanted.label.tolist() == ["fixed point", "ghost"]
    np.testing.assert_allclose(found.xstar / size, wanted.xstar, atol=1e-7)
    for name, power in (("q", 2), ("speed", 1), ("curvature", 0), ("dwell_time", 0)):
        values, others = getattr(found, name)[1], getattr(wanted, name)[1]
        np.testing.assert_allclose(values, others * size**power, rtol=1e-3)


@pytest.mark.parametrize("size", [1e-9, 1e9])
def test_slow_points_of_a_rectified_cell_do_not_depend_on_the_units(size):
    def ghost(c: float) -> System:
        W = np.array([[0.6, -1.1], [-0.9, 0.5]])
        return sp.as_system(VanillaCell(W, np.zeros((2, 0)), c * np.array([-0.1, 0.4]), "relu"))

    starts = np.random.default_rng(2).standard_normal((60, 2))
    wanted = sp.find_slow_points(ghost(1.0), starts)
    found = sp.find_slow_points(ghost(size), size * starts)
    assert found.label.tolist() == wanted.label.tolist()
    np.testing.assert_allclose(found.xstar / size, wanted.xstar, atol=1e-9)
    np.testing.assert_array_equal(found.n_kinks, wanted.n_kinks)
    np.testing.assert_array_equal(np.sort(found.starts.status), np.sort(wanted.starts.status))


def test_the_caller_may_say_the_size():
    points = sp.find_fixed_points(tanh(1e-9), STARTS * 1e-9, scale=3e-9)
    assert (points.scale == 2.0**-28).all()
    assert len(points) == len(sp.find_fixed_points(tanh(1.0), STARTS))
    ordinary = sp.find_fixed_points(tanh(1.0), STARTS, scale=[1.0, 1.0, 1.0])
    assert (ordinary.scale == 1).all()


@pytest.mark.parametrize("scale", [0.0, -1.0, [1.0, 2.0], np.nan, "volts"])
def test_a_size_that_is_none_is_refused(scale):
    with pytest.raises(ArgumentError, match="scale"):
        sp.find_fixed_points(tanh(1.0), STARTS, scale=scale)
    with pytest.raises(ArgumentError, match="scale"):
        sp.find_slow_points(tanh(1.0), STARTS, scale=scale)


@pytest.mark.parametrize("size", SIZES, ids=str)
def test_records_keep_their_units(size, tmp_path):
    points = sp.find_fixed_points(tanh(size), STARTS * size)
    loaded = sp.load(points.save(tmp_path / "points.nc"))
    np.testing.assert_array_equal(loaded.scale, points.scale)
    np.testing.assert_array_equal(loaded.n_unstable, points.n_unstable)
    linear = sp.linearize(tanh(size), points.xstar)
    np.testing.assert_array_equal(linear.n_unstable, points.n_unstable)
    twice = sp.FixedPoints.concatenate([points, loaded]).unique()
    assert len(twice) == len(points)


@pytest.mark.parametrize("seed", [27, 29, 31, 35])
def test_small_starts_in_an_ordinary_network_lose_nothing(seed):
    rng = np.random.default_rng(seed)
    d = int(rng.integers(2, 9))
    weights, bias = rng.uniform(1, 3) * rng.standard_normal((d, d)) / d**0.5, 0.1 * np.ones(d)
    system = sp.as_system(lambda x: np.tanh(x @ weights.T + bias), d)
    starts = 1e-4 * rng.standard_normal((100, d))
    found, wanted = (sp.find_fixed_points(system, starts, scale=scale) for scale in (None, 1.0))
    assert (found.scale == 1).all()
    assert len(found) == len(wanted)
