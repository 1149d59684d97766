"""Figures: what is drawn where, and that nothing global changes."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

import stillpoint as sp
from stillpoint import ArgumentError


@pytest.mark.parametrize("dimensions", [2, 3])
def test_every_point_is_drawn_at_its_place(points, axes, dimensions):
    ax = axes("3d" if dimensions == 3 else None)
    paths = np.random.default_rng(1).normal(size=(5, 20, 2))
    pca = sp.fit_pca(paths)
    artists = sp.plots.fixed_points(points, paths, projection=pca, dimensions=dimensions, ax=ax)
    assert len(artists["trajectories"]) == 5
    assert [len(cloud.get_offsets()) for cloud in artists["points"]] == [4, 4, 1]
    assert len(artists["modes"]) == points.n_unstable.sum() == 6
    assert all(artist.axes is ax for group in artists.values() for artist in group)
    if dimensions == 2:
        drawn = artists["points"][0].get_offsets()
        np.testing.assert_allclose(drawn, pca.transform(points.stable.xstar))


def test_modes_are_segments_along_eigenvectors_scaled_by_their_modulus(axes):
    system = sp.as_system(lambda x: np.tanh(x * np.array([3.0, 1.5])), state_size=2)
    origin = sp.find_fixed_points(system, np.full((1, 2), 1e-3))
    pca = sp.Projection.of(np.eye(2), np.zeros(2))
    paths = np.array([[[-1.0, -1.0], [1.0, 1.0]]])
    modes = sp.plots.fixed_points(origin, paths, projection=pca, ax=axes())["modes"]
    lengths = [np.ptp(line.get_xydata(), axis=0) for line in modes]
    np.testing.assert_allclose(lengths[0][0] / lengths[1][1], 2.0)
    assert lengths[0][1] == lengths[1][0] == 0


def test_points_without_a_label_are_grey_and_say_so(axes):
    doubles = sp.as_system(lambda y: (y - 1.0) ** 2, state_size=2, kind="flow")
    points = sp.find_fixed_points(doubles, np.array([[2.0, 2.0], [0.0, 0.5]]))
    assert points.n_unstable.tolist() == [-1]
    paths = np.array([[[0.0, 0.0], [2.0, 1.0], [1.0, 2.0]]])
    drawn = sp.plots.fixed_points(points, paths, ax=axes())
    assert [mark.get_label() for mark in drawn["points"]] == ["1 undecided"]
    assert sp.plots.spectrum(points, ax=axes())["eigenvalues"][0].get_label() == "1 undecided"


def test_an_offset_of_the_projection_does_not_bend_the_modes(points, axes):
    near, far = (sp.Projection.of(np.eye(2), np.full(2, at)) for at in (0.0, 9.0))
    lines = [sp.plots.fixed_points(points, projection=p, ax=axes())["modes"] for p in (near, far)]
    for a, b in zip(*lines, strict=True):
        spans = [np.ptp(line.get_xydata(), axis=0) for line in (a, b)]
        np.testing.assert_allclose(*spans, atol=1e-12)


def test_spectrum_has_every_eigenvalue_and_the_right_border(points, axes):
    artists = sp.plots.spectrum(points, ax=axes())
    drawn = np.concatenate([cloud.get_offsets() for cloud in artists["eigenvalues"]])
    assert len(drawn) == points.eigenvalues.size
    np.testing.assert_allclose(np.hypot(*artists["border"][0].get_xydata().T), 1.0)
    (whole,) = sp.plots.spectrum(points.linearization, ax=axes())["border"]
    np.testing.assert_array_equal(whole.get_xydata(), artists["border"][0].get_xydata())
    flow = sp.as_system(lambda x: -x, state_size=1, kind="flow")
    border = sp.plots.spectrum(sp.linearize(flow, np.zeros((1, 1))), ax=axes())["border"][0]
    assert border.get_xdata() == [0, 0]


def test_spectrum_of_slow_points_is_that_of_their_jacobians(axes):
    system = sp.as_system(lambda x: np.tanh(2 * x + [0.54, 0.0]), state_size=2)
    slow = sp.find_slow_points(system, np.random.default_rng(0).normal(size=(50, 2)))
    artists = sp.plots.spectrum(slow, ax=axes())
    drawn = np.vstack([cloud.get_offsets() for cloud in artists["eigenvalues"]])
    assert sorted(drawn[:, 0]) == sorted(slow.eigenvalues.real.ravel())


def test_regions_are_drawn_as_blocks_and_their_shares_of_modes_add_up(axes):
    weights = np.arange(9.0).reshape(3, 3) / 10
    regions = {"a": [0, 2], "b": [1]}
    system = sp.as_system(lambda x: x @ weights.T, state_size=3, regions=regions)
    lin = sp.linearize(system, np.zeros((1, 3)))
    image = sp.plots.region_blocks(lin, ax=axes())["image"]
    order = [0, 2, 1]
    np.testing.assert_allclose(image.get_array(), weights[np.ix_(order, order)], atol=1e-7)
    bars = sp.plots.region_modes(lin, ax=axes())["bars"]
    tops = [bar.get_y() + bar.get_height() for bar in bars[-1]]
    np.testing.assert_allclose(tops, 1.0)


def test_search_summary_draws_the_tolerance_of_the_search(points, axes):
    line = sp.plots.search_summary(points, ax=axes())["tolerance"]
    np.testing.assert_allclose(line.get_xdata(), np.log10(points.tol))


def test_search_summary_counts_every_start(points, axes):
    artists = sp.plots.search_summary(points, ax=axes())
    assert sum(bar.get_height() for bars in artists["bars"] for bar in bars) == len(points.starts)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"dimensions": 4}, "dimensions"),
        ({"dimensions": 3, "ax": Figure().add_subplot()}, "ax"),
        ({"projection": object()}, "projection"),
    ],
)
def test_wrong_arguments_are_named(points, options, named):
    with pytest.raises(ArgumentError, match=f"^{named}"):
        sp.plots.fixed_points(points, **{"ax": Figure().add_subplot()} | options)


def test_no_global_setting_changes(points, axes):
    before = dict(mpl.rcParams)
    sp.plots.fixed_points(points, ax=axes())
    sp.plots.search_summary(points, ax=axes())
    assert dict(mpl.rcParams) == before


def test_pca_reproduces_the_data_and_orders_by_variance():
    states = np.random.default_rng(0).normal(size=(50, 3)) * [1.0, 5.0, 2.0]
    pca = sp.fit_pca(states, 3)
    np.testing.assert_allclose(pca.transform(states) @ pca.components_ + pca.mean_, states)
    assert (np.diff(pca.explained_variance_ratio_) < 0).all()
    assert pca.explained_variance_ratio_.sum() == pytest.approx(1.0)
