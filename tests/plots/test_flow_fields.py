"""Flow fields: arrows along the motion, faint where the plane shows little, nullclines at zero."""

from __future__ import annotations

import numpy as np
import pytest

import stillpoint as sp

A = np.array([[-1.0, 2.0, 0.0], [-2.0, -1.0, 0.0], [0.0, 0.0, -1.0]])
SPIRAL = sp.as_system(lambda x: x @ A.T, state_size=3, kind="flow")
PLANE = sp.planes.along([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], origin=[0.0, 0.0, 2.0])
FIELD = sp.flow_field(SPIRAL, PLANE, bounds=[(-3, 3), (-3, 3)], resolution=31)
CENTRE = sp.find_fixed_points(SPIRAL, np.ones((1, 3)), orbits=False)


def test_arrows_point_along_the_motion_and_are_as_dark_as_their_share(axes):
    arrows = sp.plots.flow_field(FIELD, ax=axes())["flow"]
    x, y = arrows.XY.T
    motion = np.stack([-x + 2 * y, -2 * x - y], axis=1)
    length = np.linalg.norm(motion, axis=1)
    at_rest = length < 1e-9
    drawn = np.stack([arrows.U, arrows.V], axis=1)[~at_rest]
    np.testing.assert_allclose(drawn, (motion / length[:, None])[~at_rest], atol=1e-12)
    share = length**2 / (length**2 + 4)
    np.testing.assert_allclose(arrows.get_alpha(), np.maximum(share, 0.12))


def test_nullclines_lie_where_one_component_is_zero(axes):
    first, second = sp.plots.flow_field(FIELD, ax=axes())["nullclines"]
    for contour, normal in ((first, [-1, 2]), (second, [-2, -1])):
        (path,) = contour.get_paths()
        np.testing.assert_allclose(path.vertices @ normal, 0, atol=1e-9)
        assert np.ptp(path.vertices, axis=0).max() > 5
    labels = [text.get_text() for text in first.axes.get_legend().get_texts()]
    assert labels == ["nullcline of axis 1", "nullcline of axis 2"]
    assert sp.plots.flow_field(FIELD, nullclines=False, ax=axes())["nullclines"] == []


def test_the_title_says_what_the_plane_does_not_show(axes):
    drawn = sp.plots.flow_field(FIELD, CENTRE, ax=axes())
    assert drawn["distances"] == pytest.approx([2.0])
    title = drawn["speed"].axes.get_title(loc="left")
    told = f"{np.median(FIELD.share):.0%} of the squared motion (median; lower quartile "
    assert told + f"{np.percentile(FIELD.share, 25):.0%})" in title
    assert title.endswith("points lie 2 off it (median), 2 at most")
    flat = sp.flow_field(SPIRAL, sp.planes.along([1, 0, 0], [0, 1, 0]), around=np.eye(3))
    lying = sp.plots.flow_field(flat, CENTRE, ax=axes())["speed"].axes
    assert lying.get_title(loc="left").endswith("points lie in it")


def test_the_image_lies_where_the_grid_does(axes):
    image = sp.plots.flow_field(FIELD, ax=axes())["speed"]
    left, right, low, high = image.get_extent()
    pixel = (right - left) / 31
    assert left + pixel / 2 == pytest.approx(-3)
    assert high - pixel / 2 == pytest.approx(3)
    assert low == pytest.approx(left)
    assert np.argmin(image.get_array()) == 31 * 15 + 15


@pytest.mark.parametrize("style", ["streamlines", "none"])
def test_other_styles(axes, style):
    paths = SPIRAL.euler(0.01).simulate(np.ones((2, 3)), steps=50)
    drawn = sp.plots.flow_field(FIELD, CENTRE, paths, style=style, ax=axes())
    assert (drawn["flow"] is None) == (style == "none")
    assert len(drawn["trajectories"]) == 2


def test_a_field_in_which_nothing_moves_is_drawn(axes):
    still = sp.flow_field(sp.as_system(lambda x: x, state_size=2), bounds=[(0, 1), (0, 1)])
    for style in ("arrows", "streamlines"):
        drawn = sp.plots.flow_field(still, style=style, ax=axes())
        assert drawn["nullclines"] == []
        drawn["speed"].axes.figure.canvas.draw()


def test_slow_points_are_drawn_in_it(slow, axes):
    system = sp.as_system(lambda x: np.tanh(2 * x + [0.54, 0.0]), state_size=2)
    field = sp.flow_field(system, around=slow)
    drawn = sp.plots.flow_field(field, slow, by="label", ax=axes())
    assert sum(len(marks.get_offsets()) for marks in drawn["points"]) == len(slow)


def test_points_under_another_input_are_not_drawn(axes):
    system = sp.as_system(lambda x, u: np.tanh(x) + u, state_size=2, input_size=2)
    here = sp.find_fixed_points(system, np.zeros((4, 2)), np.zeros(2) + 0.1)
    there = sp.find_fixed_points(system, np.zeros((4, 2)), np.zeros(2) - 0.1)
    field = sp.flow_field(system, None, np.zeros(2) + 0.1, around=here)
    both = sp.FixedPoints.concatenate([here, there])
    assert len(sp.plots.flow_field(field, both, ax=axes())["distances"]) == len(here)
    for draw in (sp.plots.flow_field, sp.plots.interactive):
        with pytest.raises(sp.ArgumentError, match=r"^points: none is under the input"):
            draw(field, there)
