"""A flow field is the system's own motion, and says how much of it a plane shows."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp
from stillpoint import ArgumentError, planes

RNG = np.random.default_rng(0)
A = RNG.normal(size=(5, 5)) / 2
B = RNG.normal(size=(5, 2))


def step(x, u):
    return np.tanh(x @ A.T + u @ B.T)


MAP = sp.as_system(step, state_size=5, input_size=2, recognise=False)
FLOW = sp.as_system(lambda x: np.sin(x @ A.T), state_size=5, kind="flow", recognise=False)
PLANE = planes.along(RNG.normal(size=5), RNG.normal(size=5), origin=RNG.normal(size=5))
BOUNDS = [(-1.0, 2.0), (-3.0, 1.0)]


@pytest.mark.parametrize("resolution", [7, (4, 9), 90])
def test_every_arrow_is_the_motion_of_its_state(resolution):
    u = np.array([0.3, -1.0])
    field = sp.flow_field(MAP, PLANE, u, bounds=BOUNDS, resolution=resolution)
    k, rows = resolution if isinstance(resolution, tuple) else (resolution, resolution)
    assert field.velocity.shape == (rows, k, 2)
    assert field.x[[0, -1]].tolist() == [-1, 2]
    assert field.y[[0, -1]].tolist() == [-3, 1]
    i, j = 2, 3
    state = PLANE.mean_ + np.array([field.x[j], field.y[i]]) @ PLANE.components_
    motion = step(state[None], u[None])[0] - state
    along = PLANE.components_ @ motion
    assert field.velocity[i, j] == pytest.approx(along)
    assert field.speed[i, j] == pytest.approx(np.linalg.norm(motion))
    assert field.share[i, j] == pytest.approx((np.linalg.norm(along) / np.linalg.norm(motion)) ** 2)


def test_a_flow_moves_as_its_derivative_says():
    field = sp.flow_field(FLOW, PLANE, bounds=BOUNDS, resolution=5)
    state = PLANE.inverse_transform([field.x[1], field.y[4]])
    assert field.velocity[4, 1] == pytest.approx(PLANE.components_ @ np.sin(state @ A.T))


def test_motion_along_readouts_that_are_not_orthogonal_is_shared_rightly():
    W = np.array([[1.0, 1.0, 0.0], [1.0, 0.0, 0.0]])  # the plane of the first two variables
    away = sp.as_system(lambda x: 0 * x + np.array([3.0, 0.0, 4.0]), state_size=3, kind="flow")
    field = sp.flow_field(away, planes.readouts(W), bounds=BOUNDS, resolution=3)
    assert field.share == pytest.approx(np.full((3, 3), 9 / 25))
    assert field.speed == pytest.approx(np.full((3, 3), 5.0))
    assert field.velocity[0, 0] == pytest.approx([3, 3])


def test_the_picture_holds_what_it_is_to_be_around():
    trials = np.ma.masked_array(RNG.normal(size=(4, 10, 5)), mask=False)
    trials[1, 5:] = np.ma.masked
    for plane, around in ((planes.pca(trials), None), (PLANE, trials)):
        field = sp.flow_field(MAP, plane, np.zeros(2), around=around, resolution=3)
        known = trials.data[~np.ma.getmaskarray(trials).any(axis=-1)]
        places = plane.transform(known)
        assert (places.min(axis=0) > [field.x[0], field.y[0]]).all()
        assert (places.max(axis=0) < [field.x[-1], field.y[-1]]).all()
        assert np.ptp(field.x) < 1.5 * np.ptp(places[:, 0])
    points = sp.find_fixed_points(MAP, RNG.normal(size=(20, 5)), np.zeros(2), rounds=0)
    around_one = sp.flow_field(MAP, PLANE, np.zeros(2), around=points[:1], resolution=3)
    assert around_one.x[0] < PLANE.transform(points.xstar[0])[0] < around_one.x[-1]


def test_nothing_moves_where_nothing_moves():
    still = sp.as_system(lambda x: x, state_size=2)
    field = sp.flow_field(still, bounds=BOUNDS, resolution=3)
    assert np.isnan(field.share).all()
    assert (field.speed == 0).all()
    assert "nothing moves" in repr(field)


def test_states_at_which_the_step_is_not_finite_are_left_open():
    with np.errstate(all="ignore"):
        roots = sp.as_system(lambda x: np.sqrt(x), state_size=2, kind="flow", recognise=False)
        field = sp.flow_field(roots, bounds=[(-1, 1), (0.5, 1)], resolution=3)
    assert np.isnan(field.velocity[:, 0]).all()
    assert np.isnan(field.speed[:, 0]).all()
    assert np.isfinite(field.velocity[:, 1:]).all()


def test_fitted_objects_of_other_libraries_are_planes():
    class Fitted:
        components_, mean_ = np.eye(5)[:3], np.ones(5)

    field = sp.flow_field(MAP, Fitted(), np.zeros(2), bounds=BOUNDS, resolution=3)
    assert field.plane.components_.tolist() == np.eye(5)[:2].tolist()
    assert field.plane.names == ("PC 1", "PC 2")


def test_a_field_survives_its_file(tmp_path):
    field = sp.flow_field(MAP, PLANE, np.zeros(2), bounds=BOUNDS, resolution=(3, 4))
    again = sp.load(field.save(tmp_path / "field.nc"))
    assert isinstance(again, sp.FlowField)
    for name in ("x", "y", "velocity", "speed", "share", "inputs"):
        assert np.array_equal(getattr(again, name), getattr(field, name))
    assert again.plane.names == PLANE.names
    assert again.system == MAP.info
    assert again.plane.components_.tolist() == PLANE.components_.tolist()


def test_what_does_not_fit_is_refused():
    zero = np.zeros(2)
    for arguments, name in [
        ({"plane": None, "bounds": BOUNDS}, "plane"),
        ({"plane": planes.pca(np.eye(4)), "bounds": BOUNDS}, "plane"),
        ({"plane": sp.fit_pca(np.eye(5), 1), "bounds": BOUNDS}, "plane"),
        ({"plane": "pca", "bounds": BOUNDS}, "plane"),
        ({"plane": PLANE}, "bounds"),
        ({"plane": PLANE, "bounds": [(1, 0), (0, 1)]}, "bounds"),
        ({"plane": PLANE, "bounds": (0, 1)}, "bounds"),
        ({"plane": PLANE, "around": np.ones((3, 4))}, "around"),
        ({"plane": PLANE, "around": np.ones((0, 5))}, "around"),
        ({"plane": PLANE, "bounds": BOUNDS, "resolution": 1}, "resolution"),
        ({"plane": PLANE, "bounds": BOUNDS, "resolution": (3, 3, 3)}, "resolution"),
        ({"plane": PLANE, "bounds": BOUNDS, "inputs": np.ones(3)}, "inputs"),
    ]:
        with pytest.raises(ArgumentError, match=name):
            sp.flow_field(MAP, **({"inputs": zero} | arguments))
